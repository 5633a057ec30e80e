"""Lines in little space, each a frame of its own: what the store keeps in place of the octets that were received.

A line is folded (folding.py) and its text compressed with a dictionary that comes with the program: most lines are
shorter than what a compressor needs to learn how forum posts look.

    packed = VERBATIM line | DICTIONARY length references frame | nothing, for a line that was purged
    length = varint, of the references, which stand in the order of their places in the text

A line that does not unfold to itself, such as one with control characters, is kept verbatim. docs/store.md "Lines".
"""

from __future__ import annotations

import re
import threading
from importlib.resources import files

import zstandard

from zbnntp.store.folding import Find, Name, fold, named, read_varint, unfold, varint

VERBATIM = 0
DICTIONARY = 1  # zbnntp/data/lines-1.zdict; a better one would be 2, and 1 stay readable
LEVEL = 9
TEXT_MOST = 1 << 20  # octets of a folded line: more than any line may have
_RESERVED = re.compile(rb"[\x00-\x1f]")


class _Tools(threading.local):
    """Compressors may serve one thread at a time."""

    def __init__(self) -> None:
        data = files("zbnntp.data").joinpath(f"lines-{DICTIONARY}.zdict").read_bytes()
        shared = zstandard.ZstdCompressionDict(data)
        settings = zstandard.ZstdCompressionParameters.from_level(
            LEVEL,
            dict_size=len(data),
            format=zstandard.FORMAT_ZSTD1_MAGICLESS,
            write_content_size=True,
            write_dict_id=False,
        )
        shared.precompute_compress(compression_params=settings)
        self.compress = zstandard.ZstdCompressor(dict_data=shared, compression_params=settings).compress
        self.decompress = zstandard.ZstdDecompressor(
            dict_data=shared, format=zstandard.FORMAT_ZSTD1_MAGICLESS, max_window_size=1 << 21
        ).decompress


_tools = _Tools()


def pack(line: bytes, find: Find) -> bytes:
    """The octets to keep for a line."""
    numbers: dict[tuple[int, int], bytes] = {}

    def noted(kind: int, octets: bytes) -> int | None:
        number = find(kind, octets)
        if number is not None:
            numbers[kind, number] = octets
        return number

    if not _RESERVED.search(line) and len(line) < TEXT_MOST:
        text, references = fold(line, noted)
        if unfold(text, named(text, references, lambda kind, number: numbers[kind, number])) == line:
            return b"%c%b%b%b" % (DICTIONARY, varint(len(references)), references, _tools.compress(text))
    return b"%c%b" % (VERBATIM, line) if line else b""


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
