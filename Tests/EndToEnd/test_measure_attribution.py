"""`measure --attribution`: what of the machine's energy a command used, in a cgroup of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from support import exporter
from support.exporter import clean_environment
from support.waiting import wait_until

BINARY = str(exporter.BINARY)
SHARED = {"package", "dram", "psys"}


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, "measure", "--source", "simulated", "--attribution", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        env=clean_environment(),
        **options,
    )


def own_directory() -> Path | None:
    """The cgroup that this process is in; None without version 2."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    path = next((line[3:] for line in lines if line.startswith("0::/")), None)
    for root in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")):
        if path and (root / "cgroup.controllers").exists():
            return root / path.lstrip("/")
    return None


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """Where cgroups can be made; none is left there."""
    directory = own_directory()
    if directory is None:
        pytest.skip("there are no cgroups of version 2 here")
    probe = directory / f"pyjoules-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    yield directory
    assert not list(directory.glob("pyjoules-measure-*"))


def report(result: subprocess.CompletedProcess[str]) -> dict:
    return json.loads(result.stderr, parse_float=Decimal)


BURN = """
import os, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
if os.fork() == 0:
    burn(0.1)
    os._exit(0)
os.wait()
burn(0.2)
times = os.times()
print(times.user + times.system + times.children_user + times.children_system)
"""


def test_parts_add_up_and_the_command_has_its_own_time_with_its_childrens(cgroup: Path) -> None:
    result = run("--format", "json", "--", sys.executable, "-c", BURN)
    assert result.returncode == 0
    found = report(result)
    burnt = Decimal(result.stdout.strip())
    assert burnt >= Decimal("0.28")
    # The kernel tells the program its own times in ticks, and the end of it comes after.
    assert abs(found["command_cpu_seconds"] - burnt) < Decimal("0.1")
    for domain in found["domains"]:
        if domain["kind"] not in SHARED:
            assert "command_joules" not in domain
            continue
        parts = domain["command_joules"] + domain["others_joules"] + domain["idle_joules"]
        assert parts == domain["joules"]
        assert domain["command_joules"] > 0


def test_a_command_that_sleeps_used_next_to_nothing(cgroup: Path) -> None:
    found = report(run("--format", "json", "--", "sleep", "0.3"))
    assert found["command_cpu_seconds"] < Decimal("0.1")
    package = next(domain for domain in found["domains"] if domain["kind"] == "package")
    assert package["command_joules"] < package["joules"] / 3


def test_it_runs_in_a_group_below_ours_from_its_beginning(cgroup: Path) -> None:
    result = run("--", "cat", "/proc/self/cgroup")
    line = next(line for line in result.stdout.splitlines() if line.startswith("0::/"))
    assert Path(line).name.startswith("pyjoules-measure-")
    assert "By processor time" in result.stderr


def test_repeated_runs_and_csv(cgroup: Path) -> None:
    result = run("--repeat", "2", "--format", "csv", "--", "true")
    rows = list(csv.DictReader(io.StringIO(result.stderr)))
    shared = [row for row in rows if row["kind"] in SHARED and row["record"] in ("run", "mean")]
    assert len(shared) >= 3
    for row in shared:
        parts = (row["command_joules"], row["others_joules"], row["idle_joules"])
        assert sum(map(Decimal, parts)) == Decimal(row["joules"])


def test_with_a_baseline_idle_is_what_the_machine_took_before(cgroup: Path) -> None:
    result = run("--baseline", "200ms", "--", "true")
    assert "idle: what the machine took that was left alone before." in result.stderr


@pytest.mark.parametrize(
    ("command", "status"), [("exit 3", 3), ("kill -TERM $$", 143), ("exec /nowhere/at-all 2>/dev/null", 127)]
)
def test_the_commands_status_is_passed_on(cgroup: Path, command: str, status: int) -> None:
    assert run("--", "sh", "-c", command).returncode == status


def test_what_cannot_be_executed_leaves_nothing(cgroup: Path, tmp_path: Path) -> None:
    result = run("--", "/nowhere/at-all")
    assert result.returncode == 127 and "cannot run '/nowhere/at-all'" in result.stderr
    file = tmp_path / "no-program"
    file.write_text("")
    assert run("--", str(file)).returncode == 126


def test_what_a_command_leaves_behind_is_told(cgroup: Path) -> None:
    result = run("--", "sh", "-c", "sleep 30 >/dev/null 2>&1 & echo $!")
    assert result.returncode == 0
    (group,) = cgroup.glob("pyjoules-measure-*")
    assert f"the command left processes behind: {group} stays" in result.stderr
    os.kill(int(result.stdout), 9)

    def is_removed() -> bool:
        try:
            group.rmdir()
        except OSError:
            return False
        return True

    wait_until(is_removed, what="the end of what was left behind")


def test_where_there_are_no_cgroups_nothing_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    (tmp_path / "cgroup").mkdir()
    result = run("--path.cgroupfs", str(tmp_path / "cgroup"), "--", "touch", str(marker))
    assert result.returncode == 1 and not marker.exists()
    assert "what the command uses cannot be told" in result.stderr and "--path.cgroupfs" in result.stderr


def test_without_the_right_to_make_one_it_says_what_gives_it(cgroup: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    marker = tmp_path / "was-run"
    binary = tmp_path / "pyjoules-exporter"
    binary.write_bytes(Path(BINARY).read_bytes())
    for path in (binary, tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    result = subprocess.run(
        [str(binary), "measure", "--source", "simulated", "--attribution", "--", "touch", str(marker)],
        capture_output=True,
        text=True,
        timeout=30,
        user=65534,
        group=65534,
        extra_groups=[],
        env=clean_environment(),
    )
    assert result.returncode == 1 and not marker.exists()
    assert "no cgroup can be made in" in result.stderr
    assert "systemd-run --user --scope -p Delegate=yes" in result.stderr


def test_it_needs_a_command() -> None:
    result = run()
    assert result.returncode == 64 and "there is no command to run" in result.stderr
