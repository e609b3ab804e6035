"""The client of `raw_http.py` through TLS, as Python's ssl module speaks it."""

from __future__ import annotations

import ssl

from .certificates import Authority, Certificate
from .raw_http import Address, Client
from .waiting import DEADLINE_SECONDS


def trusting(
    authority: Authority,
    client: Certificate | None = None,
    version: ssl.TLSVersion | None = None,
    ciphers: str | None = None,
) -> ssl.SSLContext:
    """How a client speaks that trusts an authority, and has a certificate of its own if it is given one.

    `version` is the only one that is spoken; without it, the newest.
    """
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.set_alpn_protocols(["http/1.1"])
    if ciphers is not None:
        context.set_ciphers(ciphers)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if client is not None:
        context.load_cert_chain(*client.pair)
    return context


class TLSClient(Client):
    """One connection with TLS, agreed on when it is made."""

    def __init__(
        self,
        address: Address,
        context: ssl.SSLContext,
        takes_little: bool = False,
        session: ssl.SSLSession | None = None,
        source: str | None = None,
        seconds: float = DEADLINE_SECONDS,
    ) -> None:
        super().__init__(address, takes_little, source, seconds)
        try:
            self.socket: ssl.SSLSocket = context.wrap_socket(self.socket, server_hostname="localhost", session=session)
        except BaseException:
            self.socket.close()
            raise

    @property
    def serial(self) -> str:
        """The serial number of the server's certificate."""
        certificate = self.socket.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


class SteppedTLS:
    """A client whose every byte of TLS can be held in hand: nothing is sent that the test does not send."""

    def __init__(self, address: Address, context: ssl.SSLContext) -> None:
        self.client = Client(address)
        #: The handshake is done on the client's side.
        self.is_agreed = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="localhost")

    def first_flight(self) -> bytes:
        """What the client says first."""
        return self.next_flight()

    def next_flight(self) -> bytes:
        """What the client says to what was taken; nothing if that is not all of the server's flight."""
        try:
            self._tls.do_handshake()
            self.is_agreed = True
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def take(self) -> None:
        """Receives something, which has to come."""
        data = self.client.receive_some(65536)
        assert data, "closed in the middle of TLS"
        self._incoming.write(data)

    def handshake(self, piece: int) -> None:
        """Agrees on TLS, sending so many bytes at a time."""
        self.send_in_pieces(self.first_flight(), piece)
        while not self.is_agreed:
            self.take()
            self.send_in_pieces(self.next_flight(), piece)

    def sealed(self, data: bytes) -> bytes:
        """The records that carry the data."""
        self._tls.write(data)
        return self._outgoing.read()

    def send_in_pieces(self, data: bytes, piece: int) -> None:
        for start in range(0, len(data), piece):
            self.client.send(data[start : start + piece])

    def receive(self, count: int) -> bytes:
        """So many bytes of what the server says."""
        received = b""
        while len(received) < count:
            try:
                received += self._tls.read(count - len(received))
            except ssl.SSLWantReadError:
                self.take()
        return received

    def __enter__(self) -> SteppedTLS:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
