"""Frames: folded lines of many posts together, in the least room that still lets one of them be read at once.

What is alike stands side by side: the text of all lines is one block, under a dictionary that this very store has
trained on its own posts; the keys of the people and articles they name, and where each text ends, are columns of
numbers; hashes and signatures, which nothing makes smaller, stand as they are.

    frame   = varint length, columns; varint length, text; raw
    columns = zstd of the lengths of the texts, the keys of the persons, and of the articles; 4 octets each, all lowest
              octets first, then all second ones, and so on
    text    = zstd of the texts one behind the other
    raw     = 32 octets for each HASH, 64 for each SIGNATURE, in the order of their places

docs/store.md "Lines".
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import zstandard

from zbnntp.store.folding import ARTICLE, HASH, PERSON, PLACES, SIZES, Name, read_varint, varint

LEVEL = 19
TEXT_OCTETS = 64 * 1024  # in one frame: more would be smaller, and slower to read a single post from
TEXT_MOST = 2 << 20  # no frame holds more: one line of any size beyond the others
DICTIONARY_OCTETS = 1 << 20
SEGMENT, DMER = 128, 8  # k and d of the trainer: its own search for better ones takes minutes and gains 1 %

Folded = tuple[bytes, bytes]  # text and references of a line, as `fold` makes them


class Codec:
    """Makes and opens frames with one dictionary, in one thread at a time. Without: for stores that are small."""

    def __init__(self, dictionary: bytes) -> None:
        shared = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        self._settings = zstandard.ZstdCompressionParameters.from_level(
            LEVEL, source_size=TEXT_OCTETS, dict_size=len(dictionary), write_dict_id=False
        )
        self._shared = shared
        self._compressor: zstandard.ZstdCompressor | None = None
        self._text = zstandard.ZstdDecompressor(dict_data=shared) if shared else zstandard.ZstdDecompressor()
        self._columns = zstandard.ZstdDecompressor()

    def make(self, lines: Sequence[Folded]) -> bytes:
        """A frame of these lines."""
        if self._compressor is None:
            self._compressor = zstandard.ZstdCompressor(dict_data=self._shared, compression_params=self._settings)
        lengths, persons, articles, raw = array("I"), array("I"), array("I"), bytearray()
        for text, references in lines:
            lengths.append(len(text))
            _part(text, references, persons, articles, raw)
        columns = zstandard.ZstdCompressor(level=LEVEL).compress(spread(lengths + persons + articles))
        packed = self._compressor.compress(b"".join([text for text, _ in lines]))
        return b"".join((varint(len(columns)), columns, varint(len(packed)), packed, raw))

    def open(self, frame: bytes, count: int) -> Frame:
        """A frame of `count` lines."""
        length, at = read_varint(frame, 0)
        columns = gather(self._columns.decompress(frame[at : at + length], TEXT_MOST))
        length, at = read_varint(frame, at + length)
        text = self._text.decompress(frame[at : at + length], TEXT_MOST)
        return Frame(text, columns, count, frame[at + length :])


class Frame:
    """An open frame."""

    def __init__(self, text: bytes, columns: array[int], count: int, raw: bytes) -> None:
        self._all, self._raw = text, raw
        self._ends = [0, *accumulate(columns[:count])]
        people = count + text.count(bytes((PERSON,)))
        self._persons, self._articles = columns[count:people], columns[people:]

    def text(self, index: int) -> bytes:
        """The folded text of a line."""
        return self._all[self._ends[index] : self._ends[index + 1]]

    def references(self, index: int, name: Name) -> Iterator[bytes]:
        """The octets for each place in the text of a line."""
        before, text = self._all[: self._ends[index]], self.text(index)
        persons, articles = before.count(bytes((PERSON,))), before.count(bytes((ARTICLE,)))
        at = sum(size * before.count(bytes((kind,))) for kind, size in SIZES.items())
        for place in PLACES.findall(text):
            kind = place[0]
            if kind >= HASH:
                yield self._raw[at : at + SIZES[kind]]
                at += SIZES[kind]
            elif kind == PERSON:
                yield name(kind, self._persons[persons])
                persons += 1
            else:
                yield name(kind, self._articles[articles])
                articles += 1


def train(texts: Sequence[bytes]) -> bytes:
    """A dictionary from the folded text of lines."""
    return zstandard.train_dictionary(DICTIONARY_OCTETS, list(texts), k=SEGMENT, d=DMER, level=LEVEL).as_bytes()


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


def _part(text: bytes, references: bytes, persons: array[int], articles: array[int], raw: bytearray) -> None:
    """Put the references of a line into their columns."""
    at = 0
    for place in PLACES.findall(text):
        kind = place[0]
        if kind >= HASH:
            raw += references[at : at + SIZES[kind]]
            at += SIZES[kind]
        else:
            number, at = read_varint(references, at)
            (persons if kind == PERSON else articles).append(number)


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
