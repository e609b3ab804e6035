"""The limits of the unit, which the kernel enforces here: a container's cgroups often have no controllers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from guest import Guest
from support.installed_exporter import ADDRESS, SERVICE, page
from support.raw_http import Client, request

GROUP = f"/sys/fs/cgroup/system.slice/{SERVICE}"
MEBIBYTE = 1024 * 1024
CLIENTS = 100


def test_many_stalled_clients_stay_below_the_limit(guest: Guest, figure: Callable[[str], None]) -> None:
    """Each asks and takes nothing, which is the dearest that a client can do."""
    assert int(guest.read(f"{GROUP}/memory.max")) == 64 * MEBIBYTE
    assert int(guest.read(f"{GROUP}/pids.max")) == 8
    pid = guest.main_pid(SERVICE)
    for _ in range(20):
        page()
    usual = int(guest.read(f"{GROUP}/memory.peak"))
    with contextlib.ExitStack() as stack:
        for _ in range(CLIENTS):
            stack.enter_context(Client(ADDRESS, takes_little=True)).send(request() * 4)
        page()
        peak = int(guest.read(f"{GROUP}/memory.peak"))
    figure(f"memory.peak: {usual / MEBIBYTE:.1f} MiB, with {CLIENTS} stalled clients {peak / MEBIBYTE:.1f} MiB")
    assert peak < 64 * MEBIBYTE
    events = dict(line.split() for line in guest.read(f"{GROUP}/memory.events").splitlines())
    assert (events["max"], events["oom"], events["oom_kill"]) == ("0", "0", "0")
    assert guest.main_pid(SERVICE) == pid
