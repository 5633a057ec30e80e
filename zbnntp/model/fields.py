"""Readers for the fields of a canonical object: each returns the value or raises Invalid with the field's name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from zbnntp.model.errors import BadEncoding, TooLarge
from zbnntp.model.keys import Sha256, parse_hex
from zbnntp.model.limits import INTEGER, TIME_MOST

_ONE_LINE_BANS = frozenset({"Cc", "Zl", "Zp"})


def integer(line: Mapping[str, Any], key: str, low: int = -INTEGER, high: int = INTEGER) -> int:
    value = line.get(key)
    if type(value) is not int or not low <= value <= high:
        raise BadEncoding(f"{key} is an integer from {low} to {high}")
    return value


def moment(line: Mapping[str, Any], key: str) -> int:
    """A time in unix seconds, from 1970 to the end of the year 9999."""
    return integer(line, key, 0, TIME_MOST)


def flag(line: Mapping[str, Any], key: str) -> bool:
    """True, false or absent (false)."""
    value = line.get(key, False)
    if not isinstance(value, bool):
        raise BadEncoding(f"{key} is true or false")
    return value


def items(line: Mapping[str, Any], key: str, most: int) -> list[Any]:
    """An array of at most `most` items; absent is empty."""
    value = line.get(key, [])
    if not isinstance(value, list):
        raise BadEncoding(f"{key} is an array")
    if len(value) > most:
        raise TooLarge(f"{key} has {len(value)} items; the limit is {most}")
    return value


def names(line: Mapping[str, Any], key: str, most: int) -> list[str]:
    """An array of at most `most` strings; absent is empty."""
    value = items(line, key, most)
    if not all(isinstance(item, str) for item in value):
        raise BadEncoding(f"{key} is an array of strings")
    return value


def version(line: Mapping[str, Any], key: str) -> tuple[int, Sha256] | None:
    """One version of a manifest, `[seq, hash of its head]`; None when absent."""
    if key not in line:
        return None
    value = line[key]
    if not isinstance(value, list) or len(value) != 2 or type(value[0]) is not int or value[0] < 1:
        raise BadEncoding(f"{key} is [seq, hash]")
    return value[0], Sha256(parse_hex(value[1]))


def text_field(
    line: Mapping[str, Any], key: str, *, octets: int | None = None, characters: int | None = None, lines: bool = False
) -> str:
    """A string; on one line unless `lines` says that line ends and tabs may stand in it."""
    value = line.get(key)
    if not isinstance(value, str):
        raise BadEncoding(f"{key} is a string")
    if (octets is not None and len(value.encode()) > octets) or (characters is not None and len(value) > characters):
        raise TooLarge(f"{key} is longer than {octets or characters} allows")
    if not lines and not one_line(value):
        raise BadEncoding(f"{key} is one line of text")
    return value


def one_line(text: str) -> bool:
    """Whether no character of `text` ends a line or is a control character."""
    return text.isprintable() or not any(unicodedata.category(character) in _ONE_LINE_BANS for character in text)
