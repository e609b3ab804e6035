"""Basic authentication: who is let in, what it costs the others, and that no credentials are ever shown."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import socket
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.certificates import Authority
from support.exposition import Page
from support.raw_http import Client, Response, request
from support.waiting import DEADLINE_SECONDS, wait_until
from support.web_configuration import Settings, StartWeb, WebExporter, authorization, bcrypt, tls

# A comparison at the usual cost takes some 70 ms.
USUAL_COST = 10
SCRAPER = authorization("scraper", "right")
WAITERS_OF_ONE_CLIENT = 16

LONG = "0123456789abcdef" * 4 + "01234567"
assert len(LONG) == 72

USERS = {
    "scraper": "right",
    "nothing": "",
    "colon": "a:b::c",
    "müller": "pässwörd ✓",
    "long": LONG + "x",
    "blank": " leading and trailing ",
}


def users(cost: int = 4, **passwords: str) -> dict[str, Any]:
    """The settings for these users."""
    return {"basic_auth_users": {name: bcrypt(password, cost) for name, password in passwords.items()}}


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.fixture
def web(start_web: StartWeb) -> WebExporter:
    return start_web(users(**USERS))


def assert_is_refused(response: Response) -> None:
    assert response.status == 401
    challenge = response.header("www-authenticate") or ""
    assert challenge.startswith("Basic ") and 'realm="' in challenge and 'charset="UTF-8"' in challenge
    assert b"pyjoules_" not in response.body


@pytest.mark.parametrize("user", USERS)
def test_the_right_password_is_let_in(web: WebExporter, user: str) -> None:
    """The second time, it is known."""
    for _ in range(2):
        assert web.get(headers=[authorization(user, USERS[user])]).status == 200


def test_what_bcrypt_cannot_see_does_not_count(web: WebExporter) -> None:
    """It looks at 72 bytes; so do the other exporters."""
    assert web.get(headers=[authorization("long", LONG)]).status == 200
    assert web.get(headers=[authorization("long", LONG + "y" * 100)]).status == 200
    assert_is_refused(web.get(headers=[authorization("long", LONG[:-1] + "x")]))
    assert_is_refused(web.get(headers=[authorization("long", LONG[:-1])]))


REFUSED = {
    "no header": [],
    "wrong password": [authorization("scraper", "wrong")],
    "no password": [authorization("scraper", "")],
    "password with another beginning": [authorization("scraper", " right")],
    "password with more": [authorization("scraper", "right ")],
    "password in another case": [authorization("scraper", "RIGHT")],
    "another user's password": [authorization("scraper", USERS["colon"])],
    "unknown user": [authorization("nobody", "right")],
    "user in another case": [authorization("Scraper", "right")],
    "no user": [authorization("", "right")],
    "user who is a key of the file": [authorization("basic_auth_users", "right")],
    "part of a password with colons": [authorization("colon", "a")],
    "password in Latin-1": [f"Authorization: Basic {encoded('müller:pässwörd'.encode('latin-1'))}"],
    "hash instead of the password": [authorization("scraper", "$2y$04$" + "a" * 53)],
    "NUL after the password": [authorization("scraper", "right\0")],
    "NUL in the user": [authorization("scraper\0x", "right")],
    "password of 257 bytes": [authorization("scraper", "r" * 257)],
    "user of 257 bytes": [authorization("s" * 257, "right")],
    "much too long": [authorization("scraper", "r" * 8000)],
    "no colon": [f"Authorization: Basic {encoded(b'scraper')}"],
    "empty": ["Authorization:"],
    "scheme only": ["Authorization: Basic"],
    "another scheme": ["Authorization: Bearer " + encoded(b"scraper:right")],
    "no scheme": ["Authorization: " + encoded(b"scraper:right")],
    "not encoded": ["Authorization: Basic scraper:right"],
    "encoded twice": ["Authorization: Basic " + encoded(encoded(b"scraper:right").encode())],
    "without its padding": ["Authorization: Basic " + encoded(b"scraper:right").rstrip("=")],
    "padding in the middle": ["Authorization: Basic " + encoded(b"scraper:rig") + "=" + encoded(b"ht")],
    "two values in one": [f"{SCRAPER}, Basic {encoded(b'scraper:right')}"],
    "in another header": [SCRAPER.replace("Authorization", "Proxy-Authorization")],
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused(web: WebExporter, name: str) -> None:
    with web.connect() as client:
        # The second time, it is known; and the connection may be used again by whoever knows better.
        for path in ("/metrics", "/", "/-/healthy", "/nothing"):
            assert_is_refused(client.get(path, headers=REFUSED[name]))
        assert client.get(headers=[SCRAPER]).status == 200


ACCEPTED_FORMS = {
    "scheme in another case": f"Authorization: bAsIC {encoded(b'scraper:right')}",
    "name in another case": f"aUTHORIZATION: Basic {encoded(b'scraper:right')}",
    "more blanks": f"Authorization:   Basic   {encoded(b'scraper:right')}  ",
}


@pytest.mark.parametrize("name", ACCEPTED_FORMS)
def test_other_ways_to_write_it(web: WebExporter, name: str) -> None:
    assert web.get(headers=[ACCEPTED_FORMS[name]]).status == 200


@pytest.mark.parametrize("second", [SCRAPER, authorization("scraper", "wrong"), "Authorization:"])
def test_two_headers_are_no_request(web: WebExporter, second: str) -> None:
    for lines in ([SCRAPER, second], [second, SCRAPER]):
        response = web.get(headers=lines)
        assert response.status == 400 and b"pyjoules_" not in response.body


def test_credentials_in_the_target_do_not_count(web: WebExporter) -> None:
    assert_is_refused(web.get("/metrics?user=scraper&password=right"))
    response = web.get("http://scraper:right@localhost/metrics")
    assert response.status in (400, 401) and b"pyjoules_" not in response.body


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
def test_other_methods(web: WebExporter, method: str) -> None:
    refused = web.get(method=method)
    assert refused.status == 401 and refused.header("www-authenticate")
    if method == "HEAD":
        assert refused.body == b"" and int(refused.header("content-length") or 0) > 0
    assert web.get(method=method, headers=[SCRAPER]).status == (405 if method == "POST" else 200)


def test_pipelined_requests_keep_their_order(start_web: StartWeb) -> None:
    """Each with its own credentials, of which the first of each kind has to be compared first."""
    web = start_web(users(USUAL_COST, scraper="right", other="also right"))
    wrong, other = authorization("scraper", "wrong"), authorization("other", "also right")
    lines = [[SCRAPER], [wrong], [], [other], [SCRAPER], [wrong], [authorization("who", "right")], [SCRAPER]] * 4
    with web.connect() as client:
        client.send(b"".join(request("/-/healthy", headers=headers) for headers in lines))
        statuses = [client.read_response().status for _ in lines]
    assert statuses == [200, 401, 401, 200, 200, 401, 401, 200] * 4


# What a comparison costs the others


def is_at_rest(web: WebExporter) -> bool:
    return web.threads == 1


def statuses(clients: list[Client]) -> Mapping[int, int]:
    """How often each status was answered; each client has asked once."""
    found: dict[int, int] = {}
    for client in clients:
        response = client.read_response()
        assert response.status != 429 or response.header("retry-after")
        found[response.status] = found.get(response.status, 0) + 1
    return found


def elsewhere(web: WebExporter) -> str:
    """A unix socket: whoever comes by it is another client than those of the loopback device, all of which are one."""
    return str(web.file.with_name("elsewhere.sock"))


@pytest.fixture
def start_with_elsewhere(start_web: StartWeb, tmp_path: Path) -> StartWeb:
    """As `start_web`, with a second listener."""

    def start(settings: Settings, *arguments: str) -> WebExporter:
        web = start_web(settings, "--web.listen-address", f"unix:{tmp_path / 'elsewhere.sock'}", *arguments)
        web.exporter.wait_for_events("listening", 2)
        return web

    return start


def wrong_attempt(web: WebExporter, number: int) -> Client:
    """A connection from elsewhere, with a wrong password of its own that is not answered yet."""
    client = Client(elsewhere(web))
    client.send(request(headers=[authorization("scraper", f"wrong {number}")]))
    return client


@contextlib.contextmanager
def wrong_attempts(web: WebExporter, count: int) -> Iterator[list[Client]]:
    """So many of them."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(wrong_attempt(web, number)) for number in range(count)]


def answered(clients: list[Client], status: int) -> int:
    """How many have that answer already."""
    count = 0
    for client in clients:
        with contextlib.suppress(BlockingIOError):
            count += client.socket.recv(12, socket.MSG_PEEK | socket.MSG_DONTWAIT).endswith(str(status).encode())
    return count


def test_a_right_password_waits_for_few_of_fifty_wrong_ones(start_with_elsewhere: StartWeb) -> None:
    web = start_with_elsewhere(users(USUAL_COST, scraper="right"))
    with wrong_attempts(web, 50) as clients:
        # All that may not wait have been turned away: the others wait now.
        wait_until(lambda: answered(clients, 429) >= 50 - WAITERS_OF_ONE_CLIENT, what="a full queue")
        before = answered(clients, 401)
        with web.connect() as client:
            assert client.get(headers=[SCRAPER]).status == 200
        overtaken_by = answered(clients, 401) - before
        assert statuses(clients) == {401: WAITERS_OF_ONE_CLIENT, 429: 50 - WAITERS_OF_ONE_CLIENT}
    # The one under way, perhaps the one after it, and what ended while this test looked.
    assert overtaken_by <= 4
    wait_until(lambda: is_at_rest(web), what="the end of the last thread")


def test_a_scraper_that_is_known_never_waits(start_with_elsewhere: StartWeb) -> None:
    options = ["--sample.interval", "20ms", "--web.max-connections", "512"]
    web = start_with_elsewhere(users(USUAL_COST, scraper="right"), *options)
    count = 200
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(web.connect())
        first = Page(kept.get(headers=[SCRAPER]).text)
        clients = []
        for number in range(count):
            clients.append(stack.enter_context(wrong_attempt(web, number)))
            assert kept.get(headers=[SCRAPER]).status == 200
        # Had each scrape waited for a comparison, there would have been as many of these.
        assert answered(clients, 401) < count / 2
        found = statuses(clients)
        last = Page(kept.get(headers=[SCRAPER]).text)
    assert found[401] + found[429] == count and found[401] >= WAITERS_OF_ONE_CLIENT
    assert last.value("pyjoules_samples_total") > first.value("pyjoules_samples_total")
    wait_until(lambda: is_at_rest(web), what="the end of the last thread")


def test_clients_that_leave_while_they_are_compared(start_with_elsewhere: StartWeb) -> None:
    web = start_with_elsewhere(users(USUAL_COST, scraper="right"))
    for number in range(12):
        with Client(elsewhere(web)) as client:
            client.send(request(headers=[authorization("scraper", f"wrong {number}")]))
            if number % 4 == 0:
                wait_until(lambda: not is_at_rest(web), what="a comparison")
            if number % 3 == 0:
                client.reset()
    # One leaves whose credentials are right.
    with web.connect() as client:
        client.send(request(headers=[SCRAPER]))
        client.half_close()
    with web.connect() as client:
        assert client.get(headers=[SCRAPER]).status == 200
        wait_until(
            lambda: Page(client.get(headers=[SCRAPER]).text).value("pyjoules_http_connections") == 1,
            what="the end of all others",
        )
    wait_until(lambda: is_at_rest(web), what="the end of the last thread")


def test_who_has_left_is_let_go_before_the_comparison_ends(start_web: StartWeb) -> None:
    """A FIN was not noticed, so that connections stayed whose clients had left."""
    web = start_web(users(14, scraper="right"))
    with web.connect() as client:
        client.send(request(headers=[SCRAPER]))
        wait_until(lambda: not is_at_rest(web), what="a comparison")
        client.half_close()
        assert client.is_at_end()
        assert not is_at_rest(web), "it goes on"


def test_who_waits_at_the_end_is_answered(start_with_elsewhere: StartWeb) -> None:
    # All three comparisons end within the time that the end has, also where others leave little to a nice thread.
    web = start_with_elsewhere(users(8, scraper="right"))
    with wrong_attempts(web, 3) as clients:
        wait_until(lambda: not is_at_rest(web), what="a comparison")
        web.exporter.send_signal(signal.SIGTERM)
        assert statuses(clients) == {401: 3}
    assert web.exporter.wait() == 0


# Other users


def test_a_reload_changes_who_is_let_in(start_web: StartWeb) -> None:
    web = start_web(users(scraper="right", leaves="password", stays="the same"))
    leaves, stays = authorization("leaves", "password"), authorization("stays", "the same")
    new = authorization("scraper", "new")
    with web.connect() as client:
        for headers in ([SCRAPER], [leaves], [stays]):
            assert client.get(headers=headers).status == 200
        assert_is_refused(client.get(headers=[new]))
        web.rewrite(users(scraper="new", stays="the same"))
        assert web.reload()["event"] == "reloaded"
        # At once, though they were known.
        for headers in ([SCRAPER], [leaves]):
            assert_is_refused(client.get(headers=headers))
        for headers in ([new], [stays]):
            assert client.get(headers=headers).status == 200


def reloaded_well(response: Response) -> Decimal:
    return Page(response.text).value("pyjoules_web_config_last_reload_successful")


def test_users_can_come_but_the_last_cannot_go(start_web: StartWeb) -> None:
    """A file that was emptied by mistake once let everybody in, and the log called it an ordinary reload."""
    web = start_web({})
    frame = {"http_server_config": {"headers": {"X-Frame-Options": "deny"}}}
    with web.connect() as client:
        assert client.get().status == 200
        web.rewrite(users(scraper="right"))
        wait_until(lambda: client.get().status == 401, what="users")
        for text in ("", "{}", "# nothing\n", json.dumps(frame), "basic_auth_users: {}\n", "basic_auth_users:\n"):
            web.rewrite(text)
            record = web.reload()
            assert record["event"] == "web_configuration_refused" and record["level"] == "error"
            assert "basic_auth_users" in record["msg"] and "restart" in record["msg"]
            assert client.get().status == 401
            response = client.get(headers=[SCRAPER])
            assert response.header("x-frame-options") is None, "nothing of it is in force"
            wait_until(lambda: reloaded_well(client.get(headers=[SCRAPER])) == 0, what="the series")
        web.rewrite({**users(other="right"), **frame})
        assert web.reload()["event"] == "reloaded"
        assert client.get(headers=[SCRAPER]).status == 401
        assert client.get(headers=[authorization("other", "right")]).header("x-frame-options") == "deny"


def test_a_comparison_with_a_password_of_before_lets_nobody_in(start_web: StartWeb) -> None:
    """Its answer comes after the change, and must not count."""
    web = start_web(users(12, scraper="right"))
    with web.connect() as client:
        client.send(request(headers=[SCRAPER]))
        wait_until(lambda: not is_at_rest(web), what="a comparison")
        web.rewrite(users(4, scraper="new"))
        web.reload()
        assert_is_refused(client.read_response())
        assert client.get(headers=[authorization("scraper", "new")]).status == 200


def test_the_time_of_an_earlier_scrape_does_not_end_one_that_waits(start_web: StartWeb) -> None:
    """A kept connection was reset where the first scrape after a change of users waited for its comparison."""
    web = start_web(users(scraper="right"))
    with web.connect() as client:
        timeout = "X-Prometheus-Scrape-Timeout-Seconds: "
        # Compared first: so short a time may be over before that is done.
        assert client.get(headers=[SCRAPER]).status == 200
        assert client.get(headers=[SCRAPER, timeout + "0.001"]).status == 200
        # A comparison that takes longer than it is until somebody looks for connections that are out of time.
        # A busy machine makes it wait, since it has a low priority.
        client.socket.settimeout(4 * DEADLINE_SECONDS)
        web.rewrite(users(14, scraper="right"))
        web.reload()
        assert client.get(headers=[SCRAPER, timeout + "60"]).status == 200


# Nothing is told


def test_the_log_never_shows_credentials(start_web: StartWeb, authority: Authority) -> None:
    """At the loudest level, and whatever is wrong with the file."""
    server, other = authority.issue_server(), authority.issue_server()
    password, wrong = "correct-horse", "battery-staple"
    good = {**tls(server), **users(scraper=password)}
    web = start_web(good, "--log.level", "trace")
    digest = bcrypt(password)
    right = authorization("scraper", password)
    assert web.get(headers=[right]).status == 200
    assert web.get(headers=[authorization("scraper", wrong)]).status == 401
    with web.connect() as client:
        client.send(request(headers=[right, right]) + request("/" + password))
        client.read_response()
    with Client(("127.0.0.1", web.exporter.port)) as client:
        client.send(request(headers=[right]))
        assert client.read_response().status == 400
    keys = server.key.read_text()
    folded = keys.replace("\n", "\n   ")
    for broken in (
        {**good, "basic_auth_users": {"scraper": password}},
        {**good, "basic_auth_users": {digest: "scraper"}},
        {**good, "basic_auth_users": [digest]},
        {**good, "basic_auth_users": {"scraper": digest.replace("$04$", "$99$")}},
        {**good, digest: {}},
        {**good, "tls_server_config": {"cert_file": str(server.certificate), "key": password}},
        {**good, "tls_server_config": {"cert_file": str(server.certificate), "key_file": keys}},
        {**good, "tls_server_config": {"cert_file": keys, "key_file": str(server.key)}},
        {**good, "tls_server_config": {"cert": keys, "key": keys}},
        {**good, "tls_server_config": {"cert_file": str(server.certificate), "key_file": str(other.key)}},
        {**good, "tls_server_config": {"cert_file": str(server.certificate), "key": keys.replace("A", "_")}},
        {**good, "tls_server_config": {"cert_file": str(server.certificate), "key": keys, "client_auth_type": digest}},
        f"basic_auth_users:\n  scraper: {digest}\n  scraper: {digest}\n",
        f"basic_auth_users:\n  scraper:{digest}\n",
        f'basic_auth_users: "{digest}\n',
        f"basic_auth_users:\n  scraper: {digest}\n {password}: @\n",
        f"tls_server_config:\n  cert_file: x\n  key: |\n{keys}",
        # Without a bar behind the colon, a key of several lines becomes one.
        f"tls_server_config:\n  cert_file: {server.certificate}\n  key_file: {folded}\n",
        f"tls_server_config:\n  cert_file: {server.certificate}\n  key: {folded}\n",
        f"{digest}\n",
        f"*{password}\n",
        f"? [{password}]\n: {digest}\n",
    ):
        web.rewrite(broken)
        assert web.reload()["event"] == "web_configuration_refused", broken
    # A user who can never log in is a warning.
    web.rewrite({**good, "basic_auth_users": {"scraper": digest + "x"}})
    assert web.reload()["event"] == "reloaded"
    web.rewrite(good)
    assert web.reload()["event"] == "reloaded"
    assert web.get(headers=[right]).status == 200
    web.exporter.end()

    secrets = [password, wrong, digest[7:], digest[29:], right.rpartition(" ")[2]]
    secrets += [line for line in keys.splitlines() if "-----" not in line]
    log = "\n".join(web.exporter.lines)
    assert len(web.exporter.records("web_configuration_refused")) >= 20
    for secret in secrets:
        assert secret not in log, [line for line in web.exporter.lines if secret in line]
        # Nor the beginning of it, as one that is cut would show.
        assert secret[:16] not in log or len(secret) < 16
