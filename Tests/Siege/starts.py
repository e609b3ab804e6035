"""Starts of which one system call fails: each either serves right, or ends with a line that says why."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from steady import IMPOSSIBLE, WITHOUT_RESULT
from stronghold import Grounds
from support import powercap_tree, web_configuration
from support.exporter import Exporter
from support.raw_http import ConnectionEnded
from support.tls_client import TLSClient, trusting
from support.waiting import wait_until
from tracer import count_calls, injection

ERRORS = ("EACCES", "ENOMEM", "EIO", "EMFILE", "EINTR", "ENOSYS")
# What the C library does before the program's own first line, and what does not come back.
NOT_OURS = {"execve", "arch_prctl", "set_tid_address", *WITHOUT_RESULT}
# The loader takes memory for itself with the first, and does not look whether it got it.
LOADERS = {("mmap", 1)}
END_SECONDS = 15.0
AT_ONCE = 4


@dataclass(frozen=True)
class Start:
    """The call that fails, the how manieth of its name it is, and with what."""

    call: str
    number: int
    error: str


@dataclass
class StartsOutcome:
    """How many served, how many ended with a line, and what else became of them."""

    injections: Counter[tuple[str, str]] = field(default_factory=Counter)
    served: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)


def fail_starts(grounds: Grounds, most: int) -> StartsOutcome:
    """As many starts as that at most, spread over all calls, places and errors, and the same each time."""
    outcome = StartsOutcome()
    starts = _starts(_calls_of_start(grounds))
    chosen = random.Random(0).sample(starts, min(most, len(starts)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start, (end, fault) in zip(chosen, pool.map(lambda one: _try(grounds, one), chosen), strict=True):
            outcome.injections[start.call, start.error] += 1
            outcome.served += end == "served"
            outcome.refused += end == "refused"
            if fault:
                outcome.faults.append(f"start, {start.call} number {start.number} {start.error}: {fault}")
    return outcome


def _starts(counts: dict[str, int]) -> list[Start]:
    """The first, the last and some between; the errors take turns, so that each call comes to each of them."""
    errors = itertools.cycle(ERRORS)
    starts = []
    for call, count in sorted(counts.items()):
        numbers = sorted({1, 2, 3, count // 4, count // 2, count * 3 // 4, count} & set(range(1, count + 1)))
        for number, _ in itertools.product(numbers, range(4)):
            if (call, number) not in LOADERS:
                starts.append(Start(call, number, next(errors)))
    return starts


def _calls_of_start(grounds: Grounds) -> dict[str, int]:
    with tempfile.TemporaryDirectory(dir=grounds.directory) as name:
        output = Path(name) / "calls"
        with _Started(grounds, Path(name), ["strace", "-D", "-f", "-o", str(output)]) as started:
            started.wait_until_it_serves()
            counts = count_calls(output)
    return {call: count for call, count in counts.items() if call not in NOT_OURS | set(IMPOSSIBLE)}


def _try(grounds: Grounds, start: Start) -> tuple[str, str | None]:
    """What became of it, and what is wrong with that."""
    with tempfile.TemporaryDirectory(dir=grounds.directory) as name:
        output = Path(name) / "calls"
        options = injection(start.call, f"error={start.error}", str(start.number))
        try:
            with _Started(grounds, Path(name), ["strace", "-D", "-f", "-o", str(output), *options]) as started:
                if started.wait_until_it_serves():
                    return "served", None
                return "refused", started.fault_of_end(start.call)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            return "failed", str(error)[:500]


class _Started:
    """An exporter with all that a start can have: TLS, a password, a state file."""

    def __init__(self, grounds: Grounds, directory: Path, launcher: Sequence[str]) -> None:
        self._context = trusting(grounds.authority)
        file = directory / "web.yml"
        web_configuration.write(file, web_configuration.tls(grounds.certificate("ec")))
        tree = powercap_tree.laptop(directory / "sys")
        self._socket = str(directory / "socket")
        arguments = ["--web.listen-address", "[::1]:0", "--web.listen-address", f"unix:{self._socket}"]
        arguments += ["--path.sysfs", str(tree.root), "--web.config.file", str(file)]
        arguments += ["--state-file", str(directory / "ledger")]
        self._exporter = Exporter(arguments, launcher=launcher)

    def wait_until_it_serves(self) -> bool:
        """Whether it serves a page; False if it ended by itself."""
        process = self._exporter.process
        wait_until(lambda: self._serves() or process.poll() is not None, END_SECONDS, "a start or an end")
        return process.poll() is None

    def fault_of_end(self, call: str) -> str | None:
        """What is wrong with the end that it took."""
        status = self._exporter.wait()
        lines = [line for line in self._exporter.lines if line]
        if status < 0:
            return f"ended by {signal.Signals(-status).name}: {lines[-1:]}"
        if status == 0 or not lines and call != "write":
            return f"ended with {status} and {len(lines)} lines"
        return None

    def _serves(self) -> bool:
        try:
            with TLSClient(self._socket, self._context, seconds=END_SECONDS) as client:
                response = client.get()
        except (OSError, ConnectionEnded):
            return False
        assert response.status == 200 and response.body.endswith(b"\n"), response
        return True

    def __enter__(self) -> _Started:
        return self

    def __exit__(self, *arguments: object) -> None:
        self._exporter.__exit__(*arguments)
