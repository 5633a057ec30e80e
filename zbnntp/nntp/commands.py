"""THE table: every command, its arguments, its handler, what HELP says and which capability it makes true.

HELP, CAPABILITIES and the number of arguments are read off the rows. A usage is a list of words; those in brackets may
be left out, a last word with "..." may be repeated. A command of two words is a variant: an unknown second word is 501,
an unknown first word 500 (RFC 3977 section 3.2.1). A row that is not offered to a session is unknown to it. This is the
only place where errors become response codes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from zbnntp import __version__
from zbnntp.model.errors import Invalid, Missing, NotPermitted, NotVisible, ZbError
from zbnntp.nntp import articles, carrier, fields, legacy, listing, login, ratings
from zbnntp.nntp.replies import Answer, Code, Refusal, Reply, line_block
from zbnntp.nntp.session import Session

LINE_OCTETS = 512  # RFC 3977 section 3.1, with CRLF
ARGUMENT_OCTETS = 497
# XPAT is an extension, whose lines may be longer: Thunderbird spends four octets on a letter of a search.
LONG_LINE_OCTETS = 8192
_REST = re.compile(rb"[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t](.+)", re.DOTALL)
_CONTROL = re.compile(rb"[\0-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Command:
    """One row. `least` and `most` count arguments and come from `usage`; `octets` is the limit of the line.

    `before_login`: also where a login is due. `verbatim`: the one argument is the rest of the line, blanks included.
    """

    name: str
    usage: str
    handler: Callable[..., Answer]
    help: str
    capability: str = ""
    octets: int = LINE_OCTETS
    before_login: bool = False
    verbatim: bool = False
    offered: Callable[[Session], bool] | None = None  # None: always
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
    offered = (row for row in COMMANDS if row.offered is None or row.offered(session))
    labels = dict.fromkeys(row.capability for row in offered if row.capability)
    if session.desk is None:
        labels.pop("POST", None)
    variants = [row.name.split()[1] for row in COMMANDS if row.capability == "LIST"]
    lines = ["LIST " + " ".join(variants) if label == "LIST" else label for label in labels]
    lines += carrier.capability_lines(session) + login.capability_lines(session)
    return ["VERSION 2", f"IMPLEMENTATION zbnntp {__version__}", *lines, "X-ZBNNTP"]


def mode_reader(session: Session) -> Reply:
    """MODE READER: nothing to switch, so that it may be sent at any time (Pan keeps connections alive with it)."""
    return greeting(session)


def greeting(session: Session) -> Reply:
    """The first line. It must not contain "INN", which switches on a work-around in slrn; tin shows it to people.

    Where a login is due, or would help, it is 200 too: after 201 some never try to post (RFC 3977 section 5.1.1).
    """
    if session.desk is None and login.would_help(session):
        return Reply(Code.READY, "zbnntp ready, posting allowed after a login")
    if session.desk is None and not session.locked:
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
    return Reply(Code.HELP, "commands follow", (line_block(help_lines(session)),))


def help_lines(session: Session) -> Iterator[str]:
    """One line a command: syntax, then what it does."""
    for row in COMMANDS:
        if row.offered is not None and not row.offered(session):
            continue
        syntax = f"{row.name} {row.usage}".rstrip()
        yield f"  {syntax:<44} {row.help}"


def post(session: Session) -> Reply:
    """POST: the article follows; the recommended id is for newsreaders that would make one (slrn uses it)."""
    if session.desk is None and login.would_help(session):
        raise Refusal(Code.NO_POSTING, login.AS_GUEST)
    if session.desk is None:
        raise Refusal(Code.NO_POSTING, "posting is not possible on this connection")
    offered = session.desk.offer_id()
    return Reply(Code.SEND_ARTICLE, f"send the article; recommended message id {offered}", upload=offered)


COMMANDS: tuple[Command, ...] = (
    Command("CAPABILITIES", "[keyword]", capabilities, "what this server can do", before_login=True),
    Command("MODE READER", "", mode_reader, "does nothing: this server serves readers only", before_login=True),
    Command("QUIT", "", quit_session, "ends the session", before_login=True),
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
    Command("XROVER", "[range]", legacy.xrover, "references of articles"),
    Command("XPATH", "<message-id>", legacy.xpath, "groups and numbers of an article"),
    Command("SLAVE", "", legacy.slave, "does nothing"),
    Command(
        "AUTHINFO USER",
        "name",
        login.user,
        "your name",
        octets=LONG_LINE_OCTETS,
        before_login=True,
        verbatim=True,
        offered=login.is_offered,
    ),
    Command(
        "AUTHINFO PASS",
        "password",
        login.password,
        "your password",
        octets=LONG_LINE_OCTETS,
        before_login=True,
        verbatim=True,
        offered=login.is_offered,
    ),
    Command(
        "AUTHINFO SASL",
        "PLAIN [response]",
        login.sasl,
        "both at once, in base64",
        octets=LONG_LINE_OCTETS,
        before_login=True,
        offered=login.is_offered,
    ),
    *(
        Command(
            name,
            usage,
            handler,
            text,
            "XFMSTRUST",
            LONG_LINE_OCTETS,
            verbatim=True,
            offered=ratings.is_offered,
        )
        for name, usage, handler, text in (
            ("XGETTRUST MESSAGE", "name", ratings.get_message, "your trust in somebody's posts, as FMS has it"),
            ("XGETTRUST TRUSTLIST", "name", ratings.get_trust_list, "your trust in somebody's ratings"),
            ("XGETTRUST PEERMESSAGE", "name", ratings.get_peer_message, "others' trust in somebody's posts"),
            ("XGETTRUST PEERTRUSTLIST", "name", ratings.get_peer_trust_list, "others' trust in somebody's ratings"),
            ("XSETTRUST MESSAGE", "name-and-number", ratings.set_message, "rates somebody's posts, 0 to 100 or null"),
            ("XSETTRUST TRUSTLIST", "name-and-number", ratings.set_trust_list, "rates somebody's ratings"),
            ("XSETTRUST MESSAGECOMMENT", 'name-and-"text"', ratings.set_message_comment, "comments on the first"),
            ("XSETTRUST TRUSTLISTCOMMENT", 'name-and-"text"', ratings.set_trust_list_comment, "comments on the second"),
        )
    ),
    Command(
        "XGETTRUSTLIST",
        "",
        ratings.list_trust,
        "all of these, a line a person",
        "XFMSTRUST",
        offered=ratings.is_offered,
    ),
    Command("STARTTLS", "", carrier.starttls, "turns on TLS", before_login=True, offered=carrier.offers_tls),
    Command("COMPRESS", "DEFLATE", carrier.compress, "turns on compression", offered=carrier.offers_deflate),
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


def answer(session: Session, line: bytes) -> Answer:
    """One command line without its CRLF, not blank -> its reply. Raises only what is a bug."""
    try:
        row, words = _find_row(session, line)
        if session.locked and not row.before_login:
            raise login.due(session)
        return row.handler(session, *_arguments(row, line, words))
    except ZbError as error:
        return _refuse(error)


def answer_with(handler: Callable[[Session, bytes], Answer], session: Session, line: bytes) -> Answer:
    """What a handler says to a line, errors as replies."""
    try:
        return handler(session, line)
    except ZbError as error:
        return _refuse(error)


def _refuse(error: ZbError) -> Reply:
    return Reply(error.code if isinstance(error, Refusal) else _code_of(error), str(error))


def _find_row(session: Session, line: bytes) -> tuple[Command, list[bytes]]:
    words = line.split()  # at control characters too, which _arguments() refuses
    keyword = words[0].upper()
    row = _SINGLE.get(keyword)
    if row is not None:
        words = words[1:]
    else:
        row, words = _find_variant(session, keyword, words)
    if row.offered is not None and not row.offered(session):
        raise _unknown()
    return row, words


def _find_variant(session: Session, keyword: bytes, words: list[bytes]) -> tuple[Command, list[bytes]]:
    family = _FAMILIES.get(keyword, {})
    variant = words[1].upper() if len(words) > 1 else DEFAULT_VARIANTS.get(keyword, b"")
    if variant not in family:
        known = [row.name for row in family.values() if row.offered is None or row.offered(session)]
        raise Refusal(Code.SYNTAX, f"unknown variant; known are {', '.join(known)}") if known else _unknown()
    return family[variant], words[2:]


def _unknown() -> Refusal:
    return Refusal(Code.UNKNOWN, "unknown command; HELP lists the known ones")


def _arguments(row: Command, line: bytes, words: list[bytes]) -> list[str]:
    if len(line) <= ARGUMENT_OCTETS and line.isascii() and not row.verbatim and row.least <= len(words) <= row.most:
        text = line.decode()
        if text.isprintable():  # nearly always
            return text.split()[-len(words) :] if words else []
    return _check_arguments(row, line, words)


def _check_arguments(row: Command, line: bytes, words: list[bytes]) -> list[str]:
    if len(line) + len(b"\r\n") > row.octets:
        raise Refusal(Code.SYNTAX, f"the line is longer than {row.octets} octets")
    if row.verbatim:
        words = _verbatim(line)
    if not row.least <= len(words) <= row.most:
        raise row.explain()
    if _CONTROL.search(line):
        raise Refusal(Code.SYNTAX, "control characters are not allowed in a command; lines end with CR LF")
    if row.octets == LINE_OCTETS and len(line) > ARGUMENT_OCTETS < max(map(len, words), default=0):
        raise Refusal(Code.SYNTAX, f"an argument is longer than {ARGUMENT_OCTETS} octets")
    try:
        return [word.decode(errors="surrogateescape" if row.verbatim else "strict") for word in words]
    except UnicodeDecodeError:
        raise Refusal(Code.SYNTAX, "commands are sent in UTF-8") from None


def _verbatim(line: bytes) -> list[bytes]:
    """All that follows the first blank after the two words of a command; RFC 4643 section 3.1."""
    match = _REST.fullmatch(line)
    return [match[1]] if match else []


_CODES: tuple[tuple[type[ZbError], Code], ...] = (
    (NotVisible, Code.NO_ID),
    (Missing, Code.NO_ID),
    (NotPermitted, Code.FORBIDDEN),
    (Invalid, Code.SYNTAX),
    (ZbError, Code.FAULT),
)


def _code_of(error: ZbError) -> Code:
    return next(code for kind, code in _CODES if isinstance(error, kind))
