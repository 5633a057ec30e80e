"""What one connection remembers: the view it has, the selected group, the current article, and what secures it.

RFC 3977 section 6.1: group and article are invalid at first (None and 0 here); failed commands leave them alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zbnntp.nntp.layers import Layer
from zbnntp.nntp.protocols import Desk, Shelf
from zbnntp.nntp.replies import Code, Refusal


@dataclass(frozen=True, slots=True)
class Terms:
    """What a listener offers and demands; the same for all its connections.

    `private`: nobody else can read along, because TLS came first or because the address is this machine's own.
    `home`: whoever connects is one of the household; strangers have shares.
    The makers of layers are None where TLS or compression is not offered; they raise Refused when there is no room.
    """

    offers_login: bool = False
    demands_login: bool = False
    private: bool = True
    home: bool = True
    tls: bool = False  # from the first octet on
    make_tls: Callable[[], Layer] | None = None
    make_deflate: Callable[[], Layer] | None = None


@dataclass(slots=True)
class Session:
    """State of one newsreader. `desk` is None where posting is not allowed; `now` gives unix seconds."""

    shelf: Shelf
    desk: Desk | None
    now: Callable[[], float]
    terms: Terms = Terms()
    locked: bool = False  # a login is due before anything is shown
    group: str | None = None
    number: int = 0
    user: str = ""  # named by AUTHINFO USER
    logged_in: bool = False
    tls: bool = False
    compressed: bool = False

    def __post_init__(self) -> None:
        self.locked = self.terms.demands_login
        self.tls = self.terms.tls

    @property
    def private(self) -> bool:
        """Whether a password may be sent."""
        return self.tls or self.terms.private

    def selected(self) -> str:
        """The name of the selected group."""
        if self.group is None:
            raise Refusal(Code.NO_GROUP_SELECTED, "no group is selected; send GROUP first")
        return self.group

    def current(self) -> tuple[str, int]:
        """The selected group and the current article number."""
        group = self.selected()
        if not self.number:
            raise Refusal(Code.NO_CURRENT, "this group has no current article; name one by its number")
        return group, self.number

    def select(self, group: str, number: int) -> None:
        """Select a group and its first article (0 when it is empty)."""
        self.group, self.number = group, number

    def log_in(self, shelf: Shelf, desk: Desk | None) -> None:
        """Another view: the numbers of the old one mean nothing in it."""
        self.shelf, self.desk = shelf, desk
        self.locked, self.logged_in = False, True
        self.forget()

    def forget(self) -> None:
        """What the newsreader said until now, as RFC 4642 section 2.2.2 wants it when TLS begins."""
        self.group, self.number, self.user = None, 0, ""
