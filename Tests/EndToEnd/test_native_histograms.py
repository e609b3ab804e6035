"""The whole way of a native histogram: protobuf to a real Prometheus, and quantiles of power asked from its HTTP API.

Beside it runs one as by default, which gets OpenMetrics, and so the same numbers in classic buckets.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.powercap_tree import Curve, laptop
from support.prometheus_run import CURVE_SECONDS, SAMPLE_SECONDS, PrometheusRun
from support.waiting import wait_until

# What the width of a bucket allows.
FACTOR = 2 ** (1 / 8)
WINDOW_SECONDS = 60
NAME = "pyjoules_power_watts"
# Their highest and their middle power are well inside a bucket.
ZONES = {"package_0": "package-0", "core_0": "core", "psys_0": "psys"}
DOMAINS = ("package_0", "core_0", "uncore_0", "dram_0", "psys_0")


@dataclass(frozen=True)
class Rest:
    """Both have scraped since the counters came to rest, and the exporter has long taken its last sample of them."""

    run: PrometheusRun
    # The last moment at which the curves certainly moved.
    end_of_curves: float
    now: float

    def native(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        return self.run.servers["native"].query(expression, at or self.now)

    def default(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        return self.run.servers["default"].query(expression, at or self.now)


@pytest.fixture(scope="module")
def rest(distributed_run: PrometheusRun | None) -> Rest:
    """Waits until it has come."""
    if distributed_run is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    end = distributed_run.curve_start + CURVE_SECONDS

    def both_have_scraped() -> bool:
        answers = [server.query("timestamp(up)") for server in distributed_run.servers.values()]
        return all(answer and float(answer[0]["value"][1]) > end + 1 for answer in answers)

    wait_until(both_have_scraped, CURVE_SECONDS + 30, "a scrape after the end of the curves")
    return Rest(distributed_run, end - 1, time.time())


def test_every_scrape_succeeded(rest: Rest) -> None:
    for query in (rest.native, rest.default):
        (lowest,) = query("min_over_time(up[10m])")
        (count,) = query("count_over_time(up[10m])")
        assert lowest["value"][1] == "1"
        assert int(count["value"][1]) > WINDOW_SECONDS / 2 - 2


def test_only_the_one_that_knows_native_histograms_gets_one(rest: Rest) -> None:
    native = rest.native(NAME)
    assert {series["metric"]["domain"] for series in native} == set(DOMAINS)
    assert all("histogram" in series and "value" not in series for series in native)
    assert rest.native(f'{{__name__=~"{NAME}.*",le!=""}}') == []
    # What is classic stays so.
    assert len(rest.native("pyjoules_sample_lateness_seconds_bucket")) > 5

    assert rest.default(NAME) == []
    bounds = {series["metric"]["le"] for series in rest.default(f"{NAME}_bucket")}
    assert {"0.5", "64", "+Inf"} <= {bound.removesuffix(".0") for bound in bounds}


@pytest.mark.parametrize("quantile", [0.5, 0.99])
@pytest.mark.parametrize("domain", ZONES)
def test_a_quantile_is_that_of_the_curve(rest: Rest, domain: str, quantile: float, tmp_path: Path) -> None:
    labels = f'{{domain="{domain}"}}'
    (answer,) = rest.native(f"histogram_quantile({quantile}, rate({NAME}{labels}[1m]))", rest.end_of_curves)
    measured = float(answer["value"][1])

    # What the rate is of lies between the first and the last scrape of the window.
    (series,) = rest.native(f"{NAME}{labels}[1m]", rest.end_of_curves)
    first, last = (series["histograms"][index][0] for index in (0, -1))
    assert last - first > WINDOW_SECONDS / 2
    (curve,) = [zone.curve for zone in laptop(tmp_path).zones if zone.name == ZONES[domain]]
    assert isinstance(curve, Curve)
    truth = quantile_of(curve, quantile, first - rest.run.curve_start, last - rest.run.curve_start)
    assert truth / FACTOR < measured < truth * FACTOR


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_have_the_same_distribution(rest: Rest, domain: str) -> None:
    """Their last scrapes were at different times, but since the end of the curves only samples of 0 W are new."""
    labels = f'{{domain="{domain}"}}'
    (native,) = rest.native(f"{NAME}{labels}")
    buckets = [(float(low), float(high), float(count)) for _, low, high, count in native["histogram"][1]["buckets"]]
    (zero,) = [count for low, high, count in buckets if low < 0 < high]
    assert zero > 0
    assert sum(count for *_, count in buckets) == float(native["histogram"][1]["count"])

    classic = sorted(
        (float(series["metric"]["le"]), float(series["value"][1])) for series in rest.default(f"{NAME}_bucket{labels}")
    )
    for (low, below), (high, up_to) in pairwise(classic):
        assert up_to - below == sum(count for above, bound, count in buckets if low <= above and bound <= high)
    assert classic[-1][1] - classic[0][1] > CURVE_SECONDS / SAMPLE_SECONDS / 2

    (sum_of_native,) = rest.native(f"histogram_sum({NAME}{labels})")
    (sum_of_classic,) = rest.default(f"{NAME}_sum{labels}")
    assert sum_of_native["value"][1] == sum_of_classic["value"][1]


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_have_the_same_joules(rest: Rest, domain: str) -> None:
    expression = f'pyjoules_energy_joules_total{{domain="{domain}"}}'
    (native,), (default,) = rest.native(expression), rest.default(expression)
    assert native["metric"] == default["metric"]
    assert native["value"][1] == default["value"][1]
    assert float(default["value"][1]) == float(rest.run.exporters["pyjoules"].page().energy(domain)) > 100


def test_both_have_the_same_families(rest: Rest) -> None:
    """What differs is the histogram that is native to the one."""
    everything = 'count by (__name__) ({job="pyjoules"})'
    native, default = (
        {series["metric"]["__name__"]: series["value"][1] for series in query(everything)}
        for query in (rest.native, rest.default)
    )
    assert native.pop(NAME) == str(len(DOMAINS))
    for suffix in ("bucket", "sum", "count"):
        assert default.pop(f"{NAME}_{suffix}")
    assert native == default and len(native) > 20


def quantile_of(curve: Curve, quantile: float, begin: float, end: float) -> float:
    """The power that this part of the time is not above, from the mean over each sample's length."""
    count = int((end - begin) / SAMPLE_SECONDS * 10)
    times = [begin + (end - begin) * index / count for index in range(count)]
    powers: Sequence[float] = sorted(
        (curve.joules(at) - curve.joules(at - SAMPLE_SECONDS)) / SAMPLE_SECONDS for at in times
    )
    return powers[int(quantile * (count - 1))]
