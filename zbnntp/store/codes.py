"""Promises: one-time codes, by which a newcomer is known as the one to whom the owner handed a link."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from zbnntp.model.keys import Identity

_SELECT = (
    "SELECT c.code, c.mt, c.days, c.note, c.made, c.until, p.id, c.came, c.thread FROM code c "
    "LEFT JOIN person p ON p.pk = c.person WHERE c.view = ? "
)


@dataclass(frozen=True, slots=True)
class Code:
    """Who comes with it is rated `mt` (1/10000) for so many days, 0: for good. `person` came with it, at `came`."""

    code: str
    mt: int
    days: int
    note: str
    made: int  # unix seconds
    until: int
    person: Identity | None = None
    came: int | None = None
    thread: str = ""  # Message-IDs below which the owner is told who came


def add_code(database: sqlite3.Connection, view: int, code: Code) -> None:
    values = (view, code.code, code.mt, code.days, code.note, code.made, code.until, code.thread)
    database.execute(
        "INSERT INTO code (view, code, mt, days, note, made, until, thread) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
    )


def codes(database: sqlite3.Connection, view: int) -> list[Code]:
    """All of a view, the newest first; those that ran out unused are among them until they are dropped."""
    return [Code(*row) for row in database.execute(_SELECT + "ORDER BY c.made DESC, c.code", (view,))]


def find_code(database: sqlite3.Connection, view: int, code: str) -> Code | None:
    row = database.execute(_SELECT + "AND c.code = ?", (view, code)).fetchone()
    return Code(*row) if row else None


def brought_by(database: sqlite3.Connection, view: int, person: int) -> Code | None:
    """The first with which somebody came."""
    row = database.execute(_SELECT + "AND c.person = ? ORDER BY c.came LIMIT 1", (view, person)).fetchone()
    return Code(*row) if row else None


def use_code(database: sqlite3.Connection, view: int, code: str, person: int, now: int) -> bool:
    """Somebody came with it; False when it is not there, has run out, or somebody came with it before."""
    used = database.execute(
        "UPDATE code SET person = ?, came = ? WHERE view = ? AND code = ? AND person IS NULL AND until > ?",
        (person, now, view, code, now),
    )
    return used.rowcount == 1


def drop_code(database: sqlite3.Connection, view: int, code: str) -> bool:
    """Take back a code with which nobody has come; False when there is none."""
    return (
        database.execute("DELETE FROM code WHERE view = ? AND code = ? AND person IS NULL", (view, code)).rowcount == 1
    )


def forget_codes(database: sqlite3.Connection, before: int) -> None:
    """Those that ran out before a time and with which nobody came."""
    database.execute("DELETE FROM code WHERE person IS NULL AND until < ?", (before,))
