"""The rest of a command's line -> its order: one reader a command. Pure; raises Refused or Invalid with a sentence.

The sentences say what is wrong and what to write instead; language.py puts the line before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from zbnntp.control.orders import (
    AddBoard,
    AddFilter,
    By,
    DropCode,
    DropFilter,
    DropInvite,
    Follow,
    HideBoard,
    Invite,
    ListFilters,
    Mirror,
    Nick,
    Note,
    Offer,
    Order,
    Pin,
    Profile,
    Purge,
    Rate,
    Register,
    Report,
    Search,
    SetMirror,
    SetSame,
    Shift,
    Undo,
    Untrust,
    Via,
    ViaLink,
    Vote,
    Watch,
    Why,
)
from zbnntp.filters import make_filter
from zbnntp.model import limits
from zbnntp.model.boards import check_board
from zbnntp.model.errors import NotPermitted
from zbnntp.model.link import parse_link
from zbnntp.model.nick import new_nick
from zbnntp.registrar.kinds import KINDS
from zbnntp.searching import parse_query

OFFER_DEFAULT = 50  # newcomers a day, where nothing is said
OFFER_MOST = 99_999
DESCRIPTION_CHARACTERS = 200
NOTE_CHARACTERS = 1_000  # of a private note; a line has room for it
LABEL_CHARACTERS = 40
FREE_LABEL = "report"  # the label of a report that begins with no word of its own
QUOTES = "\"'“”„«»‘’"
_NUMBER = r"(?P<mt>[+-]?[0-9]{1,7})%?"
_LIST = r"(?:\s+list\s+(?P<tlt>[+-]?[0-9]{1,7})%?)?"
_NOTE = r"(?:\s+comment\b\s*(?P<note>.*))?"
_TAIL = rf"{_LIST}(?P<private>\s+private)?{_NOTE}"
_RATING = re.compile(rf"(?:(?P<who>.*?)\s+)??{_NUMBER}{_TAIL}", re.IGNORECASE)
_BARE = re.compile(rf"{_NUMBER}{_TAIL}", re.IGNORECASE)
_FOLLOW = re.compile(rf"(?P<link>\S+)(?:\s+(?P<mt>[+-]?[0-9]{{1,7}})%?)?{_LIST}{_NOTE}", re.IGNORECASE)
_OFFER = re.compile(r"(?P<way>[a-z]{1,20})(?:\s+(?P<number>[0-9]+))?", re.IGNORECASE)
_REGISTER = re.compile(r"(?P<link>\S+)(?:\s+(?P<way>[a-z]{1,20}))?", re.IGNORECASE)
_INVITE = re.compile(r"(?:\+?(?P<mt>[0-9]{1,7})%?)?(?:(?:^|\s+)for\s+(?P<note>\S.*))?", re.IGNORECASE)
_WORD_NUMBER = re.compile(r"(?<!\S)[+-]?[0-9]{1,7}%?(?!\S)")
_HOLDS_RATING = re.compile(r"(?![\"'“„«‘])(.*\s)?[+-]?[0-9]{1,7}%?\s+[^\W\d]")  # `bob 50 lst` as a name
_MESSAGE_ID = re.compile(r"(?:news:)?<?([^\s<>@]+@[^\s<>@]+)>?", re.IGNORECASE)
_REPORT = re.compile(r"(?:(?P<post>(?:news:)?<[^\s<>]+>|news:\S+)(?:\s+|$))?(?P<reason>.*)", re.IGNORECASE)
_LABEL = re.compile(rf"([a-z][a-z0-9.-]{{0,{LABEL_CHARACTERS - 1}}})(?::\s*(.*))?", re.IGNORECASE)
_UNTIL = re.compile(r"(?P<pattern>.*?)\s+until(?:\s+(?P<date>\S+))?", re.IGNORECASE)
_UNTIL_ALONE = re.compile(r"until(?:\s+\S+)?", re.IGNORECASE)
_BOARD_LINK = re.compile(r"(?P<link>zb:[^/\s]+)/(?P<board>[^/\s]+)", re.IGNORECASE)


def read_bare(text: str) -> Rate:
    """A number alone, with or without a sign: about whom one answers."""
    match = _BARE.fullmatch(text)
    if not match:
        raise NotPermitted(
            "after a number that rates whom you answer only 'list M', 'private' and 'comment TEXT' may follow"
        )
    return _rating("", match)


def rate(rest: str) -> Rate:
    match = _RATING.fullmatch(rest)
    if match and not _HOLDS_RATING.match(match["who"] or ""):
        return _rating(who(match["who"]), match)
    if match or _WORD_NUMBER.search(rest):
        raise NotPermitted(
            "after the number only 'list M', 'private' and 'comment TEXT' may follow; a name with a number in it needs "
            "quotes"
        )
    raise NotPermitted("trust needs a whole number from -100 to 100, for example: trust 50")


def _rating(target: str, match: re.Match[str]) -> Rate:
    private = match["private"] is not None
    if private and match["note"]:
        raise NotPermitted("a private rating has no comment, for nobody reads it; write: note WHO TEXT")
    return Rate(target, _message_trust(match["mt"]), _list_trust(match["tlt"]), _comment(match["note"]), private)


def register(rest: str) -> Register:
    match = _REGISTER.fullmatch(rest)
    if not match:
        raise NotPermitted("write register, then the registrar's link, and no more than the way to get in")
    return Register(parse_link(_bare(match["link"])), (match["way"] or "").lower())


def offer(rest: str) -> Offer:
    match = _OFFER.fullmatch(rest)
    if not match or match["way"].lower() not in KINDS:
        raise NotPermitted(
            f"write registrar offer, then one of {', '.join(KINDS)}, and perhaps a number of newcomers a day"
        )
    number = match["number"] or str(OFFER_DEFAULT)
    if len(number) > len(str(OFFER_MOST)) or int(number) > OFFER_MOST:
        raise NotPermitted(f"{number[:20]} newcomers a day are too many; name a number up to {OFFER_MOST}")
    return Offer(match["way"].lower(), int(number))


def close(rest: str) -> Offer:
    if rest.lower() not in KINDS:
        raise NotPermitted(f"write registrar close, then one of {', '.join(KINDS)}")
    return Offer(rest.lower(), None)


def drop_code(rest: str) -> DropCode:
    return DropCode(_code("registrar revoke", rest))


def drop_invite(rest: str) -> DropInvite:
    return DropInvite(_code("invite revoke", rest))


def _code(command: str, rest: str) -> str:
    if not rest or " " in rest:
        raise NotPermitted(f"write {command}, then the code, or the whole link that it stands in")
    return _bare(rest).rpartition("#")[2]


def invite(rest: str) -> Invite:
    match = _INVITE.fullmatch(rest)
    if not match:
        raise NotPermitted("write invite, then no more than how far you trust who comes with it, and 'for NAME'")
    mt = None if match["mt"] is None else int(match["mt"])
    if mt is not None and not 1 <= mt <= 100:
        raise NotPermitted("whoever is invited is rated from 1 to 100; without a number it is 50")
    return Invite(mt, (match["note"] or "")[:DESCRIPTION_CHARACTERS])


def shift(more: bool) -> Callable[[str], Shift]:
    return lambda rest: Shift(who(rest), more)


def mute(rest: str) -> Rate:
    return Rate(who(rest), -100, None, None)


def untrust(rest: str) -> Untrust:
    return Untrust(who(rest))


def follow(rest: str) -> Follow:
    match = _FOLLOW.fullmatch(rest)
    if not match:
        raise NotPermitted(
            "write follow, then the link that your friend's 'invite' gave, and no more than N and 'list M'"
        )
    mt = None if match["mt"] is None else _message_trust(match["mt"])
    if mt is not None and mt < 1:
        raise NotPermitted("whom you follow needs trust from 1 to 100; to hide somebody write: trust WHO -50")
    return Follow(parse_link(_bare(match["link"])), mt, _list_trust(match["tlt"]), _comment(match["note"]))


def _bare(link: str) -> str:
    """A link without what stands around it in a text."""
    return link.strip("<>,;" + QUOTES).lower()


def _message_trust(text: str) -> int:
    number = int(text)
    if not -100 <= number <= 100:
        raise NotPermitted(f"{text} is out of range: trust in somebody's posts goes from -100 to 100")
    return number


def _list_trust(text: str | None) -> int | None:
    if text is None:
        return None
    number = int(text)
    if not 0 <= number <= 100:
        raise NotPermitted(f"list {text} is out of range: trust in somebody's ratings goes from 0 to 100")
    return number


def _comment(text: str | None) -> str | None:
    if text is not None and len(text.encode(errors="replace")) > limits.NOTE_OCTETS:
        raise NotPermitted(f"a comment has at most {limits.NOTE_OCTETS} octets; shorten it")
    return text


def who(text: str | None) -> str:
    return (text or "").strip().strip(QUOTES)


def vote(name: str, value: int) -> Callable[[str], Vote]:
    return lambda rest: Vote(_post(name, rest), value)


def watch(name: str, on: bool) -> Callable[[str], Watch]:
    return lambda rest: Watch(_post(name, rest), on)


def undo(rest: str) -> Undo:
    return Undo(_post("undo", rest))


def _post(name: str, rest: str) -> str:
    """A Message-ID with its brackets, or empty."""
    if not rest:
        return ""
    match = _MESSAGE_ID.fullmatch(rest)
    if not match:
        raise NotPermitted(f"after {name} only the <message-id> of an article may follow, or nothing in a reply to it")
    return f"<{match[1]}>"


def purge(rest: str) -> Purge:
    if not rest:
        raise NotPermitted("name the person, or give the <message-id> of a post; what is purged does not come back")
    return Purge(rest if rest.startswith(("<", "news:")) else who(rest))


def report(rest: str) -> Report:
    match = _REPORT.fullmatch(rest)
    reason = match["reason"].strip() if match else ""
    if not match or not reason:
        raise NotPermitted("say why, for example: report spam, or: report spam: sells watches")
    if len(reason.encode(errors="replace")) > limits.NOTE_OCTETS:
        raise NotPermitted(f"a reason has at most {limits.NOTE_OCTETS} octets; shorten it")
    post = _post("report", match["post"] or "")
    label = _LABEL.fullmatch(reason)
    return Report(post, label[1].lower(), label[2] or "") if label else Report(post, FREE_LABEL, reason)


def note(rest: str) -> Note:
    if len(rest) > NOTE_CHARACTERS:
        raise NotPermitted(f"a note has at most {NOTE_CHARACTERS} characters; shorten it")
    return Note(rest)


def profile(rest: str) -> Profile:
    if not rest:
        return Profile(None)
    return Profile("" if rest.casefold() == "none" else rest)


def add_filter(rest: str) -> AddFilter | ListFilters:
    if not rest:
        return ListFilters()
    if _UNTIL_ALONE.fullmatch(rest):
        raise NotPermitted("a filter needs words before 'until'; for the word itself write: filter \"until\"")
    dated = _UNTIL.fullmatch(rest)
    pattern, until = (dated["pattern"], _day_after(dated["date"] or "")) if dated else (rest, None)
    if not pattern.startswith("/"):
        return AddFilter(_checked(pattern.strip(QUOTES), False), False, until)
    if len(pattern) < 3 or not pattern.endswith("/"):
        raise NotPermitted("an expression stands between slashes, for example: filter /cheap (watch|pill)es/")
    return AddFilter(_checked(pattern[1:-1], True), True, until)


def _checked(pattern: str, is_regex: bool) -> str:
    make_filter(pattern, is_regex)
    return pattern


def _day_after(text: str) -> int:
    """Unix seconds at which a day (UTC) is over."""
    if not text:
        raise NotPermitted(
            "the day after 'until' is missing; write it as year-month-day, for example 2027-01-31, or put quotes "
            "around words that end with 'until'"
        )
    try:
        day = date.fromisoformat(text)
        return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)).timestamp())
    except (ValueError, OverflowError) as error:
        raise NotPermitted(f"{text[:40]!r} is no date; write it as year-month-day, for example 2027-01-31") from error


def drop_filter(rest: str) -> DropFilter:
    if not rest:
        raise NotPermitted("say which: its number in the list that 'filter' alone gives, or its words")
    return DropFilter(rest)


def by(on: bool) -> Callable[[str], By]:
    return lambda rest: By(who(rest), on)


def via(on: bool) -> Callable[[str], Via | ViaLink]:
    def parse(rest: str) -> Via | ViaLink:
        match = _BOARD_LINK.fullmatch(rest.strip("<>,;" + QUOTES)) if on else None
        if match:
            return ViaLink(parse_link(match["link"].lower()), check_board(match["board"].lower()))
        return Via(who(rest), on)

    return parse


def pin(on: bool) -> Callable[[str], Pin]:
    return lambda rest: Pin(who(rest), on)


def mirror(rest: str) -> SetMirror:
    target, _, choice = rest.rpartition(" ")
    try:
        return SetMirror(who(target), Mirror(choice.casefold()))
    except ValueError as error:
        raise NotPermitted("end it with on, off or auto, for example: mirror bob on") from error


def same(rest: str) -> SetSame:
    target, _, end = rest.rpartition(" ")
    off = end.casefold() == "off"
    if not rest or (off and not target):
        raise NotPermitted("name the other identity, for example: same alice (ei5f2vf5)")
    return SetSame(who(target if off else rest), not off)


def add_board(rest: str) -> AddBoard:
    name, _, description = rest.partition(" ")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise NotPermitted(f"a description has at most {DESCRIPTION_CHARACTERS} characters; shorten it")
    if not name:
        raise NotPermitted("the board's name is missing, for example: board add tech.linux Penguins and friends")
    return AddBoard(check_board(name.lower()), description)


def hide_board(hidden: bool) -> Callable[[str], HideBoard]:
    def parse(rest: str) -> HideBoard:
        if not rest or " " in rest:
            raise NotPermitted("name one board, for example: board hide tech.linux")
        return HideBoard(rest.lower(), hidden)

    return parse


def nick(rest: str) -> Nick:
    if not rest:
        raise NotPermitted("the name is missing, for example: nick Alice")
    return Nick(new_nick(rest))


def why(rest: str) -> Why:
    return Why(who(rest))


def search(rest: str) -> Search:
    return Search(parse_query(rest))


def alone(name: str, order: Order) -> Callable[[str], Order]:
    def parse(rest: str) -> Order:
        if rest:
            raise NotPermitted(f"{name} stands alone; leave out {rest[:40]!r}")
        return order

    return parse
