"""What `doctor` and `healthcheck` say of the installed service, and that the remedies help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest

from conftest import PACKAGE
from exporter_unit import SERVICE, SOCKET, Counters, get
from machine import Machine
from support.hardware_counter import RandomLoad

Finding = dict[str, str | None]
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
    assert machine.run(PACKAGE, "healthcheck", "--ready") == "http://127.0.0.1:9091 is ready\n"


def test_a_socket_without_its_service_is_well_and_is_not_woken(machine: Machine) -> None:
    machine.systemctl("stop", SERVICE)
    is_well, ports = findings(machine, "port")
    assert is_well
    assert ports[0]["sentence"] == "systemd listens on :9091, which starts the exporter when somebody asks."
    assert machine.state(SERVICE) == "inactive"


def test_counters_that_the_group_may_not_read_are_shown_to_it_by_the_remedy(machine: Machine) -> None:
    machine.run("sh", "-c", "chmod 0400 /sys/class/powercap/*/energy_uj && chgrp root /sys/class/powercap/*/energy_uj")
    is_well, counters = findings(machine, "powercap")
    assert not is_well
    problem = next(finding for finding in counters if finding["status"] == "problem")
    assert "The service may not read intel-rapl:0, as its group pyjoules may not: energy_uj has mode 0400" in str(
        problem["sentence"]
    )
    follow(machine, problem["remedy"])
    assert machine.run(*MODES) == "440 root:pyjoules\n"
    assert findings(machine, "powercap")[0]


def test_a_socket_that_does_not_listen_is_started_by_the_remedy(machine: Machine) -> None:
    machine.systemctl("stop", SOCKET, SERVICE)
    machine.run("sh", "-c", f"! {PACKAGE} healthcheck")
    ports = findings(machine, "port")[1]
    assert ports[0]["status"] == "note"
    follow(machine, ports[0]["remedy"])
    assert machine.state(SOCKET) == "active"
    assert get("/-/ready").status == 200


def test_another_service_on_the_port_is_named_and_stopped_by_the_remedy(machine: Machine) -> None:
    machine.systemctl("stop", SOCKET, SERVICE)
    machine.write(
        "/etc/systemd/system/other.service",
        "[Service]\nExecStart=/usr/bin/systemd-socket-activate --listen=9091 /bin/cat\n",
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("start", "other.service")
    machine.run("sh", "-c", "until ! /usr/bin/pyjoules-exporter doctor >/dev/null; do sleep 0.05; done", seconds=20)
    is_well, ports = findings(machine, "port")
    assert not is_well
    assert ":9091 is taken by systemd-socket- (process " in str(ports[0]["sentence"])
    assert "other.service" in str(ports[0]["sentence"])
    follow(machine, ports[0]["remedy"])
    machine.systemctl("start", SOCKET)
    assert findings(machine, "port")[0]
    assert get("/-/ready").status == 200


def test_a_service_that_is_set_up_otherwise_is_not_judged(machine: Machine) -> None:
    machine.write(f"/etc/systemd/system/{SERVICE}.d/capability.conf", "")
    machine.run("sh", "-c", "chmod 0400 /sys/class/powercap/*/energy_uj")
    is_well, counters = findings(machine, "powercap")
    assert is_well
    assert "The service may not read" in str(counters[1]["sentence"]) and counters[1]["status"] == "note"
