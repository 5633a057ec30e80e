"""Lines that stand on their own in the changes feed: proofs of forks, and moves. Evidence, like manifests.

What is not proved - a move of somebody whose recovery key is not known here - is kept without a place in the feed.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from zbnntp.model.keys import Identity, Sha256

FORK, MOVE = "fork", "move"


@dataclass(frozen=True, slots=True)
class Notice:
    person: int
    about: bytes  # of a move: the successor's identity, empty for a revocation
    line: bytes
    proved: bool


def next_change(database: sqlite3.Connection) -> int:
    """A new position at the end of the changes feed, for a manifest or a notice; none is ever given again."""
    row = database.execute(
        "INSERT INTO meta VALUES ('change', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1 "
        "RETURNING CAST(value AS INTEGER)"
    ).fetchone()
    return int(row[0])


def last_change(database: sqlite3.Connection) -> int:
    """The position that was given last; 0 before the first."""
    row = database.execute("SELECT value FROM meta WHERE key = 'change'").fetchone()
    return int(row[0]) if row else 0


def keep(database: sqlite3.Connection, person: int, kind: str, about: bytes, line: bytes, proved: bool) -> None:
    """Take the place of what was said of that person before, of the same kind about the same; new in the feed."""
    change = next_change(database) if proved else None
    database.execute("INSERT OR REPLACE INTO notice VALUES (?, ?, ?, ?, ?)", (person, kind, about, line, change))


def list_anew(database: sqlite3.Connection, person: int) -> None:
    """Give what is proved of somebody a place at the end of the feed: readers may be past the old one."""
    for kind, about in database.execute(
        "SELECT kind, about FROM notice WHERE person = ? AND change IS NOT NULL ORDER BY change", (person,)
    ).fetchall():
        database.execute(
            "UPDATE notice SET change = ? WHERE person = ? AND kind = ? AND about = ?",
            (next_change(database), person, kind, about),
        )


def drop(database: sqlite3.Connection, person: int, kind: str, about: bytes) -> None:
    database.execute("DELETE FROM notice WHERE person = ? AND kind = ? AND about = ?", (person, kind, about))


def of_person(database: sqlite3.Connection, person: int, kind: str) -> list[Notice]:
    rows = database.execute(
        "SELECT person, about, line, change IS NOT NULL FROM notice WHERE person = ? AND kind = ? ORDER BY about",
        (person, kind),
    )
    return [Notice(row[0], row[1], row[2], bool(row[3])) for row in rows]


def proved(database: sqlite3.Connection, kind: str) -> list[Notice]:
    """All of a kind that act."""
    rows = database.execute(
        "SELECT person, about, line FROM notice WHERE kind = ? AND change IS NOT NULL ORDER BY person, about", (kind,)
    )
    return [Notice(person, about, line, True) for person, about, line in rows]


def claimed_by(database: sqlite3.Connection, heir: Identity) -> list[int]:
    """Of whom it is proved that they named somebody as who follows them, whether another claims the same or not."""
    rows = database.execute(
        "SELECT person FROM notice WHERE kind = ? AND about = ? AND change IS NOT NULL ORDER BY person", (MOVE, heir)
    )
    return [person for (person,) in rows]


def contested(database: sqlite3.Connection) -> bool:
    """Whether somebody is said, with proof, to have moved to two people."""
    row = database.execute(
        "SELECT 1 FROM notice WHERE kind = ? AND about <> x'' AND change IS NOT NULL GROUP BY person "
        "HAVING count(*) > 1 LIMIT 1",
        (MOVE,),
    ).fetchone()
    return row is not None


def pinned_next(database: sqlite3.Connection, person: int) -> Sha256 | None:
    """The hash of the recovery key that somebody is known by here; None while no head of theirs was accepted."""
    row = database.execute("SELECT next FROM recovery WHERE person = ?", (person,)).fetchone()
    return Sha256(row[0]) if row else None


def pin_next(database: sqlite3.Connection, person: int, commitment: Sha256) -> None:
    """The caller has checked that the one known before agreed."""
    database.execute("INSERT OR REPLACE INTO recovery VALUES (?, ?)", (person, commitment))
