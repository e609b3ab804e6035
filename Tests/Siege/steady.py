"""Every system call of steady state fails in every way, one after the other, while clients ask."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from life import Life
from stronghold import Grounds, Setup, Stronghold, stronghold
from tracer import Tracer, injection

SETUPS = {
    "in the clear": Setup(is_hurried=True),
    "with TLS and passwords": Setup(key="ec", has_users=True, is_hurried=True),
}
ERRORS = ("EINTR", "EAGAIN", "ENOMEM", "EIO")
# Fewer bytes than there are, or none where one that was not written would only be missing in the reader's sight.
SHORT = {"read": 0, "pread64": 0, "recvfrom": 0, "getdents64": 0, "epoll_wait": 0, "epoll_pwait": 0, "getrandom": 1}
SHORT |= {"write": 1, "pwrite64": 1, "sendmsg": 1, "sendto": 1, "sendfile": 1, "readlink": 0, "poll": 0, "brk": 0}
# What the kernel never answers, and the C library does not survive: it ends the process for what futex or rseq say, and
# believes that it has memory, or has blocked signals.
IMPOSSIBLE = {"brk": ERRORS, "futex": ("ENOMEM", "EIO"), "rseq": ERRORS, "rt_sigprocmask": ERRORS}
# These do not come back, or go back to where a signal came.
WITHOUT_RESULT = {"exit", "exit_group", "rt_sigreturn", "restart_syscall"}
LEARNING_ROUNDS = 12
SHARES = 3
# Every other call, so that what is tried again has a chance.
WHEN = "1+2"


@dataclass(frozen=True)
class Effort:
    """For how long each effect is tried at most, in seconds, and how many injections are enough."""

    seconds: float
    injections: int
    errors: Sequence[str] = ERRORS


@dataclass
class SteadyOutcome:
    """How often each call came to each effect, and what did not survive it."""

    injections: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """One call and what it comes to."""

    call: str
    effect: str

    @property
    def name(self) -> str:
        return self.effect.partition("=")[2] if self.effect.startswith("error=") else "short"


def inject_all(grounds: Grounds, effort: Effort) -> SteadyOutcome:
    """Some exporters at a time, each with its share of the trials: most of the time is spent on waiting."""
    outcome = SteadyOutcome()

    def work(name: str, trials: list[Trial]) -> None:
        while trials:
            trials = _inject_until_death(grounds, name, trials, effort, outcome)

    with ThreadPoolExecutor() as pool:
        shares = []
        for name, setup in SETUPS.items():
            trials = _trials(_calls_of_life(grounds, setup), effort.errors)
            shares += [pool.submit(work, name, trials[part::SHARES]) for part in range(SHARES)]
        for share in shares:
            share.result()
    return outcome


def _calls_of_life(grounds: Grounds, setup: Setup) -> list[str]:
    """What the server calls when nothing fails."""
    with stronghold(grounds, setup) as hold:
        life = Life(hold)
        with Tracer(hold.exporter.pid, hold.directory / "calls") as tracer:
            for _ in range(LEARNING_ROUNDS):
                life.round()
            hold.later_page()
            calls = tracer.calls()
        life.end()
    return sorted(calls - WITHOUT_RESULT)


def _trials(calls: Sequence[str], errors: Sequence[str]) -> list[Trial]:
    trials = []
    for call in calls:
        trials += [Trial(call, f"error={error}") for error in errors if error not in IMPOSSIBLE.get(call, ())]
        if call in SHORT:
            trials.append(Trial(call, f"retval={SHORT[call]}"))
    # When changes of files cannot be read any more, as the log says then, they are not watched again: that comes last.
    return sorted(trials, key=lambda trial: trial.call == "read")


def _inject_until_death(
    grounds: Grounds, name: str, trials: list[Trial], effort: Effort, outcome: SteadyOutcome
) -> list[Trial]:
    """Gives those that are left because the exporter did not survive the one before them."""
    done = 0
    try:
        with stronghold(grounds, SETUPS[name]) as hold:
            life = Life(hold)
            for trial in trials:
                done += 1
                count = _inject(hold, life, trial, effort, hold.directory / "injections")
                outcome.injections[trial.call, trial.name] += count
                # Whatever happened, it lives, samples and serves.
                hold.later_page()
            life.end()
    except (AssertionError, OSError, RuntimeError) as error:
        end = hold.exporter.process.poll()
        trial = trials[done - 1]
        lines = hold.exporter.lines[-2:]
        outcome.faults.append(f"{trial.call} {trial.name} {name}: {error}; status {end}, log {lines}")
    else:
        outcome.faults += [f"{name}: {fault}" for fault in hold.faults]
    return trials[done:]


def _inject(hold: Stronghold, life: Life, trial: Trial, effort: Effort, output: Path) -> int:
    end = time.monotonic() + effort.seconds
    with Tracer(hold.exporter.pid, output, *injection(trial.call, trial.effect, WHEN)) as tracer:
        while time.monotonic() < end and tracer.injected() < effort.injections:
            life.round()
        return tracer.injected()
