"""Suspending to memory, with counters that stand meanwhile and one that goes on."""

from __future__ import annotations

from guest import Guest
from hardware import WATTS, Balance, Hardware, assert_exact
from progress import assert_uneventful, wait_until_read
from support.installed_exporter import SERVICE, page_after_ticks

ASLEEP_SECONDS = 6


def test_what_a_counter_does_while_asleep_is_counted_as_it_is(guest: Guest, hardware: Hardware) -> None:
    """A counter that went on was called a reset and lost 250 J, and made a peak of 76.7 W at a constant 5 W.

    The second processor, and with it the second package, goes and comes back: so the kernel suspends.
    """
    pid = guest.main_pid(SERVICE)
    hardware.set("dram-0", through_sleep=1)
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    wait_until_read()
    guest.sleep(ASLEEP_SECONDS)
    wait_until_read()
    shown = page_after_ticks(10)
    slept = guest.script("grep -c 'PM: suspend exit' <(dmesg)").strip()
    assert slept == "1"
    after = assert_exact(before)
    assert_uneventful(after, before, "wraps", "resets", "gaps", "glitches")
    for domain, counter in (("package_0", "package-0"), ("dram_0", "dram-0"), ("psys_0", "psys")):
        assert shown.value("pyjoules_power_peak_watts", domain=domain) <= WATTS[counter] * 1.25
    assert guest.main_pid(SERVICE) == pid
