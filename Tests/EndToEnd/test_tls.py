"""TLS as clients see it: its versions and ciphers, whose certificates are accepted, and what breaking it does."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import activate, client_hello, web_configuration
from support.certificates import LONG_AGO, NOT_YET, Authority, Certificate
from support.client_hello import DEFLATE, NO_COMPRESSION, SSL3, TLS10, TLS11, TLS12, Answer, ask
from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.raw_http import Client, ConnectionEnded, request
from support.slow_tls import SlowTLS
from support.tls_client import SteppedTLS, TLSClient, trusting
from support.waiting import DEADLINE_SECONDS, wait_until
from support.web_configuration import StartWeb, WebExporter, tls

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}
# No handshake may last longer.
HANDSHAKE_SECONDS = 10
# The second is what a client of SSL 3.0 knows.
REFUSED_VERSION = (client_hello.PROTOCOL_VERSION, client_hello.HANDSHAKE_FAILURE)


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, server_certificate: Certificate
) -> Iterator[WebExporter]:
    """One exporter for all tests that only ask: what a client does to it must not be felt by the next."""
    file = tmp_path_factory.mktemp("tls") / "web.yml"
    web_configuration.write(file, tls(server_certificate))
    arguments = ["--web.listen-address", "127.0.0.1:0", "--source", "simulated", "--web.config.file", str(file)]
    with Exporter([*arguments, "--sample.interval", "20ms", "--log.level", "debug"]) as exporter:
        exporter.wait_for_event("started")
        yield WebExporter(exporter, file, trusting(authority))


@pytest.fixture
def unharmed(web: WebExporter) -> Iterator[WebExporter]:
    """The same, which after the test must still serve, and have no connection left but the one that asks."""
    yield web
    with web.connect() as client:
        wait_until(
            lambda: Page(client.get().text).value("pyjoules_http_connections") == 1, what="the end of all connections"
        )


def plain(web: WebExporter) -> Client:
    """A connection without TLS."""
    return Client(("127.0.0.1", web.exporter.port))


def refusal(web: WebExporter, context: ssl.SSLContext) -> str | None:
    """How the server refuses a client that speaks so, as the client's TLS says it; None if it answers the request."""
    try:
        assert web.get("/-/healthy", context=context).status == 200
    except ssl.SSLError as error:
        return str(error)
    except (ConnectionResetError, BrokenPipeError, ConnectionEnded) as error:
        # In TLS 1.3 the client sends before it hears of the refusal, which a reset can destroy.
        return repr(error)
    return None


def s_client(web: WebExporter, authority: Authority, *arguments: str, typed: bytes = b"") -> str:
    """What openssl's client says of a connection."""
    fixed = ("-connect", f"127.0.0.1:{web.exporter.port}", "-servername", "localhost")
    trust = ("-CAfile", str(authority.certificate), "-verify_return_error")
    result = subprocess.run(
        ["openssl", "s_client", *fixed, *trust, *arguments], input=typed, capture_output=True, timeout=DEADLINE_SECONDS
    )
    return (result.stdout + result.stderr).decode("utf-8", "replace")


# Ordinary clients


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_scrapes(web: WebExporter, authority: Authority, version: str) -> None:
    result = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--max-time", "10", "--cacert", str(authority.certificate)),
            *(f"--tlsv{version}", "--tls-max", version, "--write-out", "\n%{http_version} %{http_code}"),
            f"https://localhost:{web.exporter.port}/metrics",
            *("--resolve", f"localhost:{web.exporter.port}:127.0.0.1"),
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.returncode == 0, result.stderr
    body, _, summary = result.stdout.rpartition("\n")
    # It offers HTTP/2 too.
    assert summary == "1.1 200"
    assert Page(body).ticks > 0


@pytest.mark.parametrize("version", VERSIONS)
def test_openssl_agrees(web: WebExporter, authority: Authority, version: str) -> None:
    option = "-" + version.lower().replace("v", "").replace(".", "_")
    said = s_client(web, authority, option, "-alpn", "h2,http/1.1")
    assert f"New, {version}, " in said
    assert "ALPN protocol: http/1.1" in said
    assert "Compression: NONE" in said
    assert "Verification: OK" in said
    if version == "TLSv1.2":
        assert "Secure Renegotiation IS supported" in said
        assert "Extended master secret: yes" in said


@pytest.mark.parametrize("version", VERSIONS)
def test_a_connection_is_kept_and_ended_in_order(web: WebExporter, authority: Authority, version: str) -> None:
    context = trusting(authority, version=VERSIONS[version])
    with TLSClient(("127.0.0.1", web.exporter.port), context) as client:
        assert client.socket.version() == version
        assert client.socket.selected_alpn_protocol() == "http/1.1"
        full = client.get()
        for _ in range(20):
            response = client.get(method="HEAD")
            assert response.status == 200 and response.body == b""
            assert abs(int(response.header("content-length") or 0) - len(full.body)) < 200
        assert client.get("/nothing").status == 404
        last = client.get("/-/healthy", headers=["Connection: close"])
        assert last.status == 200 and last.header("connection") == "close"
        assert says_that_it_ends(client)


def test_http_1_0_is_answered_and_closed(web: WebExporter, authority: Authority) -> None:
    with TLSClient(("127.0.0.1", web.exporter.port), trusting(authority)) as client:
        client.send(request(version="HTTP/1.0", headers=["Connection: keep-alive"]))
        response = client.read_response()
        assert response.status == 200 and response.header("connection") == "keep-alive"
        client.send(request(version="HTTP/1.0", host=None))
        assert client.read_response().status == 200
        assert says_that_it_ends(client)


def test_what_is_malformed_is_refused_through_tls(web: WebExporter, authority: Authority) -> None:
    """The reason can be read, and then the end is told: without that, it could be an attacker's."""
    with TLSClient(("127.0.0.1", web.exporter.port), trusting(authority)) as client:
        client.send(request(headers=["Long: " + "a" * 64 * 1024]))
        assert client.read_response().status == 431
        assert says_that_it_ends(client)


def test_the_end_of_the_exporter_is_told_to_idle_clients(start_web: StartWeb, server_certificate: Certificate) -> None:
    web = start_web(tls(server_certificate))
    with web.connect() as client:
        assert client.get().status == 200
        web.exporter.send_signal(signal.SIGTERM)
        assert isinstance(client, TLSClient) and says_that_it_ends(client)
    assert web.exporter.wait() == 0


def says_that_it_ends(client: TLSClient) -> bool:
    """Whether the server ends the connection as TLS wants it, by an alert, so that nobody else could have cut it."""
    client.socket.suppress_ragged_eofs = False
    return client.socket.recv(1) == b""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed(web: WebExporter, authority: Authority, version: str) -> None:
    context = trusting(authority, version=VERSIONS[version])
    address = ("127.0.0.1", web.exporter.port)
    with TLSClient(address, context) as client:
        # In TLS 1.3 the tickets come with the first answer.
        assert client.get().status == 200
        session = client.socket.session
        assert not client.socket.session_reused and session.has_ticket
    for _ in range(3):
        with TLSClient(address, context, session=session) as client:
            assert client.get().status == 200
            assert client.socket.session_reused
            session = client.socket.session


def test_a_client_that_speaks_only_http_2_is_refused(web: WebExporter, authority: Authority) -> None:
    context = trusting(authority)
    context.set_alpn_protocols(["h2"])
    assert "no application protocol" in (refusal(web, context) or "")
    context = ssl.create_default_context(cafile=str(authority.certificate))
    assert refusal(web, context) is None, "one that offers no protocols means HTTP/1.1"


# Old and weak: the table of testssl, said by hand because no library here would say it


@pytest.mark.parametrize("version", [SSL3, TLS10, TLS11])
def test_old_versions_are_refused(web: WebExporter, version: int) -> None:
    with plain(web) as client:
        answer = ask(client, client_hello.client_hello(version, (*client_hello.STRONG, 0xC013, 0xC009, 0x002F)))
        assert answer.alert in REFUSED_VERSION
        assert client.is_gone()


WEAK = {
    "NULL": (0x0001, 0x0002, 0x003B, 0xC006, 0xC010),
    "export": (0x0003, 0x0006, 0x0008, 0x0014, 0x0019),
    "anonymous": (0x0018, 0x0034, 0x00A6, 0x00A7, 0xC018, 0xC019),
    "RC4": (0x0004, 0x0005, 0xC007, 0xC011),
    "DES and triple DES": (0x0009, 0x000A, 0x0016, 0xC008, 0xC012),
    "no forward secrecy": (0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D),
    "finite-field Diffie-Hellman": (0x0033, 0x0039, 0x0067, 0x006B, 0x009E, 0x009F),
    "CBC": (0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC024, 0xC027, 0xC028),
    "pre-shared keys": (0x008C, 0x00A8, 0x00AE),
    "unknown": (0x5A5A, 0xFAFA),
}


@pytest.mark.parametrize("name", WEAK)
def test_weak_ciphers_are_refused(web: WebExporter, name: str) -> None:
    with plain(web) as client:
        assert ask(client, client_hello.client_hello(TLS12, WEAK[name])).alert == client_hello.HANDSHAKE_FAILURE
        assert client.is_gone()


def test_the_table_of_refusals_would_notice_acceptance(web: WebExporter) -> None:
    with plain(web) as client:
        answer = ask(client, client_hello.client_hello(TLS12))
        assert answer.version == TLS12 and answer.cipher in client_hello.STRONG


def test_nothing_is_compressed(web: WebExporter) -> None:
    """A page with secrets in compressed records can be guessed by its length (CRIME)."""
    with plain(web) as client:
        answer = ask(client, client_hello.client_hello(TLS12, compressions=(DEFLATE, NO_COMPRESSION)))
        assert answer.compression == NO_COMPRESSION


def test_a_client_that_does_nothing_but_change_its_keys_is_ended(unharmed: WebExporter, authority: Authority) -> None:
    """Each change costs the server more than a request, before any password is asked for."""
    address = f"127.0.0.1:{unharmed.exporter.port}"
    command = ["openssl", "s_client", "-connect", address, "-CAfile", authority.certificate, "-tls1_3"]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere) as client:
        assert client.stdin is not None

        def changes_keys() -> bool:
            with contextlib.suppress(BrokenPipeError):
                client.stdin.write(b"k\n")
            return client.poll() is None

        wait_until(lambda: not changes_keys(), what="the end of the connection")


def test_nothing_is_renegotiated(web: WebExporter, authority: Authority) -> None:
    said = s_client(web, authority, "-tls1_2", typed=b"R\n")
    assert "RENEGOTIATING" in said
    assert "no renegotiation" in said


# What the file chooses


def hello_answer(web: WebExporter, version: int, *ciphers: int) -> Answer:
    with plain(web) as client:
        return ask(client, client_hello.client_hello(version, ciphers))


def test_the_least_version_is_obeyed(
    start_web: StartWeb, authority: Authority, server_certificate: Certificate
) -> None:
    web = start_web(tls(server_certificate, min_version="TLS13"))
    assert "protocol version" in (refusal(web, trusting(authority, version=VERSIONS["TLSv1.2"])) or "")
    assert refusal(web, trusting(authority, version=VERSIONS["TLSv1.3"])) is None


def test_the_greatest_version_is_obeyed(
    start_web: StartWeb, authority: Authority, server_certificate: Certificate
) -> None:
    web = start_web(tls(server_certificate, max_version="TLS12"))
    assert "protocol version" in (refusal(web, trusting(authority, version=VERSIONS["TLSv1.3"])) or "")
    with TLSClient(("127.0.0.1", web.exporter.port), trusting(authority)) as client:
        assert client.socket.version() == "TLSv1.2"


@pytest.mark.parametrize("name, version", [("TLS10", TLS10), ("TLS11", TLS11)])
def test_an_old_version_is_spoken_where_the_file_says_so(
    start_web: StartWeb, server_certificate: Certificate, name: str, version: int
) -> None:
    web = start_web(tls(server_certificate, min_version=name))
    assert hello_answer(web, version, 0xC009, 0xC00A).version == version
    assert hello_answer(web, version - 1, 0xC009, 0xC00A).alert in REFUSED_VERSION
    assert hello_answer(web, TLS12, *client_hello.STRONG).version == TLS12


def test_cipher_suites_are_obeyed(start_web: StartWeb, authority: Authority, server_certificate: Certificate) -> None:
    web = start_web(tls(server_certificate, cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]))
    assert hello_answer(web, TLS12, 0xC02B, 0xC02C).cipher == 0xC02C
    assert hello_answer(web, TLS12, 0xC02B, 0xCCA9).alert == client_hello.HANDSHAKE_FAILURE
    # As in Go, the list is about TLS 1.2.
    assert refusal(web, trusting(authority, version=VERSIONS["TLSv1.3"])) is None


@pytest.mark.parametrize("is_preferred, chosen", [(True, 0xC02C), (False, 0xC02B)])
def test_whose_order_of_ciphers_counts(
    start_web: StartWeb, server_certificate: Certificate, is_preferred: bool, chosen: int
) -> None:
    suites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
    web = start_web(tls(server_certificate, cipher_suites=suites, prefer_server_cipher_suites=is_preferred))
    assert hello_answer(web, TLS12, 0xC02B, 0xC02C).cipher == chosen


CURVES = {
    "CurveP256": ("P-256", "ECDH, prime256v1, 256 bits"),
    "CurveP384": ("P-384", "ECDH, secp384r1, 384 bits"),
    "CurveP521": ("P-521", "ECDH, secp521r1, 521 bits"),
    "X25519": ("X25519", "X25519, 253 bits"),
}


@pytest.mark.parametrize("curve", CURVES)
def test_curves_are_obeyed(
    start_web: StartWeb, authority: Authority, server_certificate: Certificate, curve: str
) -> None:
    # The certificate lies on P-256, which has to be among them in TLS 1.2.
    web = start_web(tls(server_certificate, curve_preferences=[curve], min_version="TLS13"))
    name, shown = CURVES[curve]
    assert f"Server Temp Key: {shown}" in s_client(web, authority, "-groups", f"X448:{name}")
    assert "alert handshake failure" in s_client(web, authority, "-groups", "X448")


def test_an_rsa_certificate_is_served(start_web: StartWeb, authority: Authority) -> None:
    web = start_web(tls(authority.issue_server(key="rsa:2048")))
    assert hello_answer(web, TLS12, 0xC02F, 0x009C).cipher == 0xC02F
    for version in VERSIONS.values():
        assert refusal(web, trusting(authority, version=version)) is None


# Client certificates


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody here trusts."""
    return Authority(tmp_path_factory.mktemp("stranger") / "authority", "Stranger")


@pytest.fixture(scope="module")
def client_certificates(authority: Authority, stranger: Authority) -> dict[str, Certificate | None]:
    return {
        "none": None,
        "good": authority.issue("client", usage="clientAuth"),
        "without a purpose": authority.issue("client"),
        "a server's": authority.issue("client", usage="serverAuth"),
        "stranger's": stranger.issue("client", usage="clientAuth"),
        "expired": authority.issue("client", validity=LONG_AGO, usage="clientAuth"),
        "not valid yet": authority.issue("client", validity=NOT_YET, usage="clientAuth"),
    }


EVERYBODY = {"none", "good", "without a purpose", "a server's", "stranger's", "expired", "not valid yet"}
VERIFIED = {"good", "without a purpose"}
# Who is accepted; the names and their meaning are Go's.
POLICIES = {
    "NoClientCert": EVERYBODY,
    "RequestClientCert": EVERYBODY,
    "RequireAnyClientCert": EVERYBODY - {"none"},
    "RequireClientCert": EVERYBODY - {"none"},
    "VerifyClientCertIfGiven": VERIFIED | {"none"},
    "RequireAndVerifyClientCert": VERIFIED,
}


@pytest.mark.parametrize("policy", POLICIES)
def test_client_certificates(
    start_web: StartWeb,
    authority: Authority,
    server_certificate: Certificate,
    client_certificates: dict[str, Certificate | None],
    policy: str,
) -> None:
    settings: dict[str, object] = {"client_auth_type": policy}
    if policy != "NoClientCert":
        settings["client_ca_file"] = str(authority.certificate)
    web = start_web(tls(server_certificate, **settings), "--log.level", "debug")
    for version in VERSIONS.values():
        contexts = {
            name: trusting(authority, certificate, version) for name, certificate in client_certificates.items()
        }
        refusals = {name: refusal(web, context) for name, context in contexts.items()}
        assert {name for name, reason in refusals.items() if reason is None} == POLICIES[policy], refusals
    count = 2 * (len(EVERYBODY) - len(POLICIES[policy]))
    reasons = [record["msg"] for record in web.exporter.wait_for_events("tls_handshake_failed", count)] if count else []
    assert len(reasons) == count
    if policy == "RequireAndVerifyClientCert":
        for words in ("expired", "not yet valid", "unable to get local issuer", "purpose", "did not return"):
            assert sum(words in reason for reason in reasons) == 2, (words, reasons)


SUBJECT_NAMES = {
    "DNS:prometheus.example.org": "prometheus.example.org",
    "IP:192.0.2.7": "192.0.2.7",
    "IP:2001:db8::7": "2001:db8::7",
    "email:prometheus@example.org": "prometheus@example.org",
    "URI:spiffe://example.org/prometheus": "spiffe://example.org/prometheus",
}


def test_only_allowed_names_are_served(
    start_web: StartWeb, authority: Authority, stranger: Authority, server_certificate: Certificate
) -> None:
    verifies = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate)}
    others = ["DNS:other.example.org", "IP:192.0.2.8", "email:other@example.org", "URI:spiffe://example.org/other"]
    refused = {
        "other names": authority.issue("client", others),
        "no name": authority.issue("client"),
        "in the common name only": authority.issue("prometheus.example.org"),
        "a longer name": authority.issue("client", ["DNS:prometheus.example.org.evil.test"]),
        "a wildcard": authority.issue("client", ["DNS:*.example.org"]),
        "a stranger's": stranger.issue("client", list(SUBJECT_NAMES)),
    }
    web = start_web(tls(server_certificate, **verifies, client_allowed_sans=["nobody", *SUBJECT_NAMES.values()]))
    for given in SUBJECT_NAMES:
        assert refusal(web, trusting(authority, authority.issue("client", [given]))) is None, given
    assert refusal(web, trusting(authority, authority.issue("client", [*others, "DNS:prometheus.example.org"]))) is None
    for reason, certificate in refused.items():
        assert refusal(web, trusting(authority, certificate)) is not None, reason
    assert refusal(web, trusting(authority)) is not None


@pytest.mark.parametrize("given", SUBJECT_NAMES)
def test_one_allowed_name_lets_no_other_in(
    start_web: StartWeb, authority: Authority, server_certificate: Certificate, given: str
) -> None:
    verifies = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate)}
    web = start_web(tls(server_certificate, **verifies, client_allowed_sans=[SUBJECT_NAMES[given]]))
    assert refusal(web, trusting(authority, authority.issue("client", [given]))) is None
    rest = authority.issue("client", [name for name in SUBJECT_NAMES if name != given])
    assert refusal(web, trusting(authority, rest)) is not None


def test_a_session_of_a_client_that_is_allowed_no_more_is_not_resumed(
    start_web: StartWeb, authority: Authority, server_certificate: Certificate
) -> None:
    verifies = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(authority.certificate)}
    web = start_web(tls(server_certificate, **verifies, client_allowed_sans=["one", "two"]))
    contexts = {name: trusting(authority, authority.issue("client", [f"DNS:{name}"])) for name in ("one", "two")}
    sessions = {}
    for name, context in contexts.items():
        with TLSClient(("127.0.0.1", web.exporter.port), context) as client:
            assert client.get().status == 200
            sessions[name] = client.socket.session
    web.rewrite(tls(server_certificate, **verifies, client_allowed_sans=["two"]))
    web.reload()
    with (
        pytest.raises((ssl.SSLError, ConnectionError)),
        TLSClient(("127.0.0.1", web.exporter.port), contexts["one"], session=sessions["one"]) as client,
    ):
        client.get()
    with TLSClient(("127.0.0.1", web.exporter.port), contexts["two"], session=sessions["two"]) as client:
        assert client.get().status == 200


def test_an_expired_certificate_is_served_and_said(start_web: StartWeb, authority: Authority) -> None:
    web = start_web(tls(authority.issue_server(LONG_AGO)))
    record = web.exporter.only_record("certificate_expired")
    assert record["level"] == "warning" and "CN=server" in record["msg"]
    assert "certificate has expired" in (refusal(web, trusting(authority)) or "")
    careless = trusting(authority)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    web.context = careless
    expiry = web.page().value("pyjoules_web_certificate_expiry_timestamp_seconds")
    assert time.strftime("%Y%m%d%H%M%SZ", time.gmtime(int(expiry))) == LONG_AGO[1]


# Clients that break it


def test_http_in_the_clear_is_told_so(unharmed: WebExporter) -> None:
    before = unharmed.rejected("tls")
    for method in ("GET", "HEAD", "POST"):
        with plain(unharmed) as client:
            client.send(request(method=method))
            response = client.read_response()
            assert response.status == 400 and "https" in response.text
            assert response.header("connection") == "close"
            assert client.is_at_end()
    wait_until(lambda: unharmed.rejected("tls") == before + 3)


def test_tls_on_a_port_without_it_is_refused(start_exporter: StartExporter) -> None:
    exporter = start_exporter(None)
    with exporter.connect() as client:
        client.send(client_hello.client_hello(TLS12) + b"\r\n\r\n")
        assert client.read_response().status == 400
        assert client.is_at_end()
    assert exporter.get().status == 200


def test_random_bytes_are_no_handshake(unharmed: WebExporter) -> None:
    source = random.Random(20261124)
    before = unharmed.rejected("tls")
    for index in range(100):
        data = source.randbytes(source.randrange(5, 2000))
        if index % 2:
            # As a record of a handshake would begin.
            data = b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data
        with plain(unharmed) as client:
            client.send(data)
            client.half_close()
            with contextlib.suppress(ConnectionResetError):
                while client.receive_some(4096):
                    pass
    wait_until(lambda: unharmed.rejected("tls") == before + 100)


def test_a_hello_that_was_changed_anywhere_ends_only_itself(unharmed: WebExporter, authority: Authority) -> None:
    source = random.Random(5)
    for _ in range(150):
        stepped = SteppedTLS(("127.0.0.1", unharmed.exporter.port), trusting(authority))
        with stepped:
            hello = bytearray(stepped.first_flight())
            for _ in range(source.randrange(1, 4)):
                hello[source.randrange(len(hello))] = source.randrange(256)
            stepped.client.send(bytes(hello))
            stepped.client.half_close()
            with contextlib.suppress(ConnectionResetError):
                while stepped.client.receive_some(65536):
                    pass


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("piece", [1, 7])
def test_a_handshake_in_pieces(unharmed: WebExporter, authority: Authority, version: str, piece: int) -> None:
    context = trusting(authority, version=VERSIONS[version])
    with SteppedTLS(("127.0.0.1", unharmed.exporter.port), context) as stepped:
        stepped.client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stepped.handshake(piece)
        stepped.send_in_pieces(stepped.sealed(request("/-/healthy")), piece)
        assert stepped.receive(15) == b"HTTP/1.1 200 OK"


def test_a_request_of_which_each_byte_is_a_record(unharmed: WebExporter, authority: Authority) -> None:
    with SteppedTLS(("127.0.0.1", unharmed.exporter.port), trusting(authority)) as stepped:
        stepped.handshake(65536)
        stepped.client.send(b"".join(stepped.sealed(bytes([byte])) for byte in request("/-/healthy")))
        assert stepped.receive(15) == b"HTTP/1.1 200 OK"


def test_a_request_that_comes_with_the_end_of_the_handshake(unharmed: WebExporter, authority: Authority) -> None:
    """Nothing more arrives on the socket afterwards: what TLS holds must not be forgotten."""
    with SteppedTLS(("127.0.0.1", unharmed.exporter.port), trusting(authority, version=VERSIONS["TLSv1.3"])) as stepped:
        stepped.client.send(stepped.first_flight())
        last = b""
        while not stepped.is_agreed:
            stepped.take()
            last += stepped.next_flight()
        stepped.client.send(last + stepped.sealed(request("/-/healthy") * 3))
        assert stepped.receive(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("version", VERSIONS)
def test_many_requests_in_few_records(unharmed: WebExporter, authority: Authority, version: str) -> None:
    count = 400
    with unharmed.connect(trusting(authority, version=VERSIONS[version])) as client:
        client.send(request("/-/healthy") * count + request("/nothing"))
        statuses = [client.read_response().status for _ in range(count + 1)]
    assert statuses == [200] * count + [404]


def test_readers_that_stop_do_not_hold_up_others(unharmed: WebExporter) -> None:
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(unharmed.connect())
        deaf = [stack.enter_context(unharmed.connect(takes_little=True)) for _ in range(10)]
        for client in deaf:
            # More than their kernels take, less than what would stop the sending.
            client.send(request() * 60)
        for _ in range(20):
            assert kept.get().status == 200
        # And who begins to read gets all of it.
        for client in deaf[:2]:
            assert [client.read_response().status for _ in range(60)] == [200] * 60
        for client in deaf[2:]:
            client.reset()


def test_clients_that_vanish_in_the_handshake_are_forgotten(unharmed: WebExporter, authority: Authority) -> None:
    address = ("127.0.0.1", unharmed.exporter.port)
    for index in range(60):
        with SteppedTLS(address, trusting(authority)) as stepped:
            hello = stepped.first_flight()
            stepped.client.send(hello[: len(hello) // 2] if index % 3 == 0 else hello)
            if index % 3 == 1:
                stepped.take()
            if index % 2:
                stepped.client.reset()


def test_a_crowd_of_handshakes_is_bounded(
    start_web: StartWeb, authority: Authority, server_certificate: Certificate
) -> None:
    limit = 16
    web = start_web(tls(server_certificate), "--web.max-connections", str(limit), "--sample.interval", "20ms")
    address = ("127.0.0.1", web.exporter.port)
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(web.connect())
        assert kept.get().status == 200
        most = 0
        for index in range(100):
            stepped = stack.enter_context(SteppedTLS(address, trusting(authority)))
            with contextlib.suppress(ConnectionError):
                stepped.client.send(stepped.first_flight())
            if index % 10 == 0:
                most = max(most, int(Page(kept.get().text).value("pyjoules_http_connections")))
        # One slot more is for telling somebody that there is none.
        assert limit - 1 <= most <= limit + 1
        assert Page(kept.get().text).ticks > 0
    wait_until(lambda: web.get().status == 200)


def test_an_activated_socket_speaks_tls(
    start_exporter: StartExporter, authority: Authority, server_certificate: Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "web.yml"
    web_configuration.write(file, tls(server_certificate))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        exporter = start_exporter(
            *(None, "--web.systemd-socket", "--web.config.file", str(file)),
            listen=False,
            wait=False,
            launcher=[sys.executable, "-S", str(activate.SCRIPT), str(number), "web"],
            pass_descriptors=[number],
        )
        web = WebExporter(exporter, file, trusting(authority))
        # The socket listens already, so nobody has to wait for the exporter.
        with TLSClient(listener.getsockname(), trusting(authority)) as client:
            assert client.get("/-/healthy").status == 200
        with plain(web) as client:
            client.send(request())
            assert client.read_response().status == 400


def test_a_unix_socket_speaks_tls(
    start_exporter: StartExporter, authority: Authority, server_certificate: Certificate, tmp_path: Path
) -> None:
    file, path = tmp_path / "web.yml", tmp_path / "web.sock"
    web_configuration.write(file, tls(server_certificate))
    arguments = ("--web.listen-address", f"unix:{path}", "--web.config.file", str(file))
    exporter = start_exporter(None, *arguments, listen=False, wait=False)
    exporter.wait_for_event("started")
    with TLSClient(str(path), trusting(authority)) as client:
        assert client.get("/-/healthy").status == 200


# Deadlines


def test_deadlines_of_tls(slow_tls: SlowTLS) -> None:
    wait_until(lambda: slow_tls.last is not None, HANDSHAKE_SECONDS + 10, "six clients over their deadlines")
    assert slow_tls.first is not None and slow_tls.first > HANDSHAKE_SECONDS - 1
    for client in (slow_tls.silent, slow_tls.half.client, slow_tls.unfinished.client, slow_tls.dripping.client):
        # The server's first flight may lie there, but no request was ever answered.
        with contextlib.suppress(ConnectionResetError):
            while client.receive_some(65536):
                pass
    assert slow_tls.asking.read_response().status == 408
    assert says_that_it_ends(slow_tls.asking)
    with slow_tls.web.connect() as client:
        wait_until(lambda: Page(client.get().text).value("pyjoules_http_connections") == 1)
