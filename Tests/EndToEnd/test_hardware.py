"""The test for a real GPU (`make test-gpu`) itself: it says what is missing, passes, and fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.exporter import BINARY, REPOSITORY
from support.fake_nvml import FakeNVML, compile_library

SCRIPT = REPOSITORY / "Tests" / "Hardware" / "nvidia.py"


@pytest.fixture
def gpus(tmp_path: Path) -> Iterator[FakeNVML]:
    library = tmp_path / "library"
    library.mkdir()
    with closing(FakeNVML(compile_library(library), tmp_path)) as gpus:
        gpus.run_at(0, 70_000)
        yield gpus


def run(gpus: FakeNVML, most_cpu: int = 100) -> subprocess.CompletedProcess[str]:
    """What a reader costs depends on what else the machine does: here everything is allowed, or less than nothing."""
    options = ("--seconds", "2", "--most-cpu", str(most_cpu), "--library", str(gpus.library))
    return script(*options, "--", *gpus.options, FAKE_NVML=str(gpus.directory))


def script(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "--exporter", BINARY, *options],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_says_why_there_is_nothing_to_test() -> None:
    done = script("--library", "/nowhere/libnvidia-ml.so.1")
    assert done.returncode == 0
    assert done.stdout.startswith("SKIP: NVIDIA's library cannot be loaded: /nowhere/libnvidia-ml.so.1")


@pytest.mark.parametrize(("name", "value", "reason"), [("init_code", 9, "no driver (code 9)"), ("count", 0, "no GPU")])
def test_it_says_that_the_library_finds_nothing(gpus: FakeNVML, name: str, value: int, reason: str) -> None:
    gpus.machine[name] = value
    done = run(gpus)
    assert done.returncode == 0
    assert done.stdout.startswith("SKIP: ") and reason in done.stdout


def test_it_passes_on_a_reader_that_tells_the_truth(gpus: FakeNVML) -> None:
    done = run(gpus)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout and "SKIP" not in done.stdout
    assert done.stdout.count("\nok: ") == 6


def test_it_fails_on_a_reader_that_costs_too_much(gpus: FakeNVML) -> None:
    done = run(gpus, most_cpu=-1)
    assert done.returncode == 1
    assert "FAIL: the reader used " in done.stdout
