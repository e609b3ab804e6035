"""The exporter comes and goes, scrapes never stop: none fails, and no joule is lost.

The socket that systemd holds lets scrapes wait, and the memory in its fd store lets the totals go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

from conftest import BOUND_WATTS, PACKAGE
from exporter_unit import (
    SERVICE,
    SOCKET,
    Counters,
    assert_nothing_lost,
    get,
    is_refused,
    page_after_ticks,
    restarts,
    scraped_under_load,
    wait_for_progress,
)
from machine import Machine
from scraping import Scraper
from support.hardware_counter import joules
from support.waiting import let_time_pass, wait_until

Figure = Callable[[str], None]


def tell(figure: Figure, what: str, scrapers: Sequence[Scraper], counters: Counters, begin: float) -> None:
    scrapes = sum(scraper.pages for scraper in scrapers)
    failures = sum(len(scraper.failures) for scraper in scrapers)
    slowest = max(scraper.slowest_seconds for scraper in scrapers)
    moved = joules(sum(counter.moved for counter in counters.values()))
    figure(
        f"{what} in {time.monotonic() - begin:.1f} s: {scrapes} scrapes answered, {failures} failed,"
        f" the slowest took {slowest * 1000:.0f} ms;"
        f" {moved} J moved, 0 lost"
    )


def test_restarts_fail_no_scrape_and_lose_no_joule(machine: Machine, counters: Counters, figure: Figure) -> None:
    """Of 100 restarts some once closed a connection that was accepted and had not asked yet."""
    begin = time.monotonic()
    count = 100
    pids = {machine.main_pid(SERVICE)}
    with scraped_under_load(counters, BOUND_WATTS) as scrapers:
        for _ in range(count):
            machine.systemctl("restart", SERVICE)
            pids.add(machine.main_pid(SERVICE))
            wait_for_progress(scrapers)
    shown = assert_nothing_lost(counters)
    assert shown.value("pyjoules_wraps_total", domain="package_0") > 0
    assert len(pids) == count + 1, "a restart is a new process"
    assert machine.state(SOCKET) == "active"
    assert restarts(machine) == 0, "systemd had to restart it by itself"
    tell(figure, f"{count} restarts", scrapers, counters, begin)


def test_kills_lose_no_joule(machine: Machine, counters: Counters, figure: Figure) -> None:
    """A scrape that is being answered when its exporter is killed fails, as it must; all others wait."""
    begin = time.monotonic()
    kills = 10
    chance = Random(6)
    with scraped_under_load(counters, BOUND_WATTS, kills=kills) as scrapers:
        for number in range(1, kills + 1):
            wait_for_progress(scrapers)
            let_time_pass(chance.uniform(0, 0.2))
            machine.run("systemctl", "kill", "--signal=KILL", SERVICE)
            wait_until(lambda n=number: restarts(machine) == n and machine.state(SERVICE) == "active", what="a restart")
    assert_nothing_lost(counters)
    assert machine.state(SOCKET) == "active"
    tell(figure, f"{kills} kills", scrapers, counters, begin)


def test_an_upgrade_fails_no_scrape_and_loses_no_joule(
    machine: Machine, counters: Counters, newer_deb: Path, figure: Figure
) -> None:
    begin = time.monotonic()
    version = ("dpkg-query", "--show", "--showformat=${Version}", PACKAGE)
    before = machine.run(*version)
    pid = machine.main_pid(SERVICE)
    socket_since = machine.show(SOCKET, "ActiveEnterTimestampMonotonic")
    machine.copy_in(newer_deb, "/root/newer.deb")
    with scraped_under_load(counters, BOUND_WATTS) as scrapers:
        wait_for_progress(scrapers)
        machine.run("apt-get", "install", "--yes", "/root/newer.deb")
        wait_until(lambda: machine.main_pid(SERVICE) not in (0, pid), what="the new version's process")
        wait_for_progress(scrapers, 20)
    assert machine.run(*version) == f"{before}+newer"
    assert_nothing_lost(counters)
    assert machine.show(SOCKET, "ActiveEnterTimestampMonotonic") == socket_since, "the socket was closed meanwhile"
    tell(figure, "an upgrade", scrapers, counters, begin)


def test_an_upgrade_leaves_alone_what_the_administrator_disabled(machine: Machine, newer_deb: Path) -> None:
    machine.systemctl("disable", "--now", SOCKET, SERVICE)
    machine.copy_in(newer_deb, "/root/newer.deb")
    machine.run("apt-get", "install", "--yes", "/root/newer.deb")
    assert is_refused()
    for unit in (SOCKET, SERVICE):
        shown = machine.show(unit, "ActiveState", "UnitFileState")
        assert shown == {"ActiveState": "inactive", "UnitFileState": "disabled"}


def test_the_memory_of_the_totals_lies_in_the_fd_store(machine: Machine, counters: Counters) -> None:
    assert get("/-/ready").status == 200
    assert machine.show(SERVICE, "NFileDescriptorStore")["NFileDescriptorStore"] == "1"
    counters["package_0"].move(5_000_000)
    assert_nothing_lost(counters)
    machine.systemctl("restart", SERVICE)
    counters["package_0"].move(4_000_000)
    assert_nothing_lost(counters)
    assert machine.show(SERVICE, "NFileDescriptorStore")["NFileDescriptorStore"] == "1"
    restored = machine.journal("--unit", SERVICE, "PYJOULES_EVENT=ledger_restored")
    assert [record["PYJOULES_DOMAINS"] for record in restored] == ["4"]


def test_after_a_stop_the_totals_go_on_where_systemd_can(machine: Machine) -> None:
    """From 254 on FileDescriptorStorePreserve= keeps the memory of a stopped unit; older ones forget it then."""
    keeps = machine.systemd_version() >= 254
    # Since 256 the service has a sysfs of its own, in which there are none of the bench's counters.
    machine.write(f"/etc/default/{PACKAGE}", 'ARGS="--source simulated"\n')
    machine.systemctl("restart", SERVICE)

    def total() -> Decimal:
        return page_after_ticks().value("pyjoules_energy_joules_total", domain="package_0")

    before = wait_until(lambda: (joules := total()) > 100 and joules, what="100 J")
    machine.systemctl("stop", SERVICE)
    assert machine.show(SERVICE, "NFileDescriptorStore")["NFileDescriptorStore"] == ("1" if keeps else "0")
    machine.systemctl("start", SERVICE)
    assert get("/-/ready").status == 200
    restored = machine.journal("--unit", SERVICE, "PYJOULES_EVENT=ledger_restored")
    assert len(restored) == (1 if keeps else 0)
    if keeps:
        assert total() >= before
