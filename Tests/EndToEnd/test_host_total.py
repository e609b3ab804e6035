"""What is trusted: as the machine's energy, as a counter of its own, as a counter at all."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.hardware_counter import HardwareCounter, joules
from support.hwmon_tree import HwmonTree
from support.moving import Moving
from support.powercap_tree import Curve, PowercapTree, Zone, laptop
from support.waiting import wait_until

FAST = ("--sample.interval", "20ms")
HOST = "pyjoules_host_energy_joules_total"


def host(page: Page) -> dict[str, Decimal]:
    """The machine's energy by what it is made up of: at most one number."""
    found = {sample.labels["basis"]: sample.value for sample in page.find(HOST)}
    assert len(found) <= 1
    return found


def missing(page: Page) -> Decimal:
    return page.value("pyjoules_host_missing_parts")


def reason(page: Page, zone: str) -> tuple[str, str]:
    (sample,) = page.find("pyjoules_zone_info", zone=zone)
    return sample.labels["role"], sample.labels["reason"]


def add(tree: PowercapTree, number: str, name: str, value: int = 0) -> HardwareCounter:
    return HardwareCounter.add(tree, Zone(number, name, limit_watts=4000), value)


# The platform's counter


def test_a_platform_that_stands_still_is_not_the_machine(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    tree.add(Zone("0", "package-0", Curve(45, 0, 1), limit_watts=4000))
    tree.add(Zone("0:0", "dram", Curve(5, 0, 1), limit_watts=4000))
    tree.add(Zone("1", "psys", limit_watts=4000), 1_234_567)
    exporter = start_exporter(tree, *FAST)
    with Moving(tree):
        assert host(exporter.page_after_ticks(5)) == {}
        exporter.wait_for_event("host_basis_changed", 20)
    page = exporter.page_after_ticks(2)
    # Nothing of what was used meanwhile is missing.
    assert host(page) == {"packages+dram": page.energy("package_0") + page.energy("dram_0")}
    assert page.energy("package_0") > 400
    assert page.energy("psys_0") == 0
    assert "stands_still" in reason(page, "intel-rapl:1")[1]
    assert exporter.only_record("host_basis_changed")["reason"] == "stands_still"
    assert missing(page) == 0


def test_a_platform_that_moves_is_the_machine(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    with Moving(tree):
        exporter.page_after_ticks(5)
    page = exporter.page_after_ticks(2)
    assert host(page) == {"psys": page.energy("psys_0")}
    assert page.energy("psys_0") > 0


# Parts that are missing


def test_a_part_that_may_not_be_read_keeps_the_machine_unknown(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = PowercapTree(public_directory / "sys")
    first, second = add(tree, "0", "package-0"), add(tree, "1", "package-1")
    tree.counter("0").chmod(0o444)
    tree.counter("1").chmod(0)
    exporter = start_exporter(tree, *FAST, **without_rights)
    first.move(5_000_000)
    second.move(5_000_000)
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == 5
    assert host(page) == {} and missing(page) == 1
    if os.geteuid() == 0:
        assert exporter.wait_for_event("host_incomplete", 20)["domains"] == "package_1"


def test_a_part_whose_counter_fails_at_first_joins(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    package, dram = add(tree, "0", "package-0"), add(tree, "0:0", "dram")
    tree.set_bytes("0:0", b"garbage\n")
    exporter = start_exporter(tree, *FAST, wait=False)
    exporter.wait_for_event("zone_failing")
    package.move(2_000_000)
    assert host(exporter.page_after_ticks()) == {}
    dram.move(0)
    page = exporter.page_after_ticks()
    assert host(page) == {"packages+dram": 2} and missing(page) == 0
    dram.move(1_000_000)
    tree.set_bytes("0", b"garbage\n")
    page = exporter.page_after_ticks()
    # It has begun, so it goes on with the others, and says that it lacks one.
    assert host(page) == {"packages+dram": 3} and missing(page) == 1
    package.move(4_000_000)
    page = exporter.page_after_ticks()
    assert host(page) == {"packages+dram": 7} and missing(page) == 0


def test_the_total_goes_on_over_a_restart_without_a_part(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    first, second = add(tree, "0", "package-0"), add(tree, "1", "package-1")
    state = ("--state-file", str(tmp_path / "state"))
    exporter = start_exporter(tree, *FAST, *state)
    first.move(3_000_000)
    second.move(5_000_000)
    assert host(exporter.page_after_ticks()) == {"packages+dram": 8}
    exporter.end()
    tree.remove("1")
    first.move(1_000_000)
    exporter = start_exporter(tree, *FAST, *state)
    assert host(exporter.page_after_ticks()) == {"packages+dram": 9}


# One counter under several names


@pytest.fixture
def guest(procfs: Path) -> Path:
    """The processor of a virtual machine."""
    (procfs / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n")
    return procfs


def link(tree: PowercapTree, number: str, target: str) -> None:
    """One file under two names is one counter, whatever moment it is read at."""
    tree.counter(number).unlink()
    tree.counter(number).hardlink_to(tree.counter(target))


def test_a_guests_packages_that_are_one_are_counted_once(
    start_exporter: StartExporter, guest: Path, tmp_path: Path
) -> None:
    tree = PowercapTree(tmp_path / "sys")
    first = add(tree, "0", "package-0", 7_000_000)
    for number in range(1, 8):
        add(tree, str(number), f"package-{number}", 7_000_000)
        link(tree, str(number), "0")
    exporter = start_exporter(tree, *FAST)

    def is_found() -> bool:
        first.move(10_000)
        page = exporter.page()
        # Whatever the moment: nothing is counted twice.
        assert sum(sample.value for sample in page.find("pyjoules_energy_joules_total")) <= joules(first.moved)
        return reason(page, "intel-rapl:7") == ("mirror", "shows the counter of package_0")

    wait_until(is_found, what="the mirrors")
    page = exporter.page_after_ticks()
    assert [sample.labels["domain"] for sample in page.find("pyjoules_energy_joules_total")] == ["package_0"]
    assert page.energy("package_0") == joules(first.moved)
    assert host(page) == {"packages+dram": joules(first.moved)}
    assert len(exporter.records("mirror_found")) == 7


def test_packages_that_stand_still_together_are_not_one(
    start_exporter: StartExporter, guest: Path, tmp_path: Path
) -> None:
    tree = PowercapTree(tmp_path / "sys")
    first, second = add(tree, "0", "package-0"), add(tree, "1", "package-1")
    exporter = start_exporter(tree, *FAST)
    exporter.page_after_ticks(70)
    first.move(1_000_000)
    second.move(1_200_000)
    page = exporter.page_after_ticks()
    assert (page.energy("package_0"), page.energy("package_1")) == (1, Decimal("1.2"))
    assert host(page) == {"packages+dram": Decimal("2.2")}


def test_two_channels_of_one_register_are_found(start_exporter: StartExporter, tmp_path: Path) -> None:
    board = HwmonTree(tmp_path / "sys")
    board.add(0, "card", {"energy1_input": 5_000_000, "energy1_label": "one"})
    board.add(1, "repeat", {"energy1_input": 5_000_000, "energy1_label": "two"})
    second = board.root / "class" / "hwmon" / "hwmon1" / "energy1_input"
    second.unlink()
    second.hardlink_to(board.root / "class" / "hwmon" / "hwmon0" / "energy1_input")
    exporter = start_exporter(PowercapTree(board.root), *FAST, "--source", "hwmon")
    moved = 5_000_000

    def is_found() -> bool:
        nonlocal moved
        moved += 1_000
        board.set(0, "energy1_input", moved)
        return reason(exporter.page(), "hwmon1/energy1_input")[0] == "mirror"

    wait_until(is_found, 30, what="the mirror")
    assert [sample.labels["domain"] for sample in exporter.page().find("pyjoules_energy_joules_total")] == ["card_one"]


# Counters that never move


def is_still(exporter: Exporter) -> bool:
    return reason(exporter.page(), "intel-rapl:0") == ("unreadable", "never_moves")


def test_a_source_that_never_moves_is_none_until_it_does(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = laptop(tmp_path / "sys")
    exporter = start_exporter(tree, *FAST)
    record = exporter.wait_for_event("source_stands_still", 20)
    assert record["reason"] == "never_moves" and record["source"] == "powercap"
    page = exporter.page_after_ticks()
    assert is_still(exporter)
    assert page.value("pyjoules_source_up", source="powercap") == 0
    assert not page.find("pyjoules_energy_joules_total") and not page.find("pyjoules_simple_energy_watts")
    assert host(page) == {}
    assert exporter.get("/-/ready").status == 503
    # It is looked at again all the time.
    tree.set("0", 1_000_000)
    tree.set("1", 3_000_000)
    page = exporter.page_after_ticks()
    assert page.value("pyjoules_source_up", source="powercap") == 1
    assert page.energy("package_0") == 1
    # One still domain beside moving ones keeps its series.
    assert page.energy("core_0") == 0
    wait_until(lambda: host(exporter.page()) == {"psys": 3}, what="the machine's energy")
    assert exporter.get("/-/ready").status == 200
    assert exporter.only_record("source_up")["source"] == "powercap"
