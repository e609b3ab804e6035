"""What the kernel holds for clients that pipeline, never read, and go on sending.

It counts towards the service's memory limit.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.certificates import Certificate
from support.exporter import Exporter, StartExporter
from support.powercap_tree import PowercapTree
from support.raw_http import request
from support.socket_memory import SocketMemory, socket_memory
from support.waiting import wait_until
from support.web_configuration import StartWeb, tls

CONNECTIONS = 250
TLS_CONNECTIONS = 40
MOST_SENDS = 10_000
# What MemoryMax= of the unit says, which is assumed where no limit can be seen.
LIMIT = 64 * 1024 * 1024
SMALL_LIMIT = 24 * 1024 * 1024
# TCP_DELACK_MIN of Linux.
LATE_ACKNOWLEDGEMENT_SECONDS = 0.04


def attack(place: int | str, data: bytes, figure: Callable[[str], None]) -> SocketMemory:
    """Sends on many connections as long as anything is taken, and gives the most that was held for them."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(deaf_client(place)) for _ in range(CONNECTIONS)]
        worst = SocketMemory(0, 0, 0)

        def are_stuck() -> bool:
            nonlocal worst
            taken = sum(send_what_fits(client, data) for client in clients)
            held = socket_memory(place)
            worst = max(worst, held, key=lambda memory: memory.sending + memory.receiving)
            return taken == 0 and held.connections > CONNECTIONS - 20

        wait_until(are_stuck, what="clients for whom nothing moves")
    figure(f"{worst.sending / 2**20:.1f} MiB held of what is sent, {worst.receiving / 2**20:.1f} of what is received")
    return worst


def deaf_client(place: int | str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
    # It may send for long: not into this machine's memory.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    client.connect(place if isinstance(place, str) else ("127.0.0.1", place))
    client.setblocking(False)
    return client


def send_what_fits(client: socket.socket, data: bytes) -> int:
    taken = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            taken += client.send(data)
    return taken


@pytest.fixture
def start(
    start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path
) -> Callable[..., tuple[Exporter, int | str]]:
    """Starts an exporter on a port or a unix socket, and says where it is."""

    def start(family: str, *arguments: str) -> tuple[Exporter, int | str]:
        if family == "tcp":
            exporter = start_exporter(tree, *arguments)
            return exporter, exporter.port
        path = str(tmp_path / "metrics.sock")
        exporter = start_exporter(tree, "--web.listen-address", f"unix:{path}", *arguments, listen=False, wait=False)
        exporter.wait_for_event("started")
        return exporter, path

    return start


@pytest.mark.parametrize("path", ["/metrics", "/-/healthy"])
@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_deaf_clients_leave_half_of_the_memory(
    start: Callable[..., tuple[Exporter, int | str]], family: str, path: str, figure: Callable[[str], None]
) -> None:
    """Long answers and short ones: TCP once gathered those in packets of 64 KiB."""
    _, place = start(family)
    held = attack(place, request(path) * 20, figure)
    assert held.sending <= LIMIT / 4
    assert held.sending + held.receiving <= LIMIT / 2


def test_the_memory_limit_of_the_cgroup_counts(
    start: Callable[..., tuple[Exporter, int | str]],
    tree: PowercapTree,
    procfs: Path,
    figure: Callable[[str], None],
) -> None:
    (procfs / "self").mkdir()
    (procfs / "self" / "cgroup").write_text("0::/system.slice/pyjoules-exporter.service\n")
    group = tree.root / "fs" / "cgroup" / "system.slice" / "pyjoules-exporter.service"
    group.mkdir(parents=True)
    (group / "memory.max").write_text(f"{SMALL_LIMIT}\n")
    _, place = start("tcp", "--classic-histogram")
    held = attack(place, request() * 20, figure)
    assert held.sending <= SMALL_LIMIT / 4
    assert held.sending + held.receiving <= SMALL_LIMIT / 2


def test_a_limit_that_bears_fewer_connections_is_said(
    start_exporter: StartExporter, tree: PowercapTree, procfs: Path
) -> None:
    (procfs / "self").mkdir()
    (procfs / "self" / "cgroup").write_text("0::/\n")
    (tree.root / "fs" / "cgroup").mkdir(parents=True)
    (tree.root / "fs" / "cgroup" / "memory.max").write_text("4194304\n")
    exporter = start_exporter(tree)
    said = exporter.wait_for_event("setting_ignored")["msg"]
    assert "--web.max-connections is lowered from 256 to 64" in said and "4194304" in said


@pytest.mark.parametrize("options", [(), ("--classic-histogram",)])
def test_a_page_longer_than_the_buffer_comes_without_waiting(
    start_exporter: StartExporter, tree: PowercapTree, options: tuple[str, ...]
) -> None:
    """A client acknowledges a single packet late: each such page would wait 40 ms for that."""
    exporter = start_exporter(tree, "--web.max-connections", "1024", *options)
    client = exporter.connect()
    waits = []
    for _ in range(50):
        begin = time.monotonic()
        assert client.get().status == 200
        waits.append(time.monotonic() - begin)
    # By the median, of which a busy machine changes little.
    assert statistics.median(waits) < LATE_ACKNOWLEDGEMENT_SECONDS / 2


def test_deaf_clients_through_tls_keep_to_their_share(
    start_web: StartWeb, server_certificate: Certificate, figure: Callable[[str], None]
) -> None:
    web = start_web(tls(server_certificate))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(web.connect()) for _ in range(TLS_CONNECTIONS)]
        for client in clients:
            client.socket.setblocking(False)
        place = web.exporter.port
        worst = SocketMemory(0, 0, 0)

        def are_stuck() -> bool:
            nonlocal worst
            taken = 0
            for client in clients:
                with contextlib.suppress(ssl.SSLWantWriteError):
                    for _ in range(MOST_SENDS):
                        taken += client.socket.send(request() * 20)
            held = socket_memory(place)
            worst = max(worst, held, key=lambda memory: memory.sending)
            return taken == 0 and held.connections == TLS_CONNECTIONS

        wait_until(are_stuck, what="clients for whom nothing moves")
    figure(f"{worst.sending / 2**20:.1f} MiB held of what is sent on {TLS_CONNECTIONS} connections through TLS")
    assert worst.sending <= TLS_CONNECTIONS * LIMIT / 4 / 272
    assert worst.receiving <= TLS_CONNECTIONS * LIMIT / 4 / 272
