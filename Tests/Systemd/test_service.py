"""What systemd does with the exporter's units, and they with it."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PACKAGE
from exporter_unit import (
    ADDRESS,
    SERVICE,
    SOCKET,
    Counters,
    assert_it_counts,
    assert_nothing_lost,
    get,
    is_refused,
    page,
    page_after_ticks,
    restarts,
)
from machine import Machine
from support.preloaded import compile_preloaded
from support.raw_http import Client, request
from support.waiting import let_time_pass, wait_until

Figure = Callable[[str], None]
# The ceiling of the exposure level that `systemd-analyze security` gives the running service, of 10.
EXPOSURE_CEILING = 0.5


def test_the_socket_alone_starts_it_with_the_first_scrape(machine: Machine, counters: Counters) -> None:
    machine.systemctl("stop", SERVICE)
    assert machine.state(SERVICE) == "inactive" and machine.state(SOCKET) == "active"
    assert_it_counts(counters["package_0"], "package_0")
    assert machine.state(SERVICE) == "active"


def test_stopping_both_closes_the_port(machine: Machine) -> None:
    assert get("/-/ready").status == 200
    machine.systemctl("stop", SOCKET, SERVICE)
    assert is_refused()
    assert machine.state(SERVICE) == "inactive" and machine.state(SOCKET) == "inactive"
    assert machine.run("pgrep", "--exact", "pyjoules-export", check=False) == ""
    machine.systemctl("start", SOCKET)
    assert get().status == 200


def test_stopping_the_socket_stops_the_service(machine: Machine) -> None:
    machine.systemctl("stop", SOCKET)
    wait_until(lambda: machine.state(SERVICE) == "inactive", what="the service stopped")
    assert is_refused()


def test_after_a_start_of_the_machine_it_runs_by_itself(machine: Machine, counters: Counters) -> None:
    machine.reboot()
    assert machine.state(SERVICE) == "active"
    assert_it_counts(counters["psys_0"], "psys_0")


def test_disabled_it_stays_away_after_a_start_of_the_machine(machine: Machine) -> None:
    machine.systemctl("disable", SOCKET, SERVICE)
    machine.reboot()
    assert machine.state(SERVICE) == "inactive"
    assert is_refused()


def test_a_reload_is_a_hangup_and_no_restart(machine: Machine, counters: Counters) -> None:
    pid = machine.main_pid(SERVICE)
    with Client(ADDRESS) as client:
        assert client.get().status == 200
        machine.systemctl("reload", SERVICE)
        wait_until(lambda: machine.journal("--unit", SERVICE, "PYJOULES_EVENT=reloaded"), what="the log line")
        # What was connected stays connected.
        assert client.get().status == 200
    wait_until(lambda: machine.state(SERVICE) == "active", what="active again")
    assert machine.main_pid(SERVICE) == pid
    assert restarts(machine) == 0
    assert_nothing_lost(counters)


def test_a_process_that_hangs_is_replaced_and_the_scrape_sent_meanwhile_answered(
    machine: Machine, counters: Counters
) -> None:
    # As the unit has it, but so short that a test can wait for it.
    machine.write(f"/etc/systemd/system/{SERVICE}.d/watchdog.conf", "[Service]\nWatchdogSec=2s\n")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SERVICE)
    pid = machine.main_pid(SERVICE)
    counters["package_0"].move(1_000_000)
    assert_nothing_lost(counters)

    os.kill(machine.outer_pid(pid), signal.SIGSTOP)
    begin = time.monotonic()
    counters["package_0"].move(2_000_000)
    with Client(ADDRESS) as client:
        client.socket.settimeout(60)
        assert client.get().status == 200
    assert time.monotonic() - begin > 1, "nobody was stopped"
    assert machine.main_pid(SERVICE) != pid
    assert restarts(machine) == 1
    assert_nothing_lost(counters)
    killed = machine.journal("--unit", SERVICE, "UNIT_RESULT=watchdog")
    assert killed, "systemd says why it was killed"


def test_a_service_that_cannot_start_does_not_take_the_socket_down(machine: Machine, counters: Counters) -> None:
    """With StartLimit's defaults the socket fails too, with `service-start-limit-hit`, until somebody comes."""
    settings = f"/etc/default/{PACKAGE}"
    well = machine.read(settings)
    machine.write(settings, 'ARGS="--no-such-option"\n')

    def tries() -> int:
        return len(machine.journal("--unit", SERVICE, "--grep=--no-such-option"))

    machine.run("systemctl", "restart", SERVICE, check=False)
    socket_since = machine.show(SOCKET, "ActiveEnterTimestampMonotonic")

    # Scrapes go on all the time, each of which would start it, for longer than StartLimit's 10 s.
    begin = time.monotonic()
    waiting = []
    while time.monotonic() - begin < 12 or tries() < 3:
        assert time.monotonic() - begin < 60, f"{tries()} tries in a minute"
        assert machine.state(SOCKET) == "active"
        waiting.append(Client(ADDRESS))
        let_time_pass(0.2)

    machine.write(settings, well)
    with Client(ADDRESS) as client:
        client.socket.settimeout(60)
        assert client.get().status == 200
    assert machine.show(SOCKET, "ActiveEnterTimestampMonotonic") == socket_since
    for client in waiting:
        client.close()
    page_after_ticks()
    assert machine.state(SERVICE) == "active"


def test_a_zone_that_comes_back_is_read_again_without_a_restart(
    machine: Machine, counters: Counters, tmp_path: Path
) -> None:
    """Its counter is opened anew, by a process that has given up whatever it could."""
    library = "/usr/local/lib/faulty_pread.so"
    machine.copy_in(compile_preloaded("faulty_pread", tmp_path), library)
    machine.write(f"/etc/systemd/system/{SERVICE}.d/faults.conf", f"[Service]\nEnvironment=LD_PRELOAD={library}\n")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SERVICE)
    psys = counters["psys_0"]
    psys.move(3_000_000)
    assert_nothing_lost(counters)
    pid = machine.main_pid(SERVICE)
    psys.tree.remove(psys.zone.number)
    wait_until(lambda: machine.journal("--unit", SERVICE, "PYJOULES_EVENT=zone_failing"), what="the zone missed")
    psys.tree.add(psys.zone, psys.value)
    machine.run("/usr/local/lib/bench/udev-rules")
    wait_until(lambda: machine.journal("--unit", SERVICE, "PYJOULES_EVENT=zone_recovered"), 60, "the zone read again")
    assert_it_counts(psys, "psys_0")
    assert machine.main_pid(SERVICE) == pid


def test_the_socket_says_who_may_scrape(machine: Machine) -> None:
    """As the comment in the socket unit tells: the service itself has no network."""
    allowed = "127.0.0.2"
    machine.write(
        f"/etc/systemd/system/{SOCKET}.d/clients.conf", f"[Socket]\nIPAddressDeny=any\nIPAddressAllow={allowed}\n"
    )
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", SOCKET)
    machine.systemctl("start", SERVICE)
    with socket.create_connection(ADDRESS, timeout=10, source_address=(allowed, 0)) as client:
        client.sendall(request("/-/ready", headers=["Connection: close"]))
        assert client.recv(64).startswith(b"HTTP/1.1 200 ")
    with pytest.raises((TimeoutError, PermissionError)):
        socket.create_connection(ADDRESS, timeout=0.5, source_address=("127.0.0.3", 0)).close()


def test_systemctl_status_tells_what_it_does(machine: Machine) -> None:
    assert get().status == 200
    text = wait_until(lambda: machine.show(SERVICE, "StatusText")["StatusText"], what="a status")
    assert "4 domains" in text, text


def test_the_units_have_no_faults(machine: Machine) -> None:
    assert machine.run("sh", "-c", f"systemd-analyze verify --man=no {SOCKET} {SERVICE} 2>&1") == ""


def test_the_exposure_of_the_running_service_stays_below_its_ceiling(machine: Machine, figure: Figure) -> None:
    report = machine.run("systemd-analyze", "security", "--no-pager", SERVICE)
    level = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", report)
    assert level is not None, report
    figure(f"exposure of the running service: {level.group(1)}")
    assert float(level.group(1)) <= EXPOSURE_CEILING, report


def test_the_process_can_do_nothing_that_it_need_not(machine: Machine) -> None:
    assert get().status == 200
    pid = machine.outer_pid(machine.main_pid(SERVICE))
    with open(f"/proc/{pid}/status") as status:
        facts = dict(line.rstrip("\n").split(":\t", 1) for line in status)
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == int(facts["CapAmb"], 16) == 0
    assert int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"
    assert "0" not in facts["Uid"].split()
    shown = {sample.labels["layer"]: sample.value for sample in page().find("pyjoules_sandbox")}
    assert shown == {"landlock": 1, "seccomp": 1, "capabilities": 1}
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"), "it has a network of its own: none"
