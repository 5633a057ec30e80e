"""The one way to write an object: RFC 8785 JSON, restricted until one line of Python prints it.

Keys `[a-z0-9_]{1,32}`; values object, array, string, true/false, integer within +-(2^53-1). No float, no null. What was
received is parsed, printed again and refused if one byte differs: that catches duplicate keys, order, white space,
escapes, `-0` and surrogates at once. Hashes and signatures are over the bytes as received. docs/protocol.md "Bytes".
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from zbnntp.model.errors import BadEncoding, TooLarge
from zbnntp.model.limits import DEPTH, INTEGER, LINE_OCTETS

_KEY = re.compile(r"[a-z0-9_]{1,32}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


def encode(value: dict[str, Any]) -> bytes:
    """The canonical bytes of an object, without line end; BadEncoding when it has none."""
    _check(value, 1)
    return _print(value)


def decode(data: bytes, limit: int = LINE_OCTETS) -> dict[str, Any]:
    """The object behind canonical bytes; BadEncoding or TooLarge otherwise."""
    if len(data) > limit:
        raise TooLarge(f"a line of {len(data)} octets is above the limit of {limit}")
    try:
        value = json.loads(data.decode(), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadEncoding("not canonical JSON") from error
    if not isinstance(value, dict):
        raise BadEncoding("a line is one object")
    _check(value, 1)
    if _print(value) != data:
        raise BadEncoding("not in the canonical form")
    return value


def _refuse(text: str) -> NoReturn:
    raise BadEncoding(f"{text} is not an integer")


def _print(value: dict[str, Any]) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise BadEncoding("a string holds half of a surrogate pair") from error


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        if _CONTROL.search(value):
            raise BadEncoding("a string holds a control character")
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        if not -INTEGER <= value <= INTEGER:
            raise BadEncoding("an integer is beyond 2^53-1")
    elif isinstance(value, dict | list):
        _check_nested(value, depth)
    else:
        raise BadEncoding(f"{type(value).__name__} has no canonical form")


def _check_nested(value: dict[object, object] | list[object], depth: int) -> None:
    if depth > DEPTH:
        raise BadEncoding(f"nested deeper than {DEPTH}")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise BadEncoding("a key is 1 to 32 characters a-z, 0-9 and _")
    for item in value.values() if isinstance(value, dict) else value:
        _check(item, depth + 1)
