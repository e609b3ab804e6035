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

    def energy(self, domain: str) -> Decimal:
        """The joules counted for a domain since the start."""
        return self.value("pyjoules_energy_joules_total", domain=domain)

    @property
    def ticks(self) -> Decimal:
        """How many samples were taken since the start."""
        return self.value("pyjoules_samples_total")


def _parse_sample(line: str) -> Sample:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        raise AssertionError(f"not a line of the text format: {line!r}")
    name, label_text, number = match.groups()
    labels = dict(_LABEL.findall(label_text or ""))
    return Sample(name, labels, Decimal(number.replace("Inf", "Infinity")))
