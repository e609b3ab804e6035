"""The text format read back exactly: values stay decimal numbers, so that microjoules can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


@dataclass(frozen=True)
class Sample:
    """One line of the page."""

    name: str
    labels: Mapping[str, str]
    value: Decimal


@dataclass(frozen=True)
class Bucket:
    """One bucket of a classic histogram: how many values were above one bound and at most the other."""

    above: Decimal
    up_to: Decimal
    count: Decimal

    def contains(self, value: Decimal) -> bool:
        return self.above < value <= self.up_to


class Page:
    """One scraped page."""

    def __init__(self, text: str) -> None:
        self.text = text
        lines = (line for line in text.split("\n") if line and not line.startswith("#"))
        self.samples = [_parse_sample(line) for line in lines]

    def find(self, name: str, **labels: str) -> list[Sample]:
        """All samples of that name that carry at least these labels."""
        return [sample for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()]

    def value(self, name: str, **labels: str) -> Decimal:
        """The value of the only sample of that name with these labels."""
        found = self.find(name, **labels)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} samples of {name} with {labels}, not one, in:\n{self.text}")
        return found[0].value

    def buckets(self, name: str, **labels: str) -> list[Bucket]:
        """The buckets of a classic histogram, the lowest first, which must be well-formed."""
        bounds = [Decimal("-Infinity")]
        counts = [Decimal(0)]
        for sample in self.find(f"{name}_bucket", **labels):
            bounds.append(_decimal(sample.labels["le"]))
            counts.append(sample.value)
        assert bounds == sorted(set(bounds)) and bounds[-1] == Decimal("Infinity"), bounds
        assert counts == sorted(counts), counts
        assert counts[-1] == self.value(f"{name}_count", **labels)
        return [Bucket(*bounds[i : i + 2], counts[i + 1] - counts[i]) for i in range(len(counts) - 1)]

    def highest_bucket(self, name: str, **labels: str) -> Bucket:
        """The highest bucket that holds anything."""
        return [bucket for bucket in self.buckets(name, **labels) if bucket.count > 0][-1]

    def quantiles(self, domain: str) -> list[Decimal]:
        """The quantiles of a domain's power, in the order of the page."""
        found = self.find("pyjoules_power_quantile_watts", domain=domain)
        assert [sample.labels["quantile"] for sample in found] == (["0.5", "0.95", "0.99"] if found else [])
        return [sample.value for sample in found]

    def energy(self, domain: str) -> Decimal:
        """The joules counted for a domain since the start."""
        return self.value("pyjoules_energy_joules_total", domain=domain)

    @property
    def ticks(self) -> Decimal:
        """How many samples were taken since the start."""
        return self.value("pyjoules_samples_total")

    @property
    def served_ticks(self) -> Decimal:
        """The same, or without any source, which takes no samples, how many ticks of the timer were served."""
        is_up = any(source.value == 1 for source in self.find("pyjoules_source_up"))
        return self.ticks if is_up else self.value("pyjoules_sample_lateness_seconds_count")


def _parse_sample(line: str) -> Sample:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        raise AssertionError(f"not a line of the text format: {line!r}")
    name, label_text, number = match.groups()
    labels = dict(_LABEL.findall(label_text or ""))
    return Sample(name, labels, _decimal(number))


def _decimal(number: str) -> Decimal:
    return Decimal(number.replace("Inf", "Infinity"))
