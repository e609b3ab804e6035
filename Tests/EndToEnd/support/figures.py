"""Figures that tests show at the end of a run. A conftest takes both names over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_NAME = "figure"


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a line that is shown at the end of the run."""
    properties: list[tuple[str, object]] = request.node.user_properties
    return lambda line: properties.append((_NAME, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows them, whichever process they come from: reports carry them."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    ended = [report for report in reports if getattr(report, "when", None) == "call"]
    lines = [line for report in ended for name, line in report.user_properties if name == _NAME]
    if lines:
        terminalreporter.section("figures")
    for line in lines:
        terminalreporter.write_line(str(line))
