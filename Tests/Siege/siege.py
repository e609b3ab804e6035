"""Besieges the real binary, and says whether a client that does no wrong has noticed anything.

    python3 siege.py quick      what stands for each kind, in a minute and a half; for continuous integration
    python3 siege.py full       every attack, and every system call of the server made to fail; some five minutes
    python3 siege.py long       the same, longer, and ten minutes of everything at once

`make siege` is the ordinary way to it. It needs root, for a network and mounts of its own and a cgroup that limits
memory, and takes nothing beyond the loopback device. The tables go to standard output and to .build/siege.md. The
exit status is 1 if a scrape failed, a process died, a tick was missed, or a joule was lost or invented. What is slow
is shown as slow, and is an error only with SIEGE_STRICT=1, on a machine that does nothing else.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import report
from attacks import ATTACKS, SOAKS, Outcome, besiege
from door import FIRST_ATTACKER, KEYS
from starts import StartsOutcome, fail_starts
from steady import Effort, SteadyOutcome, inject_all
from stronghold import Grounds
from support.exporter import BINARY, REPOSITORY
from support.network import own_mounts, own_network

NEEDED = ("cc", "htpasswd", "ip", "mount", "nice", "openssl", "strace")
TABLES = REPOSITORY / ".build" / "siege.md"


@dataclass(frozen=True)
class Scale:
    """How long each attack lasts, and all of them at once, in seconds; and how much is made to fail."""

    attack_seconds: float
    effort: Effort
    starts: int
    soak_seconds: float = 0
    is_quick: bool = False


SCALES = {
    "quick": Scale(1.0, Effort(0.15, 4, ("EINTR", "EIO")), 80, is_quick=True),
    "full": Scale(2.5, Effort(0.6, 20), 400),
    "long": Scale(5.0, Effort(2.0, 60), 2000, soak_seconds=600),
}


class Siege:
    """One run, and what it has found so far. What is found is said at once, and written at the end."""

    def __init__(self, grounds: Grounds, scale: Scale) -> None:
        self._grounds, self._scale = grounds, scale
        self._text = ""
        self._faults = ""
        self._is_slow = False

    def run(self) -> bool:
        """Whether all is well."""
        self._say(f"{report.NOTES}\n" + report.table(report.ATTACK_HEADING, []))
        for attack in ATTACKS:
            if attack.is_quick or not self._scale.is_quick:
                self._note(besiege(attack, self._grounds, self._scale.attack_seconds))
        if self._scale.soak_seconds > 0:
            self._soak()
        steady, starts = inject_all(self._grounds, self._scale.effort), fail_starts(self._grounds, self._scale.starts)
        self._note_injections(steady, starts)
        self._say(f"\nFaults:\n\n{self._faults}" if self._faults else "\nNothing was lost, and nobody noticed.\n")
        TABLES.parent.mkdir(exist_ok=True)
        TABLES.write_text(f"# Siege\n\n{self._text}")
        return not self._faults and not (self._is_slow and os.environ.get("SIEGE_STRICT") == "1")

    def _soak(self) -> None:
        with ThreadPoolExecutor() as pool:
            for outcome in pool.map(lambda one: besiege(one, self._grounds, self._scale.soak_seconds), SOAKS):
                self._note(outcome)

    def _note(self, outcome: Outcome) -> None:
        self._say(report.row(report.attack_row(outcome)))
        self._is_slow = self._is_slow or report.is_slow(outcome)
        if not outcome.is_good:
            self._faults += report.faults(outcome.name, outcome.faults or [f"{outcome.ticks_missed} ticks missed"])

    def _note_injections(self, steady: SteadyOutcome, starts: StartsOutcome) -> None:
        self._say(f"\n{steady.injections.total():,} calls failed in steady state, by what and how often:\n\n")
        self._say(report.injections(steady.injections))
        tried = starts.injections.total()
        self._say(f"\nOf {tried} starts with one failed call {starts.served} served, and {starts.refused} said why not")
        self._say(f" ({_calls(starts.injections)} calls).\n")
        self._faults += report.faults("steady state", steady.faults) + report.faults("starts", starts.faults)

    def _say(self, text: str) -> None:
        print(text, end="", flush=True)
        self._text += text


def _calls(injections: Counter[tuple[str, str]]) -> int:
    return len({call for call, _ in injections})


def _skip(what: str) -> int:
    print(f"SKIP the siege: {what}")
    return 0


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in SCALES:
        print(__doc__, file=sys.stderr)
        return 64
    if os.geteuid() != 0:
        return _skip("it needs root")
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        return _skip(f"{', '.join(missing)} missing: make deps")
    if not BINARY.is_file():
        print(f"{BINARY} is missing: run `make build`, or set PYJOULES_EXPORTER to the binary", file=sys.stderr)
        return 2
    # Whoever ends the siege ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # No program of ours is to stay and print where it died, and each may have as many connections as it likes.
    os.environ["SWIFT_BACKTRACE"] = "enable=no"
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(own_network(FIRST_ATTACKER + KEYS))
            own_mounts()
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="pyjoules-siege-"))
            return 0 if Siege(Grounds(Path(directory)), SCALES[arguments[0]]).run() else 1
    except pytest.skip.Exception as skipped:
        return _skip(str(skipped))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
