"""What the siege found, as tables of Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attacks import Outcome

MOST_FAULTS = 5
MEBIBYTE = 1024 * 1024
SLOW_MILLISECONDS = 50

NOTES = """\
Slowest: of the witness's scrapes, on its kept connection and on new ones, in ms. Machine: how late the witness itself
was to ask, in ms, which is not the exporter's doing. Tick late: what no sample was later than, in ms. Resident, cgroup:
the most in MiB; the cgroup, whose limit is 64, is charged with what the kernel holds for connections too.
"""


def table(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "".join(row(cells) for cells in (heading, ["---"] * len(heading), *rows))


def row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |\n"


ATTACK_HEADING = (
    "Attack",
    "Scrapes",
    "Failed",
    "Slowest kept",
    "Slowest fresh",
    "Machine",
    "Ticks missed",
    "Tick late",
    "Resident",
    "Cgroup",
    "",
)


def attack_row(outcome: Outcome) -> list[object]:
    group = "SKIP" if outcome.group_bytes is None else f"{outcome.group_bytes / MEBIBYTE:.1f}"
    return [
        outcome.name,
        outcome.scrapes,
        outcome.failed,
        f"{outcome.slowest_kept:.1f}",
        f"{outcome.slowest_fresh:.1f}",
        f"{outcome.late:.1f}",
        outcome.ticks_missed,
        outcome.tick_late_by,
        f"{outcome.resident_bytes / MEBIBYTE:.1f}",
        group,
        verdict(outcome),
    ]


def is_slow(outcome: Outcome) -> bool:
    return max(outcome.slowest_kept, outcome.slowest_fresh) > SLOW_MILLISECONDS


def verdict(outcome: Outcome) -> str:
    if not outcome.is_good:
        return "FAIL"
    return "slow" if is_slow(outcome) else "good"


def faults(name: str, found: Sequence[str]) -> str:
    return "".join(f"- {name}: {' '.join(fault.split())}\n" for fault in found[:MOST_FAULTS])


def injections(counts: Counter[tuple[str, str]]) -> str:
    """A row for each call, a column for what it came to; empty where that was not tried."""
    effects = sorted({effect for _, effect in counts})
    calls = sorted({call for call, _ in counts})
    rows = [[call, *[counts.get((call, effect), "") for effect in effects]] for call in calls]
    return table(["Call", *effects], rows)
