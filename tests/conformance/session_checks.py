"""Commands in general, sessions, framing; checks.py says how to read them."""

from __future__ import annotations

from tests.conformance.checks import IN_GROUP, STAT_3, check

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
    check("RFC 3977 3.1", "a bare LF ends no command", DATE, (b"DATE\nQUIT\r\n", 501), DATE),
    check("RFC 3977 3.1", "a bare CR ends no command", DATE, (b"HELP\rQUIT\r\n", 501), DATE),
    check("RFC 3977 3.1", "a NUL ends nothing", DATE, (b"GROUP tech.linux\0x\r\n", 501), NOTHING_SELECTED),
    check("RFC 3977 3.1", "a bare LF in an argument is refused", DATE, (b"GROUP a\nQUIT\r\n", 501), NOTHING_SELECTED),
    check("RFC 3977 3.1", "a CR before CRLF is no blank", DATE, (b"GROUP tech.linux\r\r\n", 501), NOTHING_SELECTED),
    check("RFC 3977 3.1", "vertical tabs separate nothing", DATE, (b"GROUP\x0btech.linux\r\n", 501)),
    check("RFC 3977 3.1", "commands are UTF-8", DATE, (b"GROUP t\xffch\r\n", 501), ("GROUP täch", 411)),
    check("RFC 3977 3.1", "a no-break space separates nothing", ("GROUP tech.linux\u00a0x", 411)),
    check("robustness", "a blank line is ignored", b"\r\n", DATE, b" \t\r\n", DATE),
]
