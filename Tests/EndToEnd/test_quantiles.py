"""The quantiles of the page, as Prometheus and VictoriaMetrics have them: near a known curve, within its extremes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from support.curves_at_rest import Rest, quantile_of
from support.powercap_tree import Curve, laptop
from support.prometheus_run import CURVE_SECONDS
from support.scraping_servers import VictoriaMetrics

NAME = "pyjoules_power_quantile_watts"
QUANTILES = ("0.5", "0.95", "0.99")
ZONES = {"package_0": "package-0", "core_0": "core", "uncore_0": "uncore", "dram_0": "dram", "psys_0": "psys"}
WINDOW_SECONDS = 60
TOLERANCE = 0.1


@pytest.fixture(params=["default", "native", "native 3", VictoriaMetrics.NAME])
def server(request: pytest.FixtureRequest, rest: Rest) -> str:
    """Prometheus by OpenMetrics and by protobuf, and VictoriaMetrics by the text format."""
    name: str = request.param
    if name not in rest.run.servers:
        pytest.skip(f"{name} is not there (scripts/deps.sh test)")
    return name


def curve_of(domain: str, directory: Path) -> Curve:
    (curve,) = [zone.curve for zone in laptop(directory).zones if zone.name == ZONES[domain]]
    assert isinstance(curve, Curve)
    return curve


def samples(rest: Rest, server: str, series: str) -> Mapping[float, Decimal]:
    """What the server has of one series, by the times of its scrapes."""
    (found,) = rest.query(server, f"{series}[10m]")
    return {time: Decimal(value) for time, value in found["values"]}


@pytest.mark.parametrize("quantile", QUANTILES)
@pytest.mark.parametrize("domain", ZONES)
def test_a_quantile_is_that_of_the_curve(rest: Rest, server: str, domain: str, quantile: str, tmp_path: Path) -> None:
    scraped = samples(rest, server, f'{NAME}{{domain="{domain}",quantile="{quantile}",job="pyjoules"}}')
    last = max(time for time in scraped if time <= rest.end_of_curves)
    end = last - rest.run.curve_start
    assert end > CURVE_SECONDS - 5
    truth = quantile_of(curve_of(domain, tmp_path), float(quantile), end - WINDOW_SECONDS, end)
    assert float(scraped[last]) == pytest.approx(truth, rel=TOLERANCE)


@pytest.mark.parametrize("job", ["pyjoules", "classic"])
@pytest.mark.parametrize("domain", ZONES)
def test_no_scrape_had_a_quantile_beyond_the_extremes(rest: Rest, server: str, domain: str, job: str) -> None:
    labels = f'domain="{domain}",job="{job}"'
    low = samples(rest, server, f"pyjoules_power_low_watts{{{labels}}}")
    quantiles = [samples(rest, server, f'{NAME}{{{labels},quantile="{quantile}"}}') for quantile in QUANTILES]
    peak = samples(rest, server, f"pyjoules_power_peak_watts{{{labels}}}")
    assert len(peak) > 25
    for time in peak:
        ascending = [low[time], *(of_time[time] for of_time in quantiles), peak[time]]
        assert ascending == sorted(ascending)


@pytest.mark.parametrize("domain", ZONES)
def test_sum_and_count_give_the_mean_of_every_sample(rest: Rest, server: str, domain: str, tmp_path: Path) -> None:
    labels = f'{{domain="{domain}",job="pyjoules"}}'
    sums, counts = (samples(rest, server, f"{NAME}_{suffix}{labels}") for suffix in ("sum", "count"))
    first = min(time for time in sums if counts[time] > 0)
    last = max(time for time in sums if time <= rest.end_of_curves)
    curve = curve_of(domain, tmp_path)
    energy = curve.joules(last - rest.run.curve_start) - curve.joules(first - rest.run.curve_start)
    mean = float((sums[last] - sums[first]) / (counts[last] - counts[first]))
    assert mean == pytest.approx(energy / (last - first), rel=0.02)
