"""The rise of the joules equals what the hardware counter moved, to the microjoule."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import StartExporter
from support.exposition import Page
from support.hardware_counter import HardwareCounter, joules
from support.powercap_tree import REAL_RANGE_UJ, WRAPPING_RANGE_UJ, PowercapTree, Zone

FAST = ("--sample.interval", "20ms")
# max_energy_range_uj of real drivers: 61 uJ units (most Intel), 15.26 uJ (AMD), 15.3 uJ (DRAM of servers), 1 J (psys
# of Sapphire Rapids); and a small range with a unit below one microjoule.
RANGES = {
    "61 uJ": REAL_RANGE_UJ,
    "15.26 uJ": 65_532_610_987,
    "15.3 uJ": 65_712_999_613,
    "1 J": 4_294_967_295_000_000,
    "small": WRAPPING_RANGE_UJ,
}


# Amounts are small enough to be plausible power even if all of one falls into a single interval.
@pytest.mark.parametrize("range_uj", RANGES.values(), ids=RANGES.keys())
def test_every_step_is_counted_across_a_wrap(start_exporter: StartExporter, tmp_path: Path, range_uj: int) -> None:
    tree = PowercapTree(tmp_path / "sys")
    counter = HardwareCounter.add(tree, Zone("0", "package-0", range_uj=range_uj), range_uj - 2_500_000)
    exporter = start_exporter(tree, *FAST)
    assert exporter.page().energy("package_0") == 0
    total = 0
    for amount in (1, 999_999, 3_000_003, 123_456, 2_000_000):
        counter.move(amount)
        total += amount
        page = exporter.page_after_ticks()
        assert page.energy("package_0") == joules(total)
    assert page.value("pyjoules_wraps_total", domain="package_0") == 1


def test_several_wraps(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    counter = HardwareCounter.add(tree, Zone("0", "package-0", range_uj=WRAPPING_RANGE_UJ), 0)
    exporter = start_exporter(tree, *FAST)
    steps, amount = 70, 4_876_543
    for _ in range(steps):
        counter.move(amount)
        page = exporter.page_after_ticks()
    assert page.energy("package_0") == joules(steps * amount)
    assert page.value("pyjoules_wraps_total", domain="package_0") == steps * amount // counter.modulus == 3


def _host_energy(page: Page) -> Decimal:
    return page.value("pyjoules_host_energy_joules_total")


@pytest.mark.parametrize(
    "zones, counted",
    [
        (("package-0", "core", "dram", "psys"), ("psys",)),
        (("package-0", "core", "dram"), ("package-0", "dram")),
        (("package-0", "core"), ("package-0",)),
    ],
    ids=["psys", "package and dram", "package"],
)
def test_the_host_is_counted_once(
    start_exporter: StartExporter, tmp_path: Path, zones: Sequence[str], counted: Sequence[str]
) -> None:
    tree = PowercapTree(tmp_path / "sys")
    numbers = {"package-0": "0", "core": "0:0", "dram": "0:1", "psys": "1"}
    amounts = {"package-0": 1_000_001, "core": 200_000, "dram": 30_000, "psys": 4_000_000}
    counters = {name: HardwareCounter.add(tree, Zone(numbers[name], name), 500) for name in zones}
    exporter = start_exporter(tree, *FAST)
    for name, counter in counters.items():
        counter.move(amounts[name])
    page = exporter.page_after_ticks()
    assert _host_energy(page) == joules(sum(amounts[name] for name in counted))


def test_two_packages_are_told_apart(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    # After a driver came back the numbers need not follow the sockets: the name decides.
    second = HardwareCounter.add(tree, Zone("0", "package-1"), 10)
    dram_of_second = HardwareCounter.add(tree, Zone("0:0", "dram"), 10)
    first = HardwareCounter.add(tree, Zone("1", "package-0"), 10)
    exporter = start_exporter(tree, *FAST)
    first.move(1_000_000)
    second.move(2_000_000)
    dram_of_second.move(30_000)
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == 1
    assert page.energy("package_1") == 2
    assert page.energy("dram_1") == Decimal("0.03")
    assert _host_energy(page) == Decimal("3.03")


def test_a_scrape_between_two_ticks_brings_the_counters_up_to_date(
    start_exporter: StartExporter, tmp_path: Path
) -> None:
    tree = PowercapTree(tmp_path / "sys")
    counter = HardwareCounter.add(tree, Zone("0", "package-0"), REAL_RANGE_UJ - 1_000_000)
    exporter = start_exporter(tree, "--sample.interval", "60s")
    before = exporter.page()
    counter.move(5_000_000)
    page = exporter.wait_for_page(lambda page: page.energy("package_0") == 5, 2, "the joules a second later")
    assert page.ticks == before.ticks
    # The gauge belongs to the ticks: a scrape changes neither it nor the interval it is an average of.
    for name in ("pyjoules_simple_energy_watts", "pyjoules_simple_measurement_duration_seconds"):
        assert page.find(name) == before.find(name)
