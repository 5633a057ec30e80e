"""Promises: who passed a challenge of a local identity, and which challenges were answered."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from zbnntp.model.keys import Identity
from zbnntp.store.evidence import person_pk


@dataclass(frozen=True, slots=True)
class Admission:
    """`until`: of the rating that was given, unix seconds; None: for good."""

    person: Identity
    at: int
    way: str
    until: int | None
    mark: bytes | None = None  # of what one newcomer alone may use


def add_admission(database: sqlite3.Connection, view: int, admission: Admission) -> None:
    it, person = admission, person_pk(database, admission.person)
    database.execute(
        "INSERT OR REPLACE INTO admission (view, person, at, way, until, mark) VALUES (?, ?, ?, ?, ?, ?)",
        (view, person, it.at, it.way, it.until, it.mark),
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of those who came by one way. Badly rated is who is rated below 0 by anybody who counts."""

    way: str
    newcomers: int
    renewed: int
    praised: int
    blamed: int


def tally(database: sqlite3.Connection, view: int) -> list[Tally]:
    """By the judgement of the view, where it rated by hand, and of those who count in it."""
    rows = database.execute(
        "WITH come AS (SELECT way, person, count(*) AS times FROM admission WHERE view = ?1 GROUP BY way, person), "
        "said AS (SELECT come.way, come.person, come.times, "
        "  max(CASE WHEN judge.mt > 0 THEN 1 ELSE 0 END) AS good, max(CASE WHEN judge.mt < 0 THEN 1 ELSE 0 END) AS bad "
        "  FROM come LEFT JOIN rating AS judge ON judge.target = come.person AND "
        "  ((judge.rater = ?1 AND judge.until IS NULL) OR "
        "   judge.rater IN (SELECT person FROM level WHERE level.view = ?1 AND level.tlt > 0)) "
        "  GROUP BY come.way, come.person) "
        "SELECT way, count(*), sum(times > 1), sum(good AND NOT bad), sum(bad) FROM said GROUP BY way ORDER BY way",
        (view,),
    )
    return [Tally(*row) for row in rows]


def is_taken(database: sqlite3.Connection, view: int, mark: bytes, person: int, since: int) -> bool:
    """Whether somebody else was let in with the same since a time."""
    row = database.execute(
        "SELECT 1 FROM admission WHERE mark = ? AND view = ? AND person <> ? AND at > ?", (mark, view, person, since)
    )
    return row.fetchone() is not None


def count_since(database: sqlite3.Connection, view: int, since: int, way: str) -> int:
    """How many passed that way since a time."""
    row = database.execute("SELECT count(*) FROM admission WHERE view = ? AND at >= ? AND way = ?", (view, since, way))
    return int(row.fetchone()[0])


def spend(database: sqlite3.Connection, nonce: bytes, until: int, now: int) -> bool:
    """Note that a challenge was answered; False when it was before. Those that have ended are forgotten."""
    database.execute("DELETE FROM spent WHERE until < ?", (now,))
    return database.execute("INSERT OR IGNORE INTO spent (nonce, until) VALUES (?, ?)", (nonce, until)).rowcount == 1


def keep_reply(database: sqlite3.Connection, nonce: bytes, person: int, reply: bytes) -> None:
    """What somebody was told who answered a challenge well."""
    database.execute("UPDATE spent SET person = ?, reply = ? WHERE nonce = ?", (person, reply, nonce))


def find_reply(database: sqlite3.Connection, nonce: bytes, identity: Identity) -> bytes | None:
    """The same, for somebody whom it did not reach."""
    row = database.execute(
        "SELECT s.reply FROM spent s JOIN person p ON p.pk = s.person WHERE s.nonce = ? AND p.id = ?", (nonce, identity)
    ).fetchone()
    return row[0] if row else None
