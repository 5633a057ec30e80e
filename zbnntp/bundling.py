"""What goes onto a stick: everything held, or what some people, some boards or some days have of it, as a bundle.

Whoever takes it in checks every byte as if a peer had sent it, so nothing is added and nothing rewritten: pointers and
heads as received, segments whole. What is chosen is which people and which of their segments. docs/bundles.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from zbnntp.model import limits
from zbnntp.model.bundle import Offer, slices_of, write_offer
from zbnntp.model.entries import STATE
from zbnntp.model.keys import Identity
from zbnntp.model.manifest import Head, open_head, open_pointer
from zbnntp.store import evidence, notices, posts
from zbnntp.store.evidence import HeldManifest, HeldSegment

NOTICES_MOST = 16  # of one person: they prove what one proves


@dataclass(frozen=True, slots=True)
class Choice:
    """What to take along; empty: all. Of people everything, of boards the segments that hold posts in them."""

    people: frozenset[Identity] = frozenset()
    boards: frozenset[str] = frozenset()
    since: int = 0  # unix seconds: people who published since then, their segments with posts from then on


@dataclass(frozen=True, slots=True)
class Chosen:
    """One person's share of an export."""

    held: HeldManifest
    segments: tuple[HeldSegment, ...]
    notices: tuple[bytes, ...]  # that they have forked, moved or ended

    @property
    def octets(self) -> int:
        """What the segments come to; JSON and the head make it a little more."""
        return sum(segment.ref.octets for segment in self.segments)


def choose(reader: sqlite3.Connection, choice: Choice) -> Iterator[Chosen]:
    """Everybody whose manifest is held and chosen, in the caller's snapshot."""
    for _, identity, _ in evidence.nicks(reader):
        held = evidence.find_manifest(reader, identity)
        if held is None or (choice.people and identity not in choice.people):
            continue
        head = open_head(held.head, open_pointer(held.pointer))
        if head.time < choice.since:
            continue
        segments = _segments(reader, held.person, head, choice)
        if not choice.boards or any(it.role != STATE for it in segments):
            yield Chosen(held, segments, _notices(reader, held.person))


def _notices(reader: sqlite3.Connection, person: int) -> tuple[bytes, ...]:
    found = [it for kind in (notices.MOVE, notices.FORK) for it in notices.of_person(reader, person, kind) if it.proved]
    return tuple(it.line for it in found[:NOTICES_MOST])


def _segments(reader: sqlite3.Connection, person: int, head: Head, choice: Choice) -> tuple[HeldSegment, ...]:
    """State always: it is what lets the posts be seen."""
    named = {ref.sha256 for ref in head.segments}
    held = [it for it in evidence.segments(reader, person) if it.ref.sha256 in named and not it.redacted]
    if not choice.boards and not choice.since:
        return tuple(held)
    rows = posts.segments_of(reader, person, choice.since)
    wanted = {segment for segment, boards in rows if not choice.boards or not choice.boards.isdisjoint(boards)}
    return tuple(it for it in held if it.role == STATE or it.pk in wanted)


def bundle_lines(reader: sqlite3.Connection, chosen: Chosen) -> Iterator[bytes]:
    """One person's offers: a new one, with the same head, whenever a whole segment would not fit any more."""
    start = list(write_offer(Offer(chosen.held.pointer, chosen.held.head)))
    room = 0
    ends = list(write_offer(Offer(b"", b"", (), chosen.notices)))[2:]
    for segment in chosen.segments:
        lines = _segment_lines(reader, segment)
        octets = sum(map(len, lines))
        if octets > room:
            yield from start
            room = limits.BUNDLE_OCTETS - sum(map(len, start + ends))
        yield from lines
        room -= octets
    if not chosen.segments:
        yield from start
    yield from ends


def _segment_lines(reader: sqlite3.Connection, segment: HeldSegment) -> list[bytes]:
    data = evidence.segment_octets(reader, segment.pk)
    slices = tuple(slices_of(segment.ref.sha256, data))
    return list(write_offer(Offer(b"", b"", slices)))[2:]
