"""All attackers by their names."""

from __future__ import annotations

import threading
from collections.abc import Callable

from door import Door

from . import crowds, dear, rude, tls

ATTACKERS: dict[str, Callable[[Door, threading.Event], None]] = {
    "deaf": crowds.deaf("/metrics"),
    "deaf-short": crowds.deaf("/-/healthy"),
    "deaf-250x2": crowds.deaf("/metrics", 250, 2),
    "asking-1x300": crowds.asking(1, 300),
    "asking-2x128": crowds.asking(2, 128),
    "asking-8x34": crowds.asking(8, 34),
    "asking-250x2": crowds.asking(250, 2),
    "silent-250x2": crowds.silent(250, 2),
    "hesitating-1x300": crowds.hesitating(1, 300),
    "byte-by-byte": crowds.byte_by_byte(20, 10),
    "guessing": crowds.guessing(40, 4),
    "all-families": dear.asking_for(dear.all_families),
    "encoded-names": dear.asking_for(dear.encoded_names),
    "long-heads": dear.asking_for(dear.long_heads),
    "noise": rude.visiting(rude.noise),
    "resets": rude.visiting(rude.reset_in_response),
    "come-and-go": rude.visiting(rude.come_and_go),
    "half-closed": rude.half_closed,
    "half-a-handshake": tls.in_threads(tls.half_a_handshake),
    "broken-handshake": tls.in_threads(tls.broken_handshake),
    "key-updates": tls.in_threads(tls.key_updates),
}
