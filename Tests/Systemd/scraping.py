"""Scraping that never stops while the exporter comes and goes, and counts what fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from support.background import Background
from support.exposition import Page
from support.raw_http import Client, ConnectionEnded, Response


class Scraper(Background):
    """Scrapes almost without a pause, on what `connect` gives, and keeps every total that it was shown.

    One that `keeps` its connection behaves as Prometheus' client does: a connection that was used before and ends
    before the answer begins is replaced by a new one and the request repeated, for so ends every kept connection some
    day.
    Anything else that is not an answer, and everything that happens to a new connection, is a failed scrape.
    """

    _PAUSE_SECONDS = 0.002

    def __init__(self, connect: Callable[[], Client], headers: Sequence[str], keeps: bool) -> None:
        super().__init__()
        self.totals: dict[str, list[Decimal]] = {}
        self.pages = 0
        self.failures: list[str] = []
        self.slowest_seconds = 0.0
        self._connect = connect
        self._headers = headers
        self._keeps = keeps
        self._client: Client | None = None

    def _run(self) -> None:
        while not self._stopped.wait(self._PAUSE_SECONDS):
            begin = time.monotonic()
            try:
                response = self._scrape()
            except (ConnectionEnded, OSError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
                self._drop()
                continue
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begin)
            if response.status != 200:
                self.failures.append(f"status {response.status}: {response.text[:200]}")
                continue
            self.pages += 1
            for sample in Page(response.text).find("pyjoules_energy_joules_total"):
                self.totals.setdefault(sample.labels["domain"], []).append(sample.value)
        self._drop()

    def _scrape(self) -> Response:
        if not self._keeps:
            with self._connect() as client:
                return client.get(headers=["Connection: close", *self._headers])
        if self._client is not None:
            try:
                return self._answer(self._client)
            except (ConnectionEnded, ConnectionError) as error:
                if isinstance(error, ConnectionEnded) and "closed with 0 bytes" not in str(error):
                    raise
                self._drop()
        self._client = self._connect()
        return self._answer(self._client)

    def _answer(self, client: Client) -> Response:
        response = client.get(headers=self._headers)
        if response.header("connection") == "close":
            self._drop()
        return response

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
