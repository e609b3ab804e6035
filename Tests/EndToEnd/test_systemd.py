"""What systemd sees: notifications, the watchdog, inherited sockets, and the ending by a signal."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from support import activate
from support.datagrams import DatagramReceiver
from support.exporter import Exporter, StartExporter
from support.powercap_tree import PowercapTree, Zone
from support.raw_http import Address, Client, free_port, request
from support.waiting import DEADLINE_SECONDS, wait_until

FAST = ("--sample.interval", "20ms")
WATCHDOG_SECONDS = 1.0
# How long a response under way may take when it is to end, and what counts as "at once" otherwise.
DRAIN_SECONDS = 5.0
AT_ONCE_SECONDS = 1.0

BindReceiver = Callable[[str], DatagramReceiver]


@pytest.fixture
def notifications(datagram_receiver: BindReceiver) -> DatagramReceiver:
    return datagram_receiver("notify")


def watched_by(notifications: DatagramReceiver) -> dict[str, str]:
    """The environment in which a service manager with a watchdog starts a service."""
    return {
        "NOTIFY_SOCKET": str(notifications.path),
        "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1_000_000)),
    }


@pytest.fixture
def notifying(start_exporter: StartExporter, tree: PowercapTree, notifications: DatagramReceiver) -> Exporter:
    """An exporter that tells `notifications` how it is."""
    return start_exporter(tree, *FAST, environment=watched_by(notifications))


def fields(message: bytes) -> dict[str, str]:
    """The assignments of one notification, each of which must be a whole line."""
    assert message.endswith(b"\n"), message
    return dict(line.split("=", 1) for line in message.decode().splitlines())


# Notifications


def test_ready_comes_first_and_says_what_is_measured(notifying: Exporter, notifications: DatagramReceiver) -> None:
    notifications.wait_for(lambda message: b"READY=1\n" in message)
    # The memory of the ledger is handed over before anything is counted; it says nothing of readiness.
    first = fields(next(message for message in notifications.messages if not message.startswith(b"FDSTORE=1\n")))
    assert first["READY"] == "1"
    assert "powercap" in first["STATUS"]


def test_readiness_means_that_it_is_ready(notifying: Exporter, notifications: DatagramReceiver) -> None:
    notifications.wait_for(lambda message: b"READY=1\n" in message)
    assert notifying.get("/-/ready").status == 200
    assert notifying.page().ticks >= 1


# With 300 ms between ticks, which feed it, every tick has to: two of them are more than half of the watchdog's time.
@pytest.mark.parametrize("interval", ["20ms", "300ms"])
def test_the_watchdog_is_fed_twice_as_often_as_needed(
    start_exporter: StartExporter, tree: PowercapTree, notifications: DatagramReceiver, interval: str
) -> None:
    start_exporter(tree, "--sample.interval", interval, environment=watched_by(notifications))
    fed: list[float] = []

    def six_times() -> bool:
        count = sum("WATCHDOG" in fields(message) for message in notifications.collect())
        fed.extend([time.monotonic()] * (count - len(fed)))
        return len(fed) >= 6

    wait_until(six_times, 6 * WATCHDOG_SECONDS, "six signs of life")
    gaps = [later - earlier for earlier, later in pairwise(fed)]
    # The mean is the exporter's plan, the longest also tells of what else the machine was doing.
    assert sum(gaps) / len(gaps) < 0.55 * WATCHDOG_SECONDS
    assert max(gaps) < WATCHDOG_SECONDS


def test_without_a_watchdog_nothing_is_fed(
    start_exporter: StartExporter, tree: PowercapTree, notifications: DatagramReceiver
) -> None:
    exporter = start_exporter(tree, *FAST, environment={"NOTIFY_SOCKET": str(notifications.path)})
    exporter.page_after_ticks(20)
    assert not any("WATCHDOG" in fields(message) for message in notifications.collect())


def test_a_reload_is_announced_and_finished(notifying: Exporter, notifications: DatagramReceiver) -> None:
    notifications.wait_for(lambda message: b"READY=1\n" in message)
    before = len(notifications.collect())
    begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifying.send_signal(signal.SIGHUP)
    notifying.wait_for_event("reloaded")
    wait_until(lambda: any(b"READY=1\n" in message for message in notifications.collect()[before:]))
    end = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    after = [fields(message) for message in notifications.messages[before:]]
    reloading = [message for message in after if "RELOADING" in message]
    assert len(reloading) == 1 and reloading[0]["RELOADING"] == "1"
    assert begin <= int(reloading[0]["MONOTONIC_USEC"]) <= end
    assert after.index(reloading[0]) < next(index for index, message in enumerate(after) if "READY" in message)


def test_stopping_is_announced(notifying: Exporter, notifications: DatagramReceiver) -> None:
    assert notifying.end()[0] == 0
    assert "STOPPING" in [name for message in notifications.collect() for name in fields(message)]


def test_the_status_tells_of_the_last_scrape(notifying: Exporter, notifications: DatagramReceiver) -> None:
    first = fields(notifications.wait_for(lambda message: b"STATUS=" in message))["STATUS"]
    assert "last scrape" not in first
    notifying.page()
    notifications.wait_for(lambda message: re.search(rb"^STATUS=.*last scrape.*\d", message, re.MULTILINE) is not None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sample.interval", "never"), ("--sample.interval", "'never'")),
        (("--no-such-option",), ("--no-such-option",)),
        (("--web.systemd-socket",), ("systemctl restart pyjoules-exporter.socket",)),
        (("--web.config.file", "/nowhere/web.yml"), ("/nowhere/web.yml",)),
        (("--path.sysfs", "/nowhere"), ("/nowhere",)),
        (("--state-file", "/proc/nothing"), ("/proc/nothing",)),
    ],
)
def test_why_it_cannot_start_is_in_the_status_at_once(
    start_exporter: StartExporter, notifications: DatagramReceiver, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    environment = {"NOTIFY_SOCKET": str(notifications.path)}
    exporter = start_exporter(None, *arguments, listen=False, wait=False, environment=environment)
    assert exporter.wait() != 0
    status = fields(notifications.wait_for(lambda message: b"STATUS=" in message))["STATUS"]
    assert status.startswith("Failed: ")
    assert all(word in status for word in words), status


def test_a_manager_that_does_not_read_holds_nothing_up(
    start_exporter: StartExporter, tree: PowercapTree, notifications: DatagramReceiver
) -> None:
    notifications.fill()
    environment = {"NOTIFY_SOCKET": str(notifications.path), "WATCHDOG_USEC": "100000"}
    exporter = start_exporter(tree, *FAST, environment=environment)
    exporter.send_signal(signal.SIGHUP)
    exporter.wait_for_event("reloaded")
    exporter.page_after_ticks(20)
    status, seconds = exporter.end()
    assert status == 0 and seconds < AT_ONCE_SECONDS


def test_a_manager_that_is_gone_does_no_harm(start_exporter: StartExporter, tree: PowercapTree, tmp_path: Path) -> None:
    exporter = start_exporter(tree, *FAST, environment={"NOTIFY_SOCKET": str(tmp_path / "gone")})
    exporter.page_after_ticks()
    assert exporter.end()[0] == 0


def test_a_notification_socket_in_the_abstract_namespace(start_exporter: StartExporter, tree: PowercapTree) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("")  # The kernel chooses a free abstract name.
        receiver.settimeout(DEADLINE_SECONDS)
        name = receiver.getsockname().decode()
        start_exporter(tree, *FAST, environment={"NOTIFY_SOCKET": "@" + name.removeprefix("\0")})
        assert b"FDSTORE=1\n" in receiver.recv(4096)
        assert b"READY=1\n" in receiver.recv(4096)


# Inherited sockets


def connect_when_listening(address: Address) -> Client:
    """A connection to a socket that another process is just opening."""

    def attempt() -> Client | None:
        try:
            return Client(address)
        except (ConnectionRefusedError, FileNotFoundError):
            return None

    client = wait_until(attempt, what=f"a listener on {address}")
    assert client is not None
    return client


@pytest.fixture
def socket_activate() -> str:
    program = shutil.which("systemd-socket-activate")
    if program is None:
        pytest.skip("systemd-socket-activate is missing (Debian package systemd)")
    return program


def test_one_activated_socket(start_exporter: StartExporter, tree: PowercapTree, socket_activate: str) -> None:
    port = free_port()
    launcher = [socket_activate, f"--listen=127.0.0.1:{port}"]
    exporter = start_exporter(tree, *FAST, listen=False, wait=False, launcher=launcher)
    with connect_when_listening(("127.0.0.1", port)) as client:
        assert client.get("/-/ready").status == 200
    assert exporter.end()[0] == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "setting"),
    [
        (("--web.listen-address", "127.0.0.1:9"), {}, "--web.listen-address"),
        ((), {"EXPORTER_PORT": "9"}, "EXPORTER_PORT=9"),
    ],
)
def test_an_address_that_is_not_used_is_said(
    start_exporter: StartExporter,
    tree: PowercapTree,
    socket_activate: str,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    setting: str,
) -> None:
    port = free_port()
    exporter = start_exporter(
        tree,
        *FAST,
        *arguments,
        listen=False,
        wait=False,
        launcher=[socket_activate, f"--listen=127.0.0.1:{port}", *(f"--setenv={name}" for name in environment)],
        environment=environment,
    )
    with connect_when_listening(("127.0.0.1", port)) as client:
        assert client.get("/-/ready").status == 200
    warning = next(record for record in exporter.wait_for_events("listening", 2) if record["level"] == "warning")
    assert f"{setting} is not used" in warning["msg"]
    assert "systemctl restart pyjoules-exporter.socket" in warning["msg"]


def test_several_activated_sockets_with_names(
    start_exporter: StartExporter, tree: PowercapTree, socket_activate: str, tmp_path: Path
) -> None:
    port4, port6 = free_port(), free_port("::1")
    path = str(tmp_path / "exporter.socket")
    addresses: list[Address] = [("127.0.0.1", port4), ("::1", port6), path]
    launcher = [
        socket_activate,
        f"--listen=127.0.0.1:{port4}",
        f"--listen=[::1]:{port6}",
        f"--listen={path}",
        "--fdname=web:web6:local",
    ]
    arguments = ("--web.systemd-socket", *FAST)
    exporter = start_exporter(tree, *arguments, listen=False, wait=False, launcher=launcher)
    for address in addresses:
        with connect_when_listening(address) as client:
            assert client.get().status == 200
            assert client.get().status == 200
    listening = {record["address"] for record in exporter.wait_for_events("listening", 3)}
    assert listening == {f"127.0.0.1:{port4}", f"[::1]:{port6}", f"unix:{path}"}
    assert exporter.end()[0] == 0


@pytest.fixture
def inherited() -> Iterator[dict[str, socket.socket]]:
    """A listener, and three sockets that cannot be served: not stream, not listening, not connected to anything."""
    with contextlib.ExitStack() as stack:
        sockets = {
            "datagram": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "web": socket.socket(socket.AF_INET, socket.SOCK_STREAM),
            "deaf": socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        }
        for one in sockets.values():
            stack.enter_context(one)
            one.bind(("127.0.0.1", 0))
        sockets["web"].listen()
        yield sockets


def activated_with(inherited: dict[str, socket.socket]) -> dict[str, object]:
    descriptors = [one.fileno() for one in inherited.values()]
    launcher = [sys.executable, str(activate.SCRIPT), ",".join(map(str, descriptors)), ":".join(inherited)]
    return {"launcher": launcher, "pass_descriptors": descriptors}


def test_sockets_that_cannot_be_served_are_refused_alone(
    start_exporter: StartExporter, tree: PowercapTree, inherited: dict[str, socket.socket]
) -> None:
    exporter = start_exporter(tree, *FAST, listen=False, **activated_with(inherited))
    with Client(inherited["web"].getsockname()) as client:
        assert client.get().status == 200
    refused = exporter.wait_for_events("socket_refused", 2)
    assert all(record["level"] in ("warning", "error") for record in refused)
    for name in ("datagram", "deaf"):
        assert any(name in record.values() for record in refused), refused


def test_with_only_sockets_that_cannot_be_served_the_address_is_used(
    start_exporter: StartExporter, tree: PowercapTree, inherited: dict[str, socket.socket]
) -> None:
    """In a container we are process 1, and variables that somebody left behind seem to be meant for us."""
    del inherited["web"]
    exporter = start_exporter(tree, *FAST, **activated_with(inherited))
    assert exporter.get().status == 200
    assert len(exporter.records("socket_refused")) == 2


def test_only_sockets_that_cannot_be_served_are_an_error_if_they_must_be(
    start_exporter: StartExporter, tree: PowercapTree, inherited: dict[str, socket.socket]
) -> None:
    del inherited["web"]
    options = (*FAST, "--web.systemd-socket")
    exporter = start_exporter(tree, *options, listen=False, wait=False, **activated_with(inherited))
    assert exporter.wait() == 1
    assert len(exporter.records("socket_refused")) == 2


def test_a_descriptor_that_is_no_socket_is_refused(start_exporter: StartExporter, tree: PowercapTree) -> None:
    with open(os.devnull) as file:
        launcher = [sys.executable, str(activate.SCRIPT), str(file.fileno()), "file"]
        exporter = start_exporter(tree, *FAST, launcher=launcher, pass_descriptors=[file.fileno()])
    assert exporter.get().status == 200
    assert exporter.only_record("socket_refused")["reason"] == "it is not a socket"


# Says that so many descriptors are passed, and passes none.
ANNOUNCE = """
import os, sys
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.parametrize("count", ["1", "3", "1000000", "many", "-1"])
def test_descriptors_that_are_announced_and_not_there_are_said(
    start_exporter: StartExporter, tree: PowercapTree, count: str
) -> None:
    """The log once got the number of the first one, and then two owned it: SIGILL, and nothing was said."""
    exporter = start_exporter(tree, *FAST, launcher=[sys.executable, "-c", ANNOUNCE, count])
    assert exporter.get().status == 200
    assert f"LISTEN_FDS={count}" in exporter.wait_for_event("socket_refused")["msg"]


@pytest.mark.parametrize("names", ["", "a:b:c", "we ird\t=name"])
def test_names_of_sockets_need_not_fit(
    start_exporter: StartExporter, tree: PowercapTree, inherited: dict[str, socket.socket], names: str
) -> None:
    web = inherited["web"]
    launcher = [sys.executable, str(activate.SCRIPT), str(web.fileno()), names]
    start_exporter(tree, *FAST, listen=False, launcher=launcher, pass_descriptors=[web.fileno()])
    with Client(web.getsockname()) as client:
        assert client.get().status == 200


def test_sockets_meant_for_another_process_are_left_alone(start_exporter: StartExporter, tree: PowercapTree) -> None:
    environment = {"LISTEN_FDS": "1", "LISTEN_PID": "1"}
    exporter = start_exporter(tree, *FAST, environment=environment)
    assert exporter.get().status == 200


# The end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_exporter_ends_at_once(
    start_exporter: StartExporter, tree: PowercapTree, number: signal.Signals
) -> None:
    exporter = start_exporter(tree, *FAST)
    exporter.connect()
    kept = exporter.connect()
    exporter.page_on(kept)
    status, seconds = exporter.end(number)
    assert status == 0 and seconds < AT_ONCE_SECONDS
    assert kept.is_at_end()
    assert [record["event"] for record in exporter.records() if record["event"].startswith("stop")] == [
        "stopping",
        "stopped",
    ]


@pytest.fixture
def large_tree(tmp_path: Path) -> PowercapTree:
    """So many domains that a page is much more than the kernel keeps for a client that takes little."""
    tree = PowercapTree(tmp_path / "large")
    for socket_number in range(32):
        tree.add(Zone(str(socket_number), f"package-{socket_number}"))
        for index, name in enumerate(("core", "uncore", "dram")):
            tree.add(Zone(f"{socket_number}:{index}", name))
    return tree


def half_written(exporter: Exporter, requests: int = 10) -> Client:
    """A client whose responses have begun, and one of which is half in full buffers and half not."""
    client = exporter.connect(takes_little=True)
    client.send_what_fits(request() * requests)
    client.peek()
    return client


# A thousand requests are more than the exporter has read: closing while they lie unread would be a reset.
@pytest.mark.parametrize("requests", [10, 1000])
def test_a_half_written_response_is_delivered(
    start_exporter: StartExporter, large_tree: PowercapTree, requests: int
) -> None:
    exporter = start_exporter(large_tree, *FAST)
    page_size = len(exporter.get().body)
    client = half_written(exporter, requests)
    exporter.send_signal(signal.SIGTERM)
    exporter.wait_for_event("stopping")
    assert exporter.process.poll() is None, "it ended although a response was half written"
    responses = client.read_all_responses()
    assert 1 < len(responses) < requests
    assert all(response.status == 200 and len(response.body) >= page_size for response in responses)
    assert [response.header("connection") for response in responses].index("close") == len(responses) - 1
    client.close()
    assert exporter.wait() == 0


def test_a_reader_that_never_reads_keeps_it_only_so_long(
    start_exporter: StartExporter, large_tree: PowercapTree
) -> None:
    exporter = start_exporter(large_tree, *FAST)
    half_written(exporter)
    status, seconds = exporter.end()
    assert status == 0
    assert DRAIN_SECONDS - 0.5 < seconds < DRAIN_SECONDS + 2


def test_a_second_signal_ends_it_at_once(start_exporter: StartExporter, large_tree: PowercapTree) -> None:
    exporter = start_exporter(large_tree, *FAST)
    half_written(exporter)
    exporter.send_signal(signal.SIGTERM)
    exporter.wait_for_event("stopping")
    status, seconds = exporter.end()
    assert status == 0 and seconds < AT_ONCE_SECONDS


def test_no_new_connection_while_stopping(start_exporter: StartExporter, large_tree: PowercapTree) -> None:
    exporter = start_exporter(large_tree, *FAST)
    port = exporter.port
    client = half_written(exporter)
    exporter.send_signal(signal.SIGTERM)
    exporter.wait_for_event("stopping")

    def refused() -> bool:
        try:
            Client(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_until(refused, DRAIN_SECONDS / 2, "a closed listener")
    client.close()
    assert exporter.wait() == 0
