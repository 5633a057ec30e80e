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


def add_admission(database: sqlite3.Connection, view: int, admission: Admission) -> None:
    values = (view, person_pk(database, admission.person), admission.at, admission.way, admission.until)
    database.execute("INSERT OR REPLACE INTO admission (view, person, at, way, until) VALUES (?, ?, ?, ?, ?)", values)


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
