"""TLS' first message made by hand: it can say what a modern library refuses to say. See RFC 5246 and 8446."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from .raw_http import Client

SSL3, TLS10, TLS11, TLS12 = 0x0300, 0x0301, 0x0302, 0x0303
NO_COMPRESSION, DEFLATE = 0, 1

ALERT, HANDSHAKE = 21, 22
SERVER_HELLO = 2
# Descriptions of alerts.
HANDSHAKE_FAILURE, PROTOCOL_VERSION = 40, 70

# What any server of the last twenty years has some of.
STRONG = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA8, 0xCCA9)

_GROUPS = (0x001D, 0x0017, 0x0018)
_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0203, 0x0201)


@dataclass(frozen=True)
class Answer:
    """The beginning of the server's first record."""

    record_type: int
    #: The description of an alert; None for everything else.
    alert: int | None = None
    #: What a ServerHello chose.
    version: int | None = None
    cipher: int | None = None
    compression: int | None = None


def client_hello(
    version: int, ciphers: Sequence[int] = STRONG, compressions: Sequence[int] = (NO_COMPRESSION,)
) -> bytes:
    """A whole record with a ClientHello for at most that version, which is TLS 1.2 or older."""
    signatures = _vector(b"".join(struct.pack(">H", value) for value in _SIGNATURES), 2)
    groups = _vector(b"".join(struct.pack(">H", value) for value in _GROUPS), 2)
    extensions = b"".join(
        struct.pack(">H", number) + _vector(content, 2)
        for number, content in ((10, groups), (11, _vector(b"\0", 1)), (13, signatures), (0xFF01, b"\0"))
    )
    body = struct.pack(">H", version) + bytes(range(32)) + _vector(b"", 1)
    body += _vector(b"".join(struct.pack(">H", cipher) for cipher in ciphers), 2)
    body += _vector(bytes(compressions), 1)
    if version > SSL3:
        body += _vector(extensions, 2)
    message = bytes([1]) + len(body).to_bytes(3, "big") + body
    return struct.pack(">BHH", HANDSHAKE, min(version, TLS10), len(message)) + message


def ask(client: Client, hello: bytes) -> Answer:
    """Sends it and reads what the server makes of it."""
    client.send(hello)
    kind, _, length = struct.unpack(">BHH", _exactly(client, 5))
    content = _exactly(client, length)
    if kind == ALERT:
        return Answer(kind, alert=content[1])
    assert kind == HANDSHAKE and content[0] == SERVER_HELLO, content[:8]
    (version,) = struct.unpack_from(">H", content, 4)
    after_session = 4 + 2 + 32 + 1 + content[38]
    cipher, compression = struct.unpack_from(">HB", content, after_session)
    return Answer(kind, version=version, cipher=cipher, compression=compression)


def _vector(content: bytes, length_bytes: int) -> bytes:
    return len(content).to_bytes(length_bytes, "big") + content


def _exactly(client: Client, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.receive_some(count - len(data))
        assert more, f"closed after {len(data)} of {count} bytes"
        data += more
    return data
