"""Chapter one, quotas: how much of each author was taken lately, and the lines that wait for another day."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.store import lines
from zbnntp.store.database import snapshot


class Excess(NamedTuple):
    """A line of a segment that is held, not shown yet."""

    line: int
    segment: int
    octets: bytes


def spent(database: sqlite3.Connection, person: int, period: int) -> tuple[int, int]:
    """Posts and octets taken of somebody in a period."""
    row = database.execute("SELECT posts, octets FROM quota WHERE person = ? AND period = ?", (person, period))
    found = row.fetchone()
    return (int(found[0]), int(found[1])) if found else (0, 0)


def put_spent(database: sqlite3.Connection, person: int, period: int, posts: int, octets: int) -> None:
    """The newest period is the only one remembered."""
    database.execute("INSERT OR REPLACE INTO quota VALUES (?, ?, ?, ?)", (person, period, posts, octets))


def put_excess(database: sqlite3.Connection, person: int, waiting: Iterable[tuple[int, int]]) -> None:
    """Keep lines for another day, each with the time of its post."""
    rows = [(line, person, time) for line, time in waiting]
    database.executemany("INSERT OR IGNORE INTO excess VALUES (?, ?, ?)", rows)


def excess(database: sqlite3.Connection, person: int, after: int, latest: int, limit: int) -> list[Excess]:
    """Lines that wait, the newest posts first; of those dated after a time, and up to another one."""
    with snapshot(database):
        rows = database.execute(
            f"SELECT e.line, e.line >> 20, {lines.kept('e.line')} FROM excess e {lines.joined('e.line')}"  # noqa: S608
            f"WHERE e.person = ? AND e.time > ? AND e.time <= ? AND {lines.is_held('e.line')} "
            "ORDER BY e.time DESC, e.line LIMIT ?",
            (person, after, latest, limit),
        )
        return [Excess(line, segment, lines.read(database, octets)) for line, segment, octets in rows.fetchall()]


def drop_excess(database: sqlite3.Connection, done: Iterable[int]) -> None:
    """They wait no longer."""
    database.executemany("DELETE FROM excess WHERE line = ?", [(line,) for line in done])


def count_waiting(database: sqlite3.Connection, view: int) -> tuple[int, int]:
    """Of how many people whom a view fetches lines wait, and how many lines."""
    row = database.execute(
        "SELECT count(DISTINCT e.person), count(*) FROM excess e "
        "JOIN level l ON l.person = e.person WHERE l.view = ? AND l.fetch",
        (view,),
    )
    people, lines = row.fetchone()
    return int(people), int(lines)


def count_excess(database: sqlite3.Connection, person: int) -> int:
    """How many lines of somebody wait."""
    return int(database.execute("SELECT count(*) FROM excess WHERE person = ?", (person,)).fetchone()[0])


def waiting(database: sqlite3.Connection) -> list[int]:
    """Persons of whom lines wait."""
    return [person for (person,) in database.execute("SELECT DISTINCT person FROM excess ORDER BY person")]


def busy(database: sqlite3.Connection, octets: int, posts: int) -> list[Identity]:
    """Of whom at least so much was taken in the last period that something came: there may be more to fetch."""
    rows = database.execute(
        "SELECT p.id FROM quota q JOIN person p ON p.pk = q.person WHERE q.octets >= ? OR q.posts >= ?", (octets, posts)
    )
    return [Identity(identity) for (identity,) in rows]


def best_level(database: sqlite3.Connection, person: int) -> Level:
    """Somebody's level in the eyes of the local identity that thinks most of them."""
    row = database.execute("SELECT max(level) FROM level WHERE person = ?", (person,)).fetchone()
    return Level(row[0] or 0)
