"""What an offered manifest would change here: every byte checked, nothing written.

`verify` decides on bytes and on what is held, `read_lines` on each line, which takes longest and may be done in another
process; ingest.py carries the plan out. docs/protocol.md "Order of checks", "Versions: rollback, fork, clock".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from zbnntp.model import limits
from zbnntp.model.believing import Prepared, Reading, Told, believe, find_carried
from zbnntp.model.bundle import Offer, Slice
from zbnntp.model.entries import POSTS, STATE, Carry, Post
from zbnntp.model.errors import BadEncoding, BadSignature, NotPermitted, TooLarge
from zbnntp.model.keys import Identity, sha256
from zbnntp.model.manifest import Head, Pointer, SegmentRef, check_segment, open_head, open_pointer
from zbnntp.moving import check_successor, is_older_than_held
from zbnntp.store import carries, endings, evidence
from zbnntp.store.evidence import HeldManifest, HeldSegment

CARRY = b'"kind":"carry"'
STALE_OCTETS = 20 * 1024 * 1024  # held of somebody that the newest head does not name: what replaces it may never come
Believe = Callable[[Identity, Sequence[bytes]], Awaitable[Reading]]  # what lines of a posts segment tell


@dataclass(frozen=True, slots=True)
class Plan:
    """One segment of a head: which held segment it is or grows from, and the lines to add from ordinal `first` on."""

    role: str
    position: int
    ref: SegmentRef
    held: HeldSegment | None
    first: int
    before: tuple[bytes, ...]  # the lines up to there, of a segment that grew
    lines: tuple[bytes, ...]
    entries: tuple[tuple[int, Told], ...] = ()  # ordinal of the line, and what was believed there: `read_lines`
    prepared: Sequence[Prepared | None] = ()  # what the store keeps of `lines`, if somebody has prepared that


@dataclass(frozen=True, slots=True)
class Verified:
    """An offer whose every byte was checked, ready to be kept once its lines are read."""

    pointer: Pointer
    head: Head
    plans: tuple[Plan, ...]
    dropped: tuple[HeldSegment, ...]
    base: HeldManifest | None  # what was held when this was planned
    segments: tuple[HeldSegment, ...]
    unkept: tuple[SegmentRef, ...] = ()  # posts segments that are not kept here


class Early(Exception):
    """A head whose time has not come; `due` in unix seconds."""

    def __init__(self, due: int) -> None:
        self.due = due


def verify(
    reader: sqlite3.Connection,
    pointer: Pointer,
    offer: Offer,
    latest: int | None,
    keeps: Callable[[SegmentRef], bool],
) -> Verified | None:
    """What an offer would change, all its bytes checked; None when it is no news. Raises Invalid, and Early.

    `latest`: unix seconds; what is dated after it is not taken yet. None: made here; whatever its date, and it may take
    back what is held. `keeps`: which posts segments are kept here.
    """
    held = evidence.find_manifest(reader, pointer.identity)
    person = evidence.find_person(reader, pointer.identity)
    ending = endings.find(reader, person)
    older = is_older_than_held(pointer, held, ending)
    if older and latest is not None:
        return None
    if person and not held and not ending and pointer.seq < evidence.newest_seq(reader, person):
        return None  # the head that was held here was damaged
    head = open_head(offer.head, pointer)
    if older and not (held and held.head_sha256 in head.merge):
        return None
    check_successor(reader, person, head)
    if held and not ending and head.sha256 in open_head(held.head, open_pointer(held.pointer)).merge:
        return None  # its author has taken it back
    if latest is not None and max(head.seq, head.time) > latest:
        raise Early(max(head.seq, head.time) - limits.CLOCK_AHEAD_SECONDS)
    segments = evidence.segments(reader, person) if person else []
    held_names = {segment.ref.sha256 for segment in segments}
    unkept = tuple(ref for ref in head.posts if ref.sha256 not in held_names and not keeps(ref))
    plans = [] if head.needs_newer else _plan(reader, head, segments, offer.slices, unkept)
    if held and held.head_sha256 == head.sha256 and not any(plan.lines for plan in plans):
        return None
    dropped = tuple(_dropped(segments, head, plans, len(unkept)))
    return Verified(pointer, head, tuple(plans), dropped, held, tuple(segments), unkept)


def _dropped(segments: Sequence[HeldSegment], head: Head, plans: Sequence[Plan], unkept: int) -> Iterator[HeldSegment]:
    """What goes: what is replaced, and of what waits for that the oldest, when it is too much."""
    if head.needs_newer:
        return
    going, room = {plan.held.pk for plan in plans if plan.held}, STALE_OCTETS
    for segment in sorted((it for it in segments if it.pk not in going), key=lambda it: -it.pk):
        room -= segment.ref.octets
        if room < 0 or _is_replaced(segment, head, plans, unkept):
            yield segment


def _is_replaced(segment: HeldSegment, head: Head, plans: Sequence[Plan], unkept: int) -> bool:
    """Whether a segment that a head does not name can go: all to be kept that it names instead is here."""
    named = len(head.posts) - unkept if segment.role == POSTS else len(head.state)
    return sum(plan.role == segment.role for plan in plans) == named


def _plan(
    reader: sqlite3.Connection,
    head: Head,
    segments: Sequence[HeldSegment],
    slices: Sequence[Slice],
    unkept: Collection[SegmentRef],
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
            parts = [part for part in slices if part.segment == ref.sha256 and ref not in unkept]
            plan = _plan_new(reader, role, position, ref, parts, free) if parts else None
            if plan:
                plans.append(plan)
                free = [segment for segment in free if segment != plan.held]
    return plans


def _plan_new(
    reader: sqlite3.Connection,
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
    return Plan(role, position, ref, grown, first, lines[:first], lines[first:])


async def read_lines(reader: sqlite3.Connection, verified: Verified, believe: Believe) -> Verified:
    """The same with what the new lines of posts say; state is read once all of it is held."""
    plans = [
        await _read(reader, plan, verified.head, believe) if plan.role == POSTS and plan.lines else plan
        for plan in verified.plans
    ]
    return replace(verified, plans=tuple(plans))


async def _read(reader: sqlite3.Connection, plan: Plan, head: Head, believe: Believe) -> Plan:
    reading = await believe(head.identity, plan.lines)
    entries = [(ordinal, entry) for ordinal, entry in enumerate(reading.told, plan.first) if entry]
    if plan.held:
        entries += _early_carries(reader, plan.held.pk, plan.before, [entry for _, entry in entries], head)
    return replace(plan, entries=tuple(entries), prepared=reading.prepared)


def _early_carries(
    reader: sqlite3.Connection, segment: int, lines: Sequence[bytes], fresh: Iterable[Told], head: Head
) -> list[tuple[int, Told]]:
    """Openings that a held segment carried before the first answer to them stood in it."""
    threads = {entry.header.thread for entry in fresh if isinstance(entry, Post) and entry.header.thread}
    missing = {thread for thread in threads if not carries.is_carried_in(reader, thread, segment)}
    carries_here = (
        [it for it in enumerate(lines) if CARRY in it[1] and find_carried(it[1]) in missing] if missing else []
    )
    believed = ((ordinal, believe(line, head.identity, POSTS)) for ordinal, line in carries_here)
    return [(ordinal, entry) for ordinal, entry in believed if isinstance(entry, Carry) and entry.header.id in missing]


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
    for segment in (it for it in free if it.ref.octets == start):
        data = evidence.segment_octets(reader, segment.pk) + tail
        if sha256(data) == ref.sha256:
            return data
    if any(it.redacted for it in free):
        raise NotPermitted("some of what is held of them was deleted here; it is fetched whole")
    raise BadSignature("a slice does not continue anything that is held here")
