"""The three formats tell the same: one sample in each of them, read back by the readers that others wrote."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import powercap_tree, promtool, protobuf_messages
from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.formats import (
    ACCEPTS,
    Family,
    Snapshot,
    families_of_openmetrics,
    families_of_protobuf,
    families_of_text,
    metrics_of_openmetrics,
    plain_body,
    request_headers,
)
from support.powercap_tree import PowercapTree, Zone
from support.protobuf_messages import Messages, native_buckets
from support.waiting import wait_until

# Far longer than it takes to ask for one sample in all forms.
INTERVAL = ("--sample.interval", "200ms")
# Longer than any test: only the first sample is a tick's.
NEVER = ("--sample.interval", "60s")
UNITS = ("joules", "watts", "seconds", "bytes")
# So that each format shows `POWER`.
CLASSIC = "--classic-histogram"
# Of `PowerHistogram`: the buckets grow by 2^(1/8), and a classic one is two of them.
SCHEMA = 3
ZERO_THRESHOLD = 2.0**-128
# What package 0 uses from one sample to the next, in microjoules: none, next to none, and more than the highest bound,
# with gaps between them that are longer and shorter than what a span of buckets bridges.
STEPS_UJ = (0, 1, 50_000, 300_000, 2_000_000, 2_500_000, 5_000_000, 100_000_000, 1_400_000_000, 0)
ENERGY, SAMPLES = "pyjoules_energy_joules", "pyjoules_samples"
POWER, QUANTILE = "pyjoules_power_watts", "pyjoules_power_quantile_watts"
# A name that no label can carry as it is.
ODD_NAME = 'odd"name\\'


@dataclass(frozen=True)
class Taken:
    """A snapshot, and the times between which the exporter started and the snapshot was taken."""

    snapshot: Snapshot
    begin: float
    end: float


def snapshot_of(exporter: Exporter, path: str = "/metrics") -> Snapshot:
    """One sample in every form; a sample that ended meanwhile makes it try again."""
    client = exporter.connect()

    def taken() -> Snapshot | None:
        snapshot = Snapshot(client, path)
        return snapshot if snapshot.is_one_sample else None

    snapshot = wait_until(taken, 30, "one sample in every form")
    assert snapshot is not None
    return snapshot


def machine(root: Path) -> PowercapTree:
    """A laptop with a zone of no known kind and one that cannot be read, and that believes in any power."""
    tree = powercap_tree.laptop(root, limit_watts=100_000)
    tree.add(Zone("2", ODD_NAME))
    tree.set_bytes("0:2", b"garbage\n")
    return tree


def use_energy(exporter: Exporter, tree: PowercapTree) -> None:
    """Lets each step be one sample. The core moves too, psys never does."""
    used = 0
    for step in STEPS_UJ:
        used += step
        tree.set("0", used)
        tree.set("0:0", used // 3)
        exporter.page_after_ticks(1)


@pytest.fixture(scope="module", params=["powercap", "simulated"])
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    """A sample of a machine whose counters have moved, and of the model."""
    fixed = ["--web.listen-address", "127.0.0.1:0", *INTERVAL, CLASSIC]
    with ExitStack() as stack:
        begin = time.time()
        if request.param == "simulated":
            exporter = stack.enter_context(Exporter([*fixed, "--source", "simulated"]))
            exporter.page_after_ticks(5)
        else:
            tree = machine(tmp_path_factory.mktemp("formats"))
            exporter = stack.enter_context(Exporter([*fixed, "--path.sysfs", str(tree.root)]))
            use_energy(exporter, tree)
        snapshot = snapshot_of(exporter)
        yield Taken(snapshot, begin, time.time())


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Messages:
    if (reason := protobuf_messages.missing()) is not None:
        pytest.skip(reason)
    return Messages(tmp_path_factory.mktemp("protobuf"))


@pytest.fixture
def exporter(start_exporter: StartExporter, tree: PowercapTree) -> Exporter:
    exporter = start_exporter(tree, *INTERVAL, CLASSIC)
    exporter.page_after_ticks(1)  # all families are there
    return exporter


# The same series and values in each


def test_openmetrics_tells_the_same_as_text(taken: Taken) -> None:
    text, openmetrics = taken.snapshot.text("text"), taken.snapshot.text("openmetrics")
    assert families_of_openmetrics(openmetrics) == families_of_text(text)
    # Not only as numbers: digit for digit.
    assert sample_lines(openmetrics) == sample_lines(text) != []


def test_protobuf_tells_the_same_as_text(taken: Taken, messages: Messages) -> None:
    of_protobuf = families_of_protobuf(taken.snapshot.body("protobuf"), messages)
    of_text = families_of_text(taken.snapshot.text("text"))
    assert [family.name for family in of_protobuf] == [family.name for family in of_text]
    for family, expected in zip(of_protobuf, of_text, strict=True):
        # The text's decimal number, read as the double that is nearest to it, is the double.
        assert family == expected
    assert {"counter", "gauge", "summary", "histogram"} == {family.type for family in of_protobuf}
    assert all(family.help for family in of_protobuf)


def test_every_value_of_sample_after_sample_is_the_nearest_double(
    start_exporter: StartExporter, messages: Messages
) -> None:
    exporter = start_exporter(None, "--sample.interval", "50ms", CLASSIC)
    for _ in range(15):
        snapshot = snapshot_of(exporter)
        assert families_of_protobuf(snapshot.body("protobuf"), messages) == families_of_text(snapshot.text("text"))
        exporter.page_after_ticks(1)


@pytest.mark.parametrize("format", ACCEPTS)
def test_gzip_holds_the_same_bytes(taken: Taken, format: str) -> None:
    bare, compressed = taken.snapshot.response(format), taken.snapshot.response(format, is_gzip=True)
    assert bare.header("content-encoding") is None and compressed.header("content-encoding") == "gzip"
    assert plain_body(compressed) == bare.body
    assert len(compressed.body) < len(bare.body) / 3
    assert compressed.header("content-type") == bare.header("content-type")


def test_what_cannot_be_read_is_absent_from_each_and_odd_labels_are_whole(
    start_exporter: StartExporter, tmp_path: Path, messages: Messages
) -> None:
    snapshot = snapshot_of(start_exporter(machine(tmp_path / "machine"), *INTERVAL, CLASSIC))
    pages = (
        families_of_text(snapshot.text("text")),
        families_of_openmetrics(snapshot.text("openmetrics")),
        families_of_protobuf(snapshot.body("protobuf"), messages),
    )
    for page in pages:
        of_domains = {name: {dict(labels).get("domain") for labels in all} for name, all in labels_of(page).items()}
        for name in (ENERGY, POWER, QUANTILE):
            assert of_domains[name] == {"package_0", "core_0", "uncore_0", "psys_0"}
        reasons = [dict(labels)["reason"] for labels in labels_of(page)["pyjoules_zone_info"]]
        assert len([reason for reason in reasons if ODD_NAME in reason]) == 1, reasons


# What each format has of its own


def test_promtool_accepts_the_text(taken: Taken) -> None:
    promtool.assert_accepts(taken.snapshot.text("text"))


def test_openmetrics_has_what_text_lacks(taken: Taken) -> None:
    lines = taken.snapshot.text("openmetrics").split("\n")
    assert lines[-2:] == ["# EOF", ""] and lines.count("# EOF") == 1
    metrics = metrics_of_openmetrics(taken.snapshot.text("openmetrics"))
    for metric in metrics:
        assert metric.unit == next((unit for unit in UNITS if metric.name.endswith(f"_{unit}")), "")
        declared = [f"# TYPE {metric.name} {metric.type}"]
        declared += [f"# UNIT {metric.name} {metric.unit}"] if metric.unit else []
        first = lines.index(declared[0])
        assert lines[first : first + len(declared)] == declared
        assert lines[first + len(declared)].startswith(f"# HELP {metric.name} ")
    assert len([line for line in lines if line.startswith("# ")]) == 1 + sum(3 if m.unit else 2 for m in metrics)


def test_protobuf_names_the_units(taken: Taken, messages: Messages) -> None:
    body = taken.snapshot.body("protobuf")
    units = {family.name.removesuffix("_total"): family.unit for family in messages.later_fields(body)}
    assert units == {metric.name: metric.unit for metric in metrics_of_openmetrics(taken.snapshot.text("openmetrics"))}


def test_protobuf_says_since_when_each_counts(taken: Taken, messages: Messages) -> None:
    starts = starts_milliseconds(taken.snapshot.body("protobuf"), messages)
    counting = [family for family in families_of_text(taken.snapshot.text("text")) if family.type != "gauge"]
    assert set(starts) == {family.name for family in counting}
    for family in counting:
        assert len(starts[family.name]) == len(labels_of([family])[family.name])
        for start in starts[family.name]:
            # To the millisecond, rounded down.
            assert math.floor(taken.begin * 1000) <= start <= taken.end * 1000


def test_nobody_is_told_created_series_unasked(taken: Taken) -> None:
    for format in ("text", "openmetrics"):
        assert "_created" not in taken.snapshot.text(format)


# Native histograms


def test_the_native_histogram_is_the_classic_one(taken: Taken, messages: Messages) -> None:
    (family,) = families_named(POWER, taken.snapshot.body("protobuf"), messages)
    assert len(family.metric) >= 4
    for metric in family.metric:
        histogram = metric.histogram
        assert histogram.schema == SCHEMA and histogram.zero_threshold == ZERO_THRESHOLD
        buckets = native_buckets(histogram)
        # A span begins and ends with a bucket that is used.
        assert all(count >= 0 for count in buckets.values())
        assert histogram.zero_count + sum(buckets.values()) == histogram.sample_count
        assert len(histogram.bucket) > 50
        for classic in histogram.bucket:
            bound = math.log2(classic.upper_bound) * 2**SCHEMA
            assert bound == pytest.approx(round(bound), abs=1e-9) and round(bound) % 2 == 0
            below = sum(count for number, count in buckets.items() if number <= round(bound))
            assert histogram.zero_count + below == classic.cumulative_count
        assert histogram.negative_span == histogram.negative_delta == [] and not histogram.sample_count_float


def test_known_samples_lie_in_their_native_buckets(
    start_exporter: StartExporter, tmp_path: Path, messages: Messages
) -> None:
    tree = machine(tmp_path / "machine")
    exporter = start_exporter(tree, *INTERVAL)
    use_energy(exporter, tree)
    (family,) = families_named(POWER, snapshot_of(exporter).body("protobuf"), messages)
    by_domain = {
        label.value: metric.histogram for metric in family.metric for label in metric.label if label.name == "domain"
    }

    package = by_domain["package_0"]
    buckets = {number: count for number, count in native_buckets(package).items() if count > 0}
    steps = [step for step in STEPS_UJ if step > 0]
    assert sum(buckets.values()) == len(steps)
    # The length of an interval is not exactly known, but half of it and the double of it are four octaves apart.
    found = sorted(number for number, count in buckets.items() for _ in range(count))
    for number, step in zip(found, steps, strict=True):
        watts = step / 1e6 / 0.2
        assert watts / 4 < 2 ** (number / 2**SCHEMA) < watts * 4
    assert package.zero_count >= 2 and len(package.positive_span) > 2

    psys = by_domain["psys_0"]
    assert psys.zero_count == psys.sample_count > 0
    assert_is_empty_but_native(psys)


def test_a_native_histogram_without_samples_is_known_to_be_one(
    start_exporter: StartExporter, tree: PowercapTree, messages: Messages
) -> None:
    snapshot = snapshot_of(start_exporter(tree, *NEVER))
    (family,) = families_named(POWER, snapshot.body("protobuf"), messages)
    assert len(family.metric) == 5
    for metric in family.metric:
        assert list(metric.histogram.bucket) == []
        assert metric.histogram.sample_count == metric.histogram.zero_count == 0
        assert_is_empty_but_native(metric.histogram)


def test_a_classic_histogram_is_not_taken_for_a_native_one(taken: Taken, messages: Messages) -> None:
    (family,) = families_named("pyjoules_sample_lateness_seconds", taken.snapshot.body("protobuf"), messages)
    (metric,) = family.metric
    assert metric.histogram.sample_count > 0
    written = {field.name for field, _ in metric.histogram.ListFields()}
    assert written == {"sample_count", "sample_sum", "bucket"}


def test_without_classic_buckets_the_histogram_is_protobufs_alone(
    start_exporter: StartExporter, tree: PowercapTree, messages: Messages
) -> None:
    exporter = start_exporter(tree, *INTERVAL)
    exporter.page_after_ticks()
    snapshot = snapshot_of(exporter)
    promtool.assert_accepts(snapshot.text("text"))
    of_text = families_of_text(snapshot.text("text"))
    assert families_of_openmetrics(snapshot.text("openmetrics")) == of_text
    of_protobuf = families_of_protobuf(snapshot.body("protobuf"), messages)
    assert [family for family in of_protobuf if family.name != POWER] == of_text
    assert POWER not in snapshot.text("text")
    (family,) = families_named(POWER, snapshot.body("protobuf"), messages)
    for metric in family.metric:
        assert list(metric.histogram.bucket) == [] and metric.histogram.sample_count > 0
        assert metric.histogram.schema == SCHEMA
    # Asked for alone, it is there in protobuf, and nothing is in the others.
    alone = snapshot_of(exporter, f"/metrics?name[]={POWER}")
    assert alone.text("text") == "" and alone.text("openmetrics") == "# EOF\n"
    assert [family.name for family in messages.families(alone.body("protobuf"))] == [POWER]


def test_without_the_histogram_there_is_none_in_any_format(
    start_exporter: StartExporter, tree: PowercapTree, messages: Messages
) -> None:
    snapshot = snapshot_of(start_exporter(tree, *INTERVAL, "--no-histogram"))
    for page in (
        families_of_text(snapshot.text("text")),
        families_of_openmetrics(snapshot.text("openmetrics")),
        families_of_protobuf(snapshot.body("protobuf"), messages),
    ):
        names = [family.name for family in page]
        assert POWER not in names and QUANTILE in names and ENERGY in names


# Quantiles


def test_a_summary_is_the_same_in_each_format(taken: Taken, messages: Messages) -> None:
    (family,) = families_named(QUANTILE, taken.snapshot.body("protobuf"), messages)
    assert len(family.metric) >= 4
    for metric in family.metric:
        assert [pair.quantile for pair in metric.summary.quantile] == [0.5, 0.95, 0.99]
        assert metric.summary.sample_count > 0
        (labels,) = [{label.name: label.value for label in metric.label}]
        page = Page(taken.snapshot.text("text"))
        assert [float(value) for value in page.quantiles(labels["domain"])] == [
            pair.value for pair in metric.summary.quantile
        ]
        low, peak = (page.value(f"pyjoules_power_{name}_watts", **labels) for name in ("low", "peak"))
        assert [low, *page.quantiles(labels["domain"]), peak] == sorted([low, *page.quantiles(labels["domain"]), peak])


def test_before_the_first_interval_a_summary_is_empty(
    start_exporter: StartExporter, tree: PowercapTree, messages: Messages
) -> None:
    snapshot = snapshot_of(start_exporter(tree, *NEVER))
    promtool.assert_accepts(snapshot.text("text"))
    (family,) = families_named(QUANTILE, snapshot.body("protobuf"), messages)
    assert len(family.metric) == 5
    for metric in family.metric:
        assert list(metric.summary.quantile) == [] and metric.summary.sample_count == metric.summary.sample_sum == 0
    page = Page(snapshot.text("text"))
    assert len(page.find(f"{QUANTILE}_sum")) == len(page.find(f"{QUANTILE}_count")) == 5
    assert page.find(QUANTILE) == []


# Since when, where it is asked for


def test_created_series_are_openmetrics_alone(
    start_exporter: StartExporter, tree: PowercapTree, messages: Messages
) -> None:
    snapshot = snapshot_of(start_exporter(tree, *INTERVAL, "--web.openmetrics-created"))
    assert "_created" not in snapshot.text("text")
    starts = starts_milliseconds(snapshot.body("protobuf"), messages)
    for metric in metrics_of_openmetrics(snapshot.text("openmetrics")):
        created = [sample for sample in metric.samples if sample.name == f"{metric.name}_created"]
        assert [round(sample.value * 1000) for sample in created] == starts.get(metric.name, [])
        others = Family(metric.name, "", "", [((s.name, tuple(s.labels.items())), 0) for s in metric.samples])
        labels = [tuple(sample.labels.items()) for sample in created]
        assert labels == (labels_of([others])[metric.name] if created else [])
    assert len(starts) > 10


# The filter

FILTERS = {
    "a counter": (f"name[]={ENERGY}_total", [ENERGY]),
    "a counter as OpenMetrics calls it": (f"name[]={ENERGY}", [ENERGY]),
    "a gauge": ("name[]=process_open_fds", ["process_open_fds"]),
    "a histogram": (f"name[]={POWER}", [POWER]),
    "buckets": (f"name[]={POWER}_bucket", [POWER]),
    "a sum": (f"name[]={POWER}_sum", [POWER]),
    "a count": (f"name[]={POWER}_count", [POWER]),
    "a summary": (f"name[]={QUANTILE}", [QUANTILE]),
    "the sum of a summary": (f"name[]={QUANTILE}_sum", [QUANTILE]),
    "the buckets of a summary": (f"name[]={QUANTILE}_bucket", []),
    "escaped brackets": (f"name%5B%5D={POWER}", [POWER]),
    "an escaped name": ("name%5b%5d=pyjoules%5Fpower%5fwatts_%62ucket", [POWER]),
    # In the order of the page, not of the question.
    "several": (f"name[]={SAMPLES}_total&name[]={POWER}&name[]={ENERGY}", [ENERGY, POWER, SAMPLES]),
    "the same twice": (f"name[]={POWER}_sum&name[]={POWER}_bucket", [POWER]),
    "one that is unknown": (f"name[]=up&name[]={ENERGY}&name[]=", [ENERGY]),
    "among others": (f"collect[]=cpu&name[]={ENERGY}&debug=true", [ENERGY]),
    "the beginning of a name": ("name[]=pyjoules_energy", []),
    "a gauge with a counter's suffix": ("name[]=process_open_fds_total", []),
    "unknown": ("name[]=node_cpu_seconds_total", []),
    "in capitals": (f"name[]={ENERGY.upper()}", []),
}

NO_FILTERS = (
    "",
    "?",
    "?collect[]=cpu&exclude[]=netdev",
    f"?name={POWER}",
    f"?names[]={POWER}",
    f"?x=name[]={POWER}",
    "?&&=&",
)


@pytest.mark.parametrize("query, expected", FILTERS.values(), ids=FILTERS.keys())
def test_a_page_of_some_families(exporter: Exporter, messages: Messages, query: str, expected: list[str]) -> None:
    snapshot = snapshot_of(exporter, f"/metrics?{query}")
    all_families = {family.name: family for family in families_of_text(exporter.page().text)}
    pages = (
        families_of_text(snapshot.text("text")),
        families_of_openmetrics(snapshot.text("openmetrics")),
        families_of_protobuf(snapshot.body("protobuf"), messages),
    )
    for page in pages:
        assert [family.name for family in page] == expected
        for family in page:
            whole = all_families[family.name]
            assert (family.type, family.help) == (whole.type, whole.help)
            assert [series for series, _ in family.series] == [series for series, _ in whole.series]
    for format in ACCEPTS:
        assert plain_body(snapshot.response(format, is_gzip=True)) == snapshot.body(format)


@pytest.mark.parametrize("is_gzip", [False, True], ids=["bare", "gzip"])
@pytest.mark.parametrize("format, empty", [("text", b""), ("openmetrics", b"# EOF\n"), ("protobuf", b"")])
def test_a_page_of_nothing_is_valid(exporter: Exporter, format: str, empty: bytes, is_gzip: bool) -> None:
    client = exporter.connect()
    response = client.get("/metrics?name[]=unknown", headers=request_headers(format, is_gzip))
    assert response.status == 200
    assert response.header("content-length") == str(len(response.body))
    assert response.header("content-encoding") == ("gzip" if is_gzip else None)
    assert plain_body(response) == empty
    # The connection goes on, and the whole page is still there.
    assert len(plain_body(client.get(headers=request_headers(format, is_gzip)))) > 1000


@pytest.mark.parametrize("query", NO_FILTERS)
def test_other_parameters_filter_nothing(exporter: Exporter, query: str) -> None:
    whole = [family.name for family in families_of_text(exporter.page().text)]
    assert [family.name for family in families_of_text(exporter.get(f"/metrics{query}").text)] == whole


def test_a_filtered_page_leaves_the_shared_ones_alone(exporter: Exporter) -> None:
    client = exporter.connect()

    def pages() -> tuple[bytes, bytes] | None:
        """The same page before and after one that is filtered, if no sample ended meanwhile."""
        before = Snapshot(client)
        client.get(f"/metrics?name[]={POWER}", headers=request_headers("protobuf", is_gzip=True))
        after = Snapshot(client)
        same = before.is_one_sample and after.is_one_sample and before.body("text") == after.body("text")
        return (before.body("protobuf"), after.body("protobuf")) if same else None

    found = wait_until(pages, 30, "two snapshots of one sample")
    assert found is not None and found[0] == found[1] != b""


# Helpers


def sample_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def labels_of(page: list[Family]) -> dict[str, list[tuple[tuple[str, str], ...]]]:
    """The labels of each metric of each family, in order: the many series of a histogram or summary are one metric."""
    found: dict[str, list[tuple[tuple[str, str], ...]]] = {}
    for family in page:
        of_metrics = [
            tuple(pair for pair in labels if pair[0] not in ("le", "quantile")) for (_, labels), _ in family.series
        ]
        found[family.name] = list(dict.fromkeys(of_metrics))
    return found


def families_named(name: str, body: bytes, messages: Messages) -> list[Any]:
    return [family for family in messages.families(body) if family.name == name]


def starts_milliseconds(body: bytes, messages: Messages) -> dict[str, list[int]]:
    """Since when each metric of each family counts, in milliseconds of the wall clock, for those that say it."""
    starts: dict[str, list[int]] = {}
    for family in messages.later_fields(body):
        for metric in family.metric:
            for kind in (metric.counter, metric.summary, metric.histogram):
                if kind.HasField("created_timestamp"):
                    starts.setdefault(family.name.removesuffix("_total"), []).append(
                        kind.created_timestamp.ToMilliseconds()
                    )
    return starts


def assert_is_empty_but_native(histogram: Any) -> None:
    """Prometheus 2.42 looks at the threshold, later ones at the span of nothing."""
    assert [(span.offset, span.length) for span in histogram.positive_span] == [(0, 0)]
    assert list(histogram.positive_delta) == []
    assert histogram.HasField("schema") and histogram.schema == SCHEMA
    assert histogram.zero_threshold == ZERO_THRESHOLD and histogram.HasField("zero_count")
