"""What a simulated node keeps: manifests in memory, verified by the same functions, without SQLite."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import trio

from zbnntp.model.bundle import Offer
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, Sha256, Signer, sha256
from zbnntp.model.manifest import (
    Endpoint,
    Head,
    Pointer,
    SegmentRef,
    check_segment,
    make_head,
    make_pointer,
    open_head,
    open_pointer,
)
from zbnntp.peers.needs import Held, Person

START = 1_795_000_000


@dataclass(frozen=True)
class Kept:
    pointer: Pointer
    head: Head


class Author:
    """Somebody who publishes: some sealed segments, and one that grows."""

    def __init__(self, number: int, old: int, rng: random.Random) -> None:
        self.name = f"n{number}"
        self.signer = Signer.from_seed(sha256(b"spread bench %d" % number))
        self.identity = self.signer.identity
        self.endpoint = f"local:{self.name}"
        self._rng = rng
        self._sealed = [self._post(month, 2_000) for month in range(old)]
        self._open = self._post(old, 600)
        self._state = self._post(old + 1, 3_000)
        self._seq = 0
        self._prev: tuple[int, Sha256] | None = None

    def _post(self, number: int, octets: int) -> bytes:
        """A line of about this size that packs as text does."""
        words = "".join(self._rng.choices("etaoin shrdlu cmfwyp", k=octets))
        return b'{"body":"%s","kind":"test","number":%d}\n' % (words.encode(), number)

    def publish(self, octets: int) -> tuple[Kept, list[bytes]]:
        """A new head whose open segment is one line longer; the head, and all segments."""
        self._seq += 1
        self._open += self._post(self._seq, octets)
        posts = [*self._sealed, self._open]
        raw = make_head(
            identity=self.identity,
            seq=self._seq,
            time=START,
            nick=self.name,
            endpoints=[Endpoint(self.endpoint, True)],
            posts=[_ref(data, START) for data in posts],
            state=[_ref(self._state, 0)],
            prev=self._prev,
            next_key=sha256(b"next"),
        )
        pointer = open_pointer(make_pointer(self.signer, self._seq, raw))
        head = open_head(raw, pointer)
        self._prev = (self._seq, head.sha256)
        return Kept(pointer, head), [*posts, self._state]


def _ref(data: bytes, since: int) -> SegmentRef:
    return SegmentRef(sha256(data), len(data), data.count(b"\n"), since)


class SimLibrary:
    """One node's. `serves` says of whom it shows manifests, `arrived` is told of each head that is kept."""

    def __init__(self, name: str, serves: Callable[[Identity], bool], arrived: Callable[[Identity, int], None]) -> None:
        self.epoch = name
        self._serves, self._arrived = serves, arrived
        self._kept: dict[Identity, Kept] = {}
        self._segments: dict[Sha256, bytes] = {}
        self._order: dict[Identity, int] = {}  # in the order of their last change
        self._last = 0
        self._bell = trio.Event()

    def keep(self, kept: Kept, segments: Sequence[bytes]) -> None:
        """Take what was verified."""
        identity = kept.pointer.identity
        for data in segments:
            self._segments[sha256(data)] = data
        self._kept[identity] = kept
        self._last += 1
        self._order.pop(identity, None)
        self._order[identity] = self._last
        self._bell.set()
        self._bell = trio.Event()
        self._arrived(identity, kept.pointer.seq)

    def manifest(self, identity: Identity) -> tuple[bytes, bytes] | None:
        kept = self._kept.get(identity) if self._serves(identity) else None
        return (kept.pointer.raw, kept.head.raw) if kept else None

    def handed_over(self, identity: Identity, head: Sha256) -> None:
        pass

    async def segment(self, sha256: Sha256) -> bytes | None:
        return self._segments.get(sha256)

    def held(self, identity: Identity) -> Held | None:
        kept = self._kept.get(identity)
        if kept is None:
            return None
        refs = [ref for ref in kept.head.segments if ref.sha256 in self._segments]
        return Held(kept.pointer.seq, kept.pointer.head, tuple((ref.sha256, ref.octets) for ref in refs))

    def lacking(self, head: Head) -> Sequence[SegmentRef]:
        return [ref for ref in (*head.state, *reversed(head.posts)) if ref.sha256 not in self._segments]

    def changes(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = []
        for identity, number in reversed(self._order.items()):
            if number <= after:
                break
            if self._serves(identity):
                rows.append((number, self._kept[identity].pointer.raw))
        return rows[::-1][:limit]

    def wanted(self, identity: Identity) -> bool:
        return True

    def is_shown(self, identity: Identity) -> bool:
        return True

    async def wait_change(self, after: int) -> None:
        while not self.changes(after, 1):
            await self._bell.wait()

    async def witness(self, pointer: Pointer) -> None:
        """Nobody forks here."""

    def own_moves(self) -> Sequence[bytes]:
        """Nobody moves."""
        return ()

    async def take_notice(self, raw: bytes, source: str) -> bool:
        """Nor is anybody told of it."""
        return False

    async def offer(self, offer: Offer, source: str) -> bool:
        await trio.lowlevel.checkpoint()
        pointer = open_pointer(offer.pointer)
        head = open_head(offer.head, pointer)
        held = self._kept.get(pointer.identity)
        if held and held.pointer.seq >= pointer.seq:
            return False
        refs = {ref.sha256: ref for ref in head.segments}
        parts: dict[Sha256, bytes] = {}
        for piece in offer.slices:
            before = parts.get(piece.segment, self._beginning(held, piece.at))
            if len(before) != piece.at:
                raise Invalid("a slice does not continue anything that is held here")
            parts[piece.segment] = before + piece.data
        for name, data in parts.items():
            check_segment(refs[name], data)
        self.keep(Kept(pointer, head), list(parts.values()))
        return True

    def _beginning(self, held: Kept | None, octets: int) -> bytes:
        named = held.head.segments if held and octets else ()
        return next((self._segments[ref.sha256] for ref in named if ref.octets == octets), b"")


class SimDirectory:
    """Whom one node fetches."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._people = people

    def people(self) -> Sequence[Person]:
        return self._people

    def log(self, text: str) -> None:
        """Nobody reads it."""
