"""What the page shows is what /metrics shows."""

from __future__ import annotations

import re
import statistics
import time
from decimal import Decimal
from pathlib import Path

import pytest

from browser import Browser
from exporters import address, counters, started
from support.exporter import Exporter
from support.moving import Moving
from support.powercap_tree import Curve, PowercapTree, Zone

STEADY_WATTS = 30
DOMAINS = ["package_0", "core_0", "uncore_0", "dram_0", "psys_0"]


def is_rounded(shown: str, exact: Decimal) -> bool:
    """Whether a number on the page is that of /metrics, in the digits that the page has."""
    digits = -Decimal(shown).as_tuple().exponent
    return abs(Decimal(shown) - exact) <= Decimal("0.500001").scaleb(-digits)


def test_each_row_is_one_that_was_scraped(browser: Browser, laptop_exporter: Exporter) -> None:
    browser.open_live(address(laptop_exporter))
    first = browser.table("domains")
    rows: list[list[list[str]]] = []
    scraped = []
    # Both show a new moment once a second, and who scrapes more often sees each but what was there before.
    while len(rows) < 3:
        scraped.append(laptop_exporter.page())
        shown = browser.table("domains")
        scraped.append(laptop_exporter.page())
        if shown not in [first, *rows]:
            rows.append(shown)
    for shown in rows:
        assert [row[0] for row in shown] == DOMAINS
        assert any(
            all(
                is_rounded(watts, page.value("pyjoules_simple_energy_watts", domain=domain))
                and is_rounded(joules, page.energy(domain))
                and is_rounded(hours, page.energy(domain) / 3_600_000)
                for domain, _, watts, _, _, _, joules, hours in shown
            )
            for page in scraped
        ), shown


def test_the_range_of_the_last_minute_is_that_of_the_series(browser: Browser, laptop_exporter: Exporter) -> None:
    browser.open_live(address(laptop_exporter))

    def agree() -> bool:
        """A minute's least and most seldom change: one of these looks finds them alike."""
        page = laptop_exporter.page()
        return all(
            is_rounded(row[3], page.value("pyjoules_power_low_watts", domain=row[0]))
            and is_rounded(row[4], page.value("pyjoules_power_quantile_watts", domain=row[0], quantile="0.5"))
            and is_rounded(row[5], page.value("pyjoules_power_peak_watts", domain=row[0]))
            and [row[3], row[4], row[5]] == [browser.cards()[row[0]]["minute"][index] for index in (0, 1, 3)]
            for row in browser.table("domains")
        )

    browser.wait(agree, "the same range on the page and in the series")


def test_the_host_is_shown_with_its_basis(browser: Browser, laptop_exporter: Exporter) -> None:
    browser.open_live(address(laptop_exporter))
    (host,) = laptop_exporter.page().find("pyjoules_host_energy_joules_total")
    assert f"counted by {host.labels['basis']}" in str(browser.text("#live"))

    def agree() -> bool:
        shown = re.search(r"([\d.]+) kWh", str(browser.text("#live > dl")))
        exact = laptop_exporter.page().value("pyjoules_host_energy_joules_total") / 3_600_000
        return shown is not None and is_rounded(shown[1], exact)

    browser.wait(agree, "the same energy on the page and in the series")


def test_the_course_is_there_at_once_and_goes_on(browser: Browser, laptop_exporter: Exporter) -> None:
    browser.wait(lambda: laptop_exporter.page().value("process_start_time_seconds") < time.time() - 5, "some history")
    browser.open_live(address(laptop_exporter))
    first = browser.cards()
    assert list(first) == ["This host draws", *DOMAINS]
    for card in first.values():
        assert len(points(card["course"])) >= 4, "the history was asked for"
    seen = {title: {card["course"]} for title, card in first.items()}

    def all_moved() -> bool:
        for title, card in browser.cards().items():
            seen[title].add(card["course"])
        return all(len(courses) >= 4 for courses in seen.values())

    browser.wait(all_moved, "three more points in each course")
    for title, card in browser.cards().items():
        last = points(card["course"])[-1]
        assert abs(last[0] - 300) <= 1, f"{title} ends now"
        assert sorted(point[0] for point in points(card["course"])) == [point[0] for point in points(card["course"])]


def test_the_course_is_as_high_as_the_power(browser: Browser, tmp_path: Path, procfs: Path) -> None:
    """By the scale that is written beside it, of a machine that always draws as much."""
    tree = PowercapTree(tmp_path)
    tree.add(Zone("0", "package-0", Curve(STEADY_WATTS, 0, 1)))
    with Moving(tree), started(*counters(tree, procfs)) as exporter:
        browser.open_live(address(exporter))
        browser.wait(lambda: len(points(browser.cards()["package_0"]["course"])) > 5, "some points")
        cards = browser.cards()
        assert list(cards) == ["This host draws", "package_0"]
        for card in cards.values():
            drawn = [card["top"] * (100 - y) / 100 for _, y in points(card["course"])]
            assert statistics.median(drawn) == pytest.approx(STEADY_WATTS, rel=0.05), card


def test_what_is_not_known_is_not_drawn(browser: Browser, tmp_path: Path, procfs: Path) -> None:
    """A counter that cannot be read stands still, which is no sign of rest."""
    tree = PowercapTree(tmp_path)
    tree.add(Zone("0", "package-0", Curve(STEADY_WATTS, 0, 1)))
    tree.add(Zone("0:0", "dram"), 1_000_000)
    with Moving(tree), started(*counters(tree, procfs)) as exporter:
        browser.open_live(address(exporter))
        browser.wait(lambda: points(browser.cards()["dram_0"]["course"]), "a point")
        tree.set_bytes("0:0", b"garbage\n")
        browser.wait(lambda: browser.cards()["dram_0"]["watts"] == "–", "a dash")
        last_known = browser.cards()["package_0"]["course"]

        def went_on() -> bool:
            cards = browser.cards()
            ends = {title: points(card["course"])[-1][0] for title, card in cards.items()}
            return cards["package_0"]["course"] != last_known and ends["dram_0"] < 297 and ends["package_0"] > 298

        browser.wait(went_on, "a course that ends, and one that goes on")


def points(course: str) -> list[tuple[float, float]]:
    """The points of a path."""
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", course)]
