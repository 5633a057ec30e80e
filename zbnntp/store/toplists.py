"""Derived: which threads a view values most. zbnntp/toplists.py says why each condition is there."""

from __future__ import annotations

import sqlite3

from zbnntp.model.views import Level

_IN_A_BOARD = (
    "EXISTS (SELECT 1 FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup WHERE o.article = {} "
    "AND n.view = ?1 AND NOT n.hidden AND n.name NOT GLOB 'zb.*' AND n.name NOT GLOB 'via.*')"
)
_VALUED = (
    "SELECT p.thread, sum(s.units) FROM score s JOIN post p ON p.article = s.article "  # noqa: S608
    "LEFT JOIN level l ON l.view = ?1 AND l.person = p.author "
    "WHERE s.view = ?1 AND s.units > 0 AND p.time > ?2 AND NOT p.sage AND (p.author = ?1 OR l.level = ?3) "
    f"AND {_IN_A_BOARD.format('p.article')} AND {_IN_A_BOARD.format('p.thread')} "
    "GROUP BY p.thread ORDER BY sum(s.units) DESC, p.thread LIMIT ?4"
)


def valued_threads(database: sqlite3.Connection, view: int, since: int, most: int) -> list[tuple[int, int]]:
    """Thread and value in store.votes.UNITS, the highest first; `since`: unix seconds."""
    return database.execute(_VALUED, (view, since, int(Level.FULL), most)).fetchall()
