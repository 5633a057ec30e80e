"""JOURNEY 2: a manifest from anywhere -> verified -> kept -> what it says of others -> visible, numbered.

verifying.py decides on bytes and reads; `_keep` writes one transaction. Everything comes this way: answers of peers,
pushes, imported bundles, and our own heads (we are our own first peer). docs/protocol.md, "Order of checks".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from zbnntp import choosing, moving
from zbnntp.healing import COPY, fork_sentence, keep_branch, keep_fork, keep_proof, proves, strange_sentence
from zbnntp.keeping import keep_fresh, keep_segments
from zbnntp.model import limits
from zbnntp.model.believing import Reading, believe_all
from zbnntp.model.bundle import Offer, read_bundle, write_offer
from zbnntp.model.entries import Label
from zbnntp.model.errors import Invalid, NotPermitted, Refused
from zbnntp.model.keys import Identity, message_id, short_id
from zbnntp.model.manifest import Head, Pointer, SegmentRef, open_pointer
from zbnntp.model.notices import open_notice
from zbnntp.model.shown import visible
from zbnntp.model.succession import Move
from zbnntp.moving import Taken
from zbnntp.pacing import FOR_NEW, hold_back, keep_pace, left, read_again, unfinished, withdraw
from zbnntp.retention import Keeping, chooser, everything
from zbnntp.spoken import keep_state
from zbnntp.standing import Standings
from zbnntp.store import (
    choices,
    diary,
    evidence,
    keeps,
    numbers,
    posts,
    promises,
    purges,
    quotas,
    ratings,
    versions,
)
from zbnntp.store.database import snapshot
from zbnntp.store.evidence import HeldManifest
from zbnntp.store.quotas import Excess
from zbnntp.store.versions import Parked
from zbnntp.store.writer import Writer
from zbnntp.verifying import Believe, Early, Verified, read_lines, verify
from zbnntp.visibility import rename, settle

OWN = "own"  # the source of what this node has sealed itself
IMPORT = "import"  # the source of what the owner brings by hand
LABELS_NOTED = 20  # of one manifest's new ones in the diary
UNCOUNTED = frozenset({OWN, IMPORT})
STALE_TRIES = 5  # a newer head of the same person may be kept between our reading and writing


@dataclass(frozen=True, slots=True)
class Kept:
    """What one transaction has done: persons whose ratings or replies have changed; whether it proves a fork; moves."""

    stale: set[int]
    forked: bool
    moves: Sequence[Taken]


async def believe_at_once(author: Identity, lines: Sequence[bytes]) -> Reading:
    """For those who have nobody to do it beside."""
    return Reading(believe_all(author, lines))


class Stale(Exception):
    """Something newer was kept meanwhile; verify again."""


class Intake:
    """The one way in. `log` takes a sentence for zb.log, `announce` is called when something was kept."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        log: Callable[[str], None],
        announce: Callable[[], None],
        believe: Believe = believe_at_once,
    ) -> None:
        self._believe = believe
        self._reader, self._writer = reader, writer
        self._standings = standings
        self._log, self._announce = log, announce
        self.keeping = Keeping()
        self.alarm = log  # what the owner should know at once
        self.warn: Callable[[Identity, str], None] = lambda identity, text: self.alarm(text)  # a local identity of it
        self.own_came: Callable[[Identity, str], None] = self._warn_of_copy  # an own manifest not made here was kept
        self.arrived: Callable[[Identity], None] = lambda identity: None  # a manifest of somebody was kept

    def wanted(self, identity: Identity) -> bool:
        """Whether this identity's manifests are taken: own, or fetched by some view's trust, not pinned, not ended."""
        if identity in self._standings.views:
            return True
        person = evidence.find_person(self._reader, identity)
        if person is None or choices.is_pinned(self._reader, person) or purges.is_purged(self._reader, identity):
            return False
        if moving.is_complete(self._reader, identity):
            return False
        return ratings.is_fetched(self._reader, person)

    def _check_wanted(self, identity: Identity, source: str) -> None:
        """What the owner brings by hand is wanted, but for people whom a view holds at a version or has purged."""
        if purges.is_purged(self._reader, identity):
            raise NotPermitted("what they publish was deleted here for good; nothing of it is taken any more")
        if source != IMPORT and not self.wanted(identity):
            raise NotPermitted("nobody here trusts that identity enough to fetch it, or it has ended")
        person = evidence.find_person(self._reader, identity)
        if person is not None and choices.is_pinned(self._reader, person):
            raise NotPermitted("that person is held at an earlier version here; 'unpin' ends that")

    def room(self, identity: Identity, person: int, now: int) -> int:
        """How many octets of somebody's posts may be fetched now: the segment in which they end included."""
        if identity in self._standings.views:
            return limits.INTEGER
        ration = left(self._reader, person, now)
        return ration.octets if ration.posts else 0

    def is_behind(self, person: int) -> bool:
        """Whether more of somebody is here than may be shown: no older posts are fetched meanwhile."""
        return bool(self._waiting(self._reader, person, 1))

    def _waiting(self, database: sqlite3.Connection, person: int, most: int, after: int = -1) -> list[Excess]:
        """What of somebody waits that is dated after a time, and not after the head."""
        held = evidence.find_manifest(database, evidence.identity_of(database, person))
        return quotas.excess(database, person, after, held.time if held else limits.INTEGER, most)

    async def offer(self, offer: Offer, source: str, now: int) -> bool:
        """Verify and keep; True if it was news. Raises Invalid (logged, with its source) or Refused."""
        try:
            return await self._offer(offer, source, now)
        except Invalid as error:
            self._log(f"Refused a manifest from {source}: {error}")
            raise

    async def _offer(self, offer: Offer, source: str, now: int) -> bool:
        # Our own clock may have been set back.
        latest = None if source == OWN else now + limits.CLOCK_AHEAD_SECONDS
        pointer = open_pointer(offer.pointer)
        with snapshot(self._reader):
            self._check_wanted(pointer.identity, source)
        for _ in range(STALE_TRIES):
            await self.witness(pointer)
            try:
                with snapshot(self._reader):
                    keeps = self.keeps(pointer.identity, source, now)
                    verified = verify(self._reader, pointer, offer, latest, keeps)
                if verified is None:
                    return False
                await self._take(await read_lines(self._reader, verified, self._believe), source, now)
            except Stale:
                continue
            except Early as early:
                await self._park(pointer, offer, source, early.due)
                return False
            return True
        raise NotPermitted("that manifest changes faster than it can be kept; try again later")

    def keeps(self, identity: Identity, source: str, now: int) -> Callable[[SegmentRef], bool]:
        """Which posts segments of somebody are kept here."""
        if source in UNCOUNTED:
            return everything
        return chooser(self._reader, self.keeping, identity, self._standings.views, now)

    async def _take(self, verified: Verified, source: str, now: int) -> None:
        head, foreign = verified.head, source != OWN
        kept = await self._writer.run(lambda database: self._keep(database, verified, source, now))
        self._standings.note(kept.stale)
        for it in kept.moves:
            self._note_move(it)
        self._note_newer(head)
        self._announce()
        self.arrived(head.identity)
        own = head.identity in self._standings.views
        if kept.forked:
            self._tell_fork(head.nick, head.identity)
        if foreign and own and (verified.base is None or verified.base.head_sha256 != head.sha256):
            self.own_came(head.identity, source)

    def _warn_of_copy(self, identity: Identity, source: str) -> None:
        self.warn(identity, strange_sentence(source))

    async def witness(self, pointer: Pointer) -> None:
        """Keep the proof when a verified pointer shows that its key has forked; an older one may, too."""
        held = evidence.find_manifest(self._reader, pointer.identity)
        if held is None or not proves(pointer, held):
            return
        if await self._writer.run(lambda database: keep_proof(database, held, pointer)):
            self._note_fork(held)

    def _note_fork(self, held: HeldManifest) -> None:
        identity = evidence.identity_of(self._reader, held.person)
        self._tell_fork(held.nick, identity)
        self.arrived(identity)
        self._announce()

    def _tell_fork(self, nick: str, identity: Identity) -> None:
        if identity in self._standings.views:
            self.warn(identity, fork_sentence(visible(nick), identity, True))
        else:
            self.alarm(fork_sentence(visible(nick), identity, False))

    async def take_notice(self, raw: bytes, source: str, now: int) -> bool:
        """A fork or a move that came on its own, about somebody who is held; True if it was news.

        Raises Invalid (logged, with its source). What follows from it is in force when this returns.
        """
        try:
            notice = open_notice(raw)
        except Invalid as error:
            self._log(f"Refused a notice from {source}: {error}")
            raise
        held = evidence.find_manifest(self._reader, notice.identity)
        if held is None:
            return False
        if isinstance(notice, Move):
            return await self._take_move(notice, now)
        if news := await self._writer.run(lambda database: keep_fork(database, held.person, notice)):
            self._note_fork(held)
        return news

    async def _take_move(self, move: Move, now: int) -> bool:
        taken = await self._writer.run(lambda database: moving.take_move(database, self._viewers(database), move, now))
        self._note_move(taken)
        if taken.news:
            self._announce()
            await self._standings.refresh(now)
        return taken.news

    def _note_move(self, taken: Taken) -> None:
        self._standings.note(taken.stale)
        if taken.news:
            self._standings.note_moves()
        if taken.told:
            (self.alarm if taken.news else self._log)(taken.told)
        for identity in taken.people:
            self.arrived(identity)

    async def _park(self, pointer: Pointer, offer: Offer, source: str, due: int) -> None:
        if versions.is_parked(self._reader, pointer.identity, pointer.head):
            return

        def change(database: sqlite3.Connection) -> None:
            person = evidence.person_pk(database, pointer.identity)
            parked = Parked(person, pointer.head, source, b"".join(write_offer(offer)))
            versions.park(database, parked, pointer.seq, due)

        await self._writer.run(change)
        if pointer.identity in self._standings.views:
            text = f"A version of your own manifest with a date to come was sent by {source}. {COPY}"
            self.warn(pointer.identity, text)

    async def retry_parked(self, now: int) -> list[Identity]:
        """Look again at the heads whose time has come; returns whose were taken."""
        taken: list[Identity] = []
        while (parked := versions.find_due(self._reader, now)) is not None:
            await self._writer.run(partial(versions.unpark, person=parked.person, heads=[parked.head_sha256]))
            for offer in read_bundle(parked.bundle.removesuffix(b"\n").split(b"\n")):
                with contextlib.suppress(Invalid, Refused):  # the log has it
                    if await self.offer(offer, parked.source, now):
                        taken.append(evidence.identity_of(self._reader, parked.person))
        return taken

    async def take_up(self, now: int) -> None:
        """Show what waited for another day, as far as the authors' quotas go."""
        for person in quotas.waiting(self._reader):
            if self.is_behind(person) and left(self._reader, person, now).posts:
                self._standings.note(await self._writer.run(partial(self._take_up, person=person, now=now)))
                self._announce()

    def _take_up(self, database: sqlite3.Connection, person: int, now: int, after: int = -1) -> set[int]:
        """What waited and is dated after a time, as far as the quota goes; persons whose ratings or replies changed."""
        author = evidence.identity_of(database, person)
        found = self._waiting(database, person, limits.DAILY_POSTS_FULL, after)
        if not found:
            return set()
        quotas.drop_excess(database, [it.line for it in found])
        taken = hold_back(database, person, read_again(database, author, found), now, FOR_NEW)
        arrived = keep_fresh(database, person, taken, now)
        self._show(database, person, arrived, (), now, renamed=False)
        return {person} | posts.answered_authors(database, arrived)

    def unfinished(self) -> list[Identity]:
        """Whose segments may not have been fetched for want of quota."""
        return unfinished(self._reader)

    def _note_newer(self, head: Head) -> None:
        if head.needs_newer:
            name = f"{visible(head.nick)} ({short_id(head.identity)})"
            self._log(f"The manifest of {name} needs a newer version of zbnntp; install it")

    def _note_labels(self, database: sqlite3.Connection, person: int, fresh: Sequence[Label], now: int) -> None:
        """Into each view's diary, which tells those of people whose judgement it trusts."""
        for view in self._standings.views:
            for label in fresh[:LABELS_NOTED]:
                about = message_id(label.post) if label.post else short_id(label.target or Identity(b""))
                text = f"{about} is {label.name}" + (f', "{label.note}"' if label.note else "")
                diary.add(database, evidence.person_pk(database, view), "label", text, now, person)

    def _keep(self, database: sqlite3.Connection, verified: Verified, source: str, now: int) -> Kept:
        """The one transaction. Raises Stale, Early."""
        head = verified.head
        person = evidence.person_pk(database, head.identity)
        held = evidence.find_manifest(database, head.identity)
        if (held, tuple(evidence.segments(database, person))) != (verified.base, verified.segments):
            raise Stale
        own = head.identity in self._standings.views
        arrived, gone, spoken = self._keep_lines(database, person, verified, source, now)
        if spoken:
            self._note_labels(database, person, keep_state(database, person, own, now), now)
        evidence.keep_manifest(database, person, verified.pointer, head, now)
        keeps.note_unkept(database, person, verified.unkept)
        forked = keep_branch(database, held, head)
        versions.keep_merged(database, person, head.merge)
        versions.unpark(database, person, head.merge)
        moves = moving.keep_head(database, self._viewers(database), person, head, spoken, now)
        self._show(database, person, arrived, gone, now, renamed=(held.nick if held else "") != head.nick)
        stale = {person} | posts.answered_authors(database, [*arrived, *gone])
        if held and held.time < head.time:
            stale |= self._take_up(database, person, now, held.time)
        if held is None:
            promises.keep_arrival(database, person, source, now)
            for view in self._viewers(database):
                choosing.met(database, view, person, now)
                diary.add(database, view, "came", "", now, person)
        return Kept(stale, forked, moves)

    def _keep_lines(
        self, database: sqlite3.Connection, person: int, verified: Verified, source: str, now: int
    ) -> tuple[list[int], list[int], bool]:
        """As `keep_segments`, at the author's pace. Own posts count whatever their date: a clock here was wrong."""
        own = verified.head.identity in self._standings.views
        counted = source not in UNCOUNTED and not own
        if counted:
            keep_pace(database, person, verified, now)
        latest = limits.INTEGER if own else verified.head.time
        arrived, gone, spoken = keep_segments(
            database, person, verified, now, latest=latest, counted=counted, own=own, rescuing=own and source != OWN
        )
        if verified.base and latest < verified.base.time:
            late, answered = withdraw(database, person, latest)
            return [*arrived, *answered], [*gone, *late], spoken
        return arrived, gone, spoken

    def _viewers(self, database: sqlite3.Connection) -> list[int]:
        return [evidence.person_pk(database, identity) for identity in self._standings.views]

    def _show(
        self,
        database: sqlite3.Connection,
        person: int,
        arrived: Sequence[int],
        gone: Sequence[int],
        now: int,
        renamed: bool,
    ) -> None:
        """What a new version changes in each view's groups."""
        for view in self._viewers(database):
            for article in gone:
                numbers.hide(database, view, article)
            if renamed:
                rename(database, view, numbers.exposed_by(database, view, person))
            settle(database, view, [*arrived, *gone], now)
