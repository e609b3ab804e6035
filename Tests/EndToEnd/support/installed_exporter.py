"""The exporter as its package installs it: its units, where they listen, and what is answered there."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from .exposition import Page
from .raw_http import Address, Client, Response
from .waiting import wait_until

PACKAGE = "pyjoules-exporter"
SERVICE = f"{PACKAGE}.service"
SOCKET = f"{PACKAGE}.socket"
# In the network that the tests share with the Debian, which is a loopback device and nothing else.
ADDRESS: Address = ("127.0.0.1", 9091)
# Generous: where the processor is emulated, one scrape may take a second.
SAMPLES_SECONDS = 60.0


@dataclass(frozen=True)
class Access:
    """How to get in: in the clear or by TLS, with which header lines, and where."""

    tls: ssl.SSLContext | None = None
    headers: tuple[str, ...] = ()
    address: Address = ADDRESS

    def connect(self) -> Client:
        """A new connection. While nobody answers it waits in systemd's socket."""
        client = Client(self.address)
        if self.tls is not None:
            try:
                client.socket = self.tls.wrap_socket(client.socket, server_hostname="127.0.0.1")
            except OSError:
                client.close()
                raise
        return client

    def get(self, path: str = "/metrics") -> Response:
        """One request on a connection of its own."""
        with self.connect() as client:
            return client.get(path, headers=["Connection: close", *self.headers])

    def page(self) -> Page:
        response = self.get()
        assert response.status == 200, response
        return Page(response.text)

    def page_after_ticks(self, count: int = 2) -> Page:
        """A page after so many more samples: what the counters showed before the call has certainly been read."""
        ticks = self.page().value("pyjoules_samples_total")

        def later() -> Page | None:
            one = self.page()
            return one if one.value("pyjoules_samples_total") >= ticks + count else None

        found = wait_until(later, SAMPLES_SECONDS, f"{count} more samples")
        assert found is not None
        return found


OPEN = Access()
get, page, page_after_ticks = OPEN.get, OPEN.page, OPEN.page_after_ticks
