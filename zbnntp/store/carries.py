"""Derived: who passes on the opening of whose thread, and openings of which the header alone is held.

A carry line counts beside an answer in its segment (docs/protocol.md "carry"). All that count are noted, so that a
thread keeps its title while any of those who answered in it keeps the line.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator

from zbnntp.model.entries import Header
from zbnntp.model.kept import reopen_header
from zbnntp.model.keys import PostId
from zbnntp.model.views import Level
from zbnntp.store import lines
from zbnntp.store.posts import article_pk, find_article, is_answered_in
from zbnntp.store.sources import Source, opened_source

_STUB = (
    f"SELECT opening.thread, {lines.kept('opening.line')}, opening.author, person.id, "  # noqa: S608
    "coalesce(manifest.nick, ''), opening.thread, boards.names, boards.names, opening.subject, coalesce(level.mt, 0), "
    "CASE WHEN opening.author = :view THEN :full ELSE level.level END, "
    "deletion.article IS NOT NULL, 0, opening.author, level.level, NULL, "
    "(SELECT coalesce(max(CASE WHEN carry.carrier = :view THEN :full ELSE coalesce(l.level, 0) END), 0) FROM carry "
    "LEFT JOIN level AS l ON l.view = :view AND l.person = carry.carrier WHERE carry.thread = opening.thread) "
    "FROM opening JOIN boards ON boards.pk = opening.boards "
    "JOIN person ON person.pk = opening.author "
    f"{lines.joined('opening.line')}"
    "LEFT JOIN manifest ON manifest.person = opening.author "
    "LEFT JOIN deletion ON deletion.article = opening.thread AND deletion.author = opening.author "
    "LEFT JOIN level ON level.view = :view AND level.person = opening.author "
    "WHERE opening.thread IN (SELECT value FROM json_each(:articles) "
    "UNION SELECT thread FROM post WHERE article IN (SELECT value FROM json_each(:articles))) "
    "AND NOT EXISTS (SELECT 1 FROM post WHERE post.article = opening.thread) ORDER BY opening.thread"
)


def record_carry(database: sqlite3.Connection, header: Header, line: int, carrier: int, now: int) -> int:
    """Note that `line` passes an opening on; returns its thread."""
    thread = article_pk(database, header.id, now)
    database.execute("INSERT OR IGNORE INTO carry VALUES (?, ?, ?)", (thread, line, carrier))
    return thread


def is_carried_in(database: sqlite3.Connection, thread: PostId, segment: int) -> bool:
    """Whether a carry in a segment has counted for a thread."""
    row = database.execute(
        "SELECT 1 FROM carry WHERE thread = ? AND line BETWEEN ? AND ? LIMIT 1",
        (find_article(database, thread), *lines.span(segment)),
    ).fetchone()
    return row is not None


def release(database: sqlite3.Connection, segment: int) -> list[int]:
    """Before a segment goes: its carries go, and openings read off its lines are read off others, if there are any.

    Returns the threads concerned; of those that nobody passes on any more the header stays known, without a line.
    """
    span = lines.span(segment)
    rows = database.execute("SELECT DISTINCT thread FROM carry WHERE line BETWEEN ? AND ?", span).fetchall()
    threads = [thread for (thread,) in rows]
    database.execute("DELETE FROM carry WHERE line BETWEEN ? AND ?", span)
    database.execute(
        "UPDATE opening SET line = coalesce((SELECT line FROM post WHERE post.article = opening.thread "  # noqa: S608
        f"AND post.line NOT BETWEEN ?1 AND ?2 AND {lines.is_held('post.line')}), "
        "(SELECT min(line) FROM carry WHERE carry.thread = opening.thread)) WHERE line BETWEEN ?1 AND ?2 "
        "AND (author = (SELECT person FROM segment WHERE pk = ?3) OR thread IN (SELECT value FROM json_each(?4)))",
        (*span, segment, json.dumps(threads)),
    )
    return threads


def drop_unanswered(database: sqlite3.Connection, carrier: int, threads: Iterable[int]) -> list[int]:
    """Of somebody's carries for these threads those go beside which no answer counts; returns the threads concerned."""
    rows = database.execute(
        f"SELECT thread, line, {lines.kept('carry.line')} FROM carry {lines.joined('carry.line')}"  # noqa: S608
        f"WHERE thread IN (SELECT value FROM json_each(?)) AND carrier = ? AND {lines.is_held('carry.line')}",
        (json.dumps(list(threads)), carrier),
    ).fetchall()
    gone = [
        (thread, line)
        for thread, line, octets in rows
        if not is_answered_in(database, _header(database, octets), line // lines.ORDINALS)
    ]
    database.executemany("DELETE FROM carry WHERE thread = ? AND line = ?", gone)
    return [thread for thread, _ in gone]


def _header(database: sqlite3.Connection, octets: bytes) -> Header:
    return reopen_header(json.loads(lines.read(database, octets))["header"])


def stubs(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> Iterator[Source]:
    """The openings, without a text here, of the threads that these articles open or stand in; as if they were posts."""
    values = {"view": view, "full": int(Level.FULL), "articles": json.dumps(list(articles))}
    for row in database.execute(_STUB, values).fetchall():
        yield opened_source(database, row)


def find_stub(database: sqlite3.Connection, view: int, article: int) -> Source | None:
    """The opening that an article is, when its header alone is held."""
    return next((it for it in stubs(database, view, [article]) if it.article == article and it.line), None)
