"""Graphics cards of AMD's and Intel's, which the exporter reads itself: each counted once, and none woken."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import BINARY, StartExporter, clean_environment
from support.exposition import Page
from support.hwmon_tree import HwmonTree
from support.powercap_tree import PowercapTree, Zone

FAST = ("--sample.interval", "20ms")
NEAR, FAR = "0000:03:00.0", "0000:83:00.0"
POWER = {"power1_average": 20_000_000, "power1_label": "PPT"}


@pytest.fixture
def board(tmp_path: Path) -> HwmonTree:
    return HwmonTree(tmp_path / "sys")


def energies(page: Page) -> dict[str, Decimal]:
    samples = page.find("pyjoules_energy_joules_total", kind="gpu")
    return {sample.labels["domain"]: sample.value for sample in samples}


def has_gauge(page: Page, domain: str) -> bool:
    return bool(page.find("pyjoules_simple_energy_watts", domain=domain))


def roles(page: Page) -> dict[str, str]:
    return {sample.labels["zone"]: sample.labels["role"] for sample in page.find("pyjoules_zone_info")}


def doctor(*options: str) -> str:
    """What it says, on one line."""
    result = subprocess.run(
        [BINARY, "doctor", *options], env=clean_environment(), capture_output=True, text=True, timeout=20
    )
    return " ".join(result.stdout.split())


def test_each_card_is_counted_once_and_named(start_exporter: StartExporter, board: HwmonTree) -> None:
    both = {"energy1_input": 5_000_000, "energy1_label": "card", "energy2_input": 3_000_000, "energy2_label": "pkg"}
    board.add_card(1, "xe", NEAR, both)
    board.add_card(2, "amdgpu", FAR, POWER, unique_id="9b1e5c0d2a7f4e61", product_name="Instinct MI300X")
    board.set_metrics(2, 65_536)
    exporter = start_exporter(board, *FAST, "--source", "hwmon")
    assert energies(exporter.page_after_ticks()) == {"xe_0": 0, "amdgpu_0": 0}
    board.set(1, "energy1_input", 12_000_000)
    board.set(1, "energy2_input", 9_000_000)
    board.set_metrics(2, 65_536 * 4 + 32_768)
    page = exporter.page_after_ticks()
    assert energies(page) == {"xe_0": 7, "amdgpu_0": Decimal("3.5")}
    total = page.find("pyjoules_host_energy_joules_total")
    assert [(sample.labels["basis"], sample.value) for sample in total] == [("gpus", Decimal("10.5"))]
    cards = {sample.labels["domain"]: sample.labels for sample in page.find("pyjoules_gpu_info")}
    assert (cards["xe_0"]["vendor"], cards["xe_0"]["model"]) == ("intel", "8086:744c")
    amd = cards["amdgpu_0"]
    assert (amd["uuid"], amd["pci_bus_id"]) == ("9b1e5c0d2a7f4e61", "00000000:83:00.0")
    assert (amd["vendor"], amd["model"]) == ("amd", "Instinct MI300X")
    assert roles(page)["hwmon1/energy2_input"] == "duplicate"
    assert roles(page)["hwmon2/power1_average"] == "duplicate"


def test_a_card_is_a_part_of_the_machine_and_graphics_of_a_processor_are_not(
    start_exporter: StartExporter, tmp_path: Path
) -> None:
    packages = PowercapTree(tmp_path / "sys")
    packages.add(Zone("0", "package-0"))
    board = HwmonTree(packages.root)
    board.add_card(1, "i915", "0000:00:02.0", {"energy1_input": 5})
    board.add_card(2, "i915", NEAR, {"energy1_input": 5})
    board.add_card(3, "amdgpu", FAR, POWER)
    board.set_metrics(3, 5, form=2)
    exporter = start_exporter(board, *FAST)
    page = exporter.page_after_ticks()
    assert list(energies(page)) == ["i915_0"]
    (host,) = page.find("pyjoules_host_energy_joules_total")
    assert host.labels["basis"] == "packages+dram+gpus"
    assert page.value("pyjoules_host_missing_parts") == 0
    reasons = {sample.labels["zone"]: sample.labels["reason"] for sample in page.find("pyjoules_zone_info")}
    assert "processor's own graphics" in reasons["hwmon1/energy1_input"]
    assert "whole processor" in reasons["hwmon3/power1_average"]


@pytest.mark.parametrize("driver", ["xe", "i915", "amdgpu"])
def test_a_card_that_sleeps_is_not_read(start_exporter: StartExporter, board: HwmonTree, driver: str) -> None:
    attribute = "power1_average" if driver == "amdgpu" else "energy1_input"
    board.add_card(1, driver, NEAR, {attribute: 20_000_000})
    exporter = start_exporter(board, *FAST, "--source", "hwmon")
    domain = f"{driver}_0"
    board.set(1, attribute, 30_000_000)
    exporter.wait_for_page(lambda page: energies(page)[domain] > 0)
    board.set_status(1, "suspended")
    page = exporter.wait_for_page(lambda page: not has_gauge(page, domain), what="no power")
    total = energies(page)[domain]
    # A reading would show this as garbage.
    board.set(1, attribute, "awake")
    page = exporter.page_after_ticks(3)
    assert energies(page)[domain] == total
    assert page.value("pyjoules_sample_errors_total", domain=domain, reason="asleep") > 0
    assert not page.find("pyjoules_sample_errors_total", domain=domain, reason="garbage")
    assert page.value("pyjoules_source_up", source="hwmon") == 1
    board.set(1, attribute, 40_000_000)
    board.set_status(1, "active")
    page = exporter.wait_for_page(lambda page: energies(page)[domain] > total, what="more energy")
    assert page.value("pyjoules_resets_total", domain=domain) == 0


def test_doctor_says_why_a_card_is_not_counted(board: HwmonTree) -> None:
    board.add_card(1, "xe", NEAR, {"energy1_input": 5})
    board.set_status(1, "suspended")
    board.add_card(2, "amdgpu", FAR, POWER)
    board.set_metrics(2, 5, form=3)
    bare = board.add_card(3, "i915", "0000:84:00.0", {"energy1_input": 5})
    board.remove(3)
    (bare / "driver").unlink()
    text = doctor("--source", "hwmon", "--path.sysfs", str(board.root))
    assert "hwmon1/energy1_input is not counted yet: asleep" in text
    assert "hwmon2/power1_average is the power of a whole processor" in text
    assert "Intel's card 0000:84:00.0 has no driver" in text


def test_doctor_says_what_is_special_about_gpus_of_a_feed(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    feeds.mkdir(mode=0o755)
    counter = "counter id=GPU-1 domain=nvidia_gpu_0 kind=gpu unit=1000 raw=5"
    for labels, is_said in (("mig=yes persistence=no", True), ("mig=no persistence=yes", False), ("", False)):
        lines = ["pyjoules-feed 1", "reader name=nvidia period=60", f"{counter} {labels}".strip(), "end", ""]
        (feeds / "nvidia.feed").write_text("\n".join(lines))
        text = doctor("--source", "feeds", "--path.feeds", str(feeds))
        assert "nvidia_gpu_0" in text
        assert ("nvidia_gpu_0 is divided into instances (MIG)" in text) == is_said
        assert ("Persistence mode of nvidia_gpu_0 is off" in text) == is_said
        assert ("nvidia-persistenced" in text) == is_said
