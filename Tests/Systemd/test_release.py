"""A release as a static web server gives it, and apt takes it: installed, upgraded and removed again."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from shutil import which
from threading import Thread

import pytest

from conftest import DEB, PACKAGE
from exporter_unit import SERVICE, Counters, assert_it_counts, is_refused, page
from machine import Machine
from support.hardware_counter import RandomLoad
from typing_lines import type_lines

RELEASE = Path(__file__).resolve().parents[2] / "scripts" / "release.sh"
DEBUG_SYMBOLS = DEB.with_name(DEB.name.replace(PACKAGE, f"{PACKAGE}-dbgsym", 1))
KEYRING = f"/usr/share/keyrings/{PACKAGE}.gpg"
LIST = f"/etc/apt/sources.list.d/{PACKAGE}.list"
# Of this list alone, since nothing else can be reached; what is known of Debian's own packages stays.
UPDATE = (
    *("apt-get", "-o", f"Dir::Etc::SourceList={LIST}", "-o", "Dir::Etc::SourceParts=-"),
    *("-o", "APT::Get::List-Cleanup=0", "update"),
)


@dataclass
class Repository:
    """A directory, a throwaway key, and the server that gives it out."""

    directory: Path
    environment: dict[str, str]
    address: str = ""

    def add(self, *packages: Path) -> None:
        command = [RELEASE, self.directory, *packages]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def trust_on(self, machine: Machine) -> None:
        machine.copy_in(self.directory / f"{PACKAGE}.gpg", KEYRING)
        machine.write(LIST, f"deb [signed-by={KEYRING}] http://{self.address} stable main\n")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """What is asked for is of no interest."""


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    if which("reprepro") is None or which("gpg") is None:
        pytest.skip("reprepro or gpg is missing (Debian packages reprepro, gnupg)")
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    environment = {**os.environ, "GNUPGHOME": str(home), "RELEASE_KEY": "release@pyjoules-exporter.invalid"}
    key = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", environment["RELEASE_KEY"], "ed25519", "sign"]
    subprocess.run(key, env=environment, check=True, capture_output=True)
    made = Repository(tmp_path_factory.mktemp("repository") / "apt", environment)
    made.add(DEB, DEBUG_SYMBOLS)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(made.directory)))
    made.address = f"127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()
    subprocess.run(["gpgconf", "--kill", "all"], env=environment, check=False, capture_output=True)


def version(machine: Machine) -> str:
    return machine.run("dpkg-query", "--show", "--showformat=${Version}", PACKAGE)


def test_apt_installs_upgrades_and_removes_it(
    fresh_machine: Machine, counters: Counters, repository: Repository, newer_deb: Path
) -> None:
    repository.trust_on(fresh_machine)
    fresh_machine.run(*UPDATE)
    fresh_machine.run("apt-get", "install", "--yes", PACKAGE)
    assert_it_counts(counters["package_0"], "package_0")
    first = version(fresh_machine)
    before = page().value("pyjoules_energy_joules_total", domain="package_0")

    repository.add(newer_deb)
    fresh_machine.run(*UPDATE)
    fresh_machine.run("apt-get", "install", "--yes", "--only-upgrade", PACKAGE)
    assert version(fresh_machine) == f"{first}+newer"
    assert page().value("pyjoules_energy_joules_total", domain="package_0") >= before, "the totals went on"
    assert_it_counts(counters["package_0"], "package_0")

    fresh_machine.run("apt-get", "remove", "--yes", PACKAGE)
    assert is_refused()
    assert fresh_machine.run("systemctl", "is-active", SERVICE, check=False).strip() == "inactive"


def test_the_lines_that_the_document_gives_to_those_who_install_from_it(
    fresh_machine: Machine, counters: Counters, repository: Repository
) -> None:
    with RandomLoad(list(counters.values()), 50, Random(1)):
        here = {"https://HOST": f"http://{repository.address}", "apt update": shlex.join(UPDATE)}
        type_lines(fresh_machine, "release", here)
    assert_it_counts(counters["package_0"], "package_0")


def test_a_repository_that_somebody_changed_is_refused(fresh_machine: Machine, repository: Repository) -> None:
    repository.trust_on(fresh_machine)
    release = repository.directory / "dists" / "stable" / "InRelease"
    release.write_text(release.read_text().replace("Label: pyjoules-exporter", "Label: something-else"))
    said = fresh_machine.run("sh", "-c", '"$@" 2>&1; echo "status $?"', "sh", *UPDATE)
    assert "BADSIG" in said or "not signed" in said, said
    assert said.splitlines()[-1] != "status 0"


def test_every_package_has_its_sum_and_the_sums_a_signature(repository: Repository) -> None:
    sums = dict(reversed(line.split()) for line in (repository.directory / "SHA256SUMS").read_text().splitlines())
    packages = {str(path.relative_to(repository.directory)) for path in repository.directory.rglob("*.deb")}
    assert set(sums) == packages and len(packages) == 2
    for name, digest in sums.items():
        assert hashlib.sha256((repository.directory / name).read_bytes()).hexdigest() == digest
    check = ["gpgv", "--keyring", str(repository.directory / f"{PACKAGE}.gpg"), "SHA256SUMS.asc", "SHA256SUMS"]
    subprocess.run(check, cwd=repository.directory, env=repository.environment, check=True, capture_output=True)
