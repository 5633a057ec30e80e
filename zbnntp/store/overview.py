"""The overview as newsreaders ask for it: rows by number, by id, by block. Read only; numbers.py writes it.

A block is 256 numbers of a group. Triggers of the schema count the rows in each and note the version at which it
changed last, so that whoever keeps rendered blocks knows which of them to make anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from zbnntp.model.article import Form
from zbnntp.store import lines
from zbnntp.store.database import WINDOW_ROWS
from zbnntp.store.posts import id_key

BLOCK_NUMBERS = 256  # as in the triggers


class Row(NamedTuple):
    """One visible article. `body` is the post's where it was asked for; the node's own articles have none."""

    number: int
    article: int
    author: int | None  # None: made by this node
    fields: bytes  # subject, sender, date, id, references
    octets: int
    lines: int
    xref: bytes
    sage: int  # 0 or 1
    form: int  # model.article.Form
    score: int  # what its votes come to, in store.votes.UNITS
    body: bytes | None = None  # as written


_COLUMNS = "o.number, o.article, o.author, o.fields, o.octets, o.lines, o.xref, o.sage, o.form, o.score"
_LINE = "LEFT JOIN post p ON p.article = o.article LEFT JOIN line ON line.pk = p.line "
_SPAN = "WHERE o.newsgroup = ? AND o.number BETWEEN ? AND ? ORDER BY o.number LIMIT ?"
_ROWS = f"SELECT {_COLUMNS}, NULL FROM overview o {_SPAN}"  # noqa: S608
_FILED = f"SELECT {_COLUMNS}, line.octets FROM overview o {_LINE} {_SPAN}"  # noqa: S608
_FOUND = f"SELECT o.newsgroup, {_COLUMNS}, line.octets FROM overview o {_LINE}WHERE o.article = ?"  # noqa: S608
_FOUND_BY_KEY = (  # in this order, whatever the planner thinks: of 64 bits there is one
    f"SELECT o.newsgroup, {_COLUMNS}, line.octets FROM article a "  # noqa: S608
    f"CROSS JOIN overview o ON o.article = a.pk {_LINE}WHERE a.key = ?"
)


def rows(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int = WINDOW_ROWS) -> Iterable[Row]:
    """Visible articles from `low` on."""
    return map(Row._make, database.execute(_ROWS, (newsgroup, low, high, limit)))


def filed(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int = WINDOW_ROWS) -> list[Row]:
    """The same with their bodies."""
    return [_with_body(database, columns) for columns in database.execute(_FILED, (newsgroup, low, high, limit))]


def places(database: sqlite3.Connection, article: int) -> list[tuple[int, Row]]:
    """An article with the key of each group, of any view, where it is visible."""
    return [(columns[0], _with_body(database, columns[1:])) for columns in database.execute(_FOUND, (article,))]


def places_by_id(database: sqlite3.Connection, identifier: bytes, message_id: bytes) -> list[tuple[int, Row]]:
    """The same for a post id or a local id and the Message-ID made of it."""
    found = database.execute(_FOUND_BY_KEY, (id_key(identifier),))
    places = [(columns[0], _with_body(database, columns[1:])) for columns in found]
    return [place for place in places if place[1].fields.split(b"\t", 4)[3] == message_id]


def _with_body(database: sqlite3.Connection, columns: Sequence[Any]) -> Row:
    row = Row._make(columns)
    return (
        row if row.body is None or row.form >= Form.SPECIAL else row._replace(body=lines.read_body(database, row.body))
    )


def blocks_since(database: sqlite3.Connection, newsgroup: int, version: int) -> list[tuple[int, int, int]]:
    """Block, count of rows and version of the blocks of a group that have changed since a version."""
    return database.execute(
        "SELECT block, count, version FROM block WHERE newsgroup = ? AND version > ? ORDER BY block",
        (newsgroup, version),
    ).fetchall()


def level_version(database: sqlite3.Connection, view: int) -> int:
    """Counts up whenever a level or trust value changes that rows show."""
    row = database.execute("SELECT version FROM level_version WHERE view = ?", (view,)).fetchone()
    return int(row[0]) if row else 0


def numbers_window(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> list[int]:
    """At most WINDOW_ROWS visible numbers from `low` on."""
    found = database.execute(
        "SELECT number FROM overview WHERE newsgroup = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?",
        (newsgroup, low, high, WINDOW_ROWS),
    )
    return [number for (number,) in found]


_NEXT = "SELECT number FROM overview WHERE newsgroup = ? AND number > ? ORDER BY number LIMIT 1"
_PREVIOUS = "SELECT number FROM overview WHERE newsgroup = ? AND number < ? ORDER BY number DESC LIMIT 1"


def neighbour(database: sqlite3.Connection, newsgroup: int, number: int, step: int) -> int:
    """The next (step 1) or previous (-1) visible number; 0 when there is none."""
    row = database.execute(_NEXT if step > 0 else _PREVIOUS, (newsgroup, number)).fetchone()
    return int(row[0]) if row else 0


def given_since(database: sqlite3.Connection, newsgroup: int, high: int, since: int) -> int:
    """The first number that was given at or after a time; high + 1 when there is none. Numbers are given in order."""
    low, beyond = 1, high + 1
    while low < beyond:
        middle = (low + beyond) // 2
        row = database.execute(
            "SELECT number, given FROM number WHERE newsgroup = ? AND number >= ? ORDER BY number LIMIT 1",
            (newsgroup, middle),
        ).fetchone()
        if row is None or row[1] >= since:
            beyond = middle
        else:
            low = row[0] + 1
    return low
