"""Everybody's ratings and replies at once: what the graph of trust is made of when a node starts.

Flat columns of integers, row after row: a row of Python objects a rating would cost more than the rest of the start.
"""

from __future__ import annotations

import sqlite3
from array import array
from itertools import chain

from zbnntp.model.keys import Identity

ABSENT = -(2**31)  # in place of an mt or tlt that was not given
RATING_COLUMNS, REPLY_COLUMNS = 4, 3


def people(database: sqlite3.Connection) -> list[tuple[int, Identity]]:
    """Everybody ever named: key and identity."""
    return database.execute("SELECT pk, id FROM person").fetchall()


def all_ratings(database: sqlite3.Connection, now: int) -> array[int]:
    """rater, target, mt, tlt (1/10000 or ABSENT) of all ratings that hold at `now`, unix seconds."""
    rows = database.execute(
        "SELECT rater, target, coalesce(mt, ?), coalesce(tlt, ?) FROM counted_rating WHERE until IS NULL OR until > ?",
        (ABSENT, ABSENT, now),
    )
    return array("q", chain.from_iterable(rows))


def all_reply_counts(database: sqlite3.Connection) -> array[int]:
    """author, author of what is answered, and how often; sage left out."""
    rows = database.execute(
        "SELECT reply.author, parent.author, count(*) FROM post AS reply NOT INDEXED "  # in the order of the file
        "JOIN post AS parent ON parent.article = reply.parent "
        "WHERE NOT reply.sage AND parent.author <> reply.author GROUP BY reply.author, parent.author"
    )
    return array("q", chain.from_iterable(rows))
