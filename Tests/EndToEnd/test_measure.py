"""`measure`: the energy of the machine for a while, or as long as a command runs."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from support import exporter
from support.exporter import clean_environment
from support.powercap_tree import REAL_RANGE_UJ, WRAPPING_RANGE_UJ, PowercapTree, Zone
from support.waiting import DEADLINE_SECONDS, wait_until

BINARY = str(exporter.BINARY)
MICRO = Decimal("0.000001")
# RAPL's update period, as the exporter states it.
UPDATE_PERIOD_SECONDS = Decimal("0.000976563")


def run(*arguments: str | bytes, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs `measure` to its end; what it prints is text unless the options say otherwise."""
    defaults: dict[str, object] = {"capture_output": True, "text": True, "timeout": DEADLINE_SECONDS}
    defaults["env"] = clean_environment()
    if "stdin" not in options and "input" not in options:
        defaults["stdin"] = subprocess.DEVNULL
    return subprocess.run([BINARY, "measure", *arguments], **{**defaults, **options})


def simulated(*arguments: str | bytes, **options: object) -> subprocess.CompletedProcess[str]:
    return run("--source", "simulated", *arguments, **options)


def parse(text: str) -> dict:
    """Reads JSON with every number exact."""
    return json.loads(text, parse_float=Decimal)


def by_domain(report: dict) -> dict[str, dict]:
    return {domain["domain"]: domain for domain in report["domains"]}


# The model of the simulated source


@dataclass(frozen=True)
class Model:
    """Power follows a triangle: up from `base` to `base + swing` and down again in each period."""

    base_watts: int
    swing_watts: int
    period_seconds: int

    def joules(self, seconds: Decimal) -> Decimal:
        """Energy used until so long after the start, in closed form."""
        period = Decimal(self.period_seconds)
        waves, rest = divmod(seconds, period)
        falls = rest > period / 2
        side = period - rest if falls else rest
        area = self.swing_watts * side * side / period
        wave = self.swing_watts * period / 2
        return self.base_watts * seconds + waves * wave + (wave - area if falls else area)

    def joules_between(self, start: Decimal, duration: Decimal) -> Decimal:
        return self.joules(start + duration) - self.joules(start)


MODELS = {
    "package_0": Model(20, 40, 10),
    "core_0": Model(10, 30, 10),
    "uncore_0": Model(1, 4, 6),
    "dram_0": Model(2, 2, 14),
    "psys_0": Model(40, 50, 10),
}


def assert_is_true_to_the_model(interval: dict) -> None:
    """The joules of every domain are the model's, within the uncertainty that the report states."""
    assert set(by_domain(interval)) == set(MODELS)
    for name, domain in by_domain(interval).items():
        truth = MODELS[name].joules_between(interval["start_seconds"], interval["duration_seconds"])
        assert abs(domain["joules"] - truth) <= domain["uncertainty_joules"], name


# The machine


def test_the_machine_against_the_model_over_wraps() -> None:
    # The model's counters wrap at 100 J, which the platform uses in 2 s.
    report = parse(simulated("--interval", "2500ms", "--format", "json").stdout)
    assert report["source"] == "simulated" and report["simulated"] is True
    assert abs(report["duration_seconds"] - Decimal("2.5")) < Decimal("0.5")
    assert by_domain(report)["psys_0"]["joules"] > 100
    assert_is_true_to_the_model(report)


def test_measurements_follow_each_other_without_a_gap() -> None:
    result = simulated("--interval", "200ms", "--count", "4", "--format", "json")
    assert result.returncode == 0 and result.stderr == ""
    reports = [parse(line) for line in result.stdout.splitlines()]
    assert [report["measurement"] for report in reports] == [1, 2, 3, 4]
    for report, following in pairwise(reports):
        assert following["start_seconds"] == report["start_seconds"] + report["duration_seconds"]
    for report in reports:
        assert_is_true_to_the_model(report)


def test_the_numbers_of_a_domain_fit_together() -> None:
    report = parse(simulated("--interval", "300ms", "--format", "json").stdout)
    for domain in report["domains"]:
        mean = domain["joules"] / report["duration_seconds"]
        assert 0 <= mean - domain["mean_watts"] < MICRO
        assert domain["peak_watts"] >= domain["mean_watts"]
        # The model's counters have a unit of a microjoule.
        bound = 2 * domain["mean_watts"] * UPDATE_PERIOD_SECONDS + 2 * MICRO
        # And what was used while the counter was read.
        assert 0 <= domain["uncertainty_joules"] - bound < 2 * domain["mean_watts"] * Decimal("0.01") + 2 * MICRO


def test_csv_is_read_back() -> None:
    result = simulated("--interval", "100ms", "--count", "3", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["record"], row["number"], row["domain"]) for row in rows] == [
        ("interval", str(number), domain) for number in (1, 2, 3) for domain in MODELS
    ]
    assert all(None not in row and None not in row.values() for row in rows)
    for row in rows:
        numbers = {name: Decimal(row[name]) for name in ("joules", "start_seconds", "duration_seconds")}
        truth = MODELS[row["domain"]].joules_between(numbers["start_seconds"], numbers["duration_seconds"])
        assert abs(numbers["joules"] - truth) <= Decimal(row["uncertainty_joules"])
        assert row["simulated"] == "true" and row["source"] == "simulated"
        assert row["exit_status"] == row["baseline_joules"] == row["net_joules"] == ""


def test_a_table_says_that_it_is_simulated() -> None:
    result = simulated("--interval", "10ms")
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[1].strip().startswith("SIMULATED: ")
    header = next(index for index, line in enumerate(lines) if line.split()[:1] == ["domain"])
    table = lines[header : header + 1 + len(MODELS)]
    assert len({len(line) for line in table}) == 1, "the columns are aligned"
    assert [line.split()[0] for line in table[1:]] == list(MODELS)


def test_an_interrupted_measurement_is_told_as_far_as_it_came() -> None:
    arguments = [BINARY, "measure", "--source", "simulated", "--interval", "60", "--count", "3", "--format", "json"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        wait_until_signals_are_taken(process.pid)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 128 + signal.SIGINT
    (line,) = output.splitlines()
    assert parse(line)["duration_seconds"] < 30
    assert_is_true_to_the_model(parse(line))


# A command


def test_a_command_against_the_model(tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    result = simulated("--format", "json", "--output", str(report_file), "--", "sleep", "1.2")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    report = parse(report_file.read_text())
    assert report["command"] == ["sleep", "1.2"]
    assert report["exit_status"] == 0
    assert Decimal("1.2") <= report["duration_seconds"] < 5
    assert_is_true_to_the_model(report)


@dataclass
class Counter:
    """A machine with one package, and the command that uses so much energy of it."""

    tree: PowercapTree
    value: int

    @property
    def options(self) -> list[str]:
        return ["--source", "powercap", "--path.sysfs", str(self.tree.root), "--sample.interval", "20ms"]

    def command(self, *values: int) -> list[str]:
        """Shows one value after another, so slowly that the power is plausible."""
        path = self.tree.counter("0")
        steps = "; ".join(f"sleep 0.1; printf '%019d\\n' {value} > {path}" for value in values)
        return ["sh", "-c", steps]


@pytest.fixture
def make_counter(tmp_path: Path) -> Callable[[int, int], Counter]:
    def make(range_uj: int, value: int) -> Counter:
        tree = PowercapTree(tmp_path / "sys")
        tree.add(Zone("0", "package-0", range_uj=range_uj), value)
        return Counter(tree, value)

    return make


def test_every_microjoule_between_start_and_end_is_counted(make_counter: Callable[[int, int], Counter]) -> None:
    counter = make_counter(REAL_RANGE_UJ, 1_000_000)
    result = run(*counter.options, "--format", "json", "--", *counter.command(1_700_001, 2_234_567))
    report = parse(result.stderr)
    assert report["source"] == "powercap" and report["simulated"] is False
    (domain,) = report["domains"]
    assert domain["domain"] == "package_0" and domain["kind"] == "package"
    assert domain["joules"] == Decimal("1.234567")
    bound = 2 * domain["mean_watts"] * UPDATE_PERIOD_SECONDS + 2 * 61 * MICRO
    # And what was used while the counter was read.
    assert 0 <= domain["uncertainty_joules"] - bound < 2 * domain["mean_watts"] * Decimal("0.01") + 2 * MICRO


def test_a_wrap_while_the_command_runs(make_counter: Callable[[int, int], Counter]) -> None:
    counter = make_counter(WRAPPING_RANGE_UJ, WRAPPING_RANGE_UJ - 500_000)
    result = run(*counter.options, "--format", "json", "--", *counter.command(WRAPPING_RANGE_UJ - 100_000, 299_999))
    # Up to the range, one unit to start from 0 again, and the rest.
    assert parse(result.stderr)["domains"][0]["joules"] == Decimal("0.8")


def test_a_counter_that_is_set_anew_says_nothing(make_counter: Callable[[int, int], Counter]) -> None:
    # A wrap of a real counter takes minutes, so going back within a tenth of a second is none.
    counter = make_counter(REAL_RANGE_UJ, 5_000_000)
    report = parse(run(*counter.options, "--format", "json", "--", *counter.command(100)).stderr)
    (domain,) = report["domains"]
    assert domain["joules"] is None and domain["mean_watts"] is None
    unknown, prolonged = report["notes"]
    assert "package_0" in unknown and "set anew" in unknown
    # Whatever became of the doubt, other domains were measured for longer than the command ran.
    assert "went on for" in prolonged


def test_a_doubt_at_the_end_is_waited_for(make_counter: Callable[[int, int], Counter]) -> None:
    # The counter jumps ahead right before the command ends, and is back while it is still in doubt.
    counter = make_counter(REAL_RANGE_UJ, 5_000_000_000)
    path = counter.tree.counter("0")
    command = counter.command(5_000_300_000, 9_000_000_000)
    command[-1] += f"; sleep 0.1; (sleep 0.3; printf '%019d\\n' 5000400000 > {path}) > /dev/null 2>&1 &"
    report = parse(run(*counter.options, "--format", "json", "--", *command).stderr)
    (domain,) = report["domains"]
    assert domain["joules"] == Decimal("0.4")
    assert 1 < report["duration_seconds"] < 5
    (note,) = report["notes"]
    assert "in doubt at the end" in note


def test_a_peak_is_seen_between_quiet_times(make_counter: Callable[[int, int], Counter]) -> None:
    counter = make_counter(REAL_RANGE_UJ, 0)
    quiet_burst_quiet = [1, 2, 3, 1_000_000, 1_000_001, 1_000_002, 1_000_003]
    result = run(*counter.options, "--format", "json", "--", *counter.command(*quiet_burst_quiet))
    (domain,) = parse(result.stderr)["domains"]
    # A joule that appears within one interval of 20 ms.
    assert domain["peak_watts"] > 3 * domain["mean_watts"]


def test_the_command_has_all_that_is_ours() -> None:
    command = ["sh", "-c", 'cat; echo "$GREETING" >&2; ls /proc/self/fd | wc -l']
    environment = clean_environment({"GREETING": "hello"})
    result = simulated("--format", "json", "--", *command, input="one\ntwo", env=environment)
    # Input, output, error, and the directory that is listed.
    assert result.stdout == "one\ntwo4\n"
    greeting, report = result.stderr.splitlines()
    assert greeting == "hello"
    assert parse(report)["exit_status"] == 0


def test_arguments_are_bytes() -> None:
    name = b"caf\xe9 \xff\n"
    result = simulated("--", "printf", "%s", name, text=False)
    assert result.stdout == name


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_the_exit_status_is_passed_on(status: int) -> None:
    result = simulated("--format", "json", "--", "sh", "-c", f"exit {status}")
    assert result.returncode == status
    assert parse(result.stderr)["exit_status"] == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_the_signal_that_ended_the_command_is_passed_on(number: signal.Signals) -> None:
    result = simulated("--", "sh", "-c", f"kill -{number.value} $$")
    assert result.returncode == 128 + number
    assert f"ended by signal {number.value}" in result.stderr


@pytest.fixture
def script_that_may_not_run(tmp_path: Path) -> str:
    path = tmp_path / "script"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o644)
    return str(path)


def assert_is_one_complaint(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("pyjoules-exporter measure: ")
    assert [part for part in parts if part not in line] == []


@pytest.mark.parametrize("command", ["no-such-command-anywhere", "/no/such/command", ""])
def test_a_command_that_is_missing(command: str) -> None:
    result = simulated("--repeat", "3", "--", command, "argument")
    assert result.returncode == 127
    assert_is_one_complaint(result, f"'{command}'", "No such file or directory")


def test_a_command_that_may_not_be_executed(script_that_may_not_run: str) -> None:
    for command in (script_that_may_not_run, "/"):
        result = simulated("--", command)
        assert result.returncode == 126
        assert_is_one_complaint(result, f"'{command}'", "Permission denied")


# Signals

# The wake-up descriptor gets a byte for each arrival; Python's own handlers are called once for two that come together.
CATCHER = """
import os, select, signal, sys, time
reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.set_wakeup_fd(writer)
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
    signal.signal(getattr(signal, name), lambda number, _: None)
print("ready", flush=True)
patience = 10
while select.select([reader], [], [], patience)[0]:
    print(*(f"caught {signal.Signals(number).name}" for number in os.read(reader, 100)), sep="\\n", flush=True)
    patience = 0.5  # Another one, if there is one, comes soon.
sys.exit(7)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_is_passed_on_to_the_command(number: signal.Signals) -> None:
    arguments = [BINARY, "measure", "--source", "simulated", "--format", "json", "--", sys.executable, "-c", CATCHER]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert output == f"caught {number.name}\n"
    assert process.returncode == 7
    report = parse(errors)
    assert report["exit_status"] == 7
    assert_is_true_to_the_model(report)


def test_a_signal_ends_the_repetition() -> None:
    command = ["sh", "-c", "echo ready; exec sleep 60"]
    arguments = [BINARY, "measure", "--source", "simulated", "--repeat", "5", "--format", "json", "--", *command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert output == "", "the command was not started again"
    assert process.returncode == 128 + signal.SIGTERM
    assert parse(errors)["exit_status"] == 128 + signal.SIGTERM


def test_a_signal_during_the_baseline_starts_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    arguments = [BINARY, "measure", "--source", "simulated", "--baseline", "60", "--", "touch", str(marker)]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        wait_until_signals_are_taken(process.pid)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors == "" and not marker.exists()


def signal_state(arguments: Sequence[str], before_exec: Callable[[], object] | None) -> dict[str, set[int]]:
    """Which signals a program finds blocked and ignored when it starts."""
    command = [*arguments, "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=before_exec).stdout
    masks = {name: int(mask, 16) for name, mask in (line.split() for line in output.splitlines())}
    # 32 and 33 belong to the C library, which ignores them in whatever posix_spawn starts.
    return {name: {n for n in range(1, 65) if mask >> (n - 1) & 1} - {32, 33} for name, mask in masks.items()}


def ignore_hang_up() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize("before_exec", [None, ignore_hang_up], ids=["usual", "under nohup"])
def test_the_command_finds_signals_as_if_it_had_been_started_in_our_place(
    before_exec: Callable[[], object] | None,
) -> None:
    measured = signal_state([BINARY, "measure", "--source", "simulated", "--"], before_exec)
    assert measured == signal_state([], before_exec)


def test_a_parent_that_ignored_its_children_hides_no_exit_status() -> None:
    # A program that ignores SIGCHLD hands that on, and the kernel then forgets how a child ended.
    def ignore_children() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    assert simulated("--", "sh", "-c", "exit 5", preexec_fn=ignore_children).returncode == 5


def wait_until_signals_are_taken(pid: int) -> None:
    """Until SIGTERM is blocked, which is when it is received in order."""

    def takes_signals() -> bool:
        status = Path(f"/proc/{pid}/status").read_text()
        blocked = int(next(line for line in status.splitlines() if line.startswith("SigBlk")).split()[1], 16)
        return bool(blocked >> (signal.SIGTERM - 1) & 1)

    wait_until(takes_signals, what="signals are taken")


# Terminals


class Terminal:
    """A program as the foreground job of a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.text = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execv(arguments[0], arguments)

    def read_until(self, text: str, count: int = 1) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.text.count(text) < count:
            assert time.monotonic() < deadline, self.text
            assert self._read(), self.text

    def press(self, key: bytes) -> None:
        os.write(self.descriptor, key)

    def finish(self) -> int:
        while self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        ready, _, _ = select.select([self.descriptor], [], [], DEADLINE_SECONDS)
        assert ready, self.text
        try:
            piece = os.read(self.descriptor, 65536)
        except OSError:  # Linux says EIO when the other end is closed.
            return False
        self.text += piece.decode()
        return bool(piece)


@pytest.mark.parametrize("key, name", [(b"\x03", "SIGINT"), (b"\x1c", "SIGQUIT")])
def test_a_key_of_the_terminal_reaches_the_command_once(key: bytes, name: str) -> None:
    terminal = Terminal(BINARY, "measure", "--source", "simulated", "--", sys.executable, "-c", CATCHER)
    terminal.read_until("ready")
    # Two copies that arrive at the same moment look like one, but hardly every time.
    for presses in range(1, 11):
        terminal.press(key)
        terminal.read_until(f"caught {name}\r\n", presses)
    assert terminal.finish() == 7
    assert terminal.text.count(f"caught {name}\r\n") == 10
    assert "exit status 7" in terminal.text


def test_progress_is_shown_on_a_terminal_and_taken_away() -> None:
    terminal = Terminal(BINARY, "measure", "--source", "simulated", "--", "sleep", "2.5")
    assert terminal.finish() == 0
    progress, _, report = terminal.text.partition("\x1b[K\r\x1b[K")
    assert progress.startswith("running: 2 s, package_0 ")
    assert "running" not in report
    found = re.search(r'"sleep 2\.5" in (\d+\.\d+)', report)
    assert found and 2.5 <= float(found[1]) < DEADLINE_SECONDS


def test_no_progress_where_the_report_goes_elsewhere(tmp_path: Path) -> None:
    output = str(tmp_path / "report")
    terminal = Terminal(BINARY, "measure", "--source", "simulated", "--output", output, "--", "sleep", "2.2")
    assert terminal.finish() == 0
    assert terminal.text == ""


def test_quiet_when_piped() -> None:
    result = simulated("--format", "json", "--", "sleep", "2.2")
    assert len(result.stderr.splitlines()) == 1


# Output


def test_the_output_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("x" * 100_000)
    result = simulated("--format", "csv", "--output", str(path), "--", "echo", "hello")
    assert (result.stdout, result.stderr) == ("hello\n", "")
    rows = list(csv.DictReader(path.open()))
    assert [(row["record"], row["domain"], row["exit_status"]) for row in rows] == [
        ("run", domain, "0") for domain in MODELS
    ]


def test_the_machine_can_go_to_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    result = simulated("--interval", "10ms", "--format", "json", "--output", str(path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert_is_true_to_the_model(parse(path.read_text()))


def test_an_output_file_that_cannot_be_made_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    path = tmp_path / "missing" / "report"
    result = simulated("--output", str(path), "--", "touch", str(marker))
    assert result.returncode == 1
    assert_is_one_complaint(result, f"'{path}'", "No such file or directory")
    assert not marker.exists()


def test_a_report_that_cannot_be_written_is_no_success() -> None:
    result = simulated("--output", "/dev/full", "--", "true")
    assert result.returncode == 1
    assert_is_one_complaint(result, "'/dev/full'", "No space left on device")
    assert simulated("--output", "/dev/full", "--", "sh", "-c", "exit 9").returncode == 9


# Repetition and baseline


def test_repeated_runs(tmp_path: Path) -> None:
    log = tmp_path / "log"
    result = simulated("--repeat", "4", "--format", "json", "--", "sh", "-c", f"echo run >> {log}; sleep 0.1")
    assert log.read_text() == "run\n" * 4
    report = parse(result.stderr)
    runs = report["runs"]
    assert len(runs) == 4
    for single in runs:
        assert_is_true_to_the_model(single)
    durations = [single["duration_seconds"] for single in runs]
    assert_is_close(report["duration_seconds"], statistics.mean(durations), Decimal("1e-9"))
    assert_is_close(report["standard_deviation_seconds"], statistics.stdev(durations), Decimal("1e-9"))
    for name, domain in by_domain(report).items():
        for value, deviation in (("joules", "standard_deviation_joules"), ("mean_watts", "standard_deviation_watts")):
            values = [by_domain(single)[name][value] for single in runs]
            assert_is_close(domain[value], statistics.mean(values), MICRO)
            assert_is_close(domain[deviation], statistics.stdev(values), MICRO)
        assert domain["peak_watts"] == max(by_domain(single)[name]["peak_watts"] for single in runs)


def assert_is_close(value: Decimal, expected: Decimal, unit: Decimal) -> None:
    assert abs(value - expected) <= unit


def test_repeated_runs_as_csv() -> None:
    result = simulated("--repeat", "3", "--format", "csv", "--", "sleep", "0.05")
    rows = list(csv.DictReader(io.StringIO(result.stderr)))
    count = len(MODELS)
    assert [row["record"] for row in rows] == ["run"] * 3 * count + ["mean"] * count + ["standard_deviation"] * count
    joules = [Decimal(row["joules"]) for row in rows if row["domain"] == "dram_0"]
    assert_is_close(joules[3], statistics.mean(joules[:3]), MICRO)
    assert_is_close(joules[4], statistics.stdev(joules[:3]), MICRO)


def test_the_first_failure_of_repeated_runs_is_passed_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = f"echo run >> {log}; exit $(wc -l < {log})"
    result = simulated("--repeat", "3", "--", "sh", "-c", command)
    assert log.read_text() == "run\n" * 3
    assert result.returncode == 1
    assert "3 of them failed, the first by exit status 1" in result.stderr


def test_a_baseline_is_measured_before_and_taken_off() -> None:
    result = simulated("--baseline", "400ms", "--format", "json", "--", "sleep", "0.6")
    report = parse(result.stderr)
    baseline = report["baseline"]
    assert Decimal("0.4") <= baseline["duration_seconds"] + Decimal("0.01") < 5
    assert report["start_seconds"] >= baseline["start_seconds"] + baseline["duration_seconds"]
    assert_is_true_to_the_model(report)
    for name, domain in by_domain(report).items():
        idle = MODELS[name].joules_between(baseline["start_seconds"], baseline["duration_seconds"])
        stretched = idle * report["duration_seconds"] / baseline["duration_seconds"]
        idle_uncertainty = domain["net_uncertainty_joules"] - domain["uncertainty_joules"]
        assert abs(domain["baseline_joules"] - stretched) <= idle_uncertainty
        assert_is_close(domain["baseline_joules"], domain["baseline_watts"] * report["duration_seconds"], 2 * MICRO)
        assert domain["net_joules"] == domain["joules"] - domain["baseline_joules"]


def test_a_table_shows_both_the_baseline_and_what_is_left() -> None:
    lines = simulated("--baseline", "50ms", "--", "true").stderr.splitlines()
    header = next(line for line in lines if line.split()[:1] == ["domain"])
    assert "idle joules" in header and "net joules" in header


# Nothing to measure


def test_no_source_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "started"
    output = tmp_path / "report"
    # A root of procfs without this process: no container around it, and no guest.
    roots = ("--path.sysfs", str(tmp_path), "--path.procfs", str(tmp_path))
    result = run(*roots, "--output", str(output), "--", "touch", str(marker))
    assert result.returncode == 1
    assert_is_one_complaint(result, f"{tmp_path}/class/powercap", "modprobe intel_rapl_msr", "--source simulated")
    assert not marker.exists() and not output.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, who may not read the counters")
def test_counters_that_may_not_be_read_are_told_with_the_remedy(public_directory: Path) -> None:
    tree = PowercapTree(public_directory)
    tree.add(Zone("0", "package-0"))
    roots = ("--path.sysfs", str(tree.root), "--path.procfs", str(tree.root))
    result = run(*roots, "--", "true", user=65534, group=65534, extra_groups=[])
    assert result.returncode == 1
    assert_is_one_complaint(result, "may be read", "run as root", "CAP_DAC_READ_SEARCH")


def test_a_counter_that_fails_meanwhile_is_unknown_and_noted(make_counter: Callable[[int, int], Counter]) -> None:
    counter = make_counter(REAL_RANGE_UJ, 0)
    break_it = f"sleep 0.05; echo garbage > {counter.tree.counter('0')}"
    rows = run(*counter.options, "--format", "csv", "--", "sh", "-c", break_it).stderr
    assert [row["joules"] for row in csv.DictReader(io.StringIO(rows))] == [""]
    table = run(*counter.options, "--", "true").stderr
    assert "package_0  unknown" in table and "Note: the energy of package_0 is unknown: " in table


def test_a_zone_that_is_not_counted_is_noted(make_counter: Callable[[int, int], Counter]) -> None:
    counter = make_counter(REAL_RANGE_UJ, 0)
    counter.tree.add(Zone("0:0", "core", range_uj=0))
    report = parse(run(*counter.options, "--interval", "10ms", "--format", "json").stdout)
    assert [domain["domain"] for domain in report["domains"]] == ["package_0"]
    (note,) = report["notes"]
    assert "intel-rapl:0:0" in note and "max_energy_range_uj" in note


# The command line


@pytest.mark.parametrize(
    "arguments, parts",
    [
        (["--interval", "0"], ["--interval", "'0'", "allowed"]),
        (["--baseline", "2h", "--", "true"], ["--baseline", "'2h'", "allowed"]),
        (["--repeat", "0", "--", "true"], ["--repeat", "'0'", "allowed"]),
        (["--repeat", "2"], ["--repeat", "command"]),
        (["--interval", "1", "--", "true"], ["--interval", "command"]),
        (["--nonsense"], ["--nonsense"]),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments: list[str], parts: list[str]) -> None:
    result = simulated(*arguments)
    assert result.returncode == 64 and result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert [part for part in parts if part not in line] == []


def test_a_directory_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    result = run("--path.sysfs", missing, "--", "true")
    assert result.returncode == 1
    assert_is_one_complaint(result, missing, "No such file or directory")


def test_the_environment_sets_the_sample_interval() -> None:
    environment = clean_environment({"SCRAPE_INTERVAL_SECONDS": "0.25"})
    result = simulated("--interval", "10ms", "--format", "json", env=environment)
    assert parse(result.stdout)["sample_interval_seconds"] == Decimal("0.25")
