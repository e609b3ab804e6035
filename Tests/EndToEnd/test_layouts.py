"""Layouts of zones that the kernel's source allows: each zone ends as counted, or with a reason; none vanishes."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.exporter import StartExporter
from support.exposition import Page
from support.powercap_tree import PowercapTree, Zone

FAST = ("--sample.interval", "20ms")


@pytest.fixture
def machine(tmp_path: Path) -> PowercapTree:
    """A machine without a zone."""
    return PowercapTree(tmp_path / "sys")


def kinds(page: Page) -> dict[str, str]:
    return {sample.labels["domain"]: sample.labels["kind"] for sample in page.find("pyjoules_energy_joules_total")}


def zones(page: Page) -> dict[str, str]:
    return {sample.labels["zone"]: sample.labels["role"] for sample in page.find("pyjoules_zone_info")}


def test_more_than_sixteen_packages(start_exporter: StartExporter, machine: PowercapTree) -> None:
    """drivers/powercap/powercap_sys.c numbers zones in hexadecimal."""
    numbers = [f"{socket:x}" for socket in range(18)]
    for socket, number in enumerate(numbers):
        machine.add(Zone(number, f"package-{socket}", limit_watts=4000))
        machine.add(Zone(f"{number}:0", "dram", limit_watts=4000))
    exporter = start_exporter(machine, *FAST)
    for number in numbers:
        machine.set(number, 2_000_000)
    page = exporter.page_after_ticks()
    assert all(page.energy(f"package_{socket}") == 2 for socket in range(18))
    assert set(zones(page).values()) == {"counted"} and len(zones(page)) == 36
    assert page.value("pyjoules_host_energy_joules_total") == 36


def test_the_platform_of_the_second_package(start_exporter: StartExporter, machine: PowercapTree) -> None:
    """intel_rapl_common.c calls the platform that package 1 measures psys-1."""
    for number, name in (("0", "package-0"), ("1", "package-1"), ("2", "psys-1")):
        machine.add(Zone(number, name, limit_watts=4000))
    exporter = start_exporter(machine, *FAST)
    for number in ("0", "1"):
        machine.set(number, 2_000_000)
    machine.set("2", 7_000_000)
    page = exporter.page_after_ticks()
    assert page.energy("psys_1") == 7
    assert kinds(page)["psys_1"] == "psys"


def test_control_types_that_nobody_knows(start_exporter: StartExporter, machine: PowercapTree) -> None:
    machine.add(Zone("0", "package-0", limit_watts=4000))
    machine.add(Zone("0", "SoC", control_type="arm-scmi", limit_watts=4000))
    machine.add(Zone("0:0", "Big CPU", control_type="arm-scmi", limit_watts=4000))
    machine.add(Zone("1", "SoC", control_type="arm-scmi", limit_watts=4000))
    exporter = start_exporter(machine, *FAST)
    machine.set("0", 1_000_000)
    machine.set("0", 5_000_000, control_type="arm-scmi")
    page = exporter.page_after_ticks()
    assert kinds(page) == {
        "package_0": "package",
        "arm_scmi_soc": "zone",
        "arm_scmi_soc_big_cpu": "zone",
        "arm_scmi_soc_2": "zone",
    }
    assert page.energy("arm_scmi_soc") == 5
    # They are in no sum: nobody knows what lies in what.
    assert page.value("pyjoules_host_energy_joules_total") == 1
    assert set(zones(page)) == {"intel-rapl:0", "arm-scmi:0", "arm-scmi:0:0", "arm-scmi:1"}


def test_what_cannot_be_understood_is_said(start_exporter: StartExporter, machine: PowercapTree) -> None:
    machine.add(Zone("0", "package-0"))
    machine.add(Zone("0:0", "npu"))
    machine.add(Zone("a", "chipset"))
    exporter = start_exporter(machine, *FAST)
    page = exporter.page_after_ticks()
    assert zones(page) == {"intel-rapl:0": "counted", "intel-rapl:0:0": "unreadable", "intel-rapl:a": "unreadable"}
    said = {record["zone"] for record in exporter.wait_for_events("zone_unreadable", 2)}
    assert said == {"intel-rapl:0:0", "intel-rapl:a"}


def test_who_made_the_processor_where_cpuinfo_is_hidden(
    start_exporter: StartExporter, tree: PowercapTree, procfs: Path
) -> None:
    """On AMD the zone `core` is one core; ProcSubset=pid and others hide /proc/cpuinfo."""
    (procfs / "cpuinfo").unlink()
    exporter = start_exporter(tree, *FAST)
    maker = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "vendor_id" in line),
        None,
    )
    is_amd = maker in ("AuthenticAMD", "HygonGenuine")
    assert kinds(exporter.page_after_ticks())["core_0"] == ("lead_core" if is_amd else "core")
    record = exporter.only_record("processor_asked")
    assert (maker or "it does not tell") in record["msg"]
