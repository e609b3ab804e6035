"""Prometheus and VictoriaMetrics, each in two versions, scrape by the document's configuration."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from powers import HOST_WATTS, PACKAGE_WATTS, assert_is_power
from programs import UNPACKED
from support.documented import EXPORTER, block
from support.scraping_servers import Prometheus, Prometheus3, ScrapingServer, VictoriaMetrics
from support.waiting import wait_until

SCRAPES = 6


class NewerVictoriaMetrics(VictoriaMetrics):
    """Of Debian's development branch: 1.145 and later."""

    NAME = "victoria-metrics-newer"
    PROGRAM = str(UNPACKED / NAME / "usr/bin/victoria-metrics")
    ORIGIN = "scripts/consumers.sh"


each_server = pytest.mark.parametrize(
    "server", [Prometheus, Prometheus3, VictoriaMetrics, NewerVictoriaMetrics], ids=lambda kind: kind.NAME
)


@contextlib.contextmanager
def started(server: type[ScrapingServer], directory: Path, configuration: dict[str, Any]) -> Iterator[ScrapingServer]:
    """The server while the block runs, where it is there."""
    if not server.is_available():
        pytest.skip(f"{server.NAME} is not there ({server.ORIGIN})")
    running = server(directory / server.NAME, configuration)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.end()


@each_server
def test_it_has_the_watts(server: type[ScrapingServer], address: str, tmp_path: Path) -> None:
    configuration = yaml.safe_load(block("Prometheus", "yaml", **{EXPORTER: address, "15s": "1s"}))
    query = block("Prometheus", "promql", **{"[1m]": f"[{SCRAPES - 1}s]"})
    with started(server, tmp_path, configuration) as running:
        wait_until(lambda: running.query(f"count_over_time(up[1m]) >= {SCRAPES}"), 20, "scrapes")
        (host,) = running.query(query)
        assert_is_power(float(host["value"][1]), HOST_WATTS)
        (package,) = running.query('pyjoules_simple_energy_watts{domain="package_0"}')
        assert package["metric"]["job"] == "energy" and package["metric"]["instance"] == address
        assert 0.5 * PACKAGE_WATTS < float(package["value"][1]) < 1.5 * PACKAGE_WATTS


@each_server
def test_it_asks_for_few_families(server: type[ScrapingServer], address: str, tmp_path: Path) -> None:
    configuration = yaml.safe_load(block("What a fleet costs", "yaml", **{EXPORTER: address, "15s": "1s"}))
    (job,) = configuration["scrape_configs"]
    with started(server, tmp_path, configuration) as running:
        wait_until(lambda: running.query("pyjoules_source_up"), 20, "a scrape")
        found = running.query('count by (__name__) ({__name__=~"pyjoules_.*|process_.*"})')
        assert {series["metric"]["__name__"] for series in found} == set(job["params"]["name[]"])
