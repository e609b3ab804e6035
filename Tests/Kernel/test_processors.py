"""A processor that is put offline and back, and with it its package."""

from __future__ import annotations

from guest import Guest
from hardware import WATTS, Balance, Hardware, assert_exact
from progress import assert_uneventful, wait_until_read
from support.installed_exporter import SERVICE, page_after_ticks

ONLINE = "/sys/devices/system/cpu/cpu1/online"


def test_a_package_goes_with_its_last_processor_and_comes_back_with_it(guest: Guest, hardware: Hardware) -> None:
    pid = guest.main_pid(SERVICE)
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    wait_until_read()
    guest.script(f"echo 0 >{ONLINE}")
    page_after_ticks(5)
    guest.script(f"echo 1 >{ONLINE}")
    wait_until_read()
    after = assert_exact(before)
    assert_uneventful(after, before, "wraps", "resets", "gaps")
    assert guest.main_pid(SERVICE) == pid
