"""All posts held, one bounded step after another: what a search reads.

A step is at most WINDOW_ROWS posts of one author, newest arrival first; no cursor stays open between two, so whoever
goes through the whole store holds up neither newsreaders nor the log (docs/store.md).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from zbnntp.store import lines
from zbnntp.store.database import WINDOW_ROWS

_BEYOND = 1 << 62  # above every key
_PAGE = "SELECT article, time, line FROM post WHERE author = ? AND article < ? ORDER BY article DESC LIMIT ?"
_LINES = "SELECT pk, octets FROM line WHERE pk IN (SELECT value FROM json_each(?))"


class Place(NamedTuple):
    """A post, and where its line is."""

    article: int
    time: int  # unix seconds, as its author says
    line: int


def authors(database: sqlite3.Connection) -> Iterator[int]:
    """Everybody of whom posts are held."""
    author = -1
    while True:
        (author,) = database.execute("SELECT min(author) FROM post WHERE author > ?", (author,)).fetchone()
        if author is None:
            return
        yield author


def pages(database: sqlite3.Connection, author: int) -> Iterator[list[Place]]:
    """The posts of an author."""
    below, full = _BEYOND, True
    while full:
        page = [Place(*row) for row in database.execute(_PAGE, (author, below, WINDOW_ROWS))]
        yield page
        full = len(page) == WINDOW_ROWS
        below = page[-1].article if page else below


def words(database: sqlite3.Connection, places: Sequence[Place]) -> Iterator[tuple[Place, bytes]]:
    """Posts with all that is said in them, in UTF-8, among what is not said; see `lines.words_in`."""
    found = dict(database.execute(_LINES, (json.dumps([place.line for place in places]),)).fetchall())
    for place in places:
        if place.line in found:
            yield place, lines.words_in(found[place.line])


def read(database: sqlite3.Connection, place: Place) -> bytes:
    """The post's line as it was received; empty for one that was purged, or has gone just now."""
    row = database.execute("SELECT octets FROM line WHERE pk = ?", (place.line,)).fetchone()
    return lines.read(database, row[0]) if row else b""


def count(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM post").fetchone()[0])
