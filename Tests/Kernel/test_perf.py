"""Energy by the kernel's perf events, set up as the example of the package says."""

from __future__ import annotations

import pytest

from guest import Guest
from hardware import WATTS, Balance, Hardware
from progress import assert_uneventful, wait_until_read, wait_until_ready
from support.installed_exporter import PACKAGE, SERVICE, page, page_after_ticks
from support.waiting import let_time_pass

EXAMPLE = f"/usr/share/doc/{PACKAGE}/examples/perf.conf"
DROP_IN = f"/etc/systemd/system/{SERVICE}.d/perf.conf"
# See linux/capability.h.
CAP_PERFMON = 1 << 38
DOMAINS = ("package_0", "core_0", "dram_0", "package_1", "core_1", "dram_1")


@pytest.fixture
def measured_by_perf(guest: Guest) -> Guest:
    """As the first lines of the example say, with the setting that it asks for on Debian."""
    guest.run("sysctl", "--quiet", "kernel.perf_event_paranoid=2")
    guest.run("install", "-D", "-m", "0644", EXAMPLE, DROP_IN)
    guest.write(f"/etc/default/{PACKAGE}", 'ARGS="--source perf"\n')
    guest.systemctl("daemon-reload")
    guest.systemctl("restart", SERVICE)
    wait_until_ready()
    return guest


def assert_nearly_exact(since: Balance) -> Balance:
    """A count of 2^-32 J is no whole number of microjoules, so a difference of two totals may be one off."""
    now = Balance.take(since.hardware)
    truth = now.truth(DOMAINS, since)
    rises = now.rises(DOMAINS, since)
    for domain in DOMAINS:
        assert truth[domain] > 0
        assert abs(rises[domain] - truth[domain]) * 1_000_000 <= 1, f"{domain}: {rises[domain]} of {truth[domain]}"
    return now


def test_perf_counts_the_same(measured_by_perf: Guest, hardware: Hardware) -> None:
    assert page().value("pyjoules_source_up", source="perf") == 1
    facts = dict(
        line.split(":\t", 1)
        for line in measured_by_perf.read(f"/proc/{measured_by_perf.main_pid(SERVICE)}/status").splitlines()
    )
    assert int(facts["CapEff"], 16) & ~CAP_PERFMON == 0, "nothing is kept but what opens lost events anew"
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    let_time_pass(5)
    after = assert_nearly_exact(before)
    assert_uneventful(after, before, "wraps", "resets", "gaps")


def test_events_of_a_processor_that_was_away_are_opened_again(measured_by_perf: Guest, hardware: Hardware) -> None:
    """An open event stays lost when its processor comes back."""
    pid = measured_by_perf.main_pid(SERVICE)
    online = "/sys/devices/system/cpu/cpu1/online"
    hardware.stand_still()
    page_after_ticks(5)
    measured_by_perf.script(f"echo 0 >{online}")
    page_after_ticks(5)
    measured_by_perf.script(f"echo 1 >{online}")
    hardware.set_watts(WATTS)
    wait_until_read(DOMAINS)
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    let_time_pass(2)
    assert_nearly_exact(before)
    assert measured_by_perf.main_pid(SERVICE) == pid
