"""HTTP as clients send it that are wrong, slow, gone or hostile, over bare sockets."""

from __future__ import annotations

import contextlib
import random
import resource
import time
from collections.abc import Callable

import pytest

from support.exporter import Exporter, StartExporter
from support.exposition import Page
from support.powercap_tree import PowercapTree
from support.raw_http import Client, Response, has_ipv6, request
from support.waiting import wait_until

FAST = ("--sample.interval", "20ms")
# An ordinary scrape among hostile clients; milliseconds on a quiet machine, so this is the mark of being held up.
SLOWEST_SCRAPE_SECONDS = 0.5
HEADER_LIMIT = 16 * 1024
TARGET_LIMIT = 8 * 1024
BODY_LIMIT = 16 * 1024
HEADER_COUNT_LIMIT = 100
# The deadlines for a header and for a reader that has stopped.
CLIENT_DEADLINE_SECONDS = 10


@pytest.fixture
def exporter(start_exporter: StartExporter, tree: PowercapTree) -> Exporter:
    return start_exporter(tree, *FAST)


def rejected(page: Page, reason: str) -> int:
    """How many connections were turned away for that reason; a reason not seen yet may have no line."""
    return sum(int(sample.value) for sample in page.find("pyjoules_http_rejected_total", reason=reason))


def assert_is_complete(response: Response) -> None:
    """What every response carries, errors too."""
    assert response.version == "HTTP/1.1"
    for name in ("date", "content-type", "content-length"):
        assert response.header(name), name
    assert response.header("x-content-type-options") == "nosniff"
    assert response.header("vary") == "Accept, Accept-Encoding"


# Requests and their answers


@pytest.mark.parametrize("path", ["/%6Detrics", "/%6d%65trics", "/metri%63s?name[]=pyjoules_samples_total"])
def test_letters_of_a_path_may_be_escaped(exporter: Exporter, path: str) -> None:
    assert "pyjoules_samples_total" in exporter.get(path).text


@pytest.mark.parametrize("path", ["//metrics", "/./metrics", "/x/../metrics", "/%2e/metrics"])
def test_a_path_that_is_not_clean_leads_to_the_clean_one(exporter: Exporter, path: str) -> None:
    client = exporter.connect()
    for method in ("GET", "HEAD"):
        response = client.get(f"{path}?name[]=a", method)
        assert response.status == 301
        assert response.header("location") == "/metrics?name[]=a"
    assert client.get().status == 200
    assert exporter.get(f"/{path}/nothing").status == 404


@pytest.mark.parametrize(
    "host", ["", "my_host.example.:9091", "%2Frun%2Fpyjoules.sock", "[fe80::1%25eth0]:9091", "a:", "[::1]"]
)
def test_hosts_that_clients_send_are_taken(exporter: Exporter, host: str) -> None:
    client = exporter.connect()
    client.send(request("/-/healthy", host=host))
    assert client.read_response().status == 200


def test_an_unknown_path_is_404_and_keeps_the_connection(exporter: Exporter) -> None:
    client = exporter.connect()
    response = client.get("/nothing")
    assert response.status == 404
    assert_is_complete(response)
    assert client.get().status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/metrics", "/"])
def test_a_known_method_that_is_not_allowed_is_405(exporter: Exporter, method: str, path: str) -> None:
    response = exporter.connect().get(path, method)
    assert response.status == 405
    allowed = {name.strip() for name in (response.header("allow") or "").split(",")}
    assert {"GET", "HEAD"} <= allowed and method not in allowed
    assert_is_complete(response)


def _header(*lines: str) -> bytes:
    return request(headers=lines)


REFUSED = {
    "no Host": (400, request(host=None)),
    "open bracket in Host": (400, request(host="[::1")),
    "port of Host that is no number": (400, request(host="a:b")),
    "two Hosts": (400, _header("Host: other")),
    "space before the colon": (400, _header("Accept : */*")),
    "header folded over two lines": (400, _header("Accept: text/plain,", " */*")),
    "bare CR": (400, _header("Accept: a\rb")),
    "NUL": (400, _header("Accept: a\0b")),
    "header without a colon": (400, _header("nonsense")),
    "header without a name": (400, _header(": value")),
    "no version": (400, b"GET /metrics\r\n\r\n"),
    "two spaces": (400, b"GET  /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no target": (400, b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    "version in lower case": (400, b"GET /metrics http/1.1\r\nHost: a\r\n\r\n"),
    "length with chunks": (400, _header("Content-Length: 5", "Transfer-Encoding: chunked")),
    "negative length": (400, _header("Content-Length: -1")),
    "signed length": (400, _header("Content-Length: +1")),
    "length that is no number": (400, _header("Content-Length: five")),
    "two lengths": (400, _header("Content-Length: 5", "Content-Length: 6")),
    "body too long": (413, _header(f"Content-Length: {BODY_LIMIT + 1}")),
    "target too long": (414, request("/" + "a" * TARGET_LIMIT)),
    "header block too long": (431, _header("Long: " + "a" * HEADER_LIMIT)),
    "too many headers": (431, _header(*["Many: a"] * HEADER_COUNT_LIMIT)),
    "unknown method": (501, request(method="BREW")),
    "unknown transfer coding": (501, _header("Transfer-Encoding: gzip, chunked")),
    "HTTP/2.0": (505, request(version="HTTP/2.0")),
    "preface of HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/3.7": (505, request(version="HTTP/3.7")),
}


@pytest.mark.parametrize("status, data", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_served_is_refused_and_closed(exporter: Exporter, status: int, data: bytes) -> None:
    client = exporter.connect()
    client.send(data)
    response = client.read_response()
    assert response.status == status
    assert response.header("connection") == "close"
    assert_is_complete(response)
    assert client.is_at_end()
    page = exporter.page()
    assert page.value("pyjoules_http_requests_total", code=str(status)) == 1


SERVED = {
    "longest target": (404, request("/" + "a" * (TARGET_LIMIT - 1))),
    "most headers": (200, _header(*["Many: a"] * (HEADER_COUNT_LIMIT - 1))),
    "body as long as allowed": (200, _header(f"Content-Length: {BODY_LIMIT}") + b"x" * BODY_LIMIT),
    "empty line before": (200, b"\r\n" + request()),
    "no space after the colon": (200, _header("Accept:*/*")),
}


@pytest.mark.parametrize("status, data", SERVED.values(), ids=SERVED.keys())
def test_what_is_just_allowed_is_served(exporter: Exporter, status: int, data: bytes) -> None:
    client = exporter.connect()
    client.send(data + request("/-/healthy"))
    assert client.read_response().status == status
    assert client.read_response().status == 200


def test_random_bytes_are_refused(exporter: Exporter) -> None:
    source = random.Random(20261124)
    for _ in range(100):
        client = exporter.connect()
        # Ended as a header would be, so that the answer does not have to wait for a deadline.
        client.send(source.randbytes(source.randrange(1, 4000)) + b"\r\n\r\n")
        assert client.read_response().status in (400, 501, 505)
        assert client.is_at_end()
    assert exporter.get().status == 200


def test_a_request_that_comes_one_byte_at_a_time_is_answered(exporter: Exporter) -> None:
    client = exporter.connect()
    for byte in request():
        client.send(bytes([byte]))
    assert client.read_response().status == 200


def test_a_client_that_has_said_all_still_gets_its_answer(exporter: Exporter) -> None:
    client = exporter.connect()
    client.send(request("/nothing") + request())
    client.half_close()
    assert [response.status for response in client.read_all_responses()] == [404, 200]


def test_a_client_that_ends_in_the_middle_of_a_request_is_forgotten(exporter: Exporter) -> None:
    kept = exporter.connect()
    client = exporter.connect()
    client.send(b"GET /metr")
    exporter.page_on(kept)
    client.half_close()
    assert all(response.status >= 400 for response in client.read_all_responses())
    wait_until(lambda: exporter.page_on(kept).value("pyjoules_http_connections") == 1)


# Closing


def test_a_client_that_sends_on_can_read_why_it_was_refused(exporter: Exporter) -> None:
    client = exporter.connect()
    client.send(_header("Long: " + "a" * 64 * 1024))
    response = client.read_response()
    assert response.status == 431 and len(response.body) == int(response.header("content-length") or 0)
    # Closed without reading what was sent, the kernel would answer with RST, and this would raise.
    assert client.is_at_end()


def test_a_reset_in_the_middle_of_a_response_ends_only_that_connection(exporter: Exporter) -> None:
    kept = exporter.connect()
    exporter.page_on(kept)
    for _ in range(20):
        client = exporter.connect(takes_little=True)
        client.send_what_fits(request() * 500)
        client.receive_some(100)
        client.reset()
        exporter.page_on(kept)
    wait_until(lambda: exporter.page_on(kept).value("pyjoules_http_connections") == 1)


# Crowds


def slowest_scrape(exporter: Exporter, kept: Client, count: int) -> float:
    """Scrapes on a new and on a kept connection, `count` times each, and gives the longest wait."""
    slowest = 0.0
    scrapes: list[Callable[[], Page]] = [exporter.page, lambda: exporter.page_on(kept)]
    for scrape in scrapes * count:
        begin = time.monotonic()
        scrape()
        slowest = max(slowest, time.monotonic() - begin)
    return slowest


def assert_samples_without_spinning(exporter: Exporter, kept: Client) -> None:
    """Over a second of samples and scrapes the process sleeps most of the time: no event wakes it again and again."""
    ticks = exporter.page_on(kept).ticks
    begin, used = time.monotonic(), exporter.cpu_seconds()
    wait_until(lambda: exporter.page_on(kept).ticks > ticks + 50, what="fifty more samples")
    assert exporter.cpu_seconds() - used < 0.5 * (time.monotonic() - begin)


def test_silent_connections_do_not_keep_anybody_out(exporter: Exporter) -> None:
    kept = exporter.connect()
    slowest = 0.0
    for _ in range(50):
        for _ in range(10):
            exporter.connect()
        slowest = max(slowest, slowest_scrape(exporter, kept, 1))
    assert slowest < SLOWEST_SCRAPE_SECONDS
    assert_samples_without_spinning(exporter, kept)
    # Those beyond the table, of which the newest may still be waiting to be seen on a page.
    wait_until(lambda: rejected(exporter.page_on(kept), "evicted") > 500 - 256)


def test_a_smaller_table_evicts_the_oldest_first(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, "--web.max-connections", "8")
    kept = exporter.connect()
    exporter.page_on(kept)
    silent = [exporter.connect() for _ in range(7)]
    wait_until(lambda: exporter.page_on(kept).value("pyjoules_http_connections") == 8)
    exporter.connect()
    assert silent[0].is_gone()
    wait_until(lambda: rejected(exporter.page_on(kept), "evicted") == 1)
    for client in silent[1:]:
        client.send(request())
        assert client.read_response().status == 200


def test_a_table_of_connections_in_the_middle_of_a_request_answers_503(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    exporter = start_exporter(tree, *FAST, "--web.max-connections", "8")

    def turned_away() -> Response | None:
        """The answer to one client more than there is room for; None if a slow machine let one seem to rest."""
        with contextlib.ExitStack() as stack:
            busy = [stack.enter_context(exporter.connect()) for _ in range(8)]
            for client in busy:
                client.send(b"GET /metr")
            response = stack.enter_context(exporter.connect()).get()
            return response if response.status != 200 else None

    response = wait_until(turned_away, what="a full table")
    assert response is not None and response.status == 503
    assert_is_complete(response)
    assert response.header("connection") == "close"
    wait_until(lambda: exporter.get().status == 200, what="room in the table")
    exporter.wait_for_page(lambda page: rejected(page, "full") >= 1)


def test_clients_that_pipeline_and_never_read_do_not_hold_up_others(exporter: Exporter) -> None:
    kept = exporter.connect()
    slowest = 0.0
    for _ in range(20):
        for _ in range(10):
            exporter.connect(takes_little=True).send_what_fits(request() * 2000)
        slowest = max(slowest, slowest_scrape(exporter, kept, 1))
    slowest = max(slowest, slowest_scrape(exporter, kept, 20))
    assert slowest < SLOWEST_SCRAPE_SECONDS
    assert_samples_without_spinning(exporter, kept)


def test_a_process_without_descriptors_neither_spins_nor_goes_deaf(
    start_exporter: StartExporter, tree: PowercapTree
) -> None:
    if not has_ipv6():
        pytest.skip("there is no IPv6 on the loopback device")
    exporter = start_exporter(tree, *FAST, "--web.listen-address", ":0", listen=False)
    # At the start it would have lowered its own limit of connections.
    resource.prlimit(exporter.pid, resource.RLIMIT_NOFILE, (32, 32))
    # Another client than the crowd, of which one connection goes for each that comes.
    kept = Client(("::1", exporter.port))
    exporter.page_on(kept)
    crowd = [exporter.connect() for _ in range(64)]
    wait_until(lambda: rejected(exporter.page_on(kept), "no_descriptors") > 0, what="a shortage of descriptors")

    assert_samples_without_spinning(exporter, kept)
    kept.close()
    for client in crowd:
        client.close()
    assert exporter.get().status == 200


# Deadlines


def test_deadlines_for_slow_clients(exporter: Exporter) -> None:
    """One test for three kinds of slowness, because each takes its ten seconds."""
    kept = exporter.connect()
    begin = time.monotonic()
    unfinished, dripping, deaf = exporter.connect(), exporter.connect(), exporter.connect(takes_little=True)
    unfinished.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
    deaf.send_what_fits(request() * 5000)
    dripping.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\nSlow: ")

    def timed_out() -> int:
        count = rejected(exporter.page_on(kept), "timeout")
        if count == 0:
            dripping.send(b"a")
        return count

    wait_until(lambda: timed_out() >= 3, CLIENT_DEADLINE_SECONDS + 20, "three connections over their deadline")
    assert time.monotonic() - begin > CLIENT_DEADLINE_SECONDS - 1
    for client in (unfinished, dripping):
        response = client.read_response()
        assert response.status == 408
        assert_is_complete(response)
    wait_until(lambda: exporter.page_on(kept).value("pyjoules_http_connections") <= 2)


def test_a_client_is_not_waited_for_longer_than_it_said(exporter: Exporter) -> None:
    kept, patient, deaf = exporter.connect(), exporter.connect(takes_little=True), exporter.connect(takes_little=True)
    announced = ["X-Prometheus-Scrape-Timeout-Seconds: 1"]
    # Who has read all is waited for as ever, though that time passes.
    assert kept.get(headers=announced).status == 200
    begin = time.monotonic()
    patient.send_what_fits(request(headers=["X-Prometheus-Scrape-Timeout-Seconds: 60"]) * 2000)
    deaf.send_what_fits(request(headers=announced) * 2000)

    # Before the deadline for all that do not read.
    deadline = CLIENT_DEADLINE_SECONDS - 2
    wait_until(lambda: rejected(exporter.page(), "timeout") > 0, deadline, "the end of the client's time")
    assert time.monotonic() - begin > 0.9
    assert rejected(exporter.page(), "timeout") == 1
    with pytest.raises(ConnectionResetError):
        for _ in range(1000):
            deaf.receive_some(65536)
    assert patient.receive_some(100).startswith(b"HTTP/1.1 200 ")
    assert kept.get(headers=announced).status == 200
