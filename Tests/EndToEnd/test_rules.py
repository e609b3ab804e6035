"""The recording rules that are shipped, with promtool."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from support.exporter import REPOSITORY

RULES = REPOSITORY / "deploy/prometheus/attribution.rules.yml"
TESTS = RULES.with_suffix(".test.yml")


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    run = subprocess.run(["promtool", *arguments], cwd=RULES.parent, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_rules_are_well_formed() -> None:
    promtool("check", "rules", RULES.name)


def test_the_rules_give_what_their_tests_expect() -> None:
    promtool("test", "rules", TESTS.name)


def test_each_rule_is_looked_at_by_a_test_or_by_a_rule_that_is() -> None:
    rules = RULES.read_text()
    names = re.findall(r"record: (\S+)", rules)
    assert len(names) == len(set(names)) and len(names) > 10
    expected = TESTS.read_text()
    uses = re.sub(r"record: \S+", "", rules)
    assert [name for name in names if name not in expected and name not in uses] == []
