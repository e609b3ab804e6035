"""What is counted is true, and what cannot be known is said: stops, resets, gaps, lost zones, roles, distribution."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page, Sample
from support.hardware_counter import HardwareCounter, RandomLoad, joules
from support.hwmon_tree import HwmonTree
from support.powercap_tree import REAL_RANGE_UJ, PowercapTree, Zone, laptop
from support.waiting import let_time_pass, wait_until

FAST = ("--sample.interval", "20ms")
# The exporter believes twice this.
LIMIT_WATTS = 50
BOUND_WATTS = 2 * LIMIT_WATTS
POWER = "pyjoules_power_watts"
# How often the hardware brings its counters up to date, and the unit of a counter with the range of a real one.
UPDATE_SECONDS = Decimal("0.000976563")
UNIT_JOULES = Decimal("0.000061")


def resets(page: Page, domain: str = "package_0") -> Decimal:
    return page.value("pyjoules_resets_total", domain=domain)


def gaps(page: Page, domain: str = "package_0") -> Decimal:
    return page.value("pyjoules_gaps_total", domain=domain)


def domains(samples: list[Sample]) -> list[str]:
    return [sample.labels["domain"] for sample in samples]


# Stops, resets, gaps


def stop_for(exporter: Exporter, seconds: float, during: Callable[[], None] = lambda: None) -> None:
    """Stops the process with SIGSTOP, and does something while it cannot see it."""
    exporter.send_signal(signal.SIGSTOP)
    try:
        wait_until(exporter.is_stopped, what="the stop")
        during()
        let_time_pass(seconds)
    finally:
        exporter.send_signal(signal.SIGCONT)


def test_a_stop_of_two_seconds_loses_nothing(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    zone = Zone("0", "package-0", limit_watts=LIMIT_WATTS)
    counter = HardwareCounter.add(tree, zone, REAL_RANGE_UJ - 50_000_000)
    exporter = start_exporter(tree, *FAST)
    with RandomLoad([counter], BOUND_WATTS, random.Random(4)):
        before = exporter.page_after_ticks()
        begin = time.monotonic()
        stop_for(exporter, 2)
        stopped_seconds = time.monotonic() - begin
        exporter.page_after_ticks()
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == joules(counter.moved)
    assert page.value("pyjoules_wraps_total", domain="package_0") == counter.wraps == 1
    assert resets(page) == gaps(page) == 0
    missed = page.value("pyjoules_ticks_missed_total") - before.value("pyjoules_ticks_missed_total")
    assert missed >= int(stopped_seconds / 0.02) - 2


@pytest.fixture
def limited(tmp_path: Path) -> HardwareCounter:
    """A package in the middle of its range, of which no more than `BOUND_WATTS` is believed."""
    tree = PowercapTree(tmp_path / "sys")
    return HardwareCounter.add(tree, Zone("0", "package-0", limit_watts=LIMIT_WATTS), REAL_RANGE_UJ // 2)


def test_a_counter_that_steps_back_was_set_anew(start_exporter: StartExporter, limited: HardwareCounter) -> None:
    exporter = start_exporter(limited.tree, *FAST)
    limited.move(400_000)
    assert exporter.page_after_ticks().energy("package_0") == Decimal("0.4")
    for times, reading in ((1, 250_000), (2, 100_000)):
        limited.tree.set("0", reading)
        page = exporter.page_after_ticks()
        assert resets(page) == times
    # Only what the counter certainly counted since it was set anew has been added.
    assert page.energy("package_0") == Decimal("0.4") + Decimal("0.25") + Decimal("0.1")
    assert page.value("pyjoules_wraps_total", domain="package_0") == gaps(page) == 0
    assert page.value("pyjoules_power_peak_watts", domain="package_0") <= BOUND_WATTS
    record = exporter.only_record("counter_reset")
    assert record["domain"] == "package_0" and record["reason"] == "stepped_back" and record["level"] == "warning"


def test_a_counter_that_jumps_ahead_was_set_anew(start_exporter: StartExporter, limited: HardwareCounter) -> None:
    exporter = start_exporter(limited.tree, *FAST)
    limited.move(60_000_000_000)
    page = exporter.page_after_ticks()
    assert resets(page) == 1
    assert page.energy("package_0") == 0
    assert exporter.only_record("counter_reset")["reason"] == "jumped"
    limited.move(400_000)
    assert exporter.page_after_ticks().energy("package_0") == Decimal("0.4")


def test_an_interval_that_can_hide_a_wrap_is_a_gap(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    # At the bound this range takes half a second.
    zone = Zone("0", "package-0", range_uj=BOUND_WATTS * 500_000 - 1, limit_watts=LIMIT_WATTS)
    counter = HardwareCounter.add(tree, zone, 10_000_000)
    exporter = start_exporter(tree, *FAST)
    exporter.page_after_ticks()
    stop_for(exporter, 0.7, during=lambda: counter.move(counter.modulus + 5_000_000))
    page = exporter.page_after_ticks()
    assert gaps(page) == 1
    assert resets(page) == page.value("pyjoules_wraps_total", domain="package_0") == 0
    # It shows 5 J more than before; that it went round meanwhile cannot be known.
    assert page.energy("package_0") == 5
    assert exporter.only_record("counter_gap")["domain"] == "package_0"
    counter.move(400_000)
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == Decimal("5.4") and gaps(page) == 1


# Zones that go and come back


@pytest.fixture
def unregistering(faulty_pread: Path) -> dict[str, str]:
    """The environment of an exporter for which removed zones are unregistered ones."""
    return {"LD_PRELOAD": str(faulty_pread)}


def is_read(domain: str) -> Callable[[Page], bool]:
    """Whether a page shows a domain's power, which it does only if its counter could be read."""
    return lambda page: bool(page.find("pyjoules_simple_energy_watts", domain=domain))


def lose_package(exporter: Exporter, tree: PowercapTree) -> None:
    """Removes the laptop's package and all of its sub-zones, after the package counted 2 J and dram 1 J."""
    tree.set("0", 2_000_000)
    tree.set("0:2", 1_000_000)
    assert exporter.page_after_ticks().energy("package_0") == 2
    tree.remove("0")
    exporter.wait_for_page(lambda page: not is_read("package_0")(page), what="the loss of the package")


def test_a_zone_that_comes_back_goes_on(
    start_exporter: StartExporter, tree: PowercapTree, unregistering: dict[str, str]
) -> None:
    exporter = start_exporter(tree, *FAST, environment=unregistering)
    before = exporter.page()
    lose_package(exporter, tree)
    tree.set("1", 9_000_000)
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == 2 and page.energy("dram_0") == 1 and page.energy("psys_0") == 9
    assert page.value("pyjoules_sample_errors_total", domain="package_0", reason="unregistered") > 0

    # The numbers follow the order in which a driver registers, so package and psys have changed places in theirs.
    tree.add(Zone("2", "package-0", limit_watts=4000), 5_000_000)
    tree.add(Zone("2:0", "dram", limit_watts=4000), 1_500_000)
    exporter.wait_for_page(is_read("package_0"), what="the return of the package")
    page = exporter.wait_for_page(is_read("dram_0"), what="the return of dram")
    assert page.energy("package_0") == 5 and page.energy("dram_0") == Decimal("1.5")
    tree.set("2", 6_000_000)
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == 6
    zones = {sample.labels["domain"]: sample.labels["zone"] for sample in page.find("pyjoules_zone_info")}
    assert zones["package_0"] == "intel-rapl:2" and zones["dram_0"] == "intel-rapl:2:0"
    assert resets(page) == gaps(page) == 0
    # Those that did not come back keep their totals; no series came twice, and none went.
    for name in ("pyjoules_energy_joules_total", "pyjoules_power_watts_count", "pyjoules_wraps_total"):
        assert domains(page.find(name)) == domains(before.find(name))
    assert not is_read("core_0")(page)
    lost, back = {"package_0", "core_0", "uncore_0", "dram_0"}, {"package_0", "dram_0"}
    for event, expected in (("zone_failing", lost), ("zone_recovered", back)):
        records = exporter.wait_for_events(event, len(expected))
        assert len(records) == len(expected) and {record["domain"] for record in records} == expected


def test_a_zone_that_comes_back_without_permission_is_said(
    start_exporter: StartExporter, faulty_pread: Path, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = laptop(public_directory / "sys")
    for zone in tree.zones:
        tree.counter(zone.number).chmod(0o644)
    library = public_directory / faulty_pread.name
    library.write_bytes(faulty_pread.read_bytes())
    exporter = start_exporter(tree, *FAST, environment={"LD_PRELOAD": str(library)}, **without_rights)
    lose_package(exporter, tree)
    tree.add(Zone("0", "package-0"), 3_000_000)
    tree.counter("0").chmod(0)
    record = exporter.only_record("zone_unreadable")
    assert record["zone"] == "intel-rapl:0" and "restart" in record["msg"]
    assert exporter.page_after_ticks().energy("package_0") == 2


# Roles


def roles(page: Page) -> dict[str, tuple[str, str]]:
    """For each zone of the kernel, the domain and the role that the page gives it."""
    samples = page.find("pyjoules_zone_info")
    assert all(sample.value == 1 for sample in samples)
    assert all(list(sample.labels) == ["zone", "domain", "role", "reason"] for sample in samples)
    assert len(samples) == len({sample.labels["zone"] for sample in samples}), samples
    return {sample.labels["zone"]: (sample.labels["domain"], sample.labels["role"]) for sample in samples}


def reason(page: Page, zone: str) -> str:
    """Why a zone is not counted."""
    (sample,) = page.find("pyjoules_zone_info", zone=zone)
    return sample.labels["reason"]


LAPTOP_ROLES = {
    "intel-rapl:0": ("package_0", "counted"),
    "intel-rapl:0:0": ("core_0", "counted"),
    "intel-rapl:0:1": ("uncore_0", "counted"),
    "intel-rapl:0:2": ("dram_0", "counted"),
    "intel-rapl:1": ("psys_0", "counted"),
}


def test_the_zones_of_a_laptop_are_counted(start_exporter: StartExporter, tree: PowercapTree) -> None:
    page = start_exporter(tree, *FAST).page()
    assert roles(page) == LAPTOP_ROLES
    assert all(reason(page, zone) == "" for zone in LAPTOP_ROLES)


def test_a_zone_that_repeats_a_counter_is_a_duplicate(start_exporter: StartExporter, tree: PowercapTree) -> None:
    tree.add(Zone("0", "package-0", control_type="intel-rapl-mmio"))
    exporter = start_exporter(tree, *FAST)
    tree.set("0", 2_000_000)
    tree.set("0", 2_000_000, control_type="intel-rapl-mmio")
    page = exporter.page_after_ticks()
    assert roles(page) == LAPTOP_ROLES | {"intel-rapl-mmio:0": ("package_0", "duplicate")}
    assert reason(page, "intel-rapl-mmio:0") != ""
    assert page.energy("package_0") == 2


def test_a_zone_of_unknown_name_is_listed(start_exporter: StartExporter, tree: PowercapTree) -> None:
    tree.add(Zone("2", "accelerator"))
    page = start_exporter(tree, *FAST).page()
    assert roles(page) == LAPTOP_ROLES | {"intel-rapl:2": ("", "unreadable")}
    assert "accelerator" in reason(page, "intel-rapl:2")


def test_zones_without_permission_are_unreadable(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = laptop(public_directory / "sys")
    for zone in tree.zones:
        tree.counter(zone.number).chmod(0o444 if zone.name == "dram" else 0)
    page = start_exporter(tree, *FAST, **without_rights).page()
    expected = {zone: (domain, "unreadable") for zone, (domain, _) in LAPTOP_ROLES.items()}
    assert roles(page) == expected | {"intel-rapl:0:2": ("dram_0", "counted")}
    assert "permission" in reason(page, "intel-rapl:0")


def test_zones_are_listed_even_if_none_can_be_read(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = laptop(public_directory / "sys")
    for zone in tree.zones:
        tree.counter(zone.number).chmod(0)
    page = start_exporter(tree, *FAST, **without_rights).page()
    assert roles(page) == {zone: (domain, "unreadable") for zone, (domain, _) in LAPTOP_ROLES.items()}


@pytest.fixture
def amd(procfs: Path) -> None:
    """Makes the processor one of AMD's."""
    (procfs / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\n")


@pytest.mark.usefixtures("amd")
def test_the_core_zone_of_amd_is_one_core(start_exporter: StartExporter, tmp_path: Path) -> None:
    tree = PowercapTree(tmp_path / "sys")
    tree.add(Zone("0", "package-0"))
    tree.add(Zone("0:0", "core"))
    page = start_exporter(tree, *FAST).page()
    assert roles(page) == {
        "intel-rapl:0": ("package_0", "counted"),
        "intel-rapl:0:0": ("core_0", "lead-core"),
    }
    assert [sample.labels["kind"] for sample in page.find("pyjoules_energy_joules_total")] == ["package", "lead_core"]


@pytest.fixture
def two_dies(tmp_path: Path, amd: None) -> tuple[HardwareCounter, HardwareCounter]:
    """A package of two dies; whether they share a counter is for the test to decide."""
    tree = PowercapTree(tmp_path / "sys")
    first, second = (
        HardwareCounter.add(tree, Zone(str(die), f"package-0-die-{die}", limit_watts=4000), 7_000_000)
        for die in range(2)
    )
    return first, second


def host_energy(page: Page) -> Decimal:
    return page.value("pyjoules_host_energy_joules_total")


def test_dies_that_show_one_counter_are_counted_once(
    start_exporter: StartExporter, two_dies: tuple[HardwareCounter, HardwareCounter]
) -> None:
    first, _ = two_dies
    # One file under two names is one counter, whatever moment it is read at.
    mirror = first.tree.counter("1")
    mirror.unlink()
    mirror.hardlink_to(first.tree.counter("0"))
    exporter = start_exporter(first.tree, *FAST)
    for _ in range(20):
        first.move(1_000_000)
        page = exporter.page_after_ticks(4)
    assert roles(page) == {
        "intel-rapl:0": ("package_0_die_0", "counted"),
        "intel-rapl:1": ("package_0_die_1", "mirror"),
    }
    assert "package_0_die_0" in reason(page, "intel-rapl:1")
    assert host_energy(page) == 20
    packages = page.find("pyjoules_energy_joules_total", kind="package")
    assert sum(sample.value for sample in packages) == 20
    assert exporter.only_record("mirror_found")["domain"] == "package_0_die_1"


def test_dies_that_move_alike_only_at_first_are_told_apart(
    start_exporter: StartExporter, two_dies: tuple[HardwareCounter, HardwareCounter]
) -> None:
    first, second = two_dies
    exporter = start_exporter(first.tree, "--sample.interval", "5ms")
    assert roles(exporter.page())["intel-rapl:1"] == ("package_0_die_1", "mirror")

    def is_undone() -> bool:
        first.move(100_000)
        second.move(200_000)
        return roles(exporter.page())["intel-rapl:1"] == ("package_0_die_1", "counted")

    wait_until(is_undone, what="the wrong guess undone")
    assert exporter.only_record("mirror_undone")["domain"] == "package_0_die_1"
    before = exporter.page_after_ticks()
    first.move(1_000_000)
    second.move(2_000_000)
    page = exporter.page_after_ticks()
    assert {role for _, role in roles(page).values()} == {"counted"}
    assert host_energy(page) - host_energy(before) == 3
    assert page.energy("package_0_die_1") - before.energy("package_0_die_1") == 2


def test_dies_with_counters_of_their_own_are_both_counted(
    start_exporter: StartExporter, two_dies: tuple[HardwareCounter, HardwareCounter]
) -> None:
    first, second = two_dies
    second.move(1)
    exporter = start_exporter(first.tree, *FAST)
    first.move(1_000_000)
    second.move(2_000_000)
    page = exporter.page_after_ticks()
    assert {role for _, role in roles(page).values()} == {"counted"}
    assert host_energy(page) == 3


def test_power_limits(start_exporter: StartExporter, tree: PowercapTree) -> None:
    package = tree.counter("0").parent
    (package / "constraint_1_name").write_text("short_term\n")
    (package / "constraint_1_power_limit_uw").write_text("64500000\n")
    page = start_exporter(tree, *FAST).page()
    limits = {
        (sample.labels["domain"], sample.labels["constraint"]): sample.value
        for sample in page.find("pyjoules_power_limit_watts")
    }
    long_term = {(domain, "long_term"): Decimal(4000) for domain, _ in LAPTOP_ROLES.values()}
    assert limits == long_term | {("package_0", "short_term"): Decimal("64.5")}


# Distribution and uncertainty


def test_a_burst_stays_visible(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    exporter.page_after_ticks()
    tree.set("0", 4_000_000)
    page = exporter.page_after_ticks(5)
    assert page.value("pyjoules_simple_energy_watts", domain="package_0") == 0
    peak = page.value("pyjoules_power_peak_watts", domain="package_0")
    # 4 J within one interval of 20 ms are 200 W; the interval may have been late.
    assert 20 < peak <= 4000
    assert page.value("pyjoules_power_low_watts", domain="package_0") == 0
    # Looking resets nothing: another server sees the same.
    assert exporter.page_after_ticks().value("pyjoules_power_peak_watts", domain="package_0") == peak
    assert page.highest_bucket(POWER, domain="package_0").contains(peak)


def test_every_sample_is_in_the_histogram(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    for step in range(1, 21):
        tree.set("0", step * step * 10_000)
        page = exporter.page_after_ticks(1)
    for domain in domains(page.find("pyjoules_energy_joules_total")):
        # The first sample ends no interval.
        assert sum(bucket.count for bucket in page.buckets(POWER, domain=domain)) == page.ticks - 1
    assert page.highest_bucket(POWER, domain="dram_0").up_to == Decimal("0.5")
    # The sum of power over intervals is energy over one interval, so it tells about how long an interval was.
    watts = page.value(f"{POWER}_sum", domain="package_0")
    assert float(page.energy("package_0") / watts) == pytest.approx(0.02, rel=0.2)


def test_without_histogram_the_rest_stays(start_exporter: StartExporter, tree: PowercapTree) -> None:
    page = start_exporter(tree, *FAST, "--no-histogram").page_after_ticks()
    assert POWER not in page.text
    assert len(page.find("pyjoules_power_peak_watts")) == len(page.find("pyjoules_power_low_watts")) == 5


UNCERTAINTY = "pyjoules_power_uncertainty_watts"


def test_uncertainty_follows_its_formula(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, "--sample.interval", "300ms")
    tree.set("0", 6_000_000)
    page = exporter.wait_for_page(lambda page: busy(page) > 0, what="an interval with power")
    # The domain's own interval, which is known exactly from what the counter moved in it.
    seconds = 6 / busy(page)
    # The energy of one update of the counter, about a millisecond, and its unit, over the interval without one update.
    expected = (busy(page) * UPDATE_SECONDS + UNIT_JOULES) / (seconds - UPDATE_SECONDS)
    assert page.value(UNCERTAINTY, domain="package_0") == pytest.approx(expected, abs=Decimal("0.00001"))
    # Without power the unit is left. The intervals of two domains differ by how long it took to read what lies between.
    expected = UNIT_JOULES / (seconds - UPDATE_SECONDS)
    assert page.value(UNCERTAINTY, domain="psys_0") == pytest.approx(expected, rel=Decimal("0.05"))


def busy(page: Page) -> Decimal:
    """The power of the package, 0 before its first interval."""
    return sum((sample.value for sample in page.find("pyjoules_simple_energy_watts", domain="package_0")), Decimal(0))


def test_unknown_power_has_no_uncertainty(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST)
    assert len(exporter.page_after_ticks().find(UNCERTAINTY)) == 5
    tree.set_bytes("0", b"garbage\n")
    page = exporter.page_after_ticks()
    assert "package_0" not in domains(page.find(UNCERTAINTY)) and len(page.find(UNCERTAINTY)) == 4


# Other sources


def add_power_unit(root: Path) -> None:
    """A unit of perf events that is shown and cannot be opened: the kernel knows no unit of that type."""
    unit = root / "bus" / "event_source" / "devices" / "power"
    events = unit / "events"
    events.mkdir(parents=True)
    (unit / "type").write_text("2147483647\n")
    (unit / "cpumask").write_text("0\n")
    (events / "energy-pkg").write_text("event=0x02\n")
    (events / "energy-pkg.scale").write_text("2.3283064365386962890625e-10\n")
    (events / "energy-pkg.unit").write_text("Joules\n")
    topology = root / "devices" / "system" / "cpu" / "cpu0" / "topology"
    topology.mkdir(parents=True)
    (topology / "physical_package_id").write_text("0\n")
    (topology / "die_id").write_text("0\n")


@pytest.fixture
def board(tmp_path: Path) -> HwmonTree:
    """A board without RAPL whose chips tell energy, power, or both."""
    board = HwmonTree(tmp_path / "sys")
    board.add(0, "bmc", {"energy1_input": 5_000_000, "energy1_label": "SoC", "power1_input": 1, "power1_label": "SoC"})
    board.add(1, "ina3221", {"power1_input": 40_000_000, "power1_label": "VDD CPU"})
    return board


def test_the_first_source_that_can_be_read_is_used(
    start_exporter: StartExporter, board: HwmonTree, tmp_path: Path
) -> None:
    tree = PowercapTree(tmp_path / "sys")
    add_power_unit(tree.root)
    exporter = start_exporter(tree, *FAST)
    page = exporter.page_after_ticks()
    # The events of perf are there and cannot be opened; of powercap nothing is there.
    up = [(sample.labels["source"], sample.value) for sample in page.find("pyjoules_source_up")]
    assert up == [("perf", 0), ("hwmon", 1)]
    assert domains(page.find("pyjoules_energy_joules_total")) == ["bmc_soc", "ina3221_vdd_cpu"]
    record = exporter.only_record("source_fallback")
    assert record["source"] == "hwmon"
    # Why each of the others was not.
    assert "RAPL" in record["msg"] and "perf" in record["msg"]


def test_counters_without_permission_are_no_reason_to_measure_nothing(
    start_exporter: StartExporter, public_directory: Path, without_rights: dict[str, object]
) -> None:
    tree = laptop(public_directory / "sys")
    for zone in tree.zones:
        tree.counter(zone.number).chmod(0)
    HwmonTree(tree.root).add(0, "bmc", {"energy1_input": 1})
    exporter = start_exporter(tree, *FAST, **without_rights)
    assert exporter.page_after_ticks().value("pyjoules_source_up", source="hwmon") == 1
    # What would give the better source back.
    assert "CAP_DAC_READ_SEARCH" in exporter.only_record("source_fallback")["msg"]


@pytest.fixture
def sensors(start_exporter: StartExporter, board: HwmonTree, tree: PowercapTree) -> Exporter:
    """An exporter of the board's sensors, which were asked for although there are RAPL counters, too."""
    assert board.root == tree.root
    return start_exporter(tree, *FAST, "--source", "hwmon")


def test_sources_that_were_asked_for_are_read_side_by_side(
    start_exporter: StartExporter, board: HwmonTree, tree: PowercapTree
) -> None:
    exporter = start_exporter(tree, *FAST, "--source", "powercap", "--source", "hwmon")
    page = exporter.page_after_ticks()
    assert [sample.labels["source"] for sample in page.find("pyjoules_source_up")] == ["powercap", "hwmon"]
    assert all(sample.value == 1 for sample in page.find("pyjoules_source_up"))
    assert {"package_0", "bmc_soc", "ina3221_vdd_cpu"} <= set(domains(page.find("pyjoules_energy_joules_total")))
    tree.set("0", 1_500_000)
    board.set(0, "energy1_input", 6_000_000)
    page = exporter.page_after_ticks()
    assert page.energy("package_0") == Decimal("1.5") and page.energy("bmc_soc") == 1


def test_a_sensor_that_counts_energy(sensors: Exporter, board: HwmonTree) -> None:
    board.set(0, "energy1_input", 8_000_001)
    page = sensors.page_after_ticks()
    (sample,) = page.find("pyjoules_energy_joules_total", domain="bmc_soc")
    assert sample.value == Decimal("3.000001")
    assert sample.labels["kind"] == "sensor" and "package" not in sample.labels
    # Nobody knows its range, so what steps back was set anew.
    board.set(0, "energy1_input", 2_000_000)
    page = sensors.page_after_ticks()
    assert page.energy("bmc_soc") == Decimal("5.000001")
    assert resets(page, "bmc_soc") == 1


def test_a_sensor_that_shows_power_is_integrated(sensors: Exporter, board: HwmonTree) -> None:
    # Straight lines between readings: constant power is exact, whatever the intervals are.
    page = sensors.page_after_ticks(5)
    assert float(page.value("pyjoules_simple_energy_watts", domain="ina3221_vdd_cpu")) == pytest.approx(40, rel=1e-4)
    seconds = float(page.energy("ina3221_vdd_cpu")) / 40
    assert seconds >= 5 * 0.02 * 0.9
    assert page.find("pyjoules_power_watts_count", domain="ina3221_vdd_cpu")
    assert page.find("pyjoules_domain_info", domain="ina3221_vdd_cpu", source="hwmon", estimate="true")


def test_power_that_cannot_be_read_leaves_a_gap(sensors: Exporter, board: HwmonTree) -> None:
    domain = "ina3221_vdd_cpu"
    sensors.page_after_ticks()
    board.set(1, "power1_input", "garbage")
    before = sensors.page_after_ticks()
    page = sensors.page_after_ticks(5)
    assert page.energy(domain) == before.energy(domain)
    assert page.value("pyjoules_sample_errors_total", domain=domain, reason="garbage") > 0
    board.set(1, "power1_input", 20_000_000)
    page = sensors.page_after_ticks(3)
    assert gaps(page, domain) == 1
    assert float(page.value("pyjoules_simple_energy_watts", domain=domain)) == pytest.approx(20, rel=1e-4)


def test_the_sensors_of_a_board_are_listed(sensors: Exporter) -> None:
    page = sensors.page()
    assert roles(page) == {
        "hwmon0/energy1_input": ("bmc_soc", "counted"),
        "hwmon0/power1_input": ("", "duplicate"),
        "hwmon1/power1_input": ("ina3221_vdd_cpu", "counted"),
    }
