"""From a fresh Debian to a scraped exporter, and back to a Debian without a trace of it."""

from __future__ import annotations

import re

from conftest import DEB, PACKAGE
from exporter_unit import SERVICE, SOCKET, Counters, assert_it_counts, get, is_refused, page
from machine import Machine

EXAMPLES = f"/usr/share/doc/{PACKAGE}/examples"
# What dpkg and apt write for every package, and the backups of files to which a group was added.
BOOKKEEPING = re.compile(r"/var/(log|cache|lib/(dpkg|apt))(/|$)|/root(/|$)|/etc/(group|gshadow)-$|/etc/\.pwd\.lock$")


def test_one_command_makes_a_scraped_exporter(fresh_machine: Machine, counters: Counters) -> None:
    fresh_machine.run("apt-get", "install", "--yes", f"/root/{DEB.name}")
    assert get("/-/ready").status == 200
    assert_it_counts(counters["package_0"], "package_0")
    assert page().value("pyjoules_source_up", source="powercap") == 1
    for unit in (SOCKET, SERVICE):
        shown = fresh_machine.show(unit, "ActiveState", "UnitFileState")
        assert shown == {"ActiveState": "active", "UnitFileState": "enabled"}


def test_the_counters_are_shown_to_the_group_and_to_nobody_else(fresh_machine: Machine) -> None:
    modes = ("sh", "-c", "stat --format='%a %U:%G' /sys/class/powercap/*/energy_uj | sort --unique")
    assert fresh_machine.run(*modes) == "400 root:root\n"
    fresh_machine.run("apt-get", "install", "--yes", f"/root/{DEB.name}")
    assert fresh_machine.run(*modes) == "440 root:pyjoules\n"
    # A zone that comes back is shown to it again, as is every zone at boot.
    fresh_machine.reboot()
    assert fresh_machine.run(*modes) == "440 root:pyjoules\n"
    fresh_machine.run("apt-get", "remove", "--yes", PACKAGE)
    assert fresh_machine.run(*modes) == "400 root:root\n"


def test_removed_it_is_gone_and_its_settings_wait_for_it(machine: Machine, counters: Counters) -> None:
    settings = f"/etc/default/{PACKAGE}"
    machine.write(settings, 'ARGS="--sample.interval 50ms"\n')
    machine.run("apt-get", "remove", "--yes", PACKAGE)
    assert is_refused()
    assert machine.run("pgrep", "--exact", "pyjoules-export", check=False) == ""
    machine.run("apt-get", "install", "--yes", f"/root/{DEB.name}")
    assert machine.read(settings) == 'ARGS="--sample.interval 50ms"\n'
    assert_it_counts(counters["package_0"], "package_0")
    assert float(page().value("pyjoules_sample_interval_seconds")) == 0.05


def test_purged_it_leaves_nothing(fresh_machine: Machine) -> None:
    files = fresh_machine.files()
    accounts = {name: fresh_machine.run("getent", name) for name in ("passwd", "group")}
    units = fresh_machine.run("systemctl", "list-unit-files", "--no-legend")
    fresh_machine.run("apt-get", "install", "--yes", f"/root/{DEB.name}")
    assert get("/-/ready").status == 200
    assert fresh_machine.files() != files

    fresh_machine.run("apt-get", "purge", "--yes", "--autoremove", PACKAGE)
    assert is_refused()
    after = fresh_machine.files()
    changed = {path for path in files.keys() | after.keys() if files.get(path) != after.get(path)}
    assert {path for path in changed if BOOKKEEPING.match(path) is None} == set()
    assert [path for path in after if "pyjoules" in path and not path.startswith("/root/")] == []
    assert {name: fresh_machine.run("getent", name) for name in accounts} == accounts
    assert fresh_machine.run("systemctl", "list-unit-files", "--no-legend") == units
    assert fresh_machine.run("systemctl", "--failed", "--no-legend") == ""
    assert "pyjoules" not in fresh_machine.run("journalctl", "--list-catalog")
    assert fresh_machine.run("dpkg-query", "--show", PACKAGE, check=False) == ""


def test_systemd_is_asked_to_keep_the_totals_if_it_can(machine: Machine) -> None:
    """A word that it does not know is a warning at each start. After an upgrade of systemd the trigger asks anew."""
    drop_in = f"/lib/systemd/system/{SERVICE}.d/keep-totals.conf"
    control = f"/var/lib/dpkg/info/{PACKAGE}.postinst"
    version = machine.systemd_version()
    setting = machine.run("systemctl", "cat", SERVICE).count("\nFileDescriptorStorePreserve=yes\n")
    assert setting == (1 if version >= 254 else 0)
    for told, there in (("253", False), ("254", True), ("252", False), (str(version), version >= 254)):
        stand_in = f'#!/bin/sh\n[ "$1" = --version ] || exec /bin/systemctl "$@"\necho "systemd {told} ({told}.1-1)"\n'
        machine.write("/usr/local/sbin/systemctl", stand_in)
        machine.run("chmod", "0755", "/usr/local/sbin/systemctl")
        machine.run(control, "triggered", "/lib/systemd/systemd")
        assert (machine.run("sh", "-c", f"cat {drop_in} || true") != "") == there, told
    triggers = machine.run("cat", "/var/lib/dpkg/triggers/File")
    assert f"/lib/systemd/systemd {PACKAGE}/noawait" in triggers


def use_example(machine: Machine, name: str) -> None:
    """As the first lines of the example say."""
    target = f"/etc/systemd/system/{SERVICE}.d/{name}"
    machine.run("install", "-D", "-m", "0644", f"{EXAMPLES}/{name}", target)
    machine.systemctl("daemon-reload")


def test_the_example_with_a_capability_reads_what_the_group_may_not(machine: Machine, counters: Counters) -> None:
    machine.run("sh", "-c", "chmod 0400 /sys/class/powercap/*/energy_uj && chgrp root /sys/class/powercap/*/energy_uj")
    use_example(machine, "capability.conf")
    machine.systemctl("restart", SERVICE)
    assert_it_counts(counters["package_0"], "package_0")
    bounding = machine.show(SERVICE, "CapabilityBoundingSet")["CapabilityBoundingSet"]
    assert bounding == "cap_dac_read_search"
