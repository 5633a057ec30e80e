"""Derived from proved moves: who has ended at which version, who follows them, and which posts came after the end.

The view `counted_rating` is what the engine of trust reads: positive ratings of somebody who moved stand there as
ratings of who follows them. docs/protocol.md "Recovery and succession".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from zbnntp.model.keys import Identity, Sha256


@dataclass(frozen=True, slots=True)
class Ending:
    """`person` ended at a version; `heir` follows - the last one, when that one moved as well - or nobody, yet."""

    person: int
    seq: int
    head_sha256: Sha256
    heir: int | None

    def is_beyond(self, seq: int, head: Sha256) -> bool:
        """Whether a version came after the last good one."""
        return seq > self.seq or (seq == self.seq and head != self.head_sha256)


_ENDING = "SELECT person, seq, head_sha256, heir FROM ended"


def find(database: sqlite3.Connection, person: int | None) -> Ending | None:
    """How somebody ended; None for all others."""
    row = database.execute(f"{_ENDING} WHERE person = ?", (person,)).fetchone()
    return Ending(*row) if row else None


def everybody(database: sqlite3.Connection) -> list[Ending]:
    return [Ending(*row) for row in database.execute(f"{_ENDING} ORDER BY person")]


def replace(database: sqlite3.Connection, endings: Iterable[Ending]) -> None:
    database.execute("DELETE FROM ended")
    rows = ((it.person, it.seq, it.head_sha256, it.heir) for it in endings)
    database.executemany("INSERT INTO ended VALUES (?, ?, ?, ?)", rows)


def heirs(database: sqlite3.Connection) -> dict[Identity, Identity]:
    """Who follows whom, of those who have moved."""
    rows = database.execute(
        "SELECT p.id, h.id FROM ended e JOIN person p ON p.pk = e.person JOIN person h ON h.pk = e.heir"
    )
    return {Identity(who): Identity(heir) for who, heir in rows}


def forebears(database: sqlite3.Connection, heir: int) -> list[int]:
    """Who has moved to somebody."""
    return [who for (who,) in database.execute("SELECT person FROM ended WHERE heir = ? ORDER BY person", (heir,))]


def disown(database: sqlite3.Connection, ending: Ending, beyond: bool) -> None:
    """Note which posts held of somebody came after the end. `beyond`: the version held did.

    A post counts when it is dated before the end and, if the last good version was held here, came before a later one.
    """
    database.execute("DELETE FROM disowned WHERE author = ?", (ending.person,))
    if beyond:
        database.execute(
            "INSERT INTO disowned SELECT post.article, post.author FROM post JOIN article ON article.pk = post.article "
            "WHERE post.author = :person AND (post.time > :seq OR article.arrived > (SELECT min(arrived) FROM version "
            "WHERE person = :person AND seq > :seq AND EXISTS (SELECT 1 FROM version WHERE person = :person "
            "AND seq = :seq AND head_sha256 = :head)))",
            {"person": ending.person, "seq": ending.seq, "head": ending.head_sha256},
        )


def is_disowned(database: sqlite3.Connection, article: int) -> bool:
    return database.execute("SELECT 1 FROM disowned WHERE article = ?", (article,)).fetchone() is not None


def raters_of(database: sqlite3.Connection, person: int) -> list[int]:
    return [who for (who,) in database.execute("SELECT rater FROM rating WHERE target = ?", (person,))]


def preferred(database: sqlite3.Connection, views: Iterable[int], person: int) -> bool:
    """Whether some view of this node rates somebody above 0 itself, in public or not."""
    return any(
        database.execute(
            "SELECT 1 FROM rating WHERE rater = ?1 AND target = ?2 AND (mt > 0 OR tlt > 0) UNION ALL "
            "SELECT 1 FROM private_rating WHERE view = ?1 AND target = ?2 AND (mt > 0 OR tlt > 0)",
            (view, person),
        ).fetchone()
        for view in views
    )
