"""Sealing: the posts segments of months that are over move from lines of their own into frames.

A batch is made from a read-only connection in any thread, which takes long, and proves itself there: each segment is
read back from the new frames and must have the octets that its name is the hash of. Keeping a batch is a short
transaction, and does nothing for segments that have changed meanwhile. docs/store.md "Lines".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from zbnntp.model.entries import POSTS
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import sha256
from zbnntp.store import lines
from zbnntp.store.database import connect_reader
from zbnntp.store.folding import fold, unfold, varint
from zbnntp.store.frames import Codec, Folded, grouped, shrink_dictionary, train
from zbnntp.store.packing import is_folded

TRAINED_OCTETS = 8 << 20  # text that a dictionary is trained on; with less to seal, none is worth its own room
GROWTH = 4  # times as much text as the last dictionary was trained for: time for another
BATCH_OCTETS = 512 * 1024
SEALED, VERBATIM = 1, 2  # segment.sealed; 2: it has lines that cannot be


@dataclass(frozen=True, slots=True)
class Waiting:
    """A segment to seal."""

    pk: int
    sha256: bytes
    octets: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A frame that proved itself; the lines in it by their keys."""

    octets: bytes
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Segments that are ready to be kept in another form. `failed` ones stay as they are."""

    dictionary: int
    segments: tuple[Waiting, ...]
    frames: tuple[Sealed, ...]
    failed: tuple[Waiting, ...]


def waiting(database: sqlite3.Connection, before: int) -> list[Waiting]:
    """Posts segments that begin before a time, unix seconds, and are not sealed; those of one month together."""
    rows = database.execute(
        "SELECT pk, sha256, octets FROM segment WHERE role = ? AND sealed = 0 AND NOT redacted AND since < ? "
        "ORDER BY strftime('%Y%m', since, 'unixepoch'), person, position",
        (POSTS, before),
    )
    return [Waiting(*row) for row in rows]


def progress(database: sqlite3.Connection) -> tuple[int, int]:
    """Octets of the segments of posts that are sealed, and of all, as they are served."""
    row = database.execute(
        "SELECT coalesce(sum(octets) FILTER (WHERE sealed = 1), 0), coalesce(sum(octets), 0) FROM segment "
        "WHERE role = ?",
        (POSTS,),
    ).fetchone()
    return int(row[0]), int(row[1])


def batches(segments: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Segments a few at a time: one large one, or about as much of small ones."""
    batch: list[Waiting] = []
    for segment in segments:
        batch.append(segment)
        if sum(it.octets for it in batch) >= BATCH_OCTETS:
            yield batch
            batch = []
    if batch:
        yield batch


def newest_dictionary(database: sqlite3.Connection) -> tuple[int, int]:
    """Its key, 0 when there is none, and the octets of all segments at the time when it was trained."""
    row = database.execute("SELECT pk, octets_then FROM dictionary ORDER BY pk DESC LIMIT 1").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def train_dictionary(database: sqlite3.Connection, segments: Sequence[Waiting]) -> bytes | None:
    """A new dictionary, from a part of what is to be sealed; None while the last one, or none, is good enough."""
    total = sum(it.octets for it in segments)
    if total < max(TRAINED_OCTETS, GROWTH * newest_dictionary(database)[1]):
        return None
    texts: list[bytes] = []
    for segment in segments[:: max(1, total // TRAINED_OCTETS)]:
        texts += [text for _, (text, _) in _folded(database, segment)]
    return train(texts)


def keep_dictionary(database: sqlite3.Connection, dictionary: bytes, octets: int) -> None:
    """Keep one for ever: what was made with it is opened with it."""
    values = (shrink_dictionary(dictionary), octets)
    database.execute("INSERT INTO dictionary (octets, octets_then) VALUES (?, ?)", values)


def make_batch(database: sqlite3.Connection, segments: Sequence[Waiting], dictionary: int, codec: Codec) -> Batch:
    """The frames of some segments, proved; nothing is written."""
    found = {segment: _folded(database, segment) for segment in segments}
    good = {segment: lines_ for segment, lines_ in found.items() if lines_}
    keyed = [it for lines_ in good.values() for it in lines_]
    frames: list[Sealed] = []
    again: list[bytes] = []
    for group in grouped(folded for _, folded in keyed):
        octets = codec.make(group)
        frame = codec.open(octets, len(group))
        name = partial(lines.find_name, database)
        again += [unfold(frame.text(index), frame.references(index, name)) for index in range(len(group))]
        frames.append(Sealed(octets, tuple(key for key, _ in keyed[len(again) - len(group) : len(again)])))
    proved = iter(again)
    if any(sha256(_joined(islice(proved, len(lines_)))) != segment.sha256 for segment, lines_ in good.items()):
        return Batch(dictionary, (), (), tuple(segments))
    return Batch(dictionary, tuple(good), tuple(frames), tuple(set(found) - set(good)))


def keep_batch(database: sqlite3.Connection, batch: Batch) -> int:
    """Put frames in the place of lines; returns how many segments are sealed now, 0 if one has changed meanwhile."""
    for segment in (*batch.segments, *batch.failed):
        row = database.execute("SELECT sha256 FROM segment WHERE pk = ? AND sealed = 0", (segment.pk,)).fetchone()
        if row is None or row[0] != segment.sha256:
            return 0
    for frame in batch.frames:
        segments = dict.fromkeys(key // lines.ORDINALS for key in frame.keys)
        values = (batch.dictionary, len(frame.keys), b"".join(map(varint, segments)), frame.octets)
        insert = "INSERT INTO frame (dictionary, lines, segments, octets) VALUES (?, ?, ?, ?)"
        pk = database.execute(insert, values).lastrowid or 0
        rows = [(lines.point(pk, index), key) for index, key in enumerate(frame.keys)]
        database.executemany("UPDATE line SET octets = ? WHERE pk = ?", rows)
    for segments_, form in ((batch.segments, SEALED), (batch.failed, VERBATIM)):
        marks = [(form, segment.pk) for segment in segments_]
        database.executemany("UPDATE segment SET sealed = ? WHERE pk = ?", marks)
    return len(batch.segments)


def _folded(database: sqlite3.Connection, segment: Waiting) -> list[tuple[int, Folded]]:
    """The lines of a segment with their keys; empty when one of them is of no form that can be folded."""
    rows = database.execute("SELECT pk, octets FROM line WHERE pk BETWEEN ? AND ? ORDER BY pk", lines.span(segment.pk))
    found: list[tuple[int, Folded]] = []
    for key, octets in rows.fetchall():
        if not is_folded(octets):
            return []
        line = lines.read(database, octets)
        found.append((key, fold(line, partial(lines.find_key, database))))  # more is known by now than when it came
    return found


def _joined(octets: Iterable[bytes]) -> bytes:
    return b"".join([line + b"\n" for line in octets])


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(connect_reader(path)) as database:
            yield database
    except sqlite3.Error as error:
        raise NotPermitted(f"a part of the store cannot be read ({error}); restore your backup") from error


def plan(path: Path, before: int) -> tuple[list[list[Waiting]], bytes | None]:
    """What to seal in the store of a running node, by the batch, and the dictionary to keep first; from any thread."""
    with _reading(path) as database:
        segments = waiting(database, before)
        return list(batches(segments)), train_dictionary(database, segments)


def prepare_batch(path: Path, segments: Sequence[Waiting]) -> Batch:
    """One batch, ready to be kept; from any thread."""
    with _reading(path) as database:
        dictionary, _ = newest_dictionary(database)
        return make_batch(database, segments, dictionary, lines.codec(database, dictionary))
