"""Crowds: many connections that all do the same, from one or many keys, and come again whenever they are sent away."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from door import FIRST_ATTACKER, Door
from helper_program import say_ready
from support.crowd import Member
from support.network import address
from support.raw_http import request
from support.web_configuration import authorization

ALIVE = request("/-/healthy")


@dataclass(frozen=True)
class Crowd:
    """So many connections from each of so many keys. Each says `hello`, and then a word every `period` seconds."""

    keys: int
    each: int
    words: Iterable[bytes]
    hello: bytes = b""
    reads: bool = True
    period: float = 0.05

    def __call__(self, door: Door, stopped: threading.Event) -> None:
        with _members(self, door) as members:
            say_ready()
            for word in self.words:
                for member in members:
                    with contextlib.suppress(OSError):
                        member.act(word)
                if stopped.wait(self.period):
                    return


@contextlib.contextmanager
def _members(crowd: Crowd, door: Door) -> Iterator[list[Member]]:
    sources = [address(FIRST_ATTACKER + number) for number in range(crowd.keys)] * crowd.each
    if door.unix_path is not None:
        sources = [None] * len(sources)
    with contextlib.ExitStack() as stack:
        members = []
        for source in sources:
            member = Member(door.address, source, crowd.hello, crowd.reads)
            stack.callback(lambda member=member: member.socket.close())
            members.append(member)
        yield members


def asking(keys: int, each: int) -> Crowd:
    """Each asks for little every 0.8 s, so that none looks idle."""
    return Crowd(keys, each, itertools.repeat(ALIVE), hello=ALIVE, period=0.8)


def silent(keys: int, each: int) -> Crowd:
    """They connect and say nothing."""
    return Crowd(keys, each, itertools.repeat(b""))


def hesitating(keys: int, each: int) -> Crowd:
    """Each begins a request."""
    return Crowd(keys, each, itertools.repeat(b""), hello=b"G")


def deaf(path: str, keys: int = 1, each: int = 250) -> Crowd:
    """They pipeline requests, never read an answer, and go on sending."""
    requests = request(path) * 20
    return Crowd(keys, each, itertools.repeat(requests), hello=requests, reads=False)


def byte_by_byte(keys: int, each: int) -> Crowd:
    """Heads that arrive a byte at a time."""
    return Crowd(keys, each, itertools.cycle(bytes([byte]) for byte in request()))


def _guesses() -> Iterator[bytes]:
    for number in itertools.count():
        yield request(headers=[authorization("scraper", f"guess {number}")])


def guessing(keys: int, each: int) -> Crowd:
    """They guess a user's password, each time another one."""
    return Crowd(keys, each, _guesses())
