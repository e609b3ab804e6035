"""A laptop at work, for the pictures of the page: made-up counters that move as those of a machine do that is used."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from support.powercap_tree import PowercapTree, laptop

STEP_SECONDS = 0.02
IDLE_WATTS = 6.0
#: What is done in each two minutes: from which second to which, and with how many watts. One of it is a build.
WORK = ((8, 11, 14.0), (20, 23, 9.0), (34, 71, 31.0), (75, 77, 12.0), (88, 96, 19.0), (104, 107, 11.0))
PERIOD_SECONDS = 120
RISE_SECONDS = 0.6


def _work(seconds: float) -> float:
    """What the work takes, in watts; each piece rises and falls within a moment."""
    now = seconds % PERIOD_SECONDS
    return sum(watts * _step(now - begin) * _step(end - now) for begin, end, watts in WORK)


def _step(seconds: float) -> float:
    """From 0 to 1 around the time 0."""
    return (1 + math.tanh(2 * seconds / RISE_SECONDS)) / 2


def _unrest(seconds: float) -> float:
    """No machine draws the same for long: between -1 and 1, never twice alike."""
    return sum(math.sin(seconds * pace) for pace in (1.13, 2.71, 5.77, 9.41)) / 4


def watts(seconds: float) -> dict[str, float]:
    """The power of each zone, by its number."""
    work, unrest = _work(seconds), _unrest(seconds)
    cores = 1.5 + 0.9 * work + (0.4 + 0.05 * work) * unrest
    uncore = 0.6 + 0.02 * work + 0.2 * _unrest(seconds * 1.7)
    package = IDLE_WATTS - 3 + cores + uncore
    dram = 1.1 + 0.06 * work + 0.1 * _unrest(seconds * 0.6)
    return {"0": package, "0:0": cores, "0:1": uncore, "0:2": dram, "1": package + dram + 5.5 + 0.3 * unrest}


@contextlib.contextmanager
def at_work(root: Path) -> Iterator[PowercapTree]:
    """A tree whose counters move until the block is left."""
    tree = laptop(root, limit_watts=100)
    ended = threading.Event()
    mover = threading.Thread(target=_move, args=(tree, ended))
    mover.start()
    try:
        yield tree
    finally:
        ended.set()
        mover.join()


def _move(tree: PowercapTree, ended: threading.Event) -> None:
    joules = dict.fromkeys(watts(0), 0.0)
    begin = last = time.monotonic()
    while not ended.wait(STEP_SECONDS):
        now = time.monotonic()
        for number, power in watts(now - begin).items():
            joules[number] += power * (now - last)
            tree.set(number, int(joules[number] * 1e6))
        last = now
