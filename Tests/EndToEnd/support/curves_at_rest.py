"""The run whose curves came to an end: what is asked after that has one answer, whoever scraped when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .powercap_tree import Curve
from .prometheus_run import CURVE_SECONDS, SAMPLE_SECONDS, PrometheusRun
from .waiting import wait_until


@dataclass(frozen=True)
class Rest:
    """All have scraped since the counters came to rest; the exporters have long taken their last samples of them."""

    run: PrometheusRun
    # The last moment at which the curves certainly moved.
    end_of_curves: float
    now: float

    @staticmethod
    def wait(run: PrometheusRun) -> Rest:
        """Waits until it has come."""
        end = run.curve_start + CURVE_SECONDS

        def all_have_scraped() -> bool:
            answers = [server.query('timestamp(up{job=~".+"})') for server in run.servers.values()]
            return all(
                len(answer) == len(run.exporters) and all(float(series["value"][1]) > end + 1 for series in answer)
                for answer in answers
            )

        wait_until(all_have_scraped, CURVE_SECONDS + 30, "scrapes after the end of the curves")
        return Rest(run, end - 1, time.time())

    def query(self, server: str, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        return self.run.servers[server].query(expression, at or self.now)


def quantile_of(curve: Curve, quantile: float, begin: float, end: float) -> float:
    """The power that this part of the time is not above, from the mean over each sample's length."""
    count = int((end - begin) / SAMPLE_SECONDS * 10)
    times = [begin + (end - begin) * index / count for index in range(count)]
    powers: Sequence[float] = sorted(
        (curve.joules(at) - curve.joules(at - SAMPLE_SECONDS)) / SAMPLE_SECONDS for at in times
    )
    return powers[int(quantile * (count - 1))]
