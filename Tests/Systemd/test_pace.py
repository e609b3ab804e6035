"""How often an exporter that fails is started again: not so often that it costs anything, and soon after a crash."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest

from conftest import PACKAGE
from exporter_unit import ADDRESS, SERVICE, SOCKET, Counters, assert_nothing_lost, get, restarts
from machine import Machine
from support.raw_http import Client
from support.waiting import let_time_pass, wait_until

DROP_IN = f"/etc/systemd/system/{SERVICE}.d/broken.conf"
# What systemd says of a main process that it could not set up, and of one that ended by itself.
FAILURE = "--grep=Failed with result"


def without_the_group(machine: Machine) -> Callable[[], None]:
    machine.run("groupdel", "pyjoules")

    def mend() -> None:
        machine.run("systemd-sysusers", f"{PACKAGE}.conf")
        machine.run("/usr/local/lib/bench/udev-rules")

    return mend


def drop_in(text: str) -> Callable[[Machine], Callable[[], None]]:
    """Breaks the unit by a drop-in, and gives what mends it."""

    def break_it(machine: Machine) -> Callable[[], None]:
        machine.write(DROP_IN, f"[Service]\n{text}\n")
        machine.systemctl("daemon-reload")

        def mend() -> None:
            machine.run("rm", DROP_IN)
            machine.systemctl("daemon-reload")

        return mend

    return break_it


BREAKS = {
    "the group is missing": without_the_group,
    "a namespace cannot be made": drop_in("ReadWritePaths=/nowhere"),
    "an option is wrong": drop_in("Environment=ARGS=--no-such-option\nEnvironmentFile="),
    "the program is missing": drop_in("ExecStart=\nExecStart=/usr/bin/nothing-here"),
}


@contextlib.contextmanager
def waiting_scrapes(machine: Machine, seconds: float) -> Iterator[None]:
    """Some scrapes a second, which wait in the socket, for so long."""
    waiting = []
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        assert machine.state(SOCKET) == "active"
        waiting.append(Client(ADDRESS))
        let_time_pass(0.2)
    yield
    for client in waiting:
        client.close()


@pytest.mark.parametrize("what", BREAKS)
def test_a_broken_unit_is_tried_once_in_five_seconds(
    what: str, machine: Machine, counters: Counters, figure: Callable[[str], None]
) -> None:
    """While systemd cannot set it up, nothing of the unit can make the pause: there were 81 starts in 20 s."""
    counters["package_0"].move(3_000_000)
    assert_nothing_lost(counters)
    mend = BREAKS[what](machine)
    begin = time.monotonic()
    machine.run("systemctl", "restart", SERVICE, check=False)
    with waiting_scrapes(machine, 20):
        # The first one was at once.
        tries = len(machine.journal("--unit", SERVICE, FAILURE))
        seconds = time.monotonic() - begin
        assert 2 <= tries <= 1 + seconds / 5, f"{tries} tries in {seconds:.1f} s"
        figure(f"{what}: {tries} tries in {seconds:.1f} s")
        mend()
        with Client(ADDRESS) as client:
            client.socket.settimeout(60)
            assert client.get("/-/ready").status == 200
    counters["package_0"].move(2_000_000)
    assert_nothing_lost(counters)


def test_after_a_crash_a_scrape_waits_less_than_that(
    machine: Machine, counters: Counters, figure: Callable[[str], None]
) -> None:
    """It is answered by the next process, before a broken one would even be tried again."""
    chance = Random(11)
    slowest = 0.0
    for number in range(1, 4):
        let_time_pass(chance.uniform(0, 0.2))
        os.kill(machine.outer_pid(machine.main_pid(SERVICE)), 9)
        wait_until(lambda: machine.main_pid(SERVICE) == 0, what="the end of the process")
        begin = time.monotonic()
        assert get().status == 200
        slowest = max(slowest, time.monotonic() - begin)
        assert restarts(machine) == number
    figure(f"after a crash the slowest scrape waited {slowest:.1f} s")
    assert slowest < 4
    assert_nothing_lost(counters)


def test_an_ordinary_restart_has_no_pause(machine: Machine) -> None:
    for _ in range(3):
        machine.systemctl("restart", SERVICE)
    assert machine.journal("--unit", f"{PACKAGE}-pace.service") == [], "it says something of each start"
