"""Draws docs/performance.md and its pictures, of which README.md shows one, from what `make bench` measured last.

python3 Benchmarks/report.py             from .build/bench.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template

from harness import HERE, ROOT
from pictures import bars, lines
from table import EXPORTER, PROGRAMS, Row, readable

RESULTS = ROOT / ".build" / "bench.json"
REPORT = ROOT / "docs" / "performance.md"
WORDS = HERE / "performance.md"
PICTURES = ROOT / "docs" / "pictures"

# The rows, by quantity and condition, that say most.
IN_SHORT = (
    ("requests", "1 connection"),
    ("requests", "16 connections"),
    ("requests", "64 connections"),
    ("99th percentile", "16 connections"),
    ("processor time a second", "sampling at 10 Hz, idle"),
    ("processor time a second", "sampled and scraped at 10 Hz"),
    ("tick at 100 Hz", "5 domains"),
    ("new TLS connections", "ECDSA P-256, full"),
    ("memory", "resident"),
    ("memory", "anonymous"),
    ("threads", ""),
    ("start to first scrape", ""),
    ("error of the energy in all", "bursts"),
    ("error of the energy in all", "counter that wraps"),
    ("slowest scrape", "under attack, new connections"),
    ("missed ticks at 100 Hz", "64 connections load it"),
)

CHECKED_IN_SHORT = (
    "system calls per tick beyond one per domain",
    "instructions of a tick",
    "instructions of a scrape",
    "mallocs in 1,000 ticks",
    "mallocs in 10,000 keep-alive scrapes",
)

# The pictures: of which function's rows, title, axis, and the quantity that is shown.
LINES = {
    "requests": ("serving", "Requests per second", "requests per second, logarithmic", "requests"),
    "latency": ("serving", "99 of 100 scrapes are answered within", "milliseconds, logarithmic", "99th percentile"),
}
BARS = {
    "memory": ("serving", "Memory after the load", "MiB", "memory"),
    "processor": ("idling", "Processor time a second", "microseconds", "processor time a second"),
    "start": ("starting", "Start to first scrape", "milliseconds", "start to first scrape"),
    "energy": ("scraped_energy", "Error of the energy in all", "percent", "error of the energy in all"),
}


def report(results: Mapping) -> str:
    """docs/performance.md: the words of performance.md beside this file, with the figures in them."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in results["rows"]:
        rows[row["section"]].append(_row(row))
    values = {"machine": _machine(results), "short": _in_short(results, rows)}
    values |= {f"version_{name}": results["versions"].get(name, "not measured") for name in PROGRAMS}
    values |= {section: _table(taken) for section, taken in rows.items()}
    values["checks"] = _checks(results["checks"])
    values["skipped"] = "".join(f"- Left out: {reason}.\n" for reason in dict.fromkeys(results["skipped"]))
    _draw(rows)
    return Template(WORDS.read_text()).substitute(defaultdict(lambda: "Not measured in this run.\n", values))


def _row(row: Mapping) -> Row:
    return Row(row["quantity"], row["condition"], row["unit"], row["figures"], note=row["note"], ratios=row["ratios"])


def _machine(results: Mapping) -> str:
    machine = results["machine"]
    return (
        f"On {results['date']}, commit `{machine['commit']}`, {machine['processor']}, {machine['system']};\n"
        f"medians of {results['rounds']} rounds of {results['seconds']:g} s."
    )


def _in_short(results: Mapping, rows: Mapping[str, Sequence[Row]]) -> str:
    by_name = {(row.quantity, row.condition): row for taken in rows.values() for row in taken}
    kept = {figure["name"]: figure["value"] for figure in results["checks"]}
    checked = [Row(name, "", "", {EXPORTER: kept[name]}) for name in CHECKED_IN_SHORT if name in kept]
    return _table([*(by_name[name] for name in IN_SHORT if name in by_name), *checked], has_notes=False)


def _table(rows: Iterable[Row], has_notes: bool = True) -> str:
    """A column for each program that has a figure; behind each, how many times that of it the exporter's is."""
    rows = list(rows)
    programs = [name for name in PROGRAMS if any(name in row.figures for row in rows)]
    has_notes = has_notes and any(row.note for row in rows)
    heads = ["Figure", *programs, *(["Note"] if has_notes else [])]
    lines = [heads, ["---", *["---:"] * len(programs), *(["---"] if has_notes else [])]]
    for row in rows:
        lines.append([row.title, *[_cell(row, name) for name in programs], *([row.note] if has_notes else [])])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(row: Row, program: str) -> str:
    if program not in row.figures:
        return ""
    figure = readable(row.figures[program])
    ratio = row.ratio(program)
    return f"**{figure}**" if program == EXPORTER else figure if ratio is None else f"{figure} (x {readable(ratio)})"


def _draw(rows: Mapping[str, Sequence[Row]]) -> None:
    """Writes the pictures of what was measured."""
    PICTURES.mkdir(exist_ok=True)
    for name, (section, title, axis, quantity) in LINES.items():
        taken = [row for row in rows[section] if row.quantity == quantity]
        if taken:
            series = {program: [row.figures[program] for row in taken] for program in taken[0].figures}
            positions = [row.condition.split()[0] for row in taken]
            (PICTURES / f"{name}.svg").write_text(lines(title, "connections", axis, positions, series))
    for name, (section, title, axis, quantity) in BARS.items():
        groups = {row.condition: row.figures for row in rows[section] if row.quantity == quantity}
        if groups:
            (PICTURES / f"{name}.svg").write_text(bars(title, axis, groups))


def _checks(checks: Sequence[Mapping]) -> str:
    """Each figure that is checked, and what it may be at most."""
    heads = "| Figure | Measured | At most |\n|---|---:|---:|\n"
    return heads + "".join(
        f"| {check['name']} | {readable(check['value'])} | {readable(check['most'])} |\n" for check in checks
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=Path, default=RESULTS)
    options = parser.parse_args()
    if not options.input.exists():
        print(f"{options.input} is missing: run `make bench` first, on a quiet machine", file=sys.stderr)
        return 1
    REPORT.write_text(report(json.loads(options.input.read_text())))
    print(f"written: {REPORT} and {PICTURES}/*.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
