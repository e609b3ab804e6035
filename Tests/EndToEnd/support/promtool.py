"""The promtool of each version of Prometheus that is there, and what it says of a page."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from .scraping_servers import PROMETHEUS_3, Prometheus, Prometheus3

# It comes with the server of its version.
_PROGRAMS = {Prometheus: "promtool", Prometheus3: str(PROMETHEUS_3 / "promtool")}

#: For tests that run each of them, where it is there.
each_promtool = pytest.mark.parametrize(
    "promtool",
    [
        pytest.param(
            program,
            id=server.NAME,
            marks=pytest.mark.skipif(shutil.which(program) is None, reason=f"no promtool ({server.ORIGIN})"),
        )
        for server, program in _PROGRAMS.items()
    ],
)


def assert_accepts(text: str) -> None:
    """Fails the test if a promtool remarks on anything in a page of text; skips it where there is none."""
    found = [program for program in _PROGRAMS.values() if shutil.which(program) is not None]
    if not found:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    for program in found:
        check = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True)
        assert check.returncode == 0 and check.stderr == "", check.stdout + check.stderr
