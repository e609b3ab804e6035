"""Sensors of hwmon, whose numbers say nothing of what they are."""

from __future__ import annotations

import pytest

from conftest import WITHOUT_DRIVER, GoOn
from hardware import BOARDS, Balance, Hardware, assert_exact
from progress import assert_uneventful, wait_until_read, wait_until_ready
from support.installed_exporter import SERVICE, page

WATTS = {"board-0": 10, "board-1": 23}
SWAPPED = ("board-1", "board-0")


@pytest.fixture
def boards(go_on: GoOn) -> Hardware:
    """Two chips and nothing else, there before the exporter."""
    guest = go_on(WITHOUT_DRIVER)
    guest.systemctl("stop", SERVICE)
    hardware = Hardware(guest)
    hardware.load(*BOARDS.values())
    guest.systemctl("start", SERVICE)
    wait_until_ready()
    return hardware


def devices(hardware: Hardware) -> list[str]:
    """The device of each chip, in the order of the kernel's numbers."""
    return hardware.guest.script("for chip in /sys/class/hwmon/*; do basename $(realpath $chip/device); done").split()


def test_a_rail_is_counted_once_and_exactly(boards: Hardware) -> None:
    """Its energy is read, and its power, which it shows too, is not counted a second time."""
    domains = {sample.labels["domain"] for sample in page().find("pyjoules_energy_joules_total")}
    assert domains == set(BOARDS)
    before = Balance.take(boards)
    boards.set_watts(WATTS)
    wait_until_read(tuple(BOARDS))
    assert_exact(before, BOARDS)


def test_chips_whose_driver_is_loaded_again_keep_their_joules(boards: Hardware) -> None:
    """Their numbers are exchanged: the first that comes gets the lowest."""
    pid = boards.guest.main_pid(SERVICE)
    first = devices(boards)
    before = Balance.take(boards)
    boards.set_watts(WATTS)
    wait_until_read(tuple(BOARDS))
    boards.unregister(*BOARDS.values())
    boards.register(*SWAPPED)
    assert devices(boards) == first[::-1]
    wait_until_read(tuple(BOARDS))
    after = assert_exact(before, BOARDS)
    assert_uneventful(after, before, "wraps", "resets", "gaps")
    assert boards.guest.main_pid(SERVICE) == pid


def test_chips_that_are_exchanged_over_a_restart_keep_their_joules(boards: Hardware) -> None:
    """Two equal cards were taken for each other, and 0.04 J became 5,008."""
    before = Balance.take(boards)
    boards.set_watts(WATTS)
    wait_until_read(tuple(BOARDS))
    # So that it sees nothing of what happens now, and ends as soon as it goes on.
    boards.guest.systemctl("kill", "--signal=STOP", SERVICE)
    boards.unregister(*BOARDS.values())
    boards.register(*SWAPPED)
    boards.guest.systemctl("restart", SERVICE)
    wait_until_read(tuple(BOARDS))
    after = assert_exact(before, BOARDS)
    assert_uneventful(after, before, "resets", "gaps")
