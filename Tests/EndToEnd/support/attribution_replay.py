"""Lets the reference model live through what the exporter's own tests did, and says where they differ.

    python3 attribution_replay.py STORIES

A story begins with a line that has the bounds, and each pass is a line with what the files showed and what the exporter
made of it. Whatever differs, by a microjoule or more, is printed, and the status is 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.attribution_model import Group, Look, Model, Settings  # noqa: E402

KIND = "package"


def differences(lines: Iterable[str]) -> list[str]:
    """What the first story that differs has otherwise than the model; nothing if none does."""
    model = Model([KIND])
    for number, line in enumerate(lines, start=1):
        told = json.loads(line)
        if "most_units" in told:
            model = Model([KIND], Settings(**told))
            continue
        if told["is_restart"]:
            model.restart()
        model.take(_look(told))
        if found := _compare(model, told):
            return [f"line {number}: {difference}" for difference in found]
    return []


def _look(told: Mapping[str, Any]) -> Look:
    groups = {path.removeprefix("/"): Group(identifier, usage) for path, identifier, usage in told["groups"]}
    removed = {path.removeprefix("/"): count for path, count in told["removed"].items()}
    return Look(told["awake"], {KIND: told["energy"]}, told["rested"], told["processors"], groups, removed)


def _compare(model: Model, told: Mapping[str, Any]) -> list[str]:
    ours = {account.path: account.joules.get(KIND, 0) for account in model.rows()}
    ours |= {"(idle)": model.idle[KIND], "(retired)": model.retired[KIND]}
    theirs = {path.removeprefix("/"): energy for path, energy in told["rows"].items()}
    theirs |= {"(idle)": told["idle"], "(retired)": told["retired"]}
    return [
        f"{path or '(root)'}: {theirs.get(path)} by the exporter, {ours.get(path)} by the model"
        for path in sorted(ours.keys() | theirs.keys())
        if ours.get(path) != theirs.get(path)
    ]


def main() -> int:
    found = differences(Path(sys.argv[1]).read_text().splitlines())
    if found:
        print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
