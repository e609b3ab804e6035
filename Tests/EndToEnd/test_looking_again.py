"""What is not there at the start, or cannot be read yet, is measured once it can be: no restart, inside the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.hwmon_tree import HwmonTree
from support.powercap_tree import PowercapTree, Zone
from support.waiting import wait_until

FAST = ("--sample.interval", "20ms")


@pytest.fixture
def empty(tmp_path: Path) -> PowercapTree:
    """A machine whose drivers are not loaded: the directories at the top of sysfs are always there."""
    root = tmp_path / "sys"
    for directory in ("class", "bus", "devices"):
        (root / directory).mkdir(parents=True)
    return PowercapTree(root)


def sources(page: Page) -> dict[str, int]:
    return {sample.labels["source"]: int(sample.value) for sample in page.find("pyjoules_source_up")}


def domains(page: Page) -> list[str]:
    return [sample.labels["domain"] for sample in page.find("pyjoules_energy_joules_total")]


def has(*names: str) -> Callable[[Page], bool]:
    """Whether a page has the energy of some domains."""
    return lambda page: set(names) <= set(domains(page))


def assert_counts(exporter: Exporter, tree: PowercapTree, number: str, domain: str) -> None:
    """What a zone's counter moves from now on is in its domain's total."""
    before = exporter.page_after_ticks().energy(domain)
    value = int(tree.counter(number).read_text())
    tree.set(number, value + 3_000_000)
    exporter.wait_for_page(lambda page: page.energy(domain) == before + 3, what=f"3 J more of {domain}")


def test_a_driver_that_is_loaded_later(start_exporter: StartExporter, empty: PowercapTree) -> None:
    exporter = start_exporter(empty, *FAST)
    assert sources(exporter.page_after_ticks()) == {"powercap": 0}
    exporter.only_record("no_source")
    empty.add(Zone("0", "package-0"), 7_000_000)
    empty.add(Zone("0:0", "dram"), 1_000_000)
    page = exporter.wait_for_page(has("package_0", "dram_0"), what="the zones")
    assert sources(page) == {"powercap": 1}
    assert page.energy("package_0") == 0
    assert exporter.only_record("source_up")["source"] == "powercap"
    assert_counts(exporter, empty, "0", "package_0")
    assert_counts(exporter, empty, "0:0", "dram_0")


def test_packages_that_register_one_after_the_other(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    tree.set("0", 2_000_000)
    exporter.wait_for_page(lambda page: page.energy("package_0") == 2, what="the first package's energy")
    for socket in (1, 2):
        tree.add(Zone(f"{socket + 1}", f"package-{socket}", limit_watts=4000))
        page = exporter.wait_for_page(has(f"package_{socket}"), what="one more package")
        assert page.energy("package_0") == 2
        assert_counts(exporter, tree, f"{socket + 1}", f"package_{socket}")
    assert len(exporter.records("counters_found")) == 2


def test_rights_that_are_set_a_moment_later(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    """Right after a driver was loaded some zones could be read and others not yet: those were missing for ever."""
    root = public_directory / "sys"
    for directory in ("class", "bus", "devices"):
        (root / directory).mkdir(parents=True)
    tree = PowercapTree(root)
    for socket in (0, 1):
        tree.add(Zone(f"{socket}", f"package-{socket}", limit_watts=4000))
    tree.counter("0").chmod(0o444)
    tree.counter("1").chmod(0)
    exporter = start_exporter(tree, *FAST, **without_rights)
    page = exporter.page_after_ticks()
    assert domains(page) == ["package_0"]
    roles = {sample.labels["zone"]: sample.labels["role"] for sample in page.find("pyjoules_zone_info")}
    assert roles == {"intel-rapl:0": "counted", "intel-rapl:1": "unreadable"}
    tree.counter("1").chmod(0o444)
    page = exporter.wait_for_page(has("package_0", "package_1"), what="the second package")
    roles = {sample.labels["zone"]: sample.labels["role"] for sample in page.find("pyjoules_zone_info")}
    assert roles == {"intel-rapl:0": "counted", "intel-rapl:1": "counted"}
    assert_counts(exporter, tree, "1", "package_1")


def test_powercap_that_comes_after_a_sensor(start_exporter: StartExporter, empty: PowercapTree) -> None:
    """`auto` once locked on a laptop's sensor when powercap came late."""
    HwmonTree(empty.root).add(0, "bmc", {"energy1_input": 5_000_000})
    exporter = start_exporter(empty, *FAST)
    assert sources(exporter.page_after_ticks()) == {"hwmon": 1}
    empty.add(Zone("0", "package-0"))
    page = exporter.wait_for_page(has("package_0"), what="the package")
    assert sources(page) == {"powercap": 1, "hwmon": 1}
    assert domains(page) == ["bmc_energy1", "package_0"]
    assert_counts(exporter, empty, "0", "package_0")


def test_a_chip_that_comes_after_powercap(start_exporter: StartExporter, tree: PowercapTree) -> None:
    (tree.root / "bus").mkdir()
    exporter = start_exporter(tree, *FAST)
    assert sources(exporter.page_after_ticks()) == {"powercap": 1}
    board = HwmonTree(tree.root)
    board.add(0, "bmc", {"energy1_input": 5_000_000})
    page = exporter.wait_for_page(has("bmc_energy1"), what="the sensor")
    assert sources(page) == {"powercap": 1, "hwmon": 1}
    board.set(0, "energy1_input", 7_000_000)
    exporter.wait_for_page(lambda page: page.energy("bmc_energy1") == 2, what="2 J of the sensor")


def test_a_source_that_goes_is_down_after_ten_seconds_and_up_when_it_is_back(
    start_exporter: StartExporter, tree: PowercapTree, faulty_pread: Path
) -> None:
    exporter = start_exporter(tree, *FAST, environment={"LD_PRELOAD": str(faulty_pread)})
    tree.set("0", 2_000_000)
    exporter.wait_for_page(lambda page: page.energy("package_0") == 2, what="the package's energy")
    assert exporter.get("/-/ready").status == 200
    tree.remove("0")
    tree.remove("1")
    page = exporter.wait_for_page(lambda page: sources(page) == {"powercap": 0}, seconds=30, what="the source down")
    assert page.energy("package_0") == 2
    assert exporter.get("/-/ready").status == 503
    assert exporter.only_record("source_down")["source"] == "powercap"
    tree.add(Zone("0", "package-0", limit_watts=4000), 2_500_000)
    page = exporter.wait_for_page(lambda page: sources(page) == {"powercap": 1}, what="the source up")
    assert exporter.get("/-/ready").status == 200
    assert exporter.only_record("source_up")["source"] == "powercap"
    exporter.wait_for_page(lambda page: page.energy("package_0") >= 2, what="the package's energy")


def test_where_nothing_is_ever_there_it_is_not_ready(start_exporter: StartExporter, empty: PowercapTree) -> None:
    exporter = start_exporter(empty, *FAST)
    wait_until(lambda: exporter.get("/-/ready").status == 503, seconds=30, what="not being ready")
    assert exporter.get("/-/healthy").status == 200
    assert sources(exporter.page()) == {"powercap": 0}


def test_totals_of_what_comes_later_survive_a_restart(
    start_exporter: StartExporter, empty: PowercapTree, tmp_path: Path
) -> None:
    ledger = ("--state-file", str(tmp_path / "ledger"))
    first = start_exporter(empty, *FAST, *ledger)
    empty.add(Zone("0", "package-0", limit_watts=4000))
    first.wait_for_page(has("package_0"), what="the package")
    assert_counts(first, empty, "0", "package_0")
    first.end()
    second = start_exporter(empty, *FAST, *ledger)
    assert second.page_after_ticks().energy("package_0") == 3
