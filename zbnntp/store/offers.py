"""Promises: which ways in a local identity offers as a registrar."""

from __future__ import annotations

import sqlite3


def put_offer(database: sqlite3.Connection, view: int, way: str, a_day: int | None) -> None:
    """At most so many newcomers a day by that way; None: it is not offered."""
    database.execute("DELETE FROM offer WHERE view = ? AND way = ?", (view, way))
    if a_day is not None:
        database.execute("INSERT INTO offer VALUES (?, ?, ?)", (view, way, a_day))


def offers(database: sqlite3.Connection, view: int) -> dict[str, int]:
    """Ways, and how many newcomers a day each lets in."""
    return dict(database.execute("SELECT way, a_day FROM offer WHERE view = ? ORDER BY way", (view,)))
