"""What the documents show in blocks and tell people to type, taken out of their text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .exporter import REPOSITORY

#: What is for programs of others, of which tests of their own run each block.
OTHERS = ("integrations.md",)
#: Those that tell users what to do, from the root of the repository.
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "deploy/container/README.md",
    *(f"docs/{path.name}" for path in sorted((REPOSITORY / "docs").glob("*.md")) if path.name not in OTHERS),
)
#: Languages of blocks whose lines are typed into a shell.
SHELLS = ("sh", "bash", "shell", "console")
#: What a command line in a sentence begins with.
_PROGRAMS = (
    "apt|curl|docker|htpasswd|journalctl|make|modprobe|podman|promtool|pyjoules-exporter|sudo|systemctl|systemd-run"
)


def _blocks(document: str) -> Iterator[tuple[str, str]]:
    text = (REPOSITORY / document).read_text()
    for found in re.finditer(r"^```(\S*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


def blocks(document: str, *languages: str) -> list[str]:
    """The text of each block in one of the languages."""
    return [text for language, text in _blocks(document) if language in languages]


def languages() -> set[str]:
    """Of all blocks of all documents; empty for one that has none."""
    return {language for document in DOCUMENTS for language, _ in _blocks(document)}


def typed(document: str) -> list[str]:
    """Each command line of the blocks and sentences of a document, without its remark; a script is one."""
    text = (REPOSITORY / document).read_text()
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    in_sentences = re.findall(rf"`((?:{_PROGRAMS})\s[^`]+)`", prose)
    return [
        *(line for block in blocks(document, *SHELLS) for line in _lines(block)),
        *(" ".join(line.split()) for line in in_sentences),
    ]


def _lines(block: str) -> list[str]:
    if block.startswith("#!"):
        return [block]
    lines = (re.sub(r"(^|\s)#\s.*", "", line) for line in block.replace("\\\n", " ").splitlines())
    return [" ".join(part.split()) for line in lines for part in line.split("&&") if part.strip()]


def queries(document: str) -> list[str]:
    """Each query in PromQL, without its remark: a line, or with those after it that are indented."""
    found: list[str] = []
    for block in blocks(document, "promql"):
        for line in block.splitlines():
            words = re.sub(r"\s+#\s.*", "", line)
            if line.startswith((" ", ")")):
                found[-1] += f"\n{words}"
            else:
                found.append(words)
    return found
