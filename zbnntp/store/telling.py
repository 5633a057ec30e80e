"""Overview lines out of packed blocks (blocks.py), one or many: what a block leaves out is looked up.

Ids come with the numbers; those in References and the identities of authors are looked up, and written in base32, for
all lines together. What was written is remembered by the store's keys, which mean the same for ever: who reads a
thread, or a board from its end, meets the same people and the same openings again.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Self

from zbnntp.model.article import Form, date_field, sender_fields
from zbnntp.model.keys import Identity, message_ids
from zbnntp.store import lines
from zbnntp.store.blocks import BLOCK_NUMBERS, SAGE, WHOLE, Block
from zbnntp.store.database import Store

_Who = tuple[int, bytes]  # key of a person, nick
NOBODY = Identity(bytes(32))  # where this node is the author: such a line stands whole
ID_OCTETS = 32  # of a post's id; those of the node's own articles have 16
_MANY_NAMES = "SELECT a.pk, a.id FROM json_each(?) asked CROSS JOIN article a ON a.pk = asked.value"
_FEW_NAMES = [f"SELECT pk, id FROM article WHERE pk IN ({','.join('?' * few)})" for few in range(10)]  # noqa: S608
_PEOPLE = "SELECT p.pk, p.id FROM json_each(?) asked CROSS JOIN person p ON p.pk = asked.value"
_GAPS = "SELECT number FROM gap WHERE newsgroup = ? AND number BETWEEN ? AND ?"
_KNOWN = (  # what a packed block does not say of its articles
    "SELECT n.number, n.article, a.id, coalesce(s.units, 0), {} FROM number n CROSS JOIN article a ON a.pk = n.article "
    "LEFT JOIN score s ON s.article = n.article AND s.view = (SELECT view FROM newsgroup WHERE pk = ?1) {}"
    "WHERE n.newsgroup = ?1 AND n.number BETWEEN ?2 AND ?3 ORDER BY n.number"
)
_PACKED = _KNOWN.format("NULL", "")
_PACKED_FILED = _KNOWN.format(
    "line.octets", "LEFT JOIN post p ON p.article = n.article LEFT JOIN line ON line.pk = p.line "
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
        who = _who(block, author)
        sender = _senders(database, (who,))[who]
        references = b" ".join([told[key] for key in chain])
        fields = b"\t".join((fields, sender, date_field(block.times[at]), told[known.article], references))
    xref = texts[block.xrefs[at]] or b"Xref: zbnntp %b:%d" % (group.encode(), known.number)
    body = body_of(database, form, known.line)
    sizes = block.octets[at], block.lines[at]
    person = block.people[author] or None
    return Row(known.number, known.article, person, fields, *sizes, xref, marks // SAGE % 2, form, known.score, body)


def tell_all(database: sqlite3.Connection, block: Block, newsgroup: int, low: int, high: int) -> Columns:
    """All lines of a block in a span of its numbers."""
    return _told(database, block, newsgroup, _wanted(database, block, newsgroup, low, high), _PACKED)[0]


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
    wanted = dict(islice(_wanted(database, block, newsgroup, low, high).items(), limit))
    told, kept = _told(database, block, newsgroup, wanted, _PACKED_FILED if filed else _PACKED)
    return told.rows([body_of(database, form, line) for form, line in zip(told.forms, kept, strict=True)])


def body_of(database: sqlite3.Connection, form: int, line: bytes | None) -> bytes | None:
    """The body in the line of a post; None where the article is made in another way."""
    return None if line is None or form >= Form.SPECIAL else lines.read_body(database, line)


def gaps(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> set[int]:
    """Numbers under which a packed block has nothing, or nothing any more."""
    return {number for (number,) in database.execute(_GAPS, (newsgroup, low, high))}


def _wanted(database: sqlite3.Connection, block: Block, newsgroup: int, low: int, high: int) -> dict[int, int]:
    """The numbers of a span that count, and their positions in a block."""
    base = low - low % BLOCK_NUMBERS
    between = range(bisect_left(block.offsets, low - base), bisect_right(block.offsets, high - base))
    wanted = {base + block.offsets[at]: at for at in between}
    for void in gaps(database, newsgroup, low, high):
        wanted.pop(void, None)
    return wanted


def _told(
    database: sqlite3.Connection, block: Block, newsgroup: int, wanted: Mapping[int, int], query: str
) -> tuple[Columns, Sequence[bytes | None]]:
    """Lines of a block, with the lines of their posts: column by column, which is much faster."""
    if not wanted:
        return Columns.of(()), ()
    span = (newsgroup, min(wanted), max(wanted))
    known = [it for it in database.execute(query, span).fetchall() if it[0] in wanted]
    if not known:
        return Columns.of(()), ()
    (group,) = database.execute("SELECT name FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchone()
    numbers, articles, ids, scores, kept = zip(*known, strict=True)
    positions = [wanted[number] for number in numbers]
    its = _Picked(block, positions)
    fields = _fields(database, block, its, articles, ids)
    alone, texts = b"Xref: zbnntp %b:" % group.encode(), block.texts
    xrefs = [texts[xref] or b"%b%d" % (alone, number) for xref, number in zip(its.xrefs, numbers, strict=True)]
    people = [block.people[author] or None for author in its.authors]
    sages, forms = [mark // SAGE % 2 for mark in its.marks], [mark % SAGE for mark in its.marks]
    return Columns(numbers, articles, people, fields, its.octets, its.lines, xrefs, sages, forms, scores), kept


class _Picked:
    """What stands at some positions of a block, column by column."""

    def __init__(self, block: Block, positions: Sequence[int]) -> None:
        first, last = positions[0], positions[-1] + 1
        is_whole = last - first == len(positions)

        def pick(column: array[int]) -> Sequence[int]:
            return column[first:last] if is_whole else [column[at] for at in positions]

        self.octets, self.lines, self.times = pick(block.octets), pick(block.lines), pick(block.times)
        self.authors, self.subjects = pick(block.authors), pick(block.subjects)
        self.xrefs, self.marks = pick(block.xrefs), pick(block.marks)
        begins, references = block.begins, block.references
        self.chains = [references[begins[at] : begins[at + 1]] for at in positions]


def _fields(
    database: sqlite3.Connection, block: Block, its: _Picked, articles: Sequence[int], ids: Sequence[bytes]
) -> list[bytes]:
    """Subject, sender, date, id and references of lines."""
    texts = block.texts
    subjects = [texts[subject] for subject in its.subjects]
    people = {author: _who(block, author) for author in set(its.authors)}
    senders = _senders(database, people.values())
    told = names(database, dict(zip(articles, ids, strict=True)), set().union(*its.chains))
    columns = (
        subjects,
        [senders[people[author]] for author in its.authors],
        [date_field(time) for time in its.times],
        [told[article] for article in articles],
        [b" ".join(map(told.__getitem__, chain)) for chain in its.chains],
    )
    fields = [b"\t".join(it) for it in zip(*columns, strict=True)]
    if max(its.marks) < WHOLE:
        return fields
    return [text if mark >= WHOLE else made for mark, text, made in zip(its.marks, subjects, fields, strict=True)]


def names(database: sqlite3.Connection, own: Mapping[int, bytes], others: Iterable[int]) -> Mapping[int, bytes]:
    """Message-IDs of articles, which are known by their ids, and of others, at least; none of the node's own."""
    made = database.names if isinstance(database, Store) else {}
    if len(made) > Store.NAMES_MOST:
        made.clear()
    ids = {key: identifier for key, identifier in own.items() if key not in made}
    if unknown := [key for key in others if key not in made and key not in ids]:
        few = len(unknown) < len(_FEW_NAMES)
        query, values = (_FEW_NAMES[len(unknown)], unknown) if few else (_MANY_NAMES, [json.dumps(sorted(unknown))])
        ids.update(database.execute(query, values).fetchall())
    if ids:
        texts = message_ids([it if len(it) == ID_OCTETS else bytes(ID_OCTETS) for it in ids.values()])
        made.update(zip(ids, texts, strict=True))
    return made


def _senders(database: sqlite3.Connection, people: Collection[_Who]) -> Mapping[_Who, bytes]:
    """What From says of people at least."""
    made = database.senders if isinstance(database, Store) else {}
    if unknown := [who for who in people if who not in made]:
        if len(made) > Store.SENDERS_MOST:
            made.clear()
            unknown = list(people)
        keys = json.dumps(sorted({person for person, _ in unknown}))
        identities = dict(database.execute(_PEOPLE, (keys,)).fetchall())
        known = [identities.get(person, NOBODY) for person, _ in unknown]
        made.update(zip(unknown, sender_fields(known, [nick for _, nick in unknown]), strict=True))
    return made


def _who(block: Block, author: int) -> _Who:
    return block.people[author], block.texts[block.nicks[author]]
