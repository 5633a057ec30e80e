"""What the recovery key of somebody brings about here: their end, who follows them, and a recovery key of another name.

Everybody is known by the recovery key that their first head committed to. A move that this key signed ends an identity
at its last good version: what it published later is not taken, and what is held of that does not count. Good ratings
of it are ratings of who follows from then on; bad ones stay where they are, and so do all while two moves to different
people contend and the owner rates none or both of these. A move that nobody can prove yet waits. All of this is read
off the moves that are held, as often as one comes. docs/protocol.md "Recovery and succession".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from zbnntp.model.entries import STATE
from zbnntp.model.errors import Invalid, NotPermitted
from zbnntp.model.keys import Identity, Sha256, short_id
from zbnntp.model.manifest import Head, Pointer, open_head, open_pointer
from zbnntp.model.succession import Move, check_next, open_move
from zbnntp.spoken import keep_ratings
from zbnntp.store import endings, evidence, notices, posts
from zbnntp.store.endings import Ending
from zbnntp.store.evidence import HeldManifest
from zbnntp.visibility import settle

MOVES_EACH = 4  # of one identity: two contending ones and a revocation are enough to know
MOVES_READ = 16  # of the state of one person
MOVE_MARK = b'"kind":"move"'
HOPS_MOST = 16  # of those who follow one another
OWN_ENDED = (
    "Your recovery words have ended your identity here: nobody takes what it publishes any more. If you did not do "
    "that, somebody else has your words; begin anew with 'zbnntp init', and tell your friends in another way."
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a move: whose ratings or replies have to be read again, and a sentence for the owner."""

    news: bool = False
    stale: frozenset[int] = frozenset()
    told: str = ""
    people: tuple[Identity, ...] = ()


def check_successor(reader: sqlite3.Connection, person: int | None, head: Head) -> None:
    """BadSuccession when a head names a recovery key to which the one known here did not agree."""
    pinned = notices.pinned_next(reader, person) if person else None
    ending = endings.find(reader, person)
    proved = ending is not None and (ending.seq, ending.head_sha256) == (head.seq, head.sha256)
    if pinned is not None and not proved:
        check_next(head.identity, pinned, head.next, head.next_by)


def is_older_than_held(pointer: Pointer, held: HeldManifest | None, ending: Ending | None) -> bool:
    """Rollback: lower than what is held, but for the last good version when what is held came after that.

    NotPermitted for what came after it.
    """
    if ending and ending.is_beyond(pointer.seq, pointer.head):
        raise NotPermitted("that identity has ended; this was published after its last good version")
    if held is None:
        return False
    if ending and ending.is_beyond(held.seq, held.head_sha256):
        return (pointer.seq, pointer.head) != (ending.seq, ending.head_sha256)
    return pointer.seq < held.seq or (pointer.seq == held.seq and pointer.head > held.head_sha256)


def has_last(reader: sqlite3.Connection, held: HeldManifest | None) -> bool:
    """Whether somebody has ended and the last good version is what is held: nobody has a newer one."""
    ending = endings.find(reader, held.person) if held else None
    return bool(held and ending and (held.seq, held.head_sha256) == (ending.seq, ending.head_sha256))


def is_complete(reader: sqlite3.Connection, identity: Identity) -> bool:
    """The same, and all of it is here: nothing of theirs will ever be wanted."""
    held = evidence.find_manifest(reader, identity)
    if held is None or not has_last(reader, held):
        return False
    refs = {it.ref for it in evidence.segments(reader, held.person)}
    return refs.issuperset(open_head(held.head, open_pointer(held.pointer)).segments)


def keep_head(
    database: sqlite3.Connection, views: Collection[int], person: int, head: Head, spoken: bool, now: int
) -> list[Taken]:
    """After a head was kept: know its author by its recovery key, believe what waited for that, read their moves.

    `spoken`: its state is another than before.
    """
    ending = endings.find(database, person)
    moves = ([] if ending else _pin(database, person, head)) + (read_moves(database, person) if spoken else [])
    taken = [take_move(database, views, move, now) for move in moves]
    if moves:
        ending = endings.find(database, person)
    if ending:
        disown(database, person, ending)
    return taken


def _pin(database: sqlite3.Connection, person: int, head: Head) -> list[Move]:
    """The moves that can be proved now, of somebody who has not ended: there the last head has the last word."""
    if notices.pinned_next(database, person) == head.next:
        return []
    notices.pin_next(database, person, head.next)
    waiting = [it for it in notices.of_person(database, person, notices.MOVE) if not it.proved]
    for it in waiting:
        notices.drop(database, person, notices.MOVE, it.about)
    return [open_move(it.line) for it in waiting]


def read_moves(database: sqlite3.Connection, person: int) -> list[Move]:
    """Those that stand in somebody's state; the first few."""
    found = []
    lines = (line for _, line in evidence.lines_of(database, person, STATE) if MOVE_MARK in line)
    for line, _ in zip(lines, range(MOVES_READ), strict=False):
        try:
            found.append(open_move(line))
        except Invalid:
            continue  # skipped, like any other line that breaks a rule
    return found


def take_move(database: sqlite3.Connection, views: Collection[int], move: Move, now: int) -> Taken:
    """Keep a move, in the caller's transaction, and do what it says."""
    person = evidence.person_pk(database, move.source)
    pinned, about = notices.pinned_next(database, person), move.target or b""
    proved = pinned == move.commitment
    kept = {it.about: it for it in notices.of_person(database, person, notices.MOVE)}
    if pinned is not None and not proved:
        return Taken(
            told=f"A move of {_name(database, move.source)} came that their recovery key did not sign: ignored"
        )
    old = kept.get(about)
    if (old and _weight(old.line, old.proved) >= _weight(move.raw, proved)) or (not old and len(kept) >= MOVES_EACH):
        return Taken()
    notices.keep(database, person, notices.MOVE, about, move.raw, proved)
    if not proved:
        return Taken(told=_sentence(database, views, move, " It is not known here, so nothing follows from that."))
    before = endings.find(database, person)
    stale = settle_moves(database, views, now)
    told = (
        ""
        if before == endings.find(database, person)
        else _sentence(database, views, move, _consequence(database, person))
    )
    return Taken(True, stale, told, (move.source, *([move.target] if move.target else [])))


def _weight(line: bytes, proved: bool) -> tuple[bool, int, bytes]:
    """Of two moves of one identity to one successor, every node keeps the same."""
    return proved, open_move(line).time, line


def _sentence(database: sqlite3.Connection, views: Collection[int], move: Move, rest: str) -> str:
    if evidence.find_person(database, move.source) in views:
        return OWN_ENDED
    name = _name(database, move.source)
    if move.target is None:
        return f"A recovery key says that {name} has ended.{rest}"
    return f"A recovery key says that {name} has moved to {_name(database, move.target)}.{rest}"


def _consequence(database: sqlite3.Connection, person: int) -> str:
    ending = endings.find(database, person)
    if ending and ending.heir:
        return " Your rating counts for the new identity; what the old one publishes from now on is not taken."
    if len([it for it in notices.of_person(database, person, notices.MOVE) if it.about and it.proved]) > 1:
        return " Another one says something else: rate the right one of the two above 0, or neither."
    return " What they publish from now on is not taken."


def _name(database: sqlite3.Connection, identity: Identity) -> str:
    held = evidence.find_manifest(database, identity)
    return f"{held.nick} ({short_id(identity)})" if held else short_id(identity)


def settle_moves(database: sqlite3.Connection, views: Collection[int], now: int) -> frozenset[int]:
    """Bring endings in line with the moves that are held; returns those whose ratings have to be read again."""
    before = {it.person: it for it in endings.everybody(database)}
    after = _endings(database, views)
    changed = {person for person, ending in after.items() if before.get(person) != ending}  # an end is for ever
    if not changed:
        return frozenset()
    endings.replace(database, after.values())
    heirs = {it.heir for it in (*before.values(), *after.values()) if it.person in changed and it.heir}
    for person in sorted(changed):
        disown(database, person, after[person])
        articles = posts.articles_by(database, person)
        for view in views:
            settle(database, view, articles, now)
    raters = {rater for person in changed | heirs for rater in endings.raters_of(database, person)}
    return frozenset(changed | raters)


def disown(database: sqlite3.Connection, person: int, ending: Ending) -> None:
    """Mark which posts and ratings held of somebody count, after their end."""
    held = evidence.find_manifest(database, evidence.identity_of(database, person))
    endings.disown(database, ending, held is not None and ending.is_beyond(held.seq, held.head_sha256))
    keep_ratings(database, person)


def _endings(database: sqlite3.Connection, views: Collection[int]) -> dict[int, Ending]:
    """By person, as all proved moves together say."""
    said: dict[int, list[Move]] = {}
    for notice in notices.proved(database, notices.MOVE):
        said.setdefault(notice.person, []).append(open_move(notice.line))
    direct = {person: _heir(database, views, moves) for person, moves in said.items()}
    return {person: Ending(person, *_last(moves), _final(direct, person)) for person, moves in said.items()}


def _last(moves: Sequence[Move]) -> tuple[int, Sha256]:
    """The last version that all of them call good."""
    return min(move.last for move in moves)


def _heir(database: sqlite3.Connection, views: Iterable[int], moves: Iterable[Move]) -> int | None:
    """Who follows: the only one named; of several the only one whom the owner rates above 0."""
    named = [evidence.person_pk(database, move.target) for move in moves if move.target]
    if len(named) > 1:
        named = [person for person in named if endings.preferred(database, views, person)]
    return named[0] if len(named) == 1 else None


def _final(direct: Mapping[int, int | None], person: int) -> int | None:
    """The last of those who follow one another; nobody when they go round in a circle."""
    reached = direct[person]
    for _ in range(HOPS_MOST):
        following = direct.get(reached) if reached else None
        if following is None:
            return reached
        reached = following
    return None
