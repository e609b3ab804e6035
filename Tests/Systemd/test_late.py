"""What is not there, or not to be read, when the service starts, is found later by the same process."""

from __future__ import annotations

from exporter_unit import SERVICE, SOCKET, Counters, assert_it_counts, get, page, restarts
from machine import Machine
from support.waiting import wait_until

UDEV_RULES = "/usr/local/lib/bench/udev-rules"
# More than the longest pause between two looks.
PATIENCE_SECONDS = 90.0


def is_measured(domains: Counters) -> bool:
    """Whether powercap is read, and each of the domains is on the page."""
    shown = page()
    found = {sample.labels["domain"] for sample in shown.find("pyjoules_energy_joules_total")}
    return shown.value("pyjoules_source_up", source="powercap") == 1 and set(domains) <= found


def assert_nothing_is_measured(machine: Machine) -> int:
    """The service runs and says that it measures nothing; gives its process."""
    assert get("/-/healthy").status == 200
    wait_until(lambda: get("/-/ready").status == 503, PATIENCE_SECONDS, "that it is told that nothing is read")
    assert page().find("pyjoules_energy_joules_total") == []
    # The explanation of its start was once that energy is being measured, and that nothing needs to be done.
    command = ("journalctl", "--no-pager", "--catalog", "--unit", SERVICE, "--lines=1")
    text = machine.run(*command, "PYJOULES_EVENT=started_without_source")
    assert "The exporter runs and measures nothing" in text and "pyjoules-exporter doctor" in text
    return machine.main_pid(SERVICE)


def assert_all_is_found(machine: Machine, counters: Counters, pid: int) -> None:
    """Each counter is counted to the microjoule by the process that was there before."""
    wait_until(lambda: is_measured(counters), PATIENCE_SECONDS, "all counters found")
    for domain, counter in counters.items():
        assert_it_counts(counter, domain)
    assert get("/-/ready").status == 200
    assert machine.main_pid(SERVICE) == pid
    assert restarts(machine) == 0


def test_a_driver_that_is_loaded_later(machine: Machine, counters: Counters) -> None:
    machine.systemctl("stop", SERVICE)
    tree = counters["package_0"].tree
    zones = [counter.zone for counter in counters.values()]
    for zone in zones:
        if ":" not in zone.number:
            tree.remove(zone.number)
    machine.systemctl("start", SERVICE)
    pid = assert_nothing_is_measured(machine)
    for counter in counters.values():
        tree.add(counter.zone, counter.value)
    machine.run(UDEV_RULES)
    assert_all_is_found(machine, counters, pid)


def test_rights_that_are_given_a_moment_after_the_start(machine: Machine, counters: Counters) -> None:
    """udev runs its rules one zone after the other: a start in the middle once had four of nine domains for ever."""
    machine.systemctl("stop", SERVICE)
    paths = [f"/sys/class/powercap/intel-rapl:{counter.zone.number}/energy_uj" for counter in counters.values()]
    machine.run("chmod", "0400", *paths[1:])
    machine.run("chgrp", "root", *paths[1:])
    machine.systemctl("start", SERVICE)
    pid = machine.main_pid(SERVICE)
    first, *others = counters
    assert_it_counts(counters[first], first)
    assert not is_measured({domain: counters[domain] for domain in others})
    machine.run(UDEV_RULES)
    assert_all_is_found(machine, counters, pid)


def test_a_boot_whose_udev_is_late(machine: Machine, counters: Counters) -> None:
    """The boot does not wait for udev's coldplug, which has taken 16 s on a machine with many devices."""
    script = "/usr/local/lib/bench/sysfs"
    machine.write(script, machine.read(script).replace(f"exec {UDEV_RULES}", "exit 0"))
    machine.reboot()
    assert machine.state(SERVICE) == "active" and machine.state(SOCKET) == "active"
    pid = assert_nothing_is_measured(machine)
    machine.run(UDEV_RULES)
    assert_all_is_found(machine, counters, pid)
