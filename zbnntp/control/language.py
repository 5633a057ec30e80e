"""The language of zb.control: text -> commands. Pure; one table, from which help and error texts are made too.

A command is one line. Whoever gets one wrong is told which line, what is wrong with it and what to write instead;
nothing is carried out then. docs/newsgroups.md "Commands".
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from zbnntp.control.lines import Line, command_lines
from zbnntp.model import limits
from zbnntp.model.boards import check_board
from zbnntp.model.errors import Invalid, NotPermitted, Refused
from zbnntp.model.link import Link, parse_link

COMMANDS_MOST = 100  # in one article: what it changes is one transaction
LINE_CHARACTERS = 2_000  # the longest link has eight addresses
DESCRIPTION_CHARACTERS = 200
FOLLOW_DEFAULT = 50
NOTHING_DONE = "Nothing was carried out."
_NUMBER = r"(?P<mt>[+-]?[0-9]{1,7})%?"
_TAIL = r"(?:\s+list\s+(?P<tlt>[+-]?[0-9]{1,7})%?)?(?:\s+comment\b\s*(?P<note>.*))?"
_RATING = re.compile(rf"(?:(?P<who>.*?)\s+)??{_NUMBER}{_TAIL}", re.IGNORECASE)
_SIGNED = re.compile(rf"(?=[+-]){_NUMBER}{_TAIL}", re.IGNORECASE)
_LOOKS_SIGNED = re.compile(r"[+-][0-9]")
_FOLLOW = re.compile(rf"(?P<link>\S+)(?:\s+(?P<mt>[+-]?[0-9]{{1,7}})%?)?{_TAIL}", re.IGNORECASE)
_WORD_NUMBER = re.compile(r"(?<!\S)[+-]?[0-9]{1,7}%?(?!\S)")
_HOLDS_RATING = re.compile(r"(?![\"'“„«‘])(.*\s)?[+-]?[0-9]{1,7}%?\s+[^\W\d]")  # `bob 50 lst` as a name
_QUOTES = "\"'“”„«»‘’"
_JOINERS = "\u200c\u200d"  # without a width, but part of scripts and emoji


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


@dataclass(frozen=True, slots=True)
class Follow:
    """None = FOLLOW_DEFAULT, or what it was if that is more."""

    link: Link
    mt: int | None
    tlt: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Untrust:
    who: str


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
class Invite:
    pass


@dataclass(frozen=True, slots=True)
class Status:
    pass


@dataclass(frozen=True, slots=True)
class Why:
    who: str


Order = Help | Rate | Follow | Untrust | AddBoard | HideBoard | Nick | Invite | Status | Why


@dataclass(frozen=True, slots=True)
class Command:
    """One order, and the line it stands on. An empty `who` is the author of the article that is answered."""

    line: Line
    order: Order


@dataclass(frozen=True, slots=True)
class Row:
    """One command: how it is written, one sentence on what it does, and what reads the rest of its line."""

    name: str
    usage: str
    help: str
    parse: Callable[[str], Order]


class NotUnderstood(NotPermitted):
    """A line that is no command, or not a whole one."""


def parse_commands(body: str) -> tuple[Command, ...]:
    """The commands in a text; raises NotUnderstood for the first line that is none, and when there is none."""
    found = list(command_lines(body, is_command))
    if not found:
        raise NotUnderstood(f"There is no command in it; write one a line, for example: help. {NOTHING_DONE}")
    if len(found) > COMMANDS_MOST:
        raise NotUnderstood(
            f"An article carries at most {COMMANDS_MOST} commands; send the rest in another. {NOTHING_DONE}"
        )
    return tuple(Command(line, parse_line(line)) for line in found)


def parse_line(line: Line) -> Order:
    """The order on one line; raises NotUnderstood naming it."""
    try:
        return _parse(line.text)
    except (Refused, Invalid) as error:
        raise NotUnderstood(refusal(line, str(error))) from error


def refusal(line: Line, sentence: str) -> str:
    """What is answered when a line cannot be carried out."""
    text = f"{line}: {sentence}"
    return f"{text[0].upper()}{text[1:].rstrip('.')}. {NOTHING_DONE}"


def is_command(word: str) -> bool:
    """Whether a case-folded word begins a command."""
    return any(row.name.split()[0] == word for row in COMMANDS)


def find_rows(topic: str) -> list[Row]:
    """The rows that a name or its beginning stands for; all of them for none."""
    wanted = topic.casefold().split()
    return [row for row in COMMANDS if row.name.split()[: len(wanted)] == wanted]


def _parse(text: str) -> Order:
    if len(text) > LINE_CHARACTERS:
        raise NotPermitted(f"a line has at most {LINE_CHARACTERS} characters; shorten it")
    if _LOOKS_SIGNED.match(text):
        return _signed(text)
    words = text.split(" ")
    for size in (2, 1):
        name = " ".join(words[:size]).casefold()
        row = next((row for row in COMMANDS if row.name == name), None)
        if row:
            return row.parse(" ".join(words[size:]))
    raise NotPermitted(_unknown(words))


def _unknown(words: list[str]) -> str:
    first = words[0].casefold()
    family = [name for name in NAMES if name.startswith(f"{first} ")]
    if family:
        return f"write one of {', '.join(family)}"
    if first.startswith("zb:"):
        return f"that is a link; to follow it write: follow {words[0]}"
    near = difflib.get_close_matches(first, [name.split()[0] for name in NAMES], 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    return f"unknown command {words[0][:40]!r}{guess}; there are {', '.join(NAMES)}"


def _signed(text: str) -> Rate:
    match = _SIGNED.fullmatch(text)
    if not match:
        raise NotPermitted("after a number that rates whom you answer only 'list M' and 'comment TEXT' may follow")
    return Rate("", _message_trust(match["mt"]), _list_trust(match["tlt"]), _note(match["note"]))


def _rate(rest: str) -> Rate:
    match = _RATING.fullmatch(rest)
    if match and not _HOLDS_RATING.match(match["who"] or ""):
        return Rate(_who(match["who"]), _message_trust(match["mt"]), _list_trust(match["tlt"]), _note(match["note"]))
    if match or _WORD_NUMBER.search(rest):
        raise NotPermitted(
            "after the number only 'list M' and 'comment TEXT' may follow; a name with a number in it needs quotes"
        )
    raise NotPermitted("trust needs a whole number from -100 to 100, for example: trust 50")


def _follow(rest: str) -> Follow:
    match = _FOLLOW.fullmatch(rest)
    if not match:
        raise NotPermitted(
            "write follow, then the link that your friend's 'invite' gave, and no more than N and 'list M'"
        )
    mt = None if match["mt"] is None else _message_trust(match["mt"])
    if mt is not None and mt < 1:
        raise NotPermitted("whom you follow needs trust from 1 to 100; to hide somebody write: trust WHO -50")
    link = match["link"].strip("<>,;" + _QUOTES).lower()
    return Follow(parse_link(link), mt, _list_trust(match["tlt"]), _note(match["note"]))


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


def _note(text: str | None) -> str | None:
    if text is not None and len(text.encode(errors="replace")) > limits.NOTE_OCTETS:
        raise NotPermitted(f"a comment has at most {limits.NOTE_OCTETS} octets; shorten it")
    return text


def _who(text: str | None) -> str:
    return (text or "").strip().strip(_QUOTES)


def _add_board(rest: str) -> AddBoard:
    name, _, description = rest.partition(" ")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise NotPermitted(f"a description has at most {DESCRIPTION_CHARACTERS} characters; shorten it")
    if not name:
        raise NotPermitted("the board's name is missing, for example: board add tech.linux Penguins and friends")
    return AddBoard(check_board(name.lower()), description)


def _hide_board(hidden: bool) -> Callable[[str], HideBoard]:
    def parse(rest: str) -> HideBoard:
        if not rest or " " in rest:
            raise NotPermitted("name one board, for example: board hide tech.linux")
        return HideBoard(rest.lower(), hidden)

    return parse


def _nick(rest: str) -> Nick:
    name = unicodedata.normalize("NFC", rest)
    if not name:
        raise NotPermitted("the name is missing, for example: nick Alice")
    if len(name) > limits.NICK_CHARACTERS:
        raise NotPermitted(f"a nick has at most {limits.NICK_CHARACTERS} characters; choose a shorter one")
    if any(unicodedata.category(it)[0] == "C" and it not in _JOINERS for it in name):
        raise NotPermitted("a nick has no control or direction characters; write it with visible ones")
    return Nick(name)


def _alone(name: str, order: Order) -> Callable[[str], Order]:
    def parse(rest: str) -> Order:
        if rest:
            raise NotPermitted(f"{name} stands alone; leave out {rest[:40]!r}")
        return order

    return parse


def _help(rest: str) -> Help:
    if not find_rows(rest):
        raise NotPermitted(_unknown(rest.split(" ")))
    return Help(rest)


COMMANDS: tuple[Row, ...] = (
    Row("help", "help [COMMAND]", "Lists the commands, or explains one.", _help),
    Row(
        "follow",
        "follow LINK [N [list M]]",
        f"Rates the person behind an invitation link (N and M: {FOLLOW_DEFAULT} where you say nothing), fetches what "
        "they publish at once and keeps fetching it.",
        _follow,
    ),
    Row(
        "trust",
        "trust [WHO] N [list M] [comment TEXT]",
        "Publishes your rating: N from -100 (never show me their posts) to 100, M from 0 to 100 for how far their "
        "ratings of others count for you. A line with a signed number alone, +50 or -20, rates whom you answer.",
        _rate,
    ),
    Row("untrust", "untrust [WHO]", "Takes your rating back.", lambda rest: Untrust(_who(rest))),
    Row(
        "board add",
        "board add NAME [DESCRIPTION]",
        "Makes a board, a newsgroup that others see as soon as you have started a thread there.",
        _add_board,
    ),
    Row("board hide", "board hide NAME", "Takes a board out of your newsreader's list.", _hide_board(True)),
    Row("board show", "board show NAME", "Brings a hidden board back.", _hide_board(False)),
    Row("nick", "nick NAME", f"Changes your name, at most {limits.NICK_CHARACTERS} characters.", _nick),
    Row("invite", "invite", "Answers with your link, for a friend to follow.", _alone("invite", Invite())),
    Row("status", "status", "Says what your node is doing.", _alone("status", Status())),
    Row(
        "why",
        "why [WHO]",
        "Explains, with numbers, why you see somebody's posts or not.",
        lambda rest: Why(_who(rest)),
    ),
)
NAMES = tuple(row.name for row in COMMANDS)
