"""Sealing: the lines of posts segments of months that are over move from rows of their own into frames.

Lines go in the order of boards and threads, so that an answer stands beside what it quotes, and whoever reads a thread
opens few frames. A batch of them is made from a read-only connection in any thread, which takes long, and proves itself
there: each line is read back from its new frame and must be what it was; a segment that is not what its name, a hash,
says is left alone. Keeping a batch is a short transaction, and does nothing when a line of it has changed meanwhile.
docs/store.md "Lines".
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zbnntp.model.entries import POSTS
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import sha256
from zbnntp.store import lines
from zbnntp.store.database import connect_reader
from zbnntp.store.folding import ascending, fold, unfold
from zbnntp.store.frames import Codec, Folded, grouped, shrink_dictionary, train
from zbnntp.store.packing import DICTIONARY, is_folded

TRAINED_OCTETS = 8 << 20  # with less to seal, no dictionary is worth its own room; and on twice as much it is trained
GROWTH = 4  # times as much text as the last dictionary was trained for: time for another
BATCH_LINES = lines.FRAME_LINES
FOLDED = bytes((DICTIONARY,))  # how an open line begins that can be sealed
OPEN, SEALED, VERBATIM = 0, 1, 2  # segment.sealed; 2: as far as can be, some of its lines stay as they are


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sealed: keys of lines, batch by batch, and the octets of their segments.

    `dictionary` is to be kept before; `damaged` are segments that are not what their names say.
    """

    batches: tuple[array[int], ...]
    octets: int
    dictionary: bytes | None
    damaged: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A frame that proved itself; the lines in it by their keys."""

    octets: bytes
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines ready to be kept in another form; `were`: what stands in their rows, those included that cannot be."""

    dictionary: int
    frames: tuple[Sealed, ...]
    were: dict[int, bytes]


def plan(path: Path, before: int) -> Plan:
    """What of segments that begin before a time, unix seconds, is not sealed; from any thread, while a node runs."""
    with _reading(path) as database:
        waiting = database.execute(
            "SELECT pk, sha256, octets FROM segment WHERE role = ? AND sealed = ? AND NOT redacted AND since < ?",
            (POSTS, OPEN, before),
        ).fetchall()
        damaged = tuple(pk for pk, name, _ in waiting if not _is_sound(database, pk, name))
        octets = sum(size for _, _, size in waiting)
        keys = _ordered(database, {pk for pk, *_ in waiting}.difference(damaged))
        batches = (keys[at : at + BATCH_LINES] for at in range(0, len(keys), BATCH_LINES))
        return Plan(tuple(batches), octets, _new_dictionary(database, keys, octets), damaged)


def progress(database: sqlite3.Connection) -> tuple[int, int]:
    """Octets of the segments of posts that are sealed, and of all, as they are served."""
    row = database.execute(
        "SELECT coalesce(sum(octets) FILTER (WHERE sealed = 1), 0), coalesce(sum(octets), 0) FROM segment "
        "WHERE role = ?",
        (POSTS,),
    ).fetchone()
    return int(row[0]), int(row[1])


def newest_dictionary(database: sqlite3.Connection) -> tuple[int, int]:
    """Its key, 0 when there is none, and the octets of all segments at the time when it was trained."""
    row = database.execute("SELECT pk, octets_then FROM dictionary ORDER BY pk DESC LIMIT 1").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def begin(database: sqlite3.Connection, planned: Plan) -> None:
    """Keep the dictionary, for ever: what was made with it is opened with it. Leave alone what is damaged."""
    if planned.dictionary is not None:
        values = (shrink_dictionary(planned.dictionary), planned.octets)
        database.execute("INSERT INTO dictionary (octets, octets_then) VALUES (?, ?)", values)
    database.executemany("UPDATE segment SET sealed = ? WHERE pk = ?", [(VERBATIM, pk) for pk in planned.damaged])


class Sealer:
    """Makes batches, one at a time, from any thread; what it opened of dictionaries stays open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._codecs: dict[int, Codec] = {}

    def prepare(self, keys: Sequence[int]) -> Batch:
        """The frames of some lines, proved; nothing is written."""
        with _reading(self._path) as database:
            dictionary, _ = newest_dictionary(database)
            if dictionary not in self._codecs:
                self._codecs[dictionary] = lines.codec(database, dictionary)
            were = _rows(database, keys)
            folded = {key: _fold(database, were[key]) for key in keys if is_folded(were.get(key, b""))}
            frames = tuple(_frames(database, self._codecs[dictionary], folded))
            return Batch(
                dictionary, frames if _is_proved(database, self._codecs[dictionary], frames, were) else (), were
            )


def keep_batch(database: sqlite3.Connection, batch: Batch) -> int:
    """Put frames in the place of lines; returns how many lines are sealed now, 0 if one has changed meanwhile."""
    if _rows(database, list(batch.were)) != batch.were:
        return 0
    places: dict[int, bytes] = {}
    for frame in batch.frames:
        segments = ascending(key // lines.ORDINALS for key in frame.keys)
        values = (batch.dictionary, len(frame.keys), segments, frame.octets)
        insert = "INSERT INTO frame (dictionary, lines, segments, octets) VALUES (?, ?, ?, ?)"
        pk = database.execute(insert, values).lastrowid or 0
        places |= {key: lines.point(pk, index) for index, key in enumerate(frame.keys)}
    lines.seal(database, places)
    for segment in dict.fromkeys(key // lines.ORDINALS for key in batch.were):
        database.execute("UPDATE segment SET sealed = ? WHERE pk = ?", (_form(database, segment), segment))
    return len(places)


def _is_sound(database: sqlite3.Connection, segment: int, name: bytes) -> bool:
    """Whether its octets are what its name is the hash of; a damaged disk may raise anything."""
    try:
        held = lines.in_segment(database, segment)
        return sha256(b"".join([lines.read(database, octets) + b"\n" for _, octets in held])) == name
    except sqlite3.Error:
        raise
    except Exception:
        return False


def _ordered(database: sqlite3.Connection, segments: Iterable[int]) -> array[int]:
    """The open lines of segments, by month, boards, thread and time; what belongs to no thread comes last."""
    rows = database.execute(
        "WITH due AS (SELECT pk, strftime('%Y%m', since, 'unixepoch') AS month FROM segment "
        "WHERE pk IN (SELECT value FROM json_each(?))), "
        "said (line, thread, time) AS "
        "(SELECT line, thread, time FROM post UNION ALL SELECT line, thread, 0 FROM carry) "
        "SELECT line.pk FROM due JOIN line ON line.pk BETWEEN due.pk << 20 AND (due.pk << 20) + ? "
        "LEFT JOIN said ON said.line = line.pk LEFT JOIN opening ON opening.thread = said.thread "
        "ORDER BY due.month, said.thread IS NULL, opening.boards, said.thread, said.time, line.pk",
        (json.dumps(list(segments)), lines.ORDINALS - 1),
    )
    return array("q", (pk for (pk,) in rows))  # without a list of millions between


def _new_dictionary(database: sqlite3.Connection, keys: array[int], octets: int) -> bytes | None:
    """A dictionary from a part of what is to be sealed; None while the last one, or none, is good enough."""
    if octets < max(TRAINED_OCTETS, GROWTH * newest_dictionary(database)[1]):
        return None
    some = keys[:: max(1, octets // (2 * TRAINED_OCTETS))]
    folded = (_fold(database, octets) for octets in _rows(database, some).values() if is_folded(octets))
    return train([text for text, _ in folded], octets)


def _rows(database: sqlite3.Connection, keys: Sequence[int]) -> dict[int, bytes]:
    """What stands in the rows of lines, as far as they are there."""
    found = database.execute(
        "SELECT pk, octets FROM line WHERE pk IN (SELECT value FROM json_each(?))", (json.dumps(list(keys)),)
    )
    return dict(found.fetchall())


def _fold(database: sqlite3.Connection, octets: bytes) -> Folded:
    """A line once more: more of what it names is known by now than when it came."""
    return fold(lines.read(database, octets), partial(lines.find_key, database))


def _frames(database: sqlite3.Connection, codec: Codec, folded: dict[int, Folded]) -> Iterator[Sealed]:
    keys = iter(folded)
    for group in grouped(folded.values()):
        yield Sealed(codec.make(group), tuple(next(keys) for _ in group))


def _is_proved(database: sqlite3.Connection, codec: Codec, frames: Iterable[Sealed], were: dict[int, bytes]) -> bool:
    """Whether every line comes back as it was."""
    name = partial(lines.find_name, database)
    for sealed in frames:
        frame = codec.open(sealed.octets, len(sealed.keys))
        for index, key in enumerate(sealed.keys):
            if unfold(frame.text(index), frame.references(index, name)) != lines.read(database, were[key]):
                return False
    return True


def _form(database: sqlite3.Connection, segment: int) -> int:
    """Whether a segment still has lines to seal, or lines that cannot be."""
    if _has(database, segment, FOLDED):
        return OPEN
    return VERBATIM if _has(database, segment, b"") else SEALED


def _has(database: sqlite3.Connection, segment: int, begin: bytes) -> bool:
    """Whether what is kept in a row of a line of a segment begins so; looks no further than that."""
    row = database.execute(
        "SELECT 1 FROM line WHERE pk BETWEEN ? AND ? AND substr(octets, 1, ?) = ? LIMIT 1",
        (*lines.span(segment), len(begin), begin),
    ).fetchone()
    return row is not None


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(connect_reader(path, mapped=False)) as database:
            yield database
    except sqlite3.Error as error:
        raise NotPermitted(f"a part of the store cannot be read ({error}); restore your backup") from error
