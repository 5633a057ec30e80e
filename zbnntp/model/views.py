"""What a newsreader is shown, as plain values: layer 2 makes them, nntp/ prints them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How far an identity's posts are shown; docs/trust.md."""

    HIDDEN = 0
    LIMITED = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Group:
    """One newsgroup as one identity sees it. Marks as in RFC 3977, 6.1.1.2: empty is `0 1 0` or low = high + 1."""

    name: str
    low: int
    high: int
    count: int
    status: str  # "y" posting allowed, "n" not
    description: str
    created: int  # unix seconds
    creator: str  # shown by LIST ACTIVE.TIMES; never a host name


@dataclass(frozen=True, slots=True)
class Overview:
    """One article in a group's overview.

    `text` is the rendered line after the number: the seven fixed fields of RFC 3977 section 8.3 and the extra ones
    of LIST OVERVIEW.FMT, tab-separated UTF-8 without the line end.
    """

    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Article:
    """A whole article. `octets` has CRLF line ends, no dot-stuffing, no terminator; `number` is 0 outside its group."""

    number: int
    message_id: str  # with angle brackets
    octets: bytes
