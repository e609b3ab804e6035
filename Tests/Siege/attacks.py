"""The attacks, a line each, and what the witness saw of one."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from decimal import Decimal

from attack import attacking
from disturbances import (
    Disturbing,
    Steps,
    change_web_file,
    fill_disk,
    replace_keys,
    spoil_web_file,
    truncate_state_file,
)
from helper_program import HelperProgram
from stronghold import Grounds, Setup, Stronghold, stronghold
from support.exposition import Page
from witness import watching

PLAIN = Setup()
UNIX = Setup(is_unix=True)
USERS = Setup(has_users=True)
TLS = Setup(key="ec")
HEAVY_TLS = Setup(key="rsa:4096")
SECURE = Setup(key="ec", has_users=True)
LATENESS = "pyjoules_sample_lateness_seconds"


@dataclass(frozen=True)
class Attack:
    """Attackers by their names, and what else is done to the files meanwhile. The quick ones stand for their kind."""

    name: str
    setup: Setup
    attackers: tuple[str, ...] = ()
    disturbances: tuple[Steps, ...] = ()
    is_quick: bool = False


ATTACKS = (
    Attack("250 pipeline and never read, TCP", PLAIN, ("deaf",), is_quick=True),
    Attack("250 pipeline and never read, unix", UNIX, ("deaf",), is_quick=True),
    Attack("250 pipeline and never read, 401", USERS, ("deaf",), is_quick=True),
    Attack("250 pipeline and never read, short", PLAIN, ("deaf-short",)),
    Attack("250 keys x 2 never read", PLAIN, ("deaf-250x2",)),
    Attack("1 key x 300 ask every 0.8 s", PLAIN, ("asking-1x300",), is_quick=True),
    Attack("2 keys x 128 ask every 0.8 s", PLAIN, ("asking-2x128",)),
    Attack("8 keys x 34 ask every 0.8 s", PLAIN, ("asking-8x34",)),
    Attack("250 keys x 2 ask every 0.8 s", PLAIN, ("asking-250x2",), is_quick=True),
    Attack("250 keys x 2 are silent", PLAIN, ("silent-250x2",)),
    Attack("1 key x 300 begin a request", PLAIN, ("hesitating-1x300",)),
    Attack("all families, protobuf with gzip", PLAIN, ("all-families",), is_quick=True),
    Attack("64 encoded names", PLAIN, ("encoded-names",)),
    Attack("heads of 15 kB", PLAIN, ("long-heads",)),
    Attack("handshakes with RSA 4096", HEAVY_TLS, ("half-a-handshake",), is_quick=True),
    Attack("broken handshakes", TLS, ("broken-handshake",)),
    Attack("TLS 1.3 key updates", TLS, ("key-updates",), is_quick=True),
    Attack("noise instead of TLS", TLS, ("noise", "come-and-go")),
    Attack("40 keys x 4 guess passwords, TLS", SECURE, ("guessing",)),
    Attack("40 keys x 4 guess passwords", USERS, ("guessing",), is_quick=True),
    Attack("heads byte by byte", PLAIN, ("byte-by-byte",)),
    Attack("noise", PLAIN, ("noise",)),
    Attack("resets in the response", PLAIN, ("resets",)),
    Attack("half closed", PLAIN, ("half-closed",)),
    Attack("come and go", PLAIN, ("come-and-go",)),
    Attack("state file truncated", PLAIN, disturbances=(truncate_state_file,), is_quick=True),
    Attack("state file on a full disk", Setup(has_small_disk=True), disturbances=(fill_disk,)),
    Attack("web file changes every 100 ms", SECURE, disturbances=(change_web_file,), is_quick=True),
    Attack("web file emptied, a pipe, away ...", SECURE, disturbances=(spoil_web_file,), is_quick=True),
    Attack("certificate and key replaced", SECURE, disturbances=(replace_keys,)),
)

# Everything at once, for which it takes two exporters: in the clear, and behind TLS and a password.
SOAKS = (
    Attack(
        "everything at once, in the clear",
        PLAIN,
        ("deaf", "asking-250x2", "asking-8x34", "all-families", "long-heads", "byte-by-byte", "resets", "half-closed"),
        (truncate_state_file,),
    ),
    Attack(
        "everything at once, behind TLS and a password",
        SECURE,
        ("half-a-handshake", "broken-handshake", "key-updates", "noise", "come-and-go", "guessing"),
        (truncate_state_file, spoil_web_file),
    ),
)


@dataclass
class Outcome:
    """A line of the table. `late` is how late the witness itself was, by the machine's doing."""

    name: str
    scrapes: int = 0
    failed: int = 0
    slowest_kept: float = 0
    slowest_fresh: float = 0
    late: float = 0
    ticks_missed: int = 0
    tick_late_by: str = ""
    resident_bytes: int = 0
    group_bytes: int | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.faults and self.failed == 0 and self.ticks_missed == 0


def besiege(attack: Attack, grounds: Grounds, seconds: float) -> Outcome:
    """One attack on one exporter, for so long."""
    outcome = Outcome(attack.name)
    try:
        with stronghold(grounds, attack.setup) as hold:
            _watch(attack, hold, grounds, outcome, seconds)
        outcome.faults += hold.faults
    except (AssertionError, OSError, RuntimeError) as error:
        outcome.faults.append(str(error)[:500])
    return outcome


def _watch(attack: Attack, hold: Stronghold, grounds: Grounds, outcome: Outcome, seconds: float) -> None:
    before = hold.page()
    hold.set_back_resident_peak()
    witness = watching(hold.door)
    with witness:
        witness.wait_until_ready()
        with contextlib.ExitStack() as stack:
            programs = [stack.enter_context(attacking(name, hold.door)) for name in attack.attackers]
            for program in programs:
                program.wait_until_ready()
            for steps in attack.disturbances:
                stack.enter_context(Disturbing(steps, hold, grounds))
            threading.Event().wait(seconds)
    _note_witness(witness, outcome)
    outcome.resident_bytes = hold.resident_peak_bytes()
    outcome.group_bytes = hold.group.peak_bytes() if hold.group else None
    _note_ticks(before, hold.later_page(), outcome)


def _note_witness(witness: HelperProgram, outcome: Outcome) -> None:
    seen = json.loads(witness.result)
    kept, fresh = seen["kept"], seen["fresh"]
    outcome.scrapes = kept["scrapes"] + fresh["scrapes"]
    outcome.failed = kept["failed"] + fresh["failed"]
    outcome.slowest_kept, outcome.slowest_fresh = kept["slowest"], fresh["slowest"]
    outcome.late = max(kept["late"], fresh["late"])
    outcome.faults += sorted(set(kept["faults"] + fresh["faults"]))


def _note_ticks(before: Page, after: Page, outcome: Outcome) -> None:
    missed = "pyjoules_ticks_missed_total"
    outcome.ticks_missed = int(after.value(missed) - before.value(missed))
    earlier = {bucket.up_to: bucket.count for bucket in before.buckets(LATENESS)}
    grown = [bucket.up_to for bucket in after.buckets(LATENESS) if bucket.count > earlier.get(bucket.up_to, Decimal(0))]
    outcome.tick_late_by = f"{float(max(grown)) * 1000:g}" if grown else ""
