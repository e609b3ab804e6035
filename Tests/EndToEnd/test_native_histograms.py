"""The whole way of a native histogram: protobuf to a real Prometheus, and quantiles of power asked from its HTTP API.

Beside it runs one as by default, which gets OpenMetrics, the same numbers in classic buckets where they are wanted.
"""

from __future__ import annotations

import itertools
from itertools import pairwise
from pathlib import Path

import pytest

from support.curves_at_rest import Rest, quantile_of
from support.powercap_tree import Curve, laptop
from support.prometheus_run import CURVE_SECONDS, SAMPLE_SECONDS
from support.scraping_servers import Prometheus3

# What the width of a bucket allows.
FACTOR = 2 ** (1 / 8)
WINDOW_SECONDS = 60
NAME = "pyjoules_power_watts"
# Their highest and their middle power are well inside a bucket.
ZONES = {"package_0": "package-0", "core_0": "core", "psys_0": "psys"}
DOMAINS = ("package_0", "core_0", "uncore_0", "dram_0", "psys_0")


@pytest.fixture(params=["native", "native 3"])
def server(rest: Rest, request: pytest.FixtureRequest) -> str:
    """A Prometheus of each version that takes them."""
    name: str = request.param
    if name not in rest.run.servers:
        pytest.skip(f"{Prometheus3.NAME} is not there ({Prometheus3.ORIGIN})")
    return name


def test_every_scrape_succeeded(rest: Rest) -> None:
    for server, job in itertools.product(rest.run.servers, rest.run.exporters):
        (lowest,) = rest.query(server, f'min_over_time(up{{job="{job}"}}[10m])')
        (count,) = rest.query(server, f'count_over_time(up{{job="{job}"}}[10m])')
        assert lowest["value"][1] == "1"
        assert int(count["value"][1]) > WINDOW_SECONDS / 2 - 2


@pytest.mark.parametrize("job", ["pyjoules", "classic"])
def test_only_the_one_that_knows_native_histograms_gets_one(rest: Rest, server: str, job: str) -> None:
    native = rest.query(server, f'{NAME}{{job="{job}"}}')
    assert {series["metric"]["domain"] for series in native} == set(DOMAINS)
    assert all("histogram" in series and "value" not in series for series in native)
    assert rest.query(server, f'{{__name__=~"{NAME}.*",le!=""}}') == []
    # What is classic stays so.
    assert len(rest.query(server, f'pyjoules_sample_lateness_seconds_bucket{{job="{job}"}}')) > 5
    assert rest.query("default", f'{NAME}{{job="{job}"}}') == []


def test_classic_buckets_are_there_where_they_are_asked_for(rest: Rest) -> None:
    assert rest.query("default", f'{{__name__=~"{NAME}_.*",job="pyjoules"}}') == []
    found = rest.query("default", f'{NAME}_bucket{{job="classic",domain="psys_0"}}')
    bounds = sorted(float(series["metric"]["le"]) for series in found)
    # Four to a doubling.
    assert bounds[0] == 0.5 and bounds[-2:] == [4096, float("inf")] and len(bounds) == 13 * 4 + 2
    assert all(high / low == pytest.approx(2 ** (1 / 4)) for low, high in pairwise(bounds[:-1]))


@pytest.mark.parametrize("quantile", [0.5, 0.99])
@pytest.mark.parametrize("domain", ZONES)
def test_a_quantile_is_that_of_the_curve(rest: Rest, server: str, domain: str, quantile: float, tmp_path: Path) -> None:
    labels = f'{{domain="{domain}",job="pyjoules"}}'
    expression = f"histogram_quantile({quantile}, rate({NAME}{labels}[1m]))"
    (answer,) = rest.query(server, expression, rest.end_of_curves)
    measured = float(answer["value"][1])

    # What the rate is of lies between the first and the last scrape of the window.
    (series,) = rest.query(server, f"{NAME}{labels}[1m]", rest.end_of_curves)
    first, last = (series["histograms"][index][0] for index in (0, -1))
    assert last - first > WINDOW_SECONDS / 2
    (curve,) = [zone.curve for zone in laptop(tmp_path).zones if zone.name == ZONES[domain]]
    assert isinstance(curve, Curve)
    truth = quantile_of(curve, quantile, first - rest.run.curve_start, last - rest.run.curve_start)
    assert truth / FACTOR < measured < truth * FACTOR


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_have_the_same_distribution(rest: Rest, server: str, domain: str) -> None:
    """Their last scrapes were at different times, but since the end of the curves only samples of 0 W are new."""
    labels = f'{{domain="{domain}",job="classic"}}'
    (native,) = rest.query(server, f"{NAME}{labels}")
    buckets = [(float(low), float(high), float(count)) for _, low, high, count in native["histogram"][1]["buckets"]]
    (zero,) = [count for low, high, count in buckets if low < 0 < high]
    assert zero > 0
    assert sum(count for *_, count in buckets) == float(native["histogram"][1]["count"])

    classic = sorted(
        (float(series["metric"]["le"]), float(series["value"][1]))
        for series in rest.query("default", f"{NAME}_bucket{labels}")
    )
    for (low, below), (high, up_to) in pairwise(classic):
        # Both servers have their own digits of a bound.
        inside = [count for above, bound, count in buckets if low < above * 1.01 and bound * 0.99 < high]
        assert up_to - below == sum(inside)
    assert classic[-1][1] - classic[0][1] > CURVE_SECONDS / SAMPLE_SECONDS / 2

    (sum_of_native,) = rest.query(server, f"histogram_sum({NAME}{labels})")
    (sum_of_classic,) = rest.query("default", f"{NAME}_sum{labels}")
    assert sum_of_native["value"][1] == sum_of_classic["value"][1]


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_have_the_same_joules(rest: Rest, server: str, domain: str) -> None:
    expression = f'pyjoules_energy_joules_total{{domain="{domain}",job="pyjoules"}}'
    (native,), (default,) = rest.query(server, expression), rest.query("default", expression)
    assert native["metric"] == default["metric"]
    assert native["value"][1] == default["value"][1]
    assert float(default["value"][1]) == float(rest.run.exporters["pyjoules"].page().energy(domain)) > 100


def test_both_have_the_same_families(rest: Rest, server: str) -> None:
    """What differs is the histogram that is native to the one."""
    everything = 'count by (__name__) ({job="pyjoules"})'
    native, default = (
        {series["metric"]["__name__"]: series["value"][1] for series in rest.query(name, everything)}
        for name in (server, "default")
    )
    assert native.pop(NAME) == str(len(DOMAINS))
    assert native == default and len(native) > 20
