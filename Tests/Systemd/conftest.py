"""Fixtures of the tests under a real systemd: machines, the package, and counters that the tests move."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The tools of the end-to-end tests: fake counters, a client, waiting.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "EndToEnd"))

pytest.register_assert_rewrite(
    "exporter_unit", "machine", "metered", "support.debian", "support.hardware_counter", "support.installed_exporter"
)

from machine import ROOT, WORK, Machine  # noqa: E402
from support.figures import figure, pytest_terminal_summary  # noqa: E402, F401
from support.hardware_counter import HardwareCounter  # noqa: E402
from support.installed_exporter import PACKAGE  # noqa: E402
from support.powercap_tree import PowercapTree, Zone  # noqa: E402

DEB = Path(os.environ.get("PYJOULES_DEB", ""))
# The exporter believes twice the limit: enough for tests to move counters by joules at a time. At this power a counter
# needs half a minute for its whole range, so the exporter may be away for that long; at half of it, the load's mean, it
# wraps once a minute.
LIMIT_WATTS = 4000
BOUND_WATTS = 2 * LIMIT_WATTS
RANGE_UJ = 30 * BOUND_WATTS * 1_000_000 - 1


def pytest_sessionstart() -> None:
    if not ROOT.is_dir() or not WORK.is_dir() or not DEB.is_file():
        pytest.exit("these tests need a machine of their own: run `make test-systemd`", 2)


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names for machines, each used once."""
    return (f"bench{number}" for number in itertools.count(1))


@pytest.fixture
def counters(tmp_path: Path) -> dict[str, HardwareCounter]:
    """Four counters, one of which is about to wrap."""
    return make_counters(tmp_path / "sys")


def make_counters(root: Path) -> dict[str, HardwareCounter]:
    tree = PowercapTree(root)
    for real in ("devices/system", "kernel", "fs"):
        (root / real).mkdir(parents=True)
    return {
        domain: HardwareCounter.add(tree, Zone(number, name, range_uj=RANGE_UJ, limit_watts=LIMIT_WATTS), value)
        for domain, number, name, value in (
            ("package_0", "0", "package-0", RANGE_UJ - 20_000_000),
            ("core_0", "0:0", "core", RANGE_UJ // 2),
            ("dram_0", "0:1", "dram", 0),
            ("psys_0", "1", "psys", RANGE_UJ // 3),
        )
    }


BootMachine = Callable[..., Machine]


@contextlib.contextmanager
def running(machine: Machine) -> Iterator[Machine]:
    """The machine, booted, and in the end off and gone; where its test fails, its last words are shown."""
    # Pages follow every pass over the counters, so that tests need not wait for a moment that may be shown.
    finest = "[Manager]\nDefaultEnvironment=EXPORTER_RESOLUTION_SECONDS=0.001\n"
    machine.write("/etc/systemd/system.conf.d/resolution.conf", finest)
    try:
        machine.boot()
        yield machine
    except BaseException:
        with contextlib.suppress(Exception):
            print(machine.run("journalctl", "--no-pager", "--lines=80", check=False))
        with contextlib.suppress(Exception):
            print(machine.run("systemctl", "--no-pager", "--failed", check=False))
        raise
    finally:
        machine.power_off()


@pytest.fixture
def fresh_machine(names: Iterator[str], counters: dict[str, HardwareCounter]) -> Iterator[Machine]:
    """A Debian on which the package was never installed; it lies in /root."""
    tree = counters["package_0"].tree
    machine = Machine(next(names), tree.root)
    shutil.copy(DEB, machine.root / "root" / DEB.name)
    with running(machine):
        yield machine
    shutil.rmtree(WORK / machine.name)


@pytest.fixture(scope="session")
def installed_layer(names: Iterator[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the installation of the package changes in the file system, for machines to build on."""
    tree = make_counters(tmp_path_factory.mktemp("installed") / "sys")["package_0"].tree
    machine = Machine(next(names), tree.root)
    shutil.copy(DEB, machine.root / "root" / DEB.name)
    with running(machine):
        machine.run("apt-get", "install", "--yes", f"/root/{DEB.name}")
        machine.systemctl("stop", f"{PACKAGE}.socket", f"{PACKAGE}.service")
        # Each machine has its own, made when it boots for the first time.
        machine.run("sh", "-c", "journalctl --rotate --vacuum-size=1 && : >/etc/machine-id")
    return machine.layer


@pytest.fixture
def machine(names: Iterator[str], counters: dict[str, HardwareCounter], installed_layer: Path) -> Iterator[Machine]:
    """A Debian with the package, booted, its socket and service enabled and the exporter ready."""
    tree = counters["package_0"].tree
    one = Machine(next(names), tree.root, [installed_layer])
    with running(one):
        one.systemctl("enable", "--now", f"{PACKAGE}.socket")
        one.systemctl("start", f"{PACKAGE}.service")
        yield one
    shutil.rmtree(WORK / one.name)


@pytest.fixture(scope="session")
def newer_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package under a higher version."""
    directory = tmp_path_factory.mktemp("newer")
    subprocess.run(["dpkg-deb", "--raw-extract", DEB, directory / "tree"], check=True)
    control = directory / "tree" / "DEBIAN" / "control"
    lines = control.read_text().splitlines()
    newer = [f"{line}+newer" if line.startswith("Version:") else line for line in lines]
    control.write_text("\n".join(newer) + "\n")
    package = directory / "newer.deb"
    subprocess.run(
        ["dpkg-deb", "-Zgzip", "--root-owner-group", "--build", directory / "tree", package],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return package
