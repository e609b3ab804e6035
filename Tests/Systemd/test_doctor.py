"""What `doctor` and `healthcheck` say of the installed service, and that after a remedy energy is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest

from conftest import PACKAGE
from exporter_unit import SERVICE, SOCKET, Counters, get, page
from machine import Machine
from support.hardware_counter import RandomLoad
from support.waiting import wait_until

Finding = dict[str, str | None]
# More than the longest pause between two looks for counters.
PATIENCE_SECONDS = 90.0
MODES = ("sh", "-c", "stat --format='%a %U:%G' /sys/class/powercap/*/energy_uj | sort --unique")


@pytest.fixture(autouse=True)
def load(counters: Counters) -> Iterator[None]:
    """The counters of hardware move all the time; doctor takes those that do not for none."""
    with RandomLoad(list(counters.values()), 50, Random(1)):
        yield


def findings(machine: Machine, topic: str) -> tuple[bool, list[Finding]]:
    """Whether all that is needed works, and what is said of one thing."""
    report = json.loads(machine.run(PACKAGE, "doctor", "--format", "json", check=False))
    return report["ok"], [finding for finding in report["findings"] if finding["topic"] == topic]


def follow(machine: Machine, remedy: str | None) -> None:
    """Does what a remedy says, up to its first remark; here everybody is root, and udevadm stands in for udev."""
    assert remedy is not None
    command = remedy.split(",")[0].replace("sudo ", "")
    machine.run("sh", "-c", f"PATH=/usr/local/lib/bench/bin:$PATH; {command}")


def problem(found: list[Finding]) -> Finding:
    problems = [finding for finding in found if finding["status"] == "problem"]
    assert len(problems) == 1, found
    return problems[0]


def total() -> float | None:
    """The joules of the package; None while they are not counted."""
    samples = page().find("pyjoules_energy_joules_total", domain="package_0")
    return float(samples[0].value) if samples else None


def assert_joules_rise() -> None:
    before = wait_until(lambda: total() or None, PATIENCE_SECONDS, "energy that is counted")
    assert before is not None
    wait_until(lambda: (total() or 0) > before, what="more of it")


def assert_all_is_well(machine: Machine) -> None:
    """Doctor says that energy is measured and served, and it is."""
    assert_joules_rise()
    assert machine.run(PACKAGE, "doctor").endswith("\nAll that is needed works: energy is measured and served.\n")


def test_the_installed_service_is_well(machine: Machine) -> None:
    is_well, ports = findings(machine, "port")
    assert is_well
    number = machine.main_pid(SERVICE)
    assert [port["sentence"] for port in ports] == [
        f"pyjoules-export (process {number}, {SERVICE}) listens on :9091 already."
    ]
    assert [found["sentence"] for found in findings(machine, "systemd")[1]] == [
        f"{SOCKET} is installed and starts with the machine."
    ]
    assert [found["sentence"] for found in findings(machine, "exporter")[1]] == [
        "The exporter on :9091 measures by powercap."
    ]
    assert machine.run(PACKAGE, "healthcheck", "--ready") == "http://127.0.0.1:9091 is ready\n"
    assert_all_is_well(machine)


def test_a_socket_without_its_service_measures_nothing_and_is_not_woken(machine: Machine) -> None:
    machine.systemctl("stop", SERVICE)
    is_well, ports = findings(machine, "port")
    assert not is_well
    assert ports[0]["sentence"] == "systemd listens on :9091, which starts the exporter when somebody asks."
    stopped = problem(findings(machine, "systemd")[1])
    assert machine.state(SERVICE) == "inactive"
    follow(machine, stopped["remedy"])
    assert_all_is_well(machine)


def forbid_counters(machine: Machine) -> None:
    machine.run("sh", "-c", "chmod 0400 /sys/class/powercap/*/energy_uj && chgrp root /sys/class/powercap/*/energy_uj")


def test_counters_that_the_group_may_not_read_are_shown_to_it_by_the_remedy(machine: Machine) -> None:
    forbid_counters(machine)
    is_well, counters = findings(machine, "powercap")
    assert not is_well
    forbidden = problem(counters)
    assert "The service may not read intel-rapl:0, as its group pyjoules may not: energy_uj has mode 0400" in str(
        forbidden["sentence"]
    )
    follow(machine, forbidden["remedy"])
    assert machine.run(*MODES) == "440 root:pyjoules\n"
    # What it can open only when it starts is what the rights are for.
    machine.systemctl("restart", SERVICE)
    assert_all_is_well(machine)


def test_an_exporter_that_reads_nothing_is_a_problem_until_it_measures(machine: Machine) -> None:
    """After the line for udev it still measured nothing, and all was said to work."""
    machine.systemctl("stop", SERVICE)
    forbid_counters(machine)
    machine.systemctl("start", SERVICE)
    is_well, exporters = findings(machine, "exporter")
    assert not is_well
    assert "measures nothing: powercap cannot be read" in str(problem(exporters)["sentence"])
    follow(machine, problem(findings(machine, "powercap")[1])["remedy"])
    # As soon as it is well, energy is measured; it may have found the counters by itself already.
    later = findings(machine, "exporter")[1]
    if later[0]["status"] == "problem":
        follow(machine, later[0]["remedy"])
    assert_all_is_well(machine)


def test_an_exporter_that_simulates_is_a_problem(machine: Machine) -> None:
    machine.write("/etc/default/pyjoules-exporter", 'ARGS="--source simulated"\n')
    machine.systemctl("restart", SERVICE)
    is_well, exporters = findings(machine, "exporter")
    assert not is_well
    assert "simulated" in str(problem(exporters)["sentence"])


def test_a_socket_that_does_not_listen_is_started_by_the_remedy(machine: Machine) -> None:
    machine.systemctl("stop", SOCKET, SERVICE)
    machine.run("sh", "-c", f"! {PACKAGE} healthcheck")
    is_well, ports = findings(machine, "port")
    assert not is_well
    follow(machine, problem(ports)["remedy"])
    assert machine.state(SOCKET) == "active"
    assert_all_is_well(machine)


def test_a_socket_that_does_not_start_with_the_machine_does_so_after_the_remedy(machine: Machine) -> None:
    machine.systemctl("disable", SOCKET, SERVICE)
    is_well, units = findings(machine, "systemd")
    assert is_well and [unit["status"] for unit in units] == ["note"]
    follow(machine, units[0]["remedy"])
    machine.reboot()
    assert_all_is_well(machine)


def test_a_service_that_fails_is_told_with_its_own_words(machine: Machine) -> None:
    machine.write("/etc/default/pyjoules-exporter", 'ARGS="--no-such-option"\n')
    machine.run("systemctl", "restart", SERVICE, check=False)
    is_well, units = findings(machine, "systemd")
    assert not is_well
    failing = problem(units)
    assert "--no-such-option" in str(failing["sentence"]), failing
    follow(machine, failing["remedy"])


def test_another_service_on_the_port_is_named_and_stopped_by_the_remedy(machine: Machine) -> None:
    machine.systemctl("stop", SOCKET, SERVICE)
    machine.write(
        "/etc/systemd/system/other.service",
        "[Service]\nExecStart=/usr/bin/systemd-socket-activate --listen=9091 /bin/cat\n",
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "other.service")
    machine.run("sh", "-c", f"until {PACKAGE} doctor | grep --quiet 'is taken by'; do sleep 0.05; done", seconds=20)
    is_well, ports = findings(machine, "port")
    assert not is_well
    taken = problem(ports)
    assert ":9091 is taken by systemd-socket- (process " in str(taken["sentence"])
    assert "other.service" in str(taken["sentence"])
    follow(machine, taken["remedy"])
    follow(machine, problem(findings(machine, "port")[1])["remedy"])
    assert get("/-/ready").status == 200
    assert_all_is_well(machine)


def test_a_service_that_is_set_up_otherwise_is_not_judged(machine: Machine) -> None:
    machine.write(f"/etc/systemd/system/{SERVICE}.d/capability.conf", "")
    machine.run("sh", "-c", "chmod 0400 /sys/class/powercap/*/energy_uj")
    is_well, counters = findings(machine, "powercap")
    assert is_well
    assert "The service may not read" in str(counters[1]["sentence"]) and counters[1]["status"] == "note"
