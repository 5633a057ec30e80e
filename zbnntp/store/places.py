"""Places in feeds of changes: where a view is in those of others, and whom its own has shown. Promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from zbnntp.store import evidence, notices

FORGOTTEN_SECONDS = 90 * 86_400  # a feed that was not read for so long is read from its beginning


def cursors(database: sqlite3.Connection, view: int) -> dict[str, str]:
    """Where to go on reading, by endpoint."""
    return dict(database.execute("SELECT url, next FROM cursor WHERE view = ?", (view,)).fetchall())


def keep_cursors(database: sqlite3.Connection, view: int, cursors: Mapping[str, str], now: int) -> None:
    """Note where feeds were read to; those not read for long are forgotten."""
    rows = [(view, url, cursor, now) for url, cursor in cursors.items()]
    database.executemany("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?, ?)", rows)
    database.execute("DELETE FROM cursor WHERE view = ? AND read < ?", (view, now - FORGOTTEN_SECONDS))


def list_anew(database: sqlite3.Connection, view: int, mirror: str) -> int:
    """Give those a place at the end of the feed who are offered and were not when this was called last; how many.

    Readers are past the places at which their manifests came.
    """
    offered = evidence.offered(database, view, mirror)
    shown = {person for (person,) in database.execute("SELECT person FROM shown WHERE view = ?", (view,))}
    rows = [(view, person, notices.next_change(database)) for person in sorted(offered - shown)]
    database.executemany("INSERT INTO shown VALUES (?, ?, ?)", rows)
    for _, person, _ in rows:
        notices.list_anew(database, person)
    gone = [(view, person) for person in shown - offered]
    database.executemany("DELETE FROM shown WHERE view = ? AND person = ?", gone)
    return len(rows)
