"""The other end of a unix datagram socket: what systemd's notification and journal sockets are to the exporter."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from .waiting import DEADLINE_SECONDS, wait_until

# Far more than net.unix.max_dgram_qlen: filling a queue is bounded even if that were unlimited.
_FILL_LIMIT = 100_000


class DatagramReceiver:
    """A bound socket that collects datagrams, or leaves them lying there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[bytes] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def fill(self) -> None:
        """Fills the queue: from now on every sender would have to wait."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for _ in range(_FILL_LIMIT):
                try:
                    sender.sendto(b"filling", str(self.path))
                except BlockingIOError:
                    return
        raise AssertionError("the queue never became full")

    def collect(self) -> list[bytes]:
        """All messages so far, oldest first."""
        while True:
            try:
                self.messages.append(self._socket.recv(65536, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return self.messages

    def wait_for(self, condition: Callable[[bytes], bool], seconds: float = DEADLINE_SECONDS) -> bytes:
        """The first message that satisfies the condition."""

        def found() -> list[bytes]:
            return [message for message in self.collect() if condition(message)]

        return wait_until(found, seconds, f"a message among {self.messages}")[0]

    def close(self) -> None:
        self._socket.close()
