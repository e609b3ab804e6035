"""What happens between two scrapes: the joules have all of it, quantiles and peak show it, a gauge knows nothing of it.

pytest -s Tests/EndToEnd/test_bursts.py      # prints the comparison that docs/accuracy.md quotes
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from support.powercap_tree import BURSTS, SPIKES, Pulses
from support.prometheus_run import PrometheusRun
from support.waiting import wait_until

SCRAPE_SECONDS = 15
# Seven intervals between scrapes are fifteen bursts: the window ends where it began in the curve. The joules on a page
# are as old as the latest sample, so at the two ends the ages differ by an interval of 100 ms, which is 0.1 %, and by
# what a busy machine makes samples and scrapes wait. One burst that was lost would be twice the tolerance.
WINDOW_SCRAPES = 8
WINDOW_SECONDS = SCRAPE_SECONDS * (WINDOW_SCRAPES - 1)
TOLERANCE = 0.002
QUANTILE_TOLERANCE = 0.1

# A time of the wall clock and a value.
Point = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """One exporter and the domain whose power it is to be judged by."""

    job: str
    domain: str
    curve: Pulses
    description: str


CASES = (
    Case("bursts", "package_0", BURSTS, "200 ms every 7 s, sampled every 100 ms"),
    Case("spikes", "psys_0", SPIKES, "5 ms every 700 ms, sampled every 5 ms"),
)


class Comparison:
    """Two ways to a mean power over the same scrapes, and the truth."""

    def __init__(self, run: PrometheusRun, case: Case) -> None:
        self.case = case
        self.joules = _window(run, case, "pyjoules_energy_joules_total")
        self.gauge = _window(run, case, "pyjoules_simple_energy_watts")
        (begin, first), (end, last) = self.joules[0], self.joules[-1]
        energy = case.curve.joules(end - run.curve_start) - case.curve.joules(begin - run.curve_start)
        self.true_watts = energy / (end - begin)
        self.joules_watts = (last - first) / (end - begin)
        self.gauge_watts = sum(watts for _, watts in self.gauge) / len(self.gauge)
        # Of the last scrape, whose minute is within the window.
        self.median_watts, self.high_watts = (
            _window(run, case, "pyjoules_power_quantile_watts", f',quantile="{quantile}"')[-1][1]
            for quantile in ("0.5", "0.99")
        )
        self.peak_watts = _window(run, case, "pyjoules_power_peak_watts")[-1][1]

    def error(self, watts: float) -> float:
        return watts / self.true_watts - 1

    def __str__(self) -> str:
        """A row of a table."""
        return (
            f"| {self.case.job} of {self.case.curve.high_watts:.0f} W, {self.case.description} "
            f"| {self.true_watts:.3f} W "
            f"| {self.joules_watts:.3f} W ({self.error(self.joules_watts):+.3%}) "
            f"| {self.gauge_watts:.3f} W ({self.error(self.gauge_watts):+.1%}) "
            f"| {max(watts for _, watts in self.gauge):.1f} W "
            f"| {self.median_watts:.1f}, {self.high_watts:.1f}, {self.peak_watts:.1f} W |"
        )


HEADING = """
Mean power over {seconds} s, scraped every {interval} s (`pytest -s Tests/EndToEnd/test_bursts.py`):

| Power | Truth | By `pyjoules_energy_joules_total` | By the gauge's average | Highest by the gauge | p50, p99, peak |
|---|---|---|---|---|---|"""


@pytest.fixture(scope="module")
def comparisons(bursty_run: PrometheusRun | None) -> dict[str, Comparison]:
    """The comparison of each case, once the window is over."""
    if bursty_run is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    for case in CASES:
        wait_until(lambda: _has_window(bursty_run, case), WINDOW_SECONDS + 2 * SCRAPE_SECONDS + 10, "the window")
    result = {case.job: Comparison(bursty_run, case) for case in CASES}
    print(HEADING.format(seconds=WINDOW_SECONDS, interval=SCRAPE_SECONDS))
    for comparison in result.values():
        print(comparison)
    return result


@pytest.mark.parametrize("job", [case.job for case in CASES])
def test_the_joules_have_all_of_it(comparisons: dict[str, Comparison], job: str) -> None:
    comparison = comparisons[job]
    begin, end = comparison.joules[0][0], comparison.joules[-1][0]
    assert end - begin == pytest.approx(WINDOW_SECONDS, abs=1)
    assert comparison.true_watts == pytest.approx(comparison.case.curve.mean_watts, rel=0.02)
    assert comparison.joules_watts == pytest.approx(comparison.true_watts, rel=TOLERANCE)


@pytest.mark.parametrize("job", [case.job for case in CASES])
def test_quantiles_and_peak_show_it(comparisons: dict[str, Comparison], job: str) -> None:
    comparison = comparisons[job]
    curve = comparison.case.curve
    assert comparison.median_watts == pytest.approx(curve.low_watts, rel=QUANTILE_TOLERANCE)
    if curve is BURSTS:
        # Bursts last for 2.9 % of the time, and each is as long as two samples, so at least one lies within it.
        assert comparison.high_watts == pytest.approx(curve.high_watts, rel=QUANTILE_TOLERANCE)
    # Of a pulse, at least half lies within one sample, unless this machine was so busy that samples were late.
    assert comparison.peak_watts > curve.low_watts * 2
    assert comparison.median_watts <= comparison.high_watts <= comparison.peak_watts


def _window(run: PrometheusRun, case: Case, name: str, labels: str = "") -> Sequence[Point]:
    """The first raw samples of a series, as many as the window has scrapes; fewer if it is not over."""
    expression = f'{name}{{job="{case.job}",domain="{case.domain}"{labels}}}[10m]'
    samples = [(time, float(value)) for series in run.query(expression) for time, value in series["values"]]
    return samples[:WINDOW_SCRAPES]


def _has_window(run: PrometheusRun, case: Case) -> bool:
    return len(_window(run, case, "pyjoules_simple_energy_watts")) == WINDOW_SCRAPES
