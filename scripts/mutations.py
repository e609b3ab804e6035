"""Puts known mistakes into attribution, one after the other, and sees that a test notices each: `make mutations`.

    python3 scripts/mutations.py [WORD...]        only those whose description has a word
    python3 scripts/mutations.py --check          only that the lines of each stand in the sources

A mistake is some lines of the sources and what stands in their place. It is made in a copy of what attribution's unit
tests need, in .build-mutations, so that a build is short. A mistake that no test notices is a gap in the tests, and the
status is 1; one whose lines are not there any more has to be written anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = ROOT / ".build-mutations"
TESTS = "AttributionTests"
FLAGS = ("--explicit-target-dependency-import-check", "error")
# Fewer targets, so that only these are built; the rest of the file is the package's own.
SELECTION = f"""
var kept: Set<String> = ["{TESTS}"]
var grows = true
while grows {{
    grows = false
    for target in package.targets where kept.contains(target.name) {{
        for dependency in target.dependencies {{
            switch dependency {{
            case .targetItem(let name, _), .byNameItem(let name, _): if kept.insert(name).inserted {{ grows = true }}
            default: break
            }}
        }}
    }}
}}
package.targets = package.targets.filter {{ kept.contains($0.name) }}
package.products = []
"""


@dataclass(frozen=True)
class Mistake:
    """What is wrong, and in each file the text that stands there once and the one that replaces it."""

    what: str
    changes: tuple[tuple[str, str, str], ...]


def in_file(what: str, name: str, right: str, wrong: str, *others: tuple[str, str, str]) -> Mistake:
    return Mistake(what, ((name, right, wrong), *others))


RETIRING = "        rate()\n        retire()\n"
MISTAKES = (
    in_file(
        "what a rest lacks is not taken from the next one",
        "Weighing.swift",
        "node.debtMicroseconds = min(owed - min(ran, owed), processors.largestDebtMicroseconds)",
        "node.debtMicroseconds = 0",
    ),
    in_file(
        "accounts retire before the pass' energy is given out",
        "Attribution.swift",
        "        let total = weigh()\n",
        "        let total = weigh()\n        retire()\n",
        ("Attribution.swift", RETIRING, RETIRING.replace("        retire()\n", "")),
        ("Weighing.swift", "longestDeadUnit(before: now)", "longestDeadUnit(before: .max)"),
    ),
    in_file(
        "newcomers get the slots of what has ended before those whose names are known",
        "CgroupBirths.swift",
        "        guard slots.hasRoom(forNode: isNode), isFirst",
        "        if !isNode, !slots.hasRoom(forNode: false), let dead = slots.longestDeadUnit(before: .max) {\n"
        "            slots.add(slots.energy(dead, 0), Slots.root, 0)\n"
        "            slots.free(dead)\n"
        "        }\n"
        "        guard slots.hasRoom(forNode: isNode), isFirst",
    ),
    in_file(
        "what retires goes into the rest of its slice",
        "Weighing.swift",
        "books.retire(slots.energy(index, kind), kind)",
        "slots.add(slots.energy(index, kind), slots.accounts[index].parent, kind)",
    ),
    in_file(
        "busy time is sampled by ticks, which miss most of it",
        "Weighing.swift",
        "let busy = processors.latest?.busyMicroseconds",
        "let busy = processors.latest.map { $0.busyMicroseconds / 3 }",
    ),
    in_file(
        "a unit that returns begins anew",
        "CgroupBirths.swift",
        "if let known = slots.index(labelled: labels) {",
        "if let known = slots.index(labelled: labels), slots.accounts[known].isLive {",
    ),
    in_file(
        "a unit that is found late has what was the rest's before",
        "CgroupBirths.swift",
        "account.lastMicroseconds = found.isNew ? 0 : nil",
        "account.lastMicroseconds = 0",
    ),
    in_file(
        "a unit that begins lacks what it ran before it was seen",
        "CgroupBirths.swift",
        "account.lastMicroseconds = found.isNew ? 0 : nil",
        "account.lastMicroseconds = nil",
    ),
    in_file(
        "what ended alone leaves its last part to the slice",
        "Weighing.swift",
        "isAlone && index != Slots.root ? node.latestDead : index",
        "isAlone && index < 0 ? node.latestDead : index",
    ),
    in_file(
        "one of many that ended has what all of them ran",
        "Weighing.swift",
        "node.deaths == 1 && node.removals <= 1",
        "node.deaths >= 1",
    ),
    in_file(
        "what ended has what others ran that came and went unseen",
        "Weighing.swift",
        "node.deaths == 1 && node.removals <= 1",
        "node.deaths == 1",
    ),
    in_file(
        "what ran beyond what was read is forgotten",
        "Weighing.swift",
        "node.heldMicroseconds = node.isLookedThrough ? 0 : rest",
        "node.heldMicroseconds = 0",
    ),
    in_file(
        "what ran beyond what was read is given out twice",
        "Weighing.swift",
        "node.heldMicroseconds = node.isLookedThrough ? 0 : rest",
        "node.heldMicroseconds = rest",
    ),
    in_file(
        "shares are rounded each by itself",
        "Apportionment.swift",
        "        let quota = microjoules.scaled(by: takenWeight, over: totalWeight)\n"
        "        let part = quota - givenMicrojoules\n"
        "        givenMicrojoules = quota\n",
        "        let part = microjoules.scaled(by: weight, over: totalWeight)\n        givenMicrojoules += part\n",
    ),
    in_file(
        "slices are read before the units in them",
        "ReadingOrder.swift",
        "stride(from: deepest, to: 0, by: -1)",
        "stride(from: 1, through: deepest, by: 1)",
    ),
    in_file(
        "after a restart a cgroup's time counts from then on only",
        "CgroupBirths.swift",
        "        lastMicroseconds = record.lastMicroseconds\n",
        "",
    ),
    in_file(
        "after a restart what has ended is forgotten",
        "Attribution.swift",
        "        if tree.endRestoration() { books.retireRest(slots) }\n",
        "        _ = tree.endRestoration()\n",
    ),
    in_file(
        "what ended is found after what began, so that a name that returns waits",
        "CgroupTree.swift",
        "        return endUnseen(parent, number, &slots, &cpu)\n",
        "        return false\n",
    ),
    in_file(
        "lost events are not missed",
        "CgroupTree.swift",
        "case .overflow: slots.markAllDirty()",
        "case .overflow: break",
    ),
)


def prepare() -> None:
    """A package of the unit tests of attribution and what they need."""
    SCRATCH.mkdir(exist_ok=True)
    for name in ("Sources", "Tests"):
        shutil.rmtree(SCRATCH / name, ignore_errors=True)
        # With its times, by which a build knows what is the same as before.
        shutil.copytree(ROOT / name, SCRATCH / name, symlinks=True)
    package = (ROOT / "Package.swift").read_text() + SELECTION
    if not (SCRATCH / "Package.swift").exists() or (SCRATCH / "Package.swift").read_text() != package:
        (SCRATCH / "Package.swift").write_text(package)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # A crash is a notice too, and need not be explained.
    environment = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}
    return subprocess.run(["swift", *command], cwd=SCRATCH, env=environment, capture_output=True, text=True)


def first_notice() -> str | None:
    """The first test that does not pass; None if all do."""
    built = run("build", *FLAGS, "--build-tests")
    if built.returncode != 0:
        errors = [line for line in built.stdout.splitlines() if "error:" in line]
        sys.exit("\n".join(["mutations: it cannot be built:", *errors[:10]]))
    tested = run("test", "--skip-build", "--no-parallel")
    if tested.returncode == 0:
        return None
    failed = [line for line in tested.stdout.splitlines() if line.startswith("✘ Test ") and "recorded" in line]
    begun = [line for line in tested.stdout.splitlines() if line.startswith("◇ Test ") and line.endswith("started.")]
    # Without a failure it has crashed, in the test that was begun last.
    lines = failed[:1] or [f"{begun[-1]} crashed" if begun else "crashed"]
    return lines[0].split('"')[1] if '"' in lines[0] else lines[0]


def notice(mistake: Mistake) -> str | None:
    """Makes the mistake, and takes it back again."""
    files = {name: SCRATCH / "Sources" / "Attribution" / name for name, _, _ in mistake.changes}
    before = {name: path.read_text() for name, path in files.items()}
    after = dict(before)
    for name, right, wrong in mistake.changes:
        after[name] = after[name].replace(right, wrong)
    try:
        for name, path in files.items():
            path.write_text(after[name])
        return first_notice()
    finally:
        for name, path in files.items():
            path.write_text(before[name])


def check() -> None:
    """Ends where lines of a mistake do not stand in the sources just once."""
    for mistake in MISTAKES:
        for name, right, _ in mistake.changes:
            count = (ROOT / "Sources" / "Attribution" / name).read_text().count(right)
            if count != 1:
                sys.exit(f"mutations: {name} has {count} times, and not once: {right}")


def main() -> int:
    check()
    if sys.argv[1:] == ["--check"]:
        return 0
    wanted = [mistake for mistake in MISTAKES if not sys.argv[1:] or any(word in mistake.what for word in sys.argv[1:])]
    prepare()
    if failing := first_notice():
        sys.exit(f"mutations: without any, this test fails: {failing}")
    missed = 0
    for mistake in wanted:
        noticed = notice(mistake)
        missed += noticed is None
        print(f"{'noticed' if noticed else 'MISSED '}  {mistake.what:<82}  {noticed or ''}".rstrip(), flush=True)
    print(f"{len(wanted) - missed} of {len(wanted)} mistakes are noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
