"""Modes of a hostile peer: what it answers when the victim comes to fetch something."""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import trio

from tests.hostile.peer import END, PIECE, Peer, Victim, chunk, chunked, reply
from tests.ingest.forging import segment
from zbnntp.model.bundle import Offer
from zbnntp.model.entries import make_trust
from zbnntp.model.keys import Identity, sha256
from zbnntp.model.limits import HEAD_OCTETS, SEGMENTS

NEWS_SECONDS = 1.0  # a new version so often: more than anybody is asked for
BOMB_OCTETS = 256 << 20
TRUSTED = 4_000  # entries of a list
LONG_OCTETS = 10_000_000
DEEP = 100_000


class Newsy(Peer):
    """Has a new version all the time, so that it is visited all the time."""

    async def attack(self) -> None:
        for number in count():
            await trio.sleep(NEWS_SECONDS)
            self.renew(number)
            self.counts["versions"] += 1

    def renew(self, number: int) -> None:
        self.publish()


class Endless(Newsy):
    """Bodies without an end, in chunks."""

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        if name == "node":
            yield self.node()
            return
        yield chunked()
        while True:
            yield chunk(b" " * PIECE)


class Bomb(Newsy):
    """A few octets that unpack to many, and packings nobody asked for."""

    packed = gzip.compress(bytes(BOMB_OCTETS), 9, mtime=0)

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        kind = name.partition("/")[0]
        if kind in ("node", "head") or (kind == "changes" and self.counts["seg"] < 3):
            async for octets in super().answer(name, query, body):
                yield octets
        else:
            coding = "gzip" if kind == "seg" else ("gzip, gzip", "br", "deflate")[self.counts.total() % 3]
            yield reply(self.packed, headers=f"content-encoding: {coding}\r\n")


class Cursors(Newsy):
    """A feed that contradicts itself: back and forth, twice, with rows behind its end, without end."""

    async def changes(self, since: str, wait: int) -> AsyncIterator[bytes]:
        mine, other = (
            self.cursor_line(self.cursor),
            self.cursor_line(f"{secrets.token_hex(8)}.{secrets.randbelow(9**9)}"),
        )
        pointer = self.offer.pointer + b"\n"
        bodies = (pointer + other, pointer + mine + pointer, mine + other, pointer, self.cursor_line(since or "e.0"),
                  pointer * 900 + other, b'{"kind":"cursor","next":"e.1&since=x"}\n')  # fmt: skip
        yield reply(bodies[self.counts["changes"] % len(bodies)])


class HugeHeads(Newsy):
    """Heads by the rules and as large as they may be: segments that nobody has, forks that never were."""

    def renew(self, number: int) -> None:
        made_up = [{"bytes": 1000, "from": 1, "lines": 1, "sha256": secrets.token_hex(32)} for _ in range(SEGMENTS - 2)]
        merge = [secrets.token_hex(32) for _ in range(SEGMENTS)]
        urls = [{"own": True, "url": f"local:{secrets.token_hex(8)}"} for _ in range(7)]
        urls.append({"own": True, "url": f"local:{self.name}"})
        room = HEAD_OCTETS - 5_000 - len(made_up) * 130 - len(merge) * 70
        self.publish(refs=made_up, merge=merge, endpoints=urls, junk="x" * room)


class LongLines(Newsy):
    """Lines of ten megabytes, wherever there are lines."""

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        if name == "node":
            yield self.node()
            return
        yield chunked()
        for _ in range(LONG_OCTETS // PIECE):
            yield chunk(b"x" * PIECE)
        yield END


class Deep(Newsy):
    """Brackets in brackets, in answers and in the lines of a segment."""

    def renew(self, number: int) -> None:
        nested = b'{"kind":"x","x":' + b"[" * DEEP + b"]" * DEEP
        self.lines = [self.post(f"deep {number}"), nested[:130_000], b'{"a":' * 9 + b"1" + b"}" * 9, b"[" * 100_000]
        self.publish()

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        if self.counts.total() % 3 or name == "node":
            async for octets in super().answer(name, query, body):
                yield octets
        else:
            yield reply(b"[" * DEEP + b"\n" + b'{"a":' * 500 + b"\n")


class Crumbs(Newsy):
    """Answers in chunks of one octet, and heads of answers that do not end."""

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        if name == "node":
            yield self.node()
        elif self.counts.total() % 2:
            yield chunked()
            while True:
                yield chunk(b"x") * 10_000
        else:
            while True:
                yield b"HTTP/1.1 103 x\r\n\r\n" * 10_000


class Drip(Newsy):
    """An answer of one octet at a time."""

    async def answer(self, name: str, query: dict[str, str], body: bytes) -> AsyncIterator[bytes]:
        async for octets in super().answer(name, query, body):
            for place in range(len(octets)):
                yield octets[place : place + 1]
                await trio.sleep(0 if name == "node" else 0.3)


class Replay(Newsy):
    """Versions of long ago, of next year and of the end of time; and an old one of somebody honest."""

    def __init__(self, name: str, victim: Victim) -> None:
        super().__init__(name, victim)
        self.first = self.offer
        self.stolen: list[tuple[bytes, bytes]] = []

    async def attack(self) -> None:
        for number in count():
            await trio.sleep(NEWS_SECONDS)
            await self.steal()
            seq = (self.now() + 365 * 86_400, 2**53 - 1, self.now() + 3 * 3600 + number)[number % 3]
            self.lines = [self.post(f"of the future {number}")]
            ahead = self.make([segment(*self.lines)], [segment(*self.ratings)], seq=seq, time=min(seq, 253402300799))
            self.offer = (ahead, self.first)[number % 2]
            self.tell()
            await self.victim.push(ahead)
            await self.victim.push(self.first)
            self.counts["versions"] += 1

    async def steal(self) -> None:
        """The heads of whoever else has a socket here, as they are now: later they are old."""
        if self.counts["versions"] or self.stolen:
            return
        for place in sorted(self.victim.net.glob("*.sock")):
            if place.stem == self.name or not place.stem.isalnum() or len(place.stem) < 16:
                continue
            about = await self._ask(place, "node")
            found = await self._ask(place, f"head/{json.loads(about)['id']}") if about else b""
            if found.count(b"\n") == 2:
                self.stolen.append(tuple(found.splitlines()))  # type: ignore[arg-type]

    async def _ask(self, place: Path, path: str) -> bytes:
        other = Victim(self.victim.net, place.stem, self.victim.identity)
        head, _, body = (await other.say(other.request(path))).partition(b"\r\n\r\n")
        return body if b" 200 " in head[:20] else b""

    def head(self, identity: str) -> bytes:
        for pointer, head in self.stolen:
            if json.loads(pointer)["id"] == identity:
                return reply(pointer + b"\n" + head + b"\n")
        return super().head(identity)

    def page(self) -> bytes:
        old = b"".join(pointer + b"\n" for pointer, _ in self.stolen)
        return old + self.first.pointer + b"\n" + super().page()


class Mirror(Replay):
    """Says that it has newer versions of others than they have themselves, and hands out other octets for them."""

    def page(self) -> bytes:
        rows = []
        for pointer, _ in self.stolen:
            rows.append(pointer)
            rows.append(pointer.replace(b'"seq":', b'"seq":1'))
        return b"".join(row + b"\n" for row in rows) + super().page()

    def head(self, identity: str) -> bytes:
        for pointer, head in self.stolen:
            if json.loads(pointer)["id"] == identity:
                return reply(pointer + b"\n" + head.replace(b'"nick":"', b'"nick":"evil ') + b"\n")
        return super().head(identity)

    def seg(self, name: str) -> bytes:
        return super().seg(name) if name in self.segments else reply(b'{"kind":"x"}\n' * 100)

    def fetch(self, rows: list[list[object]]) -> bytes:
        forged = [Offer(pointer, head.replace(b'"v":1', b'"v":2')) for pointer, head in self.stolen]
        lines = b"".join(it.pointer + b"\n" + it.head + b"\n" for it in forged)
        return reply(lines + self.offer.pointer + b"\n" + self.offer.head + b"\n")


class Lists(Newsy):
    """A list of 4,000 people that is another one each time."""

    def renew(self, number: int) -> None:
        self.ratings = [make_trust(self.victim.identity, 5000, 5000, "", self.now())]
        for at in range(TRUSTED):
            stranger = Identity(sha256(b"stranger %d" % at))
            self.ratings.append(make_trust(stranger, (number * 37 + at) % 5000 + 1, 5000, "", self.now()))
        self.lines = [*self.lines[-20:], self.post(f"list {number}")]
        self.publish()


class Forks(Newsy):
    """Two versions of each number, of which its feed tells one and then the other."""

    def renew(self, number: int) -> None:
        lines = self.lines[:1]
        self.other = self.make([segment(*lines, self.post(f"left {number}"))], [segment(*self.ratings)])
        kept = self.segments
        right = segment(*lines, self.post(f"right {number}"))
        self.offer = self.make([right], [segment(*self.ratings)], seq=self.forger.seq)
        self.segments |= kept
        self.tell()

    def head(self, identity: str) -> bytes:
        if self.counts["head"] % 2 and hasattr(self, "other"):
            return reply(self.other.pointer + b"\n" + self.other.head + b"\n")
        return super().head(identity)

    def page(self) -> bytes:
        rows = super().page()
        if not hasattr(self, "other"):
            return rows
        low, high = sorted((self.offer, self.other), key=lambda it: sha256(it.head))
        identity = self.forger.identity.hex().encode()
        fork = b'{"a":%b,"b":%b,"id":"%b","kind":"fork"}\n' % (low.pointer, high.pointer, identity)
        return self.other.pointer + b"\n" + fork + rows
