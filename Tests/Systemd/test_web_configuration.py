"""Encryption and passwords under the service's whole sandbox: at the start, after a reload and over restarts."""

from __future__ import annotations

import ssl
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import BOUND_WATTS
from exporter_unit import (
    ADDRESS,
    SERVICE,
    Access,
    Counters,
    assert_nothing_lost,
    scraped_under_load,
    wait_for_progress,
)
from machine import Machine
from support.raw_http import Client
from support.waiting import wait_until

DIRECTORY = "/etc/pyjoules-exporter"
# Of bcrypt with the lowest cost that is of use, so that the tests measure something else.
FIRST = ("first", "$2b$05$abcdefghijklmnopqrstuu3rQZA.e/048YzLTJ55aycWHfqo0a49W")
SECOND = ("second", "$2b$05$abcdefghijklmnopqrstuuKbPhTOR7Pvo59BRa0eQ090CMHpax.C6")


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """A new key, and a certificate that it signed itself."""
    directory.mkdir()
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return certificate, key


def put(machine: Machine, name: str, content: str) -> None:
    """Replaces a file as certbot does, by a rename; the group that may read it is the service's."""
    machine.write(f"{DIRECTORY}/{name}.new", content)
    path = f"{DIRECTORY}/{name}"
    machine.run("sh", "-c", f"chgrp pyjoules {path}.new && chmod 0640 {path}.new && mv {path}.new {path}")


def configuration(hashed: str) -> str:
    return (
        "tls_server_config:\n  cert_file: certificate.pem\n  key_file: key.pem\n"
        f'basic_auth_users:\n  prometheus: "{hashed}"\n'
    )


def install(machine: Machine, directory: Path, password: tuple[str, str]) -> Access:
    """Puts a new certificate and a password in place, and says how to get in with them."""
    certificate, key = make_certificate(directory)
    put(machine, certificate.name, certificate.read_text())
    put(machine, key.name, key.read_text())
    put(machine, "web.yml", configuration(password[1]))
    token = b64encode(f"prometheus:{password[0]}".encode()).decode()
    context = ssl.create_default_context(cafile=str(certificate))
    return Access(context, (f"Authorization: Basic {token}",))


@pytest.fixture
def access(machine: Machine, tmp_path: Path) -> Access:
    """The exporter behind TLS and a password."""
    access = install(machine, tmp_path / "first", FIRST)
    machine.write("/etc/default/pyjoules-exporter", f'ARGS="--web.config.file {DIRECTORY}/web.yml"\n')
    machine.systemctl("restart", SERVICE)
    return access


def is_let_in(access: Access) -> bool:
    try:
        return access.get().status == 200
    except ssl.SSLCertVerificationError:
        return False


def test_nobody_gets_in_without_them(machine: Machine, counters: Counters, access: Access) -> None:
    assert access.get().status == 200
    assert Access(access.tls).get().status == 401
    with pytest.raises(ssl.SSLCertVerificationError):
        Access(ssl.create_default_context()).get()
    with Client(ADDRESS) as client:
        assert client.get().status == 400
    assert_nothing_lost(counters, access)


def test_a_reload_takes_a_new_certificate_and_another_password(
    machine: Machine, access: Access, tmp_path: Path
) -> None:
    pid = machine.main_pid(SERVICE)
    renewed = install(machine, tmp_path / "second", SECOND)
    # What changes is seen without it, sooner or later; after it at once.
    machine.systemctl("reload", SERVICE)
    wait_until(lambda: is_let_in(renewed), what="the new certificate and password in force")
    assert Access(renewed.tls, access.headers).get().status == 401
    assert not is_let_in(access)

    # What is wrong changes nothing.
    refused = ("--unit", SERVICE, "PYJOULES_EVENT=web_configuration_refused")
    before = len(machine.journal(*refused))
    put(machine, "web.yml", "tls_server_config: nonsense\n")
    machine.systemctl("reload", SERVICE)
    wait_until(lambda: len(machine.journal(*refused)) > before, what="a word on what is wrong")
    assert is_let_in(renewed)
    assert machine.main_pid(SERVICE) == pid


def test_restarts_fail_no_encrypted_scrape(
    machine: Machine, counters: Counters, access: Access, figure: Callable[[str], None]
) -> None:
    with scraped_under_load(counters, BOUND_WATTS, access=access) as scrapers:
        for _ in range(20):
            machine.systemctl("restart", SERVICE)
            wait_for_progress(scrapers)
    assert_nothing_lost(counters, access)
    figure(f"20 restarts behind TLS and a password: {sum(scraper.pages for scraper in scrapers)} scrapes, 0 failed")
