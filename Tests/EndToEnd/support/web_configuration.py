"""The web configuration file as the tests write it, and an exporter that was started with one."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .certificates import Certificate
from .exporter import Exporter
from .exposition import Page
from .raw_http import Client, Response
from .tls_client import TLSClient
from .waiting import wait_until

_READINGS = ("reloaded", "web_configuration_refused")

# What the file says: its text, or its settings.
Settings = str | Mapping[str, Any]


class WebExporter:
    """An exporter with a web configuration file, asked in the clear or, with a context, through TLS."""

    def __init__(self, exporter: Exporter, file: Path, context: ssl.SSLContext | None = None) -> None:
        self.exporter = exporter
        self.file = file
        self.context = context

    def connect(
        self,
        context: ssl.SSLContext | None = None,
        takes_little: bool = False,
        host: str = "127.0.0.1",
    ) -> Client:
        """A new connection by the given way to speak TLS, or else by that of this exporter."""
        address = (host, self.exporter.port)
        context = context or self.context
        if context is None:
            return Client(address, takes_little)
        return TLSClient(address, context, takes_little)

    def get(
        self,
        path: str = "/metrics",
        method: str = "GET",
        headers: Sequence[str] = (),
        context: ssl.SSLContext | None = None,
    ) -> Response:
        """Asks on a connection of its own."""
        with self.connect(context) as client:
            return client.get(path, method, ["Connection: close", *headers])

    def page(self, headers: Sequence[str] = ()) -> Page:
        """One scrape on a connection of its own."""
        response = self.get(headers=headers)
        assert response.status == 200, response
        return Page(response.text)

    def rejected(self, reason: str, headers: Sequence[str] = ()) -> int:
        """How many connections or requests were turned away for that reason."""
        found = self.page(headers).find("pyjoules_http_rejected_total", reason=reason)
        return sum(int(sample.value) for sample in found)

    def rewrite(self, settings: Settings) -> None:
        """Puts another file in place."""
        write(self.file, settings)

    def reload(self) -> dict[str, str]:
        """Asks by SIGHUP to read the file again, and gives what the log says of it."""
        before = len(self.readings)
        self.exporter.send_signal(signal.SIGHUP)
        return wait_until(lambda: self.readings[before:], what="the reload")[0]

    @property
    def readings(self) -> list[dict[str, str]]:
        """What the log says of each time that the file was read again."""
        return [record for record in self.exporter.records() if record.get("event") in _READINGS]

    @property
    def threads(self) -> int:
        lines = Path(f"/proc/{self.exporter.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))


# What the fixture `start_web` is: see there for its arguments.
StartWeb = Callable[..., WebExporter]


def write(file: Path, settings: Settings) -> None:
    """Writes the file beside its place and moves it there. A file of YAML may be written in JSON."""
    beside = file.with_suffix(".new")
    beside.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    os.rename(beside, file)


def tls(server: Certificate, **settings: Any) -> dict[str, Any]:
    """The settings for TLS with that certificate and these further keys."""
    return {
        "tls_server_config": {"cert_file": str(server.certificate), "key_file": str(server.key), **settings},
    }


@cache
def bcrypt(password: str, cost: int = 4) -> str:
    """The hash that goes into the file, made as its documentation says; 4 is the cheapest."""
    if shutil.which("htpasswd") is None:
        pytest.skip("htpasswd is missing (Debian package apache2-utils)")
    command = ["htpasswd", "-niBC", str(cost), "anybody"]
    result = subprocess.run(command, input=password.encode(), capture_output=True, timeout=30, check=True)
    return result.stdout.decode().strip().partition(":")[2]


def authorization(user: str, password: str) -> str:
    """The header line of these credentials."""
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
