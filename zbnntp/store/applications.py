"""Promises: whom a local identity asks for a first rating, and how far that is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from zbnntp.model.keys import Identity
from zbnntp.store.evidence import person_pk

_COLUMNS = "a.pk, p.id, a.way, a.answer, a.stage, a.challenge, a.thread, a.made, a.due, a.tries"
_SELECT = f"SELECT {_COLUMNS} FROM application a JOIN person p ON p.pk = a.registrar WHERE a.view = ? "  # noqa: S608


@dataclass(frozen=True, slots=True)
class Application:
    """One registrar asked for one rating.

    `thread`: the Message-ID of the article that asked, if any, and then of those about it, each behind a blank; before
    a dash those about an application that this one takes the place of.
    """

    pk: int
    registrar: Identity
    way: str
    answer: str
    stage: str
    challenge: bytes
    thread: str
    made: int  # unix seconds
    due: int
    tries: int


def add_application(database: sqlite3.Connection, view: int, application: Application) -> int:
    """A new one, which takes the place of others with the same registrar; returns its pk."""
    registrar = person_pk(database, application.registrar)
    database.execute("DELETE FROM application WHERE view = ? AND registrar = ?", (view, registrar))
    it = application
    values = (view, registrar, it.way, it.answer, it.stage, it.challenge, it.thread, it.made, it.due, it.tries)
    columns = "(view, registrar, way, answer, stage, challenge, thread, made, due, tries)"
    added = database.execute(f"INSERT INTO application {columns} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
    return int(added.lastrowid or 0)


def put_application(database: sqlite3.Connection, application: Application) -> None:
    """How far it is now; nothing when another one has taken its place."""
    it = application
    database.execute(
        "UPDATE application SET way = ?, answer = ?, stage = ?, challenge = ?, thread = ?, due = ?, tries = ? "
        "WHERE pk = ?",
        (it.way, it.answer, it.stage, it.challenge, it.thread, it.due, it.tries, it.pk),
    )


def drop_application(database: sqlite3.Connection, pk: int) -> None:
    database.execute("DELETE FROM application WHERE pk = ?", (pk,))


def applications(database: sqlite3.Connection, view: int) -> list[Application]:
    """All of a view, the oldest first."""
    return [Application(*row) for row in database.execute(_SELECT + "ORDER BY a.pk", (view,))]


def find_application(database: sqlite3.Connection, view: int, message_id: str) -> Application | None:
    """The one about which an article is, other than the one that asked for it."""
    found = "AND instr(a.thread, ' ' || ?) > 0 ORDER BY a.pk DESC LIMIT 1"
    rows = database.execute(_SELECT + found, (view, message_id))
    row = rows.fetchone()
    return Application(*row) if row else None
