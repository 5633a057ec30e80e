"""Promises to newsreaders: groups, article numbers, water marks; and writing the overview of what is visible.

A number is given at first exposure and kept for ever: what is hidden leaves a gap, what comes back has its old number
if that is not below the low mark. The low mark never falls, a new number exceeds all ever given. RFC 3977 section
6.1.1.2, docs/newsgroups.md "Article numbers".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from zbnntp.model.article import Rendered


@dataclass(frozen=True, slots=True)
class Newsgroup:
    pk: int
    name: str
    description: str
    created: int
    low: int
    high: int
    count: int
    hidden: int  # 0 or 1

    version: int  # exceeds that of all others whenever something that is shown changes


_NEWSGROUP = "SELECT pk, name, description, created, low, high, count, hidden, version FROM newsgroup "


def newsgroups(database: sqlite3.Connection, view: int) -> list[Newsgroup]:
    """All groups of a view by name, hidden ones too."""
    rows = database.execute(_NEWSGROUP + "WHERE view = ? ORDER BY name", (view,))
    return [Newsgroup(*row) for row in rows]


def newsgroups_since(database: sqlite3.Connection, view: int, version: int) -> list[Newsgroup]:
    """Groups of a view that have changed since a version."""
    rows = database.execute(_NEWSGROUP + "WHERE version > ? AND view = ?", (version, view))
    return [Newsgroup(*row) for row in rows]


def find_newsgroup(database: sqlite3.Connection, view: int, name: str) -> Newsgroup | None:
    row = database.execute(_NEWSGROUP + "WHERE view = ? AND name = ?", (view, name)).fetchone()
    return Newsgroup(*row) if row else None


def add_newsgroup(database: sqlite3.Connection, view: int, name: str, now: int, description: str = "") -> int:
    """The group's key; made when it is new, its description replaced when one is given."""
    database.execute(
        "INSERT INTO newsgroup (view, name, description, created) VALUES (?, ?, ?, ?) ON CONFLICT (view, name) DO "
        "UPDATE SET description = excluded.description WHERE excluded.description <> ''",
        (view, name, description, now),
    )
    return int(database.execute("SELECT pk FROM newsgroup WHERE view = ? AND name = ?", (view, name)).fetchone()[0])


def set_hidden(database: sqlite3.Connection, newsgroup: int, hidden: bool) -> None:
    database.execute("UPDATE newsgroup SET hidden = ? WHERE pk = ?", (hidden, newsgroup))


def is_exposed(database: sqlite3.Connection, view: int, article: int) -> bool:
    """Whether the article stands in a group of the view now."""
    return bool(
        database.execute(
            "SELECT 1 FROM overview o JOIN newsgroup n ON n.pk = o.newsgroup WHERE o.article = ? AND n.view = ?",
            (article, view),
        ).fetchone()
    )


def exposed_by(database: sqlite3.Connection, view: int, author: int) -> list[int]:
    """The articles of an author that stand in the view's groups now."""
    rows = database.execute(
        "SELECT DISTINCT o.article FROM overview o JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.author = ? AND n.view = ?",
        (author, view),
    )
    return [article for (article,) in rows]


def expose(
    database: sqlite3.Connection,
    view: int,
    article: int,
    author: int | None,
    boards: Sequence[str],
    rendered: Rendered,
    now: int,
    sage: bool = False,
) -> None:
    """Show an article in its groups: numbers first, so that each row's Xref names them all."""
    places = [(name, add_newsgroup(database, view, name, now)) for name in boards]
    numbers = {name: _number(database, newsgroup, article, now) for name, newsgroup in places}
    xref = xref_line(numbers)
    fields = b"\t".join((rendered.subject, rendered.sender, rendered.date, rendered.message_id, rendered.references))
    for name, newsgroup in places:
        sizes = (rendered.octets, rendered.lines)
        values = (newsgroup, numbers[name], article, author, fields, *sizes, xref, sage, rendered.form)
        database.execute("INSERT INTO overview VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def update_fields(database: sqlite3.Connection, view: int, article: int, rendered: Rendered) -> None:
    """The rendered fields of an exposed article anew: a nick has changed."""
    fields = b"\t".join((rendered.subject, rendered.sender, rendered.date, rendered.message_id, rendered.references))
    database.execute(
        "UPDATE overview SET fields = ?, octets = ?, lines = ?, form = ? WHERE article = ? "
        "AND newsgroup IN (SELECT pk FROM newsgroup WHERE view = ?)",
        (fields, rendered.octets, rendered.lines, rendered.form, article, view),
    )


def hide(database: sqlite3.Connection, view: int, article: int) -> None:
    """Take an article out of the view's groups; its numbers stay promised."""
    rows = database.execute(
        "SELECT o.newsgroup, o.number FROM overview o JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article = ? AND n.view = ?",
        (article, view),
    ).fetchall()
    for newsgroup, number in rows:
        database.execute("DELETE FROM overview WHERE newsgroup = ? AND number = ?", (newsgroup, number))


def expire(database: sqlite3.Connection, newsgroup: int, given_before: int) -> None:
    """Drop the articles whose numbers were given before a time; the low mark rises past them, for ever."""
    last = database.execute(
        "SELECT max(number) FROM number WHERE newsgroup = ? AND given < ?", (newsgroup, given_before)
    ).fetchone()[0]
    if last is None:
        return
    database.execute(
        "DELETE FROM local_article WHERE newsgroup = ?1 AND article IN "
        "(SELECT article FROM number WHERE newsgroup = ?1 AND number <= ?2)",
        (newsgroup, last),
    )
    database.execute("DELETE FROM overview WHERE newsgroup = ? AND number <= ?", (newsgroup, last))
    database.execute("DELETE FROM number WHERE newsgroup = ? AND number <= ?", (newsgroup, last))
    database.execute("UPDATE newsgroup SET low = ? WHERE pk = ?", (last + 1, newsgroup))


def xref_line(numbers: dict[str, int]) -> bytes:
    """An Xref header line without line end (RFC 5536 section 3.2.14); the server name is nobody's host name."""
    return ("Xref: zbnntp " + " ".join(f"{name}:{number}" for name, number in numbers.items())).encode()


def _number(database: sqlite3.Connection, newsgroup: int, article: int, now: int) -> int:
    low, high = database.execute("SELECT low, high FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchone()
    old = database.execute(
        "SELECT number FROM number WHERE article = ? AND newsgroup = ?", (article, newsgroup)
    ).fetchone()
    if old and old[0] >= low:
        return int(old[0])
    if old:
        database.execute("DELETE FROM number WHERE newsgroup = ? AND number = ?", (newsgroup, old[0]))
    database.execute("INSERT INTO number VALUES (?, ?, ?, ?)", (newsgroup, high + 1, article, now))
    database.execute("UPDATE newsgroup SET high = ? WHERE pk = ?", (high + 1, newsgroup))
    return int(high) + 1
