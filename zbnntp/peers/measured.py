"""What a peer's node sends, measured before it is parsed.

The library behind the transport takes any number of interim answers (RFC 9110 section 15.2) before the real one, and a
head of any length comes in one piece: nothing above this stream could tell. So the head of an answer has a limit here,
and is read in pieces so small that what is in one of them is parsed in no time.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpcore

ANSWER_HEAD_OCTETS = 16 * 1024  # of which a node sends 300; interim answers count
HEAD_PIECE_OCTETS = 2 * 1024  # read at a time while a head is waited for


class MeasuredStream(httpcore.AsyncNetworkStream):
    """A stream whose answers begin with a head of limited length. Say `head_came` when one is over."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._head_room: int | None = ANSWER_HEAD_OCTETS

    def head_came(self) -> None:
        """What follows is a body, until something is asked again."""
        self._head_room = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Raises httpcore.RemoteProtocolError when a head is too long."""
        if self._head_room is None:
            return await self._stream.read(max_bytes, timeout)
        if self._head_room <= 0:
            raise httpcore.RemoteProtocolError(f"the head of an answer is above {ANSWER_HEAD_OCTETS} octets")
        data = await self._stream.read(min(max_bytes, HEAD_PIECE_OCTETS), timeout)
        self._head_room -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._head_room = ANSWER_HEAD_OCTETS
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("peers are not asked over TLS")

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
