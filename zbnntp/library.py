"""The store as peers see it: what one local identity offers and takes. Implements peers' Library and Directory.

Nothing of another identity on the same node shows here, not even the epoch of the changes feed, that both feeds count
the same changes, or that both clocks are wrong by the same seconds.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import trio

from zbnntp.ingest import Intake
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, slices_of
from zbnntp.model.disguise import Disguise
from zbnntp.model.errors import Missing
from zbnntp.model.keys import Identity, Sha256
from zbnntp.model.link import Link
from zbnntp.model.manifest import Endpoint, Head, Pointer, SegmentRef, open_head, open_pointer
from zbnntp.model.views import Level
from zbnntp.moving import has_last
from zbnntp.peers.needs import Held, Mutual, Person
from zbnntp.store import endings, evidence, keeps, notices, promises, ratings
from zbnntp.store.database import snapshot
from zbnntp.store.writer import Writer

TIME_STEP_SECONDS = 900  # who compares clocks allows for limits.CLOCK_AHEAD_SECONDS
HEADS_AT_ONCE = 16  # opened before others have their turn: some milliseconds


class Bell:
    """What is new for the changes feeds: one bell for all who wait."""

    def __init__(self) -> None:
        self._bell = trio.Event()

    def ring(self) -> None:
        self._bell.set()
        self._bell = trio.Event()

    async def wait(self) -> None:
        await self._bell.wait()


class Library:
    """Manifests as one local identity keeps and serves them."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        intake: Intake,
        view: Identity,
        epoch: str,
        bell: Bell,
        mirror: str,
        clock: Callable[[], float],
    ) -> None:
        self._reader, self._intake = reader, intake
        self._identity = view
        self._view = evidence.find_person(reader, view) or 0
        self._bell, self._clock = bell, clock
        self._mirror = mirror
        self.delivered: Callable[[Sha256], None] = lambda head: None
        self.epoch = hashlib.sha256(f"{epoch} {view.hex()}".encode()).hexdigest()[:16]
        self._places = Disguise(hashlib.sha256(f"{epoch} {view.hex()} places".encode()).digest())
        late = hashlib.sha256(f"{epoch} {view.hex()} clock".encode()).digest()
        self._late = int.from_bytes(late) % TIME_STEP_SECONDS

    def now(self) -> int:
        return int(self._clock())

    def shown_time(self) -> int:
        """The clock as others see it, less than two steps behind; each identity steps at moments of its own."""
        return (self.now() - self._late) // TIME_STEP_SECONDS * TIME_STEP_SECONDS

    def manifest(self, identity: Identity) -> tuple[bytes, bytes] | None:
        if not self._offers(identity):
            return None
        held = evidence.find_manifest(self._reader, identity)
        return (held.pointer, held.head) if held else None

    def handed_over(self, identity: Identity, head: Sha256) -> None:
        if identity == self._identity:
            self.delivered(head)

    async def segment(self, sha256: Sha256) -> bytes | None:
        found = evidence.locate_segment(self._reader, sha256)
        if found is None or not any(self._offers(owner) for owner in found[0]):
            return None
        parts: list[bytes] = []
        try:
            for part in evidence.segment_steps(self._reader, found[1]):
                parts.append(part)
                await trio.lowlevel.checkpoint()
        except Missing:  # it went in between
            return None
        return b"".join(parts)

    def bundle(self, identity: Identity) -> Offer:
        """All that is held of somebody, from the first octet; raises Missing when nothing is."""
        with snapshot(self._reader):
            return self._bundle(identity)

    def _bundle(self, identity: Identity) -> Offer:
        held = evidence.find_manifest(self._reader, identity)
        if held is None:
            raise Missing("nothing is held of that identity")
        named = open_head(held.head, open_pointer(held.pointer)).segments
        slices = [
            part
            for segment in evidence.segments(self._reader, held.person)
            if segment.ref in named and not segment.redacted  # older ones are kept until all that replaces them is here
            for part in slices_of(segment.ref.sha256, evidence.segment_octets(self._reader, segment.pk))
        ]
        return Offer(held.pointer, held.head, tuple(slices))

    def held(self, identity: Identity) -> Held | None:
        with snapshot(self._reader):
            return self._held(identity)

    def _held(self, identity: Identity) -> Held | None:
        held = evidence.find_manifest(self._reader, identity)
        if held is None:
            return None
        segments = evidence.segments(self._reader, held.person)
        whole = [(it.ref.sha256, it.ref.octets) for it in segments if not it.redacted]
        named = (*whole, *keeps.unkept(self._reader, held.person))[: limits.SEGMENTS]
        ending = endings.find(self._reader, held.person)
        beyond = ending is not None and ending.is_beyond(held.seq, held.head_sha256)
        return Held(0 if beyond else held.seq, held.head_sha256, named)

    def lacking(self, head: Head) -> Sequence[SegmentRef]:
        """Newest first: state, then posts from the last segment back; what is kept here, as far as the quota goes."""
        person = evidence.find_person(self._reader, head.identity) or 0
        held = {it.ref.sha256 for it in evidence.segments(self._reader, person)}
        room = self._intake.room(head.identity, person, self.now())
        keeps = self._intake.keeps(head.identity, "a peer", self.now())
        posts = [ref for ref in head.posts if keeps(ref)]
        newest, older = posts[-1:], [] if self._intake.is_behind(person) else posts[-2::-1]
        wanted = [ref for ref in (*head.state, *newest, *older) if ref.sha256 not in held]
        return [ref for ref in wanted if ref in head.state or (room := room - ref.octets) + ref.octets > 0]

    def changes(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """A place that was never given - made up, or before a backup was restored - is the start."""
        since = self._places.find(after) if after else 0
        if since > notices.last_change(self._reader):
            since = 0
        rows = evidence.changes(self._reader, self._view, self._mirror, since, limit)
        return [(self._places.hide(number), line) for number, line in rows]

    def wanted(self, identity: Identity) -> bool:
        return self._intake.wanted(identity)

    def is_shown(self, identity: Identity) -> bool:
        return evidence.is_shown(self._reader, self._view, self._mirror, identity)

    async def wait_change(self, after: int) -> None:
        while not self.changes(after, 1):
            await self._bell.wait()

    async def witness(self, pointer: Pointer) -> None:
        await self._intake.witness(pointer)

    async def offer(self, offer: Offer, source: str) -> bool:
        return await self._intake.offer(offer, source, int(self._clock()))

    def own_moves(self) -> Sequence[bytes]:
        claimed = notices.claimed_by(self._reader, self._identity)
        persons = [self._view, *claimed, *endings.forebears(self._reader, self._view)]
        return [it.line for it in notices.proved(self._reader, notices.MOVE) if it.person in persons]

    async def take_notice(self, raw: bytes, source: str) -> bool:
        return await self._intake.take_notice(raw, source, int(self._clock()))

    def _offers(self, identity: Identity) -> bool:
        if identity == self._identity:
            return True
        return evidence.is_offered(self._reader, self._view, self._mirror, identity)


@dataclass(frozen=True, slots=True)
class Signed:
    """What somebody's head says of reaching him: own endpoints first."""

    head: Sha256
    endpoints: tuple[Endpoint, ...]
    visitor: bytes | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of everybody, asked at once: whom one rates above 0, who rates one so, heads held, addresses."""

    liked: set[int]
    likers: set[int]
    heads: dict[int, Sha256]
    addresses: dict[int, list[str]]
    closed: dict[int, str]


class Directory:
    """People whom one local identity's trust fetches, but for those who live here (`own`, as of now).

    `log` takes a sentence for zb.log.
    """

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        view: Identity,
        own: Collection[Identity],
        log: Callable[[str], None],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._identity, self._view = view, evidence.find_person(reader, view) or 0
        self._own = own
        self._log = log
        self._heads: dict[Identity, Signed] = {}  # opened once

    def people(self) -> Sequence[Person]:
        """Nobody lives any more where somebody did who has moved."""
        with snapshot(self._reader):
            known = self._look_around()
            return [self._person(known, *row) for row in self._fetched()]

    async def open_heads(self) -> None:
        """Some at a time, so that `people` need not open all of them at once."""
        for at, (_, identity, *_) in enumerate(self._fetched()):
            self._signed(identity)
            if not at % HEADS_AT_ONCE:
                await trio.lowlevel.checkpoint()

    def _fetched(self) -> list[tuple[int, Identity, float, int]]:
        """Key, identity, trust and level of those to visit."""
        ended = {it.person for it in endings.everybody(self._reader)}
        return [
            row
            for row in ratings.fetched(self._reader, self._view)
            if row[1] not in self._own and not (row[0] in ended and self._has_last(row[1]))
        ]

    def _look_around(self) -> _Known:
        """Who rates one whom we claim to follow likes us, though another claims it too: they have to hear of both."""
        reader = self._reader
        targets = [self._view, *notices.claimed_by(reader, self._identity)]
        return _Known(
            liked=ratings.liked_by(reader, self._view),
            likers=set().union(*(ratings.likers_of(reader, target) for target in targets)),
            heads=evidence.head_names(reader),
            addresses=promises.all_addresses(reader),
            closed=promises.all_closed(reader, self._view),
        )

    def _has_last(self, identity: Identity) -> bool:
        return has_last(self._reader, evidence.find_manifest(self._reader, identity))

    def friends(self) -> list[Link]:
        """Those whom one rates above 0 and whose open addresses are known, mutual ones first."""
        with snapshot(self._reader):
            known = self._look_around()
            rated = [(person, identity) for person, identity, *_ in self._fetched() if person in known.liked]
            rated.sort(key=lambda it: it[0] not in known.likers)
            links = [Link(identity, self._urls(known, person, identity, None)) for person, identity in rated]
        return [link for link in links if link.urls]

    def mutuals(self) -> Sequence[Mutual]:
        """Not those who have moved: whoever comes with their key may have stolen it."""
        ended = {it.person for it in endings.everybody(self._reader)}
        return [
            self._mutual(person, identity)
            for person, identity in ratings.mutuals(self._reader, self._view)
            if identity not in self._own and person not in ended
        ]

    async def remember_closed(self, identity: Identity, url: str) -> None:
        await self._writer.run(lambda database: promises.put_closed(database, self._view, identity, url))

    def log(self, text: str) -> None:
        self._log(text)

    def _person(self, known: _Known, person: int, identity: Identity, trust: float, level: int) -> Person:
        mutual = person in known.liked and person in known.likers
        closed = known.closed.get(person) if mutual else None
        hops, full = 1 if person in known.liked else 2, level == Level.FULL
        return Person(identity, self._urls(known, person, identity, closed), mutual, trust, hops, full)

    def _urls(self, known: _Known, person: int, identity: Identity, closed: str | None) -> tuple[str, ...]:
        """Each address once: the closed one, those that he signed, those from links."""
        head, signed = known.heads.get(person), self._heads.get(identity)
        if head is None or signed is None or signed.head != head:
            signed = self._signed(identity) if head else None
        first = [closed] if closed else []
        urls = [it.url for it in signed.endpoints] if signed else []
        return tuple(dict.fromkeys((*first, *urls, *known.addresses.get(person, ()))))

    def _mutual(self, person: int, identity: Identity) -> Mutual:
        signed = self._signed(identity)
        own = tuple(it.url for it in signed.endpoints if it.own) if signed else ()
        closed = promises.find_closed(self._reader, self._view, person)
        return Mutual(identity, own, signed.visitor if signed else None, closed)

    def _signed(self, identity: Identity) -> Signed | None:
        held = evidence.find_manifest(self._reader, identity)
        if held is None:
            return None
        known = self._heads.get(identity)
        if known is None or known.head != held.head_sha256:
            pointer = Pointer(identity, held.seq, held.head_sha256, held.pointer)  # verified when it was kept
            head = open_head(held.head, pointer)
            listed = tuple(sorted(head.endpoints, key=lambda it: not it.own))
            known = self._heads[identity] = Signed(held.head_sha256, listed, head.visitor)
        return known
