"""A server in the background, and newsreaders for it, on virtual time."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio.testing

from tests.fakes import NOW, FakeDesk, FakeShelf, article, small_forum
from tests.nntp.dialogue import Make, forum
from zbnntp.nntp.protocols import House, OpenHouse
from zbnntp.nntp.server import DEFAULT_LIMITS, Limits, listen, serve

GREETING = b"200 zbnntp ready, posting allowed\r\n"


class Server:
    """A server in the background, and newsreaders for it."""

    def __init__(self, port: int, stopping: trio.Event, tls_port: int = 0) -> None:
        self.port = port
        self.tls_port = tls_port
        self.stopping = stopping
        self.stopped = trio.Event()
        self.readers: list[Reader] = []

    async def connect(self, receive_buffer: int = 0, send_buffer: int = 0, tls: bool = False) -> Reader:
        connected = socket.socket()
        if send_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        if receive_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        wire = trio.socket.from_stdlib_socket(connected)
        try:
            await wire.connect(("127.0.0.1", self.tls_port if tls else self.port))
        except OSError:
            wire.close()
            raise
        self.readers.append(Reader(trio.SocketStream(wire)))
        if tls:
            self.readers[-1].begin_tls()
        return self.readers[-1]


class Reader:
    """A newsreader."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.socket = stream.socket
        self.stream: Any = stream
        self.heard = bytearray()

    def begin_tls(self) -> None:
        self.stream = trio.SSLStream(self.stream, trusting(), https_compatible=True)

    async def say(self, *lines: str) -> None:
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def line(self) -> bytes:
        return await self.until(b"\r\n")

    async def until(self, ending: bytes) -> bytes:
        scanned = 0
        while (end := self.heard.find(ending, scanned)) < 0:
            scanned = max(0, len(self.heard) - len(ending))
            data = await self.stream.receive_some()
            assert data, "the server hung up"
            self.heard += data
        end += len(ending)
        head = bytes(self.heard[:end])
        del self.heard[:end]
        return head

    async def rest(self) -> bytes:
        """Everything until the server hangs up."""
        heard, self.heard = self.heard, bytearray()
        with contextlib.suppress(trio.BrokenResourceError):  # what was still sent came too late
            async for data in self.stream:
                heard += data
        return heard


def trusting() -> ssl.SSLContext:
    """A newsreader's TLS, after its user has accepted the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@asynccontextmanager
async def serving(
    make: Make | House = forum,
    limits: Limits = DEFAULT_LIMITS,
    receive_buffer: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    listener = listen("127.0.0.1", 0)
    if receive_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    secure = [listen("127.0.0.1", 0)] if tls else []
    server = Server(listener.getsockname()[1], trio.Event(), *(each.getsockname()[1] for each in secure))
    house = OpenHouse(make) if callable(make) else make

    async def run(task_status: trio.TaskStatus[None]) -> None:
        await serve(
            [listener],
            house,
            lambda: NOW,
            tls=tls,
            tls_listeners=secure,
            limits=limits,
            stopping=server.stopping,
            task_status=task_status,
        )
        server.stopped.set()

    with trio.fail_after(2000):
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            try:
                yield server
            finally:
                nursery.cancel_scope.cancel()
                for reader in server.readers:
                    reader.socket.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Time jumps ahead when neither side has had anything to do for a while, so that no test really sleeps."""
    trio.run(test, clock=trio.testing.MockClock(autojump_threshold=0.02))


def big_forum(articles: int = 3000) -> tuple[FakeShelf, FakeDesk]:
    shelf = small_forum()
    for number in range(8, articles + 8):
        shelf.add_article(article(number))
    return shelf, FakeDesk(shelf)


async def serve_on(
    listeners: list[socket.socket], house: House | None = None, *, task_status: trio.TaskStatus[None]
) -> None:
    await serve(listeners, house or OpenHouse(forum), lambda: NOW, task_status=task_status)
