"""Overview lines out of packed blocks (blocks.py), one or many: what a block leaves out is looked up.

Ids come with the numbers; those in References and the identities of authors are looked up, and written in base32, for
all lines together. What was written is remembered by the store's keys, which mean the same for ever: who reads a
thread meets the same people and the same openings again. Many lines are told column by column (slots.py).
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from zbnntp.model.article import Form, date_field, sender_field
from zbnntp.model.keys import ID_PADDING, KEY_OCTETS, TAIL_OCTETS, letters, named
from zbnntp.model.lettering import (
    LETTERS,
    REFERENCE_OCTETS,
    Numbers,
    Octets,
    many_letters,
    middles,
    reference_text,
)
from zbnntp.store import lines
from zbnntp.store.blocks import BLOCK_NUMBERS, SAGE, WHOLE, Block
from zbnntp.store.database import IDENTITY, WINDOW_ROWS, Store
from zbnntp.store.folding import PERSON
from zbnntp.store.slots import Slots

ID_OCTETS = 32  # of a post's id; those of the node's own articles have 16
# Many ids come in one piece, each but the last with ID_PADDING behind it: a row for each would take as long again.
_IDS = "CAST(group_concat(iif(length(a.id) = 32, a.id, zeroblob(32)), zeroblob(3)) AS BLOB)"
_MANY_NAMES = f"SELECT {_IDS} FROM json_each(?) asked CROSS JOIN article a ON a.pk = asked.value"  # noqa: S608
_FEW_NAMES = [f"SELECT pk, id FROM article WHERE pk IN ({','.join('?' * few)})" for few in range(10)]  # noqa: S608
_PEOPLE = (  # where this node is the author, such a line stands whole
    "SELECT CAST(group_concat(coalesce(p.id, zeroblob(32)), x'') AS BLOB) "
    "FROM json_each(?) asked LEFT JOIN person p ON p.pk = asked.value"
)
_NEWEST_PEOPLE = "SELECT pk, id FROM person WHERE length(id) = 32 ORDER BY pk DESC LIMIT ?"
_GAPS = "SELECT number FROM gap WHERE newsgroup = ? AND number BETWEEN ? AND ?"
_SPAN = "newsgroup = ?1 AND number BETWEEN ?2 AND ?3"
_KNOWN = (  # what a packed block does not say of its articles; they stay in the order of their numbers
    f"SELECT {{}} FROM (SELECT number, article FROM number WHERE {_SPAN} AND number NOT IN "  # noqa: S608
    f"(SELECT number FROM gap WHERE {_SPAN}) ORDER BY number LIMIT ?4) n CROSS JOIN article a ON a.pk = n.article "
    "LEFT JOIN score s ON s.article = n.article AND s.view = (SELECT view FROM newsgroup WHERE pk = ?1) {}"
)
_PACKED = _KNOWN.format(
    f"json_group_array(n.number), json_group_array(n.article), {_IDS}, "
    "json_group_object(n.number, s.units) FILTER (WHERE s.units <> 0)",
    "",
)
_PACKED_FILED = _KNOWN.format(
    f"n.number, n.article, iif(length(a.id) = 32, a.id, zeroblob(32)), coalesce(s.units, 0), {lines.kept('p.line')}",
    f"LEFT JOIN post p ON p.article = n.article {lines.joined('p.line')}",
)


class Row(NamedTuple):
    """One visible article. `body` is the post's where it was asked for; the node's own articles have none."""

    number: int
    article: int
    author: int | None  # None: made by this node
    fields: bytes  # subject, sender, date, id, references
    octets: int
    lines: int
    xref: bytes
    sage: int  # 0 or 1
    form: int  # model.article.Form
    score: int  # what its votes come to, in store.votes.UNITS
    body: bytes | None = None  # as written


class Columns(NamedTuple):
    """Many rows, ascending, without bodies: as quick to make of a block as some of its rows would be."""

    numbers: Sequence[int]
    articles: Sequence[int]
    authors: Sequence[int | None]
    fields: Sequence[bytes]
    octets: Sequence[int]
    lines: Sequence[int]
    xrefs: Sequence[bytes]
    sages: Sequence[int]
    forms: Sequence[int]
    scores: Sequence[int]

    @classmethod
    def of(cls, rows: Collection[Row]) -> Self:
        """Those of some rows."""
        return cls(*list(zip(*rows, strict=True))[:-1]) if rows else cls(*[()] * len(cls._fields))

    def rows(self, bodies: Sequence[bytes | None] = ()) -> list[Row]:
        """The rows, with their bodies if those are given."""
        return list(map(Row._make, zip(*self, bodies or [None] * len(self.numbers), strict=True)))


class Known(NamedTuple):
    """What is known of a number beside its line in a block."""

    number: int
    article: int
    identifier: bytes
    score: int
    line: bytes | None  # of its post, as it is kept, where the body is asked for


def tell(database: sqlite3.Connection, block: Block, at: int, known: Known, group: str) -> Row:
    """The row at one position of a block of a group."""
    texts, marks, author = block.texts, block.marks[at], block.authors[at]
    fields, form = texts[block.subjects[at]], marks % SAGE
    if marks < WHOLE:
        chain = block.references[block.begins[at] : block.begins[at + 1]]
        told = names(database, {known.article: known.identifier}, chain)
        sender = _sender(database, block, author)
        references = b" ".join([told[key] for key in chain])
        fields = b"\t".join((fields, sender, date_field(block.times[at]), told[known.article], references))
    xref = texts[block.xrefs[at]] or b"Xref: zbnntp %b:%d" % (group.encode(), known.number)
    body = body_of(database, form, known.line)
    sizes = block.octets[at], block.lines[at]
    person = block.people[author] or None
    return Row(known.number, known.article, person, fields, *sizes, xref, marks // SAGE % 2, form, known.score, body)


def tell_all(database: sqlite3.Connection, block: Block, newsgroup: int, low: int, high: int) -> Columns:
    """All lines of a block in a span of its numbers."""
    if isinstance(database, Store) and not database.has_met:
        _meet(database)
    return _told(database, block, newsgroup, *_inside(block, _many(database, newsgroup, low, high)))


def _meet(database: Store) -> None:
    """Learn who the newest people are: 14 ms for 27,760."""
    found = database.execute(_NEWEST_PEOPLE, (database.identities.places,))
    while some := found.fetchmany(WINDOW_ROWS):
        keys, ids = zip(*some, strict=True)
        database.identities.put(np.array(keys, np.uint32), np.frombuffer(b"".join(ids), IDENTITY))
    database.has_met = True


def tell_rows(
    database: sqlite3.Connection,
    block: Block,
    newsgroup: int,
    low: int,
    high: int,
    limit: int = BLOCK_NUMBERS,
    filed: bool = False,
) -> list[Row]:
    """The first of them as rows, with their bodies where they are to be `filed`."""
    many, at = _inside(block, (_many_filed if filed else _many)(database, newsgroup, low, high, limit))
    told = _told(database, block, newsgroup, many, at)
    if not filed:
        return told.rows()
    return told.rows([body_of(database, form, line) for form, line in zip(told.forms, many.lines, strict=True)])


def body_of(database: sqlite3.Connection, form: int, line: bytes | None) -> bytes | None:
    """The body in the line of a post; None where the article is made in another way."""
    return None if line is None or form >= Form.SPECIAL else lines.read_body(database, line)


def gaps(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> set[int]:
    """Numbers under which a packed block has nothing, or nothing any more."""
    return {number for (number,) in database.execute(_GAPS, (newsgroup, low, high))}


class _Many(NamedTuple):
    """What is known of many numbers, ascending, as `Known` is of one."""

    numbers: Sequence[int]
    articles: Sequence[int]
    ids: bytes  # with ID_PADDING between them
    scores: Sequence[int]
    lines: Sequence[bytes | None] = ()

    def some(self, places: Sequence[int]) -> Self:
        """Those at some places."""
        step = ID_OCTETS + len(ID_PADDING)
        ids = ID_PADDING.join([self.ids[at * step : at * step + ID_OCTETS] for at in places])
        numbers, articles, scores = [
            [column[at] for at in places] for column in (self.numbers, self.articles, self.scores)
        ]
        kept = [self.lines[at] for at in places] if self.lines else ()
        return self._replace(numbers=numbers, articles=articles, ids=ids, scores=scores, lines=kept)


def _many(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int = BLOCK_NUMBERS) -> _Many:
    """What is known of the first of a span, without the lines of their posts."""
    given, keys, ids, votes = database.execute(_PACKED, (newsgroup, low, high, limit)).fetchone()
    numbers, units = json.loads(given), json.loads(votes)
    scores = [units.get(str(number), 0) for number in numbers] if units else [0] * len(numbers)
    return _Many(numbers, json.loads(keys), ids or b"", scores)


def _many_filed(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int) -> _Many:
    """The same with the lines of their posts."""
    known = database.execute(_PACKED_FILED, (newsgroup, low, high, limit)).fetchall()
    if not known:
        return _Many((), (), b"", ())
    numbers, articles, ids, scores, kept = zip(*known, strict=True)
    return _Many(numbers, articles, ID_PADDING.join(ids), scores, kept)


def _inside(block: Block, known: _Many) -> tuple[_Many, NDArray[np.intp]]:
    """Those that stand in a block, which is all of them unless it is damaged or just being made; and where."""
    wanted, offsets = np.array(known.numbers, np.uint32) % BLOCK_NUMBERS, np.asarray(block.offsets)
    at = np.searchsorted(offsets, wanted)
    found = offsets.take(at, mode="clip") == wanted if len(offsets) else np.zeros(len(at), np.bool_)
    return (known, at) if found.all() else (known.some(np.flatnonzero(found).tolist()), at[found])


def _told(database: sqlite3.Connection, block: Block, newsgroup: int, known: _Many, at: NDArray[np.intp]) -> Columns:
    """Lines of a block: column by column, which is much faster."""
    if not known.numbers:
        return Columns.of(())
    (group,) = database.execute("SELECT name FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchone()
    its = _Picked(block, at)
    fields = _fields(database, block, its, known)
    xrefs = (b"Xref: zbnntp %b:%%d\n" % group.encode() * len(at) % tuple(known.numbers)).split(b"\n")[:-1]
    for line in np.flatnonzero(its.xrefs).tolist():
        xrefs[line] = block.texts[its.xrefs[line]]
    people: list[int | None] = np.asarray(block.people)[its.authors].tolist()
    if 0 in people:
        people = [person or None for person in people]
    sages, forms = (its.marks // SAGE % 2).tolist(), (its.marks % SAGE).tolist()
    sizes = its.octets.tolist(), its.lines.tolist()
    return Columns(known.numbers, known.articles, people, fields, *sizes, xrefs, sages, forms, known.scores)


class _Picked:
    """What stands at some positions of a block, column by column."""

    def __init__(self, block: Block, positions: NDArray[np.intp]) -> None:
        first, last = int(positions[0]), int(positions[-1]) + 1
        at = slice(first, last) if last - first == len(positions) else positions

        def pick(column: array[int]) -> Numbers:
            return np.asarray(column)[at]

        self.octets, self.lines, self.times = pick(block.octets), pick(block.lines), pick(block.times)
        self.authors, self.subjects = pick(block.authors), pick(block.subjects)
        self.xrefs, self.marks = pick(block.xrefs), pick(block.marks)
        begins, base, end = np.asarray(block.begins), block.begins[first], block.begins[last]
        self.cited = np.asarray(block.references[base:end])  # of all lines from the first to the last
        self._begins, self._ends = begins[:-1][at] - base, begins[1:][at] - base

    def references(self, cited: Octets) -> list[bytes]:
        """Of each line, by the ids of those cited."""
        text = reference_text(cited)
        begins, ends = self._begins * REFERENCE_OCTETS + 1, self._ends * REFERENCE_OCTETS  # without the first blank
        return [text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def _fields(database: sqlite3.Connection, block: Block, its: _Picked, known: _Many) -> list[bytes]:
    """Subject, sender, date, id and references of lines."""
    text, own = block.texts.__getitem__, many_letters(known.ids + ID_PADDING)
    subjects = list(map(text, its.subjects.tolist()))
    names = map(text, np.asarray(block.names)[its.authors].tolist())
    said = middles(_identities(database, block, its), its.times, own)
    references = its.references(_cited(database, its.cited, known, own))
    fields = list(map(b"".join, zip(subjects, repeat(b"\t"), names, said, references)))
    if its.marks.max() < WHOLE:
        return fields
    whole = (its.marks >= WHOLE).tolist()
    return [text if is_whole else made for is_whole, text, made in zip(whole, subjects, fields, strict=True)]


def _cited(database: sqlite3.Connection, keys: Numbers, known: _Many, own: Octets) -> Octets:
    """Ids of articles by their keys, in letters; those of some are known."""
    kept = database.spelled if isinstance(database, Store) else Slots(LETTERS, BLOCK_NUMBERS)
    kept.put(np.array(known.articles, np.uint32), own.view(LETTERS).ravel())

    def ask(at: NDArray[np.intp]) -> NDArray[np.void]:
        (ids,) = database.execute(_MANY_NAMES, (json.dumps(keys[at].tolist()),)).fetchone()
        return many_letters(ids + ID_PADDING).view(LETTERS).ravel()

    return kept.find(keys, ask).view(np.uint8).reshape(-1, LETTERS.itemsize)


def _identities(database: sqlite3.Connection, block: Block, its: _Picked) -> Octets:
    """Who has written each line, in letters; nobody where the line stands whole."""
    people = np.where(its.marks < WHOLE, np.asarray(block.people)[its.authors], 0)
    rows = np.empty((len(people), KEY_OCTETS + TAIL_OCTETS), np.uint8)
    kept = database.identities if isinstance(database, Store) else Slots(IDENTITY, BLOCK_NUMBERS)
    found = kept.find(people, lambda at: _ask_identities(database, people[at].tolist()))
    rows[:, :KEY_OCTETS] = found.view(np.uint8).reshape(-1, KEY_OCTETS)
    tails = np.asarray(block.tails)[its.authors].astype(">u4").view(np.uint8).reshape(-1, 4)
    rows[:, KEY_OCTETS:] = tails[:, -TAIL_OCTETS:]
    return many_letters(rows.tobytes())


def _ask_identities(database: sqlite3.Connection, people: Sequence[int]) -> NDArray[np.void]:
    """Who some people are; zeros for nobody."""
    (ids,) = database.execute(_PEOPLE, (json.dumps(people),)).fetchone()
    return np.frombuffer(ids, IDENTITY)


def _sender(database: sqlite3.Connection, block: Block, author: int) -> bytes:
    """What From says of one author of a block, remembered."""
    made = database.senders if isinstance(database, Store) else {}
    who = block.people[author], block.texts[block.names[author]], block.tails[author]
    if who not in made:
        if len(made) > Store.SENDERS_MOST:
            made.clear()
        person, name, tail = who
        identity = lines.find_name(database, PERSON, person) + tail.to_bytes(TAIL_OCTETS, "big")
        made[who] = sender_field(name, letters(identity))
    return made[who]


def names(database: sqlite3.Connection, own: Mapping[int, bytes], others: Iterable[int]) -> Mapping[int, bytes]:
    """Message-IDs of an article, which is known by its id, and of those it cites, at least; none of the node's own."""
    made = database.names if isinstance(database, Store) else {}
    if len(made) > Store.NAMES_MOST:
        made.clear()
    ids = {key: identifier for key, identifier in own.items() if key not in made}
    if unknown := [key for key in others if key not in made and key not in ids]:
        ids.update(database.execute(_FEW_NAMES[len(unknown)], unknown).fetchall())
    for key, identifier in ids.items():
        made[key] = named(letters((identifier if len(identifier) == ID_OCTETS else bytes(ID_OCTETS)) + ID_PADDING))
    return made
