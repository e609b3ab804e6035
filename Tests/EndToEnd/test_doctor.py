"""`doctor`: what this machine can measure, what is missing, and what mends it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from support import exporter
from support.exporter import StartExporter, clean_environment
from support.hwmon_tree import HwmonTree
from support.moving import Moving
from support.powercap_tree import PowercapTree, Zone, laptop, two_sockets
from support.raw_http import free_port
from support.waiting import DEADLINE_SECONDS

BINARY = str(exporter.BINARY)


def run(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    launcher: Sequence[str] = (),
    binary: Path | str = BINARY,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*launcher, str(binary), "doctor", *arguments],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        **options,
    )


class Findings:
    """What `doctor --format json` found, and its exit status."""

    def __init__(self, result: subprocess.CompletedProcess[str]) -> None:
        assert result.stderr == "", result
        assert result.stdout.count("\n") == 1
        report = json.loads(result.stdout)
        assert list(report) == ["ok", "findings"]
        self.all: list[dict[str, str | None]] = report["findings"]
        for finding in self.all:
            assert list(finding) == ["topic", "status", "sentence", "remedy"]
            assert finding["status"] in ("ok", "note", "problem")
            sentence = finding["sentence"]
            assert sentence and sentence.endswith(".") and not sentence[0].isspace()
        self.problems = [finding for finding in self.all if finding["status"] == "problem"]
        assert report["ok"] is (not self.problems)
        assert result.returncode == (0 if report["ok"] else 1), result

    def about(self, topic: str) -> list[dict[str, str | None]]:
        return [finding for finding in self.all if finding["topic"] == topic]

    def only(self, topic: str) -> dict[str, str | None]:
        findings = self.about(topic)
        assert len(findings) == 1, findings
        return findings[0]


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[PowercapTree]:
    """A laptop whose counters move, as those of a machine do."""
    tree = laptop(tmp_path / "sys")
    with Moving(tree):
        yield tree


@pytest.fixture
def free_address() -> str:
    return f"127.0.0.1:{free_port()}"


def examine(procfs: Path, address: str, root: Path | None, *arguments: str, **options: Any) -> Findings:
    """Findings with a fake sysfs, or that of this machine."""
    sysfs = ["--path.sysfs", str(root)] if root is not None else []
    fixed = ["--format", "json", "--path.procfs", str(procfs), "--web.listen-address", address, *sysfs]
    return Findings(run(*fixed, *arguments, **options))


def test_a_readable_tree_is_well(tree: PowercapTree, procfs: Path, free_address: str) -> None:
    found = examine(procfs, free_address, tree.root)
    assert not found.problems
    assert "5 energy counters" in str(found.only("powercap")["sentence"])
    assert found.only("source")["sentence"] == "Energy is read from powercap."
    domains = [str(finding["sentence"]) for finding in found.about("domain")]
    for name in ("package_0 (intel-rapl:0)", "core_0 (intel-rapl:0:0)", "psys_0 (intel-rapl:1)"):
        assert any(sentence.startswith(name) for sentence in domains)
    # 262144 J at the limit of 4000 W.
    assert all(
        "starts again after 262143 J, which takes 65 s at 4000 W" in sentence for sentence in domains if "(" in sentence
    )
    assert found.only("port")["sentence"] == f"{free_address} is free."


def test_counters_that_stand_still_are_a_problem(tmp_path: Path, procfs: Path, free_address: str) -> None:
    """A guest's counter that opens and counts 0 for ever was once said to be well."""
    found = examine(procfs, free_address, laptop(tmp_path / "still").root)
    assert [finding["topic"] for finding in found.problems] == ["source"]
    sentence = str(found.problems[0]["sentence"])
    assert sentence.startswith("No counter of powercap has moved while doctor looked, for 1000 ms")


def test_a_platform_that_stands_still_is_told(tmp_path: Path, procfs: Path, free_address: str) -> None:
    tree = laptop(tmp_path / "sys")
    tree.zones = [zone for zone in tree.zones if zone.name != "psys"]
    with Moving(tree):
        found = examine(procfs, free_address, tree.root)
    assert not found.problems
    assert any("psys has not moved while doctor looked" in str(note["sentence"]) for note in found.about("domain"))


def test_a_machine_that_lacks_a_part_is_a_problem(
    public_directory: Path, without_rights: dict[str, Any], free_address: str
) -> None:
    tree = two_sockets(public_directory / "sys")
    for zone in tree.zones:
        tree.counter(zone.number).chmod(0o444)
    tree.counter("1").chmod(0)
    with Moving(tree):
        found = examine(Path("/proc"), free_address, tree.root, **without_rights)
    assert [finding["topic"] for finding in found.problems] == ["powercap", "source"]
    sentence = str(found.problems[1]["sentence"])
    assert "pyjoules_host_energy_joules_total) is not shown, since package_1 is not counted" in sentence


def test_a_repeated_package_is_told(tree: PowercapTree, procfs: Path, free_address: str) -> None:
    tree.add(Zone("0", "package-0", control_type="intel-rapl-mmio"))
    notes = list(examine(procfs, free_address, tree.root).about("powercap"))
    assert [note["status"] for note in notes] == ["ok", "note"]
    assert "intel-rapl-mmio:0 (package_0) repeats a counter" in str(notes[1]["sentence"])


def test_counters_that_may_not_be_read_are_a_problem(
    public_directory: Path, without_rights: dict[str, Any], free_address: str
) -> None:
    tree = PowercapTree(public_directory / "sys")
    tree.add(Zone("0", "package-0"))
    tree.counter("0").chmod(0o400 if os.geteuid() == 0 else 0)
    procfs = public_directory / "proc"
    procfs.mkdir()
    found = examine(procfs, free_address, tree.root, "--source", "powercap", **without_rights)
    assert [finding["topic"] for finding in found.problems] == ["powercap", "source"]
    problem = found.only("powercap")
    assert "1 energy counter may not be read (intel-rapl:0): energy_uj has mode 0" in str(problem["sentence"])
    assert "CAP_DAC_READ_SEARCH" in str(problem["remedy"])


def test_root_of_a_user_namespace_is_not_told_to_become_root(
    public_directory: Path, without_rights: dict[str, Any], free_address: str
) -> None:
    launcher = [*without_rights.get("launcher", []), "unshare", "--user", "--map-root-user"]
    trial = subprocess.run([*launcher, "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"no user namespace of our own: {trial.stderr.strip()}")
    tree = PowercapTree(public_directory / "sys")
    tree.add(Zone("0", "package-0"))
    # Root of a user namespace may read what its own user owns.
    tree.counter("0").chmod(0o400 if os.geteuid() == 0 else 0)
    if os.geteuid() != 0:
        pytest.skip("a file of another user is needed")
    procfs = public_directory / "proc"
    procfs.mkdir()
    options = {**without_rights, "launcher": launcher}
    found = examine(procfs, free_address, tree.root, "--source", "powercap", **options)
    remedy = str(found.only("powercap")["remedy"])
    assert "as root" not in remedy
    assert "the root of a user namespace is nobody on the host" in remedy


def test_no_counter_at_all_in_a_guest_asks_for_no_driver(tmp_path: Path, procfs: Path, free_address: str) -> None:
    root = tmp_path / "sys"
    (root / "class" / "powercap").mkdir(parents=True)
    with (procfs / "cpuinfo").open("a") as cpuinfo:
        cpuinfo.write("flags\t: fpu hypervisor\n")
    remedy = str(examine(procfs, free_address, root).only("powercap")["remedy"])
    assert "modprobe" not in remedy and "run the exporter on its host" in remedy


def test_a_guest_is_told_the_same_by_all(
    start_exporter: StartExporter, tmp_path: Path, procfs: Path, free_address: str
) -> None:
    """Log, doctor and measure had three texts for it, of which none named doctor."""
    tree = PowercapTree(tmp_path / "sys")
    with (procfs / "cpuinfo").open("a") as cpuinfo:
        cpuinfo.write("flags\t: fpu hypervisor\n")
    text = "a virtual machine has no energy counters of its own, so run the exporter on its host"
    assert text in str(examine(procfs, free_address, tree.root).only("powercap")["remedy"])
    said = start_exporter(tree).only_record("no_source")["msg"]
    roots = ["--path.sysfs", str(tree.root), "--path.procfs", str(procfs)]
    measured = subprocess.run([BINARY, "measure", *roots, "--", "true"], capture_output=True, text=True)
    assert measured.returncode == 1
    for told in (said, measured.stderr):
        assert text in told and "'pyjoules-exporter doctor'" in told


def test_events_that_are_not_there_are_not_ok(tree: PowercapTree, procfs: Path, free_address: str) -> None:
    """What counting them would take was told as if they were there."""
    setting = procfs / "sys" / "kernel" / "perf_event_paranoid"
    setting.parent.mkdir(parents=True, exist_ok=True)
    setting.write_text("2\n")
    assert examine(procfs, free_address, tree.root).only("perf")["status"] == "note"


def test_no_counter_at_all_is_a_problem(tmp_path: Path, procfs: Path, free_address: str) -> None:
    root = tmp_path / "sys"
    (root / "class" / "powercap").mkdir(parents=True)
    found = examine(procfs, free_address, root)
    assert [finding["topic"] for finding in found.problems] == ["powercap", "source"]
    assert found.only("powercap")["remedy"] == "sudo modprobe intel_rapl_msr"
    assert "--source simulated" in str(found.only("source")["remedy"])


def test_sensors_stand_in(tmp_path: Path, procfs: Path, free_address: str) -> None:
    root = tmp_path / "sys"
    sensors = HwmonTree(root)
    sensors.add(0, "ina219", {"power1_input": 5_000_000})
    found = examine(procfs, free_address, root)
    assert not found.problems
    assert found.only("source")["sentence"] == "Energy is read from hwmon, since the sources before it cannot be read."
    assert "5.0 W now" in str(found.only("domain")["sentence"])


def test_this_machine_is_examined_without_harm(free_address: str) -> None:
    """Whatever it is: a status of 0 or 1, and JSON."""
    found = Findings(run("--format", "json", "--web.listen-address", free_address))
    assert found.about("processor") and found.about("sandbox") and found.about("source")


def test_a_port_of_another_program_is_a_problem(tree: PowercapTree) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        found = examine(Path("/proc"), address, tree.root)
        assert [finding["topic"] for finding in found.problems] == ["port"]
        problem = found.problems[0]
        assert f"(process {os.getpid()}" in str(problem["sentence"])
        assert "EXPORTER_PORT=" in str(problem["remedy"])


def test_a_port_whose_owner_cannot_be_seen_is_a_problem(tree: PowercapTree, procfs: Path) -> None:
    program = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
    program += "s.accept()[0].close(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        found = examine(procfs, f"127.0.0.1:{int(other.stdout.readline())}", tree.root)
        other.communicate("")
    assert [finding["topic"] for finding in found.problems] == ["port"]
    assert "by a program that this user may not see" in str(found.problems[0]["sentence"])
    assert "sudo ss -ltnp" in str(found.problems[0]["remedy"])


@pytest.mark.parametrize("sees_owner", [True, False])
def test_a_running_exporter_has_the_port_by_right(
    start_exporter: StartExporter, tree: PowercapTree, procfs: Path, sees_owner: bool
) -> None:
    """Seen by its name where its sockets may be seen, and known by its answer where not."""
    running = start_exporter(tree)
    found = examine(Path("/proc") if sees_owner else procfs, f"127.0.0.1:{running.port}", tree.root)
    sentence = str(found.only("port")["sentence"])
    assert not found.problems
    assert f"(process {running.pid}" in sentence if sees_owner else "An exporter answers" in sentence
    assert found.only("exporter")["sentence"] == f"The exporter on 127.0.0.1:{running.port} measures by powercap."


def test_an_exporter_that_measures_nothing_is_a_problem(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path
) -> None:
    """It was said to be well, since something listened."""
    running = start_exporter(PowercapTree(tmp_path / "empty"), "--source", "powercap")
    found = examine(Path("/proc"), f"127.0.0.1:{running.port}", tree.root)
    assert [finding["topic"] for finding in found.problems] == ["exporter"]
    assert "measures nothing: powercap cannot be read" in str(found.problems[0]["sentence"])


def test_an_exporter_whose_page_was_moved_is_asked(start_exporter: StartExporter, tree: PowercapTree) -> None:
    running = start_exporter(tree, "--web.telemetry-path", "/energy", wait=False)
    running.wait_for_event("started")
    found = examine(Path("/proc"), f"127.0.0.1:{running.port}", tree.root)
    assert not found.problems
    assert "measures by powercap" in str(found.only("exporter")["sentence"])


def test_an_exporter_with_a_password_serves(start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path) -> None:
    config = tmp_path / "web.yml"
    # The hash is of a password that nobody needs to know.
    config.write_text("basic_auth_users:\n  prom: $2y$04$abcdefghijklmnopqrstuuhL2bXQzU1N8b3Yc3vY2fE8n6mJt1m2y\n")
    running = start_exporter(tree, "--web.config.file", str(config), wait=False)
    running.wait_for_event("started")
    found = examine(Path("/proc"), f"127.0.0.1:{running.port}", tree.root)
    assert not found.problems
    assert "serves: it asks for a password" in str(found.only("exporter")["sentence"])


def test_a_user_who_may_not_read_is_told_that_the_exporter_can(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, Any]
) -> None:
    tree = PowercapTree(public_directory / "sys")
    tree.add(Zone("0", "package-0"))
    with Moving(tree):
        running = start_exporter(tree)
        tree.counter("0").chmod(0o400 if os.geteuid() == 0 else 0)
        procfs = public_directory / "proc"
        procfs.mkdir()
        address = f"127.0.0.1:{running.port}"
        found = examine(procfs, address, tree.root, "--source", "powercap", **without_rights)
    assert not found.problems, found.problems
    assert "the exporter that runs measures all the same" in str(found.only("source")["sentence"])


def test_the_environment_sets_the_port(tree: PowercapTree, procfs: Path) -> None:
    # Free on every address, since it is asked for on every address.
    port = free_port("0.0.0.0")
    arguments = ["--format", "json", "--path.sysfs", str(tree.root), "--path.procfs", str(procfs)]
    found = Findings(run(*arguments, environment={"EXPORTER_PORT": str(port)}))
    assert found.only("port")["sentence"] == f":{port} is free."


def test_text_is_for_people(tree: PowercapTree, procfs: Path, free_address: str) -> None:
    arguments = ["--path.procfs", str(procfs), "--web.listen-address", free_address]
    well = run(*arguments, "--path.sysfs", str(tree.root))
    assert (well.returncode, well.stderr) == (0, "")
    assert well.stdout.endswith(
        "\n\nAll that is needed works. No exporter runs here; one that is started would measure.\n"
    )
    assert re.search(r"^ok       source     Energy is read from powercap\.$", well.stdout, re.MULTILINE)
    text = well.stdout.replace(str(tree.root), "/sys")
    assert all(len(line) <= 100 for line in text.splitlines() if "-> " not in line)
    assert "\x1b" not in well.stdout

    (tree.root / "class" / "empty").mkdir()
    unwell = run(*arguments, "--path.sysfs", str(tree.root), "--source", "perf")
    assert unwell.returncode == 1
    assert re.search(r"^problem  perf ", unwell.stdout, re.MULTILINE)
    assert "the arrows say what helps" in unwell.stdout


def test_nothing_is_changed(tree: PowercapTree, procfs: Path, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    before = path.stat().st_ino
    found = examine(procfs, f"unix:{path}", tree.root)
    assert "nobody serves any more" in str(found.only("port")["sentence"])
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "xml"), ("--format", "'xml'", "text, json")),
        (("--source", "rapl"), ("--source", "'rapl'")),
        (("--web.listen-address", "localhost"), ("--web.listen-address", "'localhost'")),
    ],
)
def test_a_wrong_value_is_one_line(arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_a_directory_that_is_missing_is_one_line() -> None:
    result = run("--path.sysfs", "/nowhere")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "pyjoules-exporter doctor: cannot use the directory /nowhere: No such file or directory\n"
