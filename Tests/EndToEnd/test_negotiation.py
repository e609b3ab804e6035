"""Which format and coding each kind of client gets, by the exact headers that it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support import powercap_tree
from support.exporter import Exporter
from support.formats import plain_body
from support.raw_http import Response, request
from support.waiting import wait_until

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OPENMETRICS_001 = "application/openmetrics-text; version=0.0.1; charset=utf-8"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
ESCAPING = "; escaping=underscores"

_MESSAGES = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
_OPENMETRICS_100 = "application/openmetrics-text;version=1.0.0"
_OPENMETRICS_001 = "application/openmetrics-text;version=0.0.1"
_TEXT_004 = "text/plain;version=0.0.4"
_TEXT_100 = "text/plain;version=1.0.0"
_UTF8 = ";escaping=allow-utf-8"
_FIREFOX = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8"
)
_CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)


@dataclass(frozen=True)
class Case:
    """The values of a client's headers, None where it sends none, and what it is to get."""

    accept: str | None
    accept_encoding: str | None
    content_type: str
    content_encoding: str | None


CASES = {
    "Prometheus 2.42": Case(
        f"{_OPENMETRICS_100},{_OPENMETRICS_001};q=0.75,{_TEXT_004};q=0.5,*/*;q=0.1", "gzip", OPENMETRICS, "gzip"
    ),
    "Prometheus 2.42 with native histograms": Case(
        f"{_MESSAGES},{_OPENMETRICS_100};q=0.8,{_OPENMETRICS_001};q=0.75,{_TEXT_004};q=0.5,*/*;q=0.1",
        "gzip",
        PROTOBUF,
        "gzip",
    ),
    "Prometheus 3.0 to 3.2": Case(
        f"{_OPENMETRICS_100}{_UTF8};q=0.6,{_OPENMETRICS_001}{_UTF8};q=0.5,{_TEXT_100}{_UTF8}{_UTF8};q=0.4,"
        f"{_TEXT_004}{_UTF8};q=0.3,*/*;q=0.2",
        "gzip",
        OPENMETRICS + ESCAPING,
        "gzip",
    ),
    "Prometheus 3.0 to 3.2 with native histograms": Case(
        f"{_MESSAGES}{_UTF8};q=0.6,{_OPENMETRICS_100}{_UTF8};q=0.5,{_OPENMETRICS_001}{_UTF8};q=0.4,"
        f"{_TEXT_100}{_UTF8}{_UTF8};q=0.3,{_TEXT_004}{_UTF8};q=0.2,*/*;q=0.1",
        "gzip",
        PROTOBUF + ESCAPING,
        "gzip",
    ),
    "Prometheus 3.3": Case(
        f"{_OPENMETRICS_100}{_UTF8};q=0.6,{_OPENMETRICS_001}{_UTF8};q=0.5,{_TEXT_100}{_UTF8};q=0.4,"
        f"{_TEXT_004}{_UTF8};q=0.3,*/*;q=0.2",
        "gzip",
        OPENMETRICS + ESCAPING,
        "gzip",
    ),
    "Prometheus 3.3 with native histograms": Case(
        f"{_MESSAGES}{_UTF8};q=0.6,{_OPENMETRICS_100}{_UTF8};q=0.5,{_OPENMETRICS_001}{_UTF8};q=0.4,"
        f"{_TEXT_100}{_UTF8};q=0.3,{_TEXT_004}{_UTF8};q=0.2,*/*;q=0.1",
        "gzip",
        PROTOBUF + ESCAPING,
        "gzip",
    ),
    "Prometheus 3.4 to 3.14": Case(
        f"{_OPENMETRICS_100}{_UTF8};q=0.6,{_OPENMETRICS_001};q=0.5,{_TEXT_100}{_UTF8};q=0.4,{_TEXT_004};q=0.3,*/*;q=0.2",
        "gzip",
        OPENMETRICS + ESCAPING,
        "gzip",
    ),
    "Prometheus 3.4 to 3.14 with enable_compression: false": Case(
        f"{_OPENMETRICS_100}{_UTF8};q=0.6,{_OPENMETRICS_001};q=0.5,{_TEXT_100}{_UTF8};q=0.4,{_TEXT_004};q=0.3,*/*;q=0.2",
        "identity",
        OPENMETRICS + ESCAPING,
        None,
    ),
    "Prometheus 3.4 to 3.14 with native histograms": Case(
        f"{_MESSAGES};q=0.6,{_OPENMETRICS_100}{_UTF8};q=0.5,{_OPENMETRICS_001};q=0.4,{_TEXT_100}{_UTF8};q=0.3,"
        f"{_TEXT_004};q=0.2,*/*;q=0.1",
        "gzip",
        PROTOBUF,
        "gzip",
    ),
    "VictoriaMetrics' agent": Case(f"{_TEXT_004};q=1,*/*;q=0.1", "gzip", TEXT, "gzip"),
    "a client of OpenMetrics 0.0.1": Case(f"{_OPENMETRICS_001},{_TEXT_004};q=0.5", None, OPENMETRICS_001, None),
    "curl": Case("*/*", None, TEXT, None),
    "curl --compressed": Case("*/*", "deflate, gzip, br, zstd", TEXT, "gzip"),
    "Firefox": Case(_FIREFOX, "gzip, deflate, br, zstd", TEXT, "gzip"),
    "Chrome": Case(_CHROME, "gzip, deflate, br, zstd", TEXT, "gzip"),
    "no headers": Case(None, None, TEXT, None),
    # Never 406: what cannot be met gets what everybody understands.
    "what is not offered": Case("application/json", "br", TEXT, None),
    "what is not offered, and nothing else": Case("image/png, */*;q=0", "br, identity;q=0, *;q=0", TEXT, None),
    "all that is offered refused": Case(
        f"{_MESSAGES};q=0,{_OPENMETRICS_100};q=0,{_TEXT_004};q=0,*/*;q=0", "gzip;q=0", TEXT, None
    ),
    "nonsense": Case(';;,=/;q=,"', "\t,;q=1;", TEXT, None),
}

# Of a page in each format: how it begins and how it ends.
_BEGINNINGS = {
    "text/plain": b"# HELP ",
    "application/openmetrics-text": b"# TYPE ",
    "application/vnd.google.protobuf": b"",
}
_ENDS = {"text/plain": b"\n", "application/openmetrics-text": b"\n# EOF\n", "application/vnd.google.protobuf": b""}


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    tree = powercap_tree.laptop(tmp_path_factory.mktemp("negotiation"))
    arguments = ["--web.listen-address", "127.0.0.1:0", "--path.sysfs", str(tree.root), "--sample.interval", "200ms"]
    with Exporter(arguments) as exporter:
        exporter.page_after_ticks()
        yield exporter


def headers_of(case: Case) -> list[str]:
    pairs = {"Accept": case.accept, "Accept-Encoding": case.accept_encoding}
    return [f"{name}: {value}" for name, value in pairs.items() if value is not None]


def lasting_headers(response: Response) -> list[tuple[str, str]]:
    """All headers but the time, which goes on."""
    return [(name, value) for name, value in response.headers if name != "date"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_client_gets_what_it_asks_for(exporter: Exporter, case: Case) -> None:
    response = exporter.connect().get(headers=headers_of(case))
    assert response.status == 200
    assert response.header("content-type") == case.content_type
    assert response.header("content-encoding") == case.content_encoding
    assert response.header("vary") == "Accept, Accept-Encoding"
    assert response.header("content-length") == str(len(response.body))
    media_type = case.content_type.partition(";")[0]
    body = plain_body(response)
    assert len(body) > 1000 and body.startswith(_BEGINNINGS[media_type]) and body.endswith(_ENDS[media_type])
    # The first field of a message after its length, its name, is not text.
    assert (media_type == "application/vnd.google.protobuf") == (b"\n\x1cpyjoules_simple_energy_watts" in body[:40])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_head_has_the_headers_of_get(exporter: Exporter, case: Case) -> None:
    client = exporter.connect()
    get, head = (request(method=method, headers=headers_of(case)) for method in ("GET", "HEAD"))

    def pair() -> tuple[Response, Response] | None:
        """The answer to HEAD between two equal ones to GET: a sample between them would change the length."""
        client.send(get + head + get)
        before, between = client.read_response(), client.read_response(without_body=True)
        after = client.read_response()
        return (before, between) if before.body == after.body else None

    found = wait_until(pair, 30, "one sample's page three times")
    assert found is not None
    of_get, of_head = found
    assert of_head.status == of_get.status == 200
    assert lasting_headers(of_head) == lasting_headers(of_get)


def test_the_order_of_arrival_and_the_case_of_names_do_not_matter(exporter: Exporter) -> None:
    client = exporter.connect()
    for headers in (
        [f"ACCEPT:{_OPENMETRICS_100}", "accept-ENCODING:gzip"],
        ["accept-encoding: GZIP", f"accept:  {_OPENMETRICS_100.upper()}  "],
        [f"Accept: {_TEXT_004};q=0.5", "Accept-Encoding: br", f"Accept: {_OPENMETRICS_100}", "Accept-Encoding: gzip"],
    ):
        response = client.get(headers=headers)
        assert response.header("content-type") == OPENMETRICS, headers
        assert response.header("content-encoding") == "gzip", headers


def test_other_pages_have_one_form(exporter: Exporter) -> None:
    """What is only a few words is neither told in the formats of metrics nor compressed."""
    client = exporter.connect()
    for path, status in (("/-/ready", 200), ("/-/healthy", 200), ("/nothing", 404)):
        response = client.get(path, headers=[f"Accept: {_MESSAGES}", "Accept-Encoding: gzip"])
        assert response.status == status
        assert (response.header("content-type") or "").startswith("text/")
        assert response.header("content-encoding") is None
        assert response.text
