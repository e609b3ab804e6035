"""Sensors of hwmon: known by their devices, counted once, and never waited for."""

from __future__ import annotations

import re
import subprocess
import time
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import BINARY, Exporter, StartExporter, clean_environment
from support.exposition import Page
from support.hwmon_tree import HwmonTree

FAST = ("--sample.interval", "20ms", "--source", "hwmon")
NEAR, FAR = "pci0000:00/0000:03:00.0", "pci0000:00/0000:83:00.0"


@pytest.fixture
def board(tmp_path: Path) -> HwmonTree:
    """A board without chips."""
    return HwmonTree(tmp_path / "sys")


@pytest.fixture
def start(start_exporter: StartExporter, board: HwmonTree) -> StartExporter:
    """Starts an exporter of the board's sensors."""

    def begin(*arguments: str, **options: object) -> Exporter:
        return start_exporter(board, *FAST, *arguments, **options)

    return begin


def energies(page: Page) -> dict[str, Decimal]:
    return {sample.labels["domain"]: sample.value for sample in page.find("pyjoules_energy_joules_total")}


def zones(page: Page) -> dict[str, tuple[str, str]]:
    """The role of each sensor, and the first word of the reason."""
    return {
        sample.labels["zone"]: (sample.labels["role"], sample.labels["reason"].partition(":")[0])
        for sample in page.find("pyjoules_zone_info")
    }


def card(board: HwmonTree, number: int, device: str, microjoules: int) -> None:
    board.add(number, "psu", {"energy1_input": microjoules, "energy1_label": "pkg"}, device)


def test_two_equal_cards_exchange_their_numbers_over_a_restart(
    start: StartExporter, board: HwmonTree, tmp_path: Path
) -> None:
    state = ("--state-file", str(tmp_path / "ledger"))
    card(board, 2, NEAR, 5_000_000_000)
    card(board, 3, FAR, 5_008_000_000)
    first = start(*state)
    assert energies(first.page_after_ticks()) == {"psu_pkg": 0, "psu_pkg_2": 0}
    first.end()
    board.remove(2)
    board.remove(3)
    card(board, 3, NEAR, 5_000_020_000)
    card(board, 2, FAR, 5_008_030_000)
    page = start(*state).page_after_ticks()
    assert energies(page) == {"psu_pkg": Decimal("0.02"), "psu_pkg_2": Decimal("0.03")}
    assert all(sample.value == 0 for sample in page.find("pyjoules_resets_total"))


def test_a_battery_is_no_use_of_energy(start: StartExporter, board: HwmonTree) -> None:
    board.add(0, "BAT1", {"power1_input": 60_000_000}, "PNP0C0A:00/power_supply/BAT1")
    board.add(1, "ina226", {"power1_input": 1_000_000})
    exporter = start()
    page = exporter.page_after_ticks()
    assert list(energies(page)) == ["ina226_power1"]
    assert zones(page) == {"hwmon0/power1_input": ("ignored", "battery"), "hwmon1/power1_input": ("counted", "")}
    assert exporter.only_record("zone_ignored")["level"] == "info"


def test_power_that_flows_back_is_no_use(start: StartExporter, board: HwmonTree) -> None:
    board.add(0, "ltc2947", {"power1_input": 5_000_000})
    exporter = start()
    exporter.page_after_ticks()
    board.set(0, "power1_input", "-15000000")
    before = exporter.page_after_ticks()
    page = exporter.page_after_ticks(3)
    assert energies(page) == energies(before)
    assert page.value("pyjoules_simple_energy_watts", domain="ltc2947_power1") == 0
    assert all(sample.value == 0 for sample in page.find("pyjoules_sample_errors_total"))


def test_energy_and_power_of_one_place_are_counted_once(start: StartExporter, board: HwmonTree) -> None:
    board.add(0, "ltc4282", {"energy1_input": 1, "power1_input": 5, "power1_label": "Power"})
    page = start().page_after_ticks()
    assert list(energies(page)) == ["ltc4282_energy1"]
    assert zones(page)["hwmon0/power1_input"][0] == "duplicate"


def test_sockets_come_before_their_cores(start: StartExporter, board: HwmonTree) -> None:
    attributes: dict[str, str | int] = {}
    for core in range(128):
        attributes |= {f"energy{core + 1}_input": core, f"energy{core + 1}_label": f"Ecore{core:03}"}
    for socket in range(2):
        attributes |= {f"energy{socket + 129}_input": socket, f"energy{socket + 129}_label": f"Esocket{socket}"}
    board.add(0, "amd_energy", attributes)
    exporter = start("--sample.interval", "100ms")
    exporter.page_after_ticks()
    board.set(0, "energy129_input", 7_000_000)
    board.set(0, "energy130_input", 8_000_001)
    page = exporter.page_after_ticks()
    found = energies(page)
    assert (found["amd_energy_esocket0"], found["amd_energy_esocket1"]) == (7, 8)
    assert len(found) == 128
    assert sum(role == "unreadable" for role, _ in zones(page).values()) == 2


# Sensors that take their time


def slow(library: Path, control: Path, part: str) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(library),
        "FAULTY_PREAD_PATH": part,
        "FAULTY_PREAD_CONTROL": str(control),
    }


def answer_seconds(exporter: Exporter) -> float:
    """How long an answer takes."""
    begin = time.monotonic()
    exporter.page()
    return time.monotonic() - begin


def test_a_sensor_that_is_slow_at_the_start_is_left_out(
    start: StartExporter, board: HwmonTree, faulty_pread: Path, tmp_path: Path
) -> None:
    control = tmp_path / "control"
    control.write_text("600")
    board.add(0, "corsairpsu", {"power1_input": 180_000_000, "power2_input": 1})
    board.add(1, "power_meter", {"power1_average": 300_000_000})
    exporter = start(environment=slow(faulty_pread, control, "/hwmon0/power"))
    page = exporter.page_after_ticks()
    assert list(energies(page)) == ["power_meter_power1"]
    assert [zones(page)[f"hwmon0/power{number}_input"][0] for number in (1, 2)] == ["slow", "slow"]
    reasons = {record["reason"] for record in exporter.records("zone_unreadable")}
    assert reasons == {"slow"}
    # Nothing waits for it.
    assert answer_seconds(exporter) < 0.5


@pytest.mark.parametrize("milliseconds", [30, 600])
def test_a_sensor_that_becomes_slow_is_given_up_and_keeps_its_total(
    start: StartExporter, board: HwmonTree, faulty_pread: Path, tmp_path: Path, milliseconds: int
) -> None:
    control = tmp_path / "control"
    control.write_text("")
    board.add(0, "bmc", {"energy1_input": 1_000_000})
    board.add(1, "ina226", {"energy1_input": 0})
    exporter = start(environment=slow(faulty_pread, control, "/hwmon0/energy"))
    exporter.page_after_ticks()
    board.set(0, "energy1_input", 3_000_000)
    exporter.page_after_ticks()
    control.write_text(str(milliseconds))
    page = exporter.wait_for_page(lambda page: zones(page)["hwmon0/energy1_input"][0] == "slow", what="the role slow")
    assert energies(page)["bmc_energy1"] == 2
    assert not page.find("pyjoules_simple_energy_watts", domain="bmc_energy1")
    board.set(0, "energy1_input", 9_000_000)
    board.set(1, "energy1_input", 5_000_000)
    page = exporter.page_after_ticks(5)
    assert energies(page) == {"bmc_energy1": 2, "ina226_energy1": 5}
    # It was one reading too many, and no reading has failed since.
    assert page.value("pyjoules_sample_errors_total", domain="bmc_energy1", reason="slow") == 1
    assert exporter.only_record("zone_failing")["reason"] == "slow"


def test_doctor_says_what_to_do_about_a_slow_sensor(board: HwmonTree, faulty_pread: Path, tmp_path: Path) -> None:
    control = tmp_path / "control"
    control.write_text("600")
    board.add(0, "corsairpsu", {"power1_input": 180_000_000})
    result = subprocess.run(
        [BINARY, "doctor", "--source", "hwmon", "--path.sysfs", board.root],
        env=clean_environment(slow(faulty_pread, control, "/hwmon0/power")),
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert re.search(r"hwmon0/power1_input is not counted: a reading took \d+\.\d\d s", result.stdout)
    assert "pyjoules-exporter-sensors" in result.stdout


def test_a_card_that_falls_asleep_is_no_failure(
    start: StartExporter, board: HwmonTree, faulty_pread: Path, tmp_path: Path
) -> None:
    control = tmp_path / "control"
    control.write_text("")
    board.add(0, "amdgpu", {"power1_average": 20_000_000, "power1_label": "PPT"})
    board.add(1, "ina226", {"power1_input": 1_000_000})
    exporter = start(environment=slow(faulty_pread, control, "/hwmon0/power"))
    exporter.page_after_ticks()
    control.write_text("EPERM")
    page = exporter.wait_for_page(
        lambda page: not page.find("pyjoules_simple_energy_watts", domain="amdgpu_ppt"), what="no power"
    )
    assert exporter.wait_for_event("zone_failing")["level"] == "info"
    control.write_text("")
    again = exporter.wait_for_page(
        lambda page: bool(page.find("pyjoules_simple_energy_watts", domain="amdgpu_ppt")), what="power again"
    )
    assert energies(again)["amdgpu_ppt"] >= energies(page)["amdgpu_ppt"]
    assert again.value("pyjoules_gaps_total", domain="amdgpu_ppt") == 1


# Sensors that come, go and come back


def test_a_meter_that_does_not_know_the_power_yet_is_measured_once_it_does(
    start: StartExporter, board: HwmonTree
) -> None:
    # ACPI's "unknown": its management controller is not ready.
    board.add(1, "power_meter", {"power1_average": 4_294_967_295_000, "power1_is_battery": 0})
    exporter = start()
    assert exporter.page().value("pyjoules_source_up", source="hwmon") == 0
    board.set(1, "power1_average", 14_000_000_000)
    page = exporter.wait_for_page(
        lambda page: bool(page.find("pyjoules_simple_energy_watts", domain="power_meter_power1")), what="its power"
    )
    watts = float(page.value("pyjoules_simple_energy_watts", domain="power_meter_power1"))
    assert watts == pytest.approx(14_000, rel=1e-3)
    assert page.value("pyjoules_source_up", source="hwmon") == 1


def test_a_chip_that_comes_back_under_another_number_goes_on(
    start: StartExporter, board: HwmonTree, faulty_pread: Path
) -> None:
    card(board, 2, NEAR, 1_000_000)
    card(board, 3, FAR, 2_000_000)
    exporter = start(environment={"LD_PRELOAD": str(faulty_pread)})
    exporter.page_after_ticks()
    board.remove(2)
    board.remove(3)
    exporter.wait_for_page(lambda page: not page.find("pyjoules_simple_energy_watts"), what="no power")
    card(board, 3, NEAR, 1_500_000)
    card(board, 2, FAR, 2_250_000)
    page = exporter.wait_for_page(lambda page: len(page.find("pyjoules_simple_energy_watts")) == 2, what="power again")
    assert energies(page) == {"psu_pkg": Decimal("0.5"), "psu_pkg_2": Decimal("0.25")}
    assert zones(page).keys() == {"hwmon2/energy1_input", "hwmon3/energy1_input"}


def test_a_chip_that_is_plugged_in_later_takes_nobody_s_name(start: StartExporter, board: HwmonTree) -> None:
    card(board, 2, FAR, 2_000_000)
    exporter = start()
    exporter.page_after_ticks()
    card(board, 3, NEAR, 1_000_000)
    page = exporter.wait_for_page(lambda page: len(energies(page)) == 2, what="the second card")
    devices = {sample.labels["domain"]: sample.labels["device"] for sample in page.find("pyjoules_domain_info")}
    assert FAR in devices["psu_pkg"] and NEAR in devices["psu_pkg_2"]
