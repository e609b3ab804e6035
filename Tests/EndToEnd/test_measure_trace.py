"""`measure --trace`: what each domain used at each sample, without a gap; its sum is what the report says."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import time
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from support import exporter
from support.exporter import clean_environment
from support.powercap_tree import WRAPPING_RANGE_UJ, PowercapTree, Zone
from support.waiting import wait_until

BINARY = str(exporter.BINARY)
SIMULATED = ("--source", "simulated", "--sample.interval", "20ms", "--format", "json")


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    defaults: dict[str, object] = {"capture_output": True, "text": True, "timeout": 20, "stdin": subprocess.DEVNULL}
    return subprocess.run([BINARY, "measure", *arguments], env=clean_environment(), **{**defaults, **options})


def parse(text: str) -> dict:
    return json.loads(text, parse_float=Decimal)


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a trace, those of NDJSON as CSV has them."""
    if path.suffix == ".csv":
        return list(csv.DictReader(path.open(newline="")))
    return [
        {
            **{name: "" if value is None else str(value) for name, value in moment.items() if name != "domains"},
            **{name: "" if value is None else str(value) for name, value in domain.items()},
        }
        for moment in map(parse, path.read_text().splitlines())
        for domain in moment["domains"]
    ]


def sums(trace: list[dict[str, str]], number: int = 1) -> dict[str, Decimal]:
    joules: dict[str, Decimal] = defaultdict(Decimal)
    for row in trace:
        if row["run"] == str(number):
            joules[row["domain"]] += Decimal(row["joules"] or 0)
    return joules


def joules(report: dict) -> dict[str, Decimal]:
    return {domain["domain"]: domain["joules"] for domain in report["domains"]}


def moments(trace: list[dict[str, str]], number: int = 1) -> list[Decimal]:
    times = [Decimal(row["monotonic_seconds"]) for row in trace if row["run"] == str(number)]
    return sorted(set(times))


@pytest.fixture(params=["csv", "ndjson"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"trace.{request.param}"


def test_a_command(path: Path) -> None:
    before = time.time()
    report = parse(run(*SIMULATED, "--trace", str(path), "sleep", "0.3").stderr)
    trace = rows(path)
    assert sums(trace) == joules(report), "to the microjoule"
    times = moments(trace)
    assert len(times) >= 5, "more than the start and the end"
    assert times[0] == report["start_seconds"]
    assert times[-1] == report["start_seconds"] + report["duration_seconds"]
    assert {row["command"] for row in trace} == {"sleep 0.3"}
    for row in trace:
        assert before < Decimal(row["unix_seconds"]) < time.time()
    for domain in joules(report):
        mine = [row for row in trace if row["domain"] == domain]
        assert len(mine) == len(times)
        assert mine[0]["joules"] == "0.000000" and mine[0]["watts"] == ""
        for row, following in pairwise(mine):
            # The wall clock goes along.
            passed = [Decimal(following[name]) - Decimal(row[name]) for name in ("monotonic_seconds", "unix_seconds")]
            assert abs(passed[0] - passed[1]) < Decimal("0.1")
        # The counters are read a little after the pass begins.
        powers = [Decimal(row["watts"]) for row in mine[1:]]
        assert min(powers) <= next(each for each in report["domains"] if each["domain"] == domain)["mean_watts"]


def test_measurements_of_the_machine(path: Path) -> None:
    output = run(*SIMULATED, "--interval", "100ms", "--count", "3", "--trace", str(path)).stdout
    reports = [parse(line) for line in output.splitlines()]
    trace = rows(path)
    for number, report in enumerate(reports, 1):
        assert sums(trace, number) == joules(report)
    assert moments(trace, 1)[-1] == moments(trace, 2)[0] and moments(trace, 2)[-1] == moments(trace, 3)[0]
    assert {row["command"] for row in trace} == {""}


def test_repeated_runs(path: Path) -> None:
    report = parse(run(*SIMULATED, "-r", "3", "--baseline", "50ms", "--trace", str(path), "sleep", "0.05").stderr)
    trace = rows(path)
    assert sorted({row["run"] for row in trace}) == ["1", "2", "3"], "what the idle machine used is none of it"
    for number, single in enumerate(report["runs"], 1):
        assert sums(trace, number) == joules(single)


def test_a_measurement_that_is_interrupted_is_traced_to_its_end(path: Path) -> None:
    arguments = [BINARY, "measure", *SIMULATED, "--interval", "3600", "--trace", str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=clean_environment()) as process:
        wait_until(lambda: path.exists() and len(path.read_text().splitlines()) > 10, what="a trace")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    report = parse(output)
    assert process.returncode == 128 + signal.SIGINT
    assert report["fragment"] is True
    assert sums(rows(path)) == joules(report)
    assert moments(rows(path))[-1] == report["start_seconds"] + report["duration_seconds"]


@pytest.fixture
def counter(tmp_path: Path) -> Callable[..., tuple[list[str], list[str]]]:
    """Makes a machine, and a command that shows one value after another."""

    def make(*values: int | str) -> tuple[list[str], list[str]]:
        tree = PowercapTree(tmp_path / "sys")
        tree.add(Zone("0", "package-0", range_uj=WRAPPING_RANGE_UJ), int(values[0]))
        file = tree.counter("0")
        texts = [f"{value:019d}" if isinstance(value, int) else value for value in values[1:]]
        steps = "; ".join(f"sleep 0.1; printf '%s\\n' {text} > {file}" for text in texts)
        options = ["--source", "powercap", "--path.sysfs", str(tree.root), "--sample.interval", "10ms"]
        return [*options, "--format", "json"], ["sh", "-c", f"{steps}; sleep 0.05"]

    return make


def test_wraps_and_failures_lose_nothing(counter: Callable[..., tuple[list[str], list[str]]], path: Path) -> None:
    last = WRAPPING_RANGE_UJ
    options, command = counter(last - 300_000, last - 100_000, "garbage", 99_999, 249_999)
    report = parse(run(*options, "--trace", str(path), *command).stderr)
    assert joules(report) == {"package_0": Decimal("0.55")}
    trace = rows(path)
    assert sums(trace) == joules(report)
    assert any(row["joules"] == "" and row["watts"] == "" for row in trace), "when it could not be read"


def test_an_unknown_end_is_unknown(counter: Callable[..., tuple[list[str], list[str]]], path: Path) -> None:
    options, command = counter(1000, 2000, "garbage")
    report = parse(run(*options, "--trace", str(path), *command).stderr)
    assert joules(report) == {"package_0": None}
    assert rows(path)[-1]["joules"] == ""


# Where it cannot go


@pytest.mark.parametrize("name", ["trace.txt", "trace", "-", "trace.json", "trace.csv.gz"])
def test_another_suffix_is_an_error_that_names_those_that_are(tmp_path: Path, name: str) -> None:
    result = run(*SIMULATED, "--trace", name, "touch", "started", cwd=tmp_path)
    assert result.returncode == 64
    (line,) = result.stderr.splitlines()
    assert f"'{name}'" in line and ".csv" in line and ".ndjson" in line
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_cannot_be_made_runs_nothing(tmp_path: Path) -> None:
    result = run(*SIMULATED, "--trace", "missing/trace.csv", "touch", "started", cwd=tmp_path)
    assert result.returncode == 1
    assert "the trace cannot be written to 'missing/trace.csv'" in result.stderr and "No such file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_takes_nothing_from_the_beginning_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "full.csv").symlink_to("/dev/full")
    result = run(*SIMULATED, "--trace", "full.csv", "echo", "done", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    assert "'full.csv'" in result.stderr and "No space left on device" in result.stderr


def test_a_trace_that_is_not_whole_is_told_and_no_success(tmp_path: Path) -> None:
    (tmp_path / "full.ndjson").symlink_to("/dev/full")
    result = run(*SIMULATED, "-o", "report", "--trace", "full.ndjson", "echo", "done", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == "done\n"
    assert "'full.ndjson'" in result.stderr and "No space left on device" in result.stderr
    assert parse((tmp_path / "report").read_text())["exit_status"] == 0


def test_a_reader_that_goes_is_no_trouble(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    arguments = [BINARY, "measure", *SIMULATED, "--trace", str(pipe), "sleep", "0.3"]
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=clean_environment()) as process:

        def header() -> bytes:
            try:
                return os.read(reader, 10)
            except BlockingIOError:
                return b""

        wait_until(header, what="the header")
        os.close(reader)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert parse(errors)["exit_status"] == 0


# The command line


def test_hyphens_may_be_left_out() -> None:
    result = run(*SIMULATED, "-o", "-", "sh", "-c", "echo $0", "--repeat")
    greeting, report = result.stdout.splitlines()
    assert greeting == "--repeat" and result.stderr == ""
    assert parse(report)["command"] == ["sh", "-c", "echo $0", "--repeat"]


def test_a_report_that_nobody_reads_to_its_end_is_no_trouble() -> None:
    shell = f"{BINARY} measure --source simulated --interval 5ms --count 1000 --format csv | head -1"
    result = subprocess.run(["bash", "-c", shell + '; echo "${PIPESTATUS[0]}"'], capture_output=True, text=True)
    header, status = result.stdout.splitlines()
    assert header.startswith("record,") and status == str(128 + signal.SIGPIPE)
    assert result.stderr == ""
    shell = f"{BINARY} measure --source simulated --format json sh -c 'sleep 0.2; exit 7' 2>&1 >/dev/null | true"
    result = subprocess.run(["bash", "-c", shell + '; echo "${PIPESTATUS[0]}"'], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("7\n", "")


@pytest.fixture
def full_pipe(tmp_path: Path) -> Path:
    """A pipe that takes a page, so that a trace fills it soon, and whose reader is the test itself."""
    path = tmp_path / "trace.csv"
    os.mkfifo(path)
    return path


def test_a_reader_that_does_not_read_delays_nothing(full_pipe: Path) -> None:
    reader = os.open(full_pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    arguments = ["--source", "simulated", "--sample.interval", "1ms", "--format", "json", "--trace", str(full_pipe)]
    command = [BINARY, "measure", *arguments, "sh", "-c", "sleep 0.5; exit 3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean_environment()) as process:
        assert process.stderr is not None
        # The report is there although nothing of the trace was read.
        report = parse(process.stderr.readline())
        assert report["duration_seconds"] < 5
        assert process.poll() is None
        os.set_blocking(reader, True)
        text = bytearray()
        while piece := os.read(reader, 65536):
            text += piece
        assert process.wait(20) == 3
    os.close(reader)
    trace = list(csv.DictReader(text.decode().splitlines()))
    assert len(text) > 20 * 4096
    assert sums(trace) == joules(report)


def test_a_signal_reaches_the_command_while_a_pipe_is_full(full_pipe: Path, tmp_path: Path) -> None:
    reader = os.open(full_pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    told = tmp_path / "told"
    arguments = ["--source", "simulated", "--sample.interval", "1ms", "--trace", str(full_pipe)]
    shell = f"trap 'echo > {told}; exit 5' TERM; while :; do sleep 0.01; done"
    command = [BINARY, "measure", *arguments, "sh", "-c", shell]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=clean_environment()) as process:
        wait_until(lambda: _is_full(reader), what="a pipe that is full")
        process.send_signal(signal.SIGTERM)
        wait_until(told.exists, what="the signal")
        os.close(reader)
        # 5 is the command's own; nobody wants to read on.
        assert process.wait(20) == 5


def _is_full(reader: int) -> bool:
    return int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, bytes(4)), sys.byteorder) >= 4000


def test_the_file_of_the_report_is_not_the_trace_as_well(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("old\n")
    other.symlink_to(one)
    result = run(*SIMULATED, "--output", str(one), "--trace", str(other), "true")
    assert result.returncode == 1
    assert "it is the file of the report; name another" in result.stderr
    assert one.read_text() == "old\n"
