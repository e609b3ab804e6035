"""Connections that are short and end badly."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from collections.abc import Callable

from door import FIRST_ATTACKER, KEYS, Door
from helper_program import say_ready
from support.network import address
from support.raw_http import Client, request

HALF_CLOSED = 50
PAUSE_SECONDS = 0.001
Visit = Callable[[Client], None]


def visiting(visit: Visit) -> Callable[[Door, threading.Event], None]:
    """One connection after the other, from all keys in turn, past TLS if there is any."""

    def attack(door: Door, stopped: threading.Event) -> None:
        say_ready()
        for number in itertools.cycle(range(KEYS)):
            with contextlib.suppress(OSError), Client(door.address, source=address(FIRST_ATTACKER + number)) as client:
                visit(client)
            if stopped.wait(PAUSE_SECONDS):
                return

    return attack


def noise(client: Client) -> None:
    """Random bytes, and no more."""
    client.send_what_fits(random.randbytes(random.randint(1, 4096)))
    client.half_close()


def reset_in_response(client: Client) -> None:
    """Asks for more than fits, takes the first bytes, and resets the connection."""
    client.send(request() * 10)
    client.receive_some(100)
    client.reset()


def come_and_go(client: Client) -> None:
    """Says nothing."""


def half_closed(door: Door, stopped: threading.Event) -> None:
    """They ask, say that they say no more, and neither read nor close for as long as fifty others do so too."""
    with contextlib.ExitStack() as stack:
        say_ready()
        for number in itertools.cycle(range(KEYS)):
            if number % HALF_CLOSED == 0:
                stack.close()
            client = stack.enter_context(Client(door.address, source=address(FIRST_ATTACKER + number)))
            with contextlib.suppress(OSError):
                client.send_what_fits(request() * 20)
                client.half_close()
            if stopped.wait(PAUSE_SECONDS):
                return
