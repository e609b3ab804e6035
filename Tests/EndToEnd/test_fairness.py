"""Clients that hold all the connections they can get, and others that want one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from support.crowd import Member
from support.exporter import Exporter, StartExporter
from support.network import address, own_network
from support.powercap_tree import PowercapTree
from support.raw_http import Client, ConnectionEnded, request
from support.waiting import let_time_pass, wait_until

SMALL = request("/-/healthy")
ROUNDS = 12
INTERVAL_SECONDS = 0.2
# Two of the addresses are not the crowd's.
STRANGER, KEPT = address(0), address(1)
CROWDS = {"1x300": (1, 300), "2x128": (2, 128), "2x150": (2, 150), "8x34": (8, 34), "250x2": (250, 2)}
# What the crowd sends when it connects, and again and again, and whether it reads.
MANNERS = {
    "asking": (SMALL, SMALL, True),
    "silent": (b"", b"", True),
    "hesitating": (b"G", b"", True),
    "never reading": (request() * 20, request() * 20, False),
}


@pytest.fixture
def exporter(start_exporter: StartExporter, tree: PowercapTree) -> Iterator[Exporter]:
    with own_network(252):
        yield start_exporter(tree, "--web.listen-address", ":0", listen=False)


def connect(exporter: Exporter, source: str) -> Client:
    return Client(("::1", exporter.port), source=source)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("clients, connections", CROWDS.values(), ids=CROWDS.keys())
def test_a_crowd_keeps_nobody_else_out(exporter: Exporter, clients: int, connections: int, manner: str) -> None:
    hello, again, reads = MANNERS[manner]
    server = ("::1", exporter.port)
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(connect(exporter, KEPT))
        assert kept.get().status == 200
        sources = [address(2 + number) for _ in range(connections) for number in range(clients)]
        crowd = [Member(server, source, hello, reads) for source in sources]
        for member in crowd:
            stack.callback(lambda member=member: member.socket.close())
        for _ in range(ROUNDS):
            for member in crowd:
                member.act(again)
            assert kept.get().status == 200
            with connect(exporter, STRANGER) as fresh:
                assert fresh.get().status == 200
        wait_until(lambda: exporter.page_on(kept).value("pyjoules_http_connections") > 200, what="the crowd on a page")
        assert len(crowd) <= 256 or sum(member.displacements for member in crowd) > 0


def test_a_proxy_with_many_connections_does_not_shut_itself_out(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    """All that ask come from one address, and each connection was used a moment ago."""
    exporter = start_exporter(tree, "--web.max-connections", "16")
    with contextlib.ExitStack() as stack:
        clients: list[Client] = []
        for _ in range(64):
            client = stack.enter_context(exporter.connect())
            assert client.get().status == 200
            clients.append(client)
        assert [client.is_gone() for client in clients[:48]] == [True] * 48, "those that had not asked for longest"
        assert [client.get().status for client in clients[-15:]] == [200] * 15


def test_a_connection_that_asks_regularly_outlasts_the_others_of_its_client(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    exporter = start_exporter(tree, "--web.max-connections", "8")

    def outlasts() -> bool:
        """False where the machine was too slow to ask at an interval."""
        kept = exporter.connect()
        try:
            for _ in range(3):
                assert kept.get().status == 200
                let_time_pass(INTERVAL_SECONDS)
            for _ in range(16):
                exporter.connect().get("/-/healthy")
            return kept.get().status == 200
        except (ConnectionEnded, ConnectionError):
            return False

    wait_until(outlasts, what="a connection that is kept")
