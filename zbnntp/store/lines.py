"""Lines as they were received, whatever form they are kept in: `kept` says in SQL what to hand to `read`.

The key of a line says where it stands: segment * 2^20 + ordinal, below 0 in the outbox. A line is open, a frame of its
own (packing.py) in a row of its own, or sealed: then it has no row, and the row of its segment says where in a frame
of many it is found (frames.py).

    segment.places = of each ordinal a place; they may end before the last line, as in a segment that has grown
    place          = SEALED + frame * FRAME_LINES + index, in PLACE_OCTETS, the highest first; there is no frame 0

What is kept of a line stands in its row, or it is its place. Where there is a row, that is what counts. docs/store.md
"Lines".
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate, zip_longest
from typing import cast

from zbnntp.model.errors import Missing
from zbnntp.model.keys import SIGNATURE_OCTETS, Identity, Sha256
from zbnntp.model.manifest import Pointer, print_pointer
from zbnntp.store import heads
from zbnntp.store.database import Store
from zbnntp.store.folding import PERSON, body_of, unfold, varints
from zbnntp.store.frames import Codec, Frame, grow_dictionary
from zbnntp.store.ids import find_article, find_person
from zbnntp.store.packing import Prepared, finish, is_folded, open_packed, pack, pack_all, unpack

_ESCAPE = re.compile(rb"\\.")
ORDINALS = 1 << 20  # as in the schema; a segment has at most half as many lines
PLACE_OCTETS = 5
FRAME_LINES = 1 << 9  # at most
FRAMES = 1 << 30  # no more than places tell apart: 10,000 a day for 300 years
SEALED = FRAMES * FRAME_LINES  # so the first octet of a place is 0x80 at least; packing.py and heads.py have others
NOWHERE = SEALED.to_bytes(PLACE_OCTETS, "big")
HELD_LEAST = 2  # of so many lines of a frame one is still held; else it is taken apart


def key(segment: int, ordinal: int) -> int:
    """The key of a line of a segment."""
    return segment * ORDINALS + ordinal


def span(segment: int) -> tuple[int, int]:
    """The least and the greatest key that a line of a segment can have."""
    return key(segment, 0), key(segment + 1, 0) - 1


def kept(key: str) -> str:
    """SQL for what is kept of a line: for `read`; NULL where there is none. `key` is SQL, too, as of `joined`."""
    return f"coalesce(line.octets, nullif({_place(key)}, x''))"


def joined(key: str) -> str:
    """SQL for the rows in which that stands, one of the two."""
    segment = f"iif(line.pk IS NULL, {key} >> 20, NULL)"
    return f"LEFT JOIN line ON line.pk = {key} LEFT JOIN segment ON segment.pk = {segment} "


def order(key: str) -> str:
    """SQL by which lines come as they lie in the file, those of a frame together."""
    return f"line.pk, {_place(key)}"


def is_held(key: str) -> str:
    """The condition that there is a line with a key."""
    row, of_segment = f"FROM line WHERE pk = {key}", f"FROM segment WHERE pk = {key} >> 20"
    return f"(EXISTS (SELECT 1 {row}) OR EXISTS (SELECT 1 {of_segment} AND {_place(key)} > x'{NOWHERE.hex()}'))"


def _place(key: str) -> str:
    return f"substr(segment.places, 1 + {PLACE_OCTETS} * ({key} & {ORDINALS - 1}), {PLACE_OCTETS})"


_FIND = f"SELECT {kept('asked.pk')} FROM (SELECT ? AS pk) asked {joined('asked.pk')}"  # noqa: S608


def find(database: sqlite3.Connection, key: int) -> bytes | None:
    """What is kept of a line."""
    return cast("bytes | None", database.execute(_FIND, (key,)).fetchone()[0])


def in_segment(database: sqlite3.Connection, segment: int) -> list[tuple[int, bytes]]:
    """Keys of the lines of a segment, in order, and what is kept of each."""
    rows = dict(database.execute("SELECT pk, octets FROM line WHERE pk BETWEEN ? AND ?", span(segment)).fetchall())
    places, first = _places(database, segment), key(segment, 0)
    for ordinal, at in enumerate(range(0, len(places), PLACE_OCTETS)):
        if (place := places[at : at + PLACE_OCTETS]) != NOWHERE:
            rows.setdefault(first + ordinal, place)
    return sorted(rows.items())


def _places(database: sqlite3.Connection, segment: int) -> bytes:
    row = database.execute("SELECT places FROM segment WHERE pk = ?", (segment,)).fetchone()
    return row[0] if row else b""


def put_places(database: sqlite3.Connection, segment: int, places: Mapping[int, bytes]) -> None:
    """Where lines of a segment are found, by their ordinals."""
    (count,) = database.execute("SELECT lines FROM segment WHERE pk = ?", (segment,)).fetchone()
    octets = bytearray(_places(database, segment))
    octets += NOWHERE * (max(count, 1 + max(places)) - len(octets) // PLACE_OCTETS)
    for ordinal, place in places.items():
        octets[PLACE_OCTETS * ordinal : PLACE_OCTETS * (ordinal + 1)] = place
    is_empty = octets == NOWHERE * (len(octets) // PLACE_OCTETS)
    database.execute("UPDATE segment SET places = ? WHERE pk = ?", (b"" if is_empty else bytes(octets), segment))


def add(
    database: sqlite3.Connection,
    segment: int,
    first: int,
    lines: Sequence[bytes],
    prepared: Sequence[Prepared | None] = (),
) -> None:
    """Lines of a segment from ordinal `first` on; the smaller the more of the ids in them are known.

    `prepared`: what `packing.prepare` made of them; of a line that was purged it is not used.
    """
    find = partial(find_key, database)
    packed = [finish(it, find) if it and line else None for line, it in zip_longest(lines, prepared)]
    rest = iter(pack_all([line for line, octets in zip(lines, packed, strict=True) if octets is None], find))
    octets = (next(rest) if it is None else it for it in packed)
    rows = ((key(segment, ordinal), it) for ordinal, it in enumerate(octets, first))
    database.executemany("INSERT INTO line (pk, octets) VALUES (?, ?)", rows)


def seal(database: sqlite3.Connection, places: Mapping[int, bytes]) -> None:
    """Lines, by their keys, stand in frames from now on, and have no rows any more."""
    database.executemany("DELETE FROM line WHERE pk = ?", [(key,) for key in places])
    segments: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
    for key, place in places.items():
        segments[key // ORDINALS][key % ORDINALS] = place
    for segment, its in segments.items():
        put_places(database, segment, its)


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
    sealed = [octets for _, octets in in_segment(database, segment) if is_sealed(octets)]
    database.execute("DELETE FROM line WHERE pk BETWEEN ? AND ?", span(segment))
    database.execute("UPDATE segment SET places = x'' WHERE pk = ?", (segment,))
    _take_out(database, sealed)


def blank(database: sqlite3.Connection, line: int) -> tuple[int, int]:
    """Leave nothing of a line but an empty row; returns its segment and how many octets it had."""
    segment, octets = line // ORDINALS, find(database, line) or b""
    length = len(read(database, octets))
    database.execute(
        "INSERT INTO line (pk, octets) VALUES (?, x'') ON CONFLICT (pk) DO UPDATE SET octets = excluded.octets", (line,)
    )
    if is_sealed(octets):
        put_places(database, segment, {line % ORDINALS: NOWHERE})
        _take_out(database, [octets])
    return segment, length


def keep_pointer(pointer: Pointer) -> bytes:
    """What to keep of a pointer: the row of a manifest says all that it says but the signature."""
    signature = bytes.fromhex(json.loads(pointer.raw)["sig"])
    is_plain = print_pointer(pointer.identity, pointer.seq, pointer.head, signature) == pointer.raw
    return signature if is_plain else pack(pointer.raw, lambda kind, identifier: None)


def read_pointer(database: sqlite3.Connection, kept: bytes, identity: Identity, seq: int, head_sha256: Sha256) -> bytes:
    """The line of the pointer to a head as it was received."""
    if len(kept) == SIGNATURE_OCTETS:
        return print_pointer(identity, seq, head_sha256, kept)
    return read(database, kept)


def read(database: sqlite3.Connection, octets: bytes) -> bytes:
    """A line, or a head, as it was received; empty for one that was purged."""
    if heads.is_leaning(octets):
        return heads.read(database, octets)
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
    return octets[:1] >= b"\x80"


def point(frame: int, index: int) -> bytes:
    """The place of a sealed line; OverflowError beyond what places tell apart."""
    if frame >= FRAMES or index >= FRAME_LINES:
        raise OverflowError(f"no place says line {index} of frame {frame}")
    return (SEALED + frame * FRAME_LINES + index).to_bytes(PLACE_OCTETS, "big")


def pointer(octets: bytes) -> tuple[int, int]:
    """Frame and index of a sealed line."""
    return divmod(int.from_bytes(octets[:PLACE_OCTETS], "big") - SEALED, FRAME_LINES)


def open_frame(database: sqlite3.Connection, number: int) -> Frame:
    """A frame, kept open for a while: whoever reads a post often reads the next."""
    kept = database.frames if isinstance(database, Store) else {}
    frame = kept.pop(number) if number in kept else _find_frame(database, number)
    kept[number] = frame  # the last used is the last to go
    if len(kept) > Store.FRAMES_MOST:
        del kept[next(iter(kept))]
    return frame


def _find_frame(database: sqlite3.Connection, number: int) -> Frame:
    row = database.execute("SELECT dictionary, lines, octets FROM frame WHERE pk = ?", (number,)).fetchone()
    if row is None:
        raise Missing("that is going just now, or coming into another place; try again")
    dictionary, count, octets = row
    return codec(database, dictionary).open(octets, count)


def frames_without(database: sqlite3.Connection, identity: Identity) -> set[int]:
    """Frames in which no line names somebody: what is looked for in lines, whose frames it would take as many times to
    open, is not in these.
    """
    person = find_person(database, identity)
    numbers = [number for (number,) in database.execute("SELECT pk FROM frame").fetchall()]
    return {number for number in numbers if not open_frame(database, number).names(person, identity)}


def codec(database: sqlite3.Connection, dictionary: int) -> Codec:
    """What opens frames with a dictionary of the store; 0: without one."""
    kept = database.codecs if isinstance(database, Store) else {}
    if dictionary not in kept:
        row = database.execute("SELECT octets FROM dictionary WHERE pk = ?", (dictionary,)).fetchone()
        kept[dictionary] = Codec(grow_dictionary(row[0]) if row else b"")
    return kept[dictionary]


def _take_out(database: sqlite3.Connection, pointers: Iterable[bytes]) -> None:
    """Leave nothing of some sealed lines. A frame that holds less than half of its lines is taken apart."""
    gone: defaultdict[int, set[int]] = defaultdict(set)
    for octets in pointers:
        number, index = pointer(octets)
        gone[number].add(index)
    for number, indexes in gone.items():
        if not _shrink(database, number, indexes):
            loosen(database, number)


def _shrink(database: sqlite3.Connection, number: int, indexes: Collection[int]) -> bool:
    """A frame without some of its lines; False where too few are left, or it is damaged."""
    row = database.execute("SELECT dictionary, lines, octets FROM frame WHERE pk = ?", (number,)).fetchone()
    try:
        dictionary, count, octets = row
        tools = codec(database, dictionary)
        kept = tools.without(tools.open(octets, count), indexes)
        held = tools.open(kept, count).held
    except sqlite3.Error:
        raise
    except Exception:
        return False
    _forget_open(database, number)
    database.execute("UPDATE frame SET octets = ? WHERE pk = ?", (kept, number))
    return bool(HELD_LEAST * held >= count)


def loosen(database: sqlite3.Connection, number: int) -> None:
    """Make the lines of a frame open ones, and drop the frame."""
    find = partial(find_key, database)
    row = database.execute("SELECT segments FROM frame WHERE pk = ?", (number,)).fetchone()
    for segment in accumulate(varints(row[0] if row else b"")):
        lines = in_segment(database, segment)
        inside = [(pk, octets) for pk, octets in lines if is_sealed(octets) and pointer(octets)[0] == number]
        opened = [(pk, pack(_read_or_lose(database, octets), find)) for pk, octets in inside]
        database.executemany("INSERT OR REPLACE INTO line (pk, octets) VALUES (?, ?)", opened)
        if inside:
            put_places(database, segment, dict.fromkeys([pk % ORDINALS for pk, _ in inside], NOWHERE))
        database.execute("UPDATE segment SET sealed = 0 WHERE pk = ?", (segment,))
    database.execute("DELETE FROM frame WHERE pk = ?", (number,))
    _forget_open(database, number)


def _forget_open(database: sqlite3.Connection, number: int) -> None:
    if isinstance(database, Store):
        database.frames.pop(number, None)


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
    """The 32 octets of a person or article. The lines of a segment name the same ones over and over."""
    known = database.ids if isinstance(database, Store) else {}
    if (found := known.get((kind, number))) is None:
        table = "person" if kind == PERSON else "article"
        (found,) = database.execute(f"SELECT id FROM {table} WHERE pk = ?", (number,)).fetchone()  # noqa: S608
        if len(known) >= Store.KEYS_MOST:
            known.clear()
        known[kind, number] = found
    return found
