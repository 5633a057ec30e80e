"""Promises: groups in which nothing stands, and which article of the node's own says so there."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

KEY = "silent "


@dataclass(frozen=True, slots=True)
class Quiet:
    """A group; `identifier` of the article that says that nothing stands there, empty without one."""

    newsgroup: int
    name: str
    created: int  # unix seconds
    high: int
    count: int
    identifier: bytes


def quiet(database: sqlite3.Connection, view: int) -> list[Quiet]:
    """Groups of a view that are shown and hold nothing, or hold that article beside others."""
    rows = database.execute(
        "SELECT n.pk, n.name, n.created, n.high, n.count, coalesce(m.value, '') FROM newsgroup n "
        "LEFT JOIN meta m ON m.key = ?2 || n.pk WHERE n.view = ?1 AND NOT n.hidden "
        "AND (n.count = 0 OR (n.count > 1 AND m.value IS NOT NULL))",
        (view, KEY),
    )
    return [Quiet(pk, name, made, high, count, bytes.fromhex(it)) for pk, name, made, high, count, it in rows]


def put(database: sqlite3.Connection, newsgroup: int, identifier: bytes) -> None:
    """Which article says it; empty: none."""
    if identifier:
        database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"{KEY}{newsgroup}", identifier.hex()))
    else:
        database.execute("DELETE FROM meta WHERE key = ?", (f"{KEY}{newsgroup}",))


def is_told(database: sqlite3.Connection, newsgroup: int) -> bool:
    """Whether one of the articles in a group is that one."""
    return database.execute("SELECT 1 FROM meta WHERE key = ?", (f"{KEY}{newsgroup}",)).fetchone() is not None
