"""What happened since the last digest in zb.log: of one view each, kept until it is told."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

ENTRIES_MOST = 20_000  # of one view between two digests; what is beyond is not told


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind`: level (text is `before after`), label or said (text is a sentence), came (for the first time)."""

    pk: int
    at: int  # unix seconds
    kind: str
    person: int | None
    text: str
    shown: int
    hidden: int


def add(
    database: sqlite3.Connection,
    view: int,
    kind: str,
    text: str,
    now: int,
    person: int | None = None,
    shown: int = 0,
    hidden: int = 0,
) -> None:
    values = (view, now, kind, person, text, shown, hidden)
    database.execute(
        "INSERT INTO diary (view, at, kind, person, text, shown, hidden) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
        "WHERE (SELECT count(*) FROM diary WHERE view = ?1) < ?8",
        (*values, ENTRIES_MOST),
    )


def entries(database: sqlite3.Connection, view: int, before: int) -> list[Entry]:
    """What a view has not been told of the time before a moment, oldest first."""
    rows = database.execute(
        "SELECT pk, at, kind, person, text, shown, hidden FROM diary WHERE view = ? AND at < ? ORDER BY pk",
        (view, before),
    )
    return [Entry(*row) for row in rows]


def forget(database: sqlite3.Connection, view: int, before: int) -> None:
    database.execute("DELETE FROM diary WHERE view = ? AND at < ?", (view, before))
