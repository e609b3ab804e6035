"""What the page does when its server goes, comes back, or is another; and what many pages do to the server."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from browser import Browser
from exporters import SIMULATED, address, counters, started
from support.background import Background
from support.exporter import Exporter
from support.powercap_tree import PowercapTree
from support.raw_http import Client

PAGES = 50
# So many of them are real.
WINDOWS = 2


def test_it_recovers_when_its_server_is_started_again(
    browser: Browser, moving_tree: PowercapTree, procfs: Path
) -> None:
    arguments = counters(moving_tree, procfs)
    with started(*arguments) as exporter:
        port, url = exporter.port, address(exporter)
        browser.open_live(url)
    browser.wait(lambda: "does not answer" in (browser.text("#state") or ""), "a message")
    old = browser.table("domains")
    assert browser.accessibility_violations() == []
    with started(*arguments, port=port):
        browser.wait(lambda: browser.text("#state") == "live", "the page to be live again")
        browser.wait(lambda: browser.table("domains") != old, "newer numbers")
    browser.wait(lambda: "does not answer" in (browser.text("#state") or ""), "a message")
    # Another kind of server has another page: this one warns.
    with started(*SIMULATED, port=port):
        browser.wait(lambda: "SIMULATED" in (browser.text("#simulated") or ""), "the warning")
        browser.wait(lambda: browser.text("#state") == "live", "the page to be live again")
    messages = [message for message in browser.console() if "ERR_CONNECTION_REFUSED" not in message]
    assert messages == [], "nothing but what the browser itself says of a server that is not there"


def test_many_pages_take_no_sample(browser: Browser, moving_tree: PowercapTree, procfs: Path) -> None:
    """Fifty pages beside somebody who scrapes: no tick is missed."""
    with started(*counters(moving_tree, procfs)) as exporter:
        browser.open_live(address(exporter))
        browser.driver.switch_to.new_window("window")
        browser.open_live(address(exporter))
        before = exporter.page()
        with Pollers(exporter, PAGES - WINDOWS) as pollers, exporter.connect() as scraper:
            while pollers.rounds < 6:
                after = exporter.page_on(scraper)
                pollers.one_more.wait(1)
        browser.driver.close()
        browser.driver.switch_to.window(browser.driver.window_handles[0])
    assert pollers.failures == []
    assert after.ticks - before.ticks >= 40
    assert after.value("pyjoules_ticks_missed_total") == before.value("pyjoules_ticks_missed_total")


class Pollers(Background):
    """What the scripts of so many pages do: each asks once a second, the whole history at first."""

    def __init__(self, exporter: Exporter, count: int) -> None:
        super().__init__()
        self._exporter, self._count = exporter, count
        self.rounds = 0
        self.failures: list[str] = []
        self.one_more = threading.Event()

    def _run(self) -> None:
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(("127.0.0.1", self._exporter.port))) for _ in range(self._count)]
            while not self._stopped.is_set():
                for client in clients:
                    response = client.get("/api/v1/power" + ("?history" if self.rounds == 0 else ""))
                    if response.status != 200:
                        self.failures.append(str(response))
                self.rounds += 1
                self._stopped.wait(1)
