"""What QEMU is told from outside, by its machine protocol (QMP): saving a state, waking the machine, ending it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Monitor:
    """One connection to QEMU's monitor."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(seconds)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._events: list[str] = []
        self._receive()  # Its greeting.
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """Asks for one thing and gives the answer; what happens meanwhile is kept for `wait_for`."""
        request = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self._receive()
            if "error" in message:
                raise AssertionError(f"QEMU refuses {command}: {message['error']}")
            if "return" in message:
                return message["return"]
            self._events.append(message["event"])

    def say(self, line: str) -> None:
        """A line of QEMU's own monitor, for what has no command of the protocol; anything said is a complaint."""
        complaint = self.execute("human-monitor-command", **{"command-line": line})
        assert complaint == "", f"{line}: {complaint}"

    def wait_for(self, event: str) -> None:
        """Until the event has happened, since the last one that was waited for."""
        while event not in self._events:
            self._events.append(self._receive()["event"])
        del self._events[: self._events.index(event) + 1]

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _receive(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("QEMU has ended")
        message: dict[str, Any] = json.loads(line)
        return message
