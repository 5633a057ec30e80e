"""A view as a whole: everything that one local identity was promised and chose, handed to another one.

Group numbers, read articles, filters, notes, private ratings: whoever gets a new identity keeps their place.
"""

from __future__ import annotations

import sqlite3


def hand_over(database: sqlite3.Connection, view: int, heir: int) -> None:
    """Every row that is some view's and was this one's is the heir's, who had none."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        if "view" in columns:
            database.execute(f"UPDATE {table} SET view = ? WHERE view = ?", (heir, view))  # noqa: S608
