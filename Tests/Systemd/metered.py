"""Processor time that is told from a page: what was accounted to the cgroups of a tree, to the microsecond.

A page has energy, and no processor time. So the tree that the exporter is given has a slice more, whose `cpu.stat` is a
file of the test's, which runs much more than all others, and as much with each move of the energy counter. Then a
microsecond has a price, whatever ran: who has what part of a pass' energy says how much the pass found that it ran.

For that each pass must have a whole number of moves. No pass comes by itself while a test goes on, but one with the
page that is asked for after a move, and nothing moves before a page has all that was moved.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Timer

from exporter_unit import SERVICE, Counters, page
from machine import Machine
from support.exposition import Page
from support.hardware_counter import HardwareCounter
from support.powercap_tree import replace_content
from support.raw_http import ConnectionEnded
from support.waiting import let_time_pass, wait_until

ROOT = "/srv/cgroups"
ATTRIBUTED = "pyjoules_attributed_energy_joules_total"
# What the test's own slice runs with a move, so much that what others run hardly changes the price; and what the
# counter moves: of more, the exporter would not believe at once that it moved since it was read a moment ago.
STEP_MICROSECONDS = 8 * 10**9
STEP_MICROJOULES = 8 * 10**9
# After which a pass comes by itself; a page has one as soon as a pass may cost something again, if it is cheap.
LATEST_SECONDS = 30
SAMPLE_SECONDS = 0.01


def microjoules(value: Decimal) -> int:
    return int(value * 1_000_000)


def check(shown: Page) -> None:
    """The parts add up to what was attributed, to the microjoule, and that is no more than what was measured."""
    for sum_of_kind in shown.find("pyjoules_attribution_energy_joules_total"):
        kind = sum_of_kind.labels["kind"]
        parts = sum((sample.value for sample in shown.find(ATTRIBUTED, kind=kind)), Decimal(0))
        assert parts + shown.value("pyjoules_attribution_retired_joules_total", kind=kind) == sum_of_kind.value
        measured = sum((sample.value for sample in shown.find("pyjoules_energy_joules_total", kind=kind)), Decimal(0))
        assert sum_of_kind.value <= measured
    assert not shown.find("pyjoules_attribution_errors_total", reason="identity")


def show(machine: Machine, slices: tuple[str, ...], options: str) -> None:
    """Starts slices, and the exporter on a tree in which these and one of the test's own are all there is."""
    make = f"mkdir -p {ROOT} && mount -t tmpfs tmpfs {ROOT} && cd {ROOT} && echo cpu >cgroup.controllers"
    make += " && mkdir meter.slice && echo usage_usec 0000000000000000000 >meter.slice/cpu.stat"
    for name in slices:
        machine.systemctl("start", name)
        make += f" && mkdir {name} && mount --bind /sys/fs/cgroup/{name} {name}"
    machine.run("sh", "-c", make)
    arguments = f"--path.cgroupfs {ROOT} --attribution units {options}"
    machine.write("/etc/default/pyjoules-exporter", f'ARGS="{arguments}"\n')
    # A crash is followed by a second's pause, which is none of these tests' matter.
    machine.write(
        "/etc/systemd/system/pyjoules-exporter-pace.service.d/none.conf", "[Service]\nExecStart=\nExecStart=true\n"
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SERVICE)


def usage(cgroup: Path) -> int:
    """What the kernel says that a cgroup ran, in microseconds."""
    return int((cgroup / "cpu.stat").read_text().splitlines()[0].removeprefix("usage_usec "))


@dataclass
class Meter:
    """The tree of cgroups that the exporter is given, and what it has accounted to the slices in it."""

    machine: Machine
    counter: HardwareCounter
    _before: Page
    # All that the exporter has accounted to the slices, in microseconds, since the meter began.
    accounted: int = 0
    pages: int = 0
    kills: int = 0
    slowest_seconds: float = 0.0
    _steps: int = 0
    _pending: int = 0

    @staticmethod
    def begin(
        machine: Machine, counters: Counters, slices: tuple[str, ...], options: str = "", latest: int = LATEST_SECONDS
    ) -> Meter:
        """Makes the slices and the tree, and starts the exporter on it."""
        paces = f"--attribution.interval {latest}s --sample.interval {SAMPLE_SECONDS}"
        show(machine, slices, f"--attribution.idle-watts 0 {paces} {options}")
        meter = Meter(machine, counters["package_0"], page())
        # What ran before was nobody's, or had no price.
        meter.take()
        meter.accounted = 0
        return meter

    def cgroup(self, name: str) -> Path:
        """A slice of the machine's as the tests see it."""
        return self.machine.cgroups / name

    def move(self) -> None:
        """To be followed by nothing but `take`, also by the next process."""
        self._steps += 1
        self._pending += 1
        text = b"usage_usec %019d\n" % (self._steps * STEP_MICROSECONDS)
        replace_content(self.machine.inside(f"{ROOT}/meter.slice/cpu.stat"), text)
        self.counter.move(STEP_MICROJOULES)

    def take(self) -> Page:
        """Moves, and waits for the page that has it; what that says is accounted."""
        self.move()
        return self.take_what_moved()

    def take_what_moved(self) -> Page:
        # A page has the energy of the latest sample, and the time of its own moment. So that both have the move, a
        # sample comes between.
        let_time_pass(2 * SAMPLE_SECONDS)
        begin = time.monotonic()
        shown = wait_until(self._page_with_all, 60, "a page with all that was moved")
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begin)
        self._account(shown)
        return shown

    def _page_with_all(self) -> Page | None:
        shown = page()
        self.pages += 1
        check(shown)
        total = microjoules(shown.value("pyjoules_attribution_energy_joules_total", kind="package"))
        return shown if total == self.counter.moved else None

    def _account(self, shown: Page) -> None:
        energy = self._rise(shown, "pyjoules_attribution_energy_joules_total", kind="package")
        own = self._rise(shown, ATTRIBUTED, slice="meter.slice")
        assert own > energy * 99 // 100, "a pass came between the halves of a move"
        for kind in ("system", "idle"):
            assert self._rise(shown, ATTRIBUTED, type=kind) == 0
        self.accounted += round(Decimal(self._pending * STEP_MICROSECONDS) * (energy - own) / own)
        self._before, self._pending = shown, 0

    def _rise(self, shown: Page, name: str, **labels: str) -> int:
        return microjoules(shown.value(name, **labels) - self._before.value(name, **labels))

    def kill(self, chance: Random) -> None:
        """Kills the exporter, half of the times while it makes a page with a pass."""
        pid = self.machine.outer_pid(self.machine.main_pid(SERVICE))
        self.kills += 1
        if chance.random() < 0.5:
            os.kill(pid, signal.SIGKILL)
            self.move()
            return
        self.move()
        let_time_pass(2 * SAMPLE_SECONDS)
        killing = Timer(chance.uniform(0, 0.004), os.kill, (pid, signal.SIGKILL))
        killing.start()
        with suppress(ConnectionEnded, OSError):
            page()
        killing.join()
        # Whether that pass was kept is not known. What moves once more has the time since, in either case.
        self.move()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The exporter does nothing for a while, as a scheduler may let it; in the end something moves."""
        pid = self.machine.outer_pid(self.machine.main_pid(SERVICE))
        os.kill(pid, signal.SIGSTOP)
        yield
        self.move()
        os.kill(pid, signal.SIGCONT)
