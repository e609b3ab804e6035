"""Commands in the guest, through the agent that `root/usr/local/lib/bench/agent` is."""

from __future__ import annotations

import socket
from dataclasses import dataclass

ADDRESS = ("127.0.0.1", 2222)


@dataclass(frozen=True)
class Outcome:
    """How a script ended, and what it printed."""

    status: int
    output: str
    errors: str


class Agent:
    """One connection to the agent, on which scripts run one after the other, each in a shell of its own."""

    def __init__(self, seconds: float) -> None:
        self._socket = socket.create_connection(ADDRESS, timeout=seconds)
        self._file = self._socket.makefile("rb")

    def run(self, script: str, seconds: float) -> Outcome:
        """Runs a script of bash; an error is one of the connection only."""
        self._socket.settimeout(seconds)
        self.begin(script)
        line = self._file.readline()
        if not line:
            # The emulated network accepts before anybody in the guest listens, and then closes.
            raise ConnectionError("the guest closed the connection")
        status, output, errors = (int(number) for number in line.split())
        return Outcome(status, self._read(output), self._read(errors))

    def begin(self, script: str) -> None:
        """Begins a script after which nobody answers any more."""
        content = script.encode()
        self._socket.sendall(b"%d\n%b" % (len(content), content))

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _read(self, size: int) -> str:
        data = self._file.read(size)
        if len(data) != size:
            raise ConnectionError("the guest closed the connection in the middle of an answer")
        return data.decode(errors="replace")
