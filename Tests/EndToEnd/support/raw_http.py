"""An HTTP client over a bare socket, which can do what a well-behaved client never does."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from .waiting import DEADLINE_SECONDS

# An address to connect to: host and port, or the path of a unix socket.
Address = tuple[str, int] | str


class ConnectionEnded(Exception):
    """The server closed the connection where more was expected."""


@dataclass(frozen=True)
class Response:
    """One response, its header names in lower case and in the order of arrival."""

    status: int
    version: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that must not be repeated, or None if it is missing."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def request(
    path: str = "/metrics",
    method: str = "GET",
    headers: Sequence[str] = (),
    version: str = "HTTP/1.1",
    host: str | None = "localhost",
) -> bytes:
    """The bytes of one request without a body; `headers` are whole lines without their ends."""
    lines = [f"{method} {path} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines.extend(headers)
    return "".join(line + "\r\n" for line in [*lines, ""]).encode("latin-1")


class Client:
    """One connection. Every call that could wait fails after a deadline of so many `seconds`.

    A client that `takes_little` is one behind a slow line: the server's send buffer is full after some kilobytes.
    `source` is the address that it comes from, such as another one of the loopback device.
    """

    def __init__(
        self,
        address: Address,
        takes_little: bool = False,
        source: str | None = None,
        seconds: float = DEADLINE_SECONDS,
    ) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else _family(address[0])
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(seconds)
        if takes_little:
            # Before connecting: the window that is offered follows from the one, and from the other how much the
            # server's kernel is willing to keep for us, megabytes with the segments of the loopback device.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self._received = bytearray()
        try:
            if source is not None:
                self.socket.bind((source, 0))
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def send(self, data: bytes) -> None:
        """Sends all of it."""
        self.socket.sendall(data)

    def send_what_fits(self, data: bytes) -> int:
        """Sends as much as the kernel takes without waiting, and says how much that was."""
        view = memoryview(data)
        sent = 0
        while sent < len(view):
            try:
                sent += self.socket.send(view[sent:], socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
        return sent

    def get(self, path: str = "/metrics", method: str = "GET", headers: Sequence[str] = ()) -> Response:
        """Asks and reads the answer; the connection stays open if the server lets it."""
        self.send(request(path, method, headers))
        return self.read_response(without_body=method == "HEAD")

    def read_response(self, without_body: bool = False) -> Response:
        """The next response, exactly to its end."""
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = bytes(self._received[:end]).decode("latin-1")
        del self._received[: end + 4]
        status_line, *lines = head.split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines)
        response = Response(int(status), version, [(name.lower(), value.strip()) for name, value in pairs], b"")
        length = 0 if without_body else int(response.header("content-length") or 0)
        while len(self._received) < length:
            self._receive()
        body = bytes(self._received[:length])
        del self._received[:length]
        return Response(response.status, version, response.headers, body)

    def read_all_responses(self) -> list[Response]:
        """All responses until the server closes, which it may do only between two of them."""
        responses = []
        while not self.is_at_end():
            responses.append(self.read_response())
        return responses

    def is_at_end(self) -> bool:
        """Waits for another byte or the end, and says whether it was the end. A reset is an error, not an end."""
        if self._received:
            return False
        try:
            self._receive()
        except ConnectionEnded:
            return True
        return False

    def is_gone(self) -> bool:
        """The same, where a reset is as good as an end."""
        try:
            return self.is_at_end()
        except ConnectionResetError:
            return True

    def receive_some(self, size: int) -> bytes:
        """At least one byte and at most `size`, past the buffer of `read_response`."""
        return self.socket.recv(size)

    def peek(self) -> bytes:
        """What has arrived, at least one byte, which is left to be read."""
        return self.socket.recv(4096, socket.MSG_PEEK)

    def half_close(self) -> None:
        """Says that nothing more will be sent; reading goes on."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionEnded(f"closed with {len(self._received)} bytes of an unfinished response")
        self._received += data


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now, for programs that cannot be asked to choose one themselves."""
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def has_ipv6() -> bool:
    """Whether the loopback device has its address of IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
