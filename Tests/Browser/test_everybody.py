"""The page is for everybody: by keyboard, by screen reader, on small and large screens, on paper, without script."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from browser import Browser
from exporters import address
from support.exporter import Exporter

TABLES = ("domains", "consumers", "sources")

_TOO_WIDE = """
    return [...document.querySelectorAll('main *')]
      .filter(node => node.clientWidth && node.scrollWidth > node.clientWidth + 1)
      .filter(node => getComputedStyle(node).display != 'inline')
      .map(node => node.outerHTML.slice(0, 80))
"""
_FOCUS = """
    const node = document.activeElement, {outlineStyle, outlineWidth} = getComputedStyle(node)
    return [node.id || node.textContent, outlineStyle != 'none' && parseFloat(outlineWidth) > 0]
"""
_TEXTS = "return [...document.querySelectorAll(arguments[0])].map(node => node.textContent)"
_WARNING = """
    const {top, bottom} = document.getElementById('simulated').getBoundingClientRect()
    return [top, bottom, innerHeight]
"""
_BACKGROUND = "return getComputedStyle(document.querySelector('article')).backgroundColor"


def test_axe_finds_nothing(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.open_live(address(simulated_exporter))
    for scheme, width in itertools.product(("light", "dark"), (320, 1920)):
        browser.resize(width)
        browser.prefer(scheme)
        assert browser.run("return matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches", scheme)
        assert browser.accessibility_violations() == []
    browser.prefer("light")
    # It would find something.
    browser.run("document.querySelector('caption').style.color = '#eee'; document.querySelector('label').remove()")
    found = " ".join(browser.accessibility_violations())
    assert "color-contrast" in found and "label" in found


def test_nothing_is_wider_than_the_screen(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.open_live(address(simulated_exporter))
    for width in (320, 768, 1280, 1920, 3840):
        browser.resize(width)
        assert browser.run("return innerWidth") == width
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run(_TOO_WIDE) == []


def test_everything_is_reached_by_keyboard(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.open_live(address(simulated_exporter))
    reached = []
    links = browser.run("return [...document.links].map(link => link.textContent)")
    assert links[:2] == ["metrics", "JSON"]
    for _ in range(1 + len(links)):
        browser.press_tab()
        name, is_shown = browser.run(_FOCUS)
        assert is_shown, f"{name} shows that it has the focus"
        reached.append(name)
    assert reached == ["price", *links]


def test_a_price_makes_money_and_is_kept(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.open_live(address(simulated_exporter))
    browser.press_tab()
    browser.press("0,25 €")
    cost = browser.wait(lambda: re.match(r"([\d.]+) € so far, ([\d.]+) € a year", browser.text("#cost") or ""), "money")
    pace = re.search(r"([\d.]+) kWh a year", browser.text("#live > dl") or "")
    assert pace is not None
    assert float(cost[2]) == pytest.approx(float(pace[1]) * 0.25, rel=0.2, abs=0.2)
    browser.press(*[Keys.BACKSPACE] * 6)
    browser.press("much")
    browser.wait(lambda: browser.text("#cost") == "Not a number", "what is wrong")
    browser.press(*[Keys.BACKSPACE] * 4)
    browser.press("$ 0.5")
    browser.open_live(address(simulated_exporter))
    assert (browser.text("#cost") or "").startswith("$ "), "it is kept"
    browser.run("localStorage.clear()")


def test_it_works_where_nothing_may_be_kept(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.forbid_storage()
    browser.open_live(address(simulated_exporter))
    browser.press_tab()
    browser.press("1")
    browser.wait(lambda: "so far" in (browser.text("#cost") or ""), "money")
    assert browser.console() == []


def test_no_number_is_announced(browser: Browser, simulated_exporter: Exporter) -> None:
    """A screen reader would read numbers that change every second without end."""
    browser.open_live(address(simulated_exporter))
    assert browser.run(_TEXTS, "[role=status]") == ["live"]
    assert browser.run(_TEXTS, "[aria-live], [role=alert], [role=log], [role=timer], output") == []
    assert browser.run(_TEXTS, "svg:not([aria-hidden=true])") == []
    assert all(browser.run(_TEXTS, f"#{table} caption") for table in TABLES)


def test_made_up_numbers_say_so(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.open_live(address(simulated_exporter))
    assert "SIMULATED" in browser.driver.title
    for offset in (0, 10_000):
        browser.run("scrollTo(0, arguments[0])", offset)
        top, bottom, height = browser.run(_WARNING)
        assert 0 <= top < bottom <= height, "wherever one looks"
    assert "SIMULATED" in (browser.text("#simulated") or "")


def test_nothing_moves_by_itself(browser: Browser, simulated_exporter: Exporter) -> None:
    """But numbers and courses, once a second: nothing is animated, whatever is preferred."""
    browser.open_live(address(simulated_exporter))
    assert browser.run("return document.getAnimations().length") == 0


def test_paper_is_white(browser: Browser, simulated_exporter: Exporter) -> None:
    browser.prefer("dark", media="print")
    browser.open_live(address(simulated_exporter))
    assert browser.run(_BACKGROUND) == "rgb(255, 255, 255)"
    assert "SIMULATED" in (browser.text("#simulated") or "")


@pytest.fixture(scope="module")
def browser_without_script() -> Iterator[Browser]:
    browser = Browser(script=False)
    yield browser
    browser.end()


def test_without_script_it_is_a_table_that_reloads(
    browser_without_script: Browser, simulated_exporter: Exporter
) -> None:
    browser, url = browser_without_script, address(simulated_exporter)
    browser.open(url)
    html = browser.html()
    assert re.search(r'<section id="live"[^>]* hidden', html) and not re.search(r'id="total"[^>]* hidden', html)
    assert all(f'<table id="{table}"' in html for table in TABLES)
    first = power(html)
    browser.wait(lambda: power(browser.html()) not in (None, first), "newer numbers")
    assert set(browser.requests()) - {url} <= {"data:,"}
    assert browser.console() == []


def power(html: str) -> str | None:
    """The energy of the first domain."""
    match = re.search(r'<tbody>\s*<tr><th scope="row">package_0</th>(.*?)</tr>', html, flags=re.DOTALL)
    return match[1] if match else None
