"""Zones that fail: each failure is counted by its reason, the others go on, and the total is kept."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.powercap_tree import PowercapTree, laptop

FAST = ("--sample.interval", "20ms")
OTHERS = ("package_0", "core_0", "uncore_0", "psys_0")


@dataclass(frozen=True)
class DriverFault:
    """The preloaded library through which dram's counter fails with an errno of the test's choice."""

    library: Path
    control: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self.library),
            "FAULTY_PREAD_PATH": "/intel-rapl:0:2/energy_uj",
            "FAULTY_PREAD_CONTROL": str(self.control),
        }

    def fail_with(self, name: str) -> None:
        self.control.write_text(name)

    def heal(self) -> None:
        self.control.write_text("")


@pytest.fixture
def driver_fault(faulty_pread: Path, tmp_path: Path) -> DriverFault:
    fault = DriverFault(faulty_pread, tmp_path / "fault")
    fault.heal()
    return fault


def errors(page: Page, domain: str, reason: str) -> Decimal:
    """How many there were; one that never happened has no line."""
    found = page.find("pyjoules_sample_errors_total", domain=domain, reason=reason)
    return sum((sample.value for sample in found), Decimal(0))


def assert_only_dram_failed(exporter: Exporter, tree: PowercapTree, reason: str) -> None:
    """Dram's errors rise under one reason, its total stays, its power is unknown; the others are read on."""
    before = exporter.wait_for_page(lambda page: errors(page, "dram_0", reason) > 0, what=f"an error by {reason}")
    for number in ("0", "0:0", "0:1", "1"):
        tree.set(number, 7_000_000)
    page = exporter.page_after_ticks(3)
    assert errors(page, "dram_0", reason) > errors(before, "dram_0", reason)
    assert page.energy("dram_0") == before.energy("dram_0")
    assert page.find("pyjoules_simple_energy_watts", domain="dram_0") == []
    for domain in OTHERS:
        assert page.energy(domain) == 7
        assert page.find("pyjoules_simple_energy_watts", domain=domain)
    failed = page.find("pyjoules_sample_errors_total")
    assert [(sample.labels["domain"], sample.labels["reason"]) for sample in failed] == [("dram_0", reason)]


def assert_recovers(exporter: Exporter) -> None:
    """Dram's total goes on where it was, and the log had one line for the failure, however many ticks failed."""
    page = exporter.wait_for_page(
        lambda page: bool(page.find("pyjoules_simple_energy_watts", domain="dram_0")), what="the power of dram"
    )
    assert page.energy("dram_0") == Decimal("2.5")
    failing = exporter.only_record("zone_failing")
    assert failing["domain"] == "dram_0" and failing["level"] in ("warning", "error")


def count_two_joules(exporter: Exporter, tree: PowercapTree) -> None:
    """Gives dram a total that has to be kept."""
    tree.set("0:2", 2_000_000)
    assert exporter.page_after_ticks().energy("dram_0") == 2


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"garbage\n", "garbage"),
        (b"-5\n", "garbage"),
        (b"12x4\n", "garbage"),
        (b"99999999999999999999999999\n", "garbage"),
        (b"", "empty"),
    ],
)
def test_a_counter_that_cannot_be_read_as_a_number(
    start_exporter: StartExporter, tree: PowercapTree, content: bytes, reason: str
) -> None:
    exporter = start_exporter(tree, *FAST)
    count_two_joules(exporter, tree)
    tree.set_bytes("0:2", content)
    assert_only_dram_failed(exporter, tree, reason)
    tree.set("0:2", 2_500_000)
    assert_recovers(exporter)


@pytest.mark.parametrize("name, reason", [("EINVAL", "driver_error"), ("EIO", "driver_error"), ("EPERM", "other")])
def test_a_driver_error_passes(
    start_exporter: StartExporter, tree: PowercapTree, driver_fault: DriverFault, name: str, reason: str
) -> None:
    exporter = start_exporter(tree, *FAST, environment=driver_fault.environment)
    count_two_joules(exporter, tree)
    driver_fault.fail_with(name)
    assert_only_dram_failed(exporter, tree, reason)
    tree.set("0:2", 2_500_000)
    driver_fault.heal()
    assert_recovers(exporter)


def test_an_unregistered_zone(start_exporter: StartExporter, tree: PowercapTree, driver_fault: DriverFault) -> None:
    exporter = start_exporter(tree, *FAST, environment=driver_fault.environment)
    count_two_joules(exporter, tree)
    driver_fault.fail_with("ENODEV")
    assert_only_dram_failed(exporter, tree, "unregistered")
    exporter.page_after_ticks(5)
    exporter.only_record("zone_failing")


def test_a_zone_that_fails_from_the_start(start_exporter: StartExporter, tree: PowercapTree) -> None:
    tree.set_bytes("0:2", b"garbage\n")
    exporter = start_exporter(tree, *FAST)
    page = exporter.wait_for_page(lambda page: errors(page, "dram_0", "garbage") > 2)
    assert {sample.labels["domain"] for sample in page.find("pyjoules_simple_energy_watts")} == set(OTHERS)
    exporter.only_record("zone_failing")


def test_a_recovery_is_said_once(healed_exporter: Exporter) -> None:
    # A zone that flaps is not said more than once a minute, so this may come that late.
    healed_exporter.wait_for_event("zone_recovered", 75)
    healed_exporter.page_after_ticks()
    for event in ("zone_failing", "zone_recovered"):
        assert healed_exporter.only_record(event)["domain"] == "dram_0"


def set_modes(tree: PowercapTree, readable: tuple[str, ...]) -> None:
    for zone in tree.zones:
        everybody = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
        tree.counter(zone.number).chmod(everybody if zone.number in readable else 0)


def test_zones_without_permission_are_said_once(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = laptop(public_directory / "sys")
    set_modes(tree, readable=("0", "0:2"))
    exporter = start_exporter(tree, *FAST, **without_rights)
    page = exporter.page_after_ticks(5)
    domains = {sample.labels["domain"] for sample in page.find("pyjoules_energy_joules_total")}
    assert domains == {"package_0", "dram_0"}
    assert page.value("pyjoules_source_up", source="powercap") == 1
    record = exporter.only_record("zone_unreadable")
    assert record["zone"] == "intel-rapl:0:0,intel-rapl:0:1,intel-rapl:1"
    assert record["msg"].startswith("zones intel-rapl:0:0, intel-rapl:0:1, intel-rapl:1 may not be read")
    assert "chmod" in record["msg"] or "CAP_DAC_READ_SEARCH" in record["msg"]


def test_no_zone_with_permission_is_no_source(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = laptop(public_directory / "sys")
    set_modes(tree, readable=())
    exporter = start_exporter(tree, *FAST, **without_rights)
    assert exporter.get("/-/ready").status == 200
    # It was once said to be started as one that measures is, with the text that nothing needs to be done.
    assert "measuring nothing" in exporter.only_record("started_without_source")["msg"]
    assert exporter.records("started") == []
    page = exporter.page_after_ticks()
    assert all(sample.value == 0 for sample in page.find("pyjoules_source_up"))
    assert page.find("pyjoules_energy_joules_total") == []
