"""The overview as newsreaders ask for it: rows by number, by id, by block. Read only; numbers.py writes it.

A block is 256 numbers of a group. Triggers of the schema count the rows in each and note the version at which it
changed last, so that whoever keeps rendered blocks knows which of them to make anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from zbnntp.store.database import WINDOW_ROWS
from zbnntp.store.posts import id_key

BLOCK_NUMBERS = 256  # as in the triggers


class Row(NamedTuple):
    """One visible article; `mt` and `level` are its author's, None for the node's own articles."""

    number: int
    article: int
    fields: bytes  # subject, sender, date, id, references
    octets: int
    lines: int
    xref: bytes
    sage: int  # 0 or 1
    form: int  # model.article.Form
    mt: float | None
    level: int | None


class Filed(NamedTuple):
    """A row, and the post's line; None for the node's own articles."""

    row: Row
    line: bytes | None


_COLUMNS = (
    "o.number, o.article, o.fields, o.octets, o.lines, o.xref, o.sage, o.form, "
    "CASE WHEN o.author IS NULL THEN NULL ELSE coalesce(l.mt, 0) END, l.level"
)
_LEVEL = "LEFT JOIN level l ON l.view = ?1 AND l.person = o.author "
_LINE = "LEFT JOIN post p ON p.article = o.article LEFT JOIN line ON line.pk = p.line "
_ROWS = (
    f"SELECT {_COLUMNS} FROM overview o {_LEVEL}"  # noqa: S608
    "WHERE o.newsgroup = ?2 AND o.number BETWEEN ?3 AND ?4 ORDER BY o.number LIMIT ?5"
)
_FILED = (
    f"SELECT {_COLUMNS}, line.octets FROM overview o {_LEVEL} {_LINE}"  # noqa: S608
    "WHERE o.newsgroup = ?2 AND o.number BETWEEN ?3 AND ?4 ORDER BY o.number LIMIT ?5"
)
_FOUND = (
    f"SELECT {_COLUMNS}, line.octets, n.name FROM overview o JOIN newsgroup n ON n.pk = o.newsgroup "  # noqa: S608
    f"{_LEVEL} {_LINE}WHERE o.article = ?2 AND n.view = ?1 ORDER BY n.name"
)
_FOUND_BY_ID = (
    f"SELECT {_COLUMNS}, line.octets, n.name FROM article a JOIN overview o ON o.article = a.pk "  # noqa: S608
    f"JOIN newsgroup n ON n.pk = o.newsgroup {_LEVEL} {_LINE}"
    "WHERE a.key = ?2 AND a.id = ?3 AND n.view = ?1 ORDER BY n.name"
)


def rows(
    database: sqlite3.Connection, view: int, newsgroup: int, low: int, high: int, limit: int = WINDOW_ROWS
) -> Iterable[Row]:
    """Visible articles from `low` on."""
    return map(Row._make, database.execute(_ROWS, (view, newsgroup, low, high, limit)))


def filed(
    database: sqlite3.Connection, view: int, newsgroup: int, low: int, high: int, limit: int = WINDOW_ROWS
) -> list[Filed]:
    """The same with what they are rendered from."""
    found = database.execute(_FILED, (view, newsgroup, low, high, limit))
    return [Filed(Row._make(columns[:-1]), columns[-1]) for columns in found]


def places(database: sqlite3.Connection, view: int, article: int) -> list[tuple[str, Filed]]:
    """An article in each group where it is visible, by name of the group."""
    found = database.execute(_FOUND, (view, article))
    return [(columns[-1], Filed(Row._make(columns[:-2]), columns[-2])) for columns in found]


def places_by_id(database: sqlite3.Connection, view: int, identifier: bytes) -> list[tuple[str, Filed]]:
    """The same for a post id or a local id."""
    found = database.execute(_FOUND_BY_ID, (view, id_key(identifier), identifier))
    return [(columns[-1], Filed(Row._make(columns[:-2]), columns[-2])) for columns in found]


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
