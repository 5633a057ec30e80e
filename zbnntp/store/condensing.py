"""Packing: blocks of the overview that are full and have not changed for a while become one piece each (blocks.py).

A block is packed in a transaction of some milliseconds, and proves itself there: a row that does not come back as it
was stays a row. So do placeholders, which wait to be replaced. What changes later is written as a row, whose number
goes into `gap`; triggers do that, and mark the block to be packed anew. Nothing that newsreaders see changes by all
this, so no count and no version does. docs/store.md "Derived".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial

from zbnntp.model.article import Form, date_field, sender_name
from zbnntp.model.keys import Identity, identity_tail, parse_message_id
from zbnntp.store import blocks, overview, telling
from zbnntp.store.blocks import BLOCK_NUMBERS, NUMBER_MOST, Block, Line
from zbnntp.store.overview import Row
from zbnntp.store.posts import find_article

ROWS_LEAST = 64  # in a block with fewer, the numbers that it lacks would take more room than packing saves

_THIS_BLOCK = "block WHERE newsgroup = ? AND block = ?"


def version(database: sqlite3.Connection) -> int:
    """Of all groups together: what has not changed since a version that was seen a while ago is quiet."""
    return int(database.execute("SELECT coalesce(max(version), 0) FROM newsgroup").fetchone()[0])


def waiting(database: sqlite3.Connection, quiet: int) -> list[tuple[int, int]]:
    """Group and number of the blocks to pack: all their numbers are given, and nothing has changed since a version."""
    return database.execute(
        "SELECT b.newsgroup, b.block FROM block b JOIN newsgroup n ON n.pk = b.newsgroup "
        "LEFT JOIN packed p ON p.newsgroup = b.newsgroup AND p.block = b.block "
        "WHERE b.version <= ?1 AND (b.block + 1) * ?2 - 1 <= n.high "
        "AND CASE WHEN p.pk IS NULL THEN b.count >= ?3 ELSE p.stale END",
        (quiet, BLOCK_NUMBERS, ROWS_LEAST),
    ).fetchall()


def pack(database: sqlite3.Connection, newsgroup: int, block: int, least: int = ROWS_LEAST) -> None:
    """Pack a block, or pack it anew; one of few rows comes apart."""
    rows = {row.number: row for row in overview.rows(database, newsgroup, *_span(block))}
    with _uncounted(database, newsgroup, block):
        if database.execute(overview.IS_PACKED, (newsgroup, block)).fetchone():
            _unpack(database, newsgroup, block, rows.values())
        if len(rows) < least:
            return
        lines = _lines(database, newsgroup, rows)
        odd = _odd(database, newsgroup, rows, lines)
        lines |= {number: _whole(rows[number]) for number in odd}
        for number in _odd(database, newsgroup, rows, lines) if odd else ():
            del lines[number]
        _keep(database, newsgroup, block, lines)


def renew(database: sqlite3.Connection, articles: Iterable[int]) -> None:
    """Leave nothing in packed blocks of what articles were there and are not any more, or not like that."""
    found = database.execute(
        "SELECT DISTINCT p.newsgroup, p.block FROM number n JOIN packed p ON p.newsgroup = n.newsgroup "
        "AND p.block = n.number / ? WHERE n.article IN (SELECT value FROM json_each(?)) AND p.stale",
        (BLOCK_NUMBERS, json.dumps(list(articles))),
    ).fetchall()
    for newsgroup, block in found:
        pack(database, newsgroup, block)


def unpack_all(database: sqlite3.Connection) -> None:
    """Make all rows rows; those of a block that cannot be read are lost."""
    for newsgroup, block in database.execute("SELECT newsgroup, block FROM packed").fetchall():
        with _uncounted(database, newsgroup, block):
            _unpack(database, newsgroup, block, _rows_or_lose(database, newsgroup, block))


def _span(block: int) -> tuple[int, int]:
    return block * BLOCK_NUMBERS, (block + 1) * BLOCK_NUMBERS - 1


@contextmanager
def _uncounted(database: sqlite3.Connection, newsgroup: int, block: int) -> Iterator[None]:
    """Whatever triggers do meanwhile to counts and versions is taken back."""
    where = (newsgroup, block)
    groups = database.execute("SELECT count, version, pk FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchall()
    rows = database.execute(f"SELECT * FROM {_THIS_BLOCK}", where).fetchall()  # noqa: S608
    yield
    database.executemany("UPDATE newsgroup SET count = ?, version = ? WHERE pk = ?", groups)
    database.execute(f"DELETE FROM {_THIS_BLOCK}", where)  # noqa: S608
    database.executemany("INSERT INTO block VALUES (?, ?, ?, ?)", rows)
    database.execute("UPDATE packed SET stale = 0 WHERE newsgroup = ? AND block = ?", where)


def _lines(database: sqlite3.Connection, newsgroup: int, rows: Mapping[int, Row]) -> dict[int, Line]:
    """What to keep of rows, by their numbers; of placeholders nothing."""
    (group,) = database.execute("SELECT name FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchone()
    times = dict(
        database.execute(
            "SELECT n.number, p.time FROM number n JOIN post p ON p.article = n.article "
            "WHERE n.newsgroup = ? AND n.number BETWEEN ? AND ?",
            (newsgroup, min(rows), max(rows)),
        ).fetchall()
    )
    people = json.dumps([row.author for row in rows.values()])
    identities = dict(
        database.execute("SELECT pk, id FROM person WHERE pk IN (SELECT value FROM json_each(?))", (people,)).fetchall()
    )
    find = cache(partial(_article_named, database))
    packable = {number: row for number, row in rows.items() if row.form < Form.PLACEHOLDER}
    lines = {
        number: _line(row, times.get(number), identities.get(row.author), find) or _whole(row)
        for number, row in packable.items()
    }
    alone = "Xref: zbnntp {}:{}"
    return {
        number: it._replace(xref=b"") if it.xref == alone.format(group, number).encode() else it
        for number, it in lines.items()
    }


def _line(row: Row, time: int | None, identity: Identity | None, find: Callable[[bytes], int | None]) -> Line | None:
    """None where not all of it can be told."""
    if not row.author or time is None or identity is None:
        return None
    subject, sender, date, _, references = row.fields.split(b"\t")
    keys = [key for name in references.split(b" ") if references and (key := find(name)) is not None]
    whole = len(keys) == len(references.split()) and max([*keys, row.author, time]) <= NUMBER_MOST
    name = sender_name(sender, identity)
    if name is None or date != date_field(time) or not whole:
        return None
    tail = int.from_bytes(identity_tail(identity), "big")
    return _whole(row)._replace(time=time, name=name, tail=tail, subject=subject, references=keys, whole=b"")


def _whole(row: Row) -> Line:
    """A line of which the fields stand there as they are."""
    offset = row.number % BLOCK_NUMBERS
    return Line(
        offset, row.octets, row.lines, 0, row.author or 0, b"", 0, b"", row.xref, row.sage, row.form, (), row.fields
    )


def _article_named(database: sqlite3.Connection, message_id: bytes) -> int | None:
    identifier = parse_message_id(message_id.decode())
    return find_article(database, identifier) if identifier else None


def _odd(database: sqlite3.Connection, newsgroup: int, rows: Mapping[int, Row], lines: Mapping[int, Line]) -> list[int]:
    """Numbers of the lines that do not come back as the rows that they were."""
    block = min(rows) // BLOCK_NUMBERS
    packed = Block(blocks.make([*lines.values()]))
    told = {row.number: row for row in telling.tell_rows(database, packed, newsgroup, *_span(block))}
    return [number for number in lines if told.get(number) != rows[number]]


def _keep(database: sqlite3.Connection, newsgroup: int, block: int, lines: Mapping[int, Line]) -> None:
    """Put a packed block in the place of rows."""
    low, high = _span(block)
    database.executemany(
        "DELETE FROM overview WHERE newsgroup = ? AND number = ?", [(newsgroup, number) for number in lines]
    )
    database.execute(
        "INSERT INTO packed (pk, newsgroup, block, octets) VALUES (random(), ?, ?, ?)",
        (newsgroup, block, blocks.make([*lines.values()])),
    )
    rest = [(newsgroup, number) for number in range(low, high + 1) if number not in lines]
    database.executemany("INSERT INTO gap VALUES (?, ?)", rest)


def _unpack(database: sqlite3.Connection, newsgroup: int, block: int, rows: Iterable[Row]) -> None:
    """Put rows in the place of a packed block; they are all that is visible of it."""
    span = (newsgroup, *_span(block))
    database.execute("DELETE FROM packed WHERE newsgroup = ? AND block = ?", (newsgroup, block))
    database.execute("DELETE FROM gap WHERE newsgroup = ? AND number BETWEEN ? AND ?", span)
    database.execute("DELETE FROM overview WHERE newsgroup = ? AND number BETWEEN ? AND ?", span)
    columns = [
        (newsgroup, it.number, it.article, it.author, it.fields, it.octets, it.lines, it.xref, it.sage, it.form)
        for it in rows
    ]
    marks = ", ".join("?" * 10)
    database.executemany(f"INSERT OR REPLACE INTO overview VALUES ({marks})", columns)  # noqa: S608


def _rows_or_lose(database: sqlite3.Connection, newsgroup: int, block: int) -> list[Row]:
    """Rows of a block; none where it is damaged."""
    try:
        return overview.rows(database, newsgroup, *_span(block))
    except sqlite3.Error:
        raise
    except Exception:
        return []
