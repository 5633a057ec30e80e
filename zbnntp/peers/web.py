"""The serving side: h11 on trio behind a Unix socket, with a deadline and a limit for everything a visitor can do.

The onion forwards strangers here, one socket for each onion, so that two identities of one node never answer for
each other. There is no address to tell visitors apart: limits are for each connection, and for all together. What
the general purpose servers lack and this file exists for: a request head has ten seconds in all, not for each byte;
a reader that stops reading is cut by a rate; when all places are taken, the connection that has owed a request for
longest makes room, so that five hundred silent visitors never shut out one that speaks; and a handler that fails
takes its own connection with it and nothing else.

The parsing is in exchange.py; nothing here looks at bytes.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trio

from zbnntp.model.bucket import Bucket
from zbnntp.peers.exchange import Exchange, HttpRefusal, Reply, Request, Stage

log = logging.getLogger(__name__)

BACKLOG = 1024  # a queue that five hundred visitors do not fill: whoever finds it full is sent away
SOCKET_PATH_OCTETS = 107  # the kernel's sun_path without its final zero
RECEIVE_OCTETS = 64 * 1024
ACCEPT_PAUSE_SECONDS = 1.0  # when the process has no descriptors left
_NO_DESCRIPTORS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What one visitor, and all of them, may take."""

    connections: int = 200
    header_seconds: float = 10  # for the whole head, and for the first byte of a new connection
    body_seconds: float = 120  # for the whole body: 4 MiB at 35 kB/s
    idle_seconds: float = 60  # between two requests
    write_octets: int = 64 * 1024  # must be taken within ...
    write_seconds: float = 30
    requests_burst: int = 200  # requests of one connection at once, then ...
    requests_per_second: float = 20
    turns_burst: int = 1000  # of all connections together: a turn is a new one, or a request; then ...
    turns_per_second: float = 400  # a sixth of what the event loop can do; the rest is for the newsreaders


LIMITS = WebLimits()


class Site(Protocol):
    """What is served: which bodies are welcome, and the answers."""

    def body_limit(self, method: str, path: str) -> int:
        """Octets of body that a request may have; 0 almost everywhere."""
        ...

    async def answer(self, request: Request) -> Reply:
        """The reply; may raise HttpRefusal."""
        ...


def listen_unix(path: Path) -> trio.SocketListener:
    """Listen on a Unix socket at `path`: its directory becomes 0700, what lies there is removed first.

    Raises OSError, and ValueError when the kernel cannot take a path this long.
    """
    if len(os.fsencode(path)) > SOCKET_PATH_OCTETS:
        raise ValueError(f"The path of a socket must be shorter than {SOCKET_PATH_OCTETS + 1} bytes: {path}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(path))
        listener.listen(BACKLOG)
        return trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    except BaseException:
        listener.close()
        raise


class Server:
    """Serves one site under the host names that are its own."""

    def __init__(self, site: Site, hosts: Collection[str], limits: WebLimits = LIMITS) -> None:
        self._site = site
        self._hosts = frozenset(hosts)
        self._limits = limits
        self._places = trio.CapacityLimiter(limits.connections)
        self._turns = Turns(limits)
        self._waiting: dict[trio.SocketStream, trio.CancelScope] = {}  # those who owe a request, longest first
        self.open: set[trio.SocketStream] = set()

    async def serve(self, listener: trio.SocketListener) -> None:
        """Accept until cancelled; on the way out the connections are closed."""
        async with listener, trio.open_nursery() as nursery:
            while True:
                stream = await self._accept(listener)
                if stream is None:
                    continue
                try:
                    await self._turns.take()
                    await self._find_place(stream)
                except BaseException:
                    await trio.aclose_forcefully(stream)
                    raise
                self.open.add(stream)
                nursery.start_soon(self._serve_one, stream)

    async def _accept(self, listener: trio.SocketListener) -> trio.SocketStream | None:
        try:
            return await listener.accept()
        except OSError as error:
            if error.errno not in _NO_DESCRIPTORS:
                raise
            log.warning("no visitors for a moment: %s", error)
            await trio.sleep(ACCEPT_PAUSE_SECONDS)
            return None

    async def _find_place(self, stream: trio.SocketStream) -> None:
        if self._places.available_tokens < 1 and self._waiting:
            next(iter(self._waiting.values())).cancel()
        await self._places.acquire_on_behalf_of(stream)

    async def _serve_one(self, stream: trio.SocketStream) -> None:
        try:
            await Connection(self._site, self._hosts, self._limits, stream, self._waiting, self._turns).run()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the visitor left
        except Exception:
            log.exception("a connection from a peer failed")
        finally:
            self.open.discard(stream)
            self._waiting.pop(stream, None)
            self._places.release_on_behalf_of(stream)
            await trio.aclose_forcefully(stream)


class Turns:
    """All visitors together do not take the event loop from those who read here: they wait in a row.

    Nothing tells them apart, so a storm of them makes each wait a little; the others stay in the queue of the socket.
    """

    def __init__(self, limits: WebLimits) -> None:
        self._bucket = Bucket(limits.turns_per_second, limits.turns_burst, trio.current_time())
        self._row = trio.StrictFIFOLock()

    async def take(self) -> None:
        """Wait for one's turn."""
        async with self._row:
            await trio.sleep(self._bucket.wait_seconds(trio.current_time()))
            self._bucket.pay(1, trio.current_time())


class Connection:
    """One visitor, from its first byte to the last."""

    def __init__(
        self,
        site: Site,
        hosts: frozenset[str],
        limits: WebLimits,
        stream: trio.SocketStream,
        waiting: dict[trio.SocketStream, trio.CancelScope],
        turns: Turns,
    ) -> None:
        self._site = site
        self._limits = limits
        self._stream = stream
        self._waiting = waiting
        self._turns = turns
        self._exchange = Exchange(hosts, site.body_limit)
        self._requests = 0
        self._credit: float = limits.requests_burst
        self._paced = trio.current_time()

    async def run(self) -> None:
        """Request, reply, request ... until one side has had enough."""
        try:
            while request := await self._request():
                await self._keep_pace()
                if not await self._reply(await self._answer(request)):
                    return
        except HttpRefusal as refusal:
            await self._reply(refusal.reply(), last=True)

    async def _request(self) -> Request | None:
        """The next request; None when none comes in time."""
        with trio.CancelScope() as scope:
            self._waiting[self._stream] = scope
            try:
                return await self._receive(scope)
            finally:
                self._waiting.pop(self._stream, None)
        return None

    async def _receive(self, scope: trio.CancelScope) -> Request | None:
        stage: Stage | None = None
        while not isinstance(got := self._exchange.poll(), Request):
            if got is Stage.GONE:
                return None
            if got is not stage:
                stage = got
                scope.deadline = trio.current_time() + self._seconds(stage)
            self._exchange.feed(await self._stream.receive_some(RECEIVE_OCTETS))
        return got

    def _seconds(self, stage: Stage) -> float:
        if stage is Stage.BODY:
            return self._limits.body_seconds
        if stage is Stage.IDLE and self._requests:
            return self._limits.idle_seconds
        return self._limits.header_seconds

    async def _keep_pace(self) -> None:
        """Wait when this connection asks faster than it may; what it sends meanwhile stays in its tor."""
        self._requests += 1
        now = trio.current_time()
        earned = (now - self._paced) * self._limits.requests_per_second
        self._credit = min(self._credit + earned, self._limits.requests_burst) - 1
        self._paced = now
        await trio.sleep(max(-self._credit / self._limits.requests_per_second, 0))
        await self._turns.take()

    async def _answer(self, request: Request) -> Reply:
        try:
            return await self._site.answer(request)
        except HttpRefusal as refusal:
            return refusal.reply()
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return HttpRefusal(500, "This node made a mistake; try again later.").reply()

    async def _reply(self, reply: Reply, *, last: bool = False) -> bool:
        """Send it; False when the connection is over."""
        head = self._exchange.begin(reply, last=last)
        if isinstance(reply.body, bytes):
            body = self._exchange.more(reply.body) if reply.body else b""
            await self._send(head + body + self._exchange.end())
        else:
            await self._send(head)
            async with contextlib.aclosing(reply.body):
                async for piece in reply.body:
                    await self._send(self._exchange.more(piece))
            await self._send(self._exchange.end())
        return self._exchange.next_cycle()

    async def _send(self, data: bytes) -> None:
        """Write in pieces, each with its own time; a reader that is slower is gone."""
        view = memoryview(data)
        for start in range(0, len(view), self._limits.write_octets):
            with trio.move_on_after(self._limits.write_seconds) as scope:
                await self._stream.send_all(view[start : start + self._limits.write_octets])
            if scope.cancelled_caught:
                raise trio.BrokenResourceError("the visitor stopped reading")
