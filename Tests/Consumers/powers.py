"""The power that the exporter of these tests measures, and what a consumer has of it."""

from __future__ import annotations

from support.powercap_tree import STEADY_WATTS

#: Of the machine and of its package.
HOST_WATTS = sum(STEADY_WATTS.values())
PACKAGE_WATTS = STEADY_WATTS["package-0"]
# Joules are as old as a sample, and the counters of a busy machine move late; windows have some seconds.
_TOLERANCE = 0.03


def assert_is_power(watts: float, truth: float) -> None:
    assert abs(watts - truth) < _TOLERANCE * truth, f"{watts} W instead of {truth} W"
