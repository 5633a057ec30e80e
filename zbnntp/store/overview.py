"""The overview as newsreaders ask for it: rows by number, by id, by block. Read only; numbers.py writes it.

A block is 256 numbers of a group. Triggers of the schema count the rows in each and note the version at which it
changed last, so that whoever keeps rendered blocks knows which of them to make anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

from zbnntp.model.article import Form, sender_fields
from zbnntp.model.keys import message_ids
from zbnntp.store import lines, terse
from zbnntp.store.database import WINDOW_ROWS
from zbnntp.store.posts import find_article, id_key
from zbnntp.store.terse import Known

BLOCK_NUMBERS = 256  # as in the triggers
ID_OCTETS = 32  # of a post's id; those of the node's own articles have 16
_FIELDS, _ID = 4, 13  # columns in the queries below; what terse.py has to know begins with the id
_MANY_NAMES = "SELECT pk, id FROM article WHERE pk IN (SELECT value FROM json_each(?))"
_NAMES = [f"SELECT pk, id FROM article WHERE pk IN ({','.join('?' * few)})" for few in range(10)]  # noqa: S608


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


_COLUMNS = (
    "o.newsgroup, o.number, o.article, o.author, o.fields, o.octets, o.lines, o.xref, o.sage, o.form, o.score, {}, "
    "(SELECT name FROM newsgroup WHERE pk = o.newsgroup), "
    "coalesce(a.id, x''), coalesce(p.time, 0), coalesce(t.subject, ''), w.id, coalesce(m.nick, '')"
)
_OTHERS = (
    "LEFT JOIN post p ON p.article = o.article LEFT JOIN opening t ON t.thread = coalesce(p.thread, o.article) "
    "LEFT JOIN person w ON w.pk = o.author LEFT JOIN manifest m ON m.person = o.author "
)
_LINE = "LEFT JOIN line ON line.pk = p.line "
_SPAN = "WHERE o.newsgroup = ? AND o.number BETWEEN ? AND ? ORDER BY o.number LIMIT ?"
_ARTICLE = "FROM overview o JOIN article a ON a.pk = o.article "
_ROWS = f"SELECT {_COLUMNS.format('NULL')} {_ARTICLE}{_OTHERS}{_SPAN}"
_FILED = f"SELECT {_COLUMNS.format('line.octets')} {_ARTICLE}{_OTHERS}{_LINE}{_SPAN}"
_FOUND = f"SELECT {_COLUMNS.format('line.octets')} {_ARTICLE}{_OTHERS}{_LINE}WHERE o.article = ?"
_FOUND_BY_KEY = (  # in this order, whatever the planner thinks: of 64 bits there is one
    f"SELECT {_COLUMNS.format('line.octets')} FROM article a "  # noqa: S608
    f"CROSS JOIN overview o ON o.article = a.pk {_OTHERS}{_LINE}WHERE a.key = ?"
)
_KNOWN = (
    "SELECT a.id, coalesce(p.time, 0), coalesce(t.subject, ''), w.id, coalesce(m.nick, '') FROM article a "
    "LEFT JOIN post p ON p.article = a.pk LEFT JOIN opening t ON t.thread = coalesce(p.thread, a.pk) "
    "JOIN person w ON w.pk = ?2 LEFT JOIN manifest m ON m.person = ?2 WHERE a.pk = ?1"
)


def rows(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int = WINDOW_ROWS) -> list[Row]:
    """Visible articles from `low` on."""
    return _opened(database, database.execute(_ROWS, (newsgroup, low, high, limit)).fetchall())


def filed(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int = WINDOW_ROWS) -> list[Row]:
    """The same with their bodies."""
    return _opened(database, database.execute(_FILED, (newsgroup, low, high, limit)).fetchall())


def places(database: sqlite3.Connection, article: int) -> list[tuple[int, Row]]:
    """An article with the key of each group, of any view, where it is visible."""
    found = database.execute(_FOUND, (article,)).fetchall()
    return [(columns[0], row) for columns, row in zip(found, _opened(database, found), strict=True)]


def places_by_id(database: sqlite3.Connection, identifier: bytes, message_id: bytes) -> list[tuple[int, Row]]:
    """The same for a post id or a local id and the Message-ID made of it."""
    found = database.execute(_FOUND_BY_KEY, (id_key(identifier),)).fetchall()
    placed = zip(found, _opened(database, found), strict=True)
    return [(columns[0], row) for columns, row in placed if row.fields.split(b"\t", 4)[3] == message_id]


def kept_fields(database: sqlite3.Connection, article: int, author: int | None, fields: bytes) -> bytes:
    """What to keep of the fields of an article."""
    row = database.execute(_KNOWN, (article, author)).fetchone()
    if row is None:  # made by this node
        return terse.verbatim(fields)
    return terse.shorten(fields, Known._make(row), partial(find_article, database))


def _opened(database: sqlite3.Connection, found: Sequence[Sequence[Any]]) -> list[Row]:
    """Rows as they are printed, of the columns of a query."""
    keys = [terse.keys_in(columns[_FIELDS]) for columns in found]
    own, names = _names(database, [columns[_ID] for columns in found], set().union(*keys))
    senders = sender_fields({(columns[-2], columns[-1]) for columns in found if columns[-2]})
    made: list[Row] = []
    for columns, its, identifier in zip(found, keys, own, strict=True):
        _, number, article, author, kept, octets, count, xref, sage, form, score, line, group = columns[:_ID]
        fields = terse.expand(kept, its, columns[_ID:], identifier, names, senders)
        xref = xref or f"Xref: zbnntp {group}:{number}".encode()
        body = None if line is None or form >= Form.SPECIAL else lines.read_body(database, line)
        made.append(Row(number, article, author, fields, octets, count, xref, sage, form, score, body))
    return made


def _names(
    database: sqlite3.Connection, own: Sequence[bytes], articles: Collection[int]
) -> tuple[list[bytes], dict[int, bytes]]:
    """Message-IDs of ids, where they are those of posts, and of articles by their keys."""
    if len(articles) < len(_NAMES):
        found = database.execute(_NAMES[len(articles)], tuple(articles)).fetchall() if articles else []
    else:
        found = database.execute(_MANY_NAMES, (json.dumps(list(articles)),)).fetchall()
    ids = [it if len(it) == ID_OCTETS else bytes(ID_OCTETS) for it in own] + [it for _, it in found]
    texts = message_ids(ids)
    return texts[: len(own)], dict(zip([pk for pk, _ in found], texts[len(own) :], strict=True))


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
