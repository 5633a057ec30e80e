"""Words that tell on somebody, looked for in octets as they are, unpacked, and in the usual disguises."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator

GZIP = b"\x1f\x8b\x08"
DISGUISED = 6  # octets from which on a word is looked for in base64 and hex: shorter ones stand there by chance
MESSAGE_ID = re.compile(rb"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")


def unpacked(octets: bytes) -> bytes:
    """The octets, followed by what each gzip stream in them holds."""
    starts = [match.start() for match in re.finditer(re.escape(GZIP), octets)]
    return b"\n".join([octets, *(_inflated(octets[start:]) for start in starts)])


def _inflated(octets: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(octets)
    except zlib.error:
        return b""


def found(octets: bytes, words: Iterable[str]) -> list[str]:
    """Those of the words that `octets` hold in some form."""
    whole = unpacked(octets)
    lower = whole.lower()
    return [word for word in words if word.lower().encode() in lower or any(it in whole for it in _disguises(word))]


def _disguises(word: str) -> Iterator[bytes]:
    octets = word.encode()
    if len(octets) < DISGUISED:
        return
    yield octets.hex().encode()
    yield octets.hex().upper().encode()
    yield base64.b32encode(octets)[: len(octets) * 8 // 5]
    for before in range(3):  # where the word begins within a group of three
        coded = base64.b64encode(b"\0" * before + octets)
        yield coded[(before * 8 + 5) // 6 : (before + len(octets)) * 8 // 6]
