"""Derived: posts as one view needs them, to show them or to decide whether they are shown."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from zbnntp.model.keys import Identity
from zbnntp.store import lines
from zbnntp.store.database import snapshot

WINDOW_ROWS = 256  # posts in memory at once


class Source(NamedTuple):
    """A post as one view needs it: what to render, and what decides whether it is shown."""

    article: int
    line: bytes
    author: int
    identity: Identity
    nick: str
    thread: int
    own_boards: str  # as the post says, comma-separated
    boards: str | None  # the thread's; None while its opening is not held
    subject: str | None  # the thread's
    mt: float
    level: int | None  # model.views.Level; None for an identity never ranked
    deleted: int  # 0 or 1: its author took it back
    sage: int  # 0 or 1
    opener: int | None  # who opened the thread
    opener_level: int | None
    answered: int | None  # who wrote the direct parent, if that is held
    carriers: int | None = None  # only the header is held: the highest model.views.Level of those who passed it on

    @property
    def is_opening(self) -> bool:
        return self.article == self.thread

    @property
    def is_stub(self) -> bool:
        """Whether the header alone is held, in a carry line, of a thread's opening."""
        return self.carriers is not None


_SOURCE = (
    f"SELECT post.article, {lines.kept('post.line')}, post.author, person.id, "  # noqa: S608
    "coalesce(manifest.nick, ''), post.thread, said.names, "
    "known.names, opening.subject, coalesce(level.mt, 0), level.level, "
    "coalesce(deletion.article, disowned.article) IS NOT NULL, post.sage, "
    "opening.author, opener.level, parent.author, NULL FROM post "
    "JOIN person ON person.pk = post.author LEFT JOIN manifest ON manifest.person = post.author "
    "JOIN boards AS said ON said.pk = post.boards "
    "LEFT JOIN opening ON opening.thread = post.thread LEFT JOIN boards AS known ON known.pk = opening.boards "
    "LEFT JOIN post AS parent ON parent.article = post.parent "
    f"{lines.joined('post.line')}"
    "LEFT JOIN deletion ON deletion.article = post.article AND deletion.author = post.author "
    "LEFT JOIN disowned ON disowned.article = post.article "
    "LEFT JOIN level ON level.view = ?1 AND level.person = post.author "
    "LEFT JOIN level AS opener ON opener.view = ?1 AND opener.person = opening.author "
)
_SOURCES = _SOURCE + "WHERE post.article IN (SELECT value FROM json_each(?2)) ORDER BY post.time, post.article"  # noqa: S608


def find_source(database: sqlite3.Connection, view: int, article: int) -> Source | None:
    with snapshot(database):
        row = database.execute(_SOURCE + "WHERE post.article = ?2", (view, article)).fetchone()
        return opened_source(database, row) if row and row[1] is not None else None


def opened_source(database: sqlite3.Connection, row: Sequence[Any]) -> Source:
    """The columns of a query, the line among them as it was received."""
    source = Source._make(row)
    return source if source.line is None else source._replace(line=lines.read(database, source.line))


def read_sources(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> Iterator[Source]:
    """Those of the articles that are posts held here, oldest post first."""
    for window in _windows(oldest_first(database, articles)):
        with snapshot(database):
            rows = database.execute(_SOURCES, (view, window)).fetchall()
            found = [opened_source(database, row) for row in rows if row[1] is not None]
        yield from found


def glance(database: sqlite3.Connection, view: int, articles: Sequence[int], is_read: bool) -> Iterator[Source]:
    """The same in another order; not `is_read`: each with what is kept of its line in place of the line."""
    make = partial(opened_source, database) if is_read else Source._make
    for window in _windows(articles):
        rows = database.execute(_SOURCES, (view, window)).fetchall()
        yield from [make(row) for row in rows if row[1] is not None]


def oldest_first(database: sqlite3.Connection, articles: Iterable[int]) -> Sequence[int]:
    """Articles by the time of their posts; those that are none come before."""
    rows = database.execute(
        "SELECT value FROM json_each(?) LEFT JOIN post ON article = value ORDER BY time, article",
        (json.dumps(list(articles)),),
    )
    return array("q", (article for (article,) in rows))


def as_they_lie(database: sqlite3.Connection, articles: Iterable[int]) -> Sequence[int]:
    """Articles by where in the file the lines of their posts are: in this order many are read a good deal faster."""
    rows = database.execute(
        f"SELECT value FROM json_each(?) LEFT JOIN post ON article = value {lines.joined('post.line')}"  # noqa: S608
        f"ORDER BY {lines.order('post.line')}",
        (json.dumps(list(articles)),),
    )
    return array("q", (article for (article,) in rows))


def _windows(articles: Sequence[int]) -> Iterator[str]:
    """JSON of some articles at a time."""
    for start in range(0, len(articles), WINDOW_ROWS):
        yield json.dumps(list(articles[start : start + WINDOW_ROWS]))
