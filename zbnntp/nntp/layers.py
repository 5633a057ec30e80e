"""What can lie between the socket and the session: TLS, compression. Octets in, octets out, no I/O.

A layer is pushed onto the others, so that compressed octets are encrypted, not the other way round. Each read gives a
piece of bounded size and keeps the rest for the next: what a few octets on the wire unfold to is never in memory as a
whole.
"""

from __future__ import annotations

import contextlib
from typing import Protocol

from zbnntp.model.errors import Invalid

# The most octets that one read gives.
PIECE_OCTETS = 1 << 16


class LayerBroken(Invalid):
    """What came cannot be read in this layer. The connection is of no more use."""


class Layer(Protocol):
    """One layer. feed() and read() may raise LayerBroken."""

    def feed(self, data: bytes) -> None:
        """Add what came from below."""

    def read(self) -> bytes:
        """At most PIECE_OCTETS for above; empty when more has to come from below first."""

    def write(self, octets: bytes) -> bytes:
        """What goes down so that the other side reads `octets`, whole; with what the layer itself has to say."""

    def close(self) -> bytes:
        """The last octets to go down."""


class Layers:
    """Layers upon one another, as one. Empty until the first push."""

    __slots__ = ("_stack",)

    def __init__(self) -> None:
        self._stack: list[Layer] = []

    def push(self, layer: Layer) -> None:
        """Lay another one on top."""
        self._stack.append(layer)

    def feed(self, data: bytes) -> None:
        """Add what came from the socket, if anything."""
        if data:
            self._stack[0].feed(data)

    def read(self) -> bytes:
        """At most PIECE_OCTETS for the session; empty when more has to come from the socket first."""
        return self._read(len(self._stack) - 1)

    def _read(self, level: int) -> bytes:
        layer = self._stack[level]
        while not (data := layer.read()) and level and (below := self._read(level - 1)):
            layer.feed(below)
        return data

    def write(self, octets: bytes) -> bytes:
        """What goes to the socket."""
        for layer in reversed(self._stack):
            octets = layer.write(octets)
        return octets

    def close(self) -> bytes:
        """What goes to the socket last; nothing when the layers are broken."""
        octets = b""
        with contextlib.suppress(LayerBroken):
            for layer in reversed(self._stack):
                octets = (layer.write(octets) if octets else b"") + layer.close()
            return octets
        return b""
