"""JOURNEY 2: a manifest from anywhere -> verified -> kept -> what it says of others -> visible, numbered.

verifying.py decides on bytes and reads; `_keep` writes one transaction. Everything comes this way: answers of peers,
pushes, imported bundles, and our own heads (we are our own first peer). docs/protocol.md, "Order of checks".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from zbnntp import choosing
from zbnntp.model import limits
from zbnntp.model.bundle import Offer
from zbnntp.model.entries import STATE, Carry, Delete, Label, Post
from zbnntp.model.errors import Invalid, NotPermitted
from zbnntp.model.keys import Identity, message_id, short_id
from zbnntp.model.manifest import Head, Pointer, SegmentRef, open_pointer
from zbnntp.spoken import keep_state
from zbnntp.standing import Standings
from zbnntp.store import carries, choices, diary, evidence, numbers, posts, promises, ratings
from zbnntp.store.evidence import HeldSegment
from zbnntp.store.writer import Writer
from zbnntp.verifying import Plan, Verified, verify
from zbnntp.visibility import rename, settle

OWN = "own"  # the source of what this node has sealed itself
LABELS_NOTED = 20  # of one manifest's new ones in the diary
COPY = (
    "Does a copy of this node run elsewhere, or has somebody else your key? Stop the copy; if there is none, move to a "
    "new key with your recovery words."
)
STALE_TRIES = 5  # a newer head of the same person may be kept between our reading and writing


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
            settle(database, view, [*arrived, *gone], now)
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
        arrived += carries.release(database, segment.pk)
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
            touched.append(carries.record_carry(database, entry.header, line, person, now))
    return touched
