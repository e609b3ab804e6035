"""Prometheus scrapes through TLS with a certificate and a password, while the exporter's certificate is renewed."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

from . import web_configuration
from .background import Background
from .certificates import Authority, Certificate, renew_by_rename, renew_in_place
from .prometheus_run import WRAPPING, WRAPPING_FOR_EVER, PrometheusRun
from .raw_http import Response
from .scraping_servers import Prometheus
from .tls_client import TLSClient, trusting
from .web_configuration import WebExporter, authorization, tls

# Scraped for so long; the renewal is in the middle.
WINDOW_SECONDS = int(os.environ.get("PYJOULES_SOAK_SECONDS", "60"))
JOB = "secure"
USER, PASSWORD = "prometheus", "correct horse battery staple"
# Made once, so that the run, which begins before all tests, does not depend on htpasswd.
HASH = "$2y$10$u4rajXHG7jLyjTjpfHm/HeGCocyIEguQJGpWPfrGgJh3UqyNAr0Zq"
CLIENT_NAME = "prometheus.example.org"
POLL_SECONDS = 0.25


class SecureRun(Background):
    """One run, whose thread renews the certificate and scrapes on new connections, since Prometheus keeps its own."""

    def __init__(self, directory: Path, authority: Authority) -> None:
        super().__init__()
        #: When Prometheus had scraped for half of the window, and the certificate was renewed; in Unix time.
        self.renewal: float | None = None
        #: When the window began, with the first scrape.
        self.begin: float | None = None
        #: The serial numbers of the certificates that new connections saw, in order.
        self.serials: list[str] = []
        #: What was wrong with scrapes on new connections.
        self.failures: list[str] = []
        self.scrapes = 0
        place = directory / "certificates"
        place.mkdir()
        self._installed = Certificate(place / "tls.crt", place / "tls.key")
        self.first, self.second = authority.issue_server(), authority.issue_server()
        renew_in_place(self._installed, self.first)
        client = authority.issue(CLIENT_NAME, [f"DNS:{CLIENT_NAME}"], usage="clientAuth")
        file = self._write_configuration(directory, authority)
        setup = replace(
            WRAPPING,
            mover_options=WRAPPING_FOR_EVER,
            jobs={JOB: ("--sample.interval", "20ms", "--web.config.file", str(file))},
            job_settings={
                "scheme": "https",
                "tls_config": {
                    "ca_file": str(authority.certificate),
                    "cert_file": str(client.certificate),
                    "key_file": str(client.key),
                    "server_name": "localhost",
                },
                "basic_auth": {"username": USER, "password": PASSWORD},
            },
            servers={"default": (Prometheus, (Prometheus.NATIVE_HISTOGRAMS,))},
        )
        self.prometheus = PrometheusRun(directory, setup)
        self.web = WebExporter(self.prometheus.exporters[JOB], file, trusting(authority, client))

    def scrape(self, *headers: str) -> Response:
        """One on a new connection."""
        return self.web.get(headers=[authorization(USER, PASSWORD), *headers])

    def __exit__(self, *arguments: object) -> None:
        super().__exit__(*arguments)
        self.prometheus.__exit__(*arguments)

    def _write_configuration(self, directory: Path, authority: Authority) -> Path:
        file = directory / "web.yml"
        settings = tls(
            self._installed,
            client_auth_type="RequireAndVerifyClientCert",
            client_ca_file=str(authority.certificate),
            client_allowed_sans=[CLIENT_NAME],
        )
        web_configuration.write(file, {**settings, "basic_auth_users": {USER: HASH}})
        return file

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            if self.begin is None:
                self.begin = self.prometheus.first_scrape()
                continue
            now = time.time()
            if now > self.begin + WINDOW_SECONDS:
                return
            if self.renewal is None and now > self.begin + WINDOW_SECONDS / 2:
                renew_by_rename(self._installed, self.second)
                self.renewal = now
            self._scrape_anew()

    def _scrape_anew(self) -> None:
        self.scrapes += 1
        try:
            with self.web.connect() as client:
                assert isinstance(client, TLSClient)
                if client.serial not in self.serials[-1:]:
                    self.serials.append(client.serial)
                status = client.get(headers=[authorization(USER, PASSWORD)]).status
                if status != 200:
                    self.failures.append(f"status {status}")
        except Exception as error:  # Whatever it is, it is a scrape that failed.
            self.failures.append(repr(error))
