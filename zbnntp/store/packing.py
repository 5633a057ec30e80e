"""Lines in little space, each a frame of its own: what the store keeps in place of the octets that were received.

A line is folded (folding.py) and its text compressed with a dictionary that comes with the program: most lines are
shorter than what a compressor needs to learn how forum posts look.

    packed = VERBATIM line | DICTIONARY length references frame | nothing, for a line that was purged
    length = varint, of the references, which stand in the order of their places in the text

A line with control characters is kept verbatim. docs/store.md "Lines".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from importlib.resources import files

import zstandard

from zbnntp.store.folding import (
    HASH,
    RESERVED,
    Find,
    Name,
    Place,
    fold,
    named,
    read_varint,
    refer,
    take_apart,
    unfold,
    varint,
)

Prepared = tuple[bytes, list[Place]]  # the frame of a text in which everybody and everything is known, and its places

VERBATIM = 0
DICTIONARY = 1  # zbnntp/data/lines-1.zdict; a better one would be 2, and 1 stay readable
LEVEL = 9
MANY, THREADS = 8, 2  # lines for which another thread costs less than it saves
TEXT_MOST = 1 << 20  # octets of a folded line: more than any line may have
# read at once: later there may be no descriptor left to read it with
_WORDS = files("zbnntp.data").joinpath(f"lines-{DICTIONARY}.zdict").read_bytes()


class _Tools(threading.local):
    """Compressors may serve one thread at a time."""

    def __init__(self) -> None:
        shared = zstandard.ZstdCompressionDict(_WORDS)
        settings = zstandard.ZstdCompressionParameters.from_level(
            LEVEL,
            dict_size=len(_WORDS),
            format=zstandard.FORMAT_ZSTD1_MAGICLESS,
            write_content_size=True,
            write_dict_id=False,
        )
        shared.precompute_compress(compression_params=settings)
        compressor = zstandard.ZstdCompressor(dict_data=shared, compression_params=settings)
        self.compress, self.compress_all = compressor.compress, compressor.multi_compress_to_buffer
        self.decompress = zstandard.ZstdDecompressor(
            dict_data=shared, format=zstandard.FORMAT_ZSTD1_MAGICLESS, max_window_size=1 << 21
        ).decompress


_tools = _Tools()


def pack(line: bytes, find: Find) -> bytes:
    """The octets to keep for a line."""
    return pack_all([line], find)[0]


def pack_all(lines: Sequence[bytes], find: Find) -> list[bytes]:
    """The same for each of many, some of the work on a second processor."""
    folded = [fold(line, find) if _is_plain(line) else None for line in lines]
    frames = _compress([it[0] for it in folded if it])
    return [_packed(it[1], next(frames)) if it else _verbatim(line) for it, line in zip(folded, lines, strict=True)]


def prepare(line: bytes) -> Prepared | None:
    """What a line becomes if the store knows all that it names; None for one that is kept verbatim."""
    if not _is_plain(line):
        return None
    text, places = take_apart(line)
    return _tools.compress(text), places


def finish(prepared: Prepared, find: Find) -> bytes | None:
    """What `pack` makes of the line that was prepared; None where the store does not know all that it names."""
    frame, places = prepared
    numbers = [find(*place) if place[0] < HASH else None for place in places]
    if any(number is None and place[0] < HASH for number, place in zip(numbers, places, strict=True)):
        return None
    return _packed(refer(places, numbers), frame)


def _packed(references: bytes, frame: bytes) -> bytes:
    return b"%c%b%b%b" % (DICTIONARY, varint(len(references)), references, frame)


def _compress(texts: list[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    if len(texts) < MANY:
        return (_tools.compress(text) for text in texts)
    frames = _tools.compress_all(texts, threads=THREADS)
    return (frames[index].tobytes() for index in range(len(frames)))


def _verbatim(line: bytes) -> bytes:
    return b"%c%b" % (VERBATIM, line) if line else b""


def _is_plain(line: bytes) -> bool:
    """Whether a line comes back from its fold."""
    return 0 < len(line) < TEXT_MOST and len(line.translate(None, RESERVED)) == len(line)


def unpack(packed: bytes, name: Name) -> bytes:
    """The line that was packed."""
    if not packed or packed[0] == VERBATIM:
        return packed[1:]
    text, references = open_packed(packed)
    return unfold(text, named(text, references, name))


def is_folded(packed: bytes) -> bool:
    """Whether `open_packed` can open it."""
    return packed[:1] == bytes((DICTIONARY,))


def open_packed(packed: bytes) -> tuple[bytes, bytes]:
    """Text and references of a line that is not kept verbatim."""
    length, at = read_varint(packed, 1)
    return _tools.decompress(packed[at + length :], TEXT_MOST), packed[at : at + length]
