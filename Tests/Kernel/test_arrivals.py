"""What comes after the exporter was started: drivers, packages, rights; and a boot that takes its time."""

from __future__ import annotations

from guest import Guest
from hardware import DOMAINS, WATTS, Balance, Hardware, assert_exact
from progress import SECONDS, assert_same_process, wait_until_shown
from support.installed_exporter import SERVICE, get, page
from support.waiting import let_time_pass, wait_until

RULE = "/etc/udev/rules.d/10-hold.rules"
PERMISSION = "/run/bench-permission"


def hold_udev(guest: Guest) -> None:
    """From now on udev is busy with the control type, and looks at the zones in it when it may go on."""
    wait = f"/bin/sh -c 'until test -e {PERMISSION}; do sleep 0.1; done'"
    guest.write(RULE, f'SUBSYSTEM=="powercap", KERNEL=="intel-rapl", PROGRAM="{wait}"\n')
    guest.run("udevadm", "control", "--reload")


def let_udev_go_on(guest: Guest) -> None:
    guest.run("touch", PERMISSION)


def is_up() -> bool:
    return any(source.value == 1 for source in page().find("pyjoules_source_up", source="powercap"))


def assert_measured(hardware: Hardware, guest: Guest, pid: int) -> None:
    """All that the hardware uses is counted, by the process that was there before."""
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    let_time_pass(2)
    assert_exact(before)
    assert_same_process(guest, pid)


def test_a_driver_that_is_loaded_later_is_found(bare: Guest) -> None:
    """133 s after it was loaded, nothing of it was on the page."""
    pid = bare.main_pid(SERVICE)
    assert not is_up()
    assert get("/-/ready").status == 503
    hardware = Hardware(bare)
    hardware.load()
    wait_until(is_up, SECONDS, "the source up")
    wait_until_shown(DOMAINS)
    assert get("/-/ready").status == 200
    assert_measured(hardware, bare, pid)


def test_a_package_that_comes_later_joins(bare: Guest) -> None:
    pid = bare.main_pid(SERVICE)
    hardware = Hardware(bare)
    first = ("package_0", "core_0", "dram_0")
    hardware.load(*(DOMAINS[domain] for domain in first))
    wait_until_shown(first)
    before = Balance.take(hardware)
    hardware.set_watts({counter: WATTS[counter] for counter in ("package-0", "core-0", "dram-0")})
    hardware.register("package-1", "core-1", "dram-1", "psys")
    wait_until_shown(DOMAINS)
    middle = assert_exact(before, first)
    hardware.set_watts(WATTS)
    let_time_pass(2)
    assert_exact(middle)
    assert_same_process(bare, pid)


def test_rights_that_udev_sets_later_are_enough(bare: Guest) -> None:
    """Between a driver's zones and udev's rule for them is a moment in which they are forbidden."""
    pid = bare.main_pid(SERVICE)
    hold_udev(bare)
    hardware = Hardware(bare)
    hardware.load()
    # So long that it has certainly tried.
    let_time_pass(4)
    assert page().find("pyjoules_energy_joules_total") == []
    let_udev_go_on(bare)
    wait_until_shown(DOMAINS)
    assert_measured(hardware, bare, pid)


def test_a_boot_whose_coldplug_takes_long_measures_everything(bare: Guest) -> None:
    """udev looked at the counters when the exporter had been started, and waiting for it had ended before."""
    hold_udev(bare)
    bare.write("/etc/modules-load.d/bench.conf", "energy_bench\n")
    bare.reboot()
    wait_until(lambda: get("/-/healthy").status == 200, SECONDS, "the exporter up")
    pid = bare.main_pid(SERVICE)
    assert page().find("pyjoules_energy_joules_total") == []
    let_udev_go_on(bare)
    wait_until_shown(DOMAINS)
    assert_measured(Hardware(bare), bare, pid)
