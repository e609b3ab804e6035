"""The three formats of a page brought into one form, so that they can be compared."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_to_metric_families
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

from .protobuf_messages import Messages
from .raw_http import Client, Response

# Each format, and what asks for it.
ACCEPTS = {
    "text": "text/plain;version=0.0.4",
    "openmetrics": "application/openmetrics-text;version=1.0.0",
    "protobuf": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
}

# A series' name, and its labels in the order in which the page has them.
Series = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Family:
    """One family of any format."""

    # As OpenMetrics has it: a counter's lacks `_total`.
    name: str
    type: str
    help: str
    # In the order of the page. A histogram is the series of its buckets, its sum and its count; a summary that of its
    # quantiles, its sum and its count.
    series: list[tuple[Series, float]]


def request_headers(format: str, is_gzip: bool = False) -> list[str]:
    return [f"Accept: {ACCEPTS[format]}", *(["Accept-Encoding: gzip"] if is_gzip else [])]


def plain_body(response: Response) -> bytes:
    """The body without its coding."""
    return gzip.decompress(response.body) if response.header("content-encoding") == "gzip" else response.body


class Snapshot:
    """One sample in every form there is, asked for on one connection."""

    def __init__(self, client: Client, path: str = "/metrics") -> None:
        forms = [(format, is_gzip) for format in ACCEPTS for is_gzip in (False, True)]
        self._responses = {form: client.get(path, headers=request_headers(*form)) for form in forms}
        # A page also tells how many requests there were, so one of a later sample is another.
        self.is_one_sample = client.get(path, headers=request_headers("text")).body == self.body("text")

    def response(self, format: str, is_gzip: bool = False) -> Response:
        return self._responses[format, is_gzip]

    def body(self, format: str) -> bytes:
        return self.response(format).body

    def text(self, format: str) -> str:
        return self.response(format).text


def families_of_text(text: str) -> list[Family]:
    return _families(text_string_to_metric_families(text))


def metrics_of_openmetrics(text: str) -> list[Metric]:
    """The families as the reference parser gives them, which knows their units and refuses much that is not allowed."""
    return list(openmetrics_to_metric_families(text))


def families_of_openmetrics(text: str) -> list[Family]:
    return _families(metrics_of_openmetrics(text))


def families_of_protobuf(body: bytes, messages: Messages) -> list[Family]:
    return [_family_of_message(message) for message in messages.families(body)]


def _families(metrics: Iterable[Metric]) -> list[Family]:
    return [
        Family(
            metric.name,
            metric.type,
            metric.documentation,
            [(_series(sample.name, sample.labels.items()), sample.value) for sample in metric.samples],
        )
        for metric in metrics
    ]


def _series(name: str, labels: Iterable[tuple[str, str]]) -> Series:
    """Bounds of buckets and quantiles in one spelling: protobuf has them as numbers."""
    numbers = ("le", "quantile")
    return name, tuple((key, floatToGoString(float(value)) if key in numbers else value) for key, value in labels)


def _family_of_message(message: Any) -> Family:
    kind = message.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[message.type].name.lower()
    assert message.name.endswith("_total") == (kind == "counter"), message.name
    series: list[tuple[Series, float]] = []
    for metric in message.metric:
        labels = [(pair.name, pair.value) for pair in metric.label]
        # Exactly the one value that the family's type says.
        assert [field.name for field, _ in metric.ListFields() if field.name != "label"] == [kind], metric
        if kind == "histogram":
            series += _series_of_histogram(message.name, labels, metric.histogram)
        elif kind == "summary":
            series += _series_of_summary(message.name, labels, metric.summary)
        else:
            series.append((_series(message.name, labels), getattr(metric, kind).value))
    return Family(message.name.removesuffix("_total"), kind, message.help, series)


def _series_of_histogram(name: str, labels: list[tuple[str, str]], histogram: Any) -> list[tuple[Series, float]]:
    buckets = [(bucket.upper_bound, bucket.cumulative_count) for bucket in histogram.bucket]
    return [
        *(
            (_series(f"{name}_bucket", [*labels, ("le", repr(bound))]), float(count))
            for bound, count in [*buckets, (float("inf"), histogram.sample_count)]
        ),
        (_series(f"{name}_sum", labels), histogram.sample_sum),
        (_series(f"{name}_count", labels), float(histogram.sample_count)),
    ]


def _series_of_summary(name: str, labels: list[tuple[str, str]], summary: Any) -> list[tuple[Series, float]]:
    return [
        *((_series(name, [*labels, ("quantile", repr(pair.quantile))]), pair.value) for pair in summary.quantile),
        (_series(f"{name}_sum", labels), summary.sample_sum),
        (_series(f"{name}_count", labels), float(summary.sample_count)),
    ]
