"""A network of the test's own, in which it has many addresses, and mounts of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

CLONE_NEWNET = 0x40000000
CLONE_NEWNS = 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def address(number: int) -> str:
    """An address that is alone in its network of 64 bits."""
    return f"fd00:0:0:{number:x}::1"


@contextlib.contextmanager
def own_network(count: int) -> Iterator[None]:
    """Within, this thread and what it starts have a network of their own, with `count` such addresses beside ::1.

    Skips the test where that takes rights that it does not have.
    """
    if shutil.which("ip") is None:
        pytest.skip("ip is missing (Debian package iproute2)")
    former = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace can be made here: {os.strerror(ctypes.get_errno())}")
        try:
            lines = ["link set lo up"]
            lines += [f"address add {address(number)}/64 dev lo nodad" for number in range(count)]
            command = ["ip", "-6", "-batch", "-"]
            made = subprocess.run(command, input="\n".join(lines), text=True, capture_output=True)
            if made.returncode != 0:
                pytest.skip(f"no addresses can be had here: {made.stderr.strip()}")
            yield
        finally:
            if _libc.setns(former, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(former)


def own_mounts() -> None:
    """From now on, what this program mounts is seen by it and by what it starts, and goes with them."""
    if _libc.unshare(CLONE_NEWNS) != 0:
        pytest.skip(f"no mount namespace can be made here: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
