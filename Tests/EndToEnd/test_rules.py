"""The rules that are shipped, with promtool, and what the documents say of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.exporter import REPOSITORY
from support.promtool import each_promtool

DIRECTORY = REPOSITORY / "deploy/prometheus"
FILES = sorted(DIRECTORY.glob("*.rules.yml"))
ALERTS = DIRECTORY / "alerts.rules.yml"
OPERATIONS = REPOSITORY / "docs/operations.md"

each_file = pytest.mark.parametrize("rules", FILES, ids=lambda path: path.name.removesuffix(".rules.yml"))


def expectations_of(rules: Path) -> Path:
    return rules.with_suffix(".test.yml")


def check(promtool: str, *arguments: str) -> None:
    run = subprocess.run([promtool, *arguments], cwd=DIRECTORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@each_promtool
@each_file
def test_the_rules_are_well_formed(rules: Path, promtool: str) -> None:
    check(promtool, "check", "rules", rules.name)


@each_promtool
@each_file
def test_the_rules_give_what_their_tests_expect(rules: Path, promtool: str) -> None:
    check(promtool, "test", "rules", expectations_of(rules).name)


@each_file
def test_each_rule_is_looked_at_by_a_test_or_by_a_rule_that_is(rules: Path) -> None:
    text = rules.read_text()
    names = re.findall(r"(?:record|alert): (\S+)", text)
    assert len(names) == len(set(names)) and len(names) >= 5
    expected = expectations_of(rules).read_text()
    uses = re.sub(r"record: \S+", "", text)
    assert [name for name in names if not re.search(rf"\b{name}\b", expected) and name not in uses] == []


@each_promtool
def test_the_example_of_a_configuration_finds_its_rules(promtool: str) -> None:
    check(promtool, "check", "config", "prometheus.yml")


def test_each_alert_has_a_place_in_the_document_that_it_names() -> None:
    alerts = re.findall(r"alert: (\S+)", ALERTS.read_text())
    links = re.findall(r"runbook_url: \S+/docs/operations.md#(\S+)", ALERTS.read_text())
    headings = re.findall(r"^### (Pyjoules\S+)$", OPERATIONS.read_text(), flags=re.MULTILINE)
    assert headings == alerts
    assert links == [alert.lower() for alert in alerts]


@each_file
def test_every_series_that_a_rule_asks_for_is_known(rules: Path) -> None:
    """To the catalog of series, which has each name in quotes, or to a rule."""
    sources = "\n".join(path.read_text() for path in (REPOSITORY / "Sources/Exporter/Series").rglob("*.swift"))
    records = set(re.findall(r"record: (\S+)", "\n".join(path.read_text() for path in FILES)))
    for text in re.findall(r"expr: (?:>-\n)?((?:.+\n)+?)(?=\s+(?:- |labels|for|#)|\Z)", rules.read_text()):
        for name in re.findall(r"\bpyjoules_\w+", re.sub(r"[a-z_]+:pyjoules_\w+(:\w+)?", "", text)):
            assert name in records or f'"{name}"' in sources, f"{name}, in {text}"
