"""Counters that move as a machine's do, while a test looks at something else."""

from __future__ import annotations

import time

from .background import Background
from .powercap_tree import PowercapTree


class Moving(Background):
    """Moves the counters of a tree along their curves."""

    def __init__(self, tree: PowercapTree) -> None:
        super().__init__()
        self._tree = tree

    def _run(self) -> None:
        start = time.monotonic()
        while not self._stopped.wait(0.005):
            self._tree.move_along_curves(time.monotonic() - start)
