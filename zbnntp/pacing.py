"""How much of an author is taken, and how fast, so that nobody can fill the disks and days of those who read them.

Posts are counted by author: at first contact generously, then by the day and by level, newest first. What is too much
stays in its segment, is not shown, and is taken up on later days; what is dated after its head waits there for one of a
later time. Heads that bring no posts come in a burst, then one an hour; what comes too soon is parked. docs/protocol.md
"Quotas".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from zbnntp.model import limits
from zbnntp.model.believing import believe
from zbnntp.model.entries import POSTS, Carry, Delete, Post
from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.store import carries, evidence, posts, promises, quotas, versions
from zbnntp.store.quotas import Excess
from zbnntp.verifying import CARRY, Early, Verified

STATE_BURST = 8
STATE_SECONDS = 3600  # after which another one is free
DAY_SECONDS = 86_400
FOR_NEW = 2  # half of a day's quota is left for what comes new when earlier posts are taken up
FIRST = 0  # the period of first contact: a day long, from the first manifest on


@dataclass(frozen=True, slots=True)
class Ration:
    """How much may be taken."""

    posts: int
    octets: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """What stands in the new lines of one segment: keys of lines, their octets, and what was believed there."""

    segment: int
    lines: tuple[tuple[int, int, Post | Carry | Delete], ...]


FIRST_CONTACT = Ration(limits.FIRST_CONTACT_POSTS, limits.FIRST_CONTACT_OCTETS)
FULL = Ration(limits.DAILY_POSTS_FULL, limits.DAILY_OCTETS_FULL)
LIMITED = Ration(limits.DAILY_POSTS_LIMITED, limits.DAILY_OCTETS_LIMITED)


def keep_pace(database: sqlite3.Connection, person: int, verified: Verified, now: int) -> None:
    """Count a new version that brings no post that can be taken; raises Early when it comes too soon."""
    if _is_first_or_fork(verified) or _brings_posts(database, person, verified, now):
        return
    spent = versions.pace_spent(database, person)  # when all of the burst is free again
    free = spent - (STATE_BURST - 1) * STATE_SECONDS
    if free > now:
        raise Early(free)
    versions.put_pace(database, person, max(spent, now) + STATE_SECONDS)


def _is_first_or_fork(verified: Verified) -> bool:
    """What settles a fork is taken at once."""
    return verified.base is None or verified.base.seq == verified.pointer.seq


def _brings_posts(database: sqlite3.Connection, person: int, verified: Verified, now: int) -> bool:
    """Another list of segments does not make it so: whoever wants to be taken at once has to say something."""
    entries = (entry for plan in verified.plans for _, entry in plan.entries)
    said = (it.header for it in entries if isinstance(it, Post) and it.header.time <= verified.head.time)
    new = (it for it in said if not posts.is_held(database, it.id))
    return next(new, None) is not None and left(database, person, now).posts > 0


def period(database: sqlite3.Connection, person: int, now: int) -> int:
    """FIRST, or the UTC day."""
    since = promises.arrived_at(database, person)
    return FIRST if since is None or now < since + DAY_SECONDS else now // DAY_SECONDS


def left(database: sqlite3.Connection, person: int, now: int, reserved: int = 0) -> Ration:
    """How much more of somebody may be taken now, when 1/`reserved` of the whole is set apart."""
    current = period(database, person, now)
    allowed = FULL if quotas.best_level(database, person) == Level.FULL else LIMITED
    if current == FIRST:
        allowed = FIRST_CONTACT
    number, octets = quotas.spent(database, person, current)
    if reserved:
        number, octets = number + allowed.posts // reserved, octets + allowed.octets // reserved
    return Ration(max(0, allowed.posts - number), max(0, allowed.octets - octets))


def put_off(database: sqlite3.Connection, person: int, fresh: Iterable[Fresh], latest: int) -> list[Fresh]:
    """What of these lines is not dated after `latest`; the other posts wait for a head of a later time."""
    found = list(fresh)
    posts_in = [(key, entry.header.time) for it in found for key, _, entry in it.lines if isinstance(entry, Post)]
    late = {key: time for key, time in posts_in if time > latest}
    quotas.put_excess(database, person, late.items())
    return [replace(it, lines=tuple(line for line in it.lines if line[0] not in late)) for it in found]


def withdraw(database: sqlite3.Connection, person: int, latest: int) -> tuple[list[int], list[int]]:
    """Put off what is shown, too; returns the articles that are gone, and the openings that they passed on."""
    gone = posts.drop_later(database, person, latest)
    quotas.put_excess(database, person, [(it.line, it.time) for it in gone])
    return [it.article for it in gone], carries.drop_unanswered(database, person, {it.thread for it in gone})


def hold_back(
    database: sqlite3.Connection, person: int, fresh: Sequence[Fresh], now: int, reserved: int = 0
) -> list[Fresh]:
    """What is taken of these lines now; the posts that are too many are noted for later days."""
    room = left(database, person, now, reserved)
    late = _too_many(database, fresh, room)
    taken = [replace(it, lines=tuple(line for line in it.lines if line[0] not in late)) for it in fresh]
    quotas.put_excess(database, person, late.items())
    _count(database, person, taken, now)
    return taken


def read_again(database: sqlite3.Connection, author: Identity, found: Iterable[Excess]) -> list[Fresh]:
    """Lines that waited, by segment, with the openings that their segments carry for them."""
    by_segment: dict[int, list[tuple[int, int, Post | Carry | Delete]]] = {}
    for it in found:
        entry = believe(it.octets, author, POSTS)
        if isinstance(entry, Post):
            by_segment.setdefault(it.segment, []).append((it.line, len(it.octets), entry))
    return [
        Fresh(segment, (*lines, *_carried(database, author, segment, lines))) for segment, lines in by_segment.items()
    ]


def _carried(
    database: sqlite3.Connection, author: Identity, segment: int, lines: Iterable[tuple[int, int, object]]
) -> Iterator[tuple[int, int, Carry]]:
    threads = {entry.header.thread for _, _, entry in lines if isinstance(entry, Post)}
    for key, octets in evidence.post_lines_in(database, segment):
        entry = believe(octets, author, POSTS) if CARRY in octets else None
        if isinstance(entry, Carry) and entry.header.id in threads:
            yield key, len(octets), entry


def _too_many(database: sqlite3.Connection, fresh: Sequence[Fresh], room: Ration) -> dict[int, int]:
    """Keys and times of the posts for which there is no room: with the openings they carry, newest first."""
    lines = [line for it in fresh for line in it.lines]
    carried = {entry.header.id: octets for _, octets, entry in lines if isinstance(entry, Carry)}
    found = [(entry.header, key, octets) for key, octets, entry in lines if isinstance(entry, Post)]
    late: dict[int, int] = {}
    for header, key, octets in sorted(found, key=lambda it: -it[0].time):
        if posts.is_held(database, header.id):
            continue
        extra = carried.pop(header.thread, None) if header.thread else None
        cost = Ration(1 if extra is None else 2, octets + (extra or 0))
        if late or cost.posts > room.posts or cost.octets > room.octets:
            late[key] = header.time
        else:
            room = Ration(room.posts - cost.posts, room.octets - cost.octets)
    return late


def _count(database: sqlite3.Connection, person: int, taken: Iterable[Fresh], now: int) -> None:
    """Carries count beside an answer that is taken; what is known already costs nothing."""
    lines = [(octets, entry) for it in taken for _, octets, entry in it.lines]
    found = [(octets, entry) for octets, entry in lines if isinstance(entry, Post)]
    new = [it for it in found if not posts.is_held(database, it[1].header.id)]
    answered = {entry.header.thread for _, entry in new}
    costs = [octets for octets, _ in new]
    costs += [octets for octets, entry in lines if isinstance(entry, Carry) and entry.header.id in answered]
    if costs:
        current = period(database, person, now)
        number, total = quotas.spent(database, person, current)
        quotas.put_spent(database, person, current, number + len(costs), total + sum(costs))


def unfinished(reader: sqlite3.Connection) -> list[Identity]:
    """Whose quota may have been used up when something of theirs came last: there may be more to fetch."""
    return quotas.busy(reader, LIMITED.octets, LIMITED.posts)
