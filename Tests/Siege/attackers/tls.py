"""Abuse of TLS: what costs the server much and the attacker little."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from door import FIRST_ATTACKER, KEYS, Door
from helper_program import say_ready
from support.network import address
from support.raw_http import Client
from support.tls_client import SteppedTLS

CLIENT_SOURCE = Path(__file__).resolve().parents[2] / "CTLSClient" / "CTLSClient.c"
THREADS = 8
SECONDS = 1.0
DONE = 0  # TLS_CLIENT_DONE
Work = Callable[[Door, int], None]


def in_threads(work: Work) -> Callable[[Door, threading.Event], None]:
    """The same in several threads, again and again, each time from the next key."""

    def attack(door: Door, stopped: threading.Event) -> None:
        def repeat(first: int) -> None:
            for number in itertools.count(first, THREADS):
                if stopped.is_set():
                    return
                with contextlib.suppress(OSError):
                    work(door, number % KEYS)

        threads = [threading.Thread(target=repeat, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        say_ready()
        for thread in threads:
            thread.join()

    return attack


_first_flights: dict[Door, bytes] = {}


def _first_flight(door: Door) -> bytes:
    """What begins a handshake. Said again it costs nothing to say, and the server signs each time."""
    if door not in _first_flights:
        assert door.context is not None
        with SteppedTLS(door.address, door.context) as client:
            _first_flights[door] = client.first_flight()
    return _first_flights[door]


def half_a_handshake(door: Door, key: int) -> None:
    """Lets the server sign, and leaves."""
    with Client(door.address, source=address(FIRST_ATTACKER + key), seconds=SECONDS) as client:
        client.send(_first_flight(door))
        client.receive_some(1)
        client.reset()


def broken_handshake(door: Door, key: int) -> None:
    """Lets the server sign, and answers with a record that nobody can read."""
    with Client(door.address, source=address(FIRST_ATTACKER + key), seconds=SECONDS) as client:
        client.send(_first_flight(door))
        client.receive_some(1)
        client.send(b"\x17\x03\x03\x00\x20" + b"?" * 32)
        client.receive_some(65536)


class _Options(ctypes.Structure):
    """`struct tls_client_options`, in which nothing has to be set."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("authority", "certificate", "key")),
        ("version", ctypes.c_int),
        *((name, ctypes.c_char_p) for name in ("ciphers", "protocols")),
        ("session", ctypes.c_void_p),
    ]


def compile_client(directory: Path) -> Path:
    """The client of the unit tests as a library: Python's own cannot change its keys."""
    library = directory / "tls_client.so"
    includes = ["-I", str(CLIENT_SOURCE.parent / "include"), "-D_Nullable=", "-D_Nonnull="]
    command = ["cc", "-shared", "-fPIC", "-O1", *includes, "-o", str(library), str(CLIENT_SOURCE), "-lssl", "-lcrypto"]
    subprocess.run(command, check=True)
    return library


def _client_library(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.tls_client_new.restype = ctypes.c_void_p
    library.tls_client_new.argtypes = [ctypes.c_int, _Options]
    for name in ("tls_client_handshake", "tls_client_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    library.tls_client_update_keys.restype = ctypes.c_bool
    library.tls_client_update_keys.argtypes = [ctypes.c_void_p, ctypes.c_bool]
    return library


def key_updates(door: Door, key: int) -> None:
    """Changes its keys as fast as the server takes it, before any password, and has the server change its own too."""
    assert door.tls_library is not None
    library = _client_library(door.tls_library)
    with socket.socket(socket.AF_INET6) as connection:
        connection.bind((address(FIRST_ATTACKER + key), 0))
        connection.connect(door.address)
        # The library waits in the kernel: no longer than this.
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(SECONDS), 0))
        client = library.tls_client_new(connection.fileno(), _Options())
        try:
            if library.tls_client_handshake(client) == DONE:
                while library.tls_client_update_keys(client, key % 2 == 0):
                    pass
        finally:
            library.tls_client_free(client)
