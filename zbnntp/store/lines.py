"""Lines as they were received, whatever form they are kept in: callers pass what stands in `line.octets`, or get it.

The key of a line says where it stands: segment * 2^20 + ordinal, below 0 in the outbox. A line is open, a frame of its
own (packing.py), or sealed: then what stands in the row is only where in a frame of many it is found (frames.py).
docs/store.md "Lines".
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Sequence
from functools import partial

from zbnntp.model.errors import Missing
from zbnntp.store.database import Store
from zbnntp.store.folding import PERSON, body_of, read_varint, unfold, varint, varints
from zbnntp.store.frames import Codec, Frame, grow_dictionary
from zbnntp.store.ids import find_article, find_person
from zbnntp.store.packing import is_folded, open_packed, pack, pack_all, unpack

_ESCAPE = re.compile(rb"\\.")
ORDINALS = 1 << 20  # as in the schema; a segment has at most half as many lines
SEALED = 2  # the first octet of a sealed line, before frame and index; packing.py has those of open ones


def key(segment: int, ordinal: int) -> int:
    """The key of a line of a segment."""
    return segment * ORDINALS + ordinal


def span(segment: int) -> tuple[int, int]:
    """The least and the greatest key that a line of a segment can have."""
    return key(segment, 0), key(segment + 1, 0) - 1


def add(database: sqlite3.Connection, segment: int, first: int, lines: Sequence[bytes]) -> None:
    """Lines of a segment from ordinal `first` on; the smaller the more of the ids in them are known."""
    find = partial(find_key, database)
    rows = ((key(segment, ordinal), octets) for ordinal, octets in enumerate(pack_all(lines, find), first))
    database.executemany("INSERT INTO line (pk, octets) VALUES (?, ?)", rows)


def add_pending(database: sqlite3.Connection, person: int, role: str, line: bytes) -> int:
    """A line for the outbox; returns its key, which none ever had before."""
    row = database.execute(
        "INSERT INTO meta VALUES ('outbox', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1 "
        "RETURNING -CAST(value AS INTEGER)"
    ).fetchone()
    values = (*row, pack(line, partial(find_key, database)), person, role)
    database.execute("INSERT INTO line (pk, octets, person, role) VALUES (?, ?, ?, ?)", values)
    return int(row[0])


def drop(database: sqlite3.Connection, segment: int) -> None:
    """Forget the lines of a segment; nothing of them stays."""
    loosen(database, frames_of(database, segment))
    database.execute("DELETE FROM line WHERE pk BETWEEN ? AND ?", span(segment))


def blank(database: sqlite3.Connection, line: int) -> tuple[int, int]:
    """Leave nothing of a line but its place; returns its segment and how many octets it had."""
    octets, segment = database.execute("SELECT octets, segment FROM line WHERE pk = ?", (line,)).fetchone()
    length = len(read(database, octets))
    loosen(database, {pointer(octets)[0]} if is_sealed(octets) else ())
    database.execute("UPDATE line SET octets = x'' WHERE pk = ?", (line,))
    return segment, length


def keep(line: bytes) -> bytes:
    """What to keep of a head or pointer; `read` gives it back. It leans on nothing: it proves whose key signed it."""
    return pack(line, lambda kind, identifier: None)


def read(database: sqlite3.Connection, octets: bytes) -> bytes:
    """A line as it was received; empty for one that was purged."""
    name = partial(find_name, database)
    if not is_sealed(octets):
        return unpack(octets, name)
    number, index = pointer(octets)
    frame = open_frame(database, number)
    return unfold(frame.text(index), frame.references(index, name))


def read_body(database: sqlite3.Connection, octets: bytes) -> bytes:
    """The body of a post's line as it was written, a good deal faster than out of the line."""
    body = None
    if is_folded(octets):
        body = body_of(open_packed(octets)[0])
    elif is_sealed(octets):
        number, index = pointer(octets)
        body = body_of(open_frame(database, number).text(index))
    return json.loads(read(database, octets))["body"].encode() if body is None else body


def words_in(database: sqlite3.Connection, octets: bytes) -> bytes:
    """Every word of a line, much faster than the line itself; between the words stand octets of how it is kept."""
    if is_sealed(octets):
        number, index = pointer(octets)
        return open_frame(database, number).text(index)
    return open_packed(octets)[0] if is_folded(octets) else _ESCAPE.sub(b" ", read(database, octets))


def is_sealed(octets: bytes) -> bool:
    return octets[:1] == bytes((SEALED,))


def point(frame: int, index: int) -> bytes:
    """What stands in the row of a sealed line."""
    return bytes((SEALED,)) + varint(frame) + varint(index)


def pointer(octets: bytes) -> tuple[int, int]:
    """Frame and index of a sealed line; there is no frame 0, which is what damaged octets say."""
    try:
        frame, at = read_varint(octets, 1)
        return frame, read_varint(octets, at)[0]
    except IndexError:
        return 0, 0


def open_frame(database: sqlite3.Connection, number: int) -> Frame:
    """A frame, kept open for a while: whoever reads a post often reads the next."""
    kept = database.frames if isinstance(database, Store) else {}
    frame = kept.get(number)
    if frame is None:
        row = database.execute("SELECT dictionary, lines, octets FROM frame WHERE pk = ?", (number,)).fetchone()
        if row is None:
            raise Missing("that is going just now, or coming into another place; try again")
        dictionary, count, octets = row
        frame = kept[number] = codec(database, dictionary).open(octets, count)
        if len(kept) > Store.FRAMES_MOST:
            del kept[next(iter(kept))]
    return frame


def codec(database: sqlite3.Connection, dictionary: int) -> Codec:
    """What opens frames with a dictionary of the store; 0: without one."""
    kept = database.codecs if isinstance(database, Store) else {}
    if dictionary not in kept:
        row = database.execute("SELECT octets FROM dictionary WHERE pk = ?", (dictionary,)).fetchone()
        kept[dictionary] = Codec(grow_dictionary(row[0]) if row else b"")
    return kept[dictionary]


def frames_of(database: sqlite3.Connection, segment: int) -> set[int]:
    """The frames in which lines of a segment stand."""
    rows = database.execute("SELECT octets FROM line WHERE pk BETWEEN ? AND ?", span(segment))
    return {pointer(octets)[0] for (octets,) in rows if is_sealed(octets)}


def loosen(database: sqlite3.Connection, frames: Collection[int]) -> None:
    """Make all lines of these frames open ones, and drop the frames: some of what they hold is to go."""
    find = partial(find_key, database)
    for frame in frames:
        row = database.execute("SELECT segments FROM frame WHERE pk = ?", (frame,)).fetchone()
        for segment in varints(row[0] if row else b""):
            rows = database.execute("SELECT pk, octets FROM line WHERE pk BETWEEN ? AND ?", span(segment)).fetchall()
            inside = [(pk, octets) for pk, octets in rows if is_sealed(octets) and pointer(octets)[0] == frame]
            opened = [(pack(_read_or_lose(database, octets), find), pk) for pk, octets in inside]
            database.executemany("UPDATE line SET octets = ? WHERE pk = ?", opened)
            database.execute("UPDATE segment SET sealed = 0 WHERE pk = ?", (segment,))
        database.execute("DELETE FROM frame WHERE pk = ?", (frame,))


def _read_or_lose(database: sqlite3.Connection, octets: bytes) -> bytes:
    """The line; empty where the frame is damaged, so that the check finds that its segment is."""
    try:
        return read(database, octets)
    except sqlite3.Error:
        raise
    except Exception:
        return b""


def find_key(database: sqlite3.Connection, kind: int, identifier: bytes) -> int | None:
    """The key of a person or article, if there is one."""
    return (find_person if kind == PERSON else find_article)(database, identifier)


def find_name(database: sqlite3.Connection, kind: int, number: int) -> bytes:
    """The 32 octets of a person or article."""
    table = "person" if kind == PERSON else "article"
    identifier: bytes = database.execute(f"SELECT id FROM {table} WHERE pk = ?", (number,)).fetchone()[0]  # noqa: S608
    return identifier
