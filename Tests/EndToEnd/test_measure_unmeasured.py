"""`measure --allow-unmeasured`: where no counter can be read the command runs, and the report knows nothing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from support import exporter
from support.exporter import clean_environment

BINARY = str(exporter.BINARY)


@pytest.fixture
def roots(tmp_path: Path) -> list[str]:
    """A machine without counters."""
    (tmp_path / "empty").mkdir()
    return ["--path.sysfs", str(tmp_path / "empty"), "--path.procfs", str(tmp_path / "empty")]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, "measure", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        stdin=subprocess.DEVNULL,
        env=clean_environment(),
    )


def test_the_command_runs_and_its_status_is_passed_on(roots: list[str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = ["--allow-unmeasured", "--format", "json", "-o", str(report), "--trace", str(tmp_path / "t.csv")]
    result = run(*roots, *arguments, "sh", "-c", "echo output; exit 5")
    assert (result.returncode, result.stdout) == (5, "output\n")
    (line,) = result.stderr.splitlines()
    assert "NOTHING IS MEASURED" in line and "class/powercap" in line and "modprobe" in line
    found = json.loads(report.read_text())
    assert found["source"] is None and found["simulated"] is False
    assert found["duration_seconds"] > 0 and found["exit_status"] == 5
    (domain,) = found["domains"]
    assert domain == {
        "domain": "package_0",
        "kind": "package",
        "joules": None,
        "mean_watts": None,
        "peak_watts": None,
        "uncertainty_joules": None,
    }
    assert any("class/powercap" in note for note in found["notes"])
    rows = list(csv.DictReader((tmp_path / "t.csv").open(newline="")))
    assert len(rows) >= 2
    assert {(row["domain"], row["joules"], row["watts"]) for row in rows} == {("package_0", "", "")}


def test_in_every_format(roots: list[str]) -> None:
    table = run(*roots, "--allow-unmeasured", "--baseline", "10ms", "true").stderr
    assert table.startswith("pyjoules-exporter measure: NOTHING IS MEASURED") and "package_0  unknown" in table
    rows = run(*roots, "--allow-unmeasured", "--format", "csv", "-r", "2", "true").stderr.split("\n", 1)[1]
    assert {row["joules"] for row in csv.DictReader(io.StringIO(rows))} == {""}
    compared = run(*roots, "--allow-unmeasured", "--format", "json", "-r", "2", "--compare", "true", ":").stderr
    for command in json.loads(compared.split("\n", 1)[1])["commands"]:
        assert command["domains"][0]["joules"] is None and command["seconds"]["mean"] > 0


def test_where_something_can_be_read_it_changes_nothing() -> None:
    result = run("--source", "simulated", "--allow-unmeasured", "--format", "json", "true")
    report = json.loads(result.stderr)
    assert report["source"] == "simulated" and report["domains"][0]["joules"] >= 0


def test_without_it_nothing_is_run_and_the_remedy_names_it(roots: list[str], tmp_path: Path) -> None:
    result = run(*roots, "touch", str(tmp_path / "started"))
    assert result.returncode == 1 and not (tmp_path / "started").exists()
    (line,) = result.stderr.splitlines()
    assert "'--allow-unmeasured' runs the command all the same" in line
