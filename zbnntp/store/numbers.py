"""Promises to newsreaders: groups, article numbers, water marks; and the overview of what is visible.

A number is given at first exposure and kept for ever: what is hidden leaves a gap, what comes back has its old number
if that is not below the low mark. The low mark never falls, a new number exceeds all ever given. RFC 3977 section
6.1.1.2, docs/newsgroups.md "Article numbers".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zbnntp.model.article import Rendered
from zbnntp.store.database import WINDOW_ROWS


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


@dataclass(frozen=True, slots=True)
class Row:
    """One visible article; `mt` and `level` are its author's, None for the node's own articles."""

    number: int
    article: int
    fields: bytes
    octets: int
    lines: int
    xref: bytes
    sage: int  # 0 or 1
    mt: float | None
    level: int | None


_NEWSGROUP = "SELECT pk, name, description, created, low, high, count, hidden FROM newsgroup "


def newsgroups(database: sqlite3.Connection, view: int) -> list[Newsgroup]:
    """All groups of a view by name, hidden ones too."""
    rows = database.execute(_NEWSGROUP + "WHERE view = ? ORDER BY name", (view,))
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
        values = (newsgroup, numbers[name], article, author, fields, rendered.octets, rendered.lines, xref, sage)
        database.execute("INSERT OR REPLACE INTO overview VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        _recount(database, newsgroup, +1)


def update_fields(database: sqlite3.Connection, view: int, article: int, rendered: Rendered) -> None:
    """The rendered fields of an exposed article anew: a nick has changed."""
    fields = b"\t".join((rendered.subject, rendered.sender, rendered.date, rendered.message_id, rendered.references))
    database.execute(
        "UPDATE overview SET fields = ?, octets = ?, lines = ? WHERE article = ? "
        "AND newsgroup IN (SELECT pk FROM newsgroup WHERE view = ?)",
        (fields, rendered.octets, rendered.lines, article, view),
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
        _recount(database, newsgroup, -1)


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


def _recount(database: sqlite3.Connection, newsgroup: int, by: int) -> None:
    database.execute("UPDATE newsgroup SET count = count + ? WHERE pk = ?", (by, newsgroup))


_ROW = (
    "SELECT o.number, o.article, o.fields, o.octets, o.lines, o.xref, o.sage, "
    "CASE WHEN o.author IS NULL THEN NULL ELSE coalesce(l.mt, 0) END, l.level "
    "FROM overview o LEFT JOIN level l ON l.view = ? AND l.person = o.author "
)


def overview_window(database: sqlite3.Connection, view: int, newsgroup: int, low: int, high: int) -> list[Row]:
    """At most WINDOW_ROWS visible articles from `low` on."""
    rows = database.execute(
        _ROW + "WHERE o.newsgroup = ? AND o.number BETWEEN ? AND ? ORDER BY o.number LIMIT ?",
        (view, newsgroup, low, high, WINDOW_ROWS),
    )
    return [Row(*row) for row in rows]


def find_row(database: sqlite3.Connection, view: int, newsgroup: int, number: int) -> Row | None:
    row = database.execute(_ROW + "WHERE o.newsgroup = ? AND o.number = ?", (view, newsgroup, number)).fetchone()
    return Row(*row) if row else None


def places_of(database: sqlite3.Connection, view: int, article: int) -> list[tuple[str, int, int]]:
    """Name and key of the groups where an article is visible, and its number there."""
    return database.execute(
        "SELECT n.name, n.pk, o.number FROM overview o JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article = ? AND n.view = ? ORDER BY n.name",
        (article, view),
    ).fetchall()


def numbers_window(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> list[int]:
    """At most WINDOW_ROWS visible numbers from `low` on."""
    rows = database.execute(
        "SELECT number FROM overview WHERE newsgroup = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?",
        (newsgroup, low, high, WINDOW_ROWS),
    )
    return [number for (number,) in rows]


def neighbour(database: sqlite3.Connection, newsgroup: int, number: int, step: int) -> tuple[int, int] | None:
    """Number and article of the next (step 1) or previous (-1) visible one."""
    order = "> ? ORDER BY number" if step > 0 else "< ? ORDER BY number DESC"
    return database.execute(  # type: ignore[no-any-return]
        f"SELECT number, article FROM overview WHERE newsgroup = ? AND number {order} LIMIT 1",  # noqa: S608
        (newsgroup, number),
    ).fetchone()


def exposed_since(database: sqlite3.Connection, newsgroup: int, since: int) -> Iterator[list[int]]:
    """Visible articles of a group whose number was given at or after a time, newest first, in windows."""
    below = 2**63 - 1
    while True:
        rows = database.execute(
            "SELECT number.number, number.given, o.article FROM number LEFT JOIN overview o "
            "ON o.newsgroup = number.newsgroup AND o.number = number.number "
            "WHERE number.newsgroup = ? AND number.number < ? ORDER BY number.number DESC LIMIT ?",
            (newsgroup, below, WINDOW_ROWS),
        ).fetchall()
        yield [article for _, given, article in rows if given >= since and article is not None]
        if len(rows) < WINDOW_ROWS or rows[-1][1] < since:
            return
        below = rows[-1][0]
