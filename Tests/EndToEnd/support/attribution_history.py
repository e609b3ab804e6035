"""Random lives of control groups, of which everything is known: what ran, what was born and died, seen or unseen.

As in the kernel: a group's time is that of everything in it, also of what was removed; numbers grow and are never given
out twice; files are read one after the other, while their groups go on; the time at rest is cut to ticks.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from .attribution_model import ROOT, Group, Look

TICK = 10_000
PRICE = 3
"""Microjoules of a microsecond of work."""


@dataclass
class _Living:
    identifier: int
    own: int = 0
    # What was in it and was removed.
    inherited: int = 0


class History:
    """One machine's life. The same seed gives the same life."""

    def __init__(
        self, seed: int, *, skew: bool = False, failures: bool = False, idle_microwatts: int = 0, names: int = 16
    ) -> None:
        self._random = random.Random(seed)
        self._skew = skew
        self._failures = failures
        self._idle_microwatts = idle_microwatts
        self._names = names
        self._groups: dict[str, _Living] = {}
        # Since the latest look, by the place in which they lay.
        self._removed: dict[str, int] = {}
        self._outside = _Living(0)
        self._number = 0
        self._wall = 0
        self._fraction = 0
        self._worked = 0
        self.processors = self._random.randint(1, 4)
        self.energy = 0
        # What ran below each path that there ever was, units and slices.
        self.ran: dict[str, int] = {ROOT: 0}
        for slice_name in ("system.slice", "system.slice/system-getty.slice", "user.slice", "machine.slice"):
            self._add(slice_name)

    def look(self) -> Look:
        """Lets a while pass, and looks."""
        awake = self._random.choice([100_000, 1_000_000, 1_000_000, 2_500_000])
        capacity = awake * self.processors
        work = self._random.choice([0, capacity // 200, capacity // 3, capacity])
        worked_before = self._worked
        while work > 0:
            part = min(work, self._random.randint(1, capacity))
            work -= part
            self._live_a_little(part)
        self._wall += awake
        groups = self._read()
        energy = self._fraction + self._idle_microwatts * awake
        self._fraction = energy % 1_000_000
        energy = energy // 1_000_000 + (self._worked - worked_before) * PRICE
        self.energy += energy
        rested = max(self._wall * self.processors - self._worked, 0) // TICK * TICK
        removed, self._removed = self._removed, {}
        known = None if self._failures and self._random.random() < 0.02 else rested
        return Look(self._wall, {"package": energy}, known, self.processors, groups, removed)

    def units(self) -> list[str]:
        return [path for path in self._groups if not path.endswith(".slice")]

    def _live_a_little(self, work: int) -> None:
        chance = self._random.random()
        if chance < 0.25:
            self._add_unit()
        elif chance < 0.45 and (units := self.units()):
            self._remove(self._random.choice(units))
        elif chance < 0.55:
            # Born and dead between two looks.
            path = self._add_unit()
            if path:
                self._run(path, work)
                self._remove(path)
                return
        elif chance < 0.6 and (units := self.units()):
            # Started again.
            path = self._random.choice(units)
            self._remove(path)
            self._add(path)
        elif chance < 0.62:
            self._toggle_slice()
        self._run(self._random.choice([ROOT, *self._groups]), work)

    def _add_unit(self) -> str | None:
        parent = self._random.choice([path for path in self._groups if path.endswith(".slice")])
        path = f"{parent}/n{self._random.randrange(self._names)}.service"
        if path in self._groups:
            return None
        self._add(path)
        return path

    def _toggle_slice(self) -> None:
        path = "machine.slice"
        if path not in self._groups:
            self._add(path)
            return
        for inside in [name for name in self._groups if name.startswith(f"{path}/")]:
            self._remove(inside)
        self._remove(path)

    def _add(self, path: str) -> None:
        # As many numbers as a group has files, more or less.
        self._number += self._random.randint(1, 20)
        self._groups[path] = _Living(self._number)
        self.ran.setdefault(path, 0)

    def _remove(self, path: str) -> None:
        time = self._usage(path)
        del self._groups[path]
        place = path.rpartition("/")[0]
        self._living(place).inherited += time
        self._removed[place] = self._removed.get(place, 0) + 1

    def _living(self, path: str) -> _Living:
        return self._groups[path] if path else self._outside

    def _run(self, path: str, microseconds: int) -> None:
        self._living(path).own += microseconds
        self._worked += microseconds
        while path:
            self.ran[path] += microseconds
            path = path.rpartition("/")[0]
        self.ran[ROOT] += microseconds

    def _usage(self, path: str) -> int:
        inside = [living for name, living in self._groups.items() if name == path or name.startswith(f"{path}/")]
        return sum(living.own + living.inherited for living in inside)

    def _read(self) -> dict[str, Group]:
        """Units first, then slices from the deepest up, as the program reads them."""
        order = sorted(self._groups, key=lambda path: (path.endswith(".slice"), -path.count("/")))
        usage: dict[str, int | None] = {}
        for path in order:
            usage[path] = self._usage(path)
            if self._skew and self._random.random() < 0.3:
                self._run(self._random.choice([ROOT, *self._groups]), self._random.randint(0, 4000))
            if self._failures and self._random.random() < 0.005:
                usage[path] = None
        return {path: Group(living.identifier, usage[path]) for path, living in self._groups.items()}
