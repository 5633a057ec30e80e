"""Lines as they were received, whatever form they are kept in: callers pass what stands in `line.octets`, or get it.

The key of a line says where it stands: segment * 2^20 + ordinal, below 0 in the outbox. docs/store.md "Lines".
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from functools import partial

from zbnntp.store.folding import PERSON, body_of
from zbnntp.store.packing import is_folded, open_packed, pack, unpack

_ESCAPE = re.compile(rb"\\.")
ORDINALS = 1 << 20  # as in the schema; a segment has at most half as many lines


def key(segment: int, ordinal: int) -> int:
    """The key of a line of a segment."""
    return segment * ORDINALS + ordinal


def span(segment: int) -> tuple[int, int]:
    """The least and the greatest key that a line of a segment can have."""
    return key(segment, 0), key(segment + 1, 0) - 1


def add(database: sqlite3.Connection, segment: int, first: int, lines: Sequence[bytes]) -> None:
    """Lines of a segment from ordinal `first` on; the smaller the more of the ids in them are known."""
    find = partial(_find, database)
    rows = ((key(segment, ordinal), pack(line, find)) for ordinal, line in enumerate(lines, first))
    database.executemany("INSERT INTO line (pk, octets) VALUES (?, ?)", rows)


def add_pending(database: sqlite3.Connection, person: int, role: str, line: bytes) -> int:
    """A line for the outbox; returns its key, which none ever had before."""
    row = database.execute(
        "INSERT INTO meta VALUES ('outbox', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1 "
        "RETURNING -CAST(value AS INTEGER)"
    ).fetchone()
    values = (*row, pack(line, partial(_find, database)), person, role)
    database.execute("INSERT INTO line (pk, octets, person, role) VALUES (?, ?, ?, ?)", values)
    return int(row[0])


def read(database: sqlite3.Connection, octets: bytes) -> bytes:
    """A line as it was received; empty for one that was purged."""
    return unpack(octets, partial(_name, database))


def read_body(database: sqlite3.Connection, octets: bytes) -> bytes:
    """The body of a post's line as it was written, a good deal faster than out of the line."""
    body = body_of(open_packed(octets)[0]) if is_folded(octets) else None
    return json.loads(read(database, octets))["body"].encode() if body is None else body


def words_in(database: sqlite3.Connection, octets: bytes) -> bytes:
    """Every word of a line, much faster than the line itself; between the words stand octets of how it is kept."""
    return open_packed(octets)[0] if is_folded(octets) else _ESCAPE.sub(b" ", read(database, octets))


def _find(database: sqlite3.Connection, kind: int, identifier: bytes) -> int | None:
    if kind == PERSON:
        row = database.execute("SELECT pk FROM person WHERE id = ?", (identifier,)).fetchone()
    else:
        first = int.from_bytes(identifier[:8], "big", signed=True)
        row = database.execute("SELECT pk FROM article WHERE key = ? AND id = ?", (first, identifier)).fetchone()
    return row[0] if row else None


def _name(database: sqlite3.Connection, kind: int, number: int) -> bytes:
    table = "person" if kind == PERSON else "article"
    identifier: bytes = database.execute(f"SELECT id FROM {table} WHERE pk = ?", (number,)).fetchone()[0]  # noqa: S608
    return identifier
