"""The table of series in docs/metrics.md has every family that there is, and nothing else, with its labels."""

from __future__ import annotations

import re
from collections import defaultdict

from support.exporter import REPOSITORY, StartExporter
from support.powercap_tree import PowercapTree

# Families of the standard, which have a row of their own together.
STANDARD = "process_"
# A row may shorten the names after its first one.
SHORTENED = "pyjoules_attribution"
# Labels by which a format splits a series.
OF_THE_FORMAT = {"le"}


def reference() -> dict[str, set[str] | None]:
    """The labels of each family, as the document says; None where it does not say all."""
    text = (REPOSITORY / "docs" / "metrics.md").read_text()
    table = text[text.index("\n| Series |") :].split("\n\n")[0].strip()
    found: dict[str, set[str] | None] = {}
    for row in table.splitlines()[2:]:
        names = re.findall(r"`(\w+)(?:\{([\w,.]*)\})?", row.split("|")[1])
        for name, labels in names:
            full = SHORTENED + name if name.startswith("_") else name
            found[full] = None if "..." in labels else set(labels.split(",")) - {""}
    found.pop(STANDARD)
    return found


def test_a_family_that_is_added_is_in_the_reference() -> None:
    """Whoever declares one adds its row to the table."""
    declared: set[str] = set()
    for source in (REPOSITORY / "Sources" / "Exporter" / "Series").glob("*.swift"):
        declared |= set(re.findall(r'"(pyjoules_\w+)"', source.read_text()))
    assert declared == set(reference())


def test_the_reference_has_the_labels(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, "--sample.interval", "20ms", "--classic-histogram")
    shown: dict[str, set[str]] = defaultdict(set)
    known = reference()
    for sample in exporter.page_after_ticks(5).samples:
        name = sample.name
        if name not in known:
            name = re.sub(r"_(bucket|sum|count)$", "", name)
        if not name.startswith(STANDARD):
            shown[name] |= set(sample.labels) - OF_THE_FORMAT
    assert len(shown) > 20
    for name, labels in shown.items():
        if (said := known[name]) is not None:
            assert labels == said, name
