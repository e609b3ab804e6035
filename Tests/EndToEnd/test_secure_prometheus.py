"""The real Prometheus through everything at once: TLS, client certificate, password, gzip, protobuf, a renewal.

For longer than a minute, and with the figures:

    PYJOULES_SOAK_SECONDS=300 .venv/bin/python -m pytest -rP Tests/EndToEnd/test_secure_prometheus.py
"""

from __future__ import annotations

import gzip
import time

import pytest

from support.secure_run import JOB, WINDOW_SECONDS, SecureRun
from support.waiting import wait_until

# As Prometheus 2.42 asks with native histograms.
ACCEPT = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.fixture(scope="module")
def finished(secure_run: SecureRun | None) -> SecureRun:
    """The run, once its window is over."""
    if secure_run is None:
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    wait_until(lambda: secure_run.begin is not None, 30, "the first scrape")
    assert secure_run.begin is not None
    end = secure_run.begin + WINDOW_SECONDS
    wait_until(lambda: time.time() > end + 1, WINDOW_SECONDS + 30, "the end of the window")
    return secure_run


def test_no_scrape_failed(finished: SecureRun) -> None:
    assert finished.begin is not None

    def total(function: str) -> int:
        expression = f'{function}(up{{job="{JOB}"}}[{WINDOW_SECONDS}s])'
        (result,) = finished.prometheus.query(expression, finished.begin + WINDOW_SECONDS)
        return int(result["value"][1])

    scrapes, succeeded = total("count_over_time"), total("sum_over_time")
    print(
        f"{WINDOW_SECONDS} s: Prometheus scraped {scrapes} times, {scrapes - succeeded} failed; "
        f"on new connections {finished.scrapes} times, {len(finished.failures)} failed"
    )
    assert scrapes == succeeded
    assert WINDOW_SECONDS - 1 <= scrapes <= WINDOW_SECONDS + 1
    assert finished.failures == []
    assert finished.scrapes > WINDOW_SECONDS


def test_the_certificate_was_renewed_in_the_middle(finished: SecureRun) -> None:
    assert finished.begin is not None and finished.renewal is not None
    assert abs(finished.renewal - finished.begin - WINDOW_SECONDS / 2) < WINDOW_SECONDS / 10
    assert finished.serials == [finished.first.serial, finished.second.serial]
    assert finished.web.exporter.records("web_configuration_refused") == []


def test_what_prometheus_asks_for_is_protobuf_in_gzip(finished: SecureRun) -> None:
    response = finished.scrape(f"Accept: {ACCEPT}", "Accept-Encoding: gzip")
    assert response.status == 200
    assert (response.header("content-type") or "").startswith("application/vnd.google.protobuf;")
    assert response.header("content-encoding") == "gzip"
    assert b"pyjoules_power_watts" in gzip.decompress(response.body)


def test_prometheus_has_native_histograms(finished: SecureRun) -> None:
    """Only protobuf can carry them, so that is what it got."""
    assert finished.begin is not None
    (result,) = finished.prometheus.query(
        'histogram_count(pyjoules_power_watts{domain="package_0"})', finished.begin + WINDOW_SECONDS
    )
    # One for each sample.
    assert float(result["value"][1]) > 10 * WINDOW_SECONDS
