"""The limits of the unit, which the kernel enforces here: a container's cgroups often have no controllers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from guest import Guest
from support.installed_exporter import ADDRESS, SERVICE, page
from support.raw_http import Client, request

GROUP = f"/sys/fs/cgroup/system.slice/{SERVICE}"
MEBIBYTE = 1024 * 1024
CLIENTS = 100
FULL_TABLE = 250
ROUNDS = 5


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


@pytest.mark.parametrize("path", ["/metrics", "/-/healthy"])
def test_clients_that_pipeline_and_go_on_sending_stay_below_the_limit(
    guest: Guest, figure: Callable[[str], None], path: str
) -> None:
    """The kernel once had 53 MB for such connections, and killed the service: half of the limit is for them."""
    pid = guest.main_pid(SERVICE)
    page()
    usual = int(guest.read(f"{GROUP}/memory.current"))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(ADDRESS)) for _ in range(FULL_TABLE)]
        for _ in range(ROUNDS):
            for client in clients:
                # Some are given up meanwhile, for being deaf for too long.
                with contextlib.suppress(ConnectionError):
                    client.send_what_fits(request(path) * 20)
            page()
        held = dict(line.split() for line in guest.read(f"{GROUP}/memory.stat").splitlines())
        sockets = int(held["sock"])
        peak = int(guest.read(f"{GROUP}/memory.peak"))
    figure(f"{path}, {FULL_TABLE} clients: {sockets / MEBIBYTE:.1f} MiB of sockets, peak {peak / MEBIBYTE:.1f} MiB")
    assert sockets <= 32 * MEBIBYTE
    assert peak - usual <= 48 * MEBIBYTE
    events = dict(line.split() for line in guest.read(f"{GROUP}/memory.events").splitlines())
    assert (events["max"], events["oom"], events["oom_kill"]) == ("0", "0", "0")
    assert guest.main_pid(SERVICE) == pid
