"""The bytes in which the exporter keeps its ledger, damaged from outside.

The layout is that of Sources/Accounts/LedgerImage.swift; `first_layout_of_this_boot` is about the one of
FirstLayout.swift.
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER_WORDS = 8
_RECORD_WORDS = 54
# The words of a record's name, which has a seal of its own.
_NAME_WORDS = range(16, 36)
# Room for one copy of the longest ledger, with its checksum; two of them lie one behind the other.
_COPY_WORDS = 147_528 // 8
LENGTH = 2 * 8 * _COPY_WORDS
_WORD_MASK = 2**64 - 1
# Positions in a copy.
_SEQUENCE, _BOOT_HIGH, _BOOT_LOW, _COUNT = 1, 2, 3, 4

# The first layout: a shorter header, records of eleven words.
_FIRST_HEADER_WORDS, _FIRST_RECORD_WORDS, _FIRST_MOST_RECORDS, _FIRST_COUNT = 6, 11, 128, 5
_FIRST_COPY_WORDS = _FIRST_HEADER_WORDS + _FIRST_RECORD_WORDS * _FIRST_MOST_RECORDS + 1
FIRST_LAYOUT_LENGTH = 2 * 8 * _FIRST_COPY_WORDS


def first_layout_of_this_boot(ledger: bytes) -> bytes:
    """A ledger of the first layout as if it had been written since this machine was started."""
    boot = int(Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", ""), 16)
    words = list(struct.unpack(f"<{len(ledger) // 8}Q", ledger))
    for start in (0, _FIRST_COPY_WORDS):
        end = start + _FIRST_HEADER_WORDS + _FIRST_RECORD_WORDS * words[start + _FIRST_COUNT]
        assert words[end] == _checksum(words[start:end]), "not a ledger of the first layout"
        words[start + _BOOT_HIGH], words[start + _BOOT_LOW] = boot >> 64, boot & _WORD_MASK
        words[end] = _checksum(words[start:end])
    return struct.pack(f"<{len(words)}Q", *words)


def from_another_boot(ledger: bytes) -> bytes:
    """The same ledger as if it had been written before the machine was started again."""
    copies = _copies(ledger)
    for copy in copies:
        copy[_BOOT_HIGH] ^= 1
        copy[_BOOT_LOW] ^= 1
        copy[_end(copy)] = _checksum(_sealed(copy))
    return _joined(copies)


def with_a_torn_copy(ledger: bytes) -> bytes:
    """The same ledger if the newer one of its copies had been written half."""
    copies = _copies(ledger)
    _tear(max(copies, key=lambda copy: copy[_SEQUENCE]))
    return _joined(copies)


def with_torn_copies(ledger: bytes) -> bytes:
    """The same ledger with neither copy whole."""
    copies = _copies(ledger)
    for copy in copies:
        _tear(copy)
    return _joined(copies)


def _copies(ledger: bytes) -> list[list[int]]:
    words = list(struct.unpack(f"<{len(ledger) // 8}Q", ledger))
    copies = [words[:_COPY_WORDS], words[_COPY_WORDS:]]
    for copy in copies:
        assert copy[_end(copy)] == _checksum(_sealed(copy)), "not a ledger, or one that was never written twice"
    return copies


def _joined(copies: list[list[int]]) -> bytes:
    words = [word for copy in copies for word in copy]
    return struct.pack(f"<{len(words)}Q", *words)


def _end(copy: list[int]) -> int:
    """Where the checksum of a copy lies."""
    return _HEADER_WORDS + _RECORD_WORDS * copy[_COUNT]


def _sealed(copy: list[int]) -> list[int]:
    """What the checksum of a copy is over: everything but the names."""
    return [
        word
        for position, word in enumerate(copy[: _end(copy)])
        if position < _HEADER_WORDS or (position - _HEADER_WORDS) % _RECORD_WORDS not in _NAME_WORDS
    ]


def _tear(copy: list[int]) -> None:
    """Changes the first domain's total, but not the checksum."""
    copy[_HEADER_WORDS + 3] += 1


def _checksum(words: list[int]) -> int:
    checksum = 0xCBF2_9CE4_8422_2325
    for word in words:
        checksum = (checksum ^ word) * 0x0000_0100_0000_01B3 & _WORD_MASK
        checksum ^= checksum >> 29
    return checksum
