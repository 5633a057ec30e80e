"""The language of zb.control: text -> commands. Pure; one table, from which help and error texts are made too.

A command is one line. Whoever gets one wrong is told which line, what is wrong with it and what to write instead;
nothing is carried out then. docs/newsgroups.md "Commands".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zbnntp.control import parsing
from zbnntp.control.lines import Line, command_lines
from zbnntp.control.orders import (
    Help,
    ListCodes,
    ListInvites,
    MakeCode,
    Order,
    Rest,
    Status,
    TellNewcomers,
    TellOffers,
)
from zbnntp.model import limits
from zbnntp.model.errors import Invalid, NotPermitted, Refused
from zbnntp.registrar.kinds import KINDS

COMMANDS_MOST = 100  # in one article: what it changes is one transaction
LINE_CHARACTERS = 2_000  # the longest link has eight addresses
FOLLOW_DEFAULT = 50
SHIFT = 10  # what like and dislike add and take
NOTHING_DONE = "Nothing was carried out."
_LOOKS_SIGNED = re.compile(r"[+-][0-9]")
_LOOKS_BARE = re.compile(r"[+-]?[0-9]+%?(\s|$)")


@dataclass(frozen=True, slots=True)
class Command:
    """One order, and the line it stands on."""

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


def parse_commands(body: str, *, bare: bool = False) -> tuple[Command, ...]:
    """The commands in a text; raises NotUnderstood for the first line that is none, and when there is none.

    `bare`: a number alone is a rating even without a sign.
    """
    return read_lines(list(command_lines(body, is_command)), bare=bare)


def read_lines(lines: Sequence[Line], *, bare: bool = False) -> tuple[Command, ...]:
    """The commands on lines that are meant for the node."""
    if not lines:
        raise NotUnderstood(f"There is no command in it; write one a line, for example: help. {NOTHING_DONE}")
    if len(lines) > COMMANDS_MOST:
        raise NotUnderstood(
            f"An article carries at most {COMMANDS_MOST} commands, this one has {len(lines)}; send the rest in "
            f"another. {NOTHING_DONE}"
        )
    return tuple(Command(line, parse_line(line, bare=bare)) for line in lines)


def parse_line(line: Line, *, bare: bool = False) -> Order:
    """The order on one line; raises NotUnderstood naming it."""
    try:
        return _parse(line.text, _LOOKS_BARE if bare else _LOOKS_SIGNED)
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


def _parse(text: str, number: re.Pattern[str]) -> Order:
    if len(text) > LINE_CHARACTERS:
        raise NotPermitted(f"a line has at most {LINE_CHARACTERS} characters; shorten it")
    if number.match(text):
        return parsing.read_bare(text)
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


def _first_name(words: list[str]) -> str:
    """The longest beginning of these words that names commands."""
    return next(name for size in (2, 1) if find_rows(name := " ".join(words[:size])))


def _help(rest: str) -> Help:
    words = rest.split(" ")
    if not find_rows(rest):
        if find_rows(words[0]):
            raise NotPermitted(f"after help the name of one command may follow, for example: help {_first_name(words)}")
        raise NotPermitted(_unknown(words))
    return Help(rest)


COMMANDS: tuple[Row, ...] = (
    Row("help", "help [COMMAND]", "Lists the commands, or explains one.", _help),
    Row(
        "follow",
        "follow LINK [N [list M]]",
        f"Rates the person behind an invitation link (N and M: {FOLLOW_DEFAULT} where you say nothing), fetches what "
        "they publish at once and keeps fetching it.",
        parsing.follow,
    ),
    Row(
        "trust",
        "trust [WHO] N [list M] [private | comment TEXT]",
        "Publishes your rating: N from -100 (never show me their posts) to 100, M from 0 to 100 for how far their "
        "ratings of others count for you. A line with a signed number alone, +50 or -20, rates whom you answer. "
        "'private': it counts for you and is never published.",
        parsing.rate,
    ),
    Row(
        "like",
        "like [WHO]",
        f"Adds {SHIFT} to your trust in their posts, and {SHIFT} to that in their ratings.",
        parsing.shift(True),
    ),
    Row(
        "dislike",
        "dislike [WHO]",
        f"Takes {SHIFT} from your trust in their posts; that in their ratings stays.",
        parsing.shift(False),
    ),
    Row("mute", "mute [WHO]", "Hides whatever they write: trust -100.", parsing.mute),
    Row("untrust", "untrust [WHO]", "Takes your rating back, a private one too.", parsing.untrust),
    Row(
        "note",
        "note [WHO] TEXT",
        "Keeps a note about somebody that only you see, in zb.people. Without a text it is taken out.",
        parsing.note,
    ),
    Row(
        "why",
        "why [WHO | <MESSAGE-ID>]",
        "Explains, with numbers, why you see somebody's posts or not, or why an article is here or is not.",
        parsing.why,
    ),
    Row(
        "search",
        "search WORDS [board:NAME] [author:WHO] [after:DATE] [before:DATE]",
        "Answers with the posts in which all the words occur, newest first, each with a link: whole words, linu* for "
        'whatever begins so, "words side by side" in quotes. Boards may be patterns (tech.*), dates 2026-01-31 or '
        "2026-01.",
        parsing.search,
    ),
    Row("up", "up [<MESSAGE-ID>]", "Votes for a post, and helps to spread its author's.", parsing.vote("up", 1)),
    Row("down", "down [<MESSAGE-ID>]", "Votes against a post.", parsing.vote("down", -1)),
    Row("unvote", "unvote [<MESSAGE-ID>]", "Takes your vote back.", parsing.vote("unvote", 0)),
    Row(
        "report",
        "report [<MESSAGE-ID>] REASON",
        "Publishes a label on a post: one word (spam), a word and a sentence (spam: sells watches), or a sentence. "
        "Whoever trusts your judgement is told; nothing is hidden by it.",
        parsing.report,
    ),
    Row(
        "filter",
        "filter [WORDS | /EXPRESSION/ [until YYYY-MM-DD]]",
        "Hides posts whose subject or text has all these words, or fits a regular expression, for you alone. "
        "'filter' by itself lists your filters.",
        parsing.add_filter,
    ),
    Row("unfilter", "unfilter NUMBER | WORDS", "Takes a filter out.", parsing.drop_filter),
    Row(
        "watch",
        "watch [<MESSAGE-ID>]",
        "Shows new answers in that thread in zb.replies too.",
        parsing.watch("watch", True),
    ),
    Row("unwatch", "unwatch [<MESSAGE-ID>]", "Ends that.", parsing.watch("unwatch", False)),
    Row("by", "by [WHO]", "Makes a group of all that one person writes, zb.by.NICK.", parsing.by(True)),
    Row("unby", "unby [WHO]", "Takes that group away.", parsing.by(False)),
    Row(
        "via",
        "via [WHO | LINK/BOARD]",
        "Shows boards as somebody else's published ratings show them, as groups via.NICK.BOARD.",
        parsing.via(True),
    ),
    Row("unvia", "unvia [WHO]", "Takes those groups away.", parsing.via(False)),
    Row(
        "pin",
        "pin [WHO]",
        "Keeps what somebody has published until now as it is: nothing newer is fetched, and what you see now stays.",
        parsing.pin(True),
    ),
    Row("unpin", "unpin [WHO]", "Ends that.", parsing.pin(False)),
    Row(
        "same",
        "same WHO [off]",
        "Says in public that another identity is you as well; shown to others when that one says so too. off ends it.",
        parsing.same,
    ),
    Row(
        "mirror",
        "mirror [WHO] on | off | auto",
        "Whether your node passes on what they publish; auto is what the setting 'mirror' says.",
        parsing.mirror,
    ),
    Row(
        "purge",
        "purge WHO | <MESSAGE-ID>",
        "Deletes what somebody published, or one post, from this node's disk for good: it is not passed on, and never "
        "fetched again. There is no way back.",
        parsing.purge,
    ),
    Row(
        "board add",
        "board add NAME [DESCRIPTION]",
        "Makes a board, a newsgroup that others see as soon as you have started a thread there.",
        parsing.add_board,
    ),
    Row("board hide", "board hide NAME", "Takes a board out of your newsreader's list.", parsing.hide_board(True)),
    Row("board show", "board show NAME", "Brings a hidden board back.", parsing.hide_board(False)),
    Row("nick", "nick NAME", f"Changes your name, at most {limits.NICK_CHARACTERS} characters.", parsing.nick),
    Row(
        "profile",
        "profile [TEXT]",
        "Publishes some words about yourself, for example by which rules you rate others; 'profile none' takes them "
        "back, 'profile' alone says what they are.",
        parsing.profile,
    ),
    Row(
        "invite",
        "invite [N] [for NAME]",
        "Makes a link for one friend, good for a week: who sends 'follow LINK' with it sees you, and you see them, for "
        f"you rate their posts N, {FOLLOW_DEFAULT} where you say nothing. The name is a note to yourself.",
        parsing.invite,
    ),
    Row(
        "invite list",
        "invite list",
        "Lists your invitations, and who came with them.",
        parsing.alone("invite list", ListInvites()),
    ),
    Row("invite revoke", "invite revoke LINK", "Takes an invitation back that nobody has used.", parsing.drop_invite),
    Row(
        "register",
        "register LINK [WAY]",
        "Asks a registrar to let you in: to give you a first rating, so that strangers see your answers. What it wants "
        "to know comes as an article; reply to that. WAY is one of those that it offers.",
        parsing.register,
    ),
    Row(
        "register pause",
        "register pause",
        "Stops work that registrars want done by your computer.",
        parsing.alone("register pause", Rest(True)),
    ),
    Row("register resume", "register resume", "Goes on with it.", parsing.alone("register resume", Rest(False))),
    Row(
        "registrar offer",
        "registrar offer WAY [N]",
        f"Makes you a registrar: newcomers who pass get a first rating from you, by that way at most N a day "
        f"({parsing.OFFER_DEFAULT}). WAY is one of {', '.join(KINDS)}.",
        parsing.offer,
    ),
    Row("registrar close", "registrar close WAY", "Offers that way no longer.", parsing.close),
    Row(
        "registrar status",
        "registrar status",
        "Says which ways in you offer, and who came today.",
        parsing.alone("registrar status", TellOffers()),
    ),
    Row(
        "registrar report",
        "registrar report",
        "Says how those whom you let in were rated by others afterwards.",
        parsing.alone("registrar report", TellNewcomers()),
    ),
    Row(
        "registrar code",
        "registrar code [NOTE]",
        "Makes a link with a one-time code for one newcomer, who writes 'register LINK' and gets a first rating from "
        "you. The note is for yourself: for whom it is.",
        lambda rest: MakeCode(rest[: parsing.DESCRIPTION_CHARACTERS]),
    ),
    Row(
        "registrar codes",
        "registrar codes",
        "Lists the codes that you have handed out, and who came with them.",
        parsing.alone("registrar codes", ListCodes()),
    ),
    Row("registrar revoke", "registrar revoke CODE", "Takes an unused code back.", parsing.drop_code),
    Row("status", "status", "Says what your node is doing.", parsing.alone("status", Status())),
    Row(
        "undo",
        "undo [<MESSAGE-ID>]",
        "Takes back what the commands of an article changed: the one you answer, or the last that changed something.",
        parsing.undo,
    ),
)
NAMES = tuple(row.name for row in COMMANDS)
