"""A house for the peers package: authors who sign, and a Library and Directory in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import trio

from zbnntp.model.bundle import Offer
from zbnntp.model.errors import BadSignature, Invalid
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
from zbnntp.model.notices import open_notice
from zbnntp.peers.needs import Held, Person

NOW = 1_795_000_000


def signer(name: str) -> Signer:
    return Signer.from_seed(sha256(b"zbnntp test key " + name.encode()))


def segment_ref(data: bytes, since: int = NOW) -> SegmentRef:
    return SegmentRef(sha256(data), len(data), data.count(b"\n"), since)


def lines(text: str, count: int, first: int = 0) -> bytes:
    """A segment of `count` lines; what they say does not matter here."""
    return b"".join(
        b'{"kind":"test","text":"%s %d"}\n' % (text.encode(), number) for number in range(first, first + count)
    )


@dataclass
class Author:
    """Somebody who publishes: call `publish`, then offer `.offer()` to a library."""

    name: str
    seq: int = 0
    posts: list[bytes] = field(default_factory=list)
    state: list[bytes] = field(default_factory=list)
    pointer: bytes = b""
    head: bytes = b""

    @property
    def signer(self) -> Signer:
        return signer(self.name)

    @property
    def identity(self) -> Identity:
        return self.signer.identity

    def publish(self, posts: Iterable[bytes] = (), state: Iterable[bytes] = (), urls: Iterable[str] = ()) -> None:
        """A new head over these segments."""
        self.seq += 1
        self.posts, self.state = list(posts), list(state)
        self.head = make_head(
            identity=self.identity,
            seq=self.seq,
            time=NOW,
            nick=self.name,
            endpoints=[Endpoint(url, True) for url in urls],
            posts=[segment_ref(data) for data in self.posts],
            state=[segment_ref(data, 0) for data in self.state],
            prev=None,
            next_key=sha256(b"next"),
        )
        self.pointer = make_pointer(self.signer, self.seq, self.head)


class FakeLibrary:
    """Keeps manifests as the house does, without trust: `wanting` says who is wanted."""

    def __init__(self, epoch: str = "epoch1", wanting: Callable[[Identity], bool] = lambda identity: True) -> None:
        self.epoch = epoch
        self.wanting = wanting
        self.manifests: dict[Identity, tuple[bytes, bytes]] = {}
        self.segments: dict[Sha256, bytes] = {}
        self.order: dict[Identity, int] = {}
        self.offers: list[tuple[Offer, str]] = []
        self.offered = trio.Event()
        self.extra: list[tuple[int, bytes]] = []
        self.witnessed: list[Pointer] = []
        self.moves: list[bytes] = []
        self.hidden: set[Identity] = set()
        self.noticed: list[tuple[bytes, str]] = []
        self._changed = trio.Event()
        self._last = 0

    def keep(self, author: Author) -> None:
        """Take what an author published, as our own or as something that came before."""
        for data in (*author.posts, *author.state):
            self.segments[sha256(data)] = data
        self._store(author.identity, author.pointer, author.head)

    def manifest(self, identity: Identity) -> tuple[bytes, bytes] | None:
        return self.manifests.get(identity)

    def handed_over(self, identity: Identity, head: Sha256) -> None:
        pass

    async def segment(self, sha256: Sha256) -> bytes | None:
        return self.segments.get(sha256)

    def held(self, identity: Identity) -> Held | None:
        head = self._head(identity)
        if head is None:
            return None
        kept = tuple((ref.sha256, ref.octets) for ref in head.segments if ref.sha256 in self.segments)
        return Held(head.seq, head.sha256, kept)

    def lacking(self, head: Head) -> Sequence[SegmentRef]:
        return [ref for ref in (*head.state, *reversed(head.posts)) if ref.sha256 not in self.segments]

    def changes(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        rows = [(number, self.manifests[identity][0]) for identity, number in self.order.items()]
        return sorted(row for row in rows + self.extra if row[0] > after)[:limit]

    def wanted(self, identity: Identity) -> bool:
        return self.wanting(identity)

    def is_shown(self, identity: Identity) -> bool:
        return identity not in self.hidden

    def own_moves(self) -> Sequence[bytes]:
        return self.moves

    async def take_notice(self, raw: bytes, source: str) -> bool:
        await trio.lowlevel.checkpoint()
        open_notice(raw)
        self.noticed.append((raw, source))
        return True

    async def wait_change(self, after: int) -> None:
        while self._last <= after:
            await self._changed.wait()

    async def witness(self, pointer: Pointer) -> None:
        await trio.lowlevel.checkpoint()
        self.witnessed.append(pointer)

    async def offer(self, offer: Offer, source: str) -> bool:
        await trio.lowlevel.checkpoint()
        pointer = open_pointer(offer.pointer)
        head = open_head(offer.head, pointer)
        held = self.held(pointer.identity)
        if held and held.seq > pointer.seq:
            raise Invalid("older than what is held")
        self.offers.append((offer, source))
        self.offered.set()
        self.offered = trio.Event()
        kept = self._complete(head, offer)
        if held and held.head == head.sha256 and not kept:
            return False
        self.segments.update(kept)
        self._store(pointer.identity, offer.pointer, offer.head)
        return True

    def _complete(self, head: Head, offer: Offer) -> dict[Sha256, bytes]:
        """The segments that the slices complete, alone or behind what is held."""
        refs = {ref.sha256: ref for ref in head.segments}
        parts: dict[Sha256, bytes] = {}
        for piece in offer.slices:
            if piece.segment not in refs:
                raise BadSignature("a slice of a segment that the head does not name")
            before = parts.get(piece.segment, self._beginning(head.identity, piece.at))
            if len(before) == piece.at:
                parts[piece.segment] = before + piece.data
        for name, data in parts.items():
            check_segment(refs[name], data)
        return {name: data for name, data in parts.items() if name not in self.segments}

    def _beginning(self, identity: Identity, octets: int) -> bytes:
        held = self.held(identity)
        found = [self.segments[name] for name, length in (held.segments if held else ()) if length == octets]
        return found[0] if found and octets else b""

    def _head(self, identity: Identity) -> Head | None:
        manifest = self.manifests.get(identity)
        return open_head(manifest[1], open_pointer(manifest[0])) if manifest else None

    def _store(self, identity: Identity, pointer: bytes, head: bytes) -> None:
        self.manifests[identity] = (pointer, head)
        self._last += 1
        self.order[identity] = self._last
        self._changed.set()
        self._changed = trio.Event()


class FakeDirectory:
    """People as listed by the test, and what was logged."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self.everybody = list(people)
        self.logged: list[str] = []

    def people(self) -> Sequence[Person]:
        return list(self.everybody)

    def log(self, text: str) -> None:
        self.logged.append(text)
