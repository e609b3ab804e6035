"""Requests that cost the server as much as a request can, from a hundred connections, two at a time, and again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

from door import FIRST_ATTACKER, Door
from support.network import address
from support.raw_http import request

from .crowds import Crowd

PROTOBUF = "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
GZIP = "Accept-Encoding: gzip"
MOST_NAMES = 64
CONNECTIONS = 100
PAUSE_SECONDS = 0.001


def _families(door: Door) -> list[str]:
    """The names of families that a request may ask for."""
    with door.connect(address(FIRST_ATTACKER)) as client:
        text = client.get(headers=door.headers).text
    return [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")][:MOST_NAMES]


def _selection(names: list[str]) -> str:
    return "/metrics?" + "&".join(f"name[]={name}" for name in names)


def all_families(door: Door) -> list[bytes]:
    """Protobuf with gzip of all families but one, each request leaving out another: no two are the same page."""
    names = _families(door)
    some = [[name for name in names if name != left_out] for left_out in names]
    return [request(_selection(selected), headers=[PROTOBUF, GZIP, *door.headers]) for selected in some]


def encoded_names(door: Door) -> list[bytes]:
    """As many names as are taken, every byte of them encoded, which makes heads of some 5 kB."""
    letters = "".join(f"%{ord(letter):02x}" for letter in "pyjoules_power_watts")
    query = "&".join([f"name%5B%5D={letters}"] * MOST_NAMES)
    return [request(f"/metrics?{query}", headers=[GZIP, *door.headers])]


def long_heads(door: Door) -> list[bytes]:
    """Heads of 15 kB, most of which have to be understood to find out which form is wanted."""
    accept = ",".join(f"a/b;q=0.{number % 10}" for number in range(1300))
    return [request("/metrics", headers=[f"Accept: {accept}", *door.headers])]


def asking_for(make: Callable[[Door], list[bytes]]) -> Callable[[Door, threading.Event], None]:
    """The attacker that asks for what `make` gives, in turn."""

    def attack(door: Door, stopped: threading.Event) -> None:
        words = itertools.cycle(2 * one for one in make(door))
        Crowd(1, CONNECTIONS, words, period=PAUSE_SECONDS)(door, stopped)

    return attack
