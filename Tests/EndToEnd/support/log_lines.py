"""The exporter's log lines, read strictly: what is not logfmt is no record."""

from __future__ import annotations

import json
import re

_PAIR = r'([a-z_][a-z0-9_.]*)=("(?:[^"\\]|\\.)*"|[^\s"=]*)'
_LINE = re.compile(f"{_PAIR}( {_PAIR})*")


def parse_logfmt(line: str) -> dict[str, str] | None:
    """The keys and values of one line, or None if it is not well-formed logfmt."""
    if _LINE.fullmatch(line) is None:
        return None
    return {key: _unquote(value) for key, value in re.findall(_PAIR, line)}


def parse_json(line: str) -> dict[str, str] | None:
    """The same of a line in the JSON format, or None if it is not one JSON object."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def parse(line: str) -> dict[str, str] | None:
    """A line in either format."""
    return parse_json(line) if line.startswith("{") else parse_logfmt(line)


def _unquote(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
