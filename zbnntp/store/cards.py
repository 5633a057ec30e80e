"""Articles of zb.people: which one is about whom, and what the newest about each says."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from zbnntp.model.keys import Identity

KEPT_SECONDS = 90 * 86_400  # of those that were superseded: a reply to one still says whom it means


@dataclass(frozen=True, slots=True)
class Issued:
    """The newest article about somebody. `facts`, `counts`: JSON of what it says."""

    article: int
    issued: int  # unix seconds
    facts: str
    counts: str


def subject_of(database: sqlite3.Connection, article: int) -> Identity | None:
    """Whom an article of zb.people is about, superseded ones too."""
    row = database.execute(
        "SELECT p.id FROM card c JOIN person p ON p.pk = c.person WHERE c.article = ?", (article,)
    ).fetchone()
    return Identity(row[0]) if row else None


def find_issued(database: sqlite3.Connection, view: int, person: int) -> Issued | None:
    row = database.execute(
        "SELECT article, issued, facts, counts FROM card WHERE view = ? AND person = ? AND facts <> ''", (view, person)
    ).fetchone()
    return Issued(*row) if row else None


def put_issued(database: sqlite3.Connection, view: int, person: int, new: Issued) -> None:
    """The newest one; those before are superseded."""
    supersede(database, view, person, new.issued)
    values = (new.article, view, person, new.issued, new.facts, new.counts)
    database.execute("INSERT INTO card VALUES (?, ?, ?, ?, ?, ?)", values)


def supersede(database: sqlite3.Connection, view: int, person: int, now: int) -> None:
    """There is no newest one any more; very old ones are forgotten."""
    database.execute("UPDATE card SET facts = '', counts = '' WHERE view = ? AND person = ?", (view, person))
    database.execute(
        "DELETE FROM card WHERE view = ? AND person = ? AND facts = '' AND issued < ?",
        (view, person, now - KEPT_SECONDS),
    )


def persons(database: sqlite3.Connection, view: int, after: int, limit: int) -> list[int]:
    """Everybody a view knows - ranked, rated in private, noted, or with an article - by key, from a key on."""
    rows = database.execute(
        "SELECT person FROM (SELECT person FROM level WHERE view = ?1 UNION SELECT target FROM private_rating "
        "WHERE view = ?1 UNION SELECT person FROM note WHERE view = ?1 UNION SELECT person FROM card WHERE view = ?1 "
        "AND facts <> '') WHERE person > ?2 AND person <> ?1 ORDER BY person LIMIT ?3",
        (view, after, limit),
    )
    return [person for (person,) in rows]
