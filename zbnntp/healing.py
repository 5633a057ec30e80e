"""Versions of one manifest that do not follow one another: how they are noticed, and what the author does about it.

A key that signs two heads of one seq has forked; so has one whose head should have known of another and does not: its
`prev` is older than that one. Everybody keeps the same head of the two, the next one heals it, and when that names the
other in `merge` nobody is marked any more. What stood in a head of ours that had to give way is published again.
docs/protocol.md "Versions: rollback, fork, clock".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from zbnntp.model.believing import believe
from zbnntp.model.entries import POSTS, STATE, Delete, Entry, Post, Trust, Unknown
from zbnntp.model.kept import state_key
from zbnntp.model.keys import Identity, Sha256, short_id
from zbnntp.model.manifest import Head, Pointer, open_head, open_pointer
from zbnntp.model.notices import Fork
from zbnntp.store import evidence, posts, promises, versions
from zbnntp.store.evidence import HeldManifest, HeldSegment

COPY = (
    "Does a copy of this node run elsewhere, or has somebody else your key? Stop the copy; if there is none, move to a "
    "new key with your recovery words."
)


def fork_sentence(nick: str, identity: Identity, own: bool) -> str:
    """For zb.log."""
    if own:
        return f"Your own key has signed two versions of one manifest: a fork. {COPY}"
    return f"{nick} ({short_id(identity)}) has signed two versions of one manifest: a fork"


def strange_sentence(source: str) -> str:
    """What the owner should know when his node has not made the newest version of his manifest."""
    return f"A version of your own manifest that this node has not made came from {source}. {COPY}"


def adopt_name(database: sqlite3.Connection, head: Head, before: HeldManifest | None) -> None:
    """The name of the newest version is one's own, unless another was chosen here and waits to be published."""
    key = f"nick {head.identity.hex()}"
    if promises.find_meta(database, key) in (None, before.nick if before else None):
        promises.put_meta(database, key, head.nick)


def is_left_out(head: Head, seq: int, sha256: Sha256) -> bool:
    """Whether a version is proof of a fork beside `head`: it lies between that and the one before, or in its place."""
    if head.prev is None or sha256 in head.merge:
        return False
    since, before = head.prev
    return since < seq < head.seq or (seq == since and sha256 != before)


def proves(pointer: Pointer, held: HeldManifest) -> bool:
    """Whether a verified pointer proves a fork beside the head that is held."""
    if pointer.head == held.head_sha256 or pointer.seq >= held.seq:
        return pointer.head != held.head_sha256 and pointer.seq == held.seq
    return is_left_out(open_head(held.head, open_pointer(held.pointer)), pointer.seq, pointer.head)


def keep_proof(database: sqlite3.Connection, held: HeldManifest, pointer: Pointer) -> bool:
    """Keep what a pointer proves beside the head that is held; True when that is news."""
    if pointer.seq < held.seq:
        return versions.keep_branch(database, held.person, pointer.seq, pointer.raw)
    (_, kept), (_, other) = sorted([(held.head_sha256, held.pointer), (pointer.head, pointer.raw)])
    return evidence.keep_fork(database, held.person, held.seq, kept, other)


def keep_fork(database: sqlite3.Connection, person: int, fork: Fork) -> bool:
    """Keep a proof that somebody else found; True when that is news."""
    return evidence.keep_fork(database, person, fork.low.seq, fork.low.raw, fork.high.raw, fork.raw)


def keep_branch(database: sqlite3.Connection, held: HeldManifest | None, head: Head) -> bool:
    """The same when a new head takes the place of the one that was held."""
    if held is None or held.seq >= head.seq or not is_left_out(head, held.seq, held.head_sha256):
        return False
    return versions.keep_branch(database, held.person, held.seq, held.pointer)


def to_merge(reader: sqlite3.Connection, person: int, held: Head) -> tuple[Sha256, ...]:
    """What the author's next head, which follows `held`, names in `merge`: all heads in conflict with its line."""
    found = dict.fromkeys((*held.merge, *versions.conflicting_heads(reader, person)))
    return tuple(head for head in found if head not in (held.sha256, held.prev[1] if held.prev else None))


def rescue(database: sqlite3.Connection, person: int, segments: Iterable[HeldSegment]) -> list[tuple[int, Post]]:
    """Put own lines that stand in these segments alone, which are about to go, into the outbox; returns the posts."""
    going, author = {segment.pk for segment in segments}, evidence.identity_of(database, person)
    rescued: list[tuple[int, Post]] = []
    for role in (POSTS, STATE):
        lines = evidence.lines_in(database, person, role)
        kept = {octets: None for segment, octets in lines if segment not in going}
        lost = [octets for segment, octets in lines if segment in going and octets not in kept]
        wanted = _posts_wanted(database, author, person, lost) if role == POSTS else _state_wanted(author, kept, lost)
        for octets, post in wanted:
            key = evidence.add_pending(database, person, role, octets)
            rescued += [(key, post)] if post else []
    return rescued


def _posts_wanted(
    database: sqlite3.Connection, author: Identity, person: int, lost: Iterable[bytes]
) -> Iterable[tuple[bytes, Post | None]]:
    """All but what was taken back, and openings of others, which go with the answers when these are sealed."""
    for octets in lost:
        entry = believe(octets, author, POSTS)
        if isinstance(entry, Post) and not posts.is_deleted(database, person, entry.header.id):
            yield octets, entry
        elif isinstance(entry, Delete | Unknown):
            yield octets, None


def _state_wanted(author: Identity, kept: Iterable[bytes], lost: Iterable[bytes]) -> Iterable[tuple[bytes, None]]:
    """What the kept lines say nothing about, or said earlier."""
    newest = {state_key(octets): octets for octets in kept}
    for octets in lost:
        entry, other = believe(octets, author, STATE), newest.get(state_key(octets))
        if entry and (other is None or _time(entry) > _time(believe(other, author, STATE))):
            yield octets, None


def _time(entry: Entry | None) -> int:
    return entry.time if isinstance(entry, Trust) else 0
