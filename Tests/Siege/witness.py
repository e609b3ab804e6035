"""An honest scraper, with a key of its own, that is never to notice a siege.

    python3 witness.py DOOR      scrapes until its standard input ends, and prints what it saw as JSON
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from decimal import Decimal

from door import WITNESS_KEY, Door
from helper_program import HelperProgram, say_ready, told_to_stop
from support.exposition import Page
from support.network import address
from support.raw_http import Client, ConnectionEnded

PAUSE_SECONDS = 0.1
DOMAINS = 5
BEGIN_SECONDS = 20.0
MOST_FAULTS = 20


class Scraper:
    """Scrapes again and again, on one kept connection or on a new one each time."""

    def __init__(self, door: Door, keeps: bool) -> None:
        self._door, self._keeps = door, keeps
        self._client: Client | None = None
        self._totals: dict[str, Decimal] = {}
        self.begun = threading.Event()
        self.scrapes = 0
        self.slowest_milliseconds = 0.0
        self.late_milliseconds = 0.0
        self.faults: list[str] = []

    def run(self, stopped: threading.Event) -> None:
        due = time.monotonic()
        while not stopped.is_set():
            # How late this program itself is: what the machine and not the exporter did to it.
            self.late_milliseconds = max(self.late_milliseconds, (time.monotonic() - due) * 1000)
            self._scrape()
            self.begun.set()
            due = time.monotonic() + PAUSE_SECONDS
            stopped.wait(PAUSE_SECONDS)
        self._leave()

    def seen(self) -> dict[str, object]:
        return {
            "scrapes": self.scrapes,
            "failed": len(self.faults),
            "slowest": self.slowest_milliseconds,
            "late": self.late_milliseconds,
            "faults": self.faults[:MOST_FAULTS],
        }

    def _scrape(self) -> None:
        self.scrapes += 1
        begin = time.monotonic()
        try:
            client = self._client or self._door.connect(address(WITNESS_KEY))
            self._client = client
            response = client.get(headers=self._door.headers)
        except (OSError, ConnectionEnded) as error:
            self.faults.append(f"{'kept' if self._keeps else 'fresh'}: {type(error).__name__} {error}")
            self._leave()
            return
        self.slowest_milliseconds = max(self.slowest_milliseconds, (time.monotonic() - begin) * 1000)
        if not self._keeps:
            self._leave()
        self._judge(response.status, response.body)

    def _judge(self, status: int, body: bytes) -> None:
        if status != 200:
            self.faults.append(f"status {status}")
            return
        try:
            page = Page(body.decode())
        except (AssertionError, UnicodeDecodeError) as error:
            self.faults.append(f"not a page: {str(error)[:100]}")
            return
        totals = {sample.labels["domain"]: sample.value for sample in page.find("pyjoules_energy_joules_total")}
        if len(totals) != DOMAINS or not page.text.endswith("\n"):
            self.faults.append(f"a part of a page, with {len(totals)} domains")
        fallen = [domain for domain, value in totals.items() if value < self._totals.get(domain, Decimal(0))]
        if fallen:
            self.faults.append(f"totals that fell: {fallen}")
        self._totals = totals

    def _leave(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def watching(door: Door) -> HelperProgram:
    """The witness as a program, which has seen its first pages when it is ready."""
    return HelperProgram("witness.py", door.in_words())


def main() -> None:
    # It comes before all others of this machine: its waiting is the exporter's, and not that for a processor.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    stopped, door = told_to_stop(), Door.from_words(sys.argv[1])
    scrapers = {"kept": Scraper(door, True), "fresh": Scraper(door, False)}
    threads = [threading.Thread(target=scraper.run, args=(stopped,), daemon=True) for scraper in scrapers.values()]
    for thread, scraper in zip(threads, scrapers.values(), strict=True):
        thread.start()
        assert scraper.begun.wait(BEGIN_SECONDS), "no scrape"
    say_ready()
    for thread in threads:
        thread.join()
    print(json.dumps({name: scraper.seen() for name, scraper in scrapers.items()}))


if __name__ == "__main__":
    main()
