"""TLS as a layer: the standard library's ssl over memory, without sockets. RFC 4642, RFC 8143.

The server's half only. First shake() in turns with feed() and to_send() until `ready`; then it is a layer like others.
"""

from __future__ import annotations

import contextlib
import ssl

from zbnntp.nntp.layers import PIECE_OCTETS, LayerBroken


class Tls:
    """One TLS connection. A newsreader that closes TLS looks like one that hangs up: LayerBroken."""

    __slots__ = ("_incoming", "_object", "_outgoing", "ready")

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.ready = False

    def feed(self, data: bytes) -> None:
        self._incoming.write(data)

    def shake(self) -> None:
        """Go on with the handshake as far as what was fed allows. LayerBroken when there can be none."""
        try:
            self._object.do_handshake()
            self.ready = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise LayerBroken("the newsreader and this node found no way to speak TLS") from error

    def read(self) -> bytes:
        try:
            data = self._object.read(PIECE_OCTETS)
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise LayerBroken("TLS has ended or is broken") from error
        if not data:
            raise LayerBroken("the newsreader has closed TLS")
        return data

    def write(self, octets: bytes) -> bytes:
        try:
            self._object.write(octets)
        except ssl.SSLError as error:
            raise LayerBroken("TLS has ended") from error
        return self.to_send()

    def to_send(self) -> bytes:
        """What TLS itself has to say: handshake, alerts."""
        return self._outgoing.read()

    def close(self) -> bytes:
        """close_notify, so that the newsreader knows that nothing was cut off; without waiting for theirs."""
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()
        return self.to_send()
