"""What the tests' own machines do when they do not come up: it must harm nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

import machine as machines
from conftest import running
from machine import WORK, Machine
from support.hardware_counter import HardwareCounter


def test_a_machine_that_does_not_come_up_takes_nobody_with_it(
    names: Iterator[str], counters: dict[str, HardwareCounter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signals process 0 signals everybody in its own group: these tests and what runs them."""
    one = Machine(next(names), counters["package_0"].tree.root)
    with monkeypatch.context() as patch, pytest.raises(AssertionError, match=f"{one.name} up"):
        patch.setattr(machines, "BOOT_SECONDS", 0)
        patch.setattr(Machine, "_find_init", lambda self: 0)
        with running(one):
            pytest.fail("it cannot be up")
    shutil.rmtree(WORK / one.name)
