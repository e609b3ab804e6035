"""What `promtool check metrics` says of a page."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def assert_accepts(text: str) -> None:
    """Fails the test if promtool remarks on anything in a page of text; skips it where there is no promtool."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    check = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert check.returncode == 0 and check.stderr == "", check.stdout + check.stderr
