"""What an ordinary scrape gives: the page, its values, its headers, and what stays the same between two samples."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support import promtool
from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.powercap_tree import PowercapTree
from support.raw_http import Client, Response, request
from support.waiting import wait_until

KINDS = {"package_0": "package", "core_0": "core", "uncore_0": "uncore", "dram_0": "dram", "psys_0": "psys"}
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
FAST = ("--sample.interval", "20ms")
# Longer than any test: only the first sample is a tick's, every later reading is a scrape's.
NEVER = ("--sample.interval", "60s")


@pytest.fixture
def exporter(start_exporter: StartExporter, tree: PowercapTree) -> Exporter:
    return start_exporter(tree, *FAST)


@pytest.fixture(params=["powercap", "simulated", "none"])
def exporter_of_each_source(request: pytest.FixtureRequest, start_exporter: StartExporter, tmp_path: Path) -> Exporter:
    """The same program on counters, on its own model, and on a machine without any source."""
    if request.param == "simulated":
        return start_exporter(None, *FAST)
    tree = request.getfixturevalue("tree") if request.param == "powercap" else PowercapTree(tmp_path / "empty")
    return start_exporter(tree, *FAST)


def test_every_domain_has_its_energy(exporter: Exporter) -> None:
    samples = exporter.page().find("pyjoules_energy_joules_total")
    assert {sample.labels["domain"]: sample.labels["kind"] for sample in samples} == KINDS
    for sample in samples:
        # The platform lies in no package.
        package = {} if sample.labels["kind"] == "psys" else {"package": "0"}
        expected = {"domain": sample.labels["domain"], "kind": sample.labels["kind"], **package}
        assert list(sample.labels.items()) == list(expected.items())


def test_the_core_of_amd_is_one_core_only(start_exporter: StartExporter, tree: PowercapTree, procfs: Path) -> None:
    (procfs / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\n")
    page = start_exporter(tree, *FAST).page_after_ticks()
    (core,) = page.find("pyjoules_energy_joules_total", domain="core_0")
    assert core.labels["kind"] == "lead_core"
    assert page.find("pyjoules_simple_energy_watts", domain="core_0")


def test_the_prototypes_series_are_there(exporter: Exporter) -> None:
    page = exporter.page_after_ticks()
    watts = page.find("pyjoules_simple_energy_watts")
    assert {sample.labels["domain"] for sample in watts} == set(KINDS)
    assert all(list(sample.labels) == ["domain"] for sample in watts)
    assert page.value("pyjoules_simple_measurement_duration_seconds") > 0


def test_power_is_energy_over_the_measured_interval(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, "--sample.interval", "300ms")
    tree.set("0", 3_000_000)

    def watts(page: Page) -> Decimal:
        """The power of the package, 0 while there is no interval yet."""
        return sum(
            (sample.value for sample in page.find("pyjoules_simple_energy_watts", domain="package_0")), Decimal(0)
        )

    page = exporter.wait_for_page(lambda page: watts(page) > 0)
    duration = page.value("pyjoules_simple_measurement_duration_seconds")
    # The power is over the time between the package's own readings, the duration between the beginnings of the ticks: a
    # busy machine may put a millisecond between the two.
    assert float(watts(page) * duration) == pytest.approx(3.0, rel=0.02)
    assert duration >= Decimal("0.1")


def test_the_truthfulness_family_is_complete(exporter: Exporter) -> None:
    page = exporter.page_after_ticks()
    assert page.value("pyjoules_source_up", source="powercap") == 1
    assert page.value("pyjoules_sample_interval_seconds") == Decimal("0.02")
    assert page.find("pyjoules_ticks_missed_total")
    for domain in KINDS:
        assert page.value("pyjoules_wraps_total", domain=domain) == 0
    # What never happened takes no line.
    assert page.find("pyjoules_sample_errors_total") == page.find("pyjoules_http_rejected_total") == []


def test_lateness_is_a_classic_histogram(exporter: Exporter) -> None:
    page = exporter.page_after_ticks()
    name = "pyjoules_sample_lateness_seconds"
    buckets = page.find(f"{name}_bucket")
    bounds = [Decimal(bucket.labels["le"].replace("Inf", "Infinity")) for bucket in buckets]
    assert bounds == sorted(bounds) and bounds[-1] == Decimal("Infinity")
    counts = [bucket.value for bucket in buckets]
    assert counts == sorted(counts)
    assert counts[-1] == page.value(f"{name}_count") > 0
    assert page.value(f"{name}_sum") >= 0


def test_the_process_describes_itself(exporter: Exporter) -> None:
    page = exporter.page()
    assert abs(page.value("process_start_time_seconds") - Decimal(time.time())) < 60
    for name in ("process_cpu_seconds_total", "process_open_fds", "process_max_fds"):
        assert page.value(name) >= 0
    assert page.value("process_resident_memory_bytes") > 1_000_000
    (build,) = page.find("pyjoules_exporter_build_info")
    assert build.value == 1 and list(build.labels) == ["version", "revision", "swift"]
    assert all(build.labels.values())


def test_requests_are_counted_by_status(exporter: Exporter) -> None:
    assert exporter.get("/nothing").status == 404

    def count(page: Page, code: str) -> Decimal:
        return sum((sample.value for sample in page.find("pyjoules_http_requests_total", code=code)), Decimal(0))

    page = exporter.wait_for_page(lambda page: count(page, "200") >= 2)
    assert count(page, "404") == 1
    assert {sample.labels["code"] for sample in page.find("pyjoules_http_requests_total")} == {"200", "404"}
    assert page.value("pyjoules_http_connections") >= 1


def test_the_headers_are_those_prometheus_needs(exporter: Exporter) -> None:
    response = exporter.get("/metrics")
    assert response.status == 200 and response.version == "HTTP/1.1"
    assert response.header("content-type") == TEXT_FORMAT
    assert response.header("content-length") == str(len(response.body))
    assert response.header("x-content-type-options") == "nosniff"
    assert response.header("vary") == "Accept, Accept-Encoding"
    date = time.strptime(response.header("date") or "", "%a, %d %b %Y %H:%M:%S GMT")
    assert date.tm_year >= 2026


@pytest.mark.parametrize("accept", ["application/vnd.nobody-knows", "text/html", "*/*", ""])
def test_an_accept_that_cannot_be_met_gets_text(exporter: Exporter, accept: str) -> None:
    response = exporter.get("/metrics", headers=[f"Accept: {accept}"])
    assert response.status == 200
    assert response.header("content-type") == TEXT_FORMAT


@pytest.mark.parametrize(
    "path", ["/metrics", "/", "/api/v1/power", "/api/v1/power?history", "/-/healthy", "/-/ready", "/nothing"]
)
def test_head_is_get_without_the_body(start_exporter: StartExporter, tree: PowercapTree, path: str) -> None:
    client = start_exporter(tree, *NEVER).connect()
    client.send(request(path) + request(path, "HEAD") + request(path))
    before, head, after = client.read_response(), client.read_response(without_body=True), client.read_response()

    def constant(response: Response) -> list[tuple[str, str]]:
        return [pair for pair in response.headers if pair[0] not in ("date", "content-length", "etag")]

    assert head.status == before.status and constant(head) == constant(before)
    # Two, because a reading that has become too old may be refreshed before any of the three.
    assert head.header("content-length") in (str(len(before.body)), str(len(after.body)))


def test_a_connection_is_kept(exporter: Exporter) -> None:
    client = exporter.connect()
    for _ in range(20):
        assert client.get("/metrics").status == 200


def test_a_connection_is_closed_when_the_client_asks(exporter: Exporter) -> None:
    client = exporter.connect()
    response = client.get("/metrics", headers=["Connection: close"])
    assert response.header("connection") == "close"
    assert client.is_at_end()


def test_http_1_0_needs_no_host_and_is_not_kept(exporter: Exporter) -> None:
    client = exporter.connect()
    client.send(request(version="HTTP/1.0", host=None))
    assert client.read_response().status == 200
    assert client.is_at_end()


def test_pipelined_requests_are_answered_in_order(exporter: Exporter) -> None:
    client = exporter.connect()
    paths = ["/metrics", "/-/healthy", "/nothing", "/-/ready"] * 10
    client.send(b"".join(request(path) for path in paths))
    statuses = [client.read_response().status for _ in paths]
    assert statuses == [200, 200, 404, 200] * 10


def test_promtool_accepts_the_page(exporter_of_each_source: Exporter) -> None:
    promtool.assert_accepts(exporter_of_each_source.page_after_ticks().text)


def test_the_reference_parser_reads_the_page(exporter_of_each_source: Exporter) -> None:
    page = exporter_of_each_source.page_after_ticks()
    families = list(text_string_to_metric_families(page.text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation and family.type != "unknown" for family in families)
    read = [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]
    assert read == [(sample.name, sample.labels, float(sample.value)) for sample in page.samples]


def test_between_two_readings_every_scrape_gets_the_same_bytes(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    exporter = start_exporter(tree, *NEVER)
    client = exporter.connect()

    def fresh_then_two_more() -> tuple[bytes, bytes] | None:
        """Two scrapes right after one that must have read the counters; None if the machine was too slow for that."""
        tree.set("0", int(exporter.page_on(client).energy("package_0") * 1_000_000) + 1)
        old = client.get().body
        wait_until(lambda: client.get().body != old, what="a page from a new reading")
        begin = time.monotonic()
        first, second = client.get().body, exporter.get().body
        return (first, second) if time.monotonic() - begin < 0.5 else None

    pages = wait_until(fresh_then_two_more, 30, "three scrapes within one second")
    assert pages is not None
    first, second = pages
    assert first == second


def test_without_any_source_it_runs_and_says_so(start_exporter: StartExporter, tmp_path: Path) -> None:
    exporter = start_exporter(PowercapTree(tmp_path / "empty"), *FAST)
    assert exporter.get("/-/ready").status == 200
    page = exporter.page_after_ticks(5)
    up = page.find("pyjoules_source_up")
    assert up and all(sample.value == 0 for sample in up)
    # No tick read all counters, since there are none.
    assert page.value("pyjoules_samples_total") == 0
    for name in ("pyjoules_energy_joules_total", "pyjoules_host_energy_joules_total", "pyjoules_simple_energy_watts"):
        assert page.find(name) == []
    record = exporter.only_record("no_source")
    assert record["level"] in ("warning", "error")
    assert "modprobe" in record["msg"]


def test_an_absent_powercap_class_is_no_source_either(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    (tree.root / "class" / "powercap").rmdir()
    exporter = start_exporter(tree, *FAST)
    assert all(sample.value == 0 for sample in exporter.page().find("pyjoules_source_up"))
    exporter.only_record("no_source")


def test_the_simulated_source_is_named_everywhere(start_exporter: StartExporter) -> None:
    exporter = start_exporter(None, *FAST)
    page = exporter.page_after_ticks(5)
    assert page.value("pyjoules_source_up", source="simulated") == 1
    assert all(sample.value > 0 for sample in page.find("pyjoules_energy_joules_total"))
    assert "simulated" in exporter.get("/").text.lower()
    exporter.only_record("simulated_source")


def test_the_simulated_source_is_never_chosen_silently(start_exporter: StartExporter, tmp_path: Path) -> None:
    exporter = start_exporter(PowercapTree(tmp_path / "empty"), *FAST)
    assert exporter.page().find("pyjoules_source_up", source="simulated") == []


def test_the_landing_page_links_to_the_metrics(exporter: Exporter) -> None:
    response = exporter.get("/")
    assert response.status == 200
    assert response.header("content-type") == "text/html; charset=utf-8"
    links = re.findall(r'<a href="([^"]*)"', response.text)
    assert "metrics" in links and "api/v1/power" in links
    for link in links:
        assert exporter.get(f"/{link}").status == 200, link


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_health_and_readiness(exporter: Exporter, path: str) -> None:
    response = exporter.get(path)
    assert response.status == 200 and response.body


def test_another_telemetry_path(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, "--web.telemetry-path", "/energy")
    assert Page(exporter.get("/energy").text).find("pyjoules_energy_joules_total")
    assert exporter.get("/metrics").status == 404
    assert 'href="energy"' in exporter.get("/").text


@pytest.mark.parametrize("target", ["/metrics?name[]=up", "http://example.org/metrics", "/metrics?"])
def test_other_forms_of_the_target(exporter: Exporter, target: str) -> None:
    assert exporter.get(target).status == 200


def test_several_addresses(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, "--web.listen-address", "[::1]:0")
    records = exporter.wait_for_events("listening", 2)
    for record in records:
        host, _, port = record["address"].rpartition(":")
        with Client((host.strip("[]"), int(port))) as client:
            assert client.get().status == 200
