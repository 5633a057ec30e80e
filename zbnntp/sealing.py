"""The second half of JOURNEY 1: the outbox becomes segments and a signed head, which go in through ingest.

A posts segment grows until it has 256 KiB or the UTC month ends; whoever answers in a thread carries its opening along,
once a segment, so that readers who do not fetch its author know what is answered. State segments are written anew when
more than half of their lines are superseded. What is sealed when: docs/protocol.md "segment", "carry", "head".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from zbnntp.departing import NO_DELAY, Delay
from zbnntp.healing import to_merge
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, Slice, slices_of
from zbnntp.model.canonical import encode
from zbnntp.model.entries import POSTS, STATE, make_carry
from zbnntp.model.kept import has_ended, state_key
from zbnntp.model.keys import Identity, PostId, Sha256, Signer, sha256
from zbnntp.model.manifest import Endpoint, Head, SegmentRef, make_head, make_pointer, open_head, open_pointer
from zbnntp.model.succession import Renewal
from zbnntp.store import evidence, posts
from zbnntp.store.evidence import HeldSegment, Pending

STATE_SECONDS = 6 * 3600  # votes and the like wait so long for a post to go with: else they would be the traffic
COMPACT_LINES = 8  # fewer superseded lines than this are not worth a rewrite


Version = tuple[int, Sha256]  # seq and hash of a head


@dataclass(frozen=True, slots=True)
class Author:
    """Who signs, and what the head says beside segments."""

    signer: Signer
    nick: str
    endpoints: tuple[Endpoint, ...]
    next_key: Sha256  # hash of the recovery public key
    next_by: tuple[Renewal, ...] = ()  # how it came to be that
    visitor: bytes | None = None  # X25519 public key for closed onions


@dataclass(slots=True)
class _Growing:
    """A segment being written: what is published of it and what is added now."""

    base: bytes = b""
    lines: list[bytes] = field(default_factory=list)
    before: int = 0  # lines in base
    since: int = 0
    carried: set[str] = field(default_factory=set)
    octets: int = 0

    def add(self, line: bytes, time: int) -> None:
        self.lines.append(line)
        self.octets += len(line) + 1
        self.since = min(self.since or time, time)

    def finish(self) -> tuple[SegmentRef, tuple[Slice, ...]]:
        data = self.base + b"".join(line + b"\n" for line in self.lines)
        ref = SegmentRef(sha256(data), len(data), self.before + len(self.lines), self.since)
        return ref, tuple(slices_of(ref.sha256, data, len(self.base)))


def seal(
    reader: sqlite3.Connection,
    author: Author,
    now: int,
    *,
    rewrite: bool = False,
    delay: Delay = NO_DELAY,
    state_seconds: int = STATE_SECONDS,
    start: Version | None = None,
) -> Offer | None:
    """The next version of an author's manifest; None when there is nothing to say, or nothing that cannot wait.

    `rewrite`: segments with posts that were taken back are written anew without them (once a day at most).
    `delay` says which posts stay in the outbox for now. `state_seconds`: what can wait does until the last head is so
    old. `start`: the version to follow in place of the last one.
    """
    person = evidence.find_person(reader, author.signer.identity) or 0
    head = _last(reader, author.signer.identity)
    pending = [item for item in evidence.outbox(reader, person) if not delay.holds(item.octets, now)]
    gone = posts.deleted_lines(reader, person) if rewrite else []
    next_by, next_key = _commitment(author, head)
    merge = to_merge(reader, person, head) if head else ()
    said = (author.nick, author.endpoints, next_key, author.visitor)
    if head and not gone and start is None and (head.nick, head.endpoints, head.next, head.visitor) == said:
        news = bool(pending or merge != head.merge) and now - head.time not in range(state_seconds)
        if not news and not _is_urgent(reader, person, pending):
            return None
    new_posts = [item.octets for item in pending if item.role == POSTS]
    post_refs, slices = _seal_posts(reader, person, head, new_posts, gone)
    state_refs, state_slices = _seal_state(reader, person, head, pending, now)
    seq, time, prev, merge = _follow(head, start, merge, [now, *(json.loads(line)["time"] for line in new_posts)])
    head_raw = make_head(
        identity=author.signer.identity,
        seq=seq,
        time=time,
        nick=author.nick,
        endpoints=author.endpoints,
        posts=post_refs[-(limits.SEGMENTS - len(state_refs)) :],
        state=state_refs,
        prev=prev,
        merge=merge,
        next_key=next_key,
        next_by=next_by,
        visitor=author.visitor,
    )
    return Offer(make_pointer(author.signer, seq, head_raw), head_raw, (*slices, *state_slices))


def _last(reader: sqlite3.Connection, identity: Identity) -> Head | None:
    held = evidence.find_manifest(reader, identity)
    return open_head(held.head, open_pointer(held.pointer)) if held else None


def _commitment(author: Author, head: Head | None) -> tuple[tuple[Renewal, ...], Sha256]:
    """The newest recovery key: a key file from a backup may know of fewer renewals than were published since."""
    if head and len(head.next_by) > len(author.next_by):
        return head.next_by, head.next
    return author.next_by, author.next_key


def _follow(
    head: Head | None, start: Version | None, merge: tuple[Sha256, ...], times: Sequence[int]
) -> tuple[int, int, Version | None, tuple[Sha256, ...]]:
    """seq, time, prev and merge of the next head; `times`: now, and those of its new posts.

    Whoever starts elsewhere takes the last head back by naming it: its date has not come for others yet.
    """
    if head is None:
        return max(1, times[0]), max(times), None, merge
    if start is None:
        return max(head.seq + 1, times[0]), max(head.time, *times), (head.seq, head.sha256), merge
    return max(start[0] + 1, times[0]), max(times), start if start[0] else None, (*merge, head.sha256)


def _is_urgent(reader: sqlite3.Connection, person: int, pending: Sequence[Pending]) -> bool:
    """Whether something is to be published that does not wait for the next post: docs/protocol.md section 12."""
    state = [json.loads(item.octets) for item in pending if item.role == STATE]
    rated = [line["id"] for line in state if line["kind"] == "trust" and ("mt" in line or "tlt" in line)]
    return (
        any(item.role == POSTS for item in pending)
        or any(line["kind"] == "move" or line.get("mt", 0) < 0 for line in state)
        or not all(_is_rated(reader, person, identity) for identity in rated)
    )


def _is_rated(reader: sqlite3.Connection, person: int, identity: str) -> bool:
    """Whether a published line rates somebody."""
    sealed = (octets for segment, octets in evidence.lines_in(reader, person, STATE) if segment is not None)
    about = f'"id":"{identity}"'.encode()
    return any(about in octets and b'"kind":"trust"' in octets for octets in sealed)


def _seal_posts(
    reader: sqlite3.Connection,
    person: int,
    head: Head | None,
    lines: Sequence[bytes],
    gone: Sequence[tuple[int, int]],
) -> tuple[list[SegmentRef], list[Slice]]:
    """References of all posts segments, and slices of those that grow, are new, or lose the lines in `gone`."""
    held = {segment.ref: segment for segment in evidence.segments(reader, person)}
    parts = [_without(reader, held.get(ref), ref, gone) for ref in (head.posts if head else ())]
    for line in lines:
        current = _open_segment(reader, parts, held, json.loads(line)["time"])
        _add_post(reader, current, line)
    refs: list[SegmentRef] = []
    slices: list[Slice] = []
    for part in parts:
        if isinstance(part, SegmentRef):
            refs.append(part)
        elif part.octets:
            ref, pieces = part.finish()
            refs, slices = [*refs, ref], [*slices, *pieces]
    return refs, slices


def _without(
    reader: sqlite3.Connection, held: HeldSegment | None, ref: SegmentRef, gone: Sequence[tuple[int, int]]
) -> SegmentRef | _Growing:
    """A segment as it is, or written anew when some of its lines go."""
    going = {line for segment, line in gone if held and segment == held.pk}
    if held is None or not going:
        return ref
    lines = [octets for line, octets in evidence.post_lines_in(reader, held.pk) if line not in going]
    return _Growing(
        lines=lines, since=ref.since, carried=_carried(lines), octets=sum(len(octets) + 1 for octets in lines)
    )


def _open_segment(
    reader: sqlite3.Connection,
    parts: list[SegmentRef | _Growing],
    held: Mapping[SegmentRef, HeldSegment],
    time: int,
) -> _Growing:
    """The last segment made fit to grow; or a new one, when it is full or of another month than `time`."""
    last = parts[-1] if parts else None
    if isinstance(last, SegmentRef) and last in held and _may_grow(last.octets, last.since, time):
        parts[-1] = _grow(reader, held[last])
    elif not isinstance(last, _Growing) or not _may_grow(last.octets, last.since or time, time):
        parts.append(_Growing())
    current = parts[-1]
    if isinstance(current, SegmentRef):
        raise TypeError("a published segment cannot be written to")
    return current


def _may_grow(octets: int, since: int, time: int) -> bool:
    return octets < limits.SEGMENT_SEALED_OCTETS and _month(since) == _month(time)


def _grow(reader: sqlite3.Connection, held: HeldSegment) -> _Growing:
    base = evidence.segment_octets(reader, held.pk)
    return _Growing(base, [], held.ref.lines, held.ref.since, _carried(base.split(b"\n")), len(base))


def _carried(lines: Iterable[bytes]) -> set[str]:
    """The threads whose openings these lines carry."""
    carries = (json.loads(line) for line in lines if b'"kind":"carry"' in line)
    return {sha256(encode(carry["header"])).hex() for carry in carries if carry["kind"] == "carry"}


def _add_post(reader: sqlite3.Connection, current: _Growing, line: bytes) -> None:
    """A post, and before it the opening of the thread it answers when that is somebody else's."""
    post = json.loads(line)
    thread = post.get("thread")
    if thread and thread not in current.carried:
        opening = posts.opening_line(reader, PostId(bytes.fromhex(thread)))
        if opening and opening[0].hex() != post["author"]:
            current.add(_carry(opening[1]), post["time"])
        current.carried.add(thread)
    current.add(line, post["time"])


def _carry(line: bytes) -> bytes:
    return line if json.loads(line)["kind"] == "carry" else make_carry(line)


def _month(time: int) -> tuple[int, int]:
    date = datetime.fromtimestamp(time, UTC)
    return date.year, date.month


def _seal_state(
    reader: sqlite3.Connection, person: int, head: Head | None, due: Sequence[Pending], now: int
) -> tuple[list[SegmentRef], list[Slice]]:
    refs = list(head.state) if head else []
    if not any(item.role == STATE for item in due):
        return refs, []
    lines = [line for _, line in evidence.lines_of(reader, person, STATE)]
    live = [line for line in _live(lines) if not has_ended(line, now)]
    held = {segment.ref: segment for segment in evidence.segments(reader, person)}
    pending = [item.octets for item in evidence.outbox(reader, person) if item.role == STATE]
    if _is_crowded(lines, live) and all(ref in held for ref in refs):
        # all of the outbox, superseded lines too: what stayed there would come after, and win
        return _write_state([], [*(line for line in live if line not in pending), *pending], _Growing())
    last = held.get(refs[-1]) if refs else None
    if last and last.ref.octets < limits.SEGMENT_SEALED_OCTETS:
        return _write_state(refs[:-1], pending, _grow(reader, last))
    return _write_state(refs, pending, _Growing())


def _is_crowded(lines: Sequence[bytes], live: Sequence[bytes]) -> bool:
    """Whether superseded lines are most of them, or leave no room for more."""
    superseded = len(lines) - len(live)
    full = sum(len(line) + 1 for line in lines) > limits.STATE_OCTETS
    return superseded > len(live) + COMPACT_LINES or (full and superseded > 0)


def _live(lines: Iterable[bytes]) -> list[bytes]:
    """The last line of each key, in their order."""
    newest: dict[str, bytes] = {}
    for line in lines:
        key = state_key(line)
        newest.pop(key, None)
        newest[key] = line
    return list(newest.values())


def _write_state(
    refs: list[SegmentRef], lines: Iterable[bytes], current: _Growing
) -> tuple[list[SegmentRef], list[Slice]]:
    slices: list[Slice] = []
    for segment in _fill(lines, current):
        ref, parts = segment.finish()
        refs, slices = [*refs, SegmentRef(ref.sha256, ref.octets, ref.lines, 0)], [*slices, *parts]
    return refs, slices


def _fill(lines: Iterable[bytes], current: _Growing) -> Iterator[_Growing]:
    for line in lines:
        if current.octets >= limits.SEGMENT_SEALED_OCTETS:
            yield current
            current = _Growing()
        current.add(line, 0)
    if current.octets:
        yield current
