"""Every sample as it comes, at /api/v1/stream."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from support.exporter import RESOLUTION, Exporter, StartExporter
from support.powercap_tree import PowercapTree
from support.raw_http import Client, ConnectionEnded, request
from support.waiting import wait_until
from support.web_configuration import StartWeb

PATH = "/api/v1/stream"
SWITCH = "--web.enable-stream"
FAST = ("--sample.interval", "5ms")
MOST_STREAMS = 8


class Stream:
    """One reader, which asked already and was answered."""

    def __init__(self, client: Client, version: str = "HTTP/1.1") -> None:
        self.client = client
        client.send(request(PATH, version=version))
        self.head = client.read_response(without_body=True)
        self._is_chunked = self.head.header("transfer-encoding") == "chunked"
        self._received = bytes(client._received)

    def _more(self) -> None:
        data = self.client.receive_some(65536)
        if not data:
            raise ConnectionEnded("the stream has ended")
        self._received += data

    def _take(self, count: int) -> bytes:
        while len(self._received) < count:
            self._more()
        data, self._received = self._received[:count], self._received[count:]
        return data

    def _take_line(self, end: bytes) -> bytes:
        while end not in self._received:
            self._more()
        return self._take(self._received.index(end) + len(end))

    def lines(self) -> Iterator[dict[str, Any]]:
        """One line after the other, to the end of the body."""
        while True:
            if self._is_chunked:
                length = int(self._take_line(b"\r\n"), 16)
                line = self._take(length)
                assert self._take(2) == b"\r\n"
                if length == 0:
                    return
                assert line.count(b"\n") == 1 and line.endswith(b"\n")
            else:
                line = self._take_line(b"\n")
            yield json.loads(line, parse_float=Decimal)

    def take(self, count: int) -> list[dict[str, Any]]:
        """So many lines."""
        lines = self.lines()
        return [next(lines) for _ in range(count)]


def open_stream(exporter: Exporter, version: str = "HTTP/1.1", takes_little: bool = False) -> Stream:
    stream = Stream(exporter.connect(takes_little=takes_little), version)
    assert stream.head.status == 200
    assert stream.head.header("content-type") == "application/x-ndjson"
    return stream


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_every_sample_comes_once_and_in_order(start_exporter: StartExporter, tree: PowercapTree, version: str) -> None:
    # Whatever pages show, and however seldom.
    exporter = start_exporter(tree, *FAST, SWITCH, environment={RESOLUTION: "60"})
    stream = open_stream(exporter, version)
    lines = stream.take(200)
    first = lines[0]["sequence"]
    assert [line["sequence"] for line in lines] == list(range(first, first + 200))
    times = [line["time"] for line in lines]
    assert times == sorted(times)
    assert all(line["interval_seconds"] > 0 for line in lines[1:])
    assert [domain["domain"] for domain in lines[0]["domains"]][0] == "package_0"


def test_energy_is_in_the_samples(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, SWITCH)
    stream = open_stream(exporter)
    stream.take(1)
    tree.set("1", 500_000)
    tree.set("0", 234_567)
    tree.set("0:2", 100_000)
    for line in stream.lines():
        joules = {domain["domain"]: domain["joules"] for domain in line["domains"]}
        if joules["package_0"] and joules["dram_0"]:
            break
    assert joules["package_0"] == Decimal("0.234567")
    assert line["host"]["joules"] == Decimal("0.500000")
    assert exporter.page().energy("package_0") == Decimal("0.234567")


def test_a_reader_that_stalls_is_told_what_it_lost(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, "--sample.interval", "1ms", SWITCH)
    stalled = open_stream(exporter, takes_little=True)
    quick = open_stream(exporter)
    begin = exporter.page().ticks
    # What is kept for the one that stalls, here and in the kernel, is less than this.
    wait_until(lambda: quick.take(100)[-1]["sequence"] > begin + 3000, seconds=60, what="many samples")
    expected = None
    lost = 0
    for line in stalled.lines():
        if "lost" in line:
            assert line["lost"] > 0
            lost += line["lost"]
            expected += line["lost"]
            continue
        assert expected is None or line["sequence"] == expected
        expected = line["sequence"] + 1
        if lost and line["sequence"] > begin + 3000:
            break
    assert lost > 0
    # It held nobody up.
    sequences = [line["sequence"] for line in quick.take(100)]
    assert sequences == list(range(sequences[0], sequences[0] + 100))


def test_a_ninth_stream_is_refused_and_scrapes_go_on(start_exporter: StartExporter, tree: PowercapTree) -> None:
    exporter = start_exporter(tree, *FAST, SWITCH)
    streams = [open_stream(exporter) for _ in range(MOST_STREAMS)]
    refused = exporter.get(PATH)
    assert refused.status == 503 and "streams" in refused.text and refused.header("retry-after") == "1"
    for stream in streams:
        stream.take(3)
    assert exporter.page().ticks > 0
    streams[0].client.close()
    wait_until(lambda: _is_open(exporter), what="the place of the one that left")


def _is_open(exporter: Exporter) -> bool:
    return Stream(exporter.connect()).head.status == 200


def test_without_the_switch_the_answer_names_it(start_exporter: StartExporter, tree: PowercapTree) -> None:
    answer = start_exporter(tree, *FAST).get(PATH)
    assert answer.status == 404
    assert SWITCH in answer.text


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_a_stream_ends_whole_with_the_program(start_exporter: StartExporter, tree: PowercapTree, version: str) -> None:
    exporter = start_exporter(tree, *FAST, SWITCH)
    stream = open_stream(exporter, version)
    stream.take(2)
    exporter.send_signal(15)
    last = None
    try:
        for line in stream.lines():
            last = line
    except ConnectionEnded:
        assert version == "HTTP/1.0", "the body has no end"
    assert last is None or "sequence" in last
    stream.client.close()
    assert exporter.wait() == 0


def test_a_stream_goes_through_tls_and_a_password(start_web: StartWeb, server_certificate) -> None:
    web = start_web(
        {
            "tls_server_config": {
                "cert_file": str(server_certificate.certificate),
                "key_file": str(server_certificate.key),
            }
        },
        *FAST,
        SWITCH,
    )
    lines = Stream(web.connect()).take(50)
    assert [line["sequence"] for line in lines] == list(range(lines[0]["sequence"], lines[0]["sequence"] + 50))


def test_a_stream_ends_when_the_web_configuration_is_read_again(start_web: StartWeb) -> None:
    web = start_web({"http_server_config": {"headers": {"X-Frame-Options": "deny"}}}, *FAST, SWITCH)
    stream = Stream(web.connect())
    stream.take(2)
    web.exporter.send_signal(1)
    begin = time.monotonic()
    for _ in stream.lines():
        assert time.monotonic() - begin < 30
