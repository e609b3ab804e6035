"""Waiting until the exporter has seen what happened to its counters."""

from __future__ import annotations

from collections.abc import Iterable

from guest import Guest
from hardware import DOMAINS, Balance
from support.installed_exporter import SERVICE, get, page
from support.waiting import wait_until

# Generous: the processor is emulated, and other work may keep the real one busy.
SECONDS = 120.0


def wait_until_ready() -> None:
    wait_until(lambda: get("/-/ready").status == 200, SECONDS, "the exporter ready")


def wait_until_read(domains: Iterable[str] = tuple(DOMAINS)) -> None:
    """Until each of these domains, whose counters move, counts on."""
    begin = page()

    def all_moved() -> bool:
        now = page()
        return all(now.energy(domain) > begin.energy(domain) for domain in domains)

    wait_until(all_moved, SECONDS, f"{domains} read")


def wait_until_shown(domains: Iterable[str]) -> None:
    """Until each of these domains has a total on the page."""

    def all_there() -> bool:
        shown = page()
        return all(shown.find("pyjoules_energy_joules_total", domain=domain) for domain in domains)

    wait_until(all_there, SECONDS, f"{domains} on the page")


def assert_uneventful(after: Balance, since: Balance, *kinds: str) -> None:
    """Nothing of these kinds has happened to any domain."""
    for kind in kinds:
        assert after.events(kind, since) == {}, kind


def assert_same_process(guest: Guest, pid: int) -> None:
    assert guest.main_pid(SERVICE) == pid
    assert guest.show(SERVICE, "NRestarts")["NRestarts"] == "0"
