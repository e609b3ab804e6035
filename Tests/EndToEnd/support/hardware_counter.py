"""Counters that a test moves by hand, and the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from .background import Background
from .powercap_tree import PowercapTree, Zone


@dataclass
class HardwareCounter:
    """A counter that moves by known amounts and wraps as the hardware does, at the range plus one unit."""

    tree: PowercapTree
    zone: Zone
    value: int
    # Microjoules since it was added, and how often it started again from 0.
    moved: int = 0
    wraps: int = 0

    @staticmethod
    def add(tree: PowercapTree, zone: Zone, value: int) -> HardwareCounter:
        tree.add(zone, value)
        return HardwareCounter(tree, zone, value)

    @property
    def modulus(self) -> int:
        unit = max(1, round(self.zone.range_uj / (2**32 - 1)))
        return self.zone.range_uj + unit

    def move(self, microjoules: int) -> None:
        wraps, self.value = divmod(self.value + microjoules, self.modulus)
        assert self.value <= self.zone.range_uj, "no counter shows a value above its range"
        self.moved += microjoules
        self.wraps += wraps
        self.tree.set(self.zone.number, self.value, self.zone.control_type)


def joules(microjoules: int) -> Decimal:
    return Decimal(microjoules) / 1_000_000


class RandomLoad(Background):
    """Moves counters by random amounts from a thread of its own until it is stopped.

    The amounts are such that no two readings, however late one of them is, show more than `bound_watts`: that is what
    the exporter would not believe. The mean is half of it.
    """

    _STEP_SECONDS = 0.002

    def __init__(self, counters: Sequence[HardwareCounter], bound_watts: int, random: Random) -> None:
        super().__init__()
        self._counters = counters
        # A step takes at least its time, so this bounds the power over several of them.
        self._most_microjoules = round(bound_watts * 1_000_000 * self._STEP_SECONDS)
        self._random = random

    def _run(self) -> None:
        while not self._stopped.wait(self._STEP_SECONDS):
            for counter in self._counters:
                counter.move(self._random.randint(0, self._most_microjoules))
