"""What `promtool check metrics` says of a page."""

from __future__ import annotations

import shutil
import subprocess

import pytest

# The exit status when the page is valid and only the style of a name is not to its taste.
_LINT_STATUS = 3
# It reads the type into "counter_wraps"; what wraps is the hardware's counter, and the name is part of the contract.
_ACCEPTED_COMPLAINTS = (
    "pyjoules_counter_resets_total metric name should not include type 'counter'",
    "pyjoules_counter_wraps_total metric name should not include type 'counter'",
)


def assert_accepts(text: str) -> None:
    """Fails the test if promtool objects to a page of the text format; skips it where there is none."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    complaints = [line for line in check.stderr.splitlines() if line not in _ACCEPTED_COMPLAINTS]
    assert check.returncode in (0, _LINT_STATUS) and complaints == [], check.stdout + check.stderr
