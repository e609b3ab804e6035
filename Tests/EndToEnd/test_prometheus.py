"""The whole way: counters that wrap, the exporter, a real Prometheus, and the energy asked from its HTTP API."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.exporter import REPOSITORY
from support.powercap_tree import laptop, microjoules
from support.prometheus_run import RANGE_UJ, WRAPPING_SECONDS, PrometheusRun
from support.scraping_servers import Prometheus3
from support.waiting import wait_until

WINDOW_SECONDS = 60
DOMAINS = {"package_0": "package-0", "core_0": "core", "uncore_0": "uncore", "dram_0": "dram", "psys_0": "psys"}


@dataclass(frozen=True)
class Window:
    """A window of the wall clock in which Prometheus scraped from beginning to end."""

    run: PrometheusRun
    server: str
    end: float

    def query(self, expression: str) -> dict[str, Any]:
        """The only result of a query at the end of the window; `{range}` in it becomes the window."""
        (result,) = self.answers(expression.replace("{range}", f"[{WINDOW_SECONDS}s]"))
        return result

    def answers(self, expression: str) -> list[dict[str, Any]]:
        """All results of a query at the end of the window."""
        return self.run.servers[self.server].query(expression, self.end)


@pytest.fixture(scope="module", params=["default", Prometheus3.NAME])
def window(prometheus_run: PrometheusRun | None, request: pytest.FixtureRequest) -> Window:
    """The window of each server, once it is over."""
    if prometheus_run is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    if request.param not in prometheus_run.servers:
        pytest.skip(f"{request.param} is not there ({Prometheus3.ORIGIN})")
    first = wait_until(lambda: prometheus_run.first_scrape(request.param), 30, "the first scrape")
    assert first is not None
    end = first + WINDOW_SECONDS + 1
    wait_until(lambda: time.time() > end + 1, WINDOW_SECONDS + 30, "the end of the window")
    return Window(prometheus_run, request.param, end)


def test_every_scrape_succeeded(window: Window) -> None:
    assert window.query("min_over_time(up{range})")["value"][1] == "1"
    scrapes = int(window.query("count_over_time(up{range})")["value"][1])
    assert WINDOW_SECONDS - 1 <= scrapes <= WINDOW_SECONDS + 1


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_energy_is_that_of_the_curve_to_the_microjoule(window: Window, domain: str, tmp_path: Path) -> None:
    """Once the counter is at rest, so that it does not matter who was late by how much."""
    (curve,) = [zone.curve for zone in laptop(tmp_path).zones if zone.name == DOMAINS[domain]]
    assert curve is not None
    truth = microjoules(curve, WRAPPING_SECONDS)
    assert truth > RANGE_UJ, "the counter should have wrapped"
    at_rest = wait_until(
        lambda: window.run.first_scrape(window.server, after=WRAPPING_SECONDS + 1), 30, "a scrape after the curves"
    )
    (series,) = window.run.servers[window.server].query(f'pyjoules_energy_joules_total{{domain="{domain}"}}', at_rest)
    assert Decimal(series["value"][1]) == Decimal(truth).scaleb(-6)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_wraps_are_counted(window: Window, domain: str) -> None:
    wraps = window.query(f'pyjoules_wraps_total{{domain="{domain}"}}')
    assert int(wraps["value"][1]) > 0


def queries_of(document: str) -> list[str]:
    """Every line of PromQL, without its comment."""
    blocks = re.findall(r"```promql\n(.*?)```", (REPOSITORY / document).read_text(), re.DOTALL)
    found = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    assert len(found) >= 3
    return found


@pytest.mark.parametrize("query", dict.fromkeys(queries_of("README.md") + queries_of("docs/getting-started.md")))
def test_a_query_of_the_documents_is_answered(window: Window, query: str) -> None:
    answers = window.answers(query)
    # Of native histograms this Prometheus, which runs as by default, takes none.
    assert answers or "pyjoules_power_watts" in query


def test_the_first_query_of_readme_is_right_a_minute_after_the_first_scrape(window: Window, tmp_path: Path) -> None:
    """It had a window of five minutes, of which Prometheus showed a quarter of the watts then."""
    query = queries_of("README.md")[0]
    assert "[1m]" in query
    (curve,) = [zone.curve for zone in laptop(tmp_path).zones if zone.name == "psys"]
    assert curve is not None
    end = window.end - window.run.curve_start
    truth = (curve.joules(end) - curve.joules(end - 60)) / 60
    assert float(window.query(query)["value"][1]) == pytest.approx(truth, rel=0.05)
    assert float(window.query(query.replace("[1m]", "[5m]"))["value"][1]) < truth / 3
