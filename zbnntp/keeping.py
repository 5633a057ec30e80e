"""What of a verified manifest becomes rows, inside the transaction of ingest: segments, lines, and what these say.

Lines of the outbox (posting), and all lines once more (rebuild), are read in the same way. docs/store.md "Evidence",
docs/protocol.md "Threads".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from zbnntp.healing import adopt_name, rescue
from zbnntp.model import limits
from zbnntp.model.entries import STATE, Carry, Delete, Post
from zbnntp.pacing import Fresh, hold_back, put_off
from zbnntp.store import carries, evidence, lines, posts, purges
from zbnntp.verifying import Plan, Verified


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


def keep_segments(
    database: sqlite3.Connection,
    person: int,
    verified: Verified,
    now: int,
    *,
    latest: int,
    counted: bool,
    own: bool,
    rescuing: bool,
) -> tuple[list[int], list[int], bool]:
    """Segments and lines; returns the articles to settle, those that are gone, and whether state has changed.

    `latest`: posts dated after that wait. `counted`: by the author's quota. `own`: of a local identity, who has an
    outbox; `rescuing`: what it said in segments that a version made elsewhere drops is said again.

    New lines come before old ones go, so that a key that a post still holds is never given again.
    """
    named = {plan.held.pk for plan in verified.plans if plan.held}
    for segment in verified.segments:
        if segment.pk not in named:
            evidence.set_aside(database, segment.pk)
    kept = [_keep_segment(database, person, plan) for plan in verified.plans]
    fresh = put_off(database, person, [it for it, _ in kept], latest)
    arrived = keep_fresh(database, person, hold_back(database, person, fresh, now) if counted else fresh, now)
    for plan, (it, octets) in zip(verified.plans, kept, strict=True):  # smaller now that the ids in them are known
        lines.add(database, it.segment, plan.first, octets, plan.prepared)
        if own:
            evidence.clear_pending(database, person, plan.role, plan.lines)
    if rescuing:
        adopt_name(database, verified.head, verified.base)
        arrived += keep_entries(database, person, None, rescue(database, person, verified.dropped), now)
    for segment in verified.dropped:
        arrived += carries.release(database, segment.pk)
        evidence.drop_segment(database, segment.pk)
    gone = posts.drop_missing(database, person) if verified.dropped else []
    return arrived, gone, _is_state_changed(verified)


def _is_state_changed(verified: Verified) -> bool:
    """Whether state segments come, grow, go, or change their order."""
    before = [it.ref for it in verified.segments if it.role == STATE]
    named = {plan.held.pk for plan in verified.plans if plan.held}
    waiting = [it for it in verified.segments if it.pk not in named and it not in verified.dropped]
    after = [it.ref for it in waiting if it.role == STATE]
    return before != after + [plan.ref for plan in verified.plans if plan.role == STATE]


def _keep_segment(database: sqlite3.Connection, person: int, plan: Plan) -> tuple[Fresh, list[bytes]]:
    """What its lines say, and these as they are to be kept."""
    if plan.held is None:
        segment = evidence.add_segment(database, person, plan.role, plan.position, plan.ref)
    else:
        segment = plan.held.pk
        evidence.update_segment(database, segment, plan.position, plan.ref)
    purged = purges.purged(database)
    lost = {ordinal for ordinal, entry in plan.entries if purged and _is_purged(entry, purged)}
    kept = [b"" if ordinal in lost else line for ordinal, line in enumerate(plan.lines, plan.first)]
    if lost:
        purges.mark_redacted(database, segment)
    keys = [lines.key(segment, ordinal) for ordinal, _ in plan.entries]
    octets = [len(plan.lines[ordinal - plan.first]) if ordinal >= plan.first else 0 for ordinal, _ in plan.entries]
    return Fresh(segment, tuple(zip(keys, octets, (entry for _, entry in plan.entries), strict=True))), kept


def _is_purged(entry: Post | Carry | Delete, purged: frozenset[bytes]) -> bool:
    return not isinstance(entry, Delete) and not purged.isdisjoint((entry.header.id, entry.header.author))


def keep_fresh(database: sqlite3.Connection, person: int, fresh: Iterable[Fresh], now: int) -> list[int]:
    """Record what new lines say, segment by segment; the articles to settle."""
    arrived: list[int] = []
    for it in fresh:
        arrived += keep_entries(database, person, it.segment, [(key, entry) for key, _, entry in it.lines], now)
    return arrived


def keep_entries(
    database: sqlite3.Connection,
    person: int,
    segment: int | None,
    entries: Sequence[tuple[int, Post | Carry | Delete]],
    now: int,
) -> list[int]:
    """Record what lines of a posts segment (None: of the outbox) say, given with their keys; the articles to settle."""
    purged = purges.purged(database)
    entries = [it for it in entries if not _is_purged(it[1], purged)]
    said = [entry.header for _, entry in entries if isinstance(entry, Post)]
    answered = {it.thread: it.time for it in sorted(said, key=lambda it: it.time)}
    touched: list[int] = []
    for line, entry in entries:
        if isinstance(entry, Post):
            touched += keep_post(database, entry, line, now)
        elif isinstance(entry, Delete):
            touched.append(posts.record_deletion(database, person, entry.post, now))
    for line, entry in entries:
        if not isinstance(entry, Carry):
            continue
        here = answered.get(entry.header.id, -limits.INTEGER) >= posts.earliest_answer(entry.header)
        if here or (segment is not None and posts.is_answered_in(database, entry.header, segment)):
            thread = posts.record_opening(database, entry.header, line, now)
            touched += posts.articles_in(database, thread) if thread else []
            touched.append(carries.record_carry(database, entry.header, line, person, now))
    return touched
