"""What is damaged of what people signed goes, so that it is fetched again; what can be told from the rest is put right.

A segment is held whole or not at all, so one wrong octet costs a segment, until somebody who has it is asked. Its
articles are hidden meanwhile and come back under their numbers. The newest head of somebody may be lost for a while as
well; that an older one is no news is still known. docs/store.md "Checking".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zbnntp.checking import Fault, Part, attempt, faults_of
from zbnntp.local import parse_local_id
from zbnntp.model.article import overview_fields
from zbnntp.model.believing import believe
from zbnntp.model.entries import POSTS, Post
from zbnntp.model.kept import reopen_post
from zbnntp.model.keys import Identity
from zbnntp.model.manifest import open_pointer
from zbnntp.rebuild import rebuild
from zbnntp.spoken import keep_state
from zbnntp.store import carries, evidence, mends, numbers, posts
from zbnntp.store.salvage import drop_strays
from zbnntp.visibility import settle


@dataclass
class Mended:
    """Of whom something was mended; `stale` are persons whose ratings or answers count differently now."""

    people: set[Identity] = field(default_factory=set)
    stale: set[int] = field(default_factory=set)


def mend(database: sqlite3.Connection, views: Sequence[Identity], now: int, people: Iterable[Identity]) -> Mended:
    """Mend the evidence of these people, in the caller's transaction; groups show what is left."""
    mends.forget_keys(database)
    restore_ids(database)
    mended = Mended()
    viewers = [evidence.person_pk(database, view) for view in views]
    for identity in people:
        person = evidence.find_person(database, identity)
        found = list(faults_of(database, person, identity)) if person else []
        if person and found:
            mended.people.add(identity)
            mended.stale |= _mend_person(database, viewers, person, found, identity in views, now)
    if mended.people:
        mends.forget_places(database)
    return mended


def _mend_person(
    database: sqlite3.Connection, viewers: Sequence[int], person: int, found: Iterable[Fault], own: bool, now: int
) -> set[int]:
    threads: list[int] = []
    for fault in found:
        if fault.part is Part.SEGMENT:
            threads += carries.release(database, fault.key.pk)  # type: ignore[attr-defined]
        _MENDS[fault.part](database, fault)
    gone = posts.drop_missing(database, person)
    keep_state(database, person, own, now)
    for view in viewers:
        for article in gone:
            numbers.hide(database, view, article)
        settle(database, view, [*gone, *threads], now)
    return {person} | posts.answered_authors(database, gone)


_MENDS: dict[Part, Callable[[sqlite3.Connection, Any], None]] = {
    Part.HEAD: lambda database, it: mends.forget_head(database, it.person),
    Part.FACTS: lambda database, it: mends.correct_facts(database, it.person, it.key),
    Part.SEGMENT: lambda database, it: evidence.drop_segment(database, it.key.pk),
    Part.WAITING: lambda database, it: mends.drop_waiting(database, it.key),
    Part.PROOF: lambda database, it: mends.drop_proof(database, it.person, *it.key),
    Part.NOTICE: lambda database, it: mends.drop_notice(database, it.person, *it.key),
    Part.RECOVERY: lambda database, it: mends.pin_next(database, it.person, it.key),
}


def mend_all(
    database: sqlite3.Connection, views: Sequence[Identity], now: int, progress: Callable[[int, int], None]
) -> Mended:
    """All of it, derived tables too, in the caller's transaction; for the store of a node that does not run."""
    restore_articles(database)
    drop_strays(database)
    mended = mend(database, views, now, [identity for _, identity in mends.everybody(database)])
    mends.forget_openings(database)
    rebuild(database, views, now, progress)
    return mended


def restore_articles(database: sqlite3.Connection) -> None:
    """Articles that could not be read, with the ids of what they are; what answers others comes after these."""
    for article, octets in mends.lost_notes(database):
        identifier = attempt(lambda octets=octets: _local_id(octets))  # type: ignore[misc]
        if identifier:
            mends.add_article(database, article, identifier)
    left = 0
    while (lost := mends.lost_posts(database)) and len(lost) != left:
        left = len(lost)
        for it in lost:
            post = attempt(lambda it=it: _post_of(database, it))  # type: ignore[misc]
            if post:
                mends.add_article(database, it.article, post.header.id)


def _local_id(octets: bytes) -> bytes | None:
    return parse_local_id(overview_fields(octets).message_id.decode())


def _post_of(database: sqlite3.Connection, it: mends.HeldPost) -> Post | None:
    """What its author signed."""
    entry = believe(mends.read_line(database, it.line), it.author, POSTS)
    return entry if isinstance(entry, Post) else None


def restore_ids(database: sqlite3.Connection) -> None:
    """Put right the ids of people whose manifest says who they are, and of posts that are held."""
    for person, identity, head in mends.heads(database):
        actual = attempt(lambda person=person, kept=head: _signer_of(database, person, kept))  # type: ignore[misc]
        if actual is not None and actual != identity:
            mends.rename_person(database, person, actual)
    for it in mends.held_posts(database):
        said = attempt(lambda it=it: reopen_post(mends.read_line(database, it.line)).header.id)  # type: ignore[misc]
        if said is None or said == it.identifier or not _is_alike(said, it.identifier):
            continue
        if entry := _post_of(database, it):
            mends.rename_article(database, it.article, entry.header.id)


def _signer_of(database: sqlite3.Connection, person: int, head: bytes) -> Identity:
    """Whom a head names, if they have signed the pointer to it."""
    named = Identity(bytes.fromhex(json.loads(mends.read_line(database, head))["id"]))
    return open_pointer(mends.pointer_of(database, person, named)).identity


def _is_alike(said: bytes, kept: bytes) -> bool:
    """Whether one may have become the other on a damaged disk: half of it is the same."""
    half = len(said) // 2
    return said[:half] == kept[:half] or said[half:] == kept[half:]
