"""What clients do in a fraction of a second, right or wrong, so that a server makes all of its system calls."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable

from attackers.dear import GZIP, PROTOBUF
from stronghold import USER, Stronghold
from support import web_configuration
from support.raw_http import Client, ConnectionEnded
from support.web_configuration import authorization

# Under injected faults an answer may never come: the next one is asked for soon.
SECONDS = 0.15
ROUNDS_UNTIL_RELOAD = 2
# More than are copied before a page is sent without a copy.
OFTEN = 12


class Life:
    """Rounds of scrapes, mistakes and reloads. What goes wrong in one of them is the fault that was injected."""

    def __init__(self, hold: Stronghold) -> None:
        self._hold = hold
        self._rounds = 0
        self._kept: Client | None = None

    def round(self) -> None:
        self._rounds += 1
        scrapes = (self._scrape_on_kept, self._scrape_often, self._scrape_by_gzip)
        for act in (*scrapes, self._guess, self._leave_early, self._reload):
            _regardless(act)

    def end(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _scrape_on_kept(self) -> None:
        try:
            self._kept = self._kept or self._hold.door.connect(seconds=SECONDS)
            self._kept.get(headers=self._hold.door.headers)
        except BaseException:
            self.end()
            raise

    def _scrape_by_gzip(self) -> None:
        path = f"/metrics?name[]=pyjoules_power_watts&name[]={self._rounds}"
        with self._hold.door.connect(seconds=SECONDS) as client:
            client.get(path, headers=[GZIP, PROTOBUF, *self._hold.door.headers])

    def _scrape_often(self) -> None:
        """One page, within a moment, since the next may be a new one."""
        with self._hold.door.connect(seconds=SECONDS) as client:
            for _ in range(OFTEN):
                client.get(headers=self._hold.door.headers)

    def _guess(self) -> None:
        with self._hold.door.connect(seconds=SECONDS) as client:
            client.get(headers=[authorization(USER, f"wrong {self._rounds}")])

    def _leave_early(self) -> None:
        with Client(self._hold.door.address, seconds=SECONDS) as client:
            client.send(b"nonsense\r\n\r\n")
            client.reset()

    def _reload(self) -> None:
        if self._rounds % ROUNDS_UNTIL_RELOAD != 0 or not self._hold.settings:
            return
        web_configuration.write(self._hold.web_file, self._hold.settings)
        self._hold.exporter.send_signal(signal.SIGHUP)


def _regardless(act: Callable[[], None]) -> None:
    with contextlib.suppress(OSError, ConnectionEnded, ValueError, AssertionError):
        act()
