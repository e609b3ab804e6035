"""The exporter as its units run it: where it listens, what it answers, when it is ready."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from machine import Machine
from scraping import Scraper
from support.exposition import Page
from support.hardware_counter import HardwareCounter, RandomLoad, joules
from support.installed_exporter import ADDRESS, OPEN, SERVICE, SOCKET, Access, get, page, page_after_ticks
from support.raw_http import Address, Client
from support.waiting import wait_until

# What the tests of the units need of it, they find here with the rest.
__all__ = [
    "ADDRESS",
    "OPEN",
    "SERVICE",
    "SOCKET",
    "Access",
    "Counters",
    "assert_it_counts",
    "assert_nothing_lost",
    "get",
    "is_refused",
    "page",
    "page_after_ticks",
    "restarts",
    "scraped_under_load",
    "wait_for_progress",
]

Counters = Mapping[str, HardwareCounter]


def is_refused(address: Address = ADDRESS) -> bool:
    """Whether nobody listens."""
    try:
        Client(address).close()
    except ConnectionRefusedError:
        return True
    return False


def assert_it_counts(counter: HardwareCounter, domain: str, access: Access = OPEN) -> None:
    """What the counter moves is what the total rises by, to the microjoule."""
    name = "pyjoules_energy_joules_total"
    before = access.page_after_ticks().value(name, domain=domain)
    counter.move(7_000_001)
    assert access.page_after_ticks().value(name, domain=domain) - before == joules(7_000_001)


def assert_nothing_lost(counters: Counters, access: Access = OPEN) -> Page:
    """What is counted is what the counters moved since the very first start, to the microjoule, and all was certain."""
    shown = access.page_after_ticks()
    for domain, counter in counters.items():
        assert shown.value("pyjoules_energy_joules_total", domain=domain) == joules(counter.moved)
        assert shown.value("pyjoules_wraps_total", domain=domain) == counter.wraps
        assert shown.value("pyjoules_resets_total", domain=domain) == 0
        assert shown.value("pyjoules_gaps_total", domain=domain) == 0
    return shown


@contextlib.contextmanager
def scraped_under_load(
    counters: Counters, bound_watts: int, kills: int = 0, access: Access = OPEN
) -> Iterator[list[Scraper]]:
    """Two scrapers, one with a new connection each time and one that keeps its own, while every counter moves.

    In the end no scrape may have failed, but for one of each scraper's per kill, and no total may have gone back.
    """
    scrapers = [Scraper(access.connect, access.headers, keeps) for keeps in (False, True)]
    with scrapers[0], scrapers[1], RandomLoad(list(counters.values()), bound_watts, Random(1)):
        yield scrapers
    for scraper in scrapers:
        tries = scraper.pages + len(scraper.failures)
        assert len(scraper.failures) <= kills, f"{len(scraper.failures)} of {tries} failed: {scraper.failures[:5]}"
        for totals in scraper.totals.values():
            assert totals == sorted(totals)


def wait_for_progress(scrapers: Sequence[Scraper], pages: int = 3) -> None:
    """Until each scraper has had some more answers: what comes next happens in the middle of its work."""
    wanted = [scraper.pages + pages for scraper in scrapers]
    wait_until(lambda: all(s.pages >= w or s.failures for s, w in zip(scrapers, wanted, strict=True)), what="scrapes")


def restarts(machine: Machine) -> int:
    return int(machine.show(SERVICE, "NRestarts")["NRestarts"])
