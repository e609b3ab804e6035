"""Debian's Chromium, which shows the page and tells what it saw."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.keys import Keys

from support.waiting import wait_until

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

# Deque's axe-core; nothing else of the package is used, which is for another driver.
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()

# Runs in each document before its own script.
_WITNESS = """
    window.violations = []
    addEventListener('securitypolicyviolation', event =>
      violations.push(event.violatedDirective + ' ' + event.blockedURI))
"""
_NO_STORAGE = """
    Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('denied', 'SecurityError') }})
"""
_TABLE = """
    const table = document.getElementById(arguments[0])
    return table && [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))
"""
_CARDS = """
    return [...document.querySelectorAll('article')].map(card => ({
      title: card.querySelector('h2').textContent,
      watts: card.querySelector('b').textContent,
      moment: card.querySelector('small').textContent,
      top: parseFloat(card.querySelector('i').textContent),
      course: card.querySelectorAll('path')[1].getAttribute('d'),
      minute: [...card.querySelectorAll('dd')].map(value => value.textContent),
    }))
"""


class Browser:
    """One window. What it was told to pretend to be lasts until it is told otherwise; `forget` ends it all."""

    def __init__(self, *, script: bool = True) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(argument)
        options.add_argument("--force-color-profile=srgb")
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self.driver.set_page_load_timeout(20)
        self._added: list[str] = []
        if script:
            self.before_each_document(_WITNESS)
            self._added.clear()

    def end(self) -> None:
        self.driver.quit()

    # What it pretends to be

    def resize(self, width: int, height: int = 1000) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._command("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme: str = "light", media: str = "") -> None:
        """`media` is what it shows pages on, such as `print`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def before_each_document(self, script: str) -> None:
        self._added.append(
            self._command("Page.addScriptToEvaluateOnNewDocument", {"source": script})["identifier"]
        )

    def forbid_storage(self) -> None:
        self.before_each_document(_NO_STORAGE)

    def forget(self) -> None:
        """Is again as it was, on an empty page and without what it saw."""
        for identifier in self._added:
            self._command("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})
        self._added.clear()
        self.driver.get("about:blank")
        self.resize(1280)
        self.prefer()
        self.console()
        self.requests()

    # What it does

    def open(self, url: str) -> None:
        self.driver.get(url)

    def open_live(self, url: str) -> None:
        """Opens the page and waits until its script shows the first reading."""
        self.open(url)
        self.wait(lambda: self.text("#state") == "live", "the first reading")

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def press_tab(self) -> None:
        self.press(Keys.TAB)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        return wait_until(condition, seconds, what)

    # What it shows

    def text(self, selector: str) -> str | None:
        """What can be read in an element, without what is hidden; None if there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText", selector)

    def table(self, name: str) -> list[list[str]]:
        """The cells of a table's rows, at one moment."""
        rows = self.run(_TABLE, name)
        assert rows is not None, f"no table {name}"
        return rows

    def cards(self) -> dict[str, dict[str, Any]]:
        """What is drawn, by title, at one moment."""
        return {card["title"]: card for card in self.run(_CARDS)}

    def html(self) -> str:
        """The document as it is now, also where no script may run.

        Chromium gives it in two steps. A page that reloads itself between them is asked again, since its first
        document is gone by then.
        """
        return self.wait(self._html_unless_it_reloads, "the document")

    def _html_unless_it_reloads(self) -> str | None:
        root = self._command("DOM.getDocument", {"depth": 0})["root"]
        try:
            return self._command("DOM.getOuterHTML", {"nodeId": root["nodeId"]})["outerHTML"]
        except WebDriverException as error:
            if "Could not find node" not in str(error):
                raise
            return None

    def accessibility_violations(self) -> list[str]:
        """What axe has against the page, in words."""
        if not self.run("return 'axe' in window"):
            self.run(AXE)
        result = self.driver.execute_async_script("axe.run().then(arguments[0], error => arguments[0](String(error)))")
        assert isinstance(result, dict), result
        assert result["passes"], "axe looked at something"
        return [
            f"{violation['id']}: {node['target']}: {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]

    # What it saw since it was asked last

    def console(self) -> list[str]:
        """Every message, also those of the browser itself."""
        return [f"{entry['level']} {entry['message']}" for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The address of every request."""
        messages = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def policy_violations(self) -> list[str]:
        return self.run("return violations.splice(0)")

    def picture(self, quality: int) -> bytes:
        """What is in the window, as WebP."""
        data = self._command("Page.captureScreenshot", {"format": "webp", "quality": quality})["data"]
        return base64.b64decode(data)

    def _command(self, name: str, parameters: dict[str, Any]) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)
