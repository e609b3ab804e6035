"""docs/metrics.md is what the program says of its families now, and pages have what is said there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from support.exporter import BINARY, REPOSITORY, StartExporter
from support.powercap_tree import PowercapTree

REFERENCE = REPOSITORY / "docs" / "metrics.md"
SCRIPT = REPOSITORY / "scripts" / "reference.py"
TEMPLATE = REPOSITORY / "packaging" / "metrics.md.in"
# Labels by which a format splits a series.
OF_THE_FORMAT = {"le", "quantile"}
# Has the labels only of which something is known.
PARTLY_LABELLED = "pyjoules_attributed_energy_joules_total"


def make(template: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, BINARY, template, file]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def reference() -> dict[str, set[str]]:
    """The labels of each family, as the document says."""
    rows = re.findall(r"^\| `(\w+)(?:\{([\w,]*)\})?` \| \w+ \| \S.* \|$", REFERENCE.read_text(), re.MULTILINE)
    assert len(rows) > 40
    return {name: set(labels.split(",")) - {""} for name, labels in rows}


def test_the_reference_is_made_of_what_the_program_says(tmp_path: Path) -> None:
    """A family that is added, or whose HELP, type or labels change, was forgotten in the document."""
    made = make(TEMPLATE, tmp_path / "metrics.md")
    assert made.returncode == 0, made
    assert (tmp_path / "metrics.md").read_text() == REFERENCE.read_text(), "run `make reference` and commit the result"


def test_every_family_is_in_the_reference() -> None:
    """Those too that only some options declare."""
    declared: set[str] = set()
    for source in (REPOSITORY / "Sources" / "Exporter" / "Series").glob("*.swift"):
        declared |= set(re.findall(r'"((?:pyjoules|process)_\w+)"', source.read_text()))
    assert declared == set(reference())


def test_a_remark_on_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.write_text(TEMPLATE.read_text() + "pyjoules_gone_total: It was renamed.\n")
    made = make(template, tmp_path / "metrics.md")
    assert made.returncode == 1 and "pyjoules_gone_total" in made.stderr
    assert not (tmp_path / "metrics.md").exists()


@pytest.fixture
def shown(start_exporter: StartExporter, tree: PowercapTree) -> dict[str, set[str]]:
    """The labels of each family of a page."""
    exporter = start_exporter(tree, "--sample.interval", "20ms", "--classic-histogram")
    found: dict[str, set[str]] = defaultdict(set)
    known = reference()
    for sample in exporter.page_after_ticks(5).samples:
        stem = re.sub(r"_(bucket|sum|count)$", "", sample.name)
        found[sample.name if sample.name in known else stem] |= set(sample.labels) - OF_THE_FORMAT
    return found


def test_a_page_has_the_labels_of_the_reference(shown: dict[str, set[str]]) -> None:
    assert len(shown) > 20
    for name, labels in shown.items():
        known = reference()[name]
        assert labels <= known if name == PARTLY_LABELLED else labels == known, name
