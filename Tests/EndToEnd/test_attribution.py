"""Who used the energy: its parts add up to what was measured, to the microjoule, on every page."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from support.cgroup_tree import CgroupTree, cgroup_tree
from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.hardware_counter import HardwareCounter, joules
from support.powercap_tree import PowercapTree, Zone

ATTRIBUTED = "pyjoules_attributed_energy_joules_total"
FAST = ("--sample.interval", "20ms")


@pytest.fixture
def cgroups(procfs: Path) -> Iterator[CgroupTree]:
    with cgroup_tree(procfs) as tree:
        yield tree


def start(start_exporter: StartExporter, tree: PowercapTree, cgroups: CgroupTree, *arguments: str) -> Exporter:
    return start_exporter(tree, "--path.cgroupfs", str(cgroups.root), *FAST, *arguments)


def attributed(page: Page, **labels: str) -> Decimal:
    """What the accounts with these labels have of the package's energy; 0 if there are none."""
    return sum((sample.value for sample in page.find(ATTRIBUTED, kind="package", **labels)), Decimal(0))


def total(page: Page, kind: str = "package") -> Decimal:
    """What was attributed until the latest pass."""
    return page.value("pyjoules_attribution_energy_joules_total", kind=kind)


def check(page: Page, kind: str = "package") -> None:
    """The parts add up to what was attributed, and that is no more than what was measured."""
    parts = sum((sample.value for sample in page.find(ATTRIBUTED, kind=kind)), Decimal(0))
    retired = page.value("pyjoules_attribution_retired_joules_total", kind=kind)
    assert parts + retired == total(page, kind), page.text
    measured = sum((sample.value for sample in page.find("pyjoules_energy_joules_total", kind=kind)), Decimal(0))
    assert total(page, kind) <= measured, page.text
    assert not page.find("pyjoules_attribution_errors_total", reason="identity")


def test_slices_share_what_is_not_idle(start_exporter: StartExporter, tmp_path: Path, cgroups: CgroupTree) -> None:
    tree = PowercapTree(tmp_path / "sys")
    counter = HardwareCounter.add(tree, Zone("0", "package-0", limit_watts=4000), 0)
    for path in ("system.slice", "system.slice/nginx.service", "user.slice", "user.slice/user-1000.slice"):
        cgroups.add(path)
    exporter = start(start_exporter, tree, cgroups)
    check(exporter.page())
    numbers = random.Random(13)
    for _ in range(40):
        cgroups.run("system.slice/nginx.service", numbers.randrange(20_000))
        cgroups.run("user.slice/user-1000.slice", numbers.randrange(20_000))
        cgroups.run("", numbers.randrange(3_000))
        cgroups.show(0.02)
        counter.move(numbers.randrange(1_000_000))
        check(exporter.page_after_ticks())
    # A pass that comes after the last move has all that was measured.
    page = exporter.wait_for_page(lambda page: total(page) == joules(counter.moved), what="a last pass")
    check(page)
    assert page.energy("package_0") == joules(counter.moved)
    assert attributed(page, slice="system.slice") > 0
    assert attributed(page, slice="user.slice") > 0
    types = {(sample.labels["type"], sample.labels.get("slice")) for sample in page.find(ATTRIBUTED)}
    assert types == {("rest", "system.slice"), ("rest", "user.slice"), ("system", None), ("idle", None)}
