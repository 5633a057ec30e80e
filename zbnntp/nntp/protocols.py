"""What the NNTP server asks of the house.

The server owns the wire and nothing else: articles, numbers and trust live behind Shelf, posting behind Desk. The House
opens both anew for each connection and once more at a login, so that each connection may be a different identity's
view.

Shelf calls are synchronous and run in the trio thread (a hop to a worker costs more than a lookup), so every step is
bounded: a window holds at most 256 rows or 128 KiB. Long answers are iterators of windows; the next window is pulled
when the last one has been sent. They raise nothing but Refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from zbnntp.model.errors import NotPermitted
from zbnntp.model.views import Article, Group, Overview, Rated, RatedField, Window

# The largest article a desk is handed. Bodies are limited far below that by the desk, whose sentence says more than
# ours could; this bound only keeps one upload from filling memory.
MAX_ARTICLE_OCTETS = 1 << 20


class House(Protocol):
    """Who may read what. What stands here is asked at each new connection."""

    @property
    def offers_login(self) -> bool:
        """Whether names and passwords mean anything here; where they do not, AUTHINFO is an unknown command."""

    @property
    def demands_login(self) -> bool:
        """Whether nothing is shown before a login."""

    @property
    def welcomes_guests(self) -> bool:
        """Whether other machines may see something before a login; else their addresses demand one in any case."""

    def open(self) -> tuple[Shelf, Desk | None]:
        """The view of somebody who has not logged in; None: no posting."""

    async def login(self, user: str, password: str) -> tuple[Shelf, Desk | None]:
        """The view of a user. Raises NotPermitted when there is no such user or the password is wrong.

        Takes its time in a worker thread; the server asks for few at once. Octets that are no UTF-8 come as lone
        surrogates.
        """

    def has(self, shelf: Shelf) -> bool:
        """Whether that view is still anybody's; connections that have it are hung up on otherwise, a little later."""


class OpenHouse:
    """A house without logins: everybody has the view that `make` gives."""

    offers_login = False
    demands_login = False
    welcomes_guests = False

    def __init__(self, make: Callable[[], tuple[Shelf, Desk | None]]) -> None:
        self._make = make

    def open(self) -> tuple[Shelf, Desk | None]:
        return self._make()

    async def login(self, user: str, password: str) -> tuple[Shelf, Desk | None]:
        raise NotPermitted("there are no logins here")

    def has(self, shelf: Shelf) -> bool:
        return True


class Shelf(Protocol):
    """What one identity may see. Hidden articles do not exist here, except that asking by id may say why."""

    @property
    def OVERVIEW_EXTRA(self) -> Sequence[str]:
        """Fields of Overview.text after the seven fixed ones, as LIST OVERVIEW.FMT names them: `Xref:full`."""

    def snapshot(self) -> AbstractContextManager[None]:
        """For several calls in one go, with no checkpoint between them: within it nothing changes, which is faster."""

    def groups(self) -> Sequence[Group]:
        """All groups, sorted by name."""

    def listed(self, key: str, line: Callable[[Group], bytes]) -> bytes:
        """A line for each group, sorted by name, kept ready; `key` tells one way of printing from the others."""

    def group(self, name: str) -> Group | None:
        """One group, marks as of now."""

    def first(self, name: str) -> int:
        """The number of a group's first visible article; 0 when it has none."""

    def subscriptions(self) -> Sequence[str]:
        """Names of groups for a new reader, the most important first."""

    def motd(self) -> str:
        """The message of the day, lines ended by LF; may be empty."""

    def numbers(self, group: str, low: int, high: int) -> Iterator[bytes]:
        """Visible article numbers in low..high, ascending, one a line, in windows."""

    def overview(self, group: str, low: int, high: int) -> Iterator[Window]:
        """Overview of the visible articles in low..high, ascending, in windows that are never empty."""

    def heads(self, group: str, low: int, high: int) -> Iterator[Sequence[tuple[int, bytes]]]:
        """Numbers and header lines of the visible articles in low..high, ascending, in windows."""

    def locate(self, group: str, number: int) -> str | None:
        """The message id of a visible article."""

    def neighbour(self, group: str, number: int, step: int) -> tuple[int, str] | None:
        """Number and id of the nearest visible article above (step 1) or below (step -1); number need not exist."""

    def article(self, group: str, number: int) -> Article | None:
        """A visible article by number."""

    def find(self, message_id: str, group: str | None) -> Article | None:
        """An article by id or alias; its number is the one in `group`, or 0. NotVisible says why it is hidden."""

    def find_overview(self, message_id: str) -> Overview | None:
        """Overview of an article by id or alias; the number is ignored. NotVisible says why it is hidden."""

    def new_groups(self, since: int) -> Sequence[Group]:
        """Groups created at or after `since`, unix seconds."""

    def new_news(self, match: Callable[[str], bool], since: int) -> Iterator[bytes]:
        """Ids, one a line, of visible articles that arrived here at or after `since`, in groups whose name matches."""


class TrustDesk(Protocol):
    """Own ratings and what others make of people, for the trust commands of FMS. Missing: no such identity."""

    @property
    def fms_codes(self) -> bool:
        """Whether answers have FMS's own codes."""

    def rated(self, name: str) -> Rated:
        """Raises Missing, or NotPermitted when the name can mean several."""

    def everybody(self) -> Iterator[Sequence[Rated]]:
        """All identities known, in windows that are never empty."""

    async def rate(self, name: str, field: RatedField, value: int | str | None) -> None:
        """Change the own rating, which is made when there is none; None takes a value back. Missing, NotPermitted."""


class Desk(Protocol):
    """Takes what newsreaders post."""

    @property
    def trust(self) -> TrustDesk | None:
        """For the trust commands; None: there are none."""

    def offer_id(self) -> str:
        """A fresh message id, recommended to the newsreader in the 340 reply."""

    async def post(self, octets: bytes, offered_id: str) -> str:
        """Publish an article (CRLF line ends, no NUL, bare CR or bare LF, at most MAX_ARTICLE_OCTETS); return its id.

        Raises Invalid or Refused; their text follows `441 `, so that of a duplicate begins `435 `.
        """
