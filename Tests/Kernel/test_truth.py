"""The joules of counters that the genuine powercap shows, read by a service without any privilege."""

from __future__ import annotations

import time
from random import Random

from conftest import DEB
from guest import Guest
from hardware import DOMAINS, WATTS, ZONES, Balance, Hardware, assert_exact
from progress import assert_uneventful
from support.hardware_counter import joules
from support.installed_exporter import PACKAGE, SERVICE, SOCKET, page
from support.waiting import let_time_pass

MINUTE_SECONDS = 60


def test_the_package_is_installed_and_measures(guest: Guest) -> None:
    version = guest.run("dpkg-query", "--show", "--showformat=${Version}", PACKAGE)
    assert DEB.name.startswith(f"{PACKAGE}_{version}_")
    for unit in (SOCKET, SERVICE):
        shown = guest.show(unit, "ActiveState", "UnitFileState")
        assert shown == {"ActiveState": "active", "UnitFileState": "enabled"}
    shown = page()
    assert shown.value("pyjoules_source_up", source="powercap") == 1
    domains = {sample.labels["domain"] for sample in shown.find("pyjoules_energy_joules_total")}
    assert domains == set(DOMAINS)
    assert guest.run("systemctl", "--failed", "--no-legend") == ""


def test_a_minute_is_counted_exactly_without_privileges(guest: Guest, hardware: Hardware) -> None:
    """Powers change at random; at every page the total is what was used, give or take what is not read yet."""
    random = Random(1)
    before = Balance.take(hardware)
    hardware.set_watts(WATTS)
    end = time.monotonic() + MINUTE_SECONDS
    while time.monotonic() < end:
        let_time_pass(random.uniform(1, 4))
        hardware.set_watts({random.choice(ZONES): random.randint(1, 200)})
        shown = page()
        now = hardware.moved()
        for domain, counter in DOMAINS.items():
            counted = shown.energy(domain) - before.page.energy(domain)
            assert 0 < counted <= joules(now[counter] - before.moved[counter]), domain
    after = assert_exact(before)
    assert_uneventful(after, before, "wraps", "resets", "gaps", "sample_errors")

    facts = dict(line.split(":\t", 1) for line in guest.read(f"/proc/{guest.main_pid(SERVICE)}/status").splitlines())
    assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == int(facts["CapBnd"], 16) == 0
    assert "0" not in facts["Uid"].split()
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"
    modes = guest.script("stat --format='%a %U:%G' /sys/class/powercap/*/energy_uj | sort --unique")
    assert modes == "440 root:pyjoules\n"
    shown = {sample.labels["layer"]: sample.value for sample in after.page.find("pyjoules_sandbox")}
    assert shown == {"landlock": 1, "seccomp": 1, "capabilities": 1}
