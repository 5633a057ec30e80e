"""A peer of a local network that speaks the protocol by hand, so that it can break every rule of it.

What stands here is honest: it serves one manifest and tells of each new version. A mode (modes.py, doors.py) is a peer
that does one thing otherwise. Octets are written to the socket as they are; no library that would refuse to.
docs/protocol.md "Sync over HTTP".
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import trio

from tests.ingest.forging import Forger, segment
from zbnntp.model.bundle import Offer, write_offer
from zbnntp.model.entries import make_trust
from zbnntp.model.keys import Identity, sha256
from zbnntp.peers.web import listen_unix

BOARD = "test.talk"
PIECE = 65_536
QUIET_SECONDS = 5.0  # how long what somebody answers is waited for
BROKEN = (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError)


@dataclass(frozen=True)
class Victim:
    """Who is attacked: the name of the socket, and the identity behind it."""

    net: Path
    name: str
    identity: Identity

    @property
    def socket(self) -> Path:
        return self.net / f"{self.name}.sock"

    async def say(self, octets: bytes) -> bytes:
        """One connection: what is answered to these octets, as far as it comes within some seconds."""
        found = bytearray()
        with suppress(*BROKEN), trio.move_on_after(QUIET_SECONDS):
            async with await trio.open_unix_socket(self.socket) as stream:
                await stream.send_all(octets)
                while piece := await stream.receive_some(PIECE):
                    found += piece
        return bytes(found)

    def request(self, path: str, body: bytes | None = None, headers: str = "") -> bytes:
        """A whole request, after whose answer the connection ends."""
        method = "GET" if body is None else "POST"
        length = "" if body is None else f"content-length: {len(body)}\r\n"
        head = f"{method} /zb/1/{path} HTTP/1.1\r\nhost: {self.name}\r\nconnection: close\r\n{length}{headers}\r\n"
        return head.encode() + (body or b"")

    async def push(self, offer: Offer) -> bytes:
        """Hands over a manifest; the answer."""
        return await self.say(self.request("push", b"".join(write_offer(offer))))


def reply(body: bytes, status: int = 200, headers: str = "", length: int | None = None) -> bytes:
    """A whole answer; `length` is what is said of its body."""
    said = len(body) if length is None else length
    return f"HTTP/1.1 {status} x\r\ncontent-length: {said}\r\n{headers}\r\n".encode() + body


def chunked(headers: str = "") -> bytes:
    """The head of an answer that comes in pieces."""
    return f"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n{headers}\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


END = chunk(b"")


class Peer:
    """Honest. `counts` say how often what was done, for whoever waits until it was."""

    posts_each = 1  # in the first version

    def __init__(self, name: str, victim: Victim) -> None:
        self.name, self.victim = name, victim
        self.forger = Forger(name, int(time.time()) - 1000)
        self.counts: Counter[str] = Counter()
        self.version = 0
        self._news = trio.Event()
        self.lines = [self.post(f"{name} {number}") for number in range(self.posts_each)]
        self.ratings = [make_trust(victim.identity, 5000, 5000, "", self.now())]
        self.publish()

    def now(self) -> int:
        return int(time.time())

    def post(self, subject: str, body: str = "x\n") -> bytes:
        return self.forger.opening(subject, body=body, time=self.now() - 60, boards=(BOARD,))

    def publish(self, **fields: object) -> Offer:
        """A new version of all lines; `fields` replace fields of its head."""
        self.offer = self.make([segment(*self.lines)], [segment(*self.ratings)], **fields)
        self.tell()
        return self.offer

    def make(self, posts: Sequence[bytes], state: Sequence[bytes], **fields: object) -> Offer:
        """A version that nobody is told of yet."""
        common = {"time": self.now(), "endpoints": [{"own": True, "url": f"local:{self.name}"}]}
        self.segments = {sha256(data).hex(): data for data in (*posts, *state)}
        return self.forger.offer(posts, state, **(common | fields))

    def tell(self) -> None:
        """The feed has something new."""
        self.version += 1
        self._news.set()
        self._news = trio.Event()

    # what it serves

    async def run(self) -> None:
        """Serve and attack, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._serve, [listen_unix(self.victim.net / f"{self.name}.sock")])
            nursery.start_soon(self.attack)

    async def attack(self) -> None:
        """What it does of its own accord."""

    async def _serve(self, stream: trio.SocketStream) -> None:
        with suppress(*BROKEN):
            async with stream:
                await self._answer_all(stream)

    async def _answer_all(self, stream: trio.SocketStream) -> None:
        found = b""
        while True:
            while b"\r\n\r\n" not in found:
                if not (piece := await stream.receive_some(PIECE)):
                    return
                found += piece
            head, _, found = found.partition(b"\r\n\r\n")
            _, target, *_ = head.decode("latin-1").split()
            length = head.lower().partition(b"content-length:")[2].split()
            while length and len(found) < int(length[0]):
                found += await stream.receive_some(PIECE)
            body, found = found[: int(length[0])] if length else b"", found[int(length[0]) if length else 0 :]
            name = urlsplit(target).path.removeprefix("/zb/1/")
            self.counts[name.partition("/")[0]] += 1
            async for octets in self.answer(name, dict(parse_qsl(urlsplit(target).query)), body):
                await stream.send_all(octets)

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        """The octets of the answer to a request."""
        kind, _, argument = name.partition("/")
        if kind == "node":
            yield self.node()
        elif kind == "head":
            yield self.head(argument)
        elif kind == "seg":
            yield self.seg(argument)
        elif kind == "changes":
            async for octets in self.changes(query.get("since", ""), int(query.get("wait", "0"))):
                yield octets
        elif kind == "fetch":
            yield self.fetch(json.loads(body))
        else:
            yield reply(b"", 404)

    def node(self) -> bytes:
        about = {"caps": [], "id": self.forger.identity.hex(), "kind": "node", "limits": {}, "time": self.now(), "v": 1}
        return reply(json.dumps(about, separators=(",", ":")).encode() + b"\n")

    def head(self, identity: str) -> bytes:
        return reply(self.offer.pointer + b"\n" + self.offer.head + b"\n")

    def seg(self, name: str) -> bytes:
        data = self.segments.get(name)
        return reply(b"", 404) if data is None else reply(data)

    def fetch(self, rows: list[list[object]]) -> bytes:
        return reply(b"".join(write_offer(self.offer)))

    async def changes(self, since: str, wait: int) -> AsyncIterator[bytes]:
        yield chunked()
        if since == self.cursor and wait:
            with trio.move_on_after(wait):
                await self._news.wait()
        yield chunk(self.page()) + END

    def page(self) -> bytes:
        return self.offer.pointer + b"\n" + self.cursor_line(self.cursor)

    @property
    def cursor(self) -> str:
        return f"e.{self.version}"

    def cursor_line(self, cursor: str) -> bytes:
        return b'{"kind":"cursor","next":"%b"}\n' % cursor.encode()
