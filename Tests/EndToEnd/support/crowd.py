"""Clients that hold all the connections they can get."""

from __future__ import annotations

import contextlib
import select
import socket

from .raw_http import Address

RECEIVE_BYTES = 65536


class Member:
    """One of a crowd: a connection that begins with `hello`, and comes again whenever it is sent away.

    One that does not read takes nothing of what it is sent. Nothing here waits, but connecting.
    """

    def __init__(self, address: Address, source: str | None, hello: bytes = b"", reads: bool = True) -> None:
        self._address, self._source, self._hello, self._reads = address, source, hello, reads
        self.displacements = 0
        self.socket = self._connect()

    def act(self, data: bytes) -> None:
        """Sends what the kernel takes of this, or comes again."""
        if self._is_gone():
            self.displacements += 1
            self.socket.close()
            self.socket = self._connect()
        else:
            self._send(data)

    def _connect(self) -> socket.socket:
        family = socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET6
        connection = self.socket = socket.socket(family)
        # A client that never reads may send for long: not into this machine's memory.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        if self._source is not None:
            connection.bind((self._source, 0))
        connection.connect(self._address)
        connection.setblocking(False)
        self._send(self._hello)
        return connection

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.socket.send(data)

    def _is_gone(self) -> bool:
        if not self._reads:
            poll = select.poll()
            poll.register(self.socket, select.POLLHUP | select.POLLERR)
            return bool(poll.poll(0))
        try:
            return self.socket.recv(RECEIVE_BYTES) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
