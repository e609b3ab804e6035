"""The port is moved as README says, and in the orders in which people type the commands."""

from __future__ import annotations

import json

from conftest import PACKAGE
from exporter_unit import ADDRESS, SERVICE, SOCKET, Access, Counters, assert_it_counts, is_refused
from machine import Machine
from support.documents import blocks
from support.raw_http import Address
from support.waiting import wait_until

MOVED: Address = (ADDRESS[0], 9191)
THERE = Access(address=MOVED)
REMEDY = f"systemctl restart {SOCKET}"
OPTIONS = f"/etc/default/{PACKAGE}"


def write(machine: Machine, unit: str, text: str) -> None:
    machine.write(f"/etc/systemd/system/{unit}.d/override.conf", text)


def edit(machine: Machine, unit: str, text: str) -> None:
    """What `systemctl edit` does once the editor is left."""
    write(machine, unit, text)
    machine.systemctl("daemon-reload")


# As the document has it.
(ELSEWHERE,) = (text for text in blocks("docs/getting-started.md", "ini") if "[Socket]" in text)


def move(machine: Machine) -> None:
    edit(machine, SOCKET, ELSEWHERE)


def findings(machine: Machine) -> list[dict[str, str | None]]:
    report = json.loads(machine.run(PACKAGE, "doctor", "--source", "simulated", "--format", "json", check=False))
    return list(report["findings"])


def problems(machine: Machine) -> list[dict[str, str | None]]:
    return [finding for finding in findings(machine) if finding["status"] == "problem"]


def follow_doctor(machine: Machine) -> None:
    """Does what doctor says of the address that nobody listens on."""
    (finding,) = [finding for finding in problems(machine) if finding["topic"] == "port"]
    assert "Nobody listens on :9191" in str(finding["sentence"])
    assert finding["remedy"] == f"sudo {REMEDY}"
    machine.run("sh", "-c", REMEDY)


def assert_moved(machine: Machine, counters: Counters) -> None:
    assert_it_counts(counters["package_0"], "package_0", THERE)
    assert is_refused(ADDRESS)
    assert problems(machine) == []


def test_the_socket_is_restarted(machine: Machine, counters: Counters) -> None:
    move(machine)
    machine.systemctl("restart", SOCKET)
    assert_moved(machine, counters)
    machine.systemctl("restart", SERVICE)
    assert_moved(machine, counters)


def test_the_service_is_restarted_first(machine: Machine, counters: Counters) -> None:
    """systemd has lost the socket then: it crashed every 5 s, on neither port, and doctor said that all was well."""
    move(machine)
    machine.run("systemctl", "restart", SERVICE, check=False)
    status = wait_until(lambda: machine.show(SERVICE, "StatusText")["StatusText"], what="the reason in the status")
    assert status is not None and REMEDY in status
    assert REMEDY in machine.run("systemctl", "status", SERVICE, check=False)
    assert REMEDY in machine.journal("--unit", SERVICE, "PYJOULES_EVENT=failed")[-1]["MESSAGE"]
    follow_doctor(machine)
    assert_moved(machine, counters)


def test_nothing_is_restarted(machine: Machine, counters: Counters) -> None:
    """What runs serves the old port, and the next start of the machine would serve the new one."""
    move(machine)
    assert_it_counts(counters["package_0"], "package_0")
    follow_doctor(machine)
    assert_moved(machine, counters)


def test_the_file_is_written_by_hand(machine: Machine, counters: Counters) -> None:
    """Until systemd has read it, the old address is the right one."""
    # Of a first drop-in systemd does not know that it has not read it.
    edit(machine, SOCKET, "[Socket]\n")
    assert_it_counts(counters["package_0"], "package_0")
    write(machine, SOCKET, ELSEWHERE)
    assert problems(machine) == []
    (unread,) = [finding for finding in findings(machine) if "systemd has not read" in str(finding["sentence"])]
    assert unread["remedy"] == f"sudo systemctl daemon-reload, and sudo {REMEDY} if its address was changed"
    for command in unread["remedy"].removesuffix(" if its address was changed").split(", and "):
        machine.run("sh", "-c", command.removeprefix("sudo "))
    assert_moved(machine, counters)


def test_the_variable_for_the_port_is_told_not_to_be_used(machine: Machine) -> None:
    """In /etc/default it was ignored in silence."""
    machine.write(OPTIONS, f'EXPORTER_PORT={MOVED[1]}\nARGS=""\n')
    machine.systemctl("restart", SERVICE)
    warnings = machine.journal("--unit", SERVICE, "PYJOULES_EVENT=listening", "PRIORITY=4")
    assert "EXPORTER_PORT=9191 is not used" in warnings[-1]["MESSAGE"] and REMEDY in warnings[-1]["MESSAGE"]
    assert is_refused(MOVED)


def test_an_address_of_its_own_cannot_be_had_and_the_reason_is_told(machine: Machine) -> None:
    """It said: Address family not supported by protocol."""
    move(machine)
    edit(machine, SERVICE, f"[Service]\nExecStart=\nExecStart=/usr/bin/{PACKAGE} --web.listen-address :{MOVED[1]}\n")
    machine.run("systemctl", "restart", SERVICE, check=False)
    message = machine.journal("--unit", SERVICE, "PYJOULES_EVENT=failed")[-1]["MESSAGE"]
    assert "the unit allows no network" in message and REMEDY in message


def test_a_wrong_option_is_in_the_status_at_once(machine: Machine) -> None:
    machine.write(OPTIONS, 'ARGS="--sample.interval never"\n')
    machine.run("systemctl", "restart", SERVICE, check=False)
    status = wait_until(lambda: machine.show(SERVICE, "StatusText")["StatusText"], what="the reason in the status")
    assert status is not None and "--sample.interval" in status and "'never'" in status
