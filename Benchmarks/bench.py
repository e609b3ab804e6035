"""Measures the exporter: `make bench` prints a table of ratios, `make bench-smoke` checks what time does not change.

    python3 Benchmarks/bench.py [--only NAME] [--rounds N] [--seconds N]     the table, see rows.py
    python3 Benchmarks/bench.py --smoke [--only NAME]                        the checks, see checks.py

The binary is .build/release/pyjoules-exporter, or what PYJOULES_EXPORTER names. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator

from checks import CHECKS, Check
from harness import HERE, Failure, Skip, Workshop, workshop
from rows import ROWS, Bench, Row

# What a measurement may end with; anything else is a mistake in the benchmark itself and shows its traceback.
TROUBLES = (Failure, OSError, subprocess.SubprocessError)


def print_table(bench: Bench, only: str) -> bool:
    """Prints the rows as they are measured. False if one could not be measured; a goal that is missed only shows."""
    print(formatted(Row("what", "figure", "against")))
    succeeded = True
    for function in ROWS:
        if only not in function.__name__:
            continue
        try:
            for row in function(bench):
                print(formatted(row), flush=True)
        except Skip as reason:
            print(f"SKIP  {function.__name__}: {reason}", flush=True)
        except TROUBLES as trouble:
            print(f"FAIL  {function.__name__}: {trouble}", flush=True)
            succeeded = False
    return succeeded


def formatted(row: Row) -> str:
    """A line of the table."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    verdict = {None: "", True: f"{row.goal}: met", False: f"{row.goal}: MISSED"}[row.met]
    return f"{row.what:<50}  {row.figure:<30}  {row.against:<42}  {ratio:>5}  {verdict}".rstrip()


def run_checks(workshop: Workshop, only: str) -> bool:
    """Prints each figure beside its threshold. False if one is over it, or could not be taken for no good reason."""
    thresholds = json.loads((HERE / "thresholds.json").read_text())
    succeeded = True
    for check in CHECKS:
        if only not in check.__name__:
            continue
        try:
            for verdict, line in judged(check, workshop, thresholds):
                print(line, flush=True)
                succeeded &= verdict
        except Skip as reason:
            print(f"SKIP  {check.__name__}: {reason}", flush=True)
        except TROUBLES as trouble:
            print(f"FAIL  {check.__name__}: {trouble}", flush=True)
            succeeded = False
    return succeeded


def judged(check: Check, workshop: Workshop, thresholds: dict[str, float]) -> Iterator[tuple[bool, str]]:
    """Whether each figure of a check is within its threshold, and the line that says so."""
    for figure in check(workshop):
        most = thresholds[figure.name]
        passes = figure.value <= most
        verdict = "PASS" if passes else "FAIL"
        yield passes, f"{verdict}  {figure.name:<50}  {figure.value:>8.6g}  at most {most:<7g}  ({figure.detail})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="run the checks instead of the table")
    parser.add_argument("--only", default="", metavar="NAME", help="only functions whose name contains this")
    parser.add_argument("--rounds", type=int, default=5, help="turns of which the median is taken (5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement (3)")
    options = parser.parse_args()
    with workshop() as place:
        if options.smoke:
            succeeded = run_checks(place, options.only)
        else:
            succeeded = print_table(Bench(place, options.rounds, options.seconds), options.only)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
