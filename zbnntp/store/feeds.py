"""What news servers have been sent of a view: one bit a number, so that it can be taken up at any time.

The blocks are those of overview.py. A block is looked at again when its version is another than it was when all of it
had been sent; versions only ever grow, over rebuilds too.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from zbnntp.store.overview import BLOCK_NUMBERS

_SENT_OCTETS = BLOCK_NUMBERS // 8


@dataclass(frozen=True, slots=True)
class Fed:
    """A block of a group: the numbers that a server was sent of it, and those of them that it surely has."""

    newsgroup: int
    block: int
    version: int  # of the block as it is now
    sent: frozenset[int]
    sure: frozenset[int]


def feed_pk(database: sqlite3.Connection, view: int, server: str) -> int:
    """The feed of a view to a server, made when it is the first time."""
    database.execute("INSERT OR IGNORE INTO feed (view, server) VALUES (?, ?)", (view, server))
    return int(find_feed(database, view, server) or 0)


def find_feed(database: sqlite3.Connection, view: int, server: str) -> int | None:
    row = database.execute("SELECT pk FROM feed WHERE view = ? AND server = ?", (view, server)).fetchone()
    return int(row[0]) if row else None


def offer_again(database: sqlite3.Connection, feed: int, since: int) -> None:
    """Of blocks of which something was sent at or after a time, nothing is sure any more."""
    database.execute("UPDATE fed SET sure = x'', version = 0 WHERE feed = ? AND at >= ?", (feed, since))


def waiting(database: sqlite3.Connection, view: int, feed: int) -> list[tuple[int, str]]:
    """Groups of the view that are not hidden, boards or not, in which something has changed: key and name."""
    return database.execute(
        "SELECT n.pk, n.name FROM newsgroup n WHERE n.view = ? AND NOT n.hidden AND EXISTS "
        "(SELECT 1 FROM block b LEFT JOIN fed f ON f.feed = ? AND f.newsgroup = b.newsgroup AND f.block = b.block "
        "WHERE b.newsgroup = n.pk AND b.version IS NOT f.version) ORDER BY n.name",
        (view, feed),
    ).fetchall()


_BLOCKS = (
    "SELECT b.newsgroup, b.block, b.version, coalesce(f.sent, x''), coalesce(f.sure, x'') FROM block b "
    "LEFT JOIN fed f ON f.feed = ? AND f.newsgroup = b.newsgroup AND f.block = b.block WHERE b.newsgroup = ? AND "
)
_NEXT = _BLOCKS + "b.version IS NOT f.version ORDER BY b.block LIMIT 1"
_ONE = _BLOCKS + "b.block = ?"


def next_block(database: sqlite3.Connection, feed: int, newsgroup: int) -> Fed | None:
    """The first block of a group in which something has changed."""
    return _fed(database.execute(_NEXT, (feed, newsgroup)).fetchone())


def find_block(database: sqlite3.Connection, feed: int, newsgroup: int, block: int) -> Fed | None:
    return _fed(database.execute(_ONE, (feed, newsgroup, block)).fetchone())


def _fed(row: tuple[int, int, int, bytes, bytes] | None) -> Fed | None:
    if row is None:
        return None
    newsgroup, block, version, sent, sure = row
    return Fed(newsgroup, block, version, frozenset(_numbers(block, sent)), frozenset(_numbers(block, sure)))


def note_sent(database: sqlite3.Connection, feed: int, fed: Fed, now: int) -> None:
    """What a server has of a block from now on. `fed.version` 0: something of it is left to send."""
    database.execute(
        "INSERT OR REPLACE INTO fed VALUES (?, ?, ?, ?, ?, ?, ?)",
        (feed, fed.newsgroup, fed.block, _bits(fed.block, fed.sent), _bits(fed.block, fed.sure), fed.version, now),
    )


def articles(database: sqlite3.Connection, newsgroup: int, numbers: Iterable[int]) -> dict[int, tuple[int, bytes]]:
    """By number, of those that numbers of a group were given to: key and id."""
    rows = database.execute(
        "SELECT n.number, a.pk, a.id FROM number n JOIN article a ON a.pk = n.article "
        "WHERE n.newsgroup = ? AND n.number IN (SELECT value FROM json_each(?))",
        (newsgroup, json.dumps(list(numbers))),
    )
    return {number: (article, identifier) for number, article, identifier in rows}


def _numbers(block: int, sent: bytes) -> Iterable[int]:
    bits = int.from_bytes(sent, "little")
    return (block * BLOCK_NUMBERS + bit for bit in range(BLOCK_NUMBERS) if bits >> bit & 1)


def _bits(block: int, numbers: Iterable[int]) -> bytes:
    bits = sum(1 << number - block * BLOCK_NUMBERS for number in numbers)
    return bits.to_bytes(_SENT_OCTETS, "little")
