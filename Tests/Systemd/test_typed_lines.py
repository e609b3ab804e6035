"""The command lines of the documents that take a systemd, typed under one."""

from __future__ import annotations

import shutil
from random import Random

from conftest import DEB
from exporter_unit import SERVICE, Counters, assert_it_counts, get
from machine import Machine
from support.hardware_counter import RandomLoad
from support.waiting import wait_until
from typing_lines import DESK, type_lines


def moving(counters: Counters) -> RandomLoad:
    """The counters of hardware move all the time; doctor takes those that do not for none."""
    return RandomLoad(list(counters.values()), 50, Random(1))


def test_on_a_new_machine(fresh_machine: Machine, counters: Counters) -> None:
    place = fresh_machine.root / DESK.lstrip("/") / ".build" / "deb"
    place.mkdir(parents=True)
    shutil.copy(DEB, place)
    with moving(counters):
        type_lines(fresh_machine, "new")
    assert_it_counts(counters["package_0"], "package_0")


def test_where_it_is_installed(machine: Machine, counters: Counters) -> None:
    with moving(counters):
        wait_until(lambda: get("/-/ready").status == 200, what="a first sample")
        type_lines(machine, "installed")


def test_where_something_is_wrong(machine: Machine, counters: Counters) -> None:
    machine.run("sh", "-c", "chmod 0400 /sys/class/powercap/intel-rapl:1/energy_uj")
    machine.systemctl("restart", SERVICE)
    counters["dram_0"].tree.set_bytes("0:1", b"garbage\n")
    wait_until(lambda: machine.journal("--unit", SERVICE, "PYJOULES_DOMAIN=dram_0"), what="a record of what fails")
    type_lines(machine, "troubled")
