"""Certificates made by the openssl command line: authorities, and what they sign for servers and clients."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# openssl ca's way to write a moment: YYYYMMDDHHMMSSZ.
LONG_AGO = ("20200101000000Z", "20200102000000Z")
NOT_YET = ("20490101000000Z", "20490102000000Z")
VALID = ("20200101000000Z", "20491231000000Z")

SERVER_NAMES = ("DNS:localhost", "IP:127.0.0.1")

_CONFIGURATION = """
[ca]
default_ca = authority
[authority]
database = {directory}/index.txt
new_certs_dir = {directory}
certificate = {directory}/ca.crt
private_key = {directory}/ca.key
default_md = sha256
policy = anything
unique_subject = no
rand_serial = yes
copy_extensions = copy
[anything]
commonName = optional
[req]
distinguished_name = name
[name]
[authority_extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[leaf_extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
"""


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, in two files."""

    certificate: Path
    key: Path

    @property
    def serial(self) -> str:
        """In upper-case hexadecimal digits, as Python's ssl module writes it."""
        return openssl("x509", "-in", str(self.certificate), "-noout", "-serial").strip().removeprefix("serial=")

    @property
    def pair(self) -> tuple[str, str]:
        return str(self.certificate), str(self.key)


class Authority:
    """A certificate authority in a directory of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir()
        self._directory = directory
        self._count = 0
        self._configuration = directory / "openssl.cnf"
        self._configuration.write_text(_CONFIGURATION.format(directory=directory))
        (directory / "index.txt").touch()
        self.certificate = directory / "ca.crt"
        openssl(
            *("req", "-x509", *_new_key("ec"), "-keyout", str(directory / "ca.key"), "-out", str(self.certificate)),
            *("-config", str(self._configuration), "-extensions", "authority_extensions"),
            *("-subj", f"/CN={name}", "-days", "3650"),
        )

    def issue(
        self,
        name: str,
        subject_names: Sequence[str] = (),
        validity: tuple[str, str] = VALID,
        key: str = "ec",
        usage: str | None = None,
    ) -> Certificate:
        """A new certificate for a server or a client, with a serial number of its own.

        `subject_names` are as openssl writes them, such as `DNS:localhost`; `key` is `ec`, `rsa:2048` or `rsa:4096`.
        """
        self._count += 1
        stem = self._directory / f"{self._count}-{name}"
        request, result = stem.with_suffix(".csr"), Certificate(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        extensions = []
        if subject_names:
            extensions += ["-addext", f"subjectAltName={','.join(subject_names)}"]
        if usage is not None:
            extensions += ["-addext", f"extendedKeyUsage={usage}"]
        configuration = ("-config", str(self._configuration))
        openssl(
            *("req", "-new", *_new_key(key), "-keyout", str(result.key), "-out", str(request), *configuration),
            *("-subj", f"/CN={name}", *extensions),
        )
        openssl(
            *("ca", "-batch", "-notext", *configuration, "-in", str(request), "-out", str(result.certificate)),
            *("-extensions", "leaf_extensions", "-startdate", validity[0], "-enddate", validity[1]),
        )
        return result

    def issue_server(self, validity: tuple[str, str] = VALID, key: str = "ec") -> Certificate:
        """A new certificate for the exporter, under the names by which the tests know it."""
        return self.issue("server", SERVER_NAMES, validity, key)


def openssl(*arguments: str, stdin: bytes = b"") -> str:
    """Runs openssl, which has to succeed, and gives what it printed."""
    result = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, timeout=30)
    assert result.returncode == 0, (arguments, result.stderr.decode("utf-8", "replace"))
    return result.stdout.decode("utf-8", "replace")


def renew_by_rename(installed: Certificate, new: Certificate) -> None:
    """Puts a new certificate and key in place as most tools do: each file is complete when it takes its name."""
    for place, source in zip((installed.key, installed.certificate), (new.key, new.certificate), strict=True):
        beside = place.with_suffix(".new")
        beside.write_bytes(source.read_bytes())
        os.rename(beside, place)


def renew_in_place(installed: Certificate, new: Certificate) -> None:
    """Writes over the files, as `cp` does."""
    for place, source in zip((installed.key, installed.certificate), (new.key, new.certificate), strict=True):
        place.write_bytes(source.read_bytes())


def _new_key(kind: str) -> tuple[str, ...]:
    parameters = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256") if kind == "ec" else (kind,)
    return ("-newkey", *parameters, "-nodes")
