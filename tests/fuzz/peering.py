"""What a peer answers to the journeys of sync, to a newcomer, and to who feeds it: an input is its answers in turn.

Answers are divided by FF FE FF, which no JSON holds; each is a status and a body. Only our own errors may come out.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from tests.fuzz.formats import SIGNER
from tests.peers.house import Author, FakeLibrary, lines
from zbnntp.feeding.peer import Answer as Verdict
from zbnntp.feeding.peer import Peer
from zbnntp.model.errors import Invalid, PeerGone, Refused, TooLarge, Unreachable
from zbnntp.model.keys import seal_note
from zbnntp.model.onion import is_onion
from zbnntp.peers.carrier import Answer
from zbnntp.peers.closed import read_note, visitor_key
from zbnntp.peers.introduction import Desk
from zbnntp.peers.sync import Sync

BORDER = b"\xff\xfe\xff"
STATUSES = (200, 206, 304, 404, 403, 429, 503, 500)
ENDPOINT = "local:carol"
OUR_ERRORS = (Invalid, Refused, Unreachable)
READER = visitor_key(bytes(32))
ANSWERS_MOST = 200  # a feed may list many, and each is asked for


@dataclass
class Script:
    """A carrier whose peer answers from the script, then not at all."""

    answers: list[bytes]
    asked: int = 0
    library: FakeLibrary = field(default_factory=FakeLibrary)

    def _next(self, limit: int) -> tuple[int, bytes]:
        self.asked += 1
        assert self.asked <= ANSWERS_MOST
        if not self.answers:
            raise PeerGone("it has hung up")
        said = self.answers.pop(0)
        if len(said) > limit:
            raise TooLarge("as the transport says")
        return STATUSES[said[0] % len(STATUSES)] if said else 200, said[1:]

    async def request(
        self,
        endpoint: str,
        path: str,
        *,
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        await trio.lowlevel.checkpoint()
        status, said = self._next(limit)
        return Answer(status, {"retry-after": said[:9].decode("latin-1")}, said)

    @asynccontextmanager
    async def open(
        self, endpoint: str, path: str, *, limit: int, seconds: float, silence: float
    ) -> AsyncIterator[Coming]:
        await trio.lowlevel.checkpoint()
        yield Coming(*self._next(limit))


@dataclass
class Coming:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    async def read(self) -> bytes:
        await trio.lowlevel.checkpoint()
        return self.body

    async def lines(self, longest: int) -> AsyncGenerator[bytes, None]:
        for line in self.body.split(b"\n")[:-1]:
            await trio.lowlevel.checkpoint()
            if len(line) > longest:
                raise TooLarge("as the transport says")
            yield line


def feed(data: bytes) -> None:
    """Its feed, its heads, its segments, its clock; what it has of us and what it says to a push."""
    trio.run(_journeys, data)


async def _journeys(data: bytes) -> None:
    carol = _carol()
    script = Script(data.split(BORDER))
    script.library.keep(carol)
    sync = Sync(script, script.library)
    journeys: tuple[Callable[[], object], ...] = (
        lambda: sync.follow_changes(ENDPOINT, ""),
        lambda: sync.fetch_manifest(ENDPOINT, carol.identity),
        lambda: sync.push_to(ENDPOINT, carol.identity),
        lambda: sync.ask_version(ENDPOINT, carol.identity),
        lambda: sync.ask_identity(ENDPOINT),
        lambda: sync.ask_time(ENDPOINT),
    )
    for journey in journeys:
        with contextlib.suppress(*OUR_ERRORS):
            await journey()  # type: ignore[misc]
    assert script.library.manifests[carol.identity]


def _carol() -> Author:
    carol = Author("carol")
    carol.publish(posts=[lines("post", 3)], state=[lines("state", 2)])
    return carol


def registrar(data: bytes) -> None:
    """What a registrar answers to a newcomer; what it refuses with is one printable line."""
    trio.run(_visit, data)


async def _visit(data: bytes) -> None:
    desk = Desk(Script(data.split(BORDER)), ENDPOINT, _carol().identity)
    for ask in (desk.terms, lambda: desk.challenge("pow"), lambda: desk.answer(b"{}")):
        said = ""
        try:
            await ask()  # type: ignore[operator]
        except OUR_ERRORS as error:
            said = str(error)
        assert said.isprintable()


class Connected(Peer):
    """The same over a connection that is there already."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._replies = connection.makefile("rb")
        self._greet()


def server(data: bytes) -> None:
    """What another news server answers to who feeds it."""
    said = data.replace(b"\n", b"\r\n")
    ours, theirs = socket.socketpair()
    with ours, theirs, contextlib.suppress(PeerGone):
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            theirs.send(said)
        theirs.shutdown(socket.SHUT_WR)
        with Connected(ours) as peer:
            peer.boards()
            verdicts = peer.offer([("<a@b>", b"From: x\r\n\r\n.\r\n"), ("<c@d>", b".")])
            assert len(verdicts) == 2
            assert all(isinstance(it, Verdict) for it in verdicts)


def note(data: bytes) -> None:
    """What a mutual has written to us alone about a closed address."""
    with contextlib.suppress(Invalid):
        url = read_note(seal_note(READER.public, data), SIGNER.identity, READER)
        assert url is None or is_onion(url.removeprefix("http://"))
    assert read_note(data, SIGNER.identity, READER) is None


TARGETS: tuple[Callable[[bytes], None], ...] = (feed, registrar, server, note)
