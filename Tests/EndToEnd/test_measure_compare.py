"""`measure --compare`: commands that are run in turn, and what their joules and seconds say of them."""

from __future__ import annotations

import csv
import io
import json
import math
import signal
import statistics
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from support import exporter
from support.exporter import clean_environment
from support.waiting import wait_until

BINARY = str(exporter.BINARY)
# Student's t at 97.5 %, from a table, by degrees of freedom.
QUANTILES = {2: 4.302653, 3: 3.182446, 4: 2.776445, 5: 2.570582, 6: 2.446912}


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [BINARY, "measure", "--source", "simulated", *arguments]
    defaults: dict[str, object] = {"capture_output": True, "text": True, "timeout": 30, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, env=clean_environment(), **{**defaults, **options})


def comparison(*arguments: str) -> dict:
    return json.loads(run("--format", "json", *arguments).stderr, parse_float=Decimal)


def assert_is_the_estimate(estimate: dict, values: list[Decimal], first: list[Decimal]) -> None:
    """The figures are those that textbooks make of the runs' values."""
    numbers, others = [float(value) for value in values], [float(value) for value in first]
    mean, error = statistics.mean(numbers), statistics.stdev(numbers) / math.sqrt(len(numbers))
    half = QUANTILES[len(numbers) - 1] * error
    assert float(estimate["mean"]) == pytest.approx(mean, abs=1e-6)
    assert float(estimate["standard_deviation"]) == pytest.approx(statistics.stdev(numbers), abs=1e-6)
    assert float(estimate["low"]) == pytest.approx(mean - half, abs=2e-6)
    assert float(estimate["high"]) == pytest.approx(mean + half, abs=2e-6)
    if values is first:
        assert estimate["ratio"] == 1 and estimate["ratio_low"] is None and estimate["ratio_high"] is None
        return
    assert float(estimate["ratio"]) == pytest.approx(mean / statistics.mean(others), abs=2e-6)
    bounds = fieller(numbers, others)
    if bounds is None:
        assert estimate["ratio_low"] is None and estimate["ratio_high"] is None
    else:
        assert float(estimate["ratio_low"]) == pytest.approx(bounds[0], rel=1e-4)
        assert float(estimate["ratio_high"]) == pytest.approx(bounds[1], rel=1e-4)


def fieller(over: list[float], under: list[float]) -> tuple[float, float] | None:
    """The solutions of (b - r a)^2 = t^2 (B + r^2 A), with the means a and b and their squared errors A and B.

    None where a does not differ from 0.
    """
    b, a = statistics.mean(over), statistics.mean(under)
    squares = [statistics.variance(each) / len(each) for each in (over, under)]
    parts = [squares[0], (b / a) ** 2 * squares[1]]
    freedom = sum(parts) ** 2 / sum(part**2 / (len(each) - 1) for part, each in zip(parts, (over, under), strict=True))
    square = QUANTILES[math.floor(freedom)] ** 2
    two, one, zero = a**2 - square * squares[1], -2 * a * b, b**2 - square * squares[0]
    if two <= 0:
        return None
    root = math.sqrt(one**2 - 4 * two * zero)
    return (-one - root) / (2 * two), (-one + root) / (2 * two)


def test_two_commands_in_turn(tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = [f"echo {name} >> {log}; sleep {seconds}" for name, seconds in (("a", "0.1"), ("b", "0.15"))]
    report = comparison("-r", "4", "--compare", *commands)
    assert log.read_text().split() == ["a", "b"] * 4
    assert report["exit_status"] == 0
    assert [each["command"] for each in report["commands"]] == commands
    runs = [each["runs"] for each in report["commands"]]
    starts = [(single["start_seconds"], index) for index, mine in enumerate(runs) for single in mine]
    assert [index for _, index in sorted(starts)] == [0, 1] * 4
    seconds = [[single["duration_seconds"] for single in mine] for mine in runs]
    for each, mine in zip(report["commands"], seconds, strict=True):
        assert each["complete_runs"] == 4 and each["exit_status"] == 0
        assert_is_the_estimate(each["seconds"], mine, seconds[0])
    for index, domain in enumerate(report["commands"][0]["domains"]):
        joules = [[single["domains"][index]["joules"] for single in mine] for mine in runs]
        for each, mine in zip(report["commands"], joules, strict=True):
            assert each["domains"][index]["domain"] == domain["domain"]
            assert_is_the_estimate(each["domains"][index]["joules"], mine, joules[0])


def test_without_a_number_there_are_ten_runs_of_each_and_options_may_follow() -> None:
    result = run("--compare", "true", "exit 0", ":", "--format", "csv", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    for command in ("true", "exit 0", ":"):
        mine = [row for row in rows if row["command"] == command and row["domain"] == "package_0"]
        assert [row["number"] for row in mine if row["record"] == "run"] == [str(number) for number in range(1, 11)]
        assert [row["record"] for row in mine[10:]] == [
            "mean",
            "standard_deviation",
            "low",
            "high",
            "ratio",
            "ratio_low",
            "ratio_high",
        ]
    assert all(None not in row and None not in row.values() for row in rows)


def test_warmups_and_preparations_are_not_measured(tmp_path: Path) -> None:
    log, times = tmp_path / "log", tmp_path / "times"
    commands = [f"echo {name} >> {log}" for name in "ab"]
    prepare = f"echo p >> {log}; {sys.executable} -c 'import time; print(time.monotonic())' >> {times}"
    report = comparison("-r", "2", "-w", "1", "-p", prepare, "-n", "old", "-n", "new", "--compare", *commands)
    assert log.read_text().split() == ["p", "a", "p", "b"] * 3
    assert [each["command"] for each in report["commands"]] == ["old", "new"]
    starts = [[single["start_seconds"] for single in each["runs"]] for each in report["commands"]]
    measured = [start for both in zip(*starts, strict=True) for start in both]
    prepared = [Decimal(time) for time in times.read_text().split()][2:]
    assert len(measured) == len(prepared) == 4
    assert all(one < other for one, other in zip(prepared, measured, strict=True)), "each before its run begins"
    assert all(one < other for one, other in zip(measured, prepared[1:], strict=False)), "and after the one before"


def test_warmups_and_preparations_of_a_single_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = run("--warmup", "2", "--prepare", f"echo p >> {log}", "sh", "-c", f"echo c >> {log}")
    assert result.returncode == 0
    assert log.read_text().split() == ["p", "c"] * 3


def test_a_preparation_that_fails_ends_it(tmp_path: Path) -> None:
    result = run("--prepare", "exit 3", "--compare", "touch a", "touch b", cwd=tmp_path)
    assert result.returncode == 3 and list(tmp_path.iterdir()) == []
    (line,) = result.stderr.splitlines()
    assert "'--prepare exit 3' failed with exit status 3" in line


def test_a_run_that_is_cut_short_enters_no_figure(tmp_path: Path) -> None:
    log = tmp_path / "log"
    # The third run of the second command takes long, until it is interrupted. A shell that executes another program
    # loses what it catches right before, so this one goes on itself.
    slow = f"echo x >> {log}; test $(wc -l < {log}) -lt 3 || while :; do sleep 0.01; done"
    arguments = [BINARY, "measure", "--source", "simulated", "--format", "json", "--compare", "sleep 0.02", slow]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=clean_environment()) as process:
        wait_until(lambda: log.exists() and log.read_text() == "x\n" * 3, what="the third run")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT
    report = json.loads(errors, parse_float=Decimal)
    first, second = report["commands"]
    assert (first["complete_runs"], len(first["runs"])) == (3, 3)
    assert (second["complete_runs"], len(second["runs"])) == (2, 3)
    assert [single.get("fragment") for single in second["runs"]] == [None, None, True]
    assert second["exit_status"] == report["exit_status"] == 128 + signal.SIGINT
    kept = [single["duration_seconds"] for single in second["runs"][:2]]
    assert abs(second["seconds"]["mean"] - sum(kept) / 2) <= Decimal("1e-9")


def test_a_table_and_its_notes() -> None:
    result = run("-r", "2", "--compare", "true", "false")
    assert result.returncode == 1 and result.stdout == ""
    lines = [" ".join(line.split()) for line in result.stderr.splitlines()]
    assert "In turn; 95 % confidence intervals; ratios to the first:" in lines
    assert "seconds runs mean std. dev. interval ratio interval" in lines
    assert "package_0 joules runs mean std. dev. interval ratio interval" in lines
    assert "Note: of the runs of 'false', 2 of them failed, the first by exit status 1" in lines


def test_a_trace_tells_the_commands_apart(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    report = comparison("-r", "2", "-w", "1", "--trace", str(path), "-n", "a, b", "--compare", "sleep 0.02", "true")
    rows = list(csv.DictReader(path.open(newline="")))
    for each, name in zip(report["commands"], ("a, b", "true"), strict=True):
        for number, single in enumerate(each["runs"], 1):
            for domain in single["domains"]:
                where = {"command": name, "run": str(number), "domain": domain["domain"]}
                mine = [row for row in rows if all(row[key] == value for key, value in where.items())]
                assert sum(Decimal(row["joules"]) for row in mine) == domain["joules"]
    assert len({(row["command"], row["run"]) for row in rows}) == 4, "warmups are not traced"


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--compare", "true"], ["'--compare true'", "two commands"]),
        (["--compare", "true", " "], ["--compare", "' '", "allowed"]),
        (["--compare", "true", "false", "--", "true"], ["'true'", "--compare"]),
        (["--compare", "true", "false", "--interval", "1"], ["--interval", "command"]),
        (["--compare", "a", "b", "-n", "x", "-n", "y", "-n", "z"], ["--command-name z", "2 commands"]),
        (["-n", "x", "true"], ["--command-name", "--compare"]),
        (["--warmup", "1"], ["--warmup", "no command"]),
        (["--prepare", "true"], ["--prepare", "no command"]),
        (["--allow-unmeasured"], ["--allow-unmeasured", "no command"]),
        (["--warmup", "-1", "true"], ["--warmup"]),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], parts: list[str]) -> None:
    result = run(*arguments)
    assert result.returncode == 64 and result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert [part for part in parts if part not in line] == []


def test_bytes_that_the_shell_would_not_get_are_refused() -> None:
    command = [BINARY, "measure", "--source", "simulated", "--compare", b"echo \xff", b"true"]
    result = subprocess.run(command, capture_output=True, timeout=20)
    assert result.returncode == 64 and b"UTF-8" in result.stderr


def test_what_is_run_once_has_the_standard_input_and_what_is_run_again_has_none() -> None:
    once = run("--source", "simulated", "wc", "-l", input="a\nb\n", stdin=None)
    assert once.stdout.split() == ["2"]
    for options in (["-r", "2"], ["-w", "1"], ["-p", "cat"]):
        again = run("--source", "simulated", *options, "wc", "-l", input="a\nb\n", stdin=None)
        assert set(again.stdout.split()) == {"0"}, options


@pytest.mark.parametrize("names", [[], ["-n", "b"], ["-n", "same", "-n", "same"]])
def test_commands_that_are_called_alike_are_refused(names: list[str]) -> None:
    compared = ["a", "b"] if names else ["b", "b"]
    result = run("--source", "simulated", *names, "--compare", *compared)
    assert result.returncode == 64
    assert f"are called '{names[-1] if names else 'b'}': give them names" in result.stderr


def test_what_steers_a_terminal_is_escaped() -> None:
    result = run("--source", "simulated", "-r", "1", "--compare", "false #\x1b[31m", "true #\x07")
    assert "\x1b" not in result.stderr
    assert "\x07" not in result.stderr
    assert "\\u001b[31m" in result.stderr


def test_a_report_that_never_comes_takes_nothing_away(tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("an older and longer report, which is worth to be kept\n" * 100)
    before = report.read_text()
    assert run("--source", "simulated", "--output", str(report), "no-such-command").returncode == 127
    assert report.read_text() == before
    assert run("--source", "simulated", "--output", str(report), "true").returncode == 0
    assert "older" not in report.read_text()
