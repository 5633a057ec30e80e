"""Promises to newsreaders: groups, article numbers, water marks; and writing the overview of what is visible.

A number is given at first exposure and kept for ever: what is hidden leaves a gap, what comes back has its old number
if that is not below the low mark. The low mark never falls, a new number exceeds all ever given. What was shown when
it expired never comes back: a row of `number` below the low mark says so. RFC 3977 section 6.1.1.2, docs/newsgroups.md
"Article numbers".

Questions about articles are CROSS JOINs: from an article to the few groups where it is, whatever the planner thinks,
and not from thousands of groups to the article.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zbnntp.model.article import Form, Rendered
from zbnntp.store import overview


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


def set_description(database: sqlite3.Connection, newsgroup: int, description: str) -> None:
    database.execute("UPDATE newsgroup SET description = ? WHERE pk = ?", (description, newsgroup))


def hide_names(database: sqlite3.Connection, view: int, name: str, hidden: bool) -> None:
    """Hide or show a group, or all groups below a hierarchy when the name ends with a dot."""
    wanted = "substr(name, 1, length(?3)) = ?3" if name.endswith(".") else "name = ?3"
    database.execute(f"UPDATE newsgroup SET hidden = ?2 WHERE view = ?1 AND {wanted}", (view, hidden, name))  # noqa: S608


def members(database: sqlite3.Connection, view: int, name: str) -> list[int]:
    """The posts that stand in a group."""
    rows = database.execute(
        "SELECT o.article FROM newsgroup n JOIN standing o ON o.newsgroup = n.pk WHERE n.view = ? AND n.name = ? "
        "AND NOT EXISTS (SELECT 1 FROM local_article l WHERE l.article = o.article)",
        (view, name),
    )
    return [article for (article,) in rows]


def hidden_names(database: sqlite3.Connection, view: int) -> list[str]:
    return [name for (name,) in database.execute("SELECT name FROM newsgroup WHERE view = ? AND hidden", (view,))]


def is_exposed(database: sqlite3.Connection, view: int, article: int) -> bool:
    """Whether the article stands in a group of the view now."""
    return bool(
        database.execute(
            "SELECT 1 FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup WHERE o.article = ? AND n.view = ?",
            (article, view),
        ).fetchone()
    )


def has_expired(database: sqlite3.Connection, view: int, article: int) -> bool:
    """Whether a post was shown in a group of the view until it expired there."""
    return bool(
        database.execute(
            "SELECT 1 FROM number o CROSS JOIN newsgroup n ON n.pk = o.newsgroup WHERE o.article = ? AND n.view = ? "
            "AND o.number < n.low",
            (article, view),
        ).fetchone()
    )


def places_of(database: sqlite3.Connection, view: int, article: int) -> list[tuple[str, int]]:
    """The groups of a view where an article stands now, and its numbers."""
    return database.execute(
        "SELECT n.name, o.number FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article = ? AND n.view = ? ORDER BY n.name",
        (article, view),
    ).fetchall()


def shown_in(database: sqlite3.Connection, view: int, article: int) -> tuple[str, ...]:
    """The groups where an article stands now, of those that a newsreader of the view is shown."""
    rows = database.execute(
        "SELECT n.name FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article = ? AND n.view = ? AND NOT n.hidden ORDER BY n.name",
        (article, view),
    )
    return tuple(name for (name,) in rows)


def exposed_by(database: sqlite3.Connection, view: int, author: int) -> list[int]:
    """The articles of an author that stand in the view's groups now; headers without text are among them."""
    rows = database.execute(
        "SELECT DISTINCT o.article FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup WHERE n.view = ?1 "
        "AND o.article IN (SELECT article FROM post WHERE author = ?2 "
        "UNION SELECT thread FROM opening WHERE author = ?2)",
        (view, author),
    )
    return [article for (article,) in rows]


def standing(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> dict[int, dict[str, int]]:
    """In which groups of the view articles stand now, and their numbers there."""
    rows = database.execute(
        "SELECT o.article, n.name, o.number FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article IN (SELECT value FROM json_each(?)) AND n.view = ?",
        (json.dumps(list(articles)), view),
    )
    found: dict[int, dict[str, int]] = {}
    for article, name, number in rows:
        found.setdefault(article, {})[name] = number
    return found


def placeholders(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> set[int]:
    """Those of the articles in whose place a placeholder stands in the view."""
    rows = database.execute(
        "SELECT u.article FROM number u CROSS JOIN newsgroup n ON n.pk = u.newsgroup "
        "CROSS JOIN overview o ON o.newsgroup = u.newsgroup AND o.number = u.number "  # they are never packed
        "WHERE u.article IN (SELECT value FROM json_each(?)) AND n.view = ? AND o.form = ?",
        (json.dumps(list(articles)), view, int(Form.PLACEHOLDER)),
    )
    return {article for (article,) in rows}


def expired(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> dict[int, set[str]]:
    """In which groups of the view articles were shown until they expired there."""
    rows = database.execute(
        "SELECT o.article, n.name FROM number o CROSS JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article IN (SELECT value FROM json_each(?)) AND n.view = ? AND o.number < n.low",
        (json.dumps(list(articles)), view),
    )
    found: dict[int, set[str]] = {}
    for article, name in rows:
        found.setdefault(article, set()).add(name)
    return found


def expose(
    database: sqlite3.Connection,
    view: int,
    article: int,
    author: int | None,
    groups: Mapping[str, str],
    rendered: Rendered,
    now: int,
    sage: bool = False,
) -> bool:
    """Show an article in these groups (name to description) and no others; False when it has expired in all of them.

    Numbers come first, so that each row's Xref names all groups, those too where it has expired.
    """
    places = {name: add_newsgroup(database, view, name, now, text) for name, text in groups.items()}
    _leave_all_but(database, view, article, places.values())
    given = {name: _number(database, newsgroup, article, now) for name, newsgroup in places.items()}
    xref = xref_line({name: number for name, (number, _) in given.items()})
    shown = [(places[name], number) for name, (number, expired) in given.items() if not expired]
    for newsgroup, number in shown:
        _put(database, newsgroup, number, article, author, rendered, xref, sage, rendered.form)
    return bool(shown)


def update_fields(database: sqlite3.Connection, view: int, article: int, rendered: Rendered) -> None:
    """The rendered fields of an exposed article anew: a nick has changed."""
    groups = {group for (group,) in database.execute("SELECT pk FROM newsgroup WHERE view = ?", (view,))}
    for spot in overview.places(database, article):
        if spot.newsgroup in groups and (row := overview.open_spot(database, spot)):
            _put(database, spot.newsgroup, row.number, article, row.author, rendered, row.xref, row.sage, row.form)


def _put(
    database: sqlite3.Connection,
    newsgroup: int,
    number: int,
    article: int,
    author: int | None,
    rendered: Rendered,
    xref: bytes,
    sage: int,
    form: int,
) -> None:
    fields = b"\t".join((rendered.subject, rendered.sender, rendered.date, rendered.message_id, rendered.references))
    values = (newsgroup, number, article, author, fields, rendered.octets, rendered.lines, xref, sage, form)
    database.execute(
        "INSERT INTO overview VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (newsgroup, number) "
        "DO UPDATE SET fields = excluded.fields, octets = excluded.octets, lines = excluded.lines, "
        "xref = excluded.xref, sage = excluded.sage, form = excluded.form",
        values,
    )


def hide(database: sqlite3.Connection, view: int, article: int) -> None:
    """Take an article out of the view's groups; its numbers stay promised."""
    _leave_all_but(database, view, article, ())


def _leave_all_but(database: sqlite3.Connection, view: int, article: int, kept: Iterable[int]) -> None:
    rows = database.execute(
        "SELECT o.newsgroup, o.number FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE o.article = ? AND n.view = ?",
        (article, view),
    ).fetchall()
    staying = set(kept)
    for newsgroup, number in rows:
        if newsgroup not in staying:
            _take_out(database, newsgroup, number)


def _take_out(database: sqlite3.Connection, newsgroup: int, number: int) -> None:
    """Nothing is visible under a number any more."""
    database.execute("DELETE FROM overview WHERE newsgroup = ? AND number = ?", (newsgroup, number))
    database.execute(
        "INSERT OR IGNORE INTO gap SELECT newsgroup, ?2 FROM packed WHERE newsgroup = ?1 AND block = ?2 / ?3",
        (newsgroup, number, overview.BLOCK_NUMBERS),
    )


def expire(database: sqlite3.Connection, newsgroup: int, given_before: int) -> None:
    """Drop the articles whose numbers were given before a time; the low mark rises past them, for ever.

    Posts that are shown keep their rows of `number`, which say that they have expired. What is hidden just now loses
    its row, and is new if it ever comes back.
    """
    low, last = database.execute(
        "SELECT low, (SELECT max(number) FROM number WHERE newsgroup = pk AND number >= low AND given < ?) "
        "FROM newsgroup WHERE pk = ?",
        (given_before, newsgroup),
    ).fetchone()
    if last is None:
        return
    shown = _standing_up_to(database, newsgroup, last)
    gone = database.execute(
        "DELETE FROM number WHERE newsgroup = ?1 AND number BETWEEN ?2 AND ?3 "
        "AND (number NOT IN (SELECT value FROM json_each(?4)) "
        "OR article IN (SELECT article FROM local_article WHERE newsgroup = ?1)) RETURNING article",
        (newsgroup, low, last, json.dumps(shown)),
    ).fetchall()
    database.execute(
        "DELETE FROM local_article WHERE newsgroup = ? AND article IN (SELECT value FROM json_each(?))",
        (newsgroup, json.dumps([article for (article,) in gone])),
    )
    for number in shown:
        _take_out(database, newsgroup, number)
    database.execute("UPDATE newsgroup SET low = ? WHERE pk = ?", (last + 1, newsgroup))


def expire_articles(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> None:
    """Posts that are kept no longer leave a view's groups; low marks rise past them where nothing else stands below.

    They keep their rows of `number`; what is hidden just now below the new low mark loses its row, as in `expire`.
    """
    found = database.execute(
        "SELECT o.newsgroup, o.number FROM standing o CROSS JOIN newsgroup n ON n.pk = o.newsgroup "
        "WHERE n.view = ? AND o.article IN (SELECT value FROM json_each(?))",
        (view, json.dumps(list(articles))),
    ).fetchall()
    tops: dict[int, int] = {}
    for newsgroup, number in found:
        _take_out(database, newsgroup, number)
        tops[newsgroup] = max(number, tops.get(newsgroup, 0))
    for newsgroup, top in tops.items():
        low, standing = database.execute(
            "SELECT low, (SELECT number FROM standing WHERE newsgroup = pk AND number >= low ORDER BY number LIMIT 1) "
            "FROM newsgroup WHERE pk = ?",
            (newsgroup,),
        ).fetchone()
        first = min(top + 1, standing or top + 1)
        if first > low:
            database.execute(
                "DELETE FROM number WHERE newsgroup = ? AND number < ? AND number >= ? "
                "AND EXISTS (SELECT 1 FROM post WHERE post.article = number.article)",
                (newsgroup, first, low),
            )
            database.execute("UPDATE newsgroup SET low = ? WHERE pk = ?", (first, newsgroup))


def _standing_up_to(database: sqlite3.Connection, newsgroup: int, last: int) -> list[int]:
    rows = database.execute("SELECT number FROM standing WHERE newsgroup = ? AND number <= ?", (newsgroup, last))
    return [number for (number,) in rows]


def xref_line(numbers: dict[str, int]) -> bytes:
    """An Xref header line without line end (RFC 5536 section 3.2.14); the server name is nobody's host name."""
    return ("Xref: zbnntp " + " ".join(f"{name}:{number}" for name, number in numbers.items())).encode()


def _number(database: sqlite3.Connection, newsgroup: int, article: int, now: int) -> tuple[int, bool]:
    """The article's number in a group, given now if it has none, and whether it has expired there."""
    low, high = database.execute("SELECT low, high FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchone()
    old = database.execute(
        "SELECT number FROM number WHERE article = ? AND newsgroup = ?", (article, newsgroup)
    ).fetchone()
    if old:
        return old[0], old[0] < low
    database.execute("INSERT INTO number VALUES (?, ?, ?, ?)", (newsgroup, high + 1, article, now))
    database.execute("UPDATE newsgroup SET high = ? WHERE pk = ?", (high + 1, newsgroup))
    return high + 1, False
