"""What the documents promise of themselves: where their links lead, and that README is a front door."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.exporter import REPOSITORY

MOST_LINES_OF_README = 120
# Words for docs/performance.md, whose links are of that place.
TEMPLATE = "Benchmarks/performance.md"
DOCUMENTS = [
    REPOSITORY / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split()
    if name != TEMPLATE
]


def anchors(document: Path) -> set[str]:
    """The headings as links name them: in small letters, with dashes for blanks, without other signs."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_its_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_readme_is_a_front_door() -> None:
    text = (REPOSITORY / "README.md").read_text()
    assert len(text.splitlines()) <= MOST_LINES_OF_README
    docs = {str(path.relative_to(REPOSITORY)) for path in DOCUMENTS if path.parent.name == "docs"}
    assert [name for name in sorted(docs) if f"({name})" not in text] == [], "it leads to each document"
