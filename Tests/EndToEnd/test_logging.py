"""The log: its formats, the journal, and that nobody who fails to read it holds the exporter up."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from support import log_lines
from support.datagrams import DatagramReceiver
from support.exporter import Exporter, StartExporter
from support.powercap_tree import PowercapTree
from support.waiting import DEADLINE_SECONDS, wait_until

FAST = ("--sample.interval", "20ms")
LEVELS = {"trace", "debug", "info", "notice", "warning", "error", "critical"}
# Runs the program with a directory of the test's in the place of /run/systemd/journal, seen by nobody else.
WITH_JOURNAL_IN = (
    "mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind {directory} /run/systemd/journal"
    ' && exec "$@"'
)


def assert_is_record(record: dict[str, str] | None, line: str) -> None:
    assert record is not None, line
    assert {"ts", "level", "event", "msg"} <= record.keys(), line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["ts"])
    datetime.fromisoformat(record["ts"])
    assert record["level"] in LEVELS
    assert record["msg"]


@pytest.mark.parametrize("form", ["auto", "logfmt", "json"])
def test_every_line_is_well_formed(start_exporter: StartExporter, tree: PowercapTree, form: str) -> None:
    tree.set_bytes("0:2", b"garbage\n")
    exporter = start_exporter(tree, *FAST, "--log.format", form)
    exporter.wait_for_event("zone_failing")
    exporter.send_signal(signal.SIGHUP)
    exporter.wait_for_event("reloaded")
    assert exporter.end()[0] == 0
    parse = log_lines.parse_json if form == "json" else log_lines.parse_logfmt
    for line in exporter.lines:
        assert_is_record(parse(line), line)
    events = [record["event"] for record in exporter.records()]
    assert set(events) == {
        "attribution_off",
        "sandboxed",
        "started",
        "listening",
        "zone_failing",
        "reloaded",
        "stopping",
        "stopped",
    }


def test_the_first_lines_tell_what_runs_where(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    started = exporter.wait_for_event("started")
    assert started["source"] == "powercap" and started["version"]
    assert "package_0" in started["domains"]
    assert exporter.wait_for_event("listening")["address"] == f"127.0.0.1:{exporter.port}"


def test_names_from_outside_cannot_forge_a_line(start_exporter: StartExporter, tree: PowercapTree) -> None:
    name = tree.counter("0:2").parent / "name"
    name.write_bytes(b'dram" level=critical\x1b[31m\x00\xff event=forged\nts=2026 msg=forged\n')
    exporter = start_exporter(tree, *FAST)
    exporter.page_after_ticks()
    assert exporter.end()[0] == 0
    for line in exporter.lines:
        assert_is_record(log_lines.parse_logfmt(line), line)
        assert line.isprintable()
    assert exporter.records("forged") == []


@pytest.mark.parametrize("level, present", [("info", True), ("warning", False), ("critical", False)])
def test_the_level_decides_what_is_written(
    start_exporter: StartExporter, tree: PowercapTree, level: str, present: bool
) -> None:
    exporter = start_exporter(tree, *FAST, "--log.level", level, wait=False)
    exporter.page()
    assert exporter.end()[0] == 0
    assert bool(exporter.lines) == present


@pytest.mark.parametrize("level", ["info", "debug", "trace"])
def test_there_is_never_a_line_per_scrape(start_exporter: StartExporter, tree: PowercapTree, level: str) -> None:
    exporter = start_exporter(tree, *FAST, "--log.level", level)
    kept = exporter.connect()
    exporter.page_on(kept)
    before = len(exporter.lines)
    for _ in range(50):
        exporter.page()
        exporter.page_on(kept)
        exporter.get("/nothing")
    # The line of the reload is the proof that everything before it has arrived.
    exporter.send_signal(signal.SIGHUP)
    exporter.wait_for_event("reloaded")
    assert len(exporter.lines) - before < 10
    if level == "info":
        assert len(exporter.lines) - before == 1


# Nobody reads


@contextlib.contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    """A pipe, as (reading end, writing end), that is full to the brim and blocks its writer as pipes usually do."""
    reading, writing = os.pipe()
    try:
        os.set_blocking(writing, False)
        # Bytes one by one at the end: a pipe with room for a short line would still take it.
        for chunk in (b"x" * 4096, b"x"):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writing, chunk)
        os.set_blocking(writing, True)
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def assert_drops_and_serves(exporter: Exporter) -> None:
    """Log messages are dropped and counted meanwhile, samples and scrapes go on, and it ends as usual."""

    def dropped() -> int:
        return int(exporter.page().value("pyjoules_log_messages_dropped_total"))

    before = wait_until(dropped, what="a dropped message")
    exporter.send_signal(signal.SIGHUP)
    wait_until(lambda: dropped() > before, what="another dropped message")
    exporter.page_after_ticks(20)
    assert exporter.end()[0] == 0


def test_a_stderr_that_nobody_reads(start_exporter: StartExporter, tree: PowercapTree) -> None:
    with full_pipe() as (_, writing):
        exporter = start_exporter(tree, *FAST, wait=False, stderr=writing)
        assert_drops_and_serves(exporter)
        assert os.get_blocking(writing), "the pipe belongs to others too, who did not ask for O_NONBLOCK"


def test_what_can_be_written_again_is_whole_lines(start_exporter: StartExporter, tree: PowercapTree) -> None:
    with full_pipe() as (reading, writing):
        exporter = start_exporter(tree, *FAST, wait=False, stderr=writing)
        wait_until(lambda: exporter.page().value("pyjoules_log_messages_dropped_total") > 0)
        os.set_blocking(reading, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.read(reading, 65536)
        exporter.send_signal(signal.SIGHUP)
        os.set_blocking(reading, True)
        line = os.read(reading, 65536).decode().rstrip("\n")
        record = log_lines.parse_logfmt(line)
        assert_is_record(record, line)
        assert record is not None and record["event"] == "reloaded"


def test_a_stderr_whose_reader_is_gone(start_exporter: StartExporter, tree: PowercapTree) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        exporter = start_exporter(tree, *FAST, wait=False, stderr=writing)
    finally:
        os.close(writing)
    assert_drops_and_serves(exporter)


@pytest.mark.parametrize("closed", [(2,), (0, 1, 2)], ids=["stderr", "all three"])
def test_closed_standard_descriptors(
    start_exporter: StartExporter, tree: PowercapTree, closed: tuple[int, ...]
) -> None:
    def close_them() -> None:
        for descriptor in closed:
            os.close(descriptor)

    exporter = start_exporter(tree, *FAST, wait=False, stderr=subprocess.DEVNULL, before_exec=close_them)
    kept = exporter.connect()
    for _ in range(20):
        # A descriptor that took the number 2 would get the log's lines: between the responses, or instead of a wake-up.
        exporter.send_signal(signal.SIGHUP)
        exporter.page_on(kept)
        exporter.page()
    exporter.page_after_ticks()
    assert exporter.end()[0] == 0


# The journal


@pytest.fixture
def journal(datagram_receiver: Callable[[str], DatagramReceiver]) -> DatagramReceiver:
    return datagram_receiver("journal/socket")


@pytest.fixture
def journal_launcher(journal: DatagramReceiver) -> list[str]:
    """How to start a program that finds `journal` where journald's socket is."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is missing (Debian package util-linux)")
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    script = WITH_JOURNAL_IN.format(directory=journal.path.parent)
    launcher = [*unshare, "sh", "-c", script, "sh"]
    trial = subprocess.run([*launcher, "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"no mount namespace of our own: {trial.stderr.strip()}")
    return launcher


@pytest.fixture
def journal_stream() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A stream socket pair as between a service's stderr and journald: (journald's end, stderr)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(DEADLINE_SECONDS)
        yield ours, theirs


def stream_name(stream: socket.socket) -> dict[str, str]:
    """The variable by which systemd says that a descriptor leads to the journal."""
    status = os.fstat(stream.fileno())
    return {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}


def parse_native(datagram: bytes) -> dict[str, str]:
    """The fields of one record in journald's native protocol, text lines and sized binary values."""
    record = {}
    rest = datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, separator, value = line.partition(b"=")
        if not separator:
            (size,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + size], rest[8 + size :]
            assert rest.startswith(b"\n"), datagram
            rest = rest[1:]
        assert re.fullmatch(rb"[A-Z][A-Z0-9_]{0,63}", name), datagram
        assert name not in record, datagram
        record[name.decode()] = value.decode()
    return record


def test_the_journal_gets_records_with_fields(
    start_exporter: StartExporter,
    tree: PowercapTree,
    journal: DatagramReceiver,
    journal_launcher: list[str],
    journal_stream: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = journal_stream
    tree.set_bytes("0:2", b"garbage\n")
    exporter = start_exporter(
        tree, *FAST, wait=False, launcher=journal_launcher, stderr=theirs.fileno(), environment=stream_name(theirs)
    )
    wait_until(lambda: any(b"PYJOULES_EVENT=zone_failing\n" in message for message in journal.collect()))
    assert exporter.end()[0] == 0
    records = {record["PYJOULES_EVENT"]: record for record in map(parse_native, journal.collect())}
    assert {"started", "listening", "zone_failing", "stopping", "stopped"} <= records.keys()
    for record in records.values():
        assert record["SYSLOG_IDENTIFIER"] == "pyjoules-exporter"
        assert re.fullmatch(r"[0-9a-f]{32}", record["MESSAGE_ID"])
        assert record["MESSAGE"]
    assert len({record["MESSAGE_ID"] for record in records.values()}) == len(records)
    assert records["listening"]["PRIORITY"] == "6"
    assert records["listening"]["PYJOULES_ADDRESS"].startswith("127.0.0.1:")
    assert records["zone_failing"]["PRIORITY"] in ("3", "4")
    assert records["zone_failing"]["PYJOULES_DOMAIN"] == "dram_0"
    # Nothing twice: what the journal has is not written to stderr as well.
    theirs.close()
    assert ours.recv(4096) == b""


def test_a_journal_that_nobody_reads(
    start_exporter: StartExporter,
    tree: PowercapTree,
    journal: DatagramReceiver,
    journal_launcher: list[str],
    journal_stream: tuple[socket.socket, socket.socket],
) -> None:
    _, theirs = journal_stream
    journal.fill()
    exporter = start_exporter(
        tree, *FAST, wait=False, launcher=journal_launcher, stderr=theirs.fileno(), environment=stream_name(theirs)
    )
    assert_drops_and_serves(exporter)


def test_a_journal_stream_that_is_not_stderr(
    start_exporter: StartExporter, tree: PowercapTree, journal: DatagramReceiver, journal_launcher: list[str]
) -> None:
    exporter = start_exporter(tree, *FAST, launcher=journal_launcher, environment={"JOURNAL_STREAM": "1:1"})
    assert exporter.end()[0] == 0
    assert journal.collect() == []
    assert {"started", "listening", "stopped"} <= {record["event"] for record in exporter.records()}


def test_a_journal_without_a_socket_for_records_gets_lines(
    start_exporter: StartExporter, tree: PowercapTree, journal_stream: tuple[socket.socket, socket.socket]
) -> None:
    """Units with a root directory of their own, and containers, may have the journal's stream and not its socket."""
    ours, theirs = journal_stream
    launcher = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && exec "$@"', "-"]
    if os.geteuid() != 0:
        launcher.insert(1, "--map-root-user")
    trial = subprocess.run([*launcher, "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"no mount namespace of our own: {trial.stderr.strip()}")
    environment = stream_name(theirs)
    exporter = start_exporter(
        tree, *FAST, wait=False, launcher=launcher, stderr=theirs.fileno(), environment=environment
    )
    page = exporter.page()
    assert page.value("pyjoules_log_messages_dropped_total") == 0
    assert exporter.end()[0] == 0
    theirs.close()
    text = b"".join(iter(lambda: ours.recv(65536), b"")).decode()
    events = [record["event"] for line in text.splitlines() if (record := log_lines.parse_logfmt(line)) is not None]
    assert {"started", "listening", "stopped"} <= set(events)


@pytest.mark.parametrize("value", ["", "nonsense", "1", "1:", ":1", "99999999999999999999:1"])
def test_a_malformed_journal_stream_means_stderr(start_exporter: StartExporter, tree: PowercapTree, value: str) -> None:
    start_exporter(tree, *FAST, environment={"JOURNAL_STREAM": value}).wait_for_event("started")
