"""What the commands of zb.control say once they are read: one value a command. docs/newsgroups.md "Commands".

An empty `who` is the author of the article that is answered, an empty `post` that article itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from zbnntp.model.keys import Identity
from zbnntp.model.link import Link
from zbnntp.searching import Query


class Mirror(Enum):
    """Whether somebody's content is served to peers; AUTO: as the setting says."""

    ON = "on"
    OFF = "off"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Help:
    topic: str


@dataclass(frozen=True, slots=True)
class Rate:
    """Trust from -100 to 100 in posts, 0 to 100 in judgement; None, also of the comment, = stays as it was."""

    who: str
    mt: int
    tlt: int | None
    note: str | None
    private: bool = False


@dataclass(frozen=True, slots=True)
class SetRating:
    """A whole rating in 1/10000, as it is published; not a command that people write."""

    target: Identity
    mt: int | None
    tlt: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Shift:
    """A bit more trust, or a bit less."""

    who: str
    more: bool


@dataclass(frozen=True, slots=True)
class Follow:
    """None = the default, or what it was if that is more."""

    link: Link
    mt: int | None
    tlt: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Untrust:
    who: str


@dataclass(frozen=True, slots=True)
class Vote:
    """1, -1, or 0 to take a vote back."""

    post: str
    value: int


@dataclass(frozen=True, slots=True)
class Report:
    """A label: one word, and what there is to say about it."""

    post: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Note:
    """A private note; the person stands at the beginning of the text, or is the one answered."""

    text: str


@dataclass(frozen=True, slots=True)
class Profile:
    """None asks what it is."""

    text: str | None


@dataclass(frozen=True, slots=True)
class AddFilter:
    """`until`: unix seconds."""

    pattern: str
    is_regex: bool
    until: int | None


@dataclass(frozen=True, slots=True)
class ListFilters:
    pass


@dataclass(frozen=True, slots=True)
class DropFilter:
    """Its number in the list, or its words."""

    which: str


@dataclass(frozen=True, slots=True)
class Watch:
    post: str
    on: bool


@dataclass(frozen=True, slots=True)
class By:
    who: str
    on: bool


@dataclass(frozen=True, slots=True)
class Via:
    who: str
    on: bool


@dataclass(frozen=True, slots=True)
class ViaLink:
    """A board through the eyes of a link's owner."""

    link: Link
    board: str


@dataclass(frozen=True, slots=True)
class Pin:
    who: str
    on: bool


@dataclass(frozen=True, slots=True)
class SetSame:
    who: str
    on: bool


@dataclass(frozen=True, slots=True)
class SetMirror:
    who: str
    choice: Mirror


@dataclass(frozen=True, slots=True)
class Purge:
    """A person, or a post by its id."""

    what: str


@dataclass(frozen=True, slots=True)
class AddBoard:
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class HideBoard:
    name: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Nick:
    name: str


@dataclass(frozen=True, slots=True)
class Register:
    """Ask a registrar; `way` empty: whichever it offers."""

    link: Link
    way: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answers to a registrar's challenge; not a command that people write."""

    text: str


@dataclass(frozen=True, slots=True)
class Rest:
    """Work for registrars stops, or goes on."""

    pause: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A way in that one's own registrar offers to so many newcomers a day; None: no longer."""

    way: str
    a_day: int | None


@dataclass(frozen=True, slots=True)
class TellOffers:
    """What one's own registrar offers, and how far it is today."""


@dataclass(frozen=True, slots=True)
class TellNewcomers:
    """What became of those who were let in."""


@dataclass(frozen=True, slots=True)
class MakeCode:
    """A link with a one-time code of one's own registrar; `note`: for whom it is."""

    note: str


@dataclass(frozen=True, slots=True)
class ListCodes:
    pass


@dataclass(frozen=True, slots=True)
class DropCode:
    code: str


@dataclass(frozen=True, slots=True)
class Invite:
    """Trust from 1 to 100 in the posts of who comes, None: the default; `note`: for whom it is."""

    mt: int | None
    note: str


@dataclass(frozen=True, slots=True)
class ListInvites:
    pass


@dataclass(frozen=True, slots=True)
class DropInvite:
    """The code, as it stands behind the # of its link."""

    code: str


@dataclass(frozen=True, slots=True)
class Status:
    pass


@dataclass(frozen=True, slots=True)
class Why:
    """A person, or an article by its id."""

    what: str


@dataclass(frozen=True, slots=True)
class Search:
    query: Query


@dataclass(frozen=True, slots=True)
class Undo:
    """The article whose commands are taken back; empty: the one answered, or the last."""

    article: str


Order = (
    Help | Rate | SetRating | Shift | Follow | Untrust | Vote | Report | Note | Profile | AddFilter | ListFilters
    | DropFilter | Watch | By | Via | ViaLink | Pin | SetSame | SetMirror | Purge | AddBoard | HideBoard | Nick
    | Invite | ListInvites | DropInvite | Register | Reply | Rest | Offer | TellOffers | TellNewcomers | MakeCode
    | ListCodes | DropCode
    | Status | Why | Search | Undo
)  # fmt: skip
