"""How the tests are shared out to the processes of pytest-xdist."""

from __future__ import annotations

from collections.abc import Callable

import pytest


def is_a_worker(config: pytest.Config) -> bool:
    """Whether this is one of several processes, each of which runs some of the tests."""
    return hasattr(config, "workerinput")


def share_out(items: list[pytest.Item], background: Callable[[pytest.Item], list[str]]) -> None:
    """Keeps together on one process what shares costly work, and puts first what has to wait by its nature.

    For `--dist loadgroup`: tests of one group run on one process, in this order; all others go wherever there is room.
    `background` gives the names of the long work of a test; two of them that one test needs are of one group.
    """
    leaders: dict[str, str] = {}

    def leader(name: str) -> str:
        while leaders.setdefault(name, name) != name:
            name = leaders[name]
        return name

    for item in items:
        for first, second in zip(background(item), background(item)[1:], strict=False):
            leaders[leader(second)] = leader(first)
    groups = {item.nodeid: _group(item, [leader(name) for name in background(item)]) for item in items}
    for item in items:
        if group := groups[item.nodeid]:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not background(item))


def _group(item: pytest.Item, background: list[str]) -> str | None:
    """The name of what the test shares with others: its background, else its module's own fixtures."""
    if background:
        return background[0]
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return str(item.path) if any(fixture[-1].scope == "module" for fixture in fixtures) else None
