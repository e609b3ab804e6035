"""Zones that go, come back under other numbers, fail, take long, wrap, are set anew, glitch, or get other limits."""

from __future__ import annotations

from conftest import WITHOUT_DRIVER, GoOn
from guest import Guest
from hardware import DOMAINS, WATTS, ZONES, Balance, Hardware, assert_exact
from progress import SECONDS, assert_uneventful, wait_until_read, wait_until_ready
from support.installed_exporter import SERVICE, page, page_after_ticks
from support.waiting import wait_until

PACKAGE_0 = ("package-0", "core-0", "dram-0")
PACKAGE_1 = ("package-1", "core-1", "dram-1")


def numbers() -> dict[str, str]:
    """The kernel's name for each counted domain's zone, as the exporter says."""
    return {
        zone.labels["domain"]: zone.labels["zone"]
        for zone in page().find("pyjoules_zone_info", role="counted")
        if zone.labels["zone"].startswith("intel-rapl:")
    }


def complaints(guest: Guest, pid: int) -> list[str]:
    """What this process has said as an error or worse."""
    return [record["MESSAGE"] for record in guest.journal(f"_PID={pid}", "--priority=err")]


def test_zones_that_come_back_under_other_numbers_go_on(guest: Guest, hardware: Hardware) -> None:
    """The hardware counts on while its driver is away; a number says nothing of what a zone is."""
    pid = guest.main_pid(SERVICE)
    before = Balance.take(hardware)
    assert numbers()["package_0"] == "intel-rapl:0" and numbers()["package_1"] == "intel-rapl:2"
    hardware.set_watts(WATTS)
    for order in ((*PACKAGE_1, "psys", *PACKAGE_0), ("psys", *PACKAGE_0, *PACKAGE_1)):
        hardware.unregister(*reversed(ZONES))
        hardware.register(*order)
        wait_until_read()
    assert numbers()["psys_0"] == "intel-rapl:0" and numbers()["package_0"] == "intel-rapl:1"
    after = assert_exact(before)
    assert_uneventful(after, before, "wraps", "resets", "gaps")
    assert guest.main_pid(SERVICE) == pid
    assert complaints(guest, pid) == []


def test_a_zone_that_fails_for_a_while_loses_nothing(hardware: Hardware) -> None:
    """Whatever a driver's error is, powercap makes EINVAL of it."""
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    hardware.set("dram-0", error=5)

    def errors() -> int:
        return sum(int(sample.value) for sample in page().find("pyjoules_sample_errors_total", domain="dram_0"))

    wait_until(lambda: errors() >= 5, SECONDS, "errors")
    hardware.set("dram-0", error=0)
    wait_until_read()
    after = assert_exact(before)
    assert set(after.events("sample_errors", before)) == {"dram_0"}
    assert_uneventful(after, before, "resets", "gaps")


def test_readings_that_take_long_change_no_total_and_no_extreme(hardware: Hardware) -> None:
    """At a constant 40 W a reading that was 0.3 s late once gave a peak of 165 W, and one of 3 s lost 131 J."""
    watts = {"package-0": 40}
    before = Balance.take(hardware)
    hardware.set_watts(watts)
    wait_until_read(("package_0",))
    for milliseconds in (300, 500, 3000):
        ticks = page().ticks
        hardware.set("package-0", delay_ms=milliseconds)
        wait_until(lambda ticks=ticks: page().ticks >= ticks + 2, SECONDS, "a slow reading")
        hardware.set("package-0", delay_ms=0)
        wait_until_read(("package_0",))
    peak = page_after_ticks(10).value("pyjoules_power_peak_watts", domain="package_0")
    # A reading that took less than a tenth of its interval may be wrong by as much, and so may the next one.
    assert peak <= 40 * 1.25
    after = assert_exact(before, ["package_0"])
    assert_uneventful(after, before, "resets", "gaps", "sample_errors")


def test_counters_wrap(go_on: GoOn) -> None:
    guest = go_on(WITHOUT_DRIVER)
    hardware = Hardware(guest)
    guest.systemctl("stop", SERVICE)
    hardware.load()
    range_uj = 2_000_000_000 - 1
    for counter in ZONES:
        # At 100 W, which is plausible at these limits, a counter runs through its range in 20 s.
        hardware.set(
            counter, range_uj=range_uj, raw_uj=range_uj - 100_000_000, limit_uw=50_000_000, short_limit_uw=50_000_000
        )
    guest.run("udevadm", "settle")
    guest.systemctl("start", SERVICE)
    wait_until_ready()
    before = Balance.take(hardware)
    hardware.set_watts(dict.fromkeys(ZONES, 60))
    wait_until(lambda: hardware.get(ZONES[0], "raw_uj") < range_uj / 2, SECONDS, "wraps")
    after = assert_exact(before)
    assert after.events("wraps", before) == dict.fromkeys(DOMAINS, 1)
    assert_uneventful(after, before, "resets", "gaps")


def test_a_counter_that_is_set_anew_counts_from_there(hardware: Hardware) -> None:
    """The verdict takes three readings and a second; what was used since the reset is not lost by that."""
    before = Balance.take(hardware)
    hardware.set("dram-0", raw_uj=0, power_uw=7_000_000)
    wait_until(lambda: page().value("pyjoules_resets_total", domain="dram_0") == 1, SECONDS, "the verdict")
    after = assert_exact(before, ["dram_0"])
    assert after.events("resets", before) == {"dram_0": 1}
    assert after.events("wraps", before) == {}


def test_a_glitch_adds_nothing_and_loses_nothing(hardware: Hardware) -> None:
    """Upward by what no power explains, and downward; a reading or two later it is where it would have been."""
    before = Balance.take(hardware)
    modulus = hardware.get("psys", "range_uj") + 61_035
    hardware.set_watts({"psys": 95, "dram-0": 7})
    wait_until_read(("psys_0", "dram_0"))
    for number, (counter, domain, shift, reads) in enumerate(
        (
            ("psys", "psys_0", 50_000_000_000, 1),
            ("psys", "psys_0", modulus - 3_000_000_000, 2),
            ("dram-0", "dram_0", 20_000_000_000, 2),
        )
    ):
        hardware.set(counter, glitch_uj=shift, glitch_reads=reads)
        wait_until(
            lambda domain=domain, wanted=(1, 2, 1)[number]: page().value("pyjoules_glitches_total", domain=domain)
            == wanted,
            SECONDS,
            "the glitch counted",
        )
    after = assert_exact(before, ["psys_0", "dram_0"])
    assert after.events("glitches", before) == {"psys_0": 2, "dram_0": 1}
    assert_uneventful(after, before, "wraps", "resets", "gaps")


def test_limits_that_are_raised_while_it_runs_are_believed(go_on: GoOn) -> None:
    """A laptop's change when it is plugged in: what is plausible afterwards was not before."""
    guest = go_on(WITHOUT_DRIVER)
    hardware = Hardware(guest)
    guest.systemctl("stop", SERVICE)
    hardware.load("package-0")
    hardware.set("package-0", limit_uw=15_000_000, short_limit_uw=25_000_000)
    guest.run("udevadm", "settle")
    guest.systemctl("start", SERVICE)
    wait_until_ready()
    before = Balance.take(hardware)
    zone = "/sys/class/powercap/intel-rapl:0"
    guest.script(f"echo 200000000 >{zone}/constraint_1_power_limit_uw")
    hardware.set_watts({"package-0": 390})
    wait_until_read(("package_0",))
    after = assert_exact(before, ["package_0"])
    assert_uneventful(after, before, "wraps", "resets", "gaps")
    shown = {
        sample.labels["constraint"]: sample.value
        for sample in after.page.find("pyjoules_power_limit_watts", domain="package_0")
    }
    assert shown == {"long_term": 15, "short_term": 200}
