"""The derived chapter as a whole: dropped here, made anew by zbnntp/rebuild.py from evidence and promises.

Levels stay (two bits of each are memory), and so do thread openings and deletions: their lines may have been dropped.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from zbnntp.model.entries import POSTS
from zbnntp.model.keys import Identity
from zbnntp.store import evidence

_FORMS = ("packed", "gap")  # another form of what stands in overview
_TABLES = ("overview", "block", "post", "carry", "rating", "registrar", "vote", "score", "ended", "disowned")
TABLES = (*_TABLES, *_FORMS)
COMPARED = (*_TABLES, "label", "opening", "newsgroup")  # what a rebuild of a sound store makes as it was
VOLATILE = frozenset({("block", "version"), ("newsgroup", "version"), ("opening", "line")})  # but for these columns


def sweep(database: sqlite3.Connection) -> None:
    """Forget what nothing leads to any more, once all is made anew."""
    database.execute("DELETE FROM boards WHERE pk NOT IN (SELECT boards FROM post UNION SELECT boards FROM opening)")


def clear(database: sqlite3.Connection) -> None:
    for table in TABLES:
        database.execute(f"DELETE FROM {table}")  # noqa: S608
    database.execute("UPDATE newsgroup SET count = 0")


def people(database: sqlite3.Connection) -> list[tuple[int, Identity]]:
    """Everybody of whom lines are held."""
    return database.execute(
        "SELECT pk, id FROM person WHERE pk IN (SELECT person FROM segment UNION SELECT person FROM line "
        "WHERE person IS NOT NULL) ORDER BY pk"
    ).fetchall()


def post_segments(database: sqlite3.Connection, person: int) -> Iterator[tuple[int | None, list[tuple[int, bytes]]]]:
    """The lines of each posts segment with their keys, in head order, but those that wait; then the outbox (None)."""
    waiting = {line for (line,) in database.execute("SELECT line FROM excess WHERE person = ?", (person,))}
    for segment in evidence.segments(database, person):
        if segment.role == POSTS:
            held = evidence.post_lines_in(database, segment.pk)
            yield segment.pk, [it for it in held if it[0] not in waiting]
    yield None, [(item.pk, item.octets) for item in evidence.outbox(database, person) if item.role == POSTS]


def articles(database: sqlite3.Connection) -> list[int]:
    """All posts held."""
    return [article for (article,) in database.execute("SELECT article FROM post")]


def notes(database: sqlite3.Connection) -> list[tuple[int, int, str, bytes]]:
    """The node's own articles that stand in a group: article, view, group name, octets; in order of their numbers."""
    return database.execute(
        "SELECT l.article, g.view, g.name, l.octets FROM local_article l JOIN newsgroup g ON g.pk = l.newsgroup "
        "JOIN number n ON n.newsgroup = g.pk AND n.article = l.article ORDER BY g.pk, n.number"
    ).fetchall()
