"""A client that guesses passwords, on many kept connections, until it had so many answers.

    python3 guess.py ADDRESS ATTEMPTS [--anonymous]      asks at a port, or at the path of a unix socket, and prints the
                                                         statuses that it got

Each attempt has another password, so that no answer can be remembered from the last; or with `--anonymous` none, for
comparison. It prints "READY" with the first answers, and is a program of its own, so that its work does not delay the
client whose waiting is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import re
import socket
from collections import Counter

USER = "bench"
CONNECTIONS = 64
READY_AFTER = 64
HOST = "127.0.0.1"
MOST_SECONDS = 60.0


class Guesser:
    def __init__(self, address: str, attempts: int, anonymous: bool) -> None:
        self._address = address
        self._attempts = iter(range(attempts))
        self._anonymous = anonymous
        self.statuses: Counter[int] = Counter()

    async def run(self) -> None:
        """One connection's share: it asks, and waits for the answer, until there are no more guesses."""
        reader, writer = await self._connect()
        for number in self._attempts:
            writer.write(self._request(number))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1]))
            self._note(int(head[9:12]))
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("/"):
            return await asyncio.open_unix_connection(self._address)
        reader, writer = await asyncio.open_connection(HOST, int(self._address))
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return reader, writer

    def _note(self, status: int) -> None:
        self.statuses[status] += 1
        if self.statuses.total() == READY_AFTER:
            print("READY", flush=True)

    def _request(self, number: int) -> bytes:
        credentials = base64.b64encode(f"{USER}:guess-{number}".encode()).decode()
        header = "" if self._anonymous else f"Authorization: Basic {credentials}\r\n"
        return f"GET /metrics HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode()


async def guess(guesser: Guesser) -> None:
    await asyncio.wait_for(asyncio.gather(*(guesser.run() for _ in range(CONNECTIONS))), MOST_SECONDS)
    print(", ".join(f"{count:,} times {status}" for status, count in sorted(guesser.statuses.items())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("attempts", type=int)
    parser.add_argument("--anonymous", action="store_true", help="show no password")
    options = parser.parse_args()
    asyncio.run(guess(Guesser(options.address, options.attempts, options.anonymous)))


if __name__ == "__main__":
    main()
