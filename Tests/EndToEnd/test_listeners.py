"""Where the exporter listens: several addresses at once, both families of IP, unix sockets, and vsock."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from support.exporter import Exporter, StartExporter, run
from support.exposition import Page
from support.raw_http import Address, Client, free_port, has_ipv6
from support.waiting import DEADLINE_SECONDS, wait_until


def started(start_exporter: StartExporter, *addresses: str, **options: object) -> Exporter:
    """An exporter on these addresses, once it listens on all of them."""
    arguments = [argument for address in addresses for argument in ("--web.listen-address", address)]
    exporter = start_exporter(None, *arguments, listen=False, wait=False, **options)
    exporter.wait_for_events("listening", len(addresses))
    return exporter


def scraped(address: Address) -> Page:
    """The page that is served there."""
    with Client(address) as client:
        response = client.get("/metrics", headers=["Connection: close"])
    assert response.status == 200
    return Page(response.text)


def listening_failure(*addresses: str) -> str:
    """The one line by which the exporter refuses to start there."""
    arguments = [argument for address in addresses for argument in ("--web.listen-address", address)]
    result = run("--source", "simulated", *arguments)
    assert result.returncode == 1, result
    lines = [line for line in result.stderr.splitlines() if "cannot listen on" in line]
    assert len(lines) == 1, result.stderr
    return lines[0]


def stale_socket(path: Path) -> None:
    """What a server that was killed leaves behind."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def test_a_unix_socket_is_served(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    exporter = started(start_exporter, f"unix:{path}")
    assert exporter.only_record("listening")["address"] == f"unix:{path}"
    assert scraped(str(path)).value("pyjoules_source_up", source="simulated") == 1


def test_curl_scrapes_a_unix_socket(start_exporter: StartExporter, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    path = tmp_path / "metrics.sock"
    started(start_exporter, f"unix:{path}")
    command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--unix-socket", str(path)]
    result = subprocess.run([*command, "http://localhost/metrics"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert Page(result.stdout).value("pyjoules_source_up", source="simulated") == 1


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_a_unix_socket_has_the_mode_that_was_asked_for(
    start_exporter: StartExporter, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "metrics.sock"
    started(start_exporter, f"unix:{path}?mode={mode:04o}", before_exec=lambda: _set_umask(0o077))
    assert stat.S_IMODE(path.lstat().st_mode) == mode
    scraped(str(path))


def test_there_is_no_moment_with_another_mode(start_exporter: StartExporter, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    path, trace = tmp_path / "metrics.sock", tmp_path / "trace"
    calls = "--trace=umask,bind,chmod,fchmod,fchmodat"
    exporter = started(
        start_exporter, f"unix:{path}?mode=0660", launcher=["strace", "-f", "-D", "-o", str(trace), calls]
    )
    exporter.end()
    lines = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines() if "(" in line]
    bind = next(index for index, line in enumerate(lines) if str(path) in line and line.startswith("bind("))
    assert lines[bind - 1].startswith("umask(0117)")
    assert lines[bind + 1].startswith("umask(0")
    assert not [line for line in lines if "chmod" in line]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_leaves_the_socket_to_the_next_start(
    start_exporter: StartExporter, tmp_path: Path, number: signal.Signals
) -> None:
    """To remove it, the sandbox would have to allow the removal of everything in and below its directory."""
    path = tmp_path / "metrics.sock"
    exporter = started(start_exporter, f"unix:{path}")
    assert exporter.end(number)[0] == 0
    assert path.is_socket()
    started(start_exporter, f"unix:{path}")
    scraped(str(path))


def test_without_the_sandbox_an_orderly_end_removes_the_socket(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    options = ["--web.listen-address", f"unix:{path}", "--no-sandbox"]
    exporter = start_exporter(None, *options, listen=False, wait=False)
    exporter.wait_for_event("listening")
    assert exporter.end()[0] == 0
    assert not path.exists()


def test_a_start_that_fails_later_removes_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        line = listening_failure(f"unix:{path}", f"127.0.0.1:{holder.getsockname()[1]}")
    assert "in use" in line
    assert not path.exists()


def test_what_a_killed_exporter_left_is_replaced(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    killed = started(start_exporter, f"unix:{path}")
    killed.end(signal.SIGKILL)
    assert path.is_socket()
    started(start_exporter, f"unix:{path}")
    scraped(str(path))


def test_a_successor_keeps_its_socket(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    first = started(start_exporter, f"unix:{path}")
    path.unlink()
    started(start_exporter, f"unix:{path}")
    assert first.end()[0] == 0
    scraped(str(path))


def test_a_stale_socket_is_replaced(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    stale_socket(path)
    started(start_exporter, f"unix:{path}?mode=0600")
    scraped(str(path))


def test_the_socket_of_a_server_that_lives_is_in_use(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    started(start_exporter, f"unix:{path}")
    line = listening_failure(f"unix:{path}")
    assert f"unix:{path}" in line and "in use" in line and "ss -lxp" in line
    scraped(str(path))


def test_a_file_in_the_way_is_named_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    path.write_text("precious")
    line = listening_failure(f"unix:{path}")
    assert f"unix:{path}" in line and "not a socket" in line
    assert path.read_text() == "precious"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    line = listening_failure(f"unix:{tmp_path}/missing/metrics.sock")
    assert "directory is missing" in line


def test_the_same_path_twice_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    assert "in use" in listening_failure(f"unix:{path}", f"unix:{path}")
    assert not path.exists()


def test_several_addresses_serve_the_same(start_exporter: StartExporter, tmp_path: Path) -> None:
    paths = [tmp_path / "first.sock", tmp_path / "second.sock"]
    ports = [free_port(), free_port()]
    addresses = [f"unix:{path}" for path in paths] + [f"127.0.0.1:{port}" for port in ports]
    exporter = started(start_exporter, *addresses)
    assert [record["address"] for record in exporter.records("listening")] == addresses
    everywhere: list[Address] = [*map(str, paths), *(("127.0.0.1", port) for port in ports)]
    pages = [scraped(address) for address in everywhere]
    assert len({page.value("process_start_time_seconds") for page in pages}) == 1


def test_an_ipv6_address_serves_ipv6_only(start_exporter: StartExporter) -> None:
    if not has_ipv6():
        pytest.skip("there is no IPv6 on the loopback device")
    # Bound, so that nobody else listens there meanwhile, such as an exporter of another test.
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        exporter = started(start_exporter, f"[::1]:{port}")
        assert exporter.only_record("listening")["address"] == f"[::1]:{port}"
        scraped(("::1", port))
        with pytest.raises(ConnectionRefusedError):
            Client(("127.0.0.1", port))


def test_a_port_alone_serves_both_families(start_exporter: StartExporter) -> None:
    if not has_ipv6():
        pytest.skip("there is no IPv6 on the loopback device")
    port = free_port()
    started(start_exporter, f":{port}")
    scraped(("::1", port))
    scraped(("127.0.0.1", port))


def test_clients_of_a_unix_socket_keep_their_connections(start_exporter: StartExporter, tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    exporter = started(start_exporter, f"unix:{path}")
    with Client(str(path)) as first, Client(str(path)) as second:
        for client in (first, second, first, second):
            assert client.get("/metrics").status == 200
        first.close()
        wait_until(lambda: Page(second.get("/metrics").text).value("pyjoules_http_connections") == 1)
    assert exporter.end()[0] == 0


def test_vsock(start_exporter: StartExporter) -> None:
    port = 1_000_000 + os.getpid()
    try:
        with socket.socket(socket.AF_VSOCK) as probe:
            probe.bind((socket.VMADDR_CID_ANY, port))
    except OSError as error:
        pytest.skip(f"vsock cannot be used here: {error.strerror}")
    exporter = started(start_exporter, f"vsock://:{port}")
    assert exporter.only_record("listening")["address"] == f"vsock://:{port}"
    line = listening_failure(f"vsock://:{port}")
    assert "in use" in line and "ss -lp --vsock" in line

    if not Path("/sys/module/vsock_loopback").exists():
        pytest.skip("it listens, but to connect needs the kernel's module vsock_loopback, which is not loaded")
    with socket.socket(socket.AF_VSOCK) as client:
        client.settimeout(DEADLINE_SECONDS)
        client.connect((1, port))
        client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.recv(64).startswith(b"HTTP/1.1 200 ")


def _set_umask(mask: int) -> None:
    os.umask(mask)
