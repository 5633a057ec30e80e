"""The overview as newsreaders ask for it: rows by number, by id, by block. Read only; numbers.py writes it.

A block is 256 numbers of a group. Triggers of the schema count the rows in each and note the version at which it
changed last, so that whoever keeps rendered blocks knows which of them to make anew. A block that has not changed for
a while is packed (condensing.py): blocks.py tells its rows, but for those whose numbers stand in `gap`; what changed
later stands in `overview`, as all rows of other blocks do.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import itemgetter
from typing import Any, NamedTuple

from zbnntp.model.article import Form, date_field, sender_fields
from zbnntp.model.keys import Identity, message_ids
from zbnntp.store import lines
from zbnntp.store.blocks import SAGE, WHOLE, Block
from zbnntp.store.database import WINDOW_ROWS, Store, snapshot
from zbnntp.store.posts import id_key

BLOCK_NUMBERS = 256  # as in the triggers
_NEWSGROUP, _ID = 11, 14  # columns in the queries for one number: what else is known of it begins here; its id


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


_number = itemgetter(0)
NOBODY = Identity(bytes(32))  # where this node is the author: such a line stands whole
ID_OCTETS = 32  # of a post's id; those of the node's own articles have 16
_MANY_NAMES = "SELECT pk, id FROM article WHERE pk IN (SELECT value FROM json_each(?))"
_FEW_NAMES = [f"SELECT pk, id FROM article WHERE pk IN ({','.join('?' * few)})" for few in range(10)]  # noqa: S608
_PEOPLE = "SELECT pk, id FROM person WHERE pk IN (SELECT value FROM json_each(?))"
_COLUMNS = "o.number, o.article, o.author, o.fields, o.octets, o.lines, o.xref, o.sage, o.form, coalesce(s.units, 0), "
_VOTES = "LEFT JOIN score s ON s.article = o.article AND s.view = (SELECT view FROM newsgroup WHERE pk = ?1) "
_LINE = "LEFT JOIN post p ON p.article = {}.article LEFT JOIN line ON line.pk = p.line "
_SPAN = "WHERE {0}.newsgroup = ?1 AND {0}.number BETWEEN ?2 AND ?3 ORDER BY {0}.number LIMIT ?4"
_OPEN = f"SELECT {_COLUMNS}NULL FROM overview o {_VOTES}{_SPAN.format('o')}"  # noqa: S608
_OPEN_FILED = f"SELECT {_COLUMNS}line.octets FROM overview o {_VOTES}{_LINE.format('o')}{_SPAN.format('o')}"  # noqa: S608
_ONE = (  # in this order, whatever the planner thinks: of 64 bits, and of an article's key, there is one
    f"SELECT {_COLUMNS}line.octets, n.newsgroup, n.number, n.article, a.id, coalesce(s.units, 0), g.name, k.pk, "  # noqa: S608
    "p.author, w.id FROM {} CROSS JOIN newsgroup g ON g.pk = n.newsgroup "
    "LEFT JOIN overview o ON o.newsgroup = n.newsgroup AND o.number = n.number "
    "LEFT JOIN packed k ON k.newsgroup = n.newsgroup AND k.block = n.number / 256 AND o.number IS NULL "
    "AND NOT EXISTS (SELECT 1 FROM gap d WHERE d.newsgroup = n.newsgroup AND d.number = n.number) "
    "LEFT JOIN score s ON s.article = n.article AND s.view = g.view "
    f"{_LINE.format('n')}LEFT JOIN person w ON w.pk = p.author WHERE "
)
_BY_ARTICLE = "article a CROSS JOIN number n ON n.article = a.pk"
_BY_KEY = _ONE.format(_BY_ARTICLE) + "a.key = ?"
_BY_PK = _ONE.format(_BY_ARTICLE) + "a.pk = ?"
_BY_NUMBER = _ONE.format("number n CROSS JOIN article a ON a.pk = n.article") + "n.newsgroup = ? AND n.number = ?"
_KNOWN = (  # what a packed block does not say of its articles
    "SELECT n.number, n.article, a.id, coalesce(s.units, 0), {} FROM number n CROSS JOIN article a ON a.pk = n.article "
    "LEFT JOIN score s ON s.article = n.article AND s.view = (SELECT view FROM newsgroup WHERE pk = ?1) "
)
_PACKED = _KNOWN.format("NULL") + _SPAN.format("n")
_PACKED_FILED = _KNOWN.format("line.octets") + _LINE.format("n") + _SPAN.format("n")
IS_PACKED = "SELECT pk FROM packed WHERE newsgroup = ? AND block = ?"


def rows(
    database: sqlite3.Connection,
    newsgroup: int,
    low: int,
    high: int,
    limit: int = WINDOW_ROWS,
    filed: bool = False,
) -> list[Row]:
    """Visible articles from `low` on; with their bodies where they are to be `filed`."""
    found: list[Row] = []
    with _at_once(database):
        while len(found) < limit and (block := _next_block(database, newsgroup, low, high)) is not None:
            last = min(high, (block + 1) * BLOCK_NUMBERS - 1)
            found += _in_block(database, newsgroup, max(low, block * BLOCK_NUMBERS), last, limit - len(found), filed)
            low = last + 1
    return found


def find_row(database: sqlite3.Connection, newsgroup: int, number: int) -> Row | None:
    """One article with its body."""
    found = database.execute(_BY_NUMBER, (newsgroup, number)).fetchone()
    return _one(database, found) if found else None


def places(database: sqlite3.Connection, article: int) -> list[tuple[int, Row]]:
    """An article with the key of each group, of any view, where it is visible."""
    return _placed(database, database.execute(_BY_PK, (article,)).fetchall())


def places_by_id(database: sqlite3.Connection, identifier: bytes) -> list[tuple[int, Row]]:
    """The same for a post id or a local id."""
    found = database.execute(_BY_KEY, (id_key(identifier),)).fetchall()
    return _placed(database, [it for it in found if it[_ID] == identifier])


def _placed(database: sqlite3.Connection, found: Iterable[Sequence[Any]]) -> list[tuple[int, Row]]:
    rows = [(it[_NEWSGROUP], _one(database, it)) for it in found]
    return [(newsgroup, row) for newsgroup, row in rows if row is not None]


def _one(database: sqlite3.Connection, columns: Sequence[Any]) -> Row | None:
    """The row of one number; None when nothing is visible there."""
    newsgroup, number, article, identifier, score, group, pk, author, identity = columns[_NEWSGROUP:]
    if columns[0] is not None:
        return _opened(database, columns[:_NEWSGROUP])
    if pk is None:
        return None
    block = _block(database, pk)
    if block is None:  # packed anew just now
        with _at_once(database):
            return next(iter(_in_block(database, newsgroup, number, number, 1, True)), None)
    at = bisect_left(block.offsets, number % BLOCK_NUMBERS)
    senders = _senders(database, block, {block.authors[at]}, {author: identity})
    its = (number, article, identifier, score, columns[_NEWSGROUP - 1])
    return _told_row(database, block, at, its, b"Xref: zbnntp %b:%d" % (group.encode(), number), senders)


def _told_row(
    database: sqlite3.Connection, block: Block, at: int, its: Sequence[Any], xref: bytes, senders: Mapping[int, bytes]
) -> Row:
    """The row at one position of a block; `_told` is for many."""
    number, article, identifier, score, line = its
    fields, marks = block.texts[block.subjects[at]], block.marks[at]
    if marks < WHOLE:
        chain = block.references[block.begins[at] : block.begins[at + 1]]
        names = _names(database, {article: identifier}, (chain,))
        date, references = date_field(block.times[at]), b" ".join([names[key] for key in chain])
        fields = b"\t".join((fields, senders[block.authors[at]], date, names[article], references))
    author, sizes = block.people[block.authors[at]] or None, (block.octets[at], block.lines[at])
    sage, form = marks // SAGE % 2, marks % SAGE
    body = None if line is None or form >= Form.SPECIAL else lines.read_body(database, line)
    return Row(number, article, author, fields, *sizes, block.texts[block.xrefs[at]] or xref, sage, form, score, body)


def _at_once(database: sqlite3.Connection) -> AbstractContextManager[None]:
    """One snapshot for all queries of a block, which may be packed between two of them."""
    return nullcontext() if database.in_transaction else snapshot(database)


def _next_block(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> int | None:
    """The first block with visible articles among those of these numbers."""
    row = database.execute(
        "SELECT block FROM block WHERE newsgroup = ? AND block BETWEEN ? AND ? AND count > 0 ORDER BY block LIMIT 1",
        (newsgroup, low // BLOCK_NUMBERS, high // BLOCK_NUMBERS),
    ).fetchone()
    return row[0] if row and low <= high else None


def _in_block(database: sqlite3.Connection, newsgroup: int, low: int, high: int, limit: int, filed: bool) -> list[Row]:
    """Rows of one block."""
    span = (newsgroup, low, high, limit)
    found = [_opened(database, it) for it in database.execute(_OPEN_FILED if filed else _OPEN, span).fetchall()]
    packed = database.execute(IS_PACKED, (newsgroup, low // BLOCK_NUMBERS)).fetchone()
    block = _block(database, *packed) if packed else None
    if block is not None:
        found += packed_rows(database, block, *span, filed)
        found.sort(key=_number)
    return found[:limit]


def _opened(database: sqlite3.Connection, columns: Iterable[Any]) -> Row:
    row = Row._make(columns)
    return row if row.body is None else _with_body(database, row)


def _with_body(database: sqlite3.Connection, row: Row) -> Row:
    """A row with the line of its post in the place of the body."""
    body = None if row.form >= Form.SPECIAL else lines.read_body(database, row.body)  # type: ignore[arg-type]
    return row._replace(body=body)


def _block(database: sqlite3.Connection, pk: int) -> Block | None:
    """A packed block, kept open for a while."""
    kept = database.blocks if isinstance(database, Store) else {}
    block = kept.get(pk)
    if block is None:
        row = database.execute("SELECT octets FROM packed WHERE pk = ?", (pk,)).fetchone()
        if row is None:
            return None
        block = kept[pk] = Block(row[0])
        if len(kept) > Store.BLOCKS_MOST:
            del kept[next(iter(kept))]
    return block


def packed_rows(
    database: sqlite3.Connection,
    block: Block,
    newsgroup: int,
    low: int,
    high: int,
    limit: int = BLOCK_NUMBERS,
    filed: bool = False,
) -> list[Row]:
    """The first rows of a packed block in a span of its numbers."""
    void = gaps(database, newsgroup, low, high)
    base = low - low % BLOCK_NUMBERS
    between = range(bisect_left(block.offsets, low - base), bisect_right(block.offsets, high - base))
    wanted = [at for at in between if base + block.offsets[at] not in void][:limit]
    if not wanted:
        return []
    ends = base + block.offsets[wanted[0]], base + block.offsets[wanted[-1]]
    query = _PACKED_FILED if filed else _PACKED
    known = {it[0]: it for it in database.execute(query, (newsgroup, *ends, BLOCK_NUMBERS)).fetchall()}
    positions = [at for at in wanted if base + block.offsets[at] in known]
    (group,) = database.execute("SELECT name FROM newsgroup WHERE pk = ?", (newsgroup,)).fetchone()
    authors = {block.authors[at] for at in positions}
    people = json.dumps([block.people[at] for at in authors])
    senders = _senders(database, block, authors, dict(database.execute(_PEOPLE, (people,)).fetchall()))
    return _told(database, block, positions, [known[base + block.offsets[at]] for at in positions], group, senders)


def _told(
    database: sqlite3.Connection,
    block: Block,
    positions: Sequence[int],
    known: Sequence[Sequence[Any]],
    group: str,
    senders: Mapping[int, bytes],
) -> list[Row]:
    """Rows at positions of a block, with what is known of their articles: column by column, which is much faster."""
    numbers, articles, ids, scores, kept = zip(*known, strict=True)
    span = slice(positions[0], positions[-1] + 1)
    is_whole_span = len(range(span.start, span.stop)) == len(positions)

    def pick(column: array[int]) -> Sequence[int]:
        return column[span] if is_whole_span else [column[at] for at in positions]

    authors, marks, texts = pick(block.authors), pick(block.marks), block.texts
    chains = [block.references[block.begins[at] : block.begins[at + 1]] for at in positions]
    names = _names(database, dict(zip(articles, ids, strict=True)), chains)
    columns = (
        [texts[subject] for subject in pick(block.subjects)],
        [senders[author] for author in authors],
        map(date_field, pick(block.times)),
        [names[article] for article in articles],
        [b" ".join(map(names.__getitem__, chain)) for chain in chains],
    )
    fields = [b"\t".join(it) for it in zip(*columns, strict=True)]
    if max(marks) >= WHOLE:
        wholes = zip(marks, columns[0], fields, strict=True)
        fields = [text if mark >= WHOLE else made for mark, text, made in wholes]
    alone = b"Xref: zbnntp %b:" % group.encode()
    xrefs = [
        texts[xref] if xref else b"%b%d" % (alone, number)
        for xref, number in zip(pick(block.xrefs), numbers, strict=True)
    ]
    sizes = pick(block.octets), pick(block.lines)
    marked = [mark // SAGE % 2 for mark in marks], [mark % SAGE for mark in marks]
    people = [block.people[author] or None for author in authors]
    rows = map(Row._make, zip(numbers, articles, people, fields, *sizes, xrefs, *marked, scores, kept, strict=True))
    return [row if row.body is None else _with_body(database, row) for row in rows]


def _names(database: sqlite3.Connection, own: dict[int, bytes], chains: Iterable[Iterable[int]]) -> dict[int, bytes]:
    """Message-IDs of articles, which are known by their ids, and of those in References; none of the node's own."""
    articles = list(set().union(*chains) - own.keys())
    few = len(articles) < len(_FEW_NAMES)
    query, values = (_FEW_NAMES[len(articles)], articles) if few else (_MANY_NAMES, [json.dumps(articles)])
    ids = own | dict(database.execute(query, values).fetchall() if articles else ())
    texts = message_ids([it if len(it) == ID_OCTETS else bytes(ID_OCTETS) for it in ids.values()])
    return dict(zip(ids, texts, strict=True))


def _senders(
    database: sqlite3.Connection, block: Block, authors: Iterable[int], identities: Mapping[int, Identity]
) -> dict[int, bytes]:
    """What From says, by positions in the list of a block's people; those of before need not be written again."""
    made = database.senders if isinstance(database, Store) else {}
    who = {at: (identities.get(block.people[at], NOBODY), block.texts[block.nicks[at]].decode()) for at in authors}
    if len(made) > Store.SENDERS_MOST:
        made.clear()
    if new := set(who.values()) - made.keys():
        made.update(sender_fields(new))
    return {at: made[it] for at, it in who.items()}


def gaps(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> set[int]:
    """Numbers under which a packed block has nothing, or nothing any more."""
    found = database.execute(
        "SELECT number FROM gap WHERE newsgroup = ? AND number BETWEEN ? AND ?", (newsgroup, low, high)
    )
    return {number for (number,) in found}


def blocks_since(database: sqlite3.Connection, newsgroup: int, version: int) -> list[tuple[int, int, int]]:
    """Block, count of rows and version of the blocks of a group that have changed since a version."""
    return database.execute(
        "SELECT block, count, version FROM block WHERE newsgroup = ? AND version > ? ORDER BY block",
        (newsgroup, version),
    ).fetchall()


def level_version(database: sqlite3.Connection, view: int) -> int:
    """Counts up whenever a level or trust value changes that rows show."""
    row = database.execute("SELECT version FROM level_version WHERE view = ?", (view,)).fetchone()
    return int(row[0]) if row else 0


def numbers_window(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> list[int]:
    """Visible numbers from `low` on: all of the first block that has any."""
    with _at_once(database):
        while (block := _next_block(database, newsgroup, low, high)) is not None:
            first, last = max(low, block * BLOCK_NUMBERS), min(high, (block + 1) * BLOCK_NUMBERS - 1)
            if found := _numbers_in(database, newsgroup, first, last):
                return found
            low = last + 1
    return []


def _numbers_in(database: sqlite3.Connection, newsgroup: int, low: int, high: int) -> list[int]:
    """Visible numbers of one block."""
    found = database.execute(
        "SELECT number FROM overview WHERE newsgroup = ? AND number BETWEEN ? AND ? ORDER BY number",
        (newsgroup, low, high),
    )
    numbers = [number for (number,) in found]
    if database.execute(IS_PACKED, (newsgroup, low // BLOCK_NUMBERS)).fetchone() is None:
        return numbers
    return sorted({*numbers, *range(low, high + 1)} - (gaps(database, newsgroup, low, high) - set(numbers)))


def given_since(database: sqlite3.Connection, newsgroup: int, high: int, since: int) -> int:
    """The first number that was given at or after a time; high + 1 when there is none. Numbers are given in order."""
    low, beyond = 1, high + 1
    while low < beyond:
        middle = (low + beyond) // 2
        row = database.execute(
            "SELECT number, given FROM number WHERE newsgroup = ? AND number >= ? ORDER BY number LIMIT 1",
            (newsgroup, middle),
        ).fetchone()
        if row is None or row[1] >= since:
            beyond = middle
        else:
            low = row[0] + 1
    return low
