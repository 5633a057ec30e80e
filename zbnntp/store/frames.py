"""Frames: folded lines of many posts together, in the least room that still lets one of them be read at once.

What is alike stands side by side: the text of all lines is one block, under a dictionary that this very store has
trained on its own posts; the keys of the people and articles they name, and where each text ends, are columns of
numbers; hashes and signatures, which nothing makes smaller, stand as they are, each once: whoever answers in a thread
carries the same header of it.

    frame   = varint length, columns; varint length, text; raw
    columns = zstd of the lengths of the texts, the keys of the persons, those of the articles, hashes, signatures; 4
              octets each, all lowest octets first, then all second ones, and so on. A hash or signature is 0 when it
              is the next of raw, else n when it is the n-th, from 1
    text    = zstd of the texts one behind the other
    raw     = hashes, 32 octets each, then signatures, 64 each

A line may be taken out of a frame: its text becomes empty, and the others keep their places. docs/store.md "Lines".
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import zstandard

from zbnntp.store.folding import ARTICLE, HASH, PERSON, PLACES, SIGNATURE, SIZES, Name, read_varint, varint

LEVEL = 19
QUICK = 3  # of a frame out of which something was taken
TEXT_OCTETS = 48 * 1024  # in one frame: more would be smaller, and slower to read a single post from
TEXT_MOST = 2 << 20  # no frame holds more: one line of any size beyond the others
DICTIONARY_OCTETS = 2 << 20  # at most, and else a 32nd of the text: of twice as much a processor's cache holds less
DICTIONARY_PART = 32
SEGMENT, DMER = 128, 8  # k and d of the trainer: its own search for better ones takes minutes and gains 1 %

Numbers = np.ndarray[tuple[int], np.dtype[Any]]
Folded = tuple[bytes, bytes]  # text and references of a line, as `fold` makes them
NOTHING: Folded = (b"", b"")  # of a line that was taken out
KINDS = (PERSON, ARTICLE, HASH, SIGNATURE)  # in the order of their columns


class Codec:
    """Makes and opens frames with one dictionary, in one thread at a time. Without: for stores that are small."""

    def __init__(self, dictionary: bytes) -> None:
        self._octets = len(dictionary)
        self._shared = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        self._compressors: dict[int, zstandard.ZstdCompressor] = {}
        self._text = zstandard.ZstdDecompressor(dict_data=self._shared) if dictionary else zstandard.ZstdDecompressor()
        self._columns = zstandard.ZstdDecompressor()

    def make(self, lines: Sequence[Folded], level: int = LEVEL) -> bytes:
        """A frame of these lines."""
        lengths = array("I", [len(text) for text, _ in lines])
        columns = _Columns()
        for text, references in lines:
            columns.add(text, references)
        numbers = zstandard.ZstdCompressor(level=LEVEL).compress(spread(lengths + columns.joined()))
        packed = self._compressor(level).compress(b"".join([text for text, _ in lines]))
        raw = [octets for kind in SIZES for octets in columns.raw[kind]]
        return b"".join((varint(len(numbers)), numbers, varint(len(packed)), packed, *raw))

    def open(self, frame: bytes, count: int) -> Frame:
        """A frame of `count` lines."""
        length, at = read_varint(frame, 0)
        columns = gather(self._columns.decompress(frame[at : at + length], TEXT_MOST))
        length, at = read_varint(frame, at + length)
        text = self._text.decompress(frame[at : at + length], TEXT_MOST)
        return Frame(text, columns, count, frame[at + length :])

    def without(self, frame: Frame, gone: Collection[int]) -> bytes:
        """A frame with nothing in the place of some of its lines."""
        kept = (NOTHING if index in gone else frame.folded(index) for index in range(frame.count))
        return self.make(list(kept), QUICK)

    def _compressor(self, level: int) -> zstandard.ZstdCompressor:
        if level not in self._compressors:
            settings = zstandard.ZstdCompressionParameters.from_level(
                level, source_size=TEXT_OCTETS, dict_size=self._octets, write_dict_id=False
            )
            self._compressors[level] = zstandard.ZstdCompressor(dict_data=self._shared, compression_params=settings)
        return self._compressors[level]


class _Columns:
    """What the lines of a frame name."""

    def __init__(self) -> None:
        self._numbers = {kind: array("I") for kind in KINDS}
        self.raw: dict[int, dict[bytes, int]] = {kind: {} for kind in SIZES}  # octets to their place, from 1

    def add(self, text: bytes, references: bytes) -> None:
        """The references of a line."""
        at = 0
        for place in PLACES.findall(text):
            kind = place[0]
            if kind >= HASH:
                octets, at = references[at : at + SIZES[kind]], at + SIZES[kind]
                known = self.raw[kind]
                number = known.get(octets, 0)
                known.setdefault(octets, len(known) + 1)
            else:
                number, at = read_varint(references, at)
            self._numbers[kind].append(number)

    def joined(self) -> array[int]:
        numbers = array("I")
        for kind in KINDS:
            numbers += self._numbers[kind]
        return numbers


class Frame:
    """An open frame of `count` lines."""

    def __init__(self, text: bytes, columns: array[int], count: int, raw: bytes) -> None:
        self._all, self._raw, self._columns = text, raw, columns
        self._ends = [0, *accumulate(columns[:count])]
        self.count = count

    @property
    def held(self) -> int:
        """How many lines were not taken out."""
        return sum(before < after for before, after in zip(self._ends, self._ends[1:], strict=False))

    def text(self, index: int) -> bytes:
        """The folded text of a line."""
        return self._all[self._ends[index] : self._ends[index + 1]]

    def names(self, person: int | None, identity: bytes) -> bool:
        """Whether a line may name somebody, by the store's key or in full."""
        begin, end = self._begins[PERSON : PERSON + 2].tolist()
        return person in self._columns[begin:end] or identity in self._raw

    def references(self, index: int, name: Name) -> Iterator[bytes]:
        """The octets for each place in the text of a line."""
        for kind, value in self._values(index):
            yield value if isinstance(value, bytes) else name(kind, value)

    def folded(self, index: int) -> Folded:
        """Text and references of a line."""
        values = (value if isinstance(value, bytes) else varint(value) for _, value in self._values(index))
        return self.text(index), b"".join(values)

    def _values(self, index: int) -> Iterator[tuple[int, int | bytes]]:
        """Kind and key, or octets, for each place in the text of a line."""
        places, kinds = self._places
        first, last = np.searchsorted(places, self._ends[index : index + 2])
        at = (self._begins + _counts(kinds[:first])).tolist()
        for kind in kinds[first:last].tolist():
            yield kind, self._raw_of[kind, at[kind]] if kind >= HASH else self._columns[at[kind]]
            at[kind] += 1

    @cached_property
    def _places(self) -> tuple[Numbers, Numbers]:
        """Where in the texts of all lines there are places, and their kinds."""
        octets = np.frombuffer(self._all, np.uint8)
        places = np.flatnonzero(octets - PERSON <= SIGNATURE - PERSON)  # less than PERSON is far beyond
        return places, octets[places]

    @cached_property
    def _begins(self) -> Numbers:
        """Where the column of each kind begins."""
        return self.count + np.insert(np.cumsum(_counts(self._places[1]))[:-1], 0, 0)

    @cached_property
    def _raw_of(self) -> dict[tuple[int, int], bytes]:
        """Kind and place in the columns to octets."""
        found: dict[tuple[int, int], bytes] = {}
        at = 0
        ends = (int(self._begins[SIGNATURE]), len(self._columns))
        for (kind, size), end in zip(SIZES.items(), ends, strict=True):
            known: list[bytes] = []
            for place in range(int(self._begins[kind]), end):
                number = self._columns[place]
                if not number:
                    known.append(self._raw[at : at + size])
                    at += size
                found[kind, place] = known[number - 1]
        return found


def _counts(kinds: Numbers) -> Numbers:
    """How many there are of each kind, from 0 on."""
    return np.bincount(kinds, minlength=SIGNATURE + 1)


def train(texts: Sequence[bytes], octets: int) -> bytes:
    """A dictionary from the folded text of lines, for so many octets of text in all."""
    size = max(min(DICTIONARY_OCTETS, octets // DICTIONARY_PART), TEXT_OCTETS)
    return zstandard.train_dictionary(size, list(texts), k=SEGMENT, d=DMER, level=LEVEL).as_bytes()


def shrink_dictionary(dictionary: bytes) -> bytes:
    """A dictionary as it is kept."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(dictionary)


def grow_dictionary(kept: bytes) -> bytes:
    """A dictionary that was kept."""
    return zstandard.ZstdDecompressor().decompress(kept, 2 * DICTIONARY_OCTETS)


def grouped(lines: Iterable[Folded]) -> Iterator[list[Folded]]:
    """Lines by the frame."""
    group: list[Folded] = []
    octets = 0
    for line in lines:
        if group and octets + len(line[0]) > TEXT_OCTETS:
            yield group
            group, octets = [], 0
        group.append(line)
        octets += len(line[0])
    if group:
        yield group


def spread(numbers: array[int]) -> bytes:
    """All lowest octets of numbers of 4, all second ones, and so on: what is alike stands side by side."""
    octets = numbers.tobytes()
    return b"".join([octets[plane::4] for plane in _PLANES])


def gather(spread: bytes) -> array[int]:
    """The numbers again."""
    octets = bytearray(len(spread))
    count = len(spread) // 4
    for place, plane in enumerate(_PLANES):
        octets[plane::4] = spread[place * count : (place + 1) * count]
    return array("I", bytes(octets))


_PLANES = (0, 1, 2, 3) if sys.byteorder == "little" else (3, 2, 1, 0)
