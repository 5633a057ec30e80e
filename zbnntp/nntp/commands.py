"""THE table: every command, its arguments, its handler, what HELP says and which capability it makes true.

HELP, CAPABILITIES and the number of arguments are read off the rows. A usage is a list of words; those in brackets may
be left out, a last word with "..." may be repeated. A command of two words is a variant: an unknown second word is 501,
an unknown first word 500 (RFC 3977 section 3.2.1). This is the only place where errors become response codes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from zbnntp import __version__
from zbnntp.model.errors import Invalid, Missing, NotPermitted, NotVisible, ZbError
from zbnntp.nntp import articles, fields, listing
from zbnntp.nntp.replies import Code, Refusal, Reply, line_block
from zbnntp.nntp.session import Session

LINE_OCTETS = 512  # RFC 3977 section 3.1, with CRLF
ARGUMENT_OCTETS = 497
# XPAT is an extension, whose lines may be longer: Thunderbird spends four octets on a letter of a search.
LONG_LINE_OCTETS = 8192
_CONTROL = re.compile(rb"[\0-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Command:
    """One row. `least` and `most` count arguments and come from `usage`; `octets` is the limit of the line."""

    name: str
    usage: str
    handler: Callable[..., Reply]
    help: str
    capability: str = ""
    octets: int = LINE_OCTETS
    least: int = field(init=False)
    most: int = field(init=False)

    def __post_init__(self) -> None:
        words = self.usage.split()
        required = re.sub(r"\[.*\]", "", self.usage).split()
        object.__setattr__(self, "least", len(required))
        object.__setattr__(self, "most", self.octets if self.usage.endswith("...") else len(words))

    def explain(self) -> Refusal:
        """What a newsreader is told when it gave too few or too many arguments."""
        return Refusal(Code.SYNTAX, f"the syntax is: {self.name} {self.usage}".rstrip())


def capabilities(session: Session, keyword: str = "") -> Reply:
    """CAPABILITIES, RFC 3977 section 5.2; a keyword is checked and otherwise ignored."""
    if keyword and not re.fullmatch(r"[A-Za-z][A-Za-z0-9.-]{2,}", keyword):
        raise Refusal(Code.SYNTAX, "a capability is named by a keyword of at least three letters")
    return Reply(Code.CAPABILITIES, "capabilities follow", (line_block(capability_lines(session)),))


def capability_lines(session: Session) -> list[str]:
    """What is true now: VERSION first, each label once, LIST with all its keywords."""
    labels = dict.fromkeys(row.capability for row in COMMANDS if row.capability)
    if session.desk is None:
        labels.pop("POST", None)
    variants = [row.name.split()[1] for row in COMMANDS if row.capability == "LIST"]
    lines = ["LIST " + " ".join(variants) if label == "LIST" else label for label in labels]
    return ["VERSION 2", f"IMPLEMENTATION zbnntp {__version__}", *lines, "X-ZBNNTP"]


def mode_reader(session: Session) -> Reply:
    """MODE READER: nothing to switch, so that it may be sent at any time (Pan keeps connections alive with it)."""
    return greeting(session)


def greeting(session: Session) -> Reply:
    """The first line. It must not contain "INN", which switches on a work-around in slrn; tin shows it to people."""
    if session.desk is None:
        return Reply(Code.READY_NO_POSTING, "zbnntp ready, no posting on this connection")
    return Reply(Code.READY, "zbnntp ready, posting allowed")


def quit_session(session: Session) -> Reply:
    """QUIT."""
    return Reply(Code.BYE, "good bye", close=True)


def date(session: Session) -> Reply:
    """DATE: our clock, UTC."""
    return Reply(Code.DATE, time.strftime("%Y%m%d%H%M%S", time.gmtime(session.now())))


def help_text(session: Session) -> Reply:
    """HELP: the table."""
    return Reply(Code.HELP, "commands follow", (line_block(help_lines()),))


def help_lines() -> Iterator[str]:
    """One line a command: syntax, then what it does."""
    for row in COMMANDS:
        syntax = f"{row.name} {row.usage}".rstrip()
        yield f"  {syntax:<44} {row.help}"


def post(session: Session) -> Reply:
    """POST: the article follows; the recommended id is for newsreaders that would make one (slrn uses it)."""
    if session.desk is None:
        raise Refusal(Code.NO_POSTING, "posting is not possible on this connection")
    offered = session.desk.offer_id()
    return Reply(Code.SEND_ARTICLE, f"send the article; recommended message id {offered}", upload=offered)


COMMANDS: tuple[Command, ...] = (
    Command("CAPABILITIES", "[keyword]", capabilities, "what this server can do"),
    Command("MODE READER", "", mode_reader, "does nothing: this server serves readers only"),
    Command("QUIT", "", quit_session, "ends the session"),
    Command("HELP", "", help_text, "this list"),
    Command("DATE", "", date, "the server's clock in UTC", "READER"),
    Command("GROUP", "group", listing.group, "selects a group and its first article", "READER"),
    Command("LISTGROUP", "[group [range]]", listing.listgroup, "selects a group, lists article numbers", "READER"),
    Command("NEXT", "", articles.next_article, "goes to the next article", "READER"),
    Command("LAST", "", articles.last_article, "goes to the previous article", "READER"),
    Command("ARTICLE", "[number|<message-id>]", articles.article, "head and body of an article", "READER"),
    Command("HEAD", "[number|<message-id>]", articles.head, "headers of an article", "READER"),
    Command("BODY", "[number|<message-id>]", articles.body, "body of an article", "READER"),
    Command("STAT", "[number|<message-id>]", articles.stat, "whether an article is here", "READER"),
    Command("POST", "", post, "takes an article of yours", "POST"),
    Command("NEWGROUPS", "date time [GMT]", listing.newgroups, "groups since yyyymmdd hhmmss", "READER"),
    Command("NEWNEWS", "wildmat date time [GMT]", listing.newnews, "ids of what arrived since then", "NEWNEWS"),
    Command("OVER", "[range|<message-id>]", articles.over, "overview of articles", "OVER MSGID"),
    Command("XOVER", "[range]", articles.xover, "the same, as older newsreaders ask for it"),
    Command("HDR", "field [range|<message-id>]", fields.hdr, "one header of many articles", "HDR"),
    Command("XHDR", "field [range|<message-id>]", fields.xhdr, "the same, as older newsreaders ask for it"),
    Command(
        "XPAT",
        "field range|<message-id> pattern...",
        fields.xpat,
        "articles whose header matches *, ?, [set]",
        "XPAT",
        LONG_LINE_OCTETS,
    ),
    Command("LIST ACTIVE", "[wildmat]", listing.list_active, "groups with their high and low marks", "LIST"),
    Command("LIST ACTIVE.TIMES", "[wildmat]", listing.list_active_times, "when groups were made", "LIST"),
    Command("LIST COUNTS", "[wildmat]", listing.list_counts, "groups with marks and counts", "LIST"),
    Command("LIST HEADERS", "[MSGID|RANGE]", listing.list_headers, "fields that HDR knows", "LIST"),
    Command("LIST MOTD", "", listing.list_motd, "message of the day", "LIST"),
    Command("LIST NEWSGROUPS", "[wildmat]", listing.list_newsgroups, "groups with descriptions", "LIST"),
    Command("LIST OVERVIEW.FMT", "", listing.list_overview_fmt, "order of fields in the overview", "LIST"),
    Command("LIST SUBSCRIPTIONS", "[wildmat]", listing.list_subscriptions, "recommended groups", "LIST"),
    Command("LIST DISTRIBUTIONS", "", listing.list_not_kept, "not kept here"),
    Command("LIST DISTRIB.PATS", "", listing.list_not_kept, "not kept here"),
    Command("LIST MODERATORS", "", listing.list_not_kept, "not kept here"),
    Command("XGTITLE", "[wildmat]", listing.xgtitle, "descriptions, as older newsreaders ask for them"),
)

# What a first word means without a second one.
DEFAULT_VARIANTS = {b"LIST": b"ACTIVE"}


def _index() -> tuple[dict[bytes, Command], dict[bytes, dict[bytes, Command]]]:
    single: dict[bytes, Command] = {}
    families: dict[bytes, dict[bytes, Command]] = {}
    for row in COMMANDS:
        first, _, second = row.name.encode().partition(b" ")
        if second:
            families.setdefault(first, {})[second] = row
        else:
            single[first] = row
    return single, families


_SINGLE, _FAMILIES = _index()


def answer(session: Session, line: bytes) -> Reply:
    """One command line without its CRLF, not blank -> its reply. Raises only what is a bug."""
    try:
        row, words = _find_row(line)
        return row.handler(session, *_arguments(row, line, words))
    except Refusal as no:
        return Reply(no.code, str(no))
    except ZbError as error:
        return Reply(_code_of(error), str(error))


def _find_row(line: bytes) -> tuple[Command, list[bytes]]:
    words = line.split()  # at control characters too, which _arguments() refuses
    keyword = words[0].upper()
    row = _SINGLE.get(keyword)
    if row is not None:
        return row, words[1:]
    family = _FAMILIES.get(keyword)
    if family is None:
        raise Refusal(Code.UNKNOWN, "unknown command; HELP lists the known ones")
    variant = words[1].upper() if len(words) > 1 else DEFAULT_VARIANTS.get(keyword, b"")
    if variant not in family:
        raise Refusal(Code.SYNTAX, f"unknown variant; known are {', '.join(row.name for row in family.values())}")
    return family[variant], words[2:]


def _arguments(row: Command, line: bytes, words: list[bytes]) -> list[str]:
    if len(line) + len(b"\r\n") > row.octets:
        raise Refusal(Code.SYNTAX, f"the line is longer than {row.octets} octets")
    if not row.least <= len(words) <= row.most:
        raise row.explain()
    if _CONTROL.search(line):
        raise Refusal(Code.SYNTAX, "control characters are not allowed in a command; lines end with CR LF")
    if row.octets == LINE_OCTETS and len(line) > ARGUMENT_OCTETS < max(map(len, words), default=0):
        raise Refusal(Code.SYNTAX, f"an argument is longer than {ARGUMENT_OCTETS} octets")
    try:
        return [word.decode() for word in words]
    except UnicodeDecodeError:
        raise Refusal(Code.SYNTAX, "commands are sent in UTF-8") from None


_CODES: tuple[tuple[type[ZbError], Code], ...] = (
    (NotVisible, Code.NO_ID),
    (Missing, Code.NO_ID),
    (NotPermitted, Code.FORBIDDEN),
    (Invalid, Code.SYNTAX),
    (ZbError, Code.FAULT),
)


def _code_of(error: ZbError) -> Code:
    return next(code for kind, code in _CODES if isinstance(error, kind))
