"""Waiting for conditions instead of sleeping: as fast as the machine allows, never longer than a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# Generous, because a busy machine must not fail a test that is right; a passing test never waits this long.
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.01


def wait_until(
    condition: Callable[[], Result],
    seconds: float = DEADLINE_SECONDS,
    what: str = "the condition",
) -> Result:
    """Calls `condition` until its result is true, which is returned; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {seconds} s")
        time.sleep(POLL_SECONDS)


def let_time_pass(seconds: float) -> None:
    """For the few tests where the passing of time is what is tested, such as a process that was stopped."""
    time.sleep(seconds)
