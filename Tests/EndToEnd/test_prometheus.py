"""The whole way: counters that wrap, the exporter, a real Prometheus, and the energy asked from its HTTP API."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from powercap_tree import laptop
from prometheus_run import RANGE_UJ, PrometheusRun
from waiting import wait_until

WINDOW_SECONDS = 60
TOLERANCE = 0.001
DOMAINS = {"package_0": "package-0", "core_0": "core", "uncore_0": "uncore", "dram_0": "dram", "psys_0": "psys"}


@pytest.fixture(scope="module")
def window_end(prometheus_run: PrometheusRun) -> float:
    """The end of a window of the wall clock in which Prometheus scraped from beginning to end."""
    first = wait_until(prometheus_run.first_scrape, 30, "the first scrape")
    assert first is not None
    end = first + WINDOW_SECONDS + 1
    wait_until(lambda: time.time() > end + 1, WINDOW_SECONDS + 30, "the end of the window")
    return end


def test_every_scrape_succeeded(prometheus_run: PrometheusRun, window_end: float) -> None:
    window = f"[{WINDOW_SECONDS}s]"
    (lowest,) = prometheus_run.query(f"min_over_time(up{window})", window_end)
    (scrapes,) = prometheus_run.query(f"count_over_time(up{window})", window_end)
    assert lowest["value"][1] == "1"
    assert WINDOW_SECONDS - 1 <= int(scrapes["value"][1]) <= WINDOW_SECONDS + 1


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_energy_equals_the_curve(
    prometheus_run: PrometheusRun, window_end: float, domain: str, tmp_path: Path
) -> None:
    selector = f'pyjoules_energy_joules_total{{domain="{domain}"}}'
    (series,) = prometheus_run.query(f"{selector}[{WINDOW_SECONDS}s]", window_end)
    (first_time, first_value), (last_time, last_value) = series["values"][0], series["values"][-1]
    assert last_time - first_time > WINDOW_SECONDS - 3

    (curve,) = [zone.curve for zone in laptop(tmp_path).zones if zone.name == DOMAINS[domain]]
    assert curve is not None
    begin = prometheus_run.curve_start
    truth = curve.joules(last_time - begin) - curve.joules(first_time - begin)
    measured = float(Decimal(last_value) - Decimal(first_value))
    assert truth > RANGE_UJ / 1e6, "the counter should have wrapped within the window"
    assert measured == pytest.approx(truth, rel=TOLERANCE)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_wraps_are_counted(prometheus_run: PrometheusRun, window_end: float, domain: str) -> None:
    (wraps,) = prometheus_run.query(f'pyjoules_counter_wraps_total{{domain="{domain}"}}', window_end)
    assert int(wraps["value"][1]) > 0
