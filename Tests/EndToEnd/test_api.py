"""JSON at /api/v1/power and the page at /: what they show is what /metrics shows of the same moment."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal

import pytest

from support.exporter import RESOLUTION, Exporter, StartExporter
from support.exposition import Page
from support.power_api import PATH, Power
from support.power_page import PowerPage
from support.powercap_tree import PowercapTree
from support.raw_http import Client, Response
from support.waiting import wait_until
from support.web_configuration import StartWeb

FAST = ("--sample.interval", "20ms")
# Whatever is asked for shows one moment, unless the test is told to wait for the next.
STANDS_STILL = (*FAST, "--web.resolution", "60s")
AS_USERS_HAVE_IT = {RESOLUTION: ""}
KWH_PER_JOULE = Decimal(1) / 3_600_000
DASH = "–"


def start_measured(start_exporter: StartExporter, tree: PowercapTree, *options: str) -> Exporter:
    """An exporter that shows a moment at which all that moves has moved."""
    exporter = start_exporter(tree, *FAST, *options)
    # The platform first, which never has less than what lies in it.
    for number, joules in (("1", 8), ("0", 3), ("0:0", 1), ("0:2", 2)):
        tree.set(number, joules * 1_234_567)
    exporter.wait_for_page(lambda page: page.energy("package_0") > 3 and page.energy("dram_0") > 2)
    return exporter


def one_moment(exporter: Exporter) -> tuple[Page, Power, PowerPage]:
    """Metrics, JSON and HTML of the same pass over the counters."""

    def taken() -> tuple[Page, Power, PowerPage] | None:
        with exporter.connect() as client:
            for request in ("/metrics", PATH, "/", "/metrics"):
                client.send(f"GET {request} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            before, json, page, after = (client.read_response() for _ in range(4))
        is_one = Page(before.text).value("process_cpu_seconds_total") == Page(after.text).value(
            "process_cpu_seconds_total"
        )
        return (Page(before.text), Power(json), PowerPage(page.text)) if is_one and before.body == after.body else None

    return wait_until(taken, what="one moment in all forms")


def compare(metrics: Page, power: Power) -> None:
    """Each number of the JSON is that of its series, to the microjoule, and none is missing."""
    series = {sample.labels["domain"]: sample for sample in metrics.find("pyjoules_energy_joules_total")}
    shown = {domain: entry for domain, entry in power.domains.items() if entry["joules"] is not None}
    assert set(shown) == set(series)
    for domain, entry in power.domains.items():
        watts = metrics.find("pyjoules_simple_energy_watts", domain=domain)
        assert entry["watts"] == (watts[0].value if watts else None)
        if domain in series:
            assert entry["joules"] == series[domain].value
            assert entry["kind"] == series[domain].labels["kind"]
            assert 0 <= entry["joules"] * KWH_PER_JOULE - entry["kwh"] < Decimal("1e-9")
        minute = entry["last_minute"]
        assert bool(minute) == bool(metrics.find("pyjoules_power_peak_watts", domain=domain))
        if minute:
            assert minute["minimum_watts"] == metrics.value("pyjoules_power_low_watts", domain=domain)
            assert minute["maximum_watts"] == metrics.value("pyjoules_power_peak_watts", domain=domain)
            for name, quantile in (("median_watts", "0.5"), ("p99_watts", "0.99")):
                quantile_of = metrics.value("pyjoules_power_quantile_watts", domain=domain, quantile=quantile)
                assert minute[name] == quantile_of
    host = metrics.find("pyjoules_host_energy_joules_total")
    assert (power["host"] is None) == (not host)
    if host:
        assert (power["host"]["joules"], power["host"]["basis"]) == (host[0].value, host[0].labels["basis"])
    sources = {entry["source"]: entry["up"] for entry in power["sources"]}
    assert sources == {up.labels["source"]: up.value == 1 for up in metrics.find("pyjoules_source_up")}
    build = metrics.find("pyjoules_exporter_build_info")[0].labels
    assert power["exporter"] == {"version": build["version"], "revision": build["revision"]}
    compare_consumers(metrics, power)


def compare_consumers(metrics: Page, power: Power) -> None:
    rows = metrics.find("pyjoules_attributed_energy_joules_total")
    assert ("consumers" in power.json) == bool(metrics.find("pyjoules_attribution_energy_joules_total"))
    if "consumers" not in power.json:
        return
    used = sorted((row.value for row in rows if row.value > 0), reverse=True)[:20]
    assert [entry["joules"] for entry in power["consumers"]] == used
    for entry in power["consumers"]:
        alike = [row for row in rows if (row.value, row.labels["kind"]) == (entry["joules"], entry["kind"])]
        assert entry["type"] in [row.labels["type"] for row in alike]


def compare_page(power: Power, page: PowerPage) -> None:
    """The page has what the JSON has, rounded."""

    def shown(value: Decimal | None, digits: str) -> str:
        return DASH if value is None else str(value.quantize(Decimal(digits), rounding="ROUND_HALF_UP"))

    expected = []
    for domain, entry in power.domains.items():
        minute = entry["last_minute"] or {}
        watts = [entry["watts"], *(minute.get(f"{name}_watts") for name in ("minimum", "median", "maximum"))]
        cells = [domain, entry["source"], *(shown(value, "0.1") for value in watts)]
        expected.append([*cells, shown(entry["joules"], "0.1"), shown(entry["kwh"], "0.000001")])
    assert [[cell.strip() for cell in row] for row in page.rows("domains")] == expected
    sources = [[entry["source"], "up" if entry["up"] else "down"] for entry in power["sources"]]
    assert [[cell.strip() for cell in row] for row in page.rows("sources")] == sources
    host = power["host"]
    assert page.texts["total"].startswith(shown(host and host["watts"], "0.1") + " W now, ")
    assert shown(host and host["kwh"], "0.000001") + " kWh since " in page.texts["total"]
    assert ("simulated" in page.texts) == power["simulated"]
    assert ("consumers" in page.tables) == ("consumers" in power.json)
    if "consumers" in page.tables:
        named = [(entry["name"], entry["kind"]) for entry in power["consumers"]]
        assert [(row[0], row[1]) for row in page.rows("consumers")] == named


def test_all_forms_of_a_moment_say_the_same(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_measured(start_exporter, tree, "--attribution", "off")
    metrics, power, page = one_moment(exporter)
    assert power.domains["package_0"]["joules"] == Decimal("3.703701")
    assert power["host"]["basis"] == "psys"
    assert power["host"]["joules"] == Decimal("9.876536")
    assert power["interval_seconds"] == Decimal("0.02")
    assert "consumers" not in power.json and "history" not in power.json
    compare(metrics, power)
    compare_page(power, page)


def test_who_used_it_is_told_where_it_is_known(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_measured(start_exporter, tree, "--attribution", "units")
    metrics, power, page = one_moment(exporter)
    compare(metrics, power)
    compare_page(power, page)


def test_the_simulated_source_is_called_so(start_exporter: StartExporter) -> None:
    exporter = start_exporter(None, *FAST)
    exporter.page_after_ticks(5)
    metrics, power, page = one_moment(exporter)
    assert power["simulated"] is True
    assert power["host"]["watts"] > 0
    assert "SIMULATED" in page.texts["simulated"]
    compare(metrics, power)
    compare_page(power, page)


def test_nothing_measured_is_nothing_shown(start_exporter: StartExporter, tmp_path) -> None:
    exporter = start_exporter(PowercapTree(tmp_path / "empty"), *FAST, wait=False)
    exporter.wait_for_event("listening")
    metrics, power, page = one_moment(exporter)
    assert power["host"] is None and power["domains"] == [] and power["simulated"] is False
    assert not any(entry["up"] for entry in power["sources"])
    compare(metrics, power)
    compare_page(power, page)


def test_a_domain_that_cannot_be_read_has_no_power(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_measured(start_exporter, tree)
    tree.set_bytes("1", b"garbage\n")
    exporter.wait_for_page(lambda page: not page.find("pyjoules_simple_energy_watts", domain="psys_0"))
    metrics, power, page = one_moment(exporter)
    assert power.domains["psys_0"]["watts"] is None
    assert power.domains["psys_0"]["joules"] == Decimal("9.876536")
    assert power["host"]["watts"] is None and power["host"]["joules"] is not None
    compare(metrics, power)
    compare_page(power, page)


def test_json_and_page_stand_still_as_metrics_do(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *STANDS_STILL)
    first = [exporter.get(path) for path in (PATH, f"{PATH}?history", "/")]
    tree.set("0", 3_000_000)
    tree.set_bytes("0:2", b"garbage\n")
    exporter.wait_for_event("zone_failing")
    again = [exporter.get(path) for path in (PATH, f"{PATH}?history", "/")]
    assert [response.body for response in again] == [response.body for response in first]
    assert [response.header("etag") for response in again] == [response.header("etag") for response in first]


def unchanged(client: Client, path: str, tag: str) -> bool:
    response = client.get(path, headers=[f"If-None-Match: {tag}"])
    assert response.status in (200, 304)
    return response.status == 304


@pytest.mark.parametrize("path", [PATH, f"{PATH}?history", "/"])
def test_who_has_it_already_is_told_so_until_there_is_a_newer_one(
    start_exporter: StartExporter, tree: PowercapTree, path: str
) -> None:
    with start_exporter(tree, *FAST, environment=AS_USERS_HAVE_IT).connect() as client:

        def tag_of_one_moment() -> str | None:
            tag = client.get(path).header("etag")
            return tag if tag and unchanged(client, path, tag) else None

        tag = wait_until(tag_of_one_moment, what="an answer that is still good")
        wait_until(lambda: not unchanged(client, path, tag), what="a newer one")


def test_another_run_has_other_tags(start_exporter: StartExporter, tree: PowercapTree) -> None:
    tags = {start_exporter(tree, *STANDS_STILL).get(PATH).header("etag") for _ in range(2)}
    assert len(tags) == 2


@pytest.mark.parametrize("path", [PATH, f"{PATH}?history", "/"])
def test_it_comes_compressed_where_that_is_asked_for(
    start_exporter: StartExporter, tree: PowercapTree, path: str
) -> None:
    exporter = start_exporter(tree, *STANDS_STILL)
    plain, packed = exporter.get(path), exporter.get(path, headers=["Accept-Encoding: gzip"])
    assert packed.header("content-encoding") == "gzip" and plain.header("content-encoding") is None
    assert gzip.decompress(packed.body) == plain.body
    assert plain.header("etag") != packed.header("etag")


def test_the_page_may_do_nothing_but_what_it_needs(start_exporter: StartExporter, tree: PowercapTree) -> None:
    response = start_exporter(tree, *FAST).get("/")
    policy = response.header("content-security-policy") or ""
    assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
    assert response.header("referrer-policy") == "no-referrer"
    assert response.header("x-content-type-options") == "nosniff"
    assert response.header("cache-control") == "no-store"


def test_the_operators_policy_stands_in_the_place_of_ours(start_web: StartWeb) -> None:
    policy = "default-src 'self'"
    settings = {"http_server_config": {"headers": {"Content-Security-Policy": policy}}}
    assert start_web(settings).get("/").header("content-security-policy") == policy


@pytest.mark.parametrize("path", ["/energy", "/a/b", "/a:b", "//host"])
def test_the_page_links_to_metrics_wherever_they_are(
    start_exporter: StartExporter, tree: PowercapTree, path: str
) -> None:
    exporter = start_exporter(tree, *FAST, "--web.telemetry-path", path)
    link = PowerPage(exporter.get("/").text).links["metrics"]
    assert "/" + link.removeprefix("./") == path
    assert ":" not in link.split("/")[0] and not link.startswith("/")
    assert exporter.get(path).status == 200


def history_of(exporter: Exporter, condition: Callable[[Power], bool]) -> Power:
    """The answer with what was before, once it is as wanted."""

    def found() -> Power | None:
        power = Power(exporter.get(f"{PATH}?history"))
        return power if condition(power) else None

    return wait_until(found, seconds=20, what="the history")


def test_the_history_has_what_was_counted_in_each_step(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    # Before it has moved, the platform's counter is none.
    tree.set("1", 1_000_000)
    history_of(exporter, lambda power: power.history("host")[-1:] == [0])
    tree.set("1", 6_000_000)
    tree.set("0", 3_000_000)
    tree.set("0:2", 600_000)
    exporter.wait_for_page(lambda page: page.energy("package_0") == 3)
    power = history_of(exporter, lambda power: sum(map(bool, power.history("host"))) > 0)
    assert power["history"]["step_seconds"] == 1
    assert 0 <= power["time"] - power["history"]["end_time"] < 2
    assert [series["domain"] for series in power["history"]["series"]] == ["host", *power.domains]
    # A step ends with the first sample after its time, and has the mean over the time to that.
    for domain, joules in (("package_0", "3"), ("dram_0", "0.6"), ("host", "5")):
        (watts,) = [value for value in power.history(domain) if value]
        assert Decimal(joules) * Decimal("0.5") < watts < Decimal(joules) * Decimal("1.1")
    assert set(power.history("core_0")) <= {Decimal(0), None}


def test_the_history_has_a_hole_where_nothing_is_known(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    tree.set("1", 5_000_000)
    history_of(exporter, lambda power: 0 in power.history("host")[-1:])
    tree.set_bytes("1", b"garbage\n")
    power = history_of(exporter, lambda power: power.history("psys_0")[-1] is None)
    assert power.history("host")[-1] is None
    assert power.history("package_0")[-1] == 0


def test_a_password_and_a_rate_are_asked_for_as_for_metrics(start_web: StartWeb) -> None:
    web = start_web({"rate_limit": {"interval": "60s", "burst": 1}})
    answers: list[Response] = [web.get(path) for path in (PATH, "/", f"{PATH}?history")]
    assert [answer.status for answer in answers].count(429) >= 2
