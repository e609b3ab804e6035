"""Where the besieged exporter listens and how one gets in, in a form that can be handed to other programs."""

from __future__ import annotations

import dataclasses
import json
import ssl
from dataclasses import dataclass
from functools import cached_property

from support.raw_http import Address, Client
from support.tls_client import TLSClient
from support.waiting import DEADLINE_SECONDS

# Of the networks of 64 bits on the loopback device the first is the witness's, and the others are the attackers'.
WITNESS_KEY = 0
FIRST_ATTACKER = 1
KEYS = 251


@dataclass(frozen=True)
class Door:
    """`authority` is whose certificates are trusted, if TLS is spoken; `headers` get a request past the password."""

    port: int
    unix_path: str | None = None
    authority: str | None = None
    headers: tuple[str, ...] = ()
    #: What attackers in C are made of, if they are needed.
    tls_library: str | None = None

    @cached_property
    def address(self) -> Address:
        return self.unix_path or ("::1", self.port)

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        return None if self.authority is None else ssl.create_default_context(cafile=self.authority)

    def connect(self, source: str | None = None, seconds: float = DEADLINE_SECONDS) -> Client:
        """A new connection from that address of ours, which a unix socket has none of."""
        if self.unix_path is not None:
            return Client(self.unix_path, seconds=seconds)
        if self.context is None:
            return Client(self.address, source=source, seconds=seconds)
        return TLSClient(self.address, self.context, source=source, seconds=seconds)

    def in_words(self) -> str:
        """For the command line of another program."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_words(cls, text: str) -> Door:
        fields = json.loads(text)
        return cls(**{**fields, "headers": tuple(fields["headers"])})
