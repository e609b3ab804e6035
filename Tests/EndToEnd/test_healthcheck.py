"""`healthcheck`: whether a running exporter is well, told by the exit status."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from support import exporter
from support.exporter import StartExporter, clean_environment
from support.raw_http import free_port
from support.waiting import DEADLINE_SECONDS, wait_until

BINARY = str(exporter.BINARY)
OURS = b"HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\npyjoules-exporter: OK.\n"


def check(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, "healthcheck", *arguments],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )


def check_port(port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return check("--web.listen-address", f"127.0.0.1:{port}", *arguments)


def assert_well(result: subprocess.CompletedProcess[str], words: str) -> None:
    assert (result.returncode, result.stderr) == (0, ""), result
    assert words in result.stdout


def assert_unwell(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line on stderr, and nothing else."""
    assert (result.returncode, result.stdout) == (1, ""), result
    assert result.stderr.startswith("pyjoules-exporter healthcheck: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@contextlib.contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port whose first client is served by `answer`; the connection stays open until the end of the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as connections:

        def serve() -> None:
            with contextlib.suppress(OSError):
                answer(connections.enter_context(listener.accept()[0]))

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(("arguments", "words"), [((), "is healthy"), (("--ready",), "is ready")])
def test_a_running_exporter_is_well(start_exporter: StartExporter, arguments: tuple[str, ...], words: str) -> None:
    assert_well(check_port(start_exporter(None).port, *arguments), words)


def test_the_environment_says_where_both_are(start_exporter: StartExporter) -> None:
    environment = {"EXPORTER_PORT": str(free_port("0.0.0.0"))}
    running = start_exporter(None, listen=False, wait=False, environment=environment)
    running.wait_for_event("listening")
    assert_well(check(environment=environment), f"http://127.0.0.1:{environment['EXPORTER_PORT']} is healthy")


def test_a_unix_socket_is_asked(start_exporter: StartExporter, tmp_path: Path) -> None:
    address = f"unix:{tmp_path / 'socket'}"
    running = start_exporter(None, "--web.listen-address", address, listen=False, wait=False)
    running.wait_for_event("listening")
    assert_well(check("--web.listen-address", address), f"{address} is healthy")


def test_nobody_listens() -> None:
    assert_unwell(check_port(free_port()), "nobody listens", "start the exporter", "--web.listen-address")


def test_no_unix_socket(tmp_path: Path) -> None:
    assert_unwell(check("--web.listen-address", f"unix:{tmp_path / 'socket'}"), "nobody listens")


def test_an_exporter_that_is_stopped_is_not_well(start_exporter: StartExporter) -> None:
    running = start_exporter(None)
    running.send_signal(signal.SIGSTOP)
    try:
        wait_until(running.is_stopped)
        begin = time.monotonic()
        assert_unwell(check_port(running.port, "--timeout", "200ms"), "did not answer within 0.200 s", "stuck")
        assert 0.2 <= time.monotonic() - begin < 5
    finally:
        running.send_signal(signal.SIGCONT)


def test_an_exporter_with_passwords_lives(start_exporter: StartExporter, tmp_path: Path) -> None:
    config = tmp_path / "web.yml"
    # The hash is of a password that nobody needs to know.
    config.write_text("basic_auth_users:\n  prom: $2y$04$abcdefghijklmnopqrstuuhL2bXQzU1N8b3Yc3vY2fE8n6mJt1m2y\n")
    running = start_exporter(None, "--web.config.file", str(config), wait=False)
    running.wait_for_event("listening")
    assert_well(check_port(running.port), "password")
    assert_unwell(check_port(running.port, "--ready"), "password", "leave out --ready")


def test_an_exporter_with_tls_lives(start_exporter: StartExporter, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing (Debian package openssl)")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    config = tmp_path / "web.yml"
    config.write_text("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n")
    running = start_exporter(None, "--web.config.file", str(config), wait=False)
    running.wait_for_event("listening")
    assert_well(check_port(running.port), "TLS")
    assert_unwell(check_port(running.port, "--ready"), "TLS", "leave out --ready")


def test_an_answer_in_pieces_is_read_to_its_end() -> None:
    def answer(client: socket.socket) -> None:
        client.recv(4096)
        for byte in OURS:
            client.send(bytes([byte]))
        client.shutdown(socket.SHUT_WR)

    with server(answer) as port:
        assert_well(check_port(port), "is healthy")


def test_a_server_that_never_closes_is_judged_by_what_it_said() -> None:
    def answer(client: socket.socket) -> None:
        client.recv(4096)
        client.send(OURS)

    with server(answer) as port:
        assert_well(check_port(port, "--timeout", "200ms"), "is healthy")


@pytest.mark.parametrize("arguments", [(), ("--ready",)])
@pytest.mark.parametrize(
    "foreign",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nPrometheus Server is Healthy.\n\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["Pushgateway", "Prometheus", "somebody with passwords"],
)
def test_another_program_on_the_port_is_no_healthy_exporter(arguments: tuple[str, ...], foreign: bytes) -> None:
    """A Pushgateway, which has the same port and path, was said to be a healthy exporter."""

    def answer(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(foreign)
        client.shutdown(socket.SHUT_WR)

    with server(answer) as port:
        assert_unwell(check_port(port, *arguments), "is not pyjoules-exporter", "--web.listen-address")


def test_a_server_that_sends_for_ever_ends_the_check() -> None:
    def answer(client: socket.socket) -> None:
        while True:
            client.send(b"\0" * 4096)

    with server(answer) as port:
        assert_unwell(check_port(port), "does not speak HTTP")


def test_a_server_that_hangs_up_is_not_well() -> None:
    def answer(client: socket.socket) -> None:
        client.recv(4096)
        client.shutdown(socket.SHUT_RDWR)

    with server(answer) as port:
        assert_unwell(check_port(port), "ended without an answer")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--timeout", "0"), "--timeout"),
        (("--timeout", "forever"), "--timeout"),
        (("--web.listen-address", "localhost"), "--web.listen-address"),
    ],
)
def test_a_wrong_value_is_one_line(arguments: tuple[str, ...], option: str) -> None:
    result = check(*arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert option in result.stderr and "allowed" in result.stderr and result.stderr.count("\n") == 1


def test_a_port_that_kubernetes_made_of_a_service_is_not_used() -> None:
    result = check("--timeout", "1s", environment={"EXPORTER_PORT": "tcp://10.0.0.7:9091"})
    warning, *answer = result.stderr.splitlines()
    assert "EXPORTER_PORT=tcp://10.0.0.7:9091" in warning
    # Somebody may listen on the default port of this machine.
    assert result.returncode in (0, 1)
    assert "http://127.0.0.1:9091" in (answer[0] if answer else result.stdout)
