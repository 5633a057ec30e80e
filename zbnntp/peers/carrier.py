"""What Sync needs of whatever carries requests to peers: Tor, sockets in a directory, anything else.

A carrier takes an endpoint as it stands in a signed head and decides by itself whether it is one that it can reach;
BadEncoding when not, so onions and local names never mix. It counts octets and keeps deadlines. `peers/transport.py`
is the carrier that nodes use; tests and bench/spread have another one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are lower case, the body is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Incoming(Protocol):
    """An answer while it comes in."""

    status: int
    headers: Mapping[str, str]

    async def read(self) -> bytes:
        """The whole body, unpacked; TooLarge above the limit."""
        ...

    def lines(self, longest: int) -> AsyncGenerator[bytes, None]:
        """The body's lines as they come, without line ends; TooLarge when one is longer than `longest`."""
        ...


class Carrier(Protocol):
    """Requests to peers; a path starts with /zb/1/, a request with a body is a POST."""

    async def request(
        self,
        endpoint: str,
        path: str,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The whole answer, of at most `limit` octets. Raises BadEncoding, TooLarge, PeerGone, TorDown."""
        ...

    def open(
        self, endpoint: str, path: str, *, limit: int, seconds: float, silence: float
    ) -> AbstractAsyncContextManager[Incoming]:
        """GET, to be read as it comes: `seconds` for all of it, `silence` between two pieces."""
        ...
