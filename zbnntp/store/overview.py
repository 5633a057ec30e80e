"""The overview as newsreaders ask for it: rows by number, by id, by block. Read only; numbers.py writes it.

A block is 256 numbers of a group. Triggers of the schema count the rows in each and note the version at which it
changed last, so that whoever keeps rendered blocks knows which of them to make anew. A block that has not changed for
a while is packed (condensing.py): blocks.py tells its rows, but for those whose numbers stand in `gap`; what changed
later stands in `overview`, as all rows of other blocks do.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from zbnntp.model.keys import PostId, message_id
from zbnntp.store import lines, telling
from zbnntp.store.blocks import BLOCK_NUMBERS as BLOCK_NUMBERS
from zbnntp.store.blocks import Block
from zbnntp.store.database import WINDOW_ROWS, Store, snapshot
from zbnntp.store.ids import id_key
from zbnntp.store.telling import Columns as Columns
from zbnntp.store.telling import Known
from zbnntp.store.telling import Row as Row
from zbnntp.store.telling import gaps as gaps

_number = itemgetter(0)
_COLUMNS = "o.number, o.article, o.author, o.fields, o.octets, o.lines, o.xref, o.sage, o.form, coalesce(s.units, 0), "
_VOTES = "LEFT JOIN score s ON s.article = o.article AND s.view = (SELECT view FROM newsgroup WHERE pk = ?1) "
_POST = "LEFT JOIN post p ON p.article = {}.article " + lines.joined("p.line")
_LINE = lines.kept("p.line")
_SPAN = "WHERE o.newsgroup = ?1 AND o.number BETWEEN ?2 AND ?3 ORDER BY o.number LIMIT ?4"
_OPEN = f"SELECT {_COLUMNS}NULL FROM overview o {_VOTES}{_SPAN}"  # noqa: S608
_OPEN_FILED = f"SELECT {_COLUMNS}{_LINE} FROM overview o {_VOTES}{_POST.format('o')}{_SPAN}"  # noqa: S608
_ONE = (  # in this order, whatever the planner thinks: of 48 bits, and of an article's key, there is one
    f"SELECT n.newsgroup, g.name, k.pk, n.number, n.article, a.id, coalesce(s.units, 0), {_LINE}, {_COLUMNS}NULL "  # noqa: S608
    "FROM {} CROSS JOIN newsgroup g ON g.pk = n.newsgroup "
    "LEFT JOIN overview o ON o.newsgroup = n.newsgroup AND o.number = n.number "
    "LEFT JOIN packed k ON k.newsgroup = n.newsgroup AND k.block = n.number / 256 AND o.number IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM gap d WHERE d.newsgroup = n.newsgroup AND d.number = n.number) "
    "LEFT JOIN score s ON s.article = n.article AND s.view = g.view "
    f"{_POST.format('n')}WHERE coalesce(o.number, k.pk) IS NOT NULL AND "
)
_BY_ARTICLE = "article a CROSS JOIN number n ON n.article = a.pk"
_BY_KEY = _ONE.format(_BY_ARTICLE) + "a.key = ?"
_BY_PK = _ONE.format(_BY_ARTICLE) + "a.pk = ?"
_BY_NUMBER = _ONE.format("number n CROSS JOIN article a ON a.pk = n.article") + "n.newsgroup = ? AND n.number = ?"
IS_PACKED = "SELECT pk FROM packed WHERE newsgroup = ? AND block = ?"


class Spot(NamedTuple):
    """Where an article is visible; `open_place` gives the row."""

    newsgroup: int
    name: str
    packed: int | None  # the block that tells the row; None: the row is there
    known: Known
    columns: Sequence[Any]  # of the row


def rows(
    database: sqlite3.Connection,
    newsgroup: int,
    low: int,
    high: int,
    limit: int = WINDOW_ROWS,
    filed: bool = False,
) -> list[Row]:
    """Visible articles from `low` on; with their bodies where they are to be `filed`."""
    found: list[Row] = []
    with snapshot(database):
        while len(found) < limit and (block := _next_block(database, newsgroup, low, high)) is not None:
            last = min(high, (block + 1) * BLOCK_NUMBERS - 1)
            found += _in_block(database, newsgroup, max(low, block * BLOCK_NUMBERS), last, limit - len(found), filed)
            low = last + 1
    return found


def columns(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> Columns:
    """Visible articles of a span of numbers, all of one block."""
    with snapshot(database):
        opened = [Row._make(it) for it in database.execute(_OPEN, (newsgroup, low, high, BLOCK_NUMBERS)).fetchall()]
        block = _packed_at(database, newsgroup, low)
        told = telling.tell_all(database, block, newsgroup, low, high) if block else Columns.of(())
    return Columns.of(sorted([*opened, *told.rows()], key=_number)) if opened else told


def find_row(database: sqlite3.Connection, newsgroup: int, number: int) -> Row | None:
    """One article with its body."""
    found = database.execute(_BY_NUMBER, (newsgroup, number)).fetchone()
    return open_spot(database, _spot(found)) if found else None


def find_name(database: sqlite3.Connection, newsgroup: int, number: int) -> str | None:
    """The Message-ID of one article; that of a post is told by its id."""
    found = database.execute(_BY_NUMBER, (newsgroup, number)).fetchone()
    if found is None:
        return None
    spot = _spot(found)
    if len(spot.known.identifier) == telling.ID_OCTETS:
        return message_id(PostId(spot.known.identifier))
    row = open_spot(database, spot)
    return row.fields.split(b"\t", 4)[3].decode() if row else None


def places(database: sqlite3.Connection, article: int) -> list[Spot]:
    """Each group, of any view, where an article is visible."""
    return [_spot(it) for it in database.execute(_BY_PK, (article,)).fetchall()]


def places_by_id(database: sqlite3.Connection, identifier: bytes) -> list[Spot]:
    """The same for a post id or a local id."""
    found = map(_spot, database.execute(_BY_KEY, (id_key(identifier),)).fetchall())
    return [it for it in found if it.known.identifier == identifier]


def open_spot(database: sqlite3.Connection, spot: Spot) -> Row | None:
    """The row of an article with its body; None when nothing is visible there any more."""
    known = spot.known
    if spot.packed is None:
        row = Row._make(spot.columns)
        return row._replace(body=telling.body_of(database, row.form, known.line))
    block = _block(database, spot.packed)
    if block is None:  # packed anew just now
        return next(iter(rows(database, spot.newsgroup, known.number, known.number, 1, True)), None)
    at = bisect_left(block.offsets, known.number % BLOCK_NUMBERS)
    return telling.tell(database, block, at, known, spot.name)


def _spot(found: Sequence[Any]) -> Spot:
    newsgroup, name, packed = found[:3]
    return Spot(newsgroup, name, packed, Known._make(found[3:8]), found[8:])


def _next_block(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> int | None:
    """The first block with visible articles among those of these numbers."""
    row = database.execute(
        "SELECT block FROM block WHERE newsgroup = ? AND block BETWEEN ? AND ? AND count > 0 ORDER BY block LIMIT 1",
        (newsgroup, low // BLOCK_NUMBERS, high // BLOCK_NUMBERS),
    ).fetchone()
    return row[0] if row and low <= high else None


def _in_block(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int, filed: bool) -> list[Row]:
    """Rows of one block."""
    span = (newsgroup, low, high, limit)
    found = [Row._make(it) for it in database.execute(_OPEN_FILED if filed else _OPEN, span).fetchall()]
    if filed:
        found = [row._replace(body=telling.body_of(database, row.form, row.body)) for row in found]
    block = _packed_at(database, newsgroup, low)
    if block is not None:
        found += telling.tell_rows(database, block, *span, filed)
        found.sort(key=_number)
    return found[:limit]


def _packed_at(database: sqlite3.Connection, newsgroup: int, number: int) -> Block | None:
    """The packed block of a number."""
    packed = database.execute(IS_PACKED, (newsgroup, number // BLOCK_NUMBERS)).fetchone()
    return _block(database, *packed) if packed else None


def _block(database: sqlite3.Connection, pk: int) -> Block | None:
    """A packed block, kept open for a while."""
    kept = database.blocks if isinstance(database, Store) else {}
    block = kept.pop(pk, None) or _find_block(database, pk)
    if block is not None:
        kept[pk] = block  # the last used is the last to go
        if len(kept) > Store.BLOCKS_MOST:
            del kept[next(iter(kept))]
    return block


def _find_block(database: sqlite3.Connection, pk: int) -> Block | None:
    row = database.execute("SELECT octets FROM packed WHERE pk = ?", (pk,)).fetchone()
    return Block(row[0]) if row else None


def versions(database: sqlite3.Connection, newsgroup: int, first: int, last: int) -> list[tuple[int, int]]:
    """Blocks of a span that hold visible articles, ascending, each with its version."""
    return database.execute(
        "SELECT block, version FROM block WHERE newsgroup = ? AND block BETWEEN ? AND ? AND count > 0 ORDER BY block",
        (newsgroup, first, last),
    ).fetchall()


def nearest_block(database: sqlite3.Connection, newsgroup: int, block: int, step: int) -> int | None:
    """The next block with visible articles above one (step 1) or below it (-1)."""
    beside = "block > ? AND count > 0 ORDER BY block" if step > 0 else "block < ? AND count > 0 ORDER BY block DESC"
    row = database.execute(
        f"SELECT block FROM block WHERE newsgroup = ? AND {beside} LIMIT 1",  # noqa: S608
        (newsgroup, block),
    ).fetchone()
    return int(row[0]) if row else None


def level_version(database: sqlite3.Connection, view: int) -> int:
    """Counts up whenever a level or trust value changes that rows show."""
    row = database.execute("SELECT version FROM level_version WHERE view = ?", (view,)).fetchone()
    return int(row[0]) if row else 0


def numbers_window(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> list[int]:
    """Visible numbers from `low` on: all of the first block that has any."""
    with snapshot(database):
        while (block := _next_block(database, newsgroup, low, high)) is not None:
            first, last = max(low, block * BLOCK_NUMBERS), min(high, (block + 1) * BLOCK_NUMBERS - 1)
            if found := _numbers_in(database, newsgroup, first, last):
                return found
            low = last + 1
    return []


def _numbers_in(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> list[int]:
    """Visible numbers of one block."""
    found = database.execute(
        "SELECT number FROM overview WHERE newsgroup = ? AND number BETWEEN ? AND ? ORDER BY number",
        (newsgroup, low, high),
    )
    numbers = [number for (number,) in found]
    if database.execute(IS_PACKED, (newsgroup, low // BLOCK_NUMBERS)).fetchone() is None:
        return numbers
    return sorted({*numbers, *range(low, high + 1)} - (gaps(database, newsgroup, low, high) - set(numbers)))


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
