"""Clients that are slow at TLS in every way, beside the other tests, because each takes its ten seconds."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from . import web_configuration
from .background import Background
from .certificates import Authority, Certificate
from .exporter import Exporter
from .raw_http import Client, request
from .tls_client import SteppedTLS, TLSClient, trusting
from .web_configuration import WebExporter, tls

POLL_SECONDS = 0.1


class SlowTLS(Background):
    """An exporter and one client of each kind, watched until all of them are over their deadlines."""

    #: How many are slow.
    count = 6

    def __init__(self, directory: Path, authority: Authority, server: Certificate) -> None:
        super().__init__()
        #: When the first and the last of them were seen to be over their deadlines, in seconds after their start.
        self.first: float | None = None
        self.last: float | None = None
        self._stack = contextlib.ExitStack()
        file = directory / "web.yml"
        web_configuration.write(file, tls(server))
        arguments = ["--web.listen-address", "127.0.0.1:0", "--source", "simulated", "--web.config.file", str(file)]
        exporter = self._stack.enter_context(Exporter(arguments))
        exporter.wait_for_event("started")
        self.web = WebExporter(exporter, file, trusting(authority))
        self._begin = time.monotonic()
        self._connect(authority)

    def _connect(self, authority: Authority) -> None:
        address = ("127.0.0.1", self.web.exporter.port)
        context = trusting(authority)
        self.silent = self._stack.enter_context(Client(address))
        self.half, self.unfinished, self.dripping = (
            self._stack.enter_context(SteppedTLS(address, context)) for _ in range(3)
        )
        hello = self.half.first_flight()
        self.half.client.send(hello[: len(hello) // 2])
        self.unfinished.client.send(self.unfinished.first_flight())
        self.unfinished.take()
        self._drips = self.dripping.first_flight()
        self.asking = self._stack.enter_context(TLSClient(address, context))
        self.asking.send(request()[:-2])
        self.deaf = self._stack.enter_context(TLSClient(address, context, takes_little=True))
        self.deaf.send(request() * 200)

    def __exit__(self, *arguments: object) -> None:
        super().__exit__(*arguments)
        self._stack.close()

    def _run(self) -> None:
        for drip in self._drips:
            with contextlib.suppress(ConnectionError):
                self.dripping.client.send(bytes([drip]))
            over = self.web.rejected("timeout")
            elapsed = time.monotonic() - self._begin
            if over > 0 and self.first is None:
                self.first = elapsed
            if over >= SlowTLS.count:
                self.last = elapsed
                return
            if self._stopped.wait(POLL_SECONDS):
                return
