"""A carrier without sockets: requests go to the Api of the node asked, after the time that Tor takes.

What travels is counted, HTTP's own lines included, Tor's cells and handshakes not. A node that goes off line leaves
silence behind, as one whose tor dies does; nobody is told that a connection has ended.
"""

from __future__ import annotations

import math
import random
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio

from zbnntp.model.errors import TooLarge
from zbnntp.peers.address import local_host
from zbnntp.peers.api import Api
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.carrier import Answer
from zbnntp.peers.exchange import HttpRefusal, Reply, Request, Visitor

REQUEST_SECONDS, REQUEST_SPREAD = 0.7, 0.4  # median of a request on an open circuit, and sigma of its logarithm
CIRCUIT_SECONDS = 4.0  # more, for the first request and after a pause: descriptor, introduction, rendezvous
CIRCUIT_IDLE_SECONDS = 600.0
ABSENT_SECONDS = 6.0  # until tor says that nobody is there
REQUEST_OCTETS, ANSWER_OCTETS = 190, 120  # of HTTP's own
CHUNK_OCTETS = 7


async def at_once(work: Callable[..., Any], *values: object, **options: object) -> Any:
    """In the place of `trio.to_thread.run_sync`: a clock that jumps does so while only threads work, so none may."""
    return work(*values)


class Net:
    """All nodes' sites by name, who is on line, and what was sent by kind of request.

    `watch` is told of each request: by whom, whom, path, body; `watch_feed` of each piece of a feed, when it arrives.
    `pace` 0: no request takes any time.
    """

    def __init__(self, rng: random.Random, *, pace: float = 1.0) -> None:
        self.rng, self.pace = rng, pace
        self.sites: dict[str, Api] = {}
        self.online: set[str] = set()
        self.octets: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.watch: Callable[[str, str, str, bytes], None] = lambda asker, asked, path, body: None
        self.watch_feed: Callable[[str, str, bytes], None] = lambda asker, asked, piece: None
        self._served: dict[str, set[trio.CancelScope]] = {}

    def take_down(self, name: str) -> None:
        """It answers nobody any more; who waits for it hears nothing."""
        self.online.discard(name)
        for scope in list(self._served.get(name, ())):
            scope.cancel()

    @asynccontextmanager
    async def serving(self, name: str) -> AsyncIterator[trio.CancelScope]:
        """A piece of work of a node, which ends when it is taken down."""
        scopes = self._served.setdefault(name, set())
        with trio.CancelScope() as scope:
            scopes.add(scope)
            try:
                yield scope
            finally:
                scopes.discard(scope)


@dataclass
class Incoming:
    """An answer on its way."""

    status: int
    headers: Mapping[str, str]
    _pieces: AsyncGenerator[bytes, None]

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self._pieces])

    async def lines(self, longest: int) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                for line in piece.splitlines():
                    yield line


@dataclass
class SimCarrier:
    """One node's way to all others."""

    net: Net
    name: str
    _used: dict[str, float] = field(default_factory=dict)
    _visits: dict[str, Visitor] = field(default_factory=dict)

    async def request(
        self,
        endpoint: str,
        path: str,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        reply, kind = await self._send(endpoint, path, headers or {}, body)
        data = b"".join([piece async for piece in self._receive(endpoint, kind, reply, limit, math.inf)])
        return Answer(reply.status, dict(reply.headers), data)

    @asynccontextmanager
    async def open(
        self, endpoint: str, path: str, *, limit: int, seconds: float, silence: float
    ) -> AsyncIterator[Incoming]:
        reply, kind = await self._send(endpoint, path, {}, None)
        async with aclosing(self._receive(endpoint, kind, reply, limit, silence)) as pieces:
            yield Incoming(reply.status, dict(reply.headers), pieces)

    async def _send(
        self, endpoint: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Reply, str]:
        host, kind = local_host(endpoint), path.split("/")[3].partition("?")[0]
        self.net.watch(self.name, host, path, body or b"")
        await self._travel(host)
        self.net.requests[kind] += 1
        self.net.octets[kind] += REQUEST_OCTETS + len(path) + len(body or b"") + sum(map(len, headers))
        where, _, query = path.partition("?")
        asked = dict(pair.split("=") for pair in query.split("&")) if query else {}
        plain = {name: value for name, value in headers.items() if name != "accept-encoding"}  # packed below
        visitor = self._visits.setdefault(host, Visitor())
        request = Request("GET" if body is None else "POST", where, asked, plain, body or b"", visitor)
        try:
            async with self.net.serving(host):
                return await self.net.sites[host].answer(request), kind
        except HttpRefusal as refusal:
            return refusal.reply(), kind
        raise NoAnswer("its node stopped answering", Remedy.TRY_AGAIN)

    async def _travel(self, host: str) -> None:
        now, rng = trio.current_time(), self.net.rng
        if host not in self.net.online:
            await trio.sleep(self.net.pace * ABSENT_SECONDS * rng.uniform(0.5, 1.5))
            raise NoAnswer("its node is off line", Remedy.BACK_OFF)
        idle = now - self._used.get(host, -math.inf)
        cold = CIRCUIT_SECONDS * rng.uniform(0.5, 1.5) if idle > CIRCUIT_IDLE_SECONDS else 0.0
        await trio.sleep(self.net.pace * (cold + rng.lognormvariate(math.log(REQUEST_SECONDS), REQUEST_SPREAD)))
        self._used[host] = trio.current_time()
        if host not in self.net.online:
            raise NoAnswer("its node stopped answering", Remedy.TRY_AGAIN)

    async def _receive(
        self, endpoint: str, kind: str, reply: Reply, limit: int, silence: float
    ) -> AsyncGenerator[bytes, None]:
        host = local_host(endpoint)
        self.net.octets[kind] += ANSWER_OCTETS
        if isinstance(reply.body, bytes):
            packed = zlib.compress(reply.body, 6) if kind == "seg" and reply.status == 200 else reply.body
            self.net.octets[kind] += len(packed)
            if len(reply.body) > limit:
                raise TooLarge("larger than the limit")
            yield reply.body
            return
        async with aclosing(reply.body) as pieces:
            while True:
                piece = await self._next(host, pieces, silence)
                if piece is None:
                    return
                self._used[host] = trio.current_time()
                self.net.octets[kind] += len(piece) + CHUNK_OCTETS if piece else 0
                if kind == "changes":
                    self.net.watch_feed(self.name, host, piece)
                yield piece

    async def _next(self, host: str, pieces: AsyncGenerator[bytes, None], silence: float) -> bytes | None:
        """The next piece, None at the end; NoAnswer after silence."""
        async with self.net.serving(host):
            return await anext(pieces, None)
        await trio.sleep(min(silence, 3600))
        raise NoAnswer("its node stopped answering", Remedy.TRY_AGAIN)
