"""All posts held, one bounded step after another: what a search reads.

A step is some WINDOW_ROWS posts, thread by thread as they stand side by side where they are sealed, the newest first;
of some people, author by author. No cursor stays open between two, so whoever goes through the whole store holds up
neither newsreaders nor the log (docs/store.md).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from zbnntp.model.errors import Missing
from zbnntp.store import lines
from zbnntp.store.database import WINDOW_ROWS, snapshot

_BEYOND = 1 << 62  # above every key
_COLUMNS = "SELECT author, article, time, line, thread FROM post "
_PAGE = _COLUMNS + "WHERE author = ?1 AND article < ?2 ORDER BY article DESC LIMIT ?3"
_NEXT = _COLUMNS + "WHERE thread <= ?1 AND (thread < ?1 OR article < ?2) ORDER BY thread DESC, article DESC LIMIT ?3"
_CHOSEN = _COLUMNS + "WHERE article IN (SELECT value FROM json_each(?)) ORDER BY article DESC"  # noqa: S608
_LINES = f"SELECT asked.value, {lines.kept('asked.value')} FROM json_each(?) asked {lines.joined('asked.value')}"  # noqa: S608


class Place(NamedTuple):
    """A post, and where its line is."""

    author: int
    article: int
    time: int  # unix seconds, as its author says
    line: int
    thread: int


def pages(database: sqlite3.Connection, people: Iterable[int] | None = None) -> Iterator[list[Place]]:
    """The posts of everybody, or of some people."""
    waiting: list[Place] = []
    for page in _everybodys(database) if people is None else _theirs(database, people):
        waiting += page
        if len(waiting) >= WINDOW_ROWS:
            yield waiting
            waiting = []
    yield waiting


def chosen(database: sqlite3.Connection, articles: Sequence[int]) -> list[Place]:
    """Those of some articles that are posts, newest arrival first."""
    return [Place(*row) for row in database.execute(_CHOSEN, (json.dumps(articles),))]


def _everybodys(database: sqlite3.Connection) -> Iterator[list[Place]]:
    page = _places(database, _NEXT, _BEYOND, _BEYOND, WINDOW_ROWS)
    while page:
        yield page
        page = _places(database, _NEXT, page[-1].thread, page[-1].article, WINDOW_ROWS)


def _theirs(database: sqlite3.Connection, people: Iterable[int]) -> Iterator[list[Place]]:
    for author in people:
        yield from _older(database, _places(database, _PAGE, author, _BEYOND, WINDOW_ROWS))


def _older(database: sqlite3.Connection, page: list[Place]) -> Iterator[list[Place]]:
    """A page of an author and those after it."""
    yield page
    while len(page) == WINDOW_ROWS:
        page = _places(database, _PAGE, page[-1].author, page[-1].article, WINDOW_ROWS)
        yield page


def _places(database: sqlite3.Connection, query: str, *values: int) -> list[Place]:
    return [Place(*row) for row in database.execute(query, values)]


def words(database: sqlite3.Connection, places: Sequence[Place]) -> Iterator[tuple[Place, bytes]]:
    """Posts with all that is said in them, in UTF-8, among what is not said; see `lines.words_in`."""
    found = dict(database.execute(_LINES, (json.dumps([place.line for place in places]),)).fetchall())
    for place in places:
        kept = found[place.line]
        if kept is None:
            continue
        try:
            said = lines.words_in(database, kept)
        except Missing:
            continue  # it is going just now
        yield place, said


def read(database: sqlite3.Connection, place: Place) -> bytes:
    """The post's line as it was received; empty for one that was purged, or has gone just now."""
    with snapshot(database):
        return lines.read(database, lines.find(database, place.line) or b"")


def count(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM post").fetchone()[0])
