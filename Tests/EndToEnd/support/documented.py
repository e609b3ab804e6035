"""The configurations of docs/integrations.md, which tests use as they stand there."""

from __future__ import annotations

import re

from .exporter import REPOSITORY

DOCUMENT = REPOSITORY / "docs/integrations.md"
# What the document calls an exporter.
EXPORTER = "host.example:9091"


def block(heading: str, language: str, **replacements: str) -> str:
    """The only block of a language under a heading, in which each key of `replacements` is replaced, all of them."""
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    assert section is not None, heading
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
    return replaced(found, replacements)


def replaced(text: str, replacements: dict[str, str]) -> str:
    """Each key must be there: what the document does not say is not tested."""
    for former, latter in replacements.items():
        assert former in text, f"{former!r} in {text}"
        text = text.replace(former, latter)
    return text
