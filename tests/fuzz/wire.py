"""Octets from newsreaders and from peers, before and after they are requests or answers."""

from __future__ import annotations

import contextlib
import functools
import ssl
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import httpcore
import trio

from tests.nntp.dialogue import ALL, EXPOSED, HOUSEHOLD, PLAIN, feed, forum, parse_responses, pieces_of, rating_room
from zbnntp.certificate import load_context, make_certificate
from zbnntp.model.errors import Invalid, Refused, Unreachable
from zbnntp.nntp.deflate import Deflate
from zbnntp.nntp.layers import PIECE_OCTETS, LayerBroken
from zbnntp.nntp.session import Terms
from zbnntp.nntp.tls import Tls
from zbnntp.peers.address import local_host
from zbnntp.peers.answers import check_status
from zbnntp.peers.exchange import REQUEST_HEAD_OCTETS, Exchange, HttpRefusal, Request, Stage
from zbnntp.peers.transport import PoolTransport, Transport

PIECES = 4096
# The first octet of an input chooses among these, and by its highest bit whether people can be rated.
TERMS = (PLAIN, Terms(offers_login=True), ALL, HOUSEHOLD, EXPOSED)
HOST = "alice"
BODY_OCTETS = 1024
ANSWER_OCTETS = 4096


def nntp(data: bytes) -> None:
    """Any octets, cut anywhere, get well-formed replies or a close; where they are cut changes nothing.

    The second octet is the size of the pieces, of which there are not too many. Where TLS or compression may begin,
    what comes too early is dropped, so that there the cut does matter.
    """
    terms, size = TERMS[data[0] % len(TERMS)] if data else PLAIN, 1 + data[1] if data[1:] else 1
    make = rating_room if data[:1] >= b"\x80" else forum
    whole = feed([data[2:]], make, terms)
    cut = feed(_pieces(data[2:], size), make, terms)
    assert cut == whole or terms.make_tls
    parse_responses(whole)
    parse_responses(cut)


def _pieces(octets: bytes, size: int) -> list[bytes]:
    return pieces_of(octets, max(size, len(octets) // PIECES))


def layers(data: bytes) -> None:
    """Octets in place of compressed ones, of a handshake, and of what follows it."""
    deflate = Deflate()
    with contextlib.suppress(LayerBroken):
        deflate.feed(data)
        while piece := deflate.read():
            assert len(piece) <= PIECE_OCTETS
    tls = Tls(_context())
    with contextlib.suppress(LayerBroken):
        for piece in pieces_of(data, 64):
            tls.feed(piece)
            tls.shake()
    assert not tls.ready
    tls.to_send()


@functools.cache
def _context() -> ssl.SSLContext:
    with tempfile.TemporaryDirectory() as folder:
        return load_context(*make_certificate(Path(folder), 0))


def visitor(data: bytes) -> None:
    """A peer's requests: understood, or refused with a status; where they are cut changes nothing.

    The first octet is the size of the pieces.
    """
    size = 1 + data[0] if data else 1
    assert _requests([data[1:]]) == _requests(_pieces(data[1:], size))


def _requests(pieces: Iterable[bytes]) -> list[object]:
    """Requests until one is refused or the last octet has come, and the status of the refusal."""
    exchange = Exchange({HOST}, lambda method, path: BODY_OCTETS if method == "POST" else 0)
    found: list[object] = []
    try:
        for piece in pieces:
            if piece:
                exchange.feed(piece)
            while isinstance(request := exchange.poll(), Request):
                _check_request(request)
                found.append((request.method, request.path, request.query, request.headers, request.body))
                if not _answered(exchange):
                    return found
            if request is Stage.GONE:
                return found
    except HttpRefusal as refusal:
        found.append(_kind(refusal))
    return found


def _kind(refusal: HttpRefusal) -> str:
    """Too large, no head at all, a coding that nobody speaks: which is seen first depends on the pieces."""
    return "refused" if refusal.status in (400, 431, 501) else str(refusal.status)


def _check_request(request: Request) -> None:
    assert request.headers["host"].lower() == HOST
    assert request.path.startswith("/")
    assert len(request.path) <= REQUEST_HEAD_OCTETS
    assert len(request.body) <= (BODY_OCTETS if request.method == "POST" else 0)


def _answered(exchange: Exchange) -> bool:
    refusal = HttpRefusal(404, "Nothing.").reply()
    assert exchange.begin(refusal)
    exchange.more(bytes(refusal.body))  # type: ignore[arg-type]
    exchange.end()
    return exchange.next_cycle()


class _Script(httpcore.AsyncNetworkStream):
    """A peer that says these pieces whatever it is asked, and hangs up."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        return next(self._pieces, b"")[:max_bytes]

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()

    def get_extra_info(self, info: str) -> object:
        return None


class _Scripted(httpcore.AsyncNetworkBackend):
    def __init__(self, stream: _Script) -> None:
        self._stream = stream

    async def connect_tcp(self, host: str, port: int, **options: object) -> httpcore.AsyncNetworkStream:
        await trio.lowlevel.checkpoint()
        return self._stream


def answer(data: bytes) -> None:
    """A peer's answer over HTTP: a status that we know and at most so many octets, or our own errors.

    The first octet is the size of the pieces.
    """
    size = 1 + data[0] if data else 1
    trio.run(_ask, _pieces(data[1:], size))


async def _ask(pieces: Iterable[bytes]) -> None:
    transport = Transport(PoolTransport(_Scripted(_Script(pieces)), lambda host: True), local_host)
    try:
        with contextlib.suppress(Invalid, Refused, Unreachable):
            got = await transport.request("local:bob", "/zb/1/node", limit=ANSWER_OCTETS)
            assert len(got.body) <= ANSWER_OCTETS
            check_status(got, 200)
    finally:
        await transport.aclose()


TARGETS: tuple[Callable[[bytes], None], ...] = (nntp, layers, visitor, answer)
