"""One running exporter: its start, its log, its pages and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO

from . import log_lines
from .exposition import Page
from .raw_http import Client, Response
from .waiting import DEADLINE_SECONDS, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("PYJOULES_EXPORTER", REPOSITORY / ".build" / "release" / "pyjoules-exporter"))

# The sandbox of this copy ends the process at a system call that is not on the list: `make e2e`.
IS_SANDBOX_FATAL = bool(os.environ.get("PYJOULES_SANDBOX_FATAL"))
# What it is a copy of, in which such a call fails.
FORGIVING_BINARY = REPOSITORY / ".build" / "release" / "pyjoules-exporter" if IS_SANDBOX_FATAL else BINARY

# What the surroundings of the test run must not decide for the exporter.
_FOREIGN_VARIABLES = (
    "EXPORTER_PORT",
    "SCRAPE_INTERVAL_SECONDS",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "JOURNAL_STREAM",
    "INVOCATION_ID",
)


# Pages follow every pass over the counters, so that tests need not wait for a moment that may be shown. Empty, it is
# the default that users have.
RESOLUTION = "EXPORTER_RESOLUTION_SECONDS"
_FINEST_RESOLUTION = {RESOLUTION: "0.001"}


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of the test run without what would configure the exporter, and with `extra`."""
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
    return {**inherited, **_FINEST_RESOLUTION, **(extra or {})}


def run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the binary to its end."""
    return subprocess.run(
        [str(BINARY), *arguments],
        env=clean_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )


class Exporter:
    """A process of the real binary.

    `launcher` is a command that ends by executing the one that follows it, so that the process id stays that of
    the exporter. `stderr` replaces the pipe from which the log is read otherwise.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
        stderr: int | None = subprocess.PIPE,
        before_exec: Callable[[], None] | None = None,
        pass_descriptors: Iterable[int] = (),
        binary: Path = BINARY,
    ) -> None:
        self.process = subprocess.Popen(
            [*launcher, str(binary), *arguments],
            env=clean_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            preexec_fn=before_exec,
            pass_fds=tuple(pass_descriptors),
        )
        self.lines: list[str] = []
        self._clients: list[Client] = []
        self._was_ended = False
        self._reader: threading.Thread | None = None
        if self.process.stderr is not None:
            self._reader = threading.Thread(target=self._read_log, args=(self.process.stderr,), daemon=True)
            self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    # The log

    def records(self, event: str | None = None) -> list[dict[str, str]]:
        """The log records so far, all or those of one event."""
        records = [record for line in list(self.lines) if (record := log_lines.parse(line)) is not None]
        return [record for record in records if event is None or record.get("event") == event]

    def wait_for_event(self, event: str, seconds: float = DEADLINE_SECONDS) -> dict[str, str]:
        """The first record of that event, once it is there."""
        return self.wait_for_events(event, 1, seconds)[0]

    def wait_for_events(self, event: str, count: int, seconds: float = DEADLINE_SECONDS) -> list[dict[str, str]]:
        """All records of that event, once there are `count` of them."""

        def found() -> list[dict[str, str]]:
            records = self.records(event)
            if len(records) >= count:
                return records
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {_explained(self.wait())} before event {event}: {self.lines}")
            return []

        return wait_until(found, seconds, f"event {event}")

    def only_record(self, event: str) -> dict[str, str]:
        """The record of that event, which must not have come twice."""
        self.wait_for_event(event)
        records = self.records(event)
        assert len(records) == 1, records
        return records[0]

    # The network

    @cached_property
    def port(self) -> int:
        """The TCP port it listens on, from the kernel, so that it is known even where no log can be read."""
        try:
            return wait_until(lambda: _listening_ports(self.pid), what="a listening TCP socket")[0]
        except PermissionError:
            # A process that keeps a key shows its descriptors to root alone; it says its address in the log as well.
            return int(self.wait_for_event("listening")["address"].rpartition(":")[2])

    def connect(self, takes_little: bool = False) -> Client:
        """A new connection, closed with the exporter at the latest."""
        client = Client(("127.0.0.1", self.port), takes_little)
        self._clients.append(client)
        return client

    def get(self, path: str = "/metrics", method: str = "GET", headers: Sequence[str] = ()) -> Response:
        """Asks on a connection of its own, as an ordinary client does once."""
        with Client(("127.0.0.1", self.port)) as client:
            return client.get(path, method, ["Connection: close", *headers])

    def page(self) -> Page:
        """One scrape on a new connection."""
        return _page_of(self.get("/metrics"))

    def page_on(self, client: Client) -> Page:
        """One scrape on a connection that is kept."""
        return _page_of(client.get("/metrics"))

    def wait_for_page(
        self, condition: Callable[[Page], bool], seconds: float = DEADLINE_SECONDS, what: str = "the page"
    ) -> Page:
        """Scrapes until a page satisfies the condition."""

        def satisfying() -> Page | None:
            page = self.page()
            return page if condition(page) else None

        page = wait_until(satisfying, seconds, what)
        assert page is not None
        return page

    def page_after_ticks(self, count: int = 2) -> Page:
        """A page after `count` more samples: what was changed before the call has certainly been read."""
        ticks = self.page().served_ticks
        return self.wait_for_page(lambda page: page.served_ticks >= ticks + count, what=f"{count} more samples")

    # The process

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def cpu_seconds(self) -> float:
        """User and system time used so far."""
        fields = _stat_fields(self.pid)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_stopped(self) -> bool:
        """Whether SIGSTOP has taken effect."""
        return _stat_fields(self.pid)[0] == "T"

    def wait(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Waits for the end and gives the exit status; what was logged until then has been read."""
        self._was_ended = True
        status = self.process.wait(seconds)
        if self._reader is not None:
            self._reader.join(DEADLINE_SECONDS)
        return status

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = DEADLINE_SECONDS) -> tuple[int, float]:
        """Signals, waits, and gives the exit status and how long the ending took."""
        begin = time.monotonic()
        self.send_signal(number)
        status = self.wait(seconds)
        return status, time.monotonic() - begin

    def __enter__(self) -> Exporter:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        """Ends what still runs; an exporter that ended by itself or badly fails the test."""
        for client in self._clients:
            client.close()
        try:
            if self._was_ended:
                return
            died = self.process.poll()
            status = died if died is not None else self.end()[0]
            if kind is None:
                assert died is None, f"ended by itself with {_explained(died)}: {self.lines}"
                assert status == 0, f"SIGTERM gave exit status {_explained(status)}: {self.lines}"
        finally:
            self._kill()

    def _kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._reader is not None:
            self._reader.join(DEADLINE_SECONDS)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def _read_log(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))


def _explained(status: int) -> str:
    """An exit status with what it means if that is not obvious."""
    if status == -signal.SIGSYS:
        return f"{status}, which means a system call that is not on the sandbox's list: strace tells which"
    return str(status)


# What the fixture `start_exporter` is: see there for its arguments.
StartExporter = Callable[..., Exporter]


def _page_of(response: Response) -> Page:
    assert response.status == 200, response
    return Page(response.text)


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it may contain anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def descriptor_targets(pid: int) -> list[str]:
    """What a process' descriptors refer to, in the order of their numbers, but for those that go meanwhile."""
    targets = []
    for entry in sorted(Path(f"/proc/{pid}/fd").iterdir(), key=lambda path: int(path.name)):
        with suppress(FileNotFoundError):
            targets.append(os.readlink(entry))
    return targets


def _listening_ports(pid: int) -> list[int]:
    """The TCP ports on which a process listens, in the order of its descriptors."""
    by_inode = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                by_inode[fields[9]] = int(fields[1].rpartition(":")[2], 16)
    inodes = [target.removeprefix("socket:[").removesuffix("]") for target in descriptor_targets(pid)]
    return [by_inode[inode] for inode in inodes if inode in by_inode]
