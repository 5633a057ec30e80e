"""Where streams come from: the one place that opens a socket to the outside.

`OnionBackend` refuses whatever is not a version 3 onion address before it touches anything, which makes it the leak
guard, and reaches onions by SOCKS 5 over tor's Unix socket. httpx's own SOCKS support is not used: its time limits
do not cover the handshake, and a cancelled connect keeps its place in the pool for ever. In a local network
(`--local-net`) `LocalBackend` stands in its place: host `<name>` is the socket DIR/<name>.sock.

Isolation: user `<torS0X>0`, password `<local identity>|<purpose>`, so that two identities of one node never share a
circuit. Sources: RFC 1928, RFC 1929, tor's socks-extensions (isolation, extended errors F0 to F7), httpcore 1.0.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import Enum, auto
from pathlib import Path

import httpcore
import trio

from zbnntp.model.errors import BadEncoding, PeerGone, TorDown
from zbnntp.model.onion import is_onion
from zbnntp.peers.address import is_local
from zbnntp.peers.measured import MeasuredStream

CONNECT_SECONDS = 75.0  # descriptor, introduction and rendezvous
ONION_PORT = 80
SOCKS_USER = b"<torS0X>0"  # "isolate by the password alone"
_SOCKS_ADDRESS_OCTETS = {1: 4, 4: 16}  # over a Unix socket tor answers with an IPv6 address


class Remedy(Enum):
    """What to do about a peer that could not be reached."""

    TRY_AGAIN = auto()  # soon; if it stays so, its descriptor may be stale
    BACK_OFF = auto()  # it is off line, or full
    STOP = auto()  # it does not let us in, or the address is wrong


class NoAnswer(PeerGone):
    """A peer did not answer; `remedy` says what helps. `pause`: seconds after which it wants to be asked again."""

    def __init__(self, text: str, remedy: Remedy = Remedy.TRY_AGAIN, pause: float = 0) -> None:
        super().__init__(text)
        self.remedy = remedy
        self.pause = pause


_REPLIES = {
    0x01: ("its node does not answer", Remedy.TRY_AGAIN),
    0x02: ("tor was asked for something that is not an onion", Remedy.STOP),
    0x04: ("its node is off line", Remedy.BACK_OFF),
    0x05: ("its node is down or full", Remedy.BACK_OFF),
    0x06: ("its node did not answer in time", Remedy.TRY_AGAIN),
    0xF0: ("its node is off line", Remedy.BACK_OFF),
    0xF1: ("its node publishes an invalid descriptor", Remedy.BACK_OFF),
    0xF2: ("its node could not be introduced to", Remedy.TRY_AGAIN),
    0xF3: ("its node could not be met", Remedy.TRY_AGAIN),
    0xF4: ("it lets in only nodes that it knows", Remedy.STOP),
    0xF5: ("it does not let this node in any more", Remedy.STOP),
    0xF6: ("its address is wrong", Remedy.STOP),
    0xF7: ("its node did not answer the introduction in time", Remedy.TRY_AGAIN),
}


class _Backend(httpcore.AsyncNetworkBackend):
    """What both have in common: a host name is the only way in."""

    def __init__(self) -> None:
        self._sockets = httpcore.TrioBackend()

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise BadEncoding("peers are reached by their addresses alone")

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class OnionBackend(_Backend):
    """Opens streams to onions by SOCKS5 over a Unix socket; no other stream."""

    def __init__(self, socks: Path, isolation: str) -> None:
        super().__init__()
        password = isolation.encode()
        if not 1 <= len(password) <= 255:
            raise ValueError("an isolation name has 1 to 255 octets")
        self._socks = os.fspath(socks)
        self._password = password

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to an onion's port 80; raises BadEncoding (not an onion), NoAnswer, TorDown."""
        if not is_onion(host) or port != ONION_PORT:
            raise BadEncoding(f"{host}:{port} is not the address of an onion service")
        try:
            with trio.fail_after(CONNECT_SECONDS if timeout is None else timeout):
                return await self._connect(host)
        except trio.TooSlowError:
            raise NoAnswer("its node could not be reached in time") from None

    async def _connect(self, host: str) -> httpcore.AsyncNetworkStream:
        try:
            stream = await self._sockets.connect_unix_socket(self._socks)
        except httpcore.ConnectError as error:
            raise TorDown("This node's tor is not running; nothing can be fetched until it is.") from error
        async with _kept_or_closed(stream):
            await self._shake_hands(stream, host)
        return MeasuredStream(stream)

    async def _shake_hands(self, stream: httpcore.AsyncNetworkStream, host: str) -> None:
        try:
            await stream.write(b"\x05\x01\x02")
            _expect(await _exactly(stream, 2), b"\x05\x02")
            await stream.write(b"\x01%c%b%c%b" % (len(SOCKS_USER), SOCKS_USER, len(self._password), self._password))
            _expect(await _exactly(stream, 2), b"\x01\x00")
            name = host.encode("ascii")
            await stream.write(b"\x05\x01\x00\x03%c%b%b" % (len(name), name, ONION_PORT.to_bytes(2, "big")))
            version, code, _, kind = await _exactly(stream, 4)
            if version != 5:
                raise TorDown("This node's tor does not speak SOCKS 5; look at its settings.")
            if code:
                text, remedy = _REPLIES.get(code, (f"tor says {code:#04x}", Remedy.TRY_AGAIN))
                raise NoAnswer(text, remedy)
            await _exactly(stream, _SOCKS_ADDRESS_OCTETS.get(kind, 4) + 2)
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise TorDown("This node's tor closed the connection.") from error


class LocalBackend(_Backend):
    """Opens streams to the nodes of a local network: host `<name>` is the socket DIR/<name>.sock."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to a neighbour's socket; raises BadEncoding (not a name), NoAnswer."""
        if not is_local(host) or port != ONION_PORT:
            raise BadEncoding(f"{host}:{port} is not a name in the local network")
        try:
            stream = await self._sockets.connect_unix_socket(os.fspath(self._directory / f"{host}.sock"), timeout)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise NoAnswer("its node is off line", Remedy.BACK_OFF) from error
        async with _kept_or_closed(stream):
            pass
        return MeasuredStream(stream)


@asynccontextmanager
async def _kept_or_closed(stream: httpcore.AsyncNetworkStream) -> AsyncIterator[None]:
    """Close `stream` when the block does not end well, or when we are cancelled meanwhile.

    httpcore looks for cancellation once more before it uses a new connection, and forgets to give its place back.
    """
    try:
        yield
        await trio.lowlevel.checkpoint_if_cancelled()
    except BaseException:
        with trio.CancelScope(shield=True):
            await stream.aclose()
        raise


async def _exactly(stream: httpcore.AsyncNetworkStream, count: int) -> bytes:
    """`count` octets and not one more: what follows is not ours."""
    data = b""
    while len(data) < count:
        piece = await stream.read(count - len(data))
        if not piece:
            raise TorDown("This node's tor closed the connection.")
        data += piece
    return data


def _expect(got: bytes, wanted: bytes) -> None:
    if got != wanted:
        raise TorDown("This node's tor refused the SOCKS handshake; look at its settings.")
