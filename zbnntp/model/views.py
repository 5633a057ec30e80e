"""What a newsreader is shown, as plain values: layer 2 makes them, nntp/ prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple


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


class Window:
    """Some lines of a group's overview as OVER prints them: number, tab, `Overview.text`, CRLF.

    What is made of the lines can be kept with them: a window lives as long as it is right. `octets` is its size.
    """

    __slots__ = ("_derived", "octets", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.octets = len(text)
        self._derived: dict[object, bytes] | None = None

    def derived(self, key: object, make: Callable[[bytes], bytes]) -> bytes:
        """`make(text)`, made once."""
        if self._derived is None:
            self._derived = {}
        made = self._derived.get(key)
        if made is None:
            made = self._derived[key] = make(self.text)
            self.octets += len(made)
        return made

    def __iter__(self) -> Iterator[Overview]:
        for line in self.text.split(b"\r\n")[:-1]:
            number, _, text = line.partition(b"\t")
            yield Overview(int(number), text)


class Article(NamedTuple):
    """A whole article. `octets` has CRLF line ends, no dot-stuffing, no terminator; `number` is 0 outside its group."""

    number: int
    message_id: str  # with angle brackets
    octets: bytes


class RatedField(Enum):
    """What is said of a rated identity, in the order of XGETTRUSTLIST; values 0..100, comments text, None: nothing."""

    MESSAGE = "message"
    TRUST_LIST = "trust_list"
    PEER_MESSAGE = "peer_message"
    PEER_TRUST_LIST = "peer_trust_list"
    MESSAGE_COMMENT = "message_comment"
    TRUST_LIST_COMMENT = "trust_list_comment"


@dataclass(frozen=True, slots=True)
class Rated:
    """One identity: `name` finds it again."""

    name: str
    message: int | None = None
    trust_list: int | None = None
    peer_message: int | None = None
    peer_trust_list: int | None = None
    message_comment: str | None = None
    trust_list_comment: str | None = None

    def value(self, field: RatedField) -> int | str | None:
        value: int | str | None = getattr(self, field.value)
        return value
