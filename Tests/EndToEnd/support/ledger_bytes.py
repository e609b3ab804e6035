"""The bytes in which the exporter keeps its ledger, damaged from outside.

The layout is that of Sources/Energy/LedgerImage.swift.
"""

from __future__ import annotations

import struct

_HEADER_WORDS = 6
_RECORD_WORDS = 11
_MOST_RECORDS = 128
# Room for one copy of the longest ledger, with its checksum; two of them lie one behind the other.
_COPY_WORDS = _HEADER_WORDS + _RECORD_WORDS * _MOST_RECORDS + 1
LENGTH = 2 * 8 * _COPY_WORDS
_WORD_MASK = 2**64 - 1
# Positions in a copy.
_SEQUENCE, _BOOT_HIGH, _BOOT_LOW, _COUNT = 1, 2, 3, 5


def from_another_boot(ledger: bytes) -> bytes:
    """The same ledger as if it had been written before the machine was started again."""
    copies = _copies(ledger)
    for copy in copies:
        copy[_BOOT_HIGH] ^= 1
        copy[_BOOT_LOW] ^= 1
        copy[_end(copy)] = _checksum(copy[: _end(copy)])
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
        assert copy[_end(copy)] == _checksum(copy[: _end(copy)]), "not a ledger, or one that was never written twice"
    return copies


def _joined(copies: list[list[int]]) -> bytes:
    words = [word for copy in copies for word in copy]
    return struct.pack(f"<{len(words)}Q", *words)


def _end(copy: list[int]) -> int:
    """Where the checksum of a copy lies."""
    return _HEADER_WORDS + _RECORD_WORDS * copy[_COUNT]


def _tear(copy: list[int]) -> None:
    """Changes the first domain's total, but not the checksum."""
    copy[_HEADER_WORDS + 3] += 1


def _checksum(words: list[int]) -> int:
    checksum = 0xCBF2_9CE4_8422_2325
    for word in words:
        checksum = (checksum ^ word) * 0x0000_0100_0000_01B3 & _WORD_MASK
        checksum ^= checksum >> 29
    return checksum
