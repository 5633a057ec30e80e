"""Whether what is held is what people signed: every signature and every hash once more, person by person.

What is found is a list of faults, each with a sentence that names whose it is; mending.py acts on them. A damaged disk
may raise anything while a row is read and opened, so whatever goes wrong with a row is that row's fault.
docs/store.md "Checking".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TypeVar

from zbnntp.model.entries import POSTS, open_entry
from zbnntp.model.keys import Identity, Sha256, short_id
from zbnntp.model.manifest import Head, check_segment, open_head, open_pointer
from zbnntp.model.notices import open_notice
from zbnntp.model.succession import check_next
from zbnntp.store import evidence, mends, notices
from zbnntp.store.evidence import HeldSegment
from zbnntp.store.room import is_full

T = TypeVar("T")


class Part(Enum):
    """What of a person's evidence is damaged; and by what `Fault.key` names it."""

    HEAD = auto()  # head or pointer; no key
    FACTS = auto()  # what was read off a good head; the head
    SEGMENT = auto()  # the segment
    WAITING = auto()  # a line of the outbox; its key
    PROOF = auto()  # of a fork or a branch; table and seq
    NOTICE = auto()  # kind and what it is about
    RECOVERY = auto()  # the recovery key that somebody is known by; that of the head


@dataclass(frozen=True, slots=True)
class Fault:
    person: int
    identity: Identity
    part: Part
    key: object
    text: str


class Wrong(Exception):
    """Something held is not what it should be."""


def check_people(database: sqlite3.Connection, step: Callable[[int, int], None]) -> Iterator[Fault]:
    """All faults of all people; `step` is told how many people are done, of how many."""
    people = mends.everybody(database)
    for done, (person, identity) in enumerate(people, 1):
        yield from faults_of(database, person, identity)
        step(done, len(people))


def faults_of(database: sqlite3.Connection, person: int, identity: Identity) -> Iterator[Fault]:
    """What is damaged of somebody."""
    name = _name(database, person, identity)
    head = None
    if mends.has_manifest(database, person):
        head = attempt(lambda: _held_head(database, identity))
        if head is None:
            yield Fault(
                person, identity, Part.HEAD, None, f"The manifest of {name}: its signature or its hash does not hold."
            )
        elif not attempt(lambda: _agrees(database, identity, head)):
            yield Fault(
                person, identity, Part.FACTS, head, f"The manifest of {name}: what was read off it is not what it says."
            )
    yield from _segments(database, person, identity, head, name)
    yield from _waiting(database, person, identity, name)
    yield from _proofs(database, person, identity, head, name)


def attempt(look: Callable[[], T]) -> T | None:
    """What `look` gives; None when it fails, however it does: the bytes may be anything. A full disk is no fault."""
    try:
        return look()
    except Exception as error:
        if is_full(error):
            raise
        return None


def _held_head(database: sqlite3.Connection, identity: Identity) -> Head:
    held = evidence.find_manifest(database, identity)
    if held is None:
        raise Wrong
    pointer = open_pointer(held.pointer)
    if pointer.identity != identity:
        raise Wrong
    return open_head(held.head, pointer)


def _agrees(database: sqlite3.Connection, identity: Identity, head: Head) -> bool:
    held = evidence.find_manifest(database, identity)
    return held is not None and (held.seq, held.head_sha256, held.nick) == (head.seq, head.sha256, head.nick)


def _segments(
    database: sqlite3.Connection, person: int, identity: Identity, head: Head | None, name: str
) -> Iterator[Fault]:
    for segment in evidence.segments(database, person):
        if not attempt(lambda segment=segment: _check(database, segment, head)):  # type: ignore[misc]
            yield Fault(
                person, identity, Part.SEGMENT, segment, f"{_described(segment)} of {name} is not what its hash says."
            )


def _described(segment: HeldSegment) -> str:
    with suppress(Exception):
        if segment.role == POSTS:
            month = datetime.fromtimestamp(segment.ref.since, UTC)
            lines = f"{segment.ref.lines} line{'' if segment.ref.lines == 1 else 's'}"
            return f"The segment of posts from {month:%B %Y} on, {lines} ({segment.ref.sha256.hex()[:8]}),"
        return f"The segment of state ({segment.ref.sha256.hex()[:8]})"
    return "A segment"


def _check(database: sqlite3.Connection, segment: HeldSegment, head: Head | None) -> bool:
    """Its octets are those of its name, and it stands where the head says; older ones stand before all of these."""
    data = evidence.segment_octets(database, segment.pk)
    if not segment.redacted:
        check_segment(segment.ref, data)
    refs = () if head is None else head.posts if segment.role == POSTS else head.state
    named = {ref.sha256: (ref, position) for position, ref in enumerate(refs)}.get(segment.ref.sha256)
    if segment.redacted or named is None:
        return True
    return named[0] == segment.ref and mends.position_of(database, segment.pk) == named[1]


def _waiting(database: sqlite3.Connection, person: int, identity: Identity, name: str) -> Iterator[Fault]:
    for key, role in mends.outbox_keys(database, person):
        if not attempt(lambda key=key, role=role: open_entry(mends.pending_line(database, key), identity, role)):  # type: ignore[misc]
            yield Fault(person, identity, Part.WAITING, key, f"Something that {name} wrote and has not yet published.")


def _proofs(
    database: sqlite3.Connection, person: int, identity: Identity, head: Head | None, name: str
) -> Iterator[Fault]:
    for table, seq, pointers in mends.proofs(database, person):
        if not attempt(lambda seq=seq, pointers=pointers: _prove(pointers, identity, seq)):  # type: ignore[misc]
            yield Fault(
                person, identity, Part.PROOF, (table, seq), f"The proof of two versions of the manifest of {name}."
            )
    for kind, about, line in mends.notices(database, person):
        if not attempt(lambda line=line: open_notice(line).identity == identity):  # type: ignore[misc]
            yield Fault(person, identity, Part.NOTICE, (kind, about), f"The {kind} of {name}.")
    pinned = attempt(lambda: notices.pinned_next(database, person))
    if head and pinned and not attempt(lambda: _follows(identity, pinned, head)):
        yield Fault(person, identity, Part.RECOVERY, head.next, f"The recovery key that {name} is known by.")


def _follows(identity: Identity, pinned: Sha256, head: Head) -> bool:
    check_next(identity, pinned, head.next, head.next_by)
    return True


def _prove(pointers: Iterable[bytes], identity: Identity, seq: int) -> bool:
    return all((it.identity, it.seq) == (identity, seq) for it in map(open_pointer, pointers))


def _name(database: sqlite3.Connection, person: int, identity: Identity) -> str:
    nick = attempt(lambda: evidence.nick_of(database, person))
    short = attempt(lambda: short_id(identity)) or f"person {person}"
    return f"{nick} ({short})" if nick else short
