"""Heads in little space: what they say of segments that are held stands in the rows of these.

    leaning = LEANING packed
    packed  = the head as store/packing.py keeps it, in the place of a segment's octets, time, lines and hash 0xff, how
              much its key exceeds that of the one named before, and 0xff, which no UTF-8 has

Whose head it is stays in it, and whom they name as their recovery key: by these a damaged row of `person` or `recovery`
is put right. Before the row of a segment goes its author's head is written out. docs/store.md "Evidence".
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from zbnntp.store.packing import pack, unpack

LEANING = 4  # the first octet; packing.py and lines.py have the others
_NAMED = re.compile(rb'\{"bytes":(\d+),"from":(\d+),"lines":(\d+),"sha256":"([0-9a-f]{64})"\}')
_MARK = b"\xff"
_PLACE = re.compile(rb"\xff(-?\d+)\xff")
_ROWS = "SELECT pk, octets, since, lines, sha256 FROM segment"

Row = Sequence[Any]  # octets, since, lines, sha256


def keep(database: sqlite3.Connection, person: int, head: bytes) -> bytes:
    """What to keep of somebody's head."""
    rows = {pk: row for pk, *row in database.execute(f"{_ROWS} WHERE person = ?", (person,))}
    text = head if _MARK in head else _lean(rows, head)
    return bytes((LEANING,)) + _packed(text) if text != head and _written(rows, text) == head else _packed(head)


def is_leaning(kept: bytes) -> bool:
    return kept[:1] == bytes((LEANING,))


def read(database: sqlite3.Connection, kept: bytes) -> bytes:
    """The head that leans."""
    text = unpack(kept[1:], _nobody)
    return _written(_named_in(database, text), text)


def write_out(database: sqlite3.Connection, segment: int) -> None:
    """Let the head that names a segment lean on nothing; one that is damaged stays as it is."""
    row = database.execute(
        "SELECT person, head FROM manifest WHERE person = (SELECT person FROM segment WHERE pk = ?)", (segment,)
    ).fetchone()
    if row is None or not is_leaning(row[1]):
        return
    try:
        head = read(database, row[1])
    except sqlite3.Error:
        raise
    except Exception:
        return
    database.execute("UPDATE manifest SET head = ? WHERE person = ?", (_packed(head), row[0]))


def _packed(text: bytes) -> bytes:
    return pack(text, lambda kind, identifier: None)


def _nobody(kind: int, number: int) -> bytes:
    raise KeyError(number)  # a head names nobody by a key


def _lean(rows: Mapping[int, Row], head: bytes) -> bytes:
    """The head with a place for each segment that is held."""
    held = {tuple(row): pk for pk, row in rows.items()}
    before = 0

    def place(named: re.Match[bytes]) -> bytes:
        nonlocal before
        *numbers, name = named.groups()
        pk = held.get((*map(int, numbers), bytes.fromhex(name.decode())))
        if pk is None:
            return named[0]
        before, step = pk, pk - before
        return b"\xff%d\xff" % step

    return _NAMED.sub(place, head)


def _written(rows: Mapping[int, Row], text: bytes) -> bytes:
    """The head again."""
    pk = 0

    def named(place: re.Match[bytes]) -> bytes:
        nonlocal pk
        pk += int(place[1])
        *numbers, name = rows[pk]
        return b'{"bytes":%d,"from":%d,"lines":%d,"sha256":"%b"}' % (*numbers, name.hex().encode())

    return _PLACE.sub(named, text)


def _named_in(database: sqlite3.Connection, text: bytes) -> dict[int, Row]:
    """The rows on which a head leans."""
    keys = accumulate(int(step) for step in _PLACE.findall(text))
    return {key: database.execute(f"{_ROWS} WHERE pk = ?", (key,)).fetchone()[1:] for key in keys}
