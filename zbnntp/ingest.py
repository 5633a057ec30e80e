"""JOURNEY 2: a manifest from anywhere -> verified -> kept -> what it says of others -> visible, numbered.

`verify` decides on bytes alone and reads; `keep` writes one transaction. Everything comes this way: answers of peers,
pushes, imported bundles, and our own heads (we are our own first peer). docs/protocol.md, "Order of checks".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from zbnntp import choosing
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, Slice
from zbnntp.model.entries import POSTS, STATE, Carry, Delete, Label, Post
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, NotPermitted, TooLarge
from zbnntp.model.keys import Identity, message_id, sha256, short_id
from zbnntp.model.manifest import Head, Pointer, SegmentRef, check_segment, open_head, open_pointer
from zbnntp.spoken import believe, keep_state
from zbnntp.standing import Standings
from zbnntp.store import choices, diary, evidence, numbers, posts, promises, ratings
from zbnntp.store.evidence import HeldManifest, HeldSegment
from zbnntp.store.writer import Writer
from zbnntp.visibility import rename, settle

CARRY = b'"kind":"carry"'
OWN = "own"  # the source of what this node has sealed itself
LABELS_NOTED = 20  # of one manifest's new ones in the diary
COPY = (
    "Does a copy of this node run elsewhere, or has somebody else your key? Stop the copy; if there is none, move to a "
    "new key with your recovery words."
)
STALE_TRIES = 5  # a newer head of the same person may be kept between our reading and writing


@dataclass(frozen=True, slots=True)
class Plan:
    """One segment of a head: which held segment it is or grows from, and the lines to add from ordinal `first` on."""

    role: str
    position: int
    ref: SegmentRef
    held: HeldSegment | None
    first: int
    lines: tuple[bytes, ...]
    entries: tuple[tuple[int, Post | Carry | Delete], ...]  # ordinal of the line, and what was believed there


@dataclass(frozen=True, slots=True)
class Verified:
    """An offer whose every byte was checked, ready to be kept."""

    pointer: Pointer
    head: Head
    plans: tuple[Plan, ...]
    dropped: tuple[HeldSegment, ...]
    base: HeldManifest | None  # what was held when this was planned
    segments: tuple[HeldSegment, ...]


class Stale(Exception):
    """Something newer was kept meanwhile; verify again."""


class Intake:
    """The one way in. `wanted` says whom trust fetches, `log` takes a sentence for zb.log."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        log: Callable[[str], None],
        announce: Callable[[], None],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._standings = standings
        self._log, self._announce = log, announce
        self.alarm = log  # what the owner should know at once
        self.arrived: Callable[[Identity], None] = lambda identity: None  # a manifest of somebody was kept

    def wanted(self, identity: Identity) -> bool:
        """Whether this identity's manifests are taken: own, or fetched by some view's trust and pinned by none."""
        if identity in self._standings.views:
            return True
        person = evidence.find_person(self._reader, identity)
        if person is None or choices.is_pinned(self._reader, person):
            return False
        return ratings.is_fetched(self._reader, person)

    async def offer(self, offer: Offer, source: str, now: int) -> bool:
        """Verify and keep; True if it was news. Raises Invalid (logged, with its source) or Refused."""
        try:
            return await self._offer(offer, source, now)
        except Invalid as error:
            self._log(f"Refused a manifest from {source}: {error}")
            raise

    async def _offer(self, offer: Offer, source: str, now: int) -> bool:
        # Our own clock may have been set back.
        latest = limits.INTEGER if source == OWN else now + limits.CLOCK_AHEAD_SECONDS
        pointer = open_pointer(offer.pointer)
        if not self.wanted(pointer.identity):
            raise NotPermitted("nobody here trusts that identity enough to fetch it")
        for _ in range(STALE_TRIES):
            await self._note_fork(pointer)
            verified = verify(self._reader, pointer, offer, latest)
            if verified is None:
                return False
            try:
                stale = await self._writer.run(lambda database, it=verified: self._keep(database, it, source, now))  # type: ignore[misc]
            except Stale:
                continue
            self._standings.note(stale)
            self._note_newer(verified.head)
            self._announce()
            self.arrived(pointer.identity)
            if source != OWN and pointer.identity in self._standings.views:
                self.alarm(f"A version of your own manifest that this node has not made came from {source}. {COPY}")
            return True
        raise NotPermitted("that manifest changes faster than it can be kept; try again later")

    async def _note_fork(self, pointer: Pointer) -> None:
        """Keep the proof when a key has signed two heads of one seq; everybody keeps the one of the lower hash."""
        held = evidence.find_manifest(self._reader, pointer.identity)
        if held is None or held.seq != pointer.seq or held.head_sha256 == pointer.head:
            return
        (_, kept), (_, other) = sorted([(held.head_sha256, held.pointer), (pointer.head, pointer.raw)])
        new = await self._writer.run(lambda database: evidence.keep_fork(database, held.person, held.seq, kept, other))
        if new:
            self.alarm(_fork_sentence(held.nick, pointer.identity, pointer.identity in self._standings.views))
            self.arrived(pointer.identity)

    def _note_newer(self, head: Head) -> None:
        if head.needs_newer:
            self._log(
                f"The manifest of {head.nick} ({short_id(head.identity)}) needs a newer version of zbnntp; install it"
            )

    def _note_labels(self, database: sqlite3.Connection, person: int, fresh: Sequence[Label], now: int) -> None:
        """Into each view's diary, which tells those of people whose judgement it trusts."""
        for view in self._standings.views:
            for label in fresh[:LABELS_NOTED]:
                about = message_id(label.post) if label.post else short_id(label.target or Identity(b""))
                text = f"{about} is {label.name}" + (f', "{label.note}"' if label.note else "")
                diary.add(database, evidence.person_pk(database, view), "label", text, now, person)

    def _keep(self, database: sqlite3.Connection, verified: Verified, source: str, now: int) -> set[int]:
        """The one transaction; returns the persons whose ratings or replies have changed."""
        head = verified.head
        person = evidence.person_pk(database, head.identity)
        held = evidence.find_manifest(database, head.identity)
        if (held, tuple(evidence.segments(database, person))) != (verified.base, verified.segments):
            raise Stale
        arrived, gone, spoken = _keep_segments(database, person, verified, now)
        if spoken:
            own = head.identity in self._standings.views
            self._note_labels(database, person, keep_state(database, person, own, now), now)
        evidence.keep_manifest(database, person, verified.pointer, head, now)
        if held is None:
            promises.keep_arrival(database, person, source, now)
        for view in (evidence.person_pk(database, identity) for identity in self._standings.views):
            for article in gone:
                numbers.hide(database, view, article)
            if (held.nick if held else "") != head.nick:
                rename(database, view, numbers.exposed_by(database, view, person))
            settle(database, view, arrived, now)
            if held is None:
                choosing.met(database, view, person, now)
        return {person} | posts.answered_authors(database, [*arrived, *gone])


def _fork_sentence(nick: str, identity: Identity, own: bool) -> str:
    if own:
        return f"Your own key has signed two versions of one manifest: a fork. {COPY}"
    return f"{nick} ({short_id(identity)}) has signed two versions of one manifest: a fork"


def keep_post(database: sqlite3.Connection, post: Post, line: int, now: int) -> list[int]:
    """Record a post; returns the articles to settle: itself when new, what it replaces, the thread that it opens."""
    article, new = posts.record_post(database, post.header, line, now)
    touched = [article] if new else []
    author = evidence.person_pk(database, post.header.author)
    touched += [posts.record_deletion(database, author, replaced, now) for replaced in post.header.replaces]
    if post.header.thread is None:
        thread = posts.record_opening(database, post.header, line, now)
        touched += posts.articles_in(database, thread) if thread else []
    return touched


def _keep_segments(
    database: sqlite3.Connection, person: int, verified: Verified, now: int
) -> tuple[list[int], list[int], bool]:
    """Segments and lines; returns the articles to settle, those that are gone, and whether state has changed.

    New lines come before old ones go, so that a key that a post still holds is never given again.
    """
    named = {plan.held.pk for plan in verified.plans if plan.held}
    for segment in verified.segments:
        if segment.pk not in named:
            evidence.set_aside(database, segment.pk)
    arrived: list[int] = []
    for plan in verified.plans:
        arrived += _keep_segment(database, person, plan, now)
    for segment in verified.dropped:
        posts.release_openings(database, segment.pk)
        evidence.drop_segment(database, segment.pk)
    gone = posts.drop_missing(database, person) if verified.dropped else []
    return arrived, gone, _state(verified.segments) != _state(evidence.segments(database, person))


def _state(segments: Iterable[HeldSegment]) -> list[SegmentRef]:
    return [segment.ref for segment in segments if segment.role == STATE]


def _keep_segment(database: sqlite3.Connection, person: int, plan: Plan, now: int) -> list[int]:
    if plan.held is None:
        segment = evidence.add_segment(database, person, plan.role, plan.position, plan.ref)
    else:
        segment = plan.held.pk
        evidence.update_segment(database, segment, plan.position, plan.ref)
    evidence.add_lines(database, person, plan.role, segment, plan.first, plan.lines)
    evidence.clear_pending(database, person, plan.role, plan.lines)
    keyed = [(evidence.line_key(database, segment, ordinal), entry) for ordinal, entry in plan.entries]
    return keep_entries(database, person, segment, keyed, now)


def keep_entries(
    database: sqlite3.Connection,
    person: int,
    segment: int | None,
    entries: Sequence[tuple[int, Post | Carry | Delete]],
    now: int,
) -> list[int]:
    """Record what lines of a posts segment (None: of the outbox) say, given with their keys; the articles to settle."""
    answered = {entry.header.thread for _, entry in entries if isinstance(entry, Post)}
    touched: list[int] = []
    for line, entry in entries:
        if isinstance(entry, Post):
            touched += keep_post(database, entry, line, now)
        elif isinstance(entry, Delete):
            touched.append(posts.record_deletion(database, person, entry.post, now))
    for line, entry in entries:
        if not isinstance(entry, Carry):
            continue
        known = segment is not None and posts.is_answered_in(database, entry.header.id, segment)
        if known or entry.header.id in answered:
            thread = posts.record_opening(database, entry.header, line, now)
            touched += posts.articles_in(database, thread) if thread else []
    return touched


def verify(reader: sqlite3.Connection, pointer: Pointer, offer: Offer, latest: int) -> Verified | None:
    """What an offer would change, all its bytes checked; None when it is no news. Raises Invalid, NotPermitted.

    `latest`: unix seconds; what is dated after it is not taken yet.
    """
    held = evidence.find_manifest(reader, pointer.identity)
    if held and not _is_newer(pointer, held):
        return None
    if pointer.seq > latest:
        raise NotPermitted("that manifest is dated in the future; it is taken when its time has come")
    head = open_head(offer.head, pointer)
    if head.time > latest:
        raise NotPermitted("that manifest is dated in the future; it is taken when its time has come")
    segments = evidence.segments(reader, held.person) if held else []
    plans = [] if head.needs_newer else _plan(reader, head, segments, offer.slices)
    if held and held.head_sha256 == head.sha256 and not any(plan.lines for plan in plans):
        return None
    dropped = tuple(segment for segment in segments if _is_replaced(segment, head, plans))
    return Verified(pointer, head, tuple(plans), dropped, held, tuple(segments))


def _is_replaced(segment: HeldSegment, head: Head, plans: Sequence[Plan]) -> bool:
    """Whether a held segment can go: the head does not name it, and all that it names in its place is here."""
    complete = sum(plan.role == segment.role for plan in plans) == len(
        head.posts if segment.role == POSTS else head.state
    )
    return complete and not head.needs_newer and all(plan.held != segment for plan in plans)


def _is_newer(pointer: Pointer, held: HeldManifest) -> bool:
    """Newer, the same (it may bring segments that were missing), or the fork that everybody keeps: the lower hash."""
    return pointer.seq > held.seq or (pointer.seq == held.seq and pointer.head <= held.head_sha256)


def _plan(
    reader: sqlite3.Connection, head: Head, segments: Sequence[HeldSegment], slices: Sequence[Slice]
) -> list[Plan]:
    named = {ref.sha256 for ref in head.segments}
    if any(part.segment not in named for part in slices):
        raise BadEncoding("a slice of a segment that the head does not name")
    free = [segment for segment in segments if segment.ref.sha256 not in named]
    plans: list[Plan] = []
    for role, refs in ((POSTS, head.posts), (STATE, head.state)):
        for position, ref in enumerate(refs):
            held = next((it for it in segments if (it.role, it.ref.sha256) == (role, ref.sha256)), None)
            if held:
                if (held.ref.octets, held.ref.lines) != (ref.octets, ref.lines):
                    raise BadEncoding("a segment is not made of the lines its head names")
                plans.append(Plan(role, position, ref, held, ref.lines, (), ()))
                continue
            parts = [part for part in slices if part.segment == ref.sha256]
            plan = _plan_new(reader, head, role, position, ref, parts, free) if parts else None
            if plan:
                plans.append(plan)
                free = [segment for segment in free if segment != plan.held]
    return plans


def _plan_new(
    reader: sqlite3.Connection,
    head: Head,
    role: str,
    position: int,
    ref: SegmentRef,
    parts: Sequence[Slice],
    free: Sequence[HeldSegment],
) -> Plan:
    """A segment not held as it is: grown from one of the `free` ones, or new."""
    data = _assemble(reader, ref, parts, free)
    lines = check_segment(ref, data)
    grown = next((it for it in free if it.role == role and _starts_with(data, it)), None)
    first = grown.ref.lines if grown else 0
    believed = [(first + index, believe(line, head.identity, role)) for index, line in enumerate(lines[first:])]
    entries: list[tuple[int, object]] = [it for it in believed if _is_shown(it[1], head)]
    entries += _early_carries(reader, lines[:first], [entry for _, entry in entries], head)
    return Plan(role, position, ref, grown, first, lines[first:], tuple(entries))  # type: ignore[arg-type]


def _early_carries(
    reader: sqlite3.Connection, lines: Sequence[bytes], fresh: Iterable[object], head: Head
) -> list[tuple[int, object]]:
    """Openings that a segment carried before the first answer to them stood in it."""
    threads = {entry.header.thread for entry in fresh if isinstance(entry, Post) and entry.header.thread}
    missing = {thread for thread in threads if not posts.opening_line(reader, thread)}
    candidates = enumerate(lines) if missing else ()
    believed = ((ordinal, believe(line, head.identity, POSTS)) for ordinal, line in candidates if CARRY in line)
    return [(ordinal, entry) for ordinal, entry in believed if isinstance(entry, Carry) and entry.header.id in missing]


def _is_shown(entry: object, head: Head) -> bool:
    """Posts, carries and deletions; a post dated after its head is invalid."""
    return isinstance(entry, Carry | Delete) or (isinstance(entry, Post) and entry.header.time <= head.time)


def _starts_with(data: bytes, held: HeldSegment) -> bool:
    return held.ref.octets < len(data) and sha256(data[: held.ref.octets]) == held.ref.sha256


def _assemble(
    reader: sqlite3.Connection, ref: SegmentRef, parts: Sequence[Slice], free: Iterable[HeldSegment]
) -> bytes:
    """The bytes of a segment from its slices and, when they begin further on, from the held segment it grew from."""
    parts = sorted(parts, key=lambda part: part.at)
    start = parts[0].at
    if sum(len(part.data) for part in parts) > ref.octets - start:
        raise TooLarge("a segment's slices are more than its head says")
    at = start
    for part in parts:
        if part.at != at:
            raise BadEncoding("a segment's slices leave a gap")
        at += len(part.data)
    tail = b"".join(part.data for part in parts)
    if start == 0:
        return tail
    for segment in free:
        if segment.ref.octets == start:
            data = evidence.segment_octets(reader, segment.pk) + tail
            if sha256(data) == ref.sha256:
                return data
    raise BadSignature("a slice does not continue anything that is held here")
