"""Clients that mean no good, all at once and against one port, until ended or for a bounded time.

    python3 attack.py PORT [--seconds N]      prints "READY" when every attacker is or was connected

It is a program of its own, so that its work does not delay the client whose waiting is measured. An attacker that
the server has thrown out waits a second and comes back, as a badly written client would.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import resource
import socket
import struct
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAUSE_SECONDS = 1.0
FREQUENT_PAUSE_SECONDS = 0.05
READY_SECONDS = 10.0
RECEIVE_BUFFER = 4096
SEND_BUFFER = 65536

Attack = Callable[[socket.socket], Awaitable[None]]


async def stay_silent(connection: socket.socket) -> None:
    """Never sends a byte."""
    await read_to_end(connection)


async def trickle(connection: socket.socket) -> None:
    """Sends a well-formed request, a byte a second."""
    loop = asyncio.get_running_loop()
    for byte in REQUEST:
        await loop.sock_sendall(connection, bytes([byte]))
        await asyncio.sleep(1.0)
    await read_to_end(connection)


async def send_huge_header(connection: socket.socket) -> None:
    """Sends a request head of 64 KiB."""
    head = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Filler: " + b"a" * 65536 + b"\r\n\r\n"
    await asyncio.get_running_loop().sock_sendall(connection, head)
    await read_to_end(connection)


async def send_noise(connection: socket.socket) -> None:
    """Sends random bytes."""
    await asyncio.get_running_loop().sock_sendall(connection, random.randbytes(random.randint(1, 8192)))
    connection.shutdown(socket.SHUT_WR)
    await read_to_end(connection)


async def reset_in_response(connection: socket.socket) -> None:
    """Asks for more than fits its small buffer, takes the first bytes, and resets the connection."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, REQUEST * 10)
    await loop.sock_recv(connection, 100)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def pipeline_without_reading(connection: socket.socket) -> None:
    """Sends requests for as long as the server takes them, and reads no answer."""
    while True:
        await asyncio.get_running_loop().sock_sendall(connection, REQUEST * 100)


async def read_to_end(connection: socket.socket) -> None:
    """Throws away what comes until the server ends the connection."""
    while await asyncio.get_running_loop().sock_recv(connection, 65536):
        pass


class Attacker:
    """Repeats one attack, on a new connection each time."""

    def __init__(self, attack: Attack, port: int, pause: float) -> None:
        self._attack = attack
        self._port = port
        self._pause = pause
        self.has_begun = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                with self._connection() as connection:
                    await asyncio.get_running_loop().sock_connect(connection, (HOST, self._port))
                    self.has_begun.set()
                    await self._attack(connection)
            except OSError:
                self.has_begun.set()  # thrown out, perhaps before it could look
            await asyncio.sleep(self._pause)

    @staticmethod
    def _connection() -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        return connection


# How many of each there are, and how long each waits before it comes back.
ATTACKS: list[tuple[Attack, int, float]] = [
    (stay_silent, 500, PAUSE_SECONDS),
    (pipeline_without_reading, 200, PAUSE_SECONDS),
    (trickle, 1, PAUSE_SECONDS),
    (send_huge_header, 1, FREQUENT_PAUSE_SECONDS),
    (send_noise, 1, FREQUENT_PAUSE_SECONDS),
    (reset_in_response, 1, FREQUENT_PAUSE_SECONDS),
]


async def attack(port: int, seconds: float) -> None:
    attackers = [Attacker(kind, port, pause) for kind, count, pause in ATTACKS for _ in range(count)]
    tasks = [asyncio.create_task(attacker.run()) for attacker in attackers]
    ready = asyncio.gather(*(attacker.has_begun.wait() for attacker in attackers))
    await asyncio.wait_for(ready, READY_SECONDS)
    print("READY", flush=True)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*tasks), seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=120.0, help="end by itself after this time")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(attack(options.port, options.seconds))


if __name__ == "__main__":
    main()
