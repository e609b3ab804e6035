"""What the kernel holds for the sockets of a server, as `ss` tells it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

_MEMORY = re.compile(r"skmem:\(r(\d+),rb\d+,t(\d+),tb\d+,f(\d+),w(\d+),")


@dataclass(frozen=True)
class SocketMemory:
    """Bytes of all connections together; each counts what it holds ready on both sides."""

    connections: int
    sending: int
    receiving: int


def socket_memory(place: int | str) -> SocketMemory:
    """Of the connections that were accepted on a TCP port or at the path of a unix socket."""
    if shutil.which("ss") is None:
        pytest.skip("ss is missing (Debian package iproute2)")
    kind = ["--tcp", "state", "established", f"( sport = :{place} )"] if isinstance(place, int) else ["--unix"]
    command = ["ss", "--no-header", "--numeric", "--memory", *kind]
    # What belongs to a socket may be on the line after its own.
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    connections = sending = receiving = 0
    for entry in re.split(r"\n(?=\S)", text):
        found = _MEMORY.search(entry)
        if found is None or isinstance(place, str) and f" {place} " not in entry:
            continue
        received, sent, ready, queued = (int(number) for number in found.groups())
        connections += 1
        sending += max(sent, queued) + ready
        receiving += received + ready
    return SocketMemory(connections, sending, receiving)
