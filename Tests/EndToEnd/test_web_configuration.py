"""The web configuration file: what it turns on, how a wrong one is refused, and what a reload changes."""

from __future__ import annotations

import os
import signal
import ssl
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support import web_configuration
from support.background import Background
from support.certificates import Authority, Certificate, renew_by_rename, renew_in_place
from support.exporter import BINARY, StartExporter, run
from support.exposition import Page
from support.raw_http import Client, ConnectionEnded
from support.tls_client import TLSClient, trusting
from support.waiting import wait_until
from support.web_configuration import StartWeb, WebExporter, authorization, bcrypt, tls

HASH = "$2y$04$" + "." * 53


# Headers and rate


HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "deny",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


def test_the_headers_arrive_with_every_response(start_web: StartWeb) -> None:
    web = start_web({"http_server_config": {"headers": HEADERS}})
    for method, path, status in [
        *(("GET", "/metrics", 200), ("HEAD", "/metrics", 200), ("GET", "/", 200), ("GET", "/-/healthy", 200)),
        *(("GET", "/nothing", 404), ("POST", "/metrics", 405), ("BREW", "/", 501)),
    ]:
        response = web.get(path, method)
        assert response.status == status
        for name, value in HEADERS.items():
            # None of them twice, which `header` sees to.
            assert response.header(name.lower()) == value, (path, name)


def test_headers_change_with_a_reload(start_web: StartWeb) -> None:
    web = start_web({"http_server_config": {"headers": {"X-Frame-Options": "deny"}}})
    with web.connect() as client:
        assert client.get("/").header("x-frame-options") == "deny"
        web.rewrite({"http_server_config": {"headers": {"X-Frame-Options": "sameorigin"}}})
        assert web.reload()["event"] == "reloaded"
        assert client.get("/").header("x-frame-options") == "sameorigin"
        web.rewrite("")
        wait_until(lambda: client.get("/").header("x-frame-options") is None)


def test_requests_beyond_the_rate_are_told_so(start_web: StartWeb) -> None:
    burst = 5
    web = start_web({"rate_limit": {"interval": "30m", "burst": burst}})
    with web.connect() as client:
        assert [client.get("/-/healthy").status for _ in range(burst)] == [200] * burst
        for path in ("/-/healthy", "/metrics", "/"):
            response = client.get(path)
            assert response.status == 429 and int(response.header("retry-after") or 0) > 0
    # By connections as well as by requests.
    assert web.get().status == 429


def test_the_rate_comes_back(start_web: StartWeb) -> None:
    web = start_web({"rate_limit": {"interval": "100ms", "burst": 3}})
    with web.connect() as client:
        wait_until(lambda: client.get("/-/healthy").status == 429, what="the end of the burst")
        wait_until(lambda: client.get("/-/healthy").status == 200, what="another token")
        page = wait_until(lambda: response.text if (response := client.get()).status == 200 else None)
        assert page is not None and Page(page).value("pyjoules_http_rejected_total", reason="rate") > 0


def test_who_is_beyond_the_rate_costs_no_comparison(start_web: StartWeb) -> None:
    hashed = bcrypt("right", 10)
    web = start_web({"rate_limit": {"interval": "30m", "burst": 1}, "basic_auth_users": {"scraper": hashed}})
    assert web.get("/", headers=[authorization("scraper", "wrong")]).status == 401
    wait_until(lambda: web.threads == 1)
    with web.connect() as client:
        for number in range(50):
            assert client.get("/", headers=[authorization("scraper", f"wrong {number}")]).status == 429
            assert web.threads == 1


def test_a_rate_changes_with_a_reload(start_web: StartWeb) -> None:
    web = start_web({"rate_limit": {"interval": "30m", "burst": 1}})
    with web.connect() as client:
        assert client.get("/").status == 200 and client.get("/").status == 429
        web.rewrite({"rate_limit": {"interval": "1ns", "burst": 1}})
        web.reload()
        assert [client.get("/").status for _ in range(10)] == [200] * 10


# Files of others


@pytest.fixture
def files(tmp_path: Path, authority: Authority) -> Path:
    """A directory with the names that the examples of the documentation have."""
    server = authority.issue_server()
    for name, source in {"server.crt": server.certificate, "server.key": server.key}.items():
        (tmp_path / name).write_bytes(source.read_bytes())
    (tmp_path / "client_ca.crt").write_bytes(authority.certificate.read_bytes())
    return tmp_path


# As the documentation of the exporters writes it, with every key that it names.
WHOLE = """\
# TLS and basic authentication.
tls_server_config:
  # Certificate and key files for server to use to authenticate to client.
  cert_file: server.crt
  key_file: server.key

  client_auth_type: "RequireAndVerifyClientCert"
  client_ca_file: client_ca.crt
  client_allowed_sans:
    - "prometheus.example.org"
    - 192.0.2.7

  min_version: "TLS12"
  max_version: 'TLS13'
  cipher_suites:
    - TLS_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256, X25519]

http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: "1; mode=block"
    Content-Security-Policy: >-
      default-src 'self';
      frame-ancestors 'none'

rate_limit:
  interval: 1ms
  burst: 100

# Usernames and hashed passwords.
basic_auth_users:
  alice: {alice}
  "bob": '{bob}'
"""


def test_a_file_with_every_documented_key(start_web: StartWeb, authority: Authority, files: Path) -> None:
    web = start_web(WHOLE.format(alice=bcrypt("of alice"), bob=bcrypt("of bob")))
    allowed = authority.issue("client", ["DNS:prometheus.example.org"])
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = trusting(authority, allowed, version)
        response = web.get(headers=[authorization("bob", "of bob")], context=context)
        assert response.status == 200
        assert response.header("content-security-policy") == "default-src 'self'; frame-ancestors 'none'"
        assert web.get(context=context).status == 401
    summary = web.exporter.only_record("web_configuration_loaded")["msg"]
    for words in ("TLS", "client certificates (RequireAndVerifyClientCert)", "2 users", "a rate limit"):
        assert words in summary


HARMLESS = {
    "empty": "",
    "comments": "# nothing yet\n",
    "start of a document": "---\n",
    "nothing": "~\n",
    "sections without content": "tls_server_config:\nbasic_auth_users:\nhttp_server_config:\nrate_limit:\n",
    "sections that are empty": "tls_server_config: {}\nbasic_auth_users: {}\nhttp_server_config: {}\nrate_limit: {}\n",
    "no HTTP/2": "http_server_config:\n  http2: false\n",
    "no rate": "rate_limit:\n  interval: 0\n  burst: 10\n",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_files_that_ask_for_nothing(start_web: StartWeb, name: str) -> None:
    web = start_web(HARMLESS[name])
    assert web.get().status == 200


def test_certificate_and_key_in_the_file_itself(start_web: StartWeb, authority: Authority) -> None:
    server = authority.issue_server()
    certificate, key, client_ca = (
        path.read_text().replace("\n", "\n    ") for path in (server.certificate, server.key, authority.certificate)
    )
    web = start_web(
        f"tls_server_config:\n  cert: |\n    {certificate}\n  key: |\n    {key}\n"
        f"  client_ca: |\n    {client_ca}\n  client_auth_type: RequireAndVerifyClientCert\n"
    )
    context = trusting(authority, authority.issue("client"))
    assert web.get(context=context).status == 200
    with pytest.raises((ssl.SSLError, ConnectionError, ConnectionEnded)):
        web.get()


def test_credentials_from_the_service_manager(start_web: StartWeb, authority: Authority, tmp_path: Path) -> None:
    """As LoadCredential= gives them. See systemd.exec(5)."""
    server = authority.issue_server()
    directory = tmp_path / "credentials"
    directory.mkdir(mode=0o700)
    for name, source in {"tls.crt": server.certificate, "tls.key": server.key}.items():
        (directory / name).write_bytes(source.read_bytes())
        (directory / name).chmod(0o400)
    settings = {"cert_file": "${CREDENTIALS_DIRECTORY}/tls.crt", "key_file": "${CREDENTIALS_DIRECTORY}/tls.key"}
    web = start_web({"tls_server_config": settings}, environment={"CREDENTIALS_DIRECTORY": str(directory)})
    assert web.get().status == 200
    new = authority.issue_server()
    renew_by_rename(Certificate(directory / "tls.crt", directory / "tls.key"), new)
    wait_until(lambda: serial(web) == new.serial, what="the new certificate")


@pytest.mark.parametrize(
    "hashed",
    [HASH.replace("04", "30"), HASH[:-1], HASH.replace("$2y", "$2x"), HASH[:-1] + "="],
    ids=["takes hours", "too short", "old fault", "no base 64"],
)
def test_a_user_who_can_never_log_in_is_a_warning(start_web: StartWeb, hashed: str) -> None:
    """Other exporters start with such a file, and keep everybody out."""
    web = start_web({"basic_auth_users": {"alice": hashed}})
    (warning,) = [one for one in web.exporter.records("web_configuration_loaded") if one["level"] == "warning"]
    assert "'alice' can never log in" in warning["msg"] and ".yml:1: " in warning["msg"]
    assert hashed[7:] not in warning["msg"]
    with web.connect() as client:
        assert client.get("/-/healthy").status == 401
        assert client.get("/-/healthy", headers=[authorization("alice", "x")]).status == 401


def test_a_limit_that_lets_nothing_through_is_a_warning(start_web: StartWeb) -> None:
    web = start_web({"rate_limit": {"interval": "1s", "burst": 0}})
    (warning,) = [one for one in web.exporter.records("web_configuration_loaded") if one["level"] == "warning"]
    assert "rate_limit.burst" in warning["msg"]
    with web.connect() as client:
        assert client.get("/-/healthy").status == 429


# Wrong files: file, line, key, value and remedy, in one line


WRONG = {
    "unknown section": ("tls_config:\n", 1, ["'tls_config'", "tls_server_config", "basic_auth_users"]),
    "unknown key of TLS": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  certfile: x\n",
        *(4, ["'certfile'", "tls_server_config", "cert_file"]),
    ),
    "unknown key of HTTP": ("http_server_config:\n  http3: true\n", 2, ["'http3'", "http2, headers"]),
    "unknown key of the rate": ("rate_limit:\n  rate: 3\n", 2, ["'rate'", "interval, burst"]),
    "unknown header": ("http_server_config:\n  headers:\n    X-Other: a\n", 3, ["'X-Other'", "X-Frame-Options"]),
    "section twice": ("rate_limit:\nbasic_auth_users:\nrate_limit:\n", 3, ["'rate_limit'", "line 1"]),
    "key twice": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cert_file: server.crt\n",
        *(4, ["'cert_file'", "line 2"]),
    ),
    "user twice": (f"basic_auth_users:\n  alice: {HASH}\n  alice: {HASH}\n", 3, ["'alice'", "line 2"]),
    "list for a section": ("rate_limit:\n  - 1\n", 1, ["rate_limit", "KEY: VALUE"]),
    "word for a section": ("basic_auth_users: alice\n", 1, ["basic_auth_users", "KEY: VALUE"]),
    "list for the file": ("- a\n", 1, ["the file", "KEY: VALUE"]),
    "list for a value": (
        "tls_server_config:\n  cert_file: [a]\n  key_file: b\n",
        *(2, ["tls_server_config.cert_file", "single value"]),
    ),
    "word for a list": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        "  cipher_suites: TLS_AES_128_GCM_SHA256\n",
        *(4, ["tls_server_config.cipher_suites", "list", "- VALUE"]),
    ),
    "word for a truth": ("http_server_config:\n  http2: maybe\n", 2, ["http2", "'maybe'", "true and false"]),
    "word for a number": ("rate_limit:\n  interval: 1s\n  burst: many\n", 3, ["burst", "'many'", "whole numbers"]),
    "number without a unit": ("rate_limit:\n  interval: 5\n  burst: 1\n", 2, ["interval", "'5'", "1m30s"]),
    "no certificate": ("tls_server_config:\n  key_file: server.key\n", 1, ["tls_server_config", "cert or cert_file"]),
    "no key": ("tls_server_config:\n  cert_file: server.crt\n", 1, ["tls_server_config", "key or key_file"]),
    "certificate twice": (
        "tls_server_config:\n  cert: |\n    -----BEGIN CERTIFICATE-----\n"
        "  cert_file: server.crt\n  key_file: server.key\n",
        *(4, ["cert_file", "cert is given too"]),
    ),
    "unknown version": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  min_version: TLS14\n",
        *(4, ["min_version", "'TLS14'", "TLS10, TLS11, TLS12, TLS13"]),
    ),
    "versions the wrong way round": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        "  min_version: TLS13\n  max_version: TLS12\n",
        *(4, ["min_version", "TLS13", "TLS12"]),
    ),
    "unknown cipher": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cipher_suites:\n    - RC4\n",
        *(5, ["cipher_suites", "'RC4'", "TLS_AES_128_GCM_SHA256"]),
    ),
    "unknown curve": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  curve_preferences: [P-256]\n",
        *(4, ["curve_preferences", "'P-256'", "CurveP256"]),
    ),
    "unknown policy": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: Always\n",
        *(4, ["client_auth_type", "'Always'", "RequireAndVerifyClientCert"]),
    ),
    "authorities without a policy": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca_file: client_ca.crt\n",
        *(4, ["client_ca_file", "client_auth_type"]),
    ),
    "policy without authorities": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        "  client_auth_type: RequireAndVerifyClientCert\n",
        *(4, ["client_auth_type", "client_ca_file"]),
    ),
    "names that nobody verifies": (
        "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a]\n",
        *(5, ["client_allowed_sans", "RequireAndVerifyClientCert"]),
    ),
    "password in the clear": ("basic_auth_users:\n  alice: secret\n", 2, ["'alice'", "htpasswd -nBC 10"]),
    "hash of another kind": (f"basic_auth_users:\n  alice: $apr1$x${'a' * 22}\n", 2, ["'alice'", "bcrypt"]),
    "value of a header": (
        "http_server_config:\n  headers:\n    X-Frame-Options: allow\n",
        *(3, ["X-Frame-Options", "'allow'", "deny, sameorigin"]),
    ),
    "header of two lines": (
        "http_server_config:\n  headers:\n    X-XSS-Protection: |\n      a\n      Set-Cookie: b\n",
        *(3, ["X-XSS-Protection", "one line"]),
    ),
    "no YAML": ("rate_limit:\n  interval: [1s\n", 3, ["YAML"]),
    "tabulator": ("rate_limit:\n\tinterval: 1s\n", 2, ["YAML"]),
    "two documents": ("rate_limit:\n---\nrate_limit:\n", 2, ["second document"]),
    "variable that is not set": (
        "tls_server_config:\n  cert_file: ${CREDENTIALS_DIRECTORY}/a\n  key_file: server.key\n",
        *(2, ["cert_file", "CREDENTIALS_DIRECTORY", "LoadCredential="]),
    ),
}


def start_failure(file: Path) -> str:
    """The one line by which the exporter refuses to start with that file."""
    result = run("--source", "simulated", "--web.listen-address", "127.0.0.1:0", "--web.config.file", str(file))
    assert result.returncode == 1, result
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_line(files: Path, name: str) -> None:
    text, line, mentioned = WRONG[name]
    file = files / "web.yml"
    file.write_text(text)
    said = start_failure(file)
    assert f"{file}:{line}: " in said
    for words in mentioned:
        assert words in said, said
    assert "secret" not in said and HASH[7:] not in said


def test_files_that_cannot_be_used(files: Path, authority: Authority) -> None:
    good = "tls_server_config:\n  cert_file: {}\n  key_file: {}\n"
    (files / "garbage").write_bytes(bytes(range(256)))
    (files / "other.key").write_bytes(authority.issue_server().key.read_bytes())
    (files / "big").write_bytes(b"a" * (2 << 20))
    for certificate, key, mentioned in (
        ("missing.crt", "server.key", ["the certificate", "missing.crt"]),
        ("server.crt", "missing.key", ["the key", "missing.key"]),
        ("garbage", "server.key", ["garbage", "the certificate cannot be parsed"]),
        ("server.crt", "garbage", ["garbage", "the key cannot be parsed"]),
        ("server.crt", "other.key", ["other.key", "the key does not belong to the certificate"]),
        ("server.key", "server.crt", ["server.key", "cannot be parsed"]),
        ("big", "server.key", ["big"]),
        (".", "server.key", ["the certificate"]),
    ):
        file = files / "web.yml"
        file.write_text(good.format(certificate, key))
        said = start_failure(file)
        for words in mentioned:
            assert words in said, said
    assert "missing.yml" in start_failure(files / "missing.yml")
    assert "1 MiB" in start_failure(files / "big")


def test_without_the_file_nothing_of_tls_is_loaded(
    start_exporter: StartExporter, start_web: StartWeb, server_certificate: Certificate
) -> None:
    def maps(pid: int) -> str:
        return Path(f"/proc/{pid}/maps").read_text()

    without = start_exporter(None)
    assert without.get().status == 200
    assert "libssl" not in maps(without.pid) and "libcrypto" not in maps(without.pid)
    assert "libssl" not in maps(start_web({}).exporter.pid)
    # The test would see it.
    web = start_web(tls(server_certificate))
    assert "libssl" in maps(web.exporter.pid) and "libcrypto" in maps(web.exporter.pid)


# Renewal


def serial(web: WebExporter) -> str:
    """The serial number of the certificate that new connections see."""
    with web.connect() as client:
        assert isinstance(client, TLSClient)
        return client.serial


class Load(Background):
    """Scrapes without a pause, on a connection that is kept and on new ones; each failure is remembered."""

    def __init__(self, web: WebExporter) -> None:
        super().__init__()
        self.count = 0
        self.failures: list[str] = []
        self.serials: set[str] = set()
        self._web = web
        self._has_begun = threading.Event()

    def __enter__(self) -> Load:
        super().__enter__()
        assert self._has_begun.wait(10)
        return self

    def wait_for_more(self, count: int = 20) -> None:
        """Until so many more scrapes were made."""
        aim = self.count + count
        wait_until(lambda: self.count >= aim or self.failures, what="scrapes")

    def _run(self) -> None:
        kept = self._web.connect()
        with kept:
            while not self._stopped.is_set():
                self._scrape(kept)
                try:
                    with self._web.connect() as fresh:
                        assert isinstance(fresh, TLSClient)
                        self.serials.add(fresh.serial)
                        self._scrape(fresh)
                except OSError as error:
                    self.failures.append(repr(error))
                self._has_begun.set()

    def _scrape(self, client: Client) -> None:
        self.count += 1
        try:
            response = client.get()
            if response.status != 200 or not response.text.endswith("\n"):
                self.failures.append(str(response))
        except (OSError, ConnectionEnded) as error:
            self.failures.append(repr(error))


@pytest.fixture
def installed(tmp_path: Path, authority: Authority) -> Certificate:
    """A certificate in a place of its own, where it can be renewed."""
    directory = tmp_path / "installed"
    directory.mkdir()
    place = Certificate(directory / "tls.crt", directory / "tls.key")
    renew_in_place(place, authority.issue_server())
    return place


def renew_by_link(place: Certificate, new: Certificate) -> None:
    """As Kubernetes does it: files are links through one link, which is exchanged."""
    directory = place.certificate.parent
    version = directory / f"..{new.certificate.stem}"
    version.mkdir()
    renew_in_place(Certificate(version / "tls.crt", version / "tls.key"), new)
    (directory / "..new").symlink_to(version.name)
    os.rename(directory / "..new", directory / "..data")


@pytest.fixture
def linked(tmp_path: Path, authority: Authority) -> Certificate:
    """The same behind links."""
    directory = tmp_path / "linked"
    directory.mkdir()
    place = Certificate(directory / "tls.crt", directory / "tls.key")
    renew_by_link(place, authority.issue_server())
    for path in place.pair:
        Path(path).symlink_to(f"..data/{Path(path).name}")
    return place


def renew_in_archive(place: Certificate, new: Certificate) -> None:
    """As certbot does it: each version has names of its own in another directory, and the links are exchanged."""
    archive = place.certificate.parent.parent / "archive"
    archive.mkdir(exist_ok=True)
    for path, source in zip(place.pair, new.pair, strict=True):
        version = archive / Path(source).name
        version.write_bytes(Path(source).read_bytes())
        Path(path + ".new").symlink_to(f"../archive/{version.name}")
        os.rename(path + ".new", path)


@pytest.fixture
def archived(tmp_path: Path, authority: Authority) -> Certificate:
    """The same behind links to another directory."""
    directory = tmp_path / "letsencrypt" / "live"
    directory.mkdir(parents=True)
    place = Certificate(directory / "tls.crt", directory / "tls.key")
    renew_in_archive(place, authority.issue_server())
    return place


Renewal = Callable[[Certificate, Certificate], None]


RENEWALS: Mapping[str, tuple[Renewal, str]] = {
    "rename": (renew_by_rename, "installed"),
    "in place": (renew_in_place, "installed"),
    "link to the directory": (renew_by_link, "linked"),
    "links to the files": (renew_in_archive, "archived"),
}


@pytest.mark.parametrize("how", RENEWALS)
def test_a_certificate_is_renewed_under_load(
    start_web: StartWeb, authority: Authority, request: pytest.FixtureRequest, how: str
) -> None:
    renew, fixture = RENEWALS[how]
    place: Certificate = request.getfixturevalue(fixture)
    web = start_web(tls(place))
    first = serial(web)
    assert first == place.serial
    with Load(web) as load:
        # Noticed by itself.
        second = authority.issue_server()
        renew(place, second)
        wait_until(lambda: serial(web) == second.serial, what="the second certificate")
        load.wait_for_more()
        # And at once where it is asked for.
        third = authority.issue_server()
        renew(place, third)
        web.exporter.send_signal(signal.SIGHUP)
        wait_until(lambda: serial(web) == third.serial, what="the third certificate")
        load.wait_for_more()
    assert load.failures == []
    assert {first, second.serial, third.serial} <= load.serials
    page = web.page()
    assert page.value("pyjoules_web_config_last_reload_successful") == 1


def mismatched(authority: Authority, place: Certificate) -> None:
    place.key.write_bytes(authority.issue_server().key.read_bytes())


def garbled(_: Authority, place: Certificate) -> None:
    place.certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def removed(_: Authority, place: Certificate) -> None:
    place.key.unlink()


def cut(_: Authority, place: Certificate) -> None:
    place.key.write_bytes(place.key.read_bytes()[:-40])


def emptied(_: Authority, place: Certificate) -> None:
    place.certificate.write_bytes(b"")


BREAKS = {
    "mismatching key": (mismatched, "the key does not belong to the certificate"),
    "bad certificate": (garbled, "the certificate cannot be parsed"),
    "no key": (removed, "the key cannot be read"),
    "half a key": (cut, "the key cannot be parsed"),
    "empty certificate": (emptied, "no certificate in PEM form"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_bad_certificate_changes_nothing_and_a_good_one_heals(
    start_web: StartWeb, authority: Authority, installed: Certificate, name: str
) -> None:
    damage, words = BREAKS[name]
    web = start_web(tls(installed))
    first = serial(web)
    with web.connect() as kept:
        damage(authority, installed)
        record = web.exporter.wait_for_event("web_configuration_refused")
        assert record["level"] == "error" and words in record["msg"]
        assert str(installed.certificate) in record["msg"] or str(installed.key) in record["msg"]
        assert serial(web) == first
        wait_until(lambda: Page(kept.get().text).value("pyjoules_web_config_last_reload_successful") == 0)
        new = authority.issue_server()
        renew_by_rename(installed, new)
        wait_until(lambda: serial(web) == new.serial, what="the good certificate")
        wait_until(lambda: Page(kept.get().text).value("pyjoules_web_config_last_reload_successful") == 1)


def test_a_file_in_the_working_directory(start_exporter: StartExporter, tmp_path: Path) -> None:
    """Its name has no directory, but where it lies has to stay readable."""
    file = tmp_path / "web.yml"
    web_configuration.write(file, {"http_server_config": {"headers": {"X-Frame-Options": "deny"}}})
    exporter = start_exporter(
        None, "--web.config.file", file.name, launcher=["env", f"--chdir={tmp_path}"], binary=BINARY.resolve()
    )
    assert exporter.get("/").header("x-frame-options") == "deny"
    web_configuration.write(file, {"http_server_config": {"headers": {"X-Frame-Options": "sameorigin"}}})
    wait_until(lambda: exporter.get("/").header("x-frame-options") == "sameorigin", what="the new file")


def test_a_bad_file_changes_nothing_and_a_good_one_heals(start_web: StartWeb, server_certificate: Certificate) -> None:
    frame = {"http_server_config": {"headers": {"X-Frame-Options": "deny"}}}
    web = start_web({**tls(server_certificate), **frame})
    for text, line in (("tls_server_config: [\n", 2), ("a: b\n", 1), ("rate_limit:\n  burst: x\n", 2)):
        before = len(web.readings)
        web.rewrite(text)
        (record, *_) = wait_until(lambda: web.readings[before:], what="the reload")
        assert record["event"] == "web_configuration_refused" and record["level"] == "error"
        assert f"{web.file}:{line}: " in record["msg"] and record["file"] == str(web.file)
        assert web.get("/").header("x-frame-options") == "deny"
    web.file.unlink()
    assert "cannot be read" in web.reload()["msg"]
    assert web.get("/").header("x-frame-options") == "deny"
    web.rewrite(tls(server_certificate))
    wait_until(lambda: web.get("/").header("x-frame-options") is None, what="the good file")


def test_tls_is_not_turned_on_or_off_by_a_reload(start_web: StartWeb, server_certificate: Certificate) -> None:
    """Clients that are configured for one would meet the other, and passwords would go in the clear."""
    with_tls: dict[str, Any] = tls(server_certificate)
    for before, after in ((with_tls, {}), ({}, with_tls)):
        web = start_web(before)
        web.rewrite(after)
        record = web.reload()
        assert record["event"] == "web_configuration_refused" and "restart" in record["msg"]
        assert web.get("/-/healthy").status == 200
        web.rewrite({**before, "http_server_config": {"headers": {"X-Frame-Options": "deny"}}})
        wait_until(lambda: web.get("/").header("x-frame-options") == "deny", what="the file as it was, and a header")


def test_kept_connections_live_through_many_reloads(start_web: StartWeb, server_certificate: Certificate) -> None:
    web = start_web(tls(server_certificate), "--sample.interval", "20ms")
    with web.connect() as kept:
        before = int(Page(kept.get().text).value("process_open_fds"))
        for _ in range(100):
            assert web.reload()["event"] == "reloaded"
            assert kept.get("/-/healthy").status == 200
        wait_until(lambda: int(Page(kept.get().text).value("process_open_fds")) == before)
