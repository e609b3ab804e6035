"""A feed as its definition says it is to be read (docs/feeds.md), strictly: what is not allowed fails the test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

_PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\["\\])*"|[^ "=\\]+)')
_NUMBER = re.compile(r"[0-9]+(\.[0-9]{1,9})?")
_REASONS = {"not_supported", "forbidden", "asleep", "lost", "driver_mismatch", "timeout", "error"}
_NEEDED = {
    "counter": {"id", "domain", "kind", "unit", "raw"},
    "power": {"id", "domain", "kind", "watts"},
    "samples": {"id", "every", "until", "watts"},
    "unreadable": {"id", "domain", "kind", "reason"},
}


@dataclass
class Feed:
    """What one publication says."""

    name: str
    period: Decimal
    remarks: list[str] = field(default_factory=list)
    entries: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def all(self, word: str) -> dict[str, dict[str, str]]:
        """The lines of a word by the identities in them, none of which may be there twice."""
        found = [pairs for kind, pairs in self.entries if kind == word]
        by_id = {pairs["id"]: pairs for pairs in found}
        assert len(by_id) == len(found), found
        return by_id

    def only(self, word: str) -> dict[str, str]:
        """The only line of a word."""
        found = list(self.all(word).values())
        assert len(found) == 1, self.entries
        return found[0]

    def has(self, word: str) -> bool:
        return any(kind == word for kind, _ in self.entries)


def parse(content: bytes) -> Feed:
    assert len(content) <= 65_536
    assert content.endswith(b"\n")
    lines = content.decode().split("\n")[:-1]
    assert len(lines) <= 1024 and all(len(line.encode()) <= 16_384 and line.isprintable() for line in lines)
    assert lines[0] == "pyjoules-feed 1"
    assert lines[-1] == "end"
    word, reader = _pairs(lines[1])
    assert word == "reader", lines[1]
    feed = Feed(reader["name"], Decimal(reader["period"]))
    for line in lines[2:-1]:
        if line.startswith("#"):
            feed.remarks.append(line.removeprefix("# "))
            continue
        word, pairs = _pairs(line)
        assert _NEEDED[word] <= set(pairs), line
        _check(pairs)
        feed.entries.append((word, pairs))
    return feed


def read(directory: Path, name: str) -> Feed | None:
    """The feed of a reader; None while there is none."""
    try:
        return parse((directory / f"{name}.feed").read_bytes())
    except FileNotFoundError:
        return None


def _pairs(line: str) -> tuple[str, dict[str, str]]:
    word, _, rest = line.partition(" ")
    pairs: dict[str, str] = {}
    position = 0
    while position < len(rest):
        match = _PAIR.match(rest, position)
        assert match is not None, (line, rest[position:])
        key, value = match.groups()
        assert key not in pairs, line
        pairs[key] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        position = match.end()
        assert position == len(rest) or rest[position] == " ", line
        position += 1
    return word, pairs


def _check(pairs: dict[str, str]) -> None:
    assert 1 <= len(pairs["id"].encode()) <= 96
    if "domain" in pairs:
        assert re.fullmatch(r"[a-z0-9_]{1,63}", pairs["domain"])
        assert pairs["kind"] in ("gpu", "sensor")
    for key in ("unit", "at", "spread", "update", "bound", "every", "until"):
        assert key not in pairs or _NUMBER.fullmatch(pairs[key]), pairs
    if "raw" in pairs:
        assert re.fullmatch(r"[0-9]+", pairs["raw"]) and int(pairs["raw"]) < 2**64
    for number in pairs.get("watts", "0").split(","):
        assert _NUMBER.fullmatch(number), pairs
    assert pairs.get("watts", "").count(",") < 1000
    assert pairs.get("reason", "error") in _REASONS
    assert len(pairs.get("text", "").encode()) <= 200
