"""The Python of docs/measure.md, as it stands there."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.exporter import BINARY, REPOSITORY, clean_environment
from support.powercap_tree import REAL_RANGE_UJ, PowercapTree, Zone

TEXT = (REPOSITORY / "docs" / "measure.md").read_text()
(CODE,) = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
DEFINITION, USE = CODE.split("\nwith energy()", 1)


@pytest.fixture
def search_path(tmp_path: Path) -> str:
    """Where the program is found by its name; without a source it takes the simulated one."""
    program = tmp_path / "bin" / "pyjoules-exporter"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *--source*) exec {BINARY} "$@" ;; esac\n'
        f'shift\nexec {BINARY} measure --source simulated "$@"\n'
    )
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def test_as_it_stands_there(search_path: str) -> None:
    begin = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment({"PATH": search_path}),
    )
    seconds = time.monotonic() - begin
    assert (result.returncode, result.stderr) == (0, "")
    joules, unit = result.stdout.split()
    # The model's package takes 20 W at least, and 60 W at most.
    assert unit == "J" and 0 < float(joules) <= 60 * seconds


Energy = Callable[..., contextlib.AbstractContextManager[dict[str, float]]]


@pytest.fixture
def energy(search_path: str, monkeypatch: pytest.MonkeyPatch) -> Energy:
    monkeypatch.setenv("PATH", search_path)
    names: dict[str, Energy] = {}
    exec(DEFINITION, names)
    return names["energy"]


def test_what_the_block_used_is_told_to_the_microjoule(energy: Energy, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    tree.add(Zone("0", "package-0", range_uj=REAL_RANGE_UJ), 5_000_000)
    with energy("--source", "powercap", "--path.sysfs", str(tree.root), "--sample.interval", "10ms") as joules:
        for value in (5_100_000, 5_350_000, 5_400_001):
            time.sleep(0.05)
            tree.set("0", value)
        time.sleep(0.05)
        tree.set("0", 5_500_001)
    tree.set("0", 9_000_000)
    assert joules["package_0"] == pytest.approx(0.500001, abs=1e-9)


def test_an_error_in_the_block_is_passed_on_and_leaves_nothing_running(
    energy: Energy, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with pytest.raises(ZeroDivisionError), energy("--source", "simulated", "--sample.interval", "20ms"):
        _ = 1 / 0
    assert [process.returncode for process in started] == [128 + signal.SIGTERM]
