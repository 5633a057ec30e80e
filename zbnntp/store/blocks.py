"""The overview of 256 numbers of a group in one piece: what is alike stands side by side, and each text once.

    packed  = varint length, columns; texts
    columns = zstd of numbers of 4 octets, all lowest octets first, then all second ones, and so on: how many lines,
              and how many people; for each line what COLUMNS says; the keys of the people; which texts their names
              are; the tails of their identities; the keys of the articles in the References of all lines, one line
              behind the other
    texts   = zstd of all texts, each ended by a line end; those before the first are empty

A line has no id and no address: the number says which article it is, and article and author know theirs. A line that
cannot be told like this stands whole among the texts. docs/store.md "Derived".
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import zstandard

from zbnntp.store.folding import read_varint, varint
from zbnntp.store.frames import gather, spread

BLOCK_NUMBERS = 256  # as in the triggers of the schema
LEVEL = 19
OCTETS_MOST = 4 << 20  # of either part: 256 lines of the longest subjects and many groups have a quarter of it
NUMBER_MOST = (1 << 32) - 1
COLUMNS = 9  # step from the number before, octets, lines, time, author, subject, Xref, form with marks, references
DAMAGED = "a block of the overview is damaged; run: zbnntp check --repair"
SAGE, WHOLE = 8, 16  # in the column of form and sage: sage; the text is not a subject, but the whole line


class Line(NamedTuple):
    """An overview line. `whole` has its fields where the others cannot tell them; empty where they can."""

    offset: int  # of its number in the block
    octets: int
    lines: int
    time: int  # unix seconds
    author: int  # key of the person; 0: this node
    name: bytes  # of the author, as it stands in From
    tail: int  # of the author's identity
    subject: bytes
    xref: bytes  # empty: this group and number alone
    sage: int
    form: int
    references: Sequence[int]  # keys of articles
    whole: bytes = b""


def make(lines: Sequence[Line]) -> bytes:
    """A block of these lines, their offsets ascending."""
    people: dict[tuple[int, int, int], int] = {}
    texts: dict[bytes, int] = {b"": 0}
    references = array("I")
    rows: list[tuple[int, ...]] = []
    before = 0
    for it in lines:
        author = people.setdefault((it.author, texts.setdefault(it.name, len(texts)), it.tail), len(people))
        subject = texts.setdefault(it.whole or it.subject, len(texts))
        xref = texts.setdefault(it.xref, len(texts))
        marks = bool(it.whole) * WHOLE + it.sage * SAGE + it.form
        rows.append(
            (it.offset - before, it.octets, it.lines, it.time, author, subject, xref, marks, len(it.references))
        )
        references.extend(it.references)
        before = it.offset
    numbers = array("I", (len(rows), len(people)))
    for column in zip(*rows, strict=True):
        numbers.extend(column)
    for column in zip(*people, strict=True):
        numbers.extend(column)
    packed = _compress(spread(numbers + references))
    return varint(len(packed)) + packed + _compress(b"".join([text + b"\n" for text in texts]))


def _compress(octets: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(octets)


class Block:
    """An open block: an array for each column, and of where in `references` those of each line begin."""

    __slots__ = (
        "authors", "begins", "lines", "marks", "names", "octets", "offsets", "people", "references", "subjects",
        "tails", "texts", "times", "xrefs",
    )  # fmt: skip

    def __init__(self, packed: bytes) -> None:
        length, at = read_varint(packed, 0)
        numbers = gather(_decompress(packed[at : at + length]))
        self.texts = _decompress(packed[at + length :]).split(b"\n")
        count, people = numbers[:2]
        columns = [numbers[2 + count * column : 2 + count * (column + 1)] for column in range(COLUMNS)]
        self.offsets = array("I", accumulate(columns[0]))
        self.octets, self.lines, self.times, self.authors, self.subjects, self.xrefs, self.marks = columns[1:8]
        self.begins = array("I", accumulate(columns[8], initial=0))
        end = 2 + count * COLUMNS
        names, tails, references = (end + people * at for at in (1, 2, 3))
        self.people, self.names = numbers[end:names], numbers[names:tails]
        self.tails, self.references = numbers[tails:references], numbers[references:]
        if len(self.references) != self.begins[-1]:
            raise ValueError(DAMAGED)


class _Tools(threading.local):
    """A decompressor may serve one thread at a time; making one takes longer than to open a block."""

    def __init__(self) -> None:
        self.decompress = zstandard.ZstdDecompressor().decompress


_tools = _Tools()


def _decompress(octets: bytes) -> bytes:
    if not 0 <= zstandard.frame_content_size(octets) <= OCTETS_MOST:
        raise ValueError(DAMAGED)
    return _tools.decompress(octets, OCTETS_MOST)
