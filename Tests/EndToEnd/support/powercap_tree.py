"""A fake sysfs with RAPL zones, laid out as the kernel's powercap framework lays out the real one.

Class entries are symbolic links into devices/virtual/powercap, the control type has its own entry
without a counter, `energy_uj` is 0400, and every file holds a decimal number and a newline.

As a program it moves the counters along a known curve, to its very end if it is not ended before:

    python3 powercap_tree.py ROOT --curve      # prints "START <monotonic> <realtime>", then runs
    python3 powercap_tree.py ROOT --curve --held      # prints "HELD", and the same once a line comes
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# What a driver with an energy status unit of 14 shows: (2**32 - 1) * 61035 / 1000.
REAL_RANGE_UJ = 262143328850


@dataclass(frozen=True)
class Curve:
    """Power over time of one domain: `base + swing * sin(2 pi t / period)` watts, never negative."""

    base_watts: float
    swing_watts: float
    period_seconds: float

    def joules(self, seconds: float) -> float:
        """Energy used from time 0 until `seconds`, in closed form."""
        angle = 2 * math.pi * seconds / self.period_seconds
        wave = self.swing_watts * self.period_seconds / (2 * math.pi) * (1 - math.cos(angle))
        return self.base_watts * seconds + wave


@dataclass(frozen=True)
class Pulses:
    """Power over time of one domain: `low_watts`, and at the beginning of each period `high_watts` for a moment."""

    low_watts: float
    high_watts: float
    pulse_seconds: float
    period_seconds: float

    def joules(self, seconds: float) -> float:
        """Energy used from time 0 until `seconds`."""
        periods, rest = divmod(seconds, self.period_seconds)
        high_seconds = periods * self.pulse_seconds + min(rest, self.pulse_seconds)
        return self.low_watts * seconds + (self.high_watts - self.low_watts) * high_seconds

    @property
    def mean_watts(self) -> float:
        return self.joules(self.period_seconds) / self.period_seconds


def microjoules(curve: Curve | Pulses, seconds: float) -> int:
    """What a counter that never wraps would show after this time."""
    return int(curve.joules(seconds) * 1e6)


@dataclass(frozen=True)
class Zone:
    """One zone as the kernel names it: `number` is "0" or "0:1"."""

    number: str
    name: str
    curve: Curve | Pulses | None = None
    range_uj: int = REAL_RANGE_UJ
    control_type: str = "intel-rapl"
    # The long-term limit; the exporter believes twice as much power, and everything up to 100 W.
    limit_watts: int = 250


def replace_content(path: Path, content: bytes) -> None:
    """Writes in place: who has the file open reads the old bytes or the new ones, if both are of one length."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))
    finally:
        os.close(descriptor)


class PowercapTree:
    """Builds the tree under `root` (what `--path.sysfs` takes) and sets its counters."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.zones: list[Zone] = []
        (self.root / "class" / "powercap").mkdir(parents=True, exist_ok=True)

    def add(self, zone: Zone, energy_uj: int = 0) -> None:
        """Registers a zone; a sub-zone's parent must be there already."""
        base = self._base(zone)
        if not base.exists():
            base.mkdir(parents=True)
            (base / "enabled").write_text("1\n")
            self._link(base)
        directory = self._directory(zone)
        directory.mkdir()
        (directory / "name").write_text(zone.name + "\n")
        (directory / "max_energy_range_uj").write_text(f"{zone.range_uj}\n")
        (directory / "enabled").write_text("1\n")
        (directory / "constraint_0_name").write_text("long_term\n")
        (directory / "constraint_0_power_limit_uw").write_text(f"{zone.limit_watts * 1_000_000}\n")
        counter = directory / "energy_uj"
        counter.write_text(f"{energy_uj}\n")
        # 0400 as in the kernel, where this process may write all the same.
        counter.chmod(0o400 if os.geteuid() == 0 else 0o600)
        self._link(directory)
        self.zones.append(zone)

    def remove(self, number: str, control_type: str = "intel-rapl") -> None:
        """Unregisters a zone and its sub-zones; a descriptor that has one of their counters open reads it no more."""
        removed = [
            zone
            for zone in self.zones
            if zone.control_type == control_type and f"{zone.number}:".startswith(f"{number}:")
        ]
        for zone in removed:
            self._entry(self._directory(zone)).unlink()
            self.zones.remove(zone)
        shutil.rmtree(self._directory(removed[0]))

    def counter(self, number: str, control_type: str = "intel-rapl") -> Path:
        """The path of a zone's `energy_uj`."""
        return self.root / "class" / "powercap" / f"{control_type}:{number}" / "energy_uj"

    def set(self, number: str, energy_uj: int, control_type: str = "intel-rapl") -> None:
        """Sets a counter in place: an open descriptor reads the new value, never half of one.

        The digits are padded to one length, so a single write replaces the whole content.
        """
        self.set_bytes(number, b"%019d\n" % energy_uj, control_type)

    def set_bytes(self, number: str, content: bytes, control_type: str = "intel-rapl") -> None:
        """Puts any bytes, such as none or garbage, where the counter is read."""
        replace_content(self.counter(number, control_type), content)

    def move_along_curves(self, seconds: float) -> None:
        """Sets every counter to what its curve has used after `seconds`, wrapped as the hardware does."""
        for zone in self.zones:
            if zone.curve is not None:
                counted = microjoules(zone.curve, seconds) % (zone.range_uj + 1)
                self.set(zone.number, counted, zone.control_type)

    def _base(self, zone: Zone) -> Path:
        """The directory of a zone's control type."""
        return self.root / "devices" / "virtual" / "powercap" / zone.control_type

    def _directory(self, zone: Zone) -> Path:
        directory = self._base(zone)
        parts = zone.number.split(":")
        for depth in range(1, len(parts) + 1):
            directory = directory / f"{zone.control_type}:{':'.join(parts[:depth])}"
        return directory

    def _entry(self, directory: Path) -> Path:
        """The class entry that leads to a directory."""
        return self.root / "class" / "powercap" / directory.name

    def _link(self, directory: Path) -> None:
        entry = self._entry(directory)
        entry.symlink_to(os.path.relpath(directory, entry.parent))
        # By these two udev knows a device.
        (directory / "uevent").touch()
        (directory / "subsystem").symlink_to(os.path.relpath(entry.parent, directory))


def laptop(root: Path | str, range_uj: int = REAL_RANGE_UJ, limit_watts: int = 4000) -> PowercapTree:
    """Five domains: one package with core and uncore, dram, and psys.

    The limit is far above the curves, so that tests may move counters by joules at a time. A range that wraps every few
    seconds needs a low one, or the exporter could not tell a wrap from a counter that was set anew.
    """
    tree = PowercapTree(root)
    for number, name, curve in (
        ("0", "package-0", Curve(30, 20, 7.0)),
        ("0:0", "core", Curve(15, 10, 5.0)),
        ("0:1", "uncore", Curve(4, 2, 3.0)),
        ("0:2", "dram", Curve(3, 1, 11.0)),
        ("1", "psys", Curve(50, 25, 13.0)),
    ):
        tree.add(Zone(number, name, curve, range_uj, limit_watts=limit_watts))
    return tree


def two_sockets(root: Path | str) -> PowercapTree:
    """Eight domains: two packages, each with core, uncore and dram."""
    tree = PowercapTree(root)
    for socket in (0, 1):
        # No two alike: counters that always show the same are taken for one.
        tree.add(Zone(f"{socket}", f"package-{socket}", Curve(60 + socket, 40, 7.0)))
        for number, name in enumerate(("core", "uncore", "dram")):
            tree.add(Zone(f"{socket}:{number}", name, Curve(10 + socket, 5, 5.0 + number)))
    return tree


def many_sockets(root: Path | str) -> PowercapTree:
    """34 domains, whose page in the text format has some 44 kB: 17 packages, each with dram."""
    tree = PowercapTree(root)
    for socket in range(17):
        tree.add(Zone(f"{socket}", f"package-{socket}", Curve(60 + socket, 40, 7.0)))
        tree.add(Zone(f"{socket}:0", "dram", Curve(10 + socket, 5, 5.0)))
    return tree


# A burst of 200 ms at three times the mean of 30 W every 7 s, and spikes of 5 ms at nine times the power between them.
BURSTS = Pulses(low_watts=30 * 6.4 / 6.8, high_watts=90, pulse_seconds=0.2, period_seconds=7)
SPIKES = Pulses(low_watts=40, high_watts=360, pulse_seconds=0.005, period_seconds=0.7)


def bursty(root: Path | str) -> PowercapTree:
    """A package that works in bursts, and a platform with spikes."""
    tree = PowercapTree(root)
    tree.add(Zone("0", "package-0", BURSTS, limit_watts=4000))
    tree.add(Zone("1", "psys", SPIKES, limit_watts=4000))
    return tree


def scraped(root: Path | str) -> PowercapTree:
    """A package that works in short bursts, and one whose counter wraps every ten seconds."""
    tree = PowercapTree(root)
    bursts = Pulses(low_watts=10, high_watts=150, pulse_seconds=0.5, period_seconds=7.3)
    tree.add(Zone("0", "package-0", bursts, limit_watts=4000))
    tree.add(Zone("1", "package-1", Curve(30, 20, 7.0), 3 * WRAPPING_RANGE_UJ, limit_watts=CURVES_LIMIT_WATTS))
    return tree


# Of each domain of `steady`, by its name.
STEADY_WATTS = {"package-0": 40, "dram": 5}


def steady(root: Path | str) -> PowercapTree:
    """A package and its memory whose power never changes."""
    tree = PowercapTree(root)
    for number, (name, watts) in zip(("0", "0:0"), STEADY_WATTS.items(), strict=True):
        tree.add(Zone(number, name, Curve(watts, 0, 1), limit_watts=CURVES_LIMIT_WATTS))
    return tree


# Small enough to wrap every few seconds under the curves above.
WRAPPING_RANGE_UJ = 99_999_999
# Twice this is more than any of the curves above draws.
CURVES_LIMIT_WATTS = 50
# What moves a counter may be held up by the machine, and then catches up: a step that is more than twice this allows,
# at a wrap, is a counter that was set anew. So it may be held up by 80 ms between samples of 20 ms, and the exporter
# by 300 ms.
WRAPPING_LIMIT_WATTS = 150


MACHINES = {machine.__name__: machine for machine in (laptop, two_sockets, many_sockets, bursty, scraped, steady)}


def _take_precedence() -> None:
    """Asks for priority over everything else, which root gets: the energy of a late step would look like a burst."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("--curve", action="store_true", help="move the counters until ended")
    parser.add_argument("--held", action="store_true", help="begin when a line comes on standard input")
    parser.add_argument("--machine", choices=["wrapping", *MACHINES], default="wrapping")
    parser.add_argument("--range-uj", type=int, default=WRAPPING_RANGE_UJ, help="where those of `wrapping` wrap")
    parser.add_argument("--step-seconds", type=float, default=0.005, help="the time between two steps of a counter")
    parser.add_argument("--seconds", type=float, default=600.0, help="end by itself after this time")
    options = parser.parse_args()
    if options.machine == "wrapping":
        tree = laptop(options.root, options.range_uj, WRAPPING_LIMIT_WATTS)
    else:
        tree = MACHINES[options.machine](options.root)
    _take_precedence()
    if options.held:
        print("HELD", flush=True)
        sys.stdin.readline()
    start = time.monotonic()
    print("START", repr(start), repr(time.time()), flush=True)
    if options.curve:
        while (elapsed := time.monotonic() - start) < options.seconds:
            tree.move_along_curves(elapsed)
            time.sleep(options.step_seconds)
        tree.move_along_curves(options.seconds)


if __name__ == "__main__":
    main()
