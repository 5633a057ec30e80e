"""Entries of many lines, and the form in which one process of this program tells another what it has read.

Every line goes through `open_entry`, wherever it is read; what is passed on is made of entries alone, and printed and
parsed by Python itself (marshal): it never leaves this machine and this version of the program.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from zbnntp.model.canonical import decode, reprint
from zbnntp.model.entries import POSTS, Carry, Delete, Entry, Header, Post, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, PostId, sha256

Told = Post | Carry | Delete  # what a posts segment tells; Unknown is kept in its line alone
Prepared = tuple[bytes, list[tuple[int, bytes]]]  # of a line, for the store: store/packing.py
_NAMES = tuple(field.name for field in fields(Header))


@dataclass(frozen=True, slots=True)
class Reading:
    """What lines of a posts segment tell, as `believe_all`, and, if that was done, what the store keeps of each."""

    told: list[Told | None]
    prepared: Sequence[Prepared | None] = ()


def believe(line: bytes, author: Identity, role: str) -> Entry | None:
    """The entry of a line; None for one that breaks a rule: it is skipped, the segment stays."""
    try:
        return open_entry(line, author, role)
    except Invalid:
        return None


def find_carried(line: bytes) -> PostId | None:
    """Which opening a carry line would pass on, if it keeps the rules; to say whether it does takes much longer."""
    try:
        header = decode(line).get("header")
    except Invalid:
        return None
    return PostId(sha256(reprint(header))) if isinstance(header, dict) else None


def believe_all(author: Identity, lines: Sequence[bytes]) -> list[Told | None]:
    """What each line of a posts segment tells; None for those that tell nothing."""
    entries = (believe(line, author, POSTS) for line in lines)
    return [entry if isinstance(entry, Told) else None for entry in entries]


def print_question(parts: Sequence[tuple[Identity, Sequence[bytes]]]) -> bytes:
    """Authors and lines of theirs."""
    return marshal.dumps([(author, list(lines)) for author, lines in parts])


def answer(question: bytes, prepare: Callable[[bytes], Prepared | None]) -> bytes:
    """What the lines of a printed question tell, and what is prepared of them, printed."""
    parts = marshal.loads(question)  # noqa: S302 - from this very program
    return marshal.dumps(
        [
            ([_print(entry) for entry in believe_all(author, lines)], [prepare(line) for line in lines])
            for author, lines in parts
        ]
    )


def parse_answer(printed: bytes) -> list[Reading]:
    """For each part of the question."""
    parts = marshal.loads(printed)  # noqa: S302 - from this very program
    return [Reading([_parse(item) for item in told], prepared) for told, prepared in parts]


def _print(entry: Told | None) -> tuple[object, ...] | None:
    match entry:
        case Post(header, body):
            return (*_header(header), body)
        case Carry(header):
            return _header(header)
        case Delete(post, time):
            return post, time
    return None


def _header(header: Header) -> tuple[object, ...]:
    return tuple([getattr(header, name) for name in _NAMES])


def _parse(item: tuple[object, ...] | None) -> Told | None:
    """By their lengths: a header has ten parts."""
    if item is None:
        return None
    if len(item) == 2:
        return Delete(*item)  # type: ignore[arg-type]
    header = Header(*item[: len(_NAMES)])  # type: ignore[arg-type]
    return Post(header, item[-1]) if len(item) > len(_NAMES) else Carry(header)  # type: ignore[arg-type]
