"""What the RFCs and the newsreaders ask for, as dialogues.

A check names its source, says the rule, and gives command lines with what must come back for each: a code, the
beginning of a status line, or a pair of one of these and the exact lines of the block. The forum is small_forum() of
tests/fakes.py: tech.linux has 3, 4, 6, 7 (marks 3..7), tech.empty is empty with low 12, misc.new is virgin, zb.help is read-only.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.nntp.dialogue import proto

Expected = int | str | tuple[int | str, list[str]]


@dataclass(frozen=True)
class Check:
    """One rule: where it stands, what it says, the dialogue, the answers."""

    source: str
    rule: str
    sent: tuple[str | bytes, ...]
    expected: tuple[Expected, ...]

    def __str__(self) -> str:
        return f"{self.source}: {self.rule}"


def check(source: str, rule: str, *turns: tuple[str | bytes, Expected] | bytes) -> Check:
    """A check from turns; a turn of octets alone is sent and answered by nothing."""
    sent = tuple(turn if isinstance(turn, bytes) else turn[0] for turn in turns)
    return Check(source, rule, sent, tuple(turn[1] for turn in turns if not isinstance(turn, bytes)))


IN_GROUP = ("GROUP tech.linux", "211 4 3 7 tech.linux")
IN_EMPTY = ("GROUP tech.empty", "211 0 12 11 tech.empty")
STAT_3 = ("STAT", "223 3 <a3@zb.invalid>")
HEAD_3 = [
    "Path: zb!not-for-mail",
    "From: Alice <id@alice3.zb.invalid>",
    "Newsgroups: tech.linux",
    "Subject: Subject 3",
    "Date: Thu, 01 Jan 2026 00:00:00 +0000",
    "Message-ID: <a3@zb.invalid>",
    "Xref: zb tech.linux:3",
    "X-Zb-Trust: +0.50",
]
BODY_3 = ["This is the body of article 3."]


def over(number: int, shown: int | None = None) -> str:
    """The overview line of an article of tech.linux."""
    return (
        f"{number if shown is None else shown}\tSubject {number}\tAlice <id@alice{number}.zb.invalid>\t"
        f"Thu, 01 Jan 2026 00:00:00 +0000\t<a{number}@zb.invalid>\t\t247\t1\t"
        f"Xref: zb tech.linux:{number}\tX-Zb-Trust: +0.50"
    )


ACTIVE = ["misc.new 0 1 y", "tech.empty 11 12 y", "tech.linux 7 3 y", "zb.help 1 1 n"]

SESSION = [
    check("RFC 3977 3.1", "keywords ignore case", ("date", 111), ("DaTe", 111), ("list active misc.new", 215)),
    check("RFC 3977 3.1", "a second keyword ignores case", ("mode reader", 200), ("LIST Overview.Fmt", 215)),
    check("RFC 3977 3.1", "words are separated by any run of blanks and tabs", ("GROUP \t  tech.linux", 211)),
    check("RFC 3977 9.2", "blanks before CRLF are no argument", ("HELP ", 100), ("DATE\t ", 111)),
    check("RFC 3977 3.1", "arguments keep their case", ("GROUP Tech.Linux", 411)),
    check("RFC 3977 3.1", "a line of 512 octets is read", ("GROUP " + "x" * 497, 411), ("DATE" + " " * 506, 111)),
    check("RFC 3977 3.1", "a line of 513 octets is not", ("DATE" + " " * 507, 501), ("DATE", 111)),
    check("RFC 3977 3.1", "an argument of 498 octets is refused", ("GROUP " + "x" * 498, 501)),
    check("RFC 3977 3.2.1", "an unknown command is 500", ("XYZZY", 500), ("MAIL", 500)),
    check("RFC 3977 3.2.1", "an overlong unknown command is 500", ("DATE", 111), ("XYZZY " + "x" * 600, 500)),
    check("RFC 3977 3.2.1", "an unknown variant of a known command is 501", ("MODE POSTER", 501), ("LIST XYZZY", 501)),
    check("RFC 3977 3.2.1", "too many arguments are 501", ("HEAD 53 54 55", 501), ("DATE now", 501), ("HELP me", 501)),
    check("RFC 3977 3.2.1", "too few arguments are 501", ("GROUP", 501), ("HDR", 501), ("NEWGROUPS 20250101", 501)),
    check(
        "RFC 3977 3.2.1",
        "an overlong line is not split",
        ("DATE", 111),
        ("DATE " + "x" * 600 + " QUIT", 501),
        ("DATE", 111),
    ),
    check(
        "RFC 3977 3.2.1.1", "an id without brackets is a syntax error", ("ARTICLE a.message.id@no.angle.brackets", 501)
    ),
    check("RFC 3977 3.2.1.1", "a set in a wildmat is a syntax error", ("LIST ACTIVE u[ks].*", 501)),
    check("RFC 3977 3.4", "IHAVE is not served: 500", ("IHAVE <x@example.com>", 500)),
    check("RFC 4644 2", "a reader is offered no streaming", ("MODE STREAM", 501), ("CHECK <x@example.com>", 500)),
    check(
        "RFC 3977 3.5", "pipelined commands are answered in order", IN_GROUP, STAT_3, ("NEXT", "223 4"), ("DATE", 111)
    ),
    check(
        "RFC 3977 5.2",
        "the keyword of CAPABILITIES is checked only",
        ("CAPABILITIES AUTOUPDATE", 101),
        ("CAPABILITIES 1", 501),
    ),
    check("RFC 3977 5.2", "CAPABILITIES takes one argument", ("CAPABILITIES ABC DEF", 501)),
    check(
        "RFC 3977 5.3",
        "MODE READER may be sent at any time and changes nothing",
        IN_GROUP,
        ("MODE READER", 200),
        STAT_3,
    ),
    check("RFC 3977 5.3", "MODE READER takes no argument, MODE needs one", ("MODE READER x", 501), ("MODE", 501)),
    check("RFC 3977 5.4", "QUIT is 205", ("QUIT", 205)),
    check("RFC 3977 5.4", "QUIT with an argument is 501 and does not quit", ("QUIT now", 501), ("DATE", 111)),
    check("RFC 3977 5.4", "nothing after QUIT is answered", ("QUIT", 205), b"DATE\r\n"),
    check("RFC 3977 7.1", "DATE is UTC, fourteen digits", ("DATE", "111 20260101000000")),
]

DATE = ("DATE", 111)  # first, because a strange first line is taken for a web page's attack
NOTHING_SELECTED = ("STAT", 412)

FRAMING = [
    check("RFC 3977 3.1", "a bare LF ends no command", DATE, (b"DATE\nQUIT\r\n", 500), DATE),
    check("RFC 3977 3.1", "a bare CR ends no command", DATE, (b"HELP\rQUIT\r\n", 500), DATE),
    check("RFC 3977 3.1", "a NUL ends nothing", DATE, (b"GROUP tech.linux\0x\r\n", 501), NOTHING_SELECTED),
    check("RFC 3977 3.1", "a bare LF in an argument is refused", DATE, (b"GROUP a\nQUIT\r\n", 501), NOTHING_SELECTED),
    check("RFC 3977 3.1", "a CR before CRLF is no blank", DATE, (b"GROUP tech.linux\r\r\n", 501), NOTHING_SELECTED),
    check(
        "RFC 3977 3.1", "a vertical tab separates nothing", DATE, (b"GROUP\x0btech.linux\r\n", 500), NOTHING_SELECTED
    ),
    check("RFC 3977 3.1", "commands are UTF-8", DATE, (b"GROUP t\xffch\r\n", 501), ("GROUP täch", 411)),
    check("RFC 3977 3.1", "a no-break space separates nothing", ("GROUP tech.linux\u00a0x", 411)),
    check("robustness", "a blank line is ignored", b"\r\n", DATE, b" \t\r\n", DATE),
]

GROUPS = [
    check("RFC 3977 6.1.1.2", "GROUP tells count, low, high, name", ("GROUP tech.linux", "211 4 3 7 tech.linux")),
    check("RFC 3977 6.1.1.2", "an empty group is 0 low low-1", IN_EMPTY),
    check("newsgroups", "a virgin group is 0 1 0", ("GROUP misc.new", "211 0 1 0 misc.new")),
    check("RFC 3977 6.1.1.2", "GROUP selects the first article", IN_GROUP, STAT_3),
    check("RFC 3977 6.1.1.2", "an empty group has no current article", IN_EMPTY, ("STAT", 420)),
    check("RFC 3977 6.1.1.2", "selecting an empty group forgets the old article", IN_GROUP, IN_EMPTY, ("STAT", 420)),
    check(
        "RFC 3977 6.1.1.2",
        "an unknown group is 411 and changes nothing",
        IN_GROUP,
        ("STAT 4", 223),
        ("GROUP no.such", 411),
        ("STAT", "223 4"),
    ),
    check("RFC 3977 6.1.1.3", "selecting again goes back to the first", IN_GROUP, ("STAT 6", 223), IN_GROUP, STAT_3),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP lists what exists",
        ("LISTGROUP tech.linux", ("211 4 3 7 tech.linux", ["3", "4", "6", "7"])),
    ),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP without a name takes the selected group",
        IN_GROUP,
        ("LISTGROUP", (211, ["3", "4", "6", "7"])),
    ),
    check("RFC 3977 6.1.2.1", "LISTGROUP without any group is 412", ("LISTGROUP", 412)),
    check(
        "RFC 3977 6.1.2.1",
        "LISTGROUP of an unknown group is 411",
        ("LISTGROUP no.such", 411),
        ("LISTGROUP no.such 1-", 411),
    ),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP with a range",
        ("LISTGROUP tech.linux 4-6", (211, ["4", "6"])),
        ("LISTGROUP tech.linux 6-", (211, ["6", "7"])),
    ),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP with one number",
        ("LISTGROUP tech.linux 4", (211, ["4"])),
        ("LISTGROUP tech.linux 5", (211, [])),
    ),
    check(
        "RFC 3977 6.1.2.3",
        "LISTGROUP with an empty range",
        ("LISTGROUP tech.linux 9-3", ("211 4 3 7", [])),
        ("LISTGROUP tech.linux 99-", (211, [])),
    ),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP selects the first even outside its range",
        ("LISTGROUP tech.linux 6-7", 211),
        STAT_3,
    ),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP resets the current article",
        IN_GROUP,
        ("STAT 6", 223),
        ("LISTGROUP", 211),
        STAT_3,
    ),
    check(
        "RFC 3977 6.1.2.2",
        "LISTGROUP of an empty group is an empty list",
        ("LISTGROUP tech.empty", (211, [])),
        ("STAT", 420),
    ),
    check("RFC 3977 6.1.2.2", "a bad range is 501", ("LISTGROUP tech.linux x-y", 501), ("STAT", 412)),
]

STEPS = [
    check(
        "RFC 3977 6.1.4",
        "NEXT goes over gaps",
        IN_GROUP,
        ("NEXT", "223 4 <a4@zb.invalid>"),
        ("NEXT", "223 6 <a6@zb.invalid>"),
    ),
    check(
        "RFC 3977 6.1.4",
        "NEXT at the end is 421 and stays",
        IN_GROUP,
        ("STAT 7", 223),
        ("NEXT", 421),
        ("STAT", "223 7"),
    ),
    check("RFC 3977 6.1.3", "LAST goes back over gaps", IN_GROUP, ("STAT 6", 223), ("LAST", "223 4 <a4@zb.invalid>")),
    check("RFC 3977 6.1.3", "LAST at the start is 422 and stays", IN_GROUP, ("LAST", 422), STAT_3),
    check("RFC 3977 6.1.3", "NEXT and LAST without a group are 412", ("NEXT", 412), ("LAST", 412)),
    check("RFC 3977 6.1.3", "NEXT and LAST in an empty group are 420", IN_EMPTY, ("NEXT", 420), ("LAST", 420)),
]

ARTICLES = [
    check(
        "RFC 3977 6.2.1",
        "ARTICLE by number",
        IN_GROUP,
        ("ARTICLE 3", ("220 3 <a3@zb.invalid>", [*HEAD_3, "", *BODY_3])),
    ),
    check("RFC 3977 6.2.2", "HEAD by number", IN_GROUP, ("HEAD 3", ("221 3 <a3@zb.invalid>", HEAD_3))),
    check("RFC 3977 6.2.3", "BODY by number", IN_GROUP, ("BODY 3", ("222 3 <a3@zb.invalid>", BODY_3))),
    check("RFC 3977 6.2.4", "STAT by number", IN_GROUP, ("STAT 4", "223 4 <a4@zb.invalid>")),
    check("RFC 3977 6.2.1", "ARTICLE of the current article", IN_GROUP, ("ARTICLE", "220 3 <a3@zb.invalid>")),
    check("RFC 3977 6.2.2", "HEAD and BODY of the current article", IN_GROUP, ("HEAD", "221 3"), ("BODY", "222 3")),
    check(
        "RFC 3977 6.2.1.2",
        "by id without a group the number is 0",
        ("ARTICLE <a4@zb.invalid>", "220 0 <a4@zb.invalid>"),
    ),
    check(
        "RFC 3977 6.2.1.2",
        "by id in its group the number is valid",
        IN_GROUP,
        ("HEAD <a4@zb.invalid>", "221 4 <a4@zb.invalid>"),
    ),
    check(
        "RFC 3977 6.2.1.2",
        "by id in another group the number is 0",
        IN_EMPTY,
        ("BODY <a4@zb.invalid>", "222 0 <a4@zb.invalid>"),
    ),
    check("RFC 3977 6.2.1.2", "by id nothing is selected", ("STAT <a4@zb.invalid>", 223), ("STAT", 412)),
    check("RFC 3977 6.2.1.2", "by id the pointer stays", IN_GROUP, ("ARTICLE <a6@zb.invalid>", 220), STAT_3),
    check("RFC 3977 6.2.1.2", "by number the pointer moves", IN_GROUP, ("ARTICLE 6", 220), ("STAT", "223 6")),
    check(
        "RFC 3977 6.2.1.2",
        "STAT, HEAD and BODY by number move it too",
        IN_GROUP,
        ("HEAD 4", 221),
        ("STAT", "223 4"),
        ("BODY 6", 222),
        ("STAT", "223 6"),
    ),
    check(
        "RFC 3977 6.2.1.2",
        "a failure by number moves nothing",
        IN_GROUP,
        ("ARTICLE 5", 423),
        STAT_3,
        ("STAT 99", 423),
        STAT_3,
    ),
    check(
        "RFC 3977 6.2.1",
        "an unknown id is 430",
        ("ARTICLE <no@such>", 430),
        ("HEAD <no@such>", 430),
        ("BODY <no@such>", 430),
        ("STAT <no@such>", 430),
    ),
    check(
        "RFC 3977 6.2.1",
        "a number without a group is 412",
        ("ARTICLE 3", 412),
        ("HEAD 3", 412),
        ("BODY 3", 412),
        ("STAT 3", 412),
    ),
    check(
        "RFC 3977 6.2.1",
        "no argument and no group is 412",
        ("ARTICLE", 412),
        ("HEAD", 412),
        ("BODY", 412),
        ("STAT", 412),
    ),
    check(
        "RFC 3977 6.2.1",
        "no argument in an empty group is 420",
        IN_EMPTY,
        ("ARTICLE", 420),
        ("HEAD", 420),
        ("BODY", 420),
        ("STAT", 420),
    ),
    check(
        "RFC 3977 6",
        "leading zeroes and 16 digits are read",
        IN_GROUP,
        ("STAT 0000000000000004", "223 4"),
        ("STAT 9999999999999999", 423),
    ),
    check("RFC 3977 6", "17 digits are a syntax error", IN_GROUP, ("STAT 00000000000000004", 501)),
    check("RFC 3977 6", "article 0 does not exist", IN_GROUP, ("STAT 0", 423), STAT_3),
    check("RFC 3977 3.6", "ids are compared by octets", ("STAT <A4@zb.invalid>", 430)),
    check(
        "RFC 3977 3.6",
        "an id has at most 250 octets",
        ("STAT <" + "x" * 248 + ">", 430),
        ("STAT <" + "x" * 249 + ">", 501),
    ),
    check(
        "RFC 3977 9.8",
        "an id needs its closing bracket",
        ("STAT <a4@zb.invalid", 501),
        ("STAT <>", 501),
        ("STAT <a>b>", 501),
    ),
]

OVERVIEW = [
    check("RFC 3977 8.3", "OVER with a range", IN_GROUP, ("OVER 3-6", (224, [over(3), over(4), over(6)]))),
    check("RFC 3977 8.3", "OVER with an open range", IN_GROUP, ("OVER 6-", (224, [over(6), over(7)]))),
    check("RFC 3977 8.3", "OVER with one number", IN_GROUP, ("OVER 4", (224, [over(4)]))),
    check("RFC 3977 8.3", "OVER of the current article", IN_GROUP, ("OVER", (224, [over(3)]))),
    check("RFC 3977 8.3", "OVER by id says number 0", ("OVER <a4@zb.invalid>", (224, [over(4, shown=0)]))),
    check("RFC 3977 8.3", "OVER by an unknown id is 430", ("OVER <no@such>", 430)),
    check("RFC 3977 8.3", "OVER without a group is 412", ("OVER 1-", 412), ("OVER", 412)),
    check("RFC 3977 8.3", "an empty range is 423", IN_GROUP, ("OVER 5", 423), ("OVER 99-", 423)),
    check("RFC 3977 8.3", "a reversed range is 423", IN_GROUP, ("OVER 7-3", 423)),
    check("RFC 3977 8.3", "OVER in an empty group", IN_EMPTY, ("OVER", 420), ("OVER 1-", 423)),
    check("RFC 3977 8.3", "OVER moves no pointer", IN_GROUP, ("OVER 6", 224), STAT_3),
    check("RFC 3977 8.3", "a bad range is 501", IN_GROUP, ("OVER -5", 501), ("OVER 3-x", 501), ("OVER 1- 2-", 501)),
    check("RFC 2980 2.8", "XOVER with a range", IN_GROUP, ("XOVER 3-4", (224, [over(3), over(4)]))),
    check("RFC 2980 2.8", "XOVER of the current article", IN_GROUP, ("XOVER", (224, [over(3)]))),
    check("RFC 2980 2.8", "XOVER without a group is 412", ("XOVER", 412), ("XOVER 1-", 412)),
    check("RFC 2980 2.8", "XOVER without a current article is 420", IN_EMPTY, ("XOVER", 420)),
    check(
        "Thunderbird, INN",
        "an empty XOVER is an empty list",
        IN_GROUP,
        ("XOVER 5", (224, [])),
        ("XOVER 8-99", (224, [])),
    ),
    check("RFC 2980 2.8", "XOVER takes no id", IN_GROUP, ("XOVER <a3@zb.invalid>", 501)),
    check(
        "RFC 3977 8.4.2, slrn",
        "OVERVIEW.FMT spells Bytes and Lines, and extra fields are full",
        (
            "LIST OVERVIEW.FMT",
            (
                215,
                [
                    "Subject:",
                    "From:",
                    "Date:",
                    "Message-ID:",
                    "References:",
                    "Bytes:",
                    "Lines:",
                    "Xref:full",
                    "X-Zb-Trust:full",
                ],
            ),
        ),
    ),
]

FIELDS = [
    check("RFC 3977 8.5", "HDR with a range", IN_GROUP, ("HDR Subject 3-4", (225, ["3 Subject 3", "4 Subject 4"]))),
    check("RFC 3977 8.5", "field names ignore case", IN_GROUP, ("HDR sUBJECT 3", (225, ["3 Subject 3"]))),
    check(
        "RFC 3977 8.5", "HDR of the current article", IN_GROUP, ("HDR from", (225, ["3 Alice <id@alice3.zb.invalid>"]))
    ),
    check("RFC 3977 8.5", "HDR by id says 0", ("HDR Subject <a4@zb.invalid>", (225, ["0 Subject 4"]))),
    check(
        "RFC 3977 8.5",
        "an absent header is an empty line",
        IN_GROUP,
        ("HDR References 3-4", (225, ["3 ", "4 "])),
        ("HDR Organization 3", (225, ["3 "])),
    ),
    check(
        "RFC 3977 8.5",
        "a header outside the overview",
        IN_GROUP,
        ("HDR Newsgroups 6-", (225, ["6 tech.linux", "7 tech.linux"])),
    ),
    check("RFC 3977 8.5", "it may be asked for by id", ("HDR Path <a4@zb.invalid>", (225, ["0 zb!not-for-mail"]))),
    check(
        "RFC 3977 8.1",
        "computed fields",
        IN_GROUP,
        ("HDR :bytes 3", (225, ["3 247"])),
        ("HDR :lines 3", (225, ["3 1"])),
    ),
    check("RFC 3977 8.5.2", "Lines without a colon is a header, and absent", IN_GROUP, ("HDR Lines 3", (225, ["3 "]))),
    check("RFC 3977 8.5", "an unknown computed field is 503", IN_GROUP, ("HDR :size 3", 503)),
    check(
        "RFC 3977 8.5",
        "HDR without a group is 412",
        ("HDR Subject 1-", 412),
        ("HDR Subject", 412),
        ("HDR Path 1-", 412),
    ),
    check(
        "RFC 3977 8.5",
        "an empty range is 423",
        IN_GROUP,
        ("HDR Subject 5", 423),
        ("HDR Subject 7-3", 423),
        ("HDR Path 5", 423),
    ),
    check("RFC 3977 8.5", "HDR in an empty group is 420", IN_EMPTY, ("HDR Subject", 420), ("HDR Path", 420)),
    check("RFC 3977 8.5", "HDR by an unknown id is 430", ("HDR Subject <no@such>", 430), ("HDR Path <no@such>", 430)),
    check("RFC 3977 9.8", "a field name has no colon at its end", IN_GROUP, ("HDR Subject: 3", 501)),
    check(
        "RFC 3977 8.5",
        "extra overview fields lose their name",
        IN_GROUP,
        ("HDR X-Zb-Trust 3", (225, ["3 +0.50"])),
        ("HDR Xref 3", (225, ["3 zb tech.linux:3"])),
    ),
    check("RFC 3977 8.6", "LIST HEADERS allows any header", ("LIST HEADERS", (215, [":", ":bytes", ":lines"]))),
    check(
        "RFC 3977 8.6",
        "its argument is ignored when the forms do not differ",
        ("LIST HEADERS MSGID", 215),
        ("LIST HEADERS range", 215),
        ("LIST HEADERS x", 501),
    ),
    check("RFC 2980 2.6", "XHDR with a range", IN_GROUP, ("XHDR Subject 3-4", (221, ["3 Subject 3", "4 Subject 4"]))),
    check("RFC 2980 2.6", "XHDR echoes an id", ("XHDR Subject <a4@zb.invalid>", (221, ["<a4@zb.invalid> Subject 4"]))),
    check("RFC 2980 2.6", "XHDR of the current article", IN_GROUP, ("XHDR subject", (221, ["3 Subject 3"]))),
    check("RFC 2980 2.6", "XHDR without a group is 412", ("XHDR Subject 1-", 412), ("XHDR Subject", 412)),
    check("RFC 2980 2.6", "XHDR without a current article is 420", IN_EMPTY, ("XHDR Subject", 420), ("XHDR Path", 420)),
    check("RFC 2980 2.6", "XHDR by an unknown id is 430", ("XHDR Subject <no@such>", 430)),
    check(
        "INN",
        "XHDR leaves out absent headers and may be empty",
        IN_GROUP,
        ("XHDR References 1-", (221, [])),
        ("XHDR Subject 5", (221, [])),
    ),
    check(
        "RFC 2980 2.6",
        "XHDR knows the old names of computed fields",
        IN_GROUP,
        ("XHDR lines 3", (221, ["3 1"])),
        ("XHDR Bytes 3", (221, ["3 247"])),
    ),
    check(
        "slrn", "XHDR Path is never (none)", ("XHDR Path", 412), IN_GROUP, ("XHDR Path 3", (221, ["3 zb!not-for-mail"]))
    ),
    check("RFC 2980 2.9", "XPAT with a range", IN_GROUP, ("XPAT Subject 1- *4", (221, ["4 Subject 4"]))),
    check(
        "RFC 2980 2.9",
        "XPAT may find nothing",
        IN_GROUP,
        ("XPAT Subject 1- *none*", (221, [])),
        ("XPAT Subject 5 *", (221, [])),
    ),
    check(
        "RFC 2980 2.9",
        "further words are one pattern with single blanks",
        IN_GROUP,
        ("XPAT Subject 1-   Subject   4", (221, ["4 Subject 4"])),
    ),
    check(
        "RFC 2980 2.9",
        "XPAT by id",
        ("XPAT Subject <a4@zb.invalid> *4", (221, ["<a4@zb.invalid> Subject 4"])),
        ("XPAT Subject <a4@zb.invalid> x", (221, [])),
    ),
    check("RFC 2980 2.9", "XPAT by an unknown id is 430", ("XPAT Subject <no@such> *", 430)),
    check(
        "RFC 2980 2.9",
        "XPAT without a group is 412, a bare XPAT 501",
        ("XPAT Subject 1- *", 412),
        ("XPAT", 501),
        ("XPAT Subject 1-", 501),
    ),
    check(
        "RFC 2980 3.3",
        "sets and backslash are known to XPAT",
        IN_GROUP,
        ("XPAT subject 1- [Ss]*[34]", (221, ["3 Subject 3", "4 Subject 4"])),
        (r"XPAT from 3 *\<id*", (221, ["3 Alice <id@alice3.zb.invalid>"])),
    ),
    check(
        "RFC 2980 2.9",
        "XPAT searches headers outside the overview",
        IN_GROUP,
        ("XPAT newsgroups 6- tech.*", (221, ["6 tech.linux", "7 tech.linux"])),
    ),
    check(
        "Thunderbird",
        "double blanks, open ranges and sets",
        IN_GROUP,
        ("XPAT FROM  1- *[Aa][Ll][Ii][Cc][Ee]6*", (221, ["6 Alice <id@alice6.zb.invalid>"])),
    ),
    check(
        "Thunderbird",
        "XPAT lines may be long",
        IN_GROUP,
        ("XPAT SUBJECT 1- *" + "[Ss]" * 900 + "*", (221, [])),
        ("XPAT SUBJECT 1- *" + "[Ss]" * 2100, 501),
    ),
]

LISTS = [
    check("RFC 3977 7.6.3", "LIST ACTIVE has high before low", ("LIST ACTIVE", (215, ACTIVE))),
    check("RFC 3977 7.6.1", "LIST alone is LIST ACTIVE", ("LIST", (215, ACTIVE))),
    check("RFC 3977 7.6.3", "LIST ACTIVE with a wildmat", ("LIST ACTIVE tech.*,!*.empty", (215, ["tech.linux 7 3 y"]))),
    check("Gnus", "LIST ACTIVE with one name", ("LIST ACTIVE tech.linux", (215, ["tech.linux 7 3 y"]))),
    check(
        "RFC 3977 7.6.1",
        "an empty list is success",
        ("LIST ACTIVE no.such", (215, [])),
        ("LIST ACTIVE no.*", (215, [])),
    ),
    check(
        "RFC 3977 7.6.4",
        "LIST ACTIVE.TIMES",
        ("LIST ACTIVE.TIMES misc.*", (215, ["misc.new 1767225540 <node@local.zb.invalid>"])),
    ),
    check(
        "RFC 3977 7.6.6",
        "LIST NEWSGROUPS is UTF-8 after a tab",
        ("LIST NEWSGROUPS tech.l*", (215, ["tech.linux\tPenguins & friends – news"])),
    ),
    check("RFC 3977 9.6", "a description is never empty", ("LIST NEWSGROUPS tech.empty", (215, ["tech.empty\t-"]))),
    check("RFC 6048 2.2", "LIST COUNTS", ("LIST COUNTS tech.*", (215, ["tech.empty 11 12 0 y", "tech.linux 7 3 4 y"]))),
    check(
        "RFC 6048 2.6",
        "LIST SUBSCRIPTIONS keeps its order",
        ("LIST SUBSCRIPTIONS", (215, ["zb.help", "tech.linux"])),
        ("LIST SUBSCRIPTIONS tech.*", (215, ["tech.linux"])),
    ),
    check(
        "RFC 6048 2.5",
        "LIST MOTD, dot-stuffed",
        ("LIST MOTD", (215, ["Welcome.", "", ".dots are fine"])),
        ("LIST MOTD x", 501),
    ),
    check(
        "RFC 3977 7.6.1",
        "recognised and not kept is 503",
        ("LIST DISTRIB.PATS", 503),
        ("LIST DISTRIBUTIONS", 503),
        ("LIST MODERATORS", 503),
    ),
    check(
        "RFC 6048 2.3",
        "an argument where none belongs is 501",
        ("LIST DISTRIBUTIONS x", 501),
        ("LIST OVERVIEW.FMT x", 501),
    ),
    check(
        "RFC 3977 7.6.1",
        "LIST changes no state",
        IN_GROUP,
        ("LIST ACTIVE tech.empty", 215),
        ("LIST COUNTS", 215),
        STAT_3,
    ),
    check(
        "RFC 3977 4.1",
        "a bad wildmat is 501 in every list",
        ("LIST NEWSGROUPS [a]", 501),
        ("LIST COUNTS a\\*", 501),
        ("LIST SUBSCRIPTIONS a,", 501),
    ),
    check("Alpine", "LIST EXTENSIONS is 501, so that it asks with XOVER and XHDR", ("LIST EXTENSIONS", 501)),
    check("RFC 2980 2.4", "XGTITLE with a pattern", ("XGTITLE misc.*", (282, ["misc.new\tBrand new"]))),
    check(
        "RFC 2980 2.4",
        "XGTITLE takes the selected group",
        ("XGTITLE", 481),
        ("GROUP misc.new", 211),
        ("XGTITLE", (282, ["misc.new\tBrand new"])),
    ),
    check(
        "RFC 3977 7.3",
        "NEWGROUPS in the format of LIST ACTIVE",
        ("NEWGROUPS 20251231 235800 GMT", (231, ["misc.new 0 1 y"])),
    ),
    check("RFC 3977 7.3", "NEWGROUPS may be empty", ("NEWGROUPS 20260101 000000 GMT", (231, []))),
    check(
        "RFC 3977 7.3.2",
        "two-digit years",
        ("NEWGROUPS 251231 235800 GMT", (231, ["misc.new 0 1 y"])),
        ("NEWGROUPS 991231 235800", (231, ACTIVE[:3])),
    ),
    check(
        "RFC 3977 7.3.1",
        "dates are checked",
        ("NEWGROUPS 20250230 000000 GMT", 501),
        ("NEWGROUPS 20250101 2500 GMT", 501),
        ("NEWGROUPS 20250101 000000 CET", 501),
    ),
    check(
        "RFC 3977 7.4",
        "NEWNEWS by arrival",
        ("NEWNEWS tech.* 20260101 000000 GMT", (230, [f"<a{n}@zb.invalid>" for n in (3, 4, 6, 7)])),
    ),
    check(
        "RFC 3977 7.4",
        "NEWNEWS may be empty",
        ("NEWNEWS * 20260101 000001 GMT", (230, [])),
        ("NEWNEWS no.* 19990101 000000", (230, [])),
    ),
    check(
        "RFC 3977 7.4", "NEWNEWS excludes", ("NEWNEWS *,!tech.* 251231 000000 GMT", (230, ["<help@local.zb.invalid>"]))
    ),
    check(
        "RFC 3977 7.4",
        "NEWNEWS checks its arguments",
        ("NEWNEWS [a] 20260101 000000", 501),
        ("NEWNEWS * 2026 000000", 501),
        ("NEWNEWS *", 501),
    ),
]

POSTING = [
    check("RFC 3977 6.3.1", "340, then 240", ("POST", "340 "), (proto(), "240 ")),
    check(
        "INN",
        "340 recommends an id, 240 tells the final one",
        ("POST", "340 send the article; recommended message id <offer1@zb.invalid>"),
        (proto(), "240 article received <post1@zb.invalid>"),
    ),
    check(
        "RFC 3977 6.3.1",
        "what was posted is in the group at once",
        IN_GROUP,
        ("POST", 340),
        (proto(), 240),
        ("STAT 8", "223 8 <post1@zb.invalid>"),
    ),
    check("RFC 3977 6.3.1", "POST selects nothing", ("POST", 340), (proto(), 240), ("STAT", 412)),
    check("RFC 3977 6.3.1", "POST takes no argument", ("POST now", 501), ("DATE", 111)),
    check(
        "RFC 3977 3.1.1",
        "dot-stuffing is undone",
        ("POST", 340),
        (proto(body=".\n..x\ny."), 240),
        ("BODY <post1@zb.invalid>", (222, [".", "..x", "y."])),
    ),
    check(
        "RFC 3977 6.3.1",
        "the sentence of a refusal follows 441",
        ("POST", 340),
        (b"Subject: x\r\n\r\n.\r\n", "441 the article names no group; fill in Newsgroups"),
    ),
    check("RFC 3977 6.3.1", "an empty article is 441", ("POST", 340), (b".\r\n", 441), ("DATE", 111)),
    check(
        "Pan",
        "a duplicate is 441 with 435",
        ("POST", 340),
        (proto(Message_ID="<mine@x.example>"), 240),
        ("POST", 340),
        (proto(Message_ID="<mine@x.example>"), "441 435 already posted as <post1@zb.invalid>"),
    ),
    check("RFC 3977 3.6", "a NUL in an article is 441", ("POST", 340), (proto(body="a\0b"), 441), ("DATE", 111)),
    check(
        "RFC 3977 3.6",
        "a bare LF in an article is 441",
        ("POST", 340),
        (proto().replace(b"hello", b"a\nb"), 441),
        ("DATE", 111),
    ),
    check(
        "RFC 3977 3.1.1",
        "LF . LF ends no article",
        ("POST", 340),
        (proto().replace(b"hello", b"x\n.\nQUIT"), 441),
        ("DATE", 111),
    ),
    check(
        "RFC 3977 3.1.1",
        "CR . CR ends no article",
        ("POST", 340),
        (proto().replace(b"hello", b"x\r.\rQUIT"), 441),
        ("DATE", 111),
    ),
    check(
        "RFC 3977 6.3.1",
        "commands inside an article are text",
        ("POST", 340),
        (proto(body="QUIT\nDATE"), 240),
        ("DATE", 111),
    ),
    check(
        "newsgroups",
        "the id a newsreader made stays an alias",
        ("POST", 340),
        (proto(Message_ID="<mine@x.example>"), 240),
        ("STAT <mine@x.example>", "223 0 <post1@zb.invalid>"),
    ),
]

NEWSREADERS = [
    check("slrn", "bare probes before a group are 412 or 501", ("XOVER", 412), ("XHDR Path", 412), ("XPAT", 501)),
    check("Gnus", "XOVERVIEW is unknown", IN_GROUP, ("XOVERVIEW 1-", 500)),
    check("NeoMutt", "a bare STAT says that no login is needed", ("STAT", 412)),
    check("NeoMutt", "LISTGROUP with a range", ("LISTGROUP tech.linux 6-7", (211, ["6", "7"]))),
    check("Alpine", "OVER 0 is a probe", IN_GROUP, ("OVER 0", 423)),
    check(
        "Claws",
        "XHDR of several headers over a range",
        IN_GROUP,
        ("XHDR newsgroups 3-4", (221, ["3 tech.linux", "4 tech.linux"])),
        ("XHDR to 3-4", (221, [])),
        ("XHDR cc 3-4", (221, [])),
    ),
    check("Pan", "MODE READER keeps a connection alive", IN_GROUP, ("MODE READER", 200), ("MODE READER", 200), STAT_3),
    check(
        "Pan",
        "compressed variants are unknown",
        ("XZVER 1-", 500),
        ("XZHDR subject 1-", 500),
        ("XFEATURE COMPRESS GZIP", 500),
    ),
    check(
        "Evolution",
        "lower-case commands",
        ("list overview.fmt", 215),
        ("date", 111),
        ("group tech.linux", 211),
        ("xover 3-3", 224),
    ),
    check(
        "SABnzbd",
        "pipelined ids without a group",
        ("STAT <a3@zb.invalid>", 223),
        ("BODY <a4@zb.invalid>", 222),
        ("ARTICLE <no@such>", 430),
    ),
    check("slrn", "many groups at once", IN_GROUP, IN_EMPTY, ("GROUP no.such", 411), IN_GROUP),
    check(
        "Thunderbird", "the trust header over a range", IN_GROUP, ("XHDR X-Zb-Trust 3-4", (221, ["3 +0.50", "4 +0.50"]))
    ),
    check(
        "Thunderbird",
        "its whole start",
        ("MODE READER", 200),
        ("LIST", 215),
        ("NEWGROUPS 20250705 000000 GMT", 231),
        IN_GROUP,
        ("XOVER 3-7", 224),
        ("ARTICLE 7", 220),
        ("QUIT", 205),
    ),
    check("tin", "old index commands are unknown", ("XINDEX tech.linux", 500), ("XTHREAD", 500), ("XREPLIC x", 500)),
    check("RFC 4643", "without logins AUTHINFO is unknown, not 480", ("AUTHINFO USER x", 500)),
    check("RFC 4642", "STARTTLS is unknown where it is not offered", ("STARTTLS", 500), ("COMPRESS DEFLATE", 500)),
]

CHECKS = [*SESSION, *FRAMING, *GROUPS, *STEPS, *ARTICLES, *OVERVIEW, *FIELDS, *LISTS, *POSTING, *NEWSREADERS]
