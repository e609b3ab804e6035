"""Measures the exporter: `make bench` compares it with others, `make bench-smoke` checks what time does not change.

    python3 Benchmarks/bench.py [--only NAME] [--rounds N] [--seconds N]     the table, and the checks
    python3 Benchmarks/bench.py --smoke [--only NAME]                        the checks alone

The binary is .build/release/pyjoules-exporter, or what PYJOULES_EXPORTER names. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import comparison
import rows
from checks import CHECKS, Figure
from harness import HERE, ROOT, Failure, Skip, workshop
from machine import description
from rivals import versions
from table import Bench, Row

# What a measurement may end with; anything else is a mistake in the benchmark itself and shows its traceback.
TROUBLES = (Failure, OSError, subprocess.SubprocessError)
RESULTS = ROOT / ".build" / "bench.json"


def measured(
    function: Callable, bench: Bench, argument: object, only: str, troubles: list[str]
) -> Iterator[Row | Figure]:
    """What a row function or a check yields, if it was asked for; what ends it too early is printed and noted."""
    if only not in function.__name__:
        return
    try:
        yield from function(argument)
    except Skip as reason:
        bench.skip(function.__name__, reason)
    except TROUBLES as trouble:
        troubles.append(f"{function.__name__}: {trouble}")
        print(f"FAIL  {troubles[-1]}", flush=True)


def print_table(bench: Bench, only: str, troubles: list[str]) -> list[dict[str, object]]:
    """Prints the rows as they are measured. A goal that is missed is no trouble, it only shows."""
    taken = []
    for function in comparison.ROWS + rows.ROWS:
        for row in measured(function, bench, bench, only, troubles):
            print(row, flush=True)
            taken.append({"section": function.__name__, **asdict(row), "verdicts": row.verdicts})
    return taken


def run_checks(bench: Bench, only: str, troubles: list[str]) -> list[dict[str, object]]:
    """Prints each figure beside its threshold. One that is over it is trouble."""
    thresholds = json.loads((HERE / "thresholds.json").read_text())
    taken = []
    for check in CHECKS:
        for figure in measured(check, bench, bench.workshop, only, troubles):
            most = thresholds[figure.name]
            verdict = "PASS" if figure.value <= most else "FAIL"
            print(
                f"{verdict}  {figure.name:<50}  {figure.value:>8.6g}  at most {most:<7g}  ({figure.detail})", flush=True
            )
            if verdict == "FAIL":
                troubles.append(figure.name)
            taken.append({**asdict(figure), "most": most})
    return taken


def write_results(bench: Bench, taken: list[dict], checked: list[dict], path: Path) -> None:
    """All that report.py needs."""
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": description(),
        "versions": versions(),
        "rounds": bench.rounds,
        "seconds": bench.seconds,
        "skipped": bench.skipped,
        "rows": taken,
        "checks": checked,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=1))
    print(f"written to {path}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="run the checks instead of the table")
    parser.add_argument("--only", default="", metavar="NAME", help="only functions whose name contains this")
    parser.add_argument("--rounds", type=int, default=5, help="turns of which the median is taken (5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement (1)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the table's figures go, for report.py")
    options = parser.parse_args()
    # Who ends it leaves neither servers nor cgroups behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    troubles: list[str] = []
    with workshop() as place:
        bench = Bench(place, options.rounds, options.seconds)
        if options.smoke:
            run_checks(bench, options.only, troubles)
        else:
            taken = print_table(bench, options.only, troubles)
            write_results(bench, taken, run_checks(bench, options.only, troubles), options.output)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
