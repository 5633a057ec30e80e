"""The one way to write an object: RFC 8785 JSON, restricted until one line of Python prints it.

Keys `[a-z0-9_]{1,32}`; values object, array, string, true/false, integer within +-(2^53-1). No float, no null. What was
received is parsed, printed again and refused if one byte differs: that catches duplicate keys, order, white space,
escapes, `-0` and surrogates at once. Hashes and signatures are over the bytes as received. docs/protocol.md "Bytes".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

from zbnntp.model.errors import BadEncoding, TooLarge
from zbnntp.model.limits import DEPTH, INTEGER, LINE_OCTETS

_KEY = re.compile(r"[a-z0-9_]{1,32}")
_PLAIN = frozenset({str, bool})  # of these every value has a canonical form
_CONTROL_ESCAPE = re.compile(rb"\\[bfru]")  # all that is printed of a control character other than \n and \t


def encode(value: dict[str, Any]) -> bytes:
    """The canonical bytes of an object, without line end; BadEncoding when it has none."""
    _check(value, 1)
    try:
        printed = reprint(value)
    except TypeError as error:
        raise BadEncoding("a string holds half of a surrogate pair") from error
    _check_controls(printed)
    return printed


def decode(data: bytes, limit: int = LINE_OCTETS) -> dict[str, Any]:
    """The object behind canonical bytes; BadEncoding or TooLarge otherwise."""
    if len(data) > limit:
        raise TooLarge(f"a line of {len(data)} octets is above the limit of {limit}")
    try:
        value = orjson.loads(data)
    except ValueError as error:
        raise BadEncoding("not canonical JSON") from error
    if not isinstance(value, dict):
        raise BadEncoding("a line is one object")
    if encode(value) != data:
        raise BadEncoding("not in the canonical form")
    return value


def reprint(value: dict[str, Any]) -> bytes:
    """The canonical bytes of an object made of parts of what `decode` returned; nothing is checked again."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _check(value: dict[Any, Any] | list[Any], depth: int) -> None:
    if depth > DEPTH:
        raise BadEncoding(f"nested deeper than {DEPTH}")
    items: Any = value
    if isinstance(value, dict):
        items = value.values()
        for key in value:
            _check_key(key)
    if not _PLAIN.issuperset(map(type, items)):
        for item in items:
            _check_item(item, depth)


def _check_item(item: object, depth: int) -> None:
    if isinstance(item, dict | list):
        _check(item, depth + 1)
    elif isinstance(item, int):
        if not -INTEGER <= item <= INTEGER:
            raise BadEncoding("an integer is beyond 2^53-1")
    elif not isinstance(item, str):
        raise BadEncoding(f"{type(item).__name__} has no canonical form")


def _check_controls(printed: bytes) -> None:
    if _CONTROL_ESCAPE.search(printed) and _CONTROL_ESCAPE.search(printed.replace(b"\\\\", b"")):
        raise BadEncoding("a string holds a control character")


@lru_cache(maxsize=1024)  # lines of a kind have the same; one that is refused is not remembered
def _check_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BadEncoding("a key is 1 to 32 characters a-z, 0-9 and _")
