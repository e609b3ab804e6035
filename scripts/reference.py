#!/usr/bin/env python3
"""Makes the reference of all series: what the program says of each family, and the words of a template around it.

reference.py BINARY packaging/metrics.md.in FILE

In the template, @SERIES@ becomes the table. What follows the line @REMARKS@ is no part of the reference: each line
there, `name: text`, says more of one family than its HELP, which is short and the same on every host.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HEADER = "| Series | Type | What it is |\n|---|---|---|"


@dataclass
class Family:
    """What the program says of one, under the name that its series have."""

    type: str
    labels: str = ""
    help: str = ""

    def row(self, name: str, remark: str) -> str:
        labels = f"{{{self.labels}}}" if self.labels else ""
        words = f"{self.help} {remark}".strip().replace("|", r"\|")
        return f"| `{name}{labels}` | {self.type} | {words} |"


def families(listed: str) -> dict[str, Family]:
    """Of a list as OpenMetrics has its metadata, in its order; there a counter goes without its `_total`."""
    found: dict[str, Family] = {}
    for line in listed.splitlines():
        _, key, stem, text = line.split(" ", 3)
        match key:
            case "TYPE":
                family = found[f"{stem}_total" if text == "counter" else stem] = Family(text)
            case "HELP":
                family.help = text.replace(r"\"", '"').replace(r"\\", "\\")
            case "LABELS":
                family.labels = text
    return found


def remarks_of(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.splitlines() if line)


def reference(listed: str, template: str) -> str:
    """The document; an error if the template says something of a family that there is not."""
    page, _, rest = template.partition("\n@REMARKS@\n")
    found, remarks = families(listed), remarks_of(rest)
    if unknown := sorted(remarks.keys() - found.keys()):
        raise SystemExit(f"reference.py: remarks on what the program does not show: {', '.join(unknown)}")
    rows = [family.row(name, remarks.get(name, "")) for name, family in found.items()]
    return page.replace("@SERIES@", "\n".join([HEADER, *rows]))


def main() -> None:
    binary, template, file = sys.argv[1:]
    listed = subprocess.run([binary, "series"], capture_output=True, text=True, check=True).stdout
    Path(file).write_text(reference(listed, Path(template).read_text()))


if __name__ == "__main__":
    main()
