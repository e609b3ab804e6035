"""The part of systemd that survives the exporter: its listening socket, and the descriptors that it hands over."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import activate
from .exporter import Exporter
from .raw_http import Address

# As many descriptors as one notification may carry; the exporter sends one.
_MOST_DESCRIPTORS = 16


@dataclass(frozen=True)
class Stored:
    """One descriptor in the store, under the name that it was handed over with."""

    name: str
    descriptor: int


class ServiceManager:
    """Starts exporters one after the other, each with what the ones before it left, as systemd 252 does.

    The listening socket comes first, then the store, the newest descriptor first. Messages are taken from the socket
    whenever somebody asks and before each start. See FileDescriptorStoreMax= in systemd.service(5), and sd_notify(3).
    """

    def __init__(self, directory: Path, arguments: Sequence[str]) -> None:
        self.messages: list[bytes] = []
        self.store: list[Stored] = []
        self._arguments = arguments
        self._stack = contextlib.ExitStack()
        self._listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._notify_path = directory / "notify"
        self._notifications = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self._notifications.bind(str(self._notify_path))
        self._notifications.setblocking(False)

    @property
    def address(self) -> Address:
        """Where to connect, whether an exporter runs at the moment or not."""
        address: Address = self._listener.getsockname()
        return address

    def start(self) -> Exporter:
        """The next exporter, which may not be ready yet. It ends with the manager at the latest."""
        self.collect()
        descriptors = [self._listener.fileno(), *(stored.descriptor for stored in self.store)]
        names = ["web", *(stored.name for stored in self.store)]
        return self._stack.enter_context(
            Exporter(
                self._arguments,
                environment={"NOTIFY_SOCKET": str(self._notify_path)},
                launcher=[sys.executable, "-S", str(activate.SCRIPT), ",".join(map(str, descriptors)), ":".join(names)],
                pass_descriptors=descriptors,
            )
        )

    def collect(self) -> list[bytes]:
        """All messages so far, oldest first; what they ask for has been done."""
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._notifications, 65536, _MOST_DESCRIPTORS)
            except BlockingIOError:
                return self.messages
            self.messages.append(message)
            self._obey(dict(line.split("=", 1) for line in message.decode().splitlines()), descriptors)

    def put(self, name: str, descriptor: int) -> None:
        """Takes over a descriptor as if the exporter had handed it over."""
        self.store.insert(0, Stored(name, descriptor))

    def forget(self) -> None:
        """Closes what is in the store."""
        self.collect()
        while self.store:
            os.close(self.store.pop().descriptor)

    def __enter__(self) -> ServiceManager:
        return self

    def __exit__(self, *details: object) -> None:
        self.forget()
        self._stack.__exit__(*details)

    def _obey(self, assignments: dict[str, str], descriptors: Sequence[int]) -> None:
        name = assignments.get("FDNAME", "stored")
        if assignments.get("FDSTOREREMOVE") == "1":
            self._remove(name)
        for descriptor in descriptors:
            assert assignments.get("FDSTORE") == "1", f"descriptors in a message that stores none: {assignments}"
            self.put(name, descriptor)

    def _remove(self, name: str) -> None:
        for stored in [stored for stored in self.store if stored.name == name]:
            self.store.remove(stored)
            os.close(stored.descriptor)
