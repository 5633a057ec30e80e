"""zb.top.day, .week, .month, .year: the most valued threads of a span, worked out at most every ten minutes.

A thread's value is the sum of the positive scores of its posts of that span. What counts is shown in a board that is
not hidden, by its author's will no sage, and not by a LIMITED person; so nobody can lift a thread by making identities.
"""

from __future__ import annotations

import sqlite3

from zbnntp.local import TOPS
from zbnntp.store import numbers, toplists
from zbnntp.visibility import settle

TOP_SECONDS = 600
TOP_THREADS = 50
_DAY = 86_400
SPANS = {"day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY, "year": 365 * _DAY}  # seconds

Tops = dict[int, set[str]]


def wanted(database: sqlite3.Connection, view: int, now: int) -> Tops:
    """Which threads are to stand in which groups."""
    found: Tops = {}
    for span, seconds in SPANS.items():
        for thread, _ in toplists.valued_threads(database, view, now - seconds, TOP_THREADS):
            found.setdefault(thread, set()).add(TOPS[span])
    return found


def standing(database: sqlite3.Connection, view: int) -> Tops:
    """Which stand there now."""
    found: Tops = {}
    for name in TOPS.values():
        for article in numbers.members(database, view, name):
            found.setdefault(article, set()).add(name)
    return found


def recompute(database: sqlite3.Connection, view: int, now: int) -> bool:
    """Bring the groups up to date; False when nothing has changed in them."""
    before, after = standing(database, view), wanted(database, view, now)
    if before == after:
        return False
    settle(database, view, before.keys() | after.keys(), now, after)
    return True
