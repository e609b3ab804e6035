"""The check of Datadog's agent for OpenMetrics, which leaves what it would send with a stub of the agent."""

from __future__ import annotations

import time

import pytest
import yaml

from powers import HOST_WATTS, PACKAGE_WATTS, assert_is_power
from support.documented import EXPORTER, block
from support.waiting import let_time_pass

base = pytest.importorskip("datadog_checks.base", reason="no datadog-checks-base (scripts/consumers.sh)")

from datadog_checks.base.stubs import aggregator  # noqa: E402

SECONDS = 5


def test_it_sends_the_watts(address: str) -> None:
    configuration = yaml.safe_load(block("Datadog", "yaml", **{EXPORTER: address}))
    check = base.OpenMetricsBaseCheckV2("openmetrics", {}, configuration["instances"])
    joules, times = [], []
    for seconds in (0, SECONDS):
        let_time_pass(seconds)  # The check is run every so often, and keeps no time itself.
        aggregator.reset()
        times.append(time.monotonic())
        assert check.run() == "", "no error"
        (host,) = aggregator.metrics("pyjoules.host.energy.count")
        assert host.type == aggregator.MONOTONIC_COUNT
        joules.append(host.value)
    assert_is_power((joules[1] - joules[0]) / (times[1] - times[0]), HOST_WATTS)
    assert "basis:packages+dram" in host.tags and f"endpoint:http://{address}/metrics" in host.tags
    watts = {
        tuple(tag for tag in each.tags if tag.startswith("domain:")): each
        for each in aggregator.metrics("pyjoules.watts")
    }
    package = watts["domain:package_0",]
    assert package.type == aggregator.GAUGE and 0.5 * PACKAGE_WATTS < package.value < 1.5 * PACKAGE_WATTS
    aggregator.assert_service_check("pyjoules.openmetrics.health", base.AgentCheck.OK)
