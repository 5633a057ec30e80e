"""Logins, TLS and compression; checks.py says how to read them."""

from __future__ import annotations

import base64

from tests.conformance.checks import ACTIVE, IN_GROUP, STAT_3, check
from tests.nntp.dialogue import ALL, EXPOSED, FULL, HOUSEHOLD, IN_TLS


def plain(user: str, password: str, acting_for: str = "") -> str:
    """The message of SASL PLAIN, RFC 4616."""
    return base64.b64encode(f"{acting_for}\0{user}\0{password}".encode()).decode()


ANNA = plain("anna", "correct horse")
USER = ("AUTHINFO USER anna", "381 ")
PASS = ("AUTHINFO PASS correct horse", "281 ")
TLS = ("STARTTLS", "382 ")
COMPRESS = ("COMPRESS DEFLATE", "206 ")
LIST_ROW = "LIST ACTIVE ACTIVE.TIMES COUNTS HEADERS MOTD NEWSGROUPS OVERVIEW.FMT SUBSCRIPTIONS"
CORE = ["VERSION 2", "IMPLEMENTATION zbnntp 0.1.0", "READER", "POST", "NEWNEWS", "OVER MSGID", "HDR", "XPAT", LIST_ROW]


def capable(*labels: str) -> tuple[str, tuple[int, list[str]]]:
    """CAPABILITIES with these besides what is always there."""
    return "CAPABILITIES", (101, [*CORE, *labels, "X-ZBNNTP"])


LOGIN = [
    check("RFC 4643 2.3.2", "USER, then PASS", USER, PASS, terms=ALL),
    check("RFC 4643 2.3.2", "USER is 381 whoever is named", ("AUTHINFO USER nobody", 381), terms=ALL),
    check("slrn", "281 says that posting is allowed", USER, ("AUTHINFO PASS correct horse", 281), terms=ALL),
    check(
        "RFC 4643 2.3.2",
        "a wrong password is 481, and another attempt is possible",
        USER,
        ("AUTHINFO PASS wrong", 481),
        USER,
        PASS,
        terms=ALL,
    ),
    check(
        "RFC 4643 2.3.2",
        "an unknown user is told apart by nothing",
        ("AUTHINFO USER nobody", 381),
        ("AUTHINFO PASS x", "481 the name or the password is wrong"),
        USER,
        ("AUTHINFO PASS x", "481 the name or the password is wrong"),
        terms=ALL,
    ),
    check("RFC 4643 2.3.2", "PASS before USER is 482", ("AUTHINFO PASS correct horse", 482), terms=ALL),
    check(
        "RFC 4643 2.3.2",
        "a name serves one password",
        USER,
        ("AUTHINFO PASS wrong", 481),
        ("AUTHINFO PASS correct horse", 482),
        terms=ALL,
    ),
    check("RFC 4643 2.3.2", "the last USER counts", ("AUTHINFO USER bert", 381), USER, PASS, terms=ALL),
    check("RFC 4643 2.3.2", "a name is kept over other commands", USER, ("DATE", 111), PASS, terms=ALL),
    check(
        "RFC 4643 3.1",
        "blanks belong to a password, at its ends too",
        ("AUTHINFO USER bert", 381),
        ("AUTHINFO PASS größe", 481),
        ("AUTHINFO USER bert", 381),
        ("AUTHINFO PASS größe ", 281),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.3.2", "a password that is no UTF-8 is only wrong", USER, (b"AUTHINFO PASS \xff\r\n", 481), terms=ALL
    ),
    check("RFC 3977 3.1", "a NUL in a password is refused", USER, (b"AUTHINFO PASS a\0b\r\n", 501), terms=ALL),
    check(
        "RFC 4643 2.2",
        "a second login is 502",
        USER,
        PASS,
        ("AUTHINFO USER anna", 502),
        ("AUTHINFO PASS x", 502),
        terms=ALL,
    ),
    check("RFC 4643 2.2", "by SASL too", USER, PASS, (f"AUTHINFO SASL PLAIN {ANNA}", 502), terms=ALL),
    check(
        "RFC 3977 3.2.1", "USER and PASS need an argument", ("AUTHINFO USER", 501), ("AUTHINFO PASS", 501), terms=ALL
    ),
    check("RFC 3977 3.2.1", "AUTHINFO GENERIC is an unknown variant", ("AUTHINFO GENERIC x", 501), terms=ALL),
    check("RFC 3977 3.2.1", "AUTHINFO needs a second word", ("AUTHINFO", 501), terms=ALL),
    check(
        "RFC 3977 3.1",
        "AUTHINFO ignores case",
        ("authinfo user anna", 381),
        ("AuthInfo Pass correct horse", 281),
        terms=ALL,
    ),
    check("RFC 4643 2.2", "after a login MODE READER is harmless", USER, PASS, ("MODE READER", 200), terms=ALL),
    check(
        "RFC 3977 5.3",
        "MODE READER tells what the user may",
        ("AUTHINFO USER guest", 381),
        ("AUTHINFO PASS x", "281 "),
        ("MODE READER", 201),
        ("POST", 440),
        terms=ALL,
    ),
    check(
        "newsgroups",
        "a login is another view: the selection is forgotten",
        IN_GROUP,
        USER,
        PASS,
        ("STAT", 412),
        ("LIST MOTD", (215, ["Welcome, anna."])),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.3.2", "a failed login changes nothing", IN_GROUP, USER, ("AUTHINFO PASS x", 481), STAT_3, terms=ALL
    ),
    check(
        "robustness",
        "a name and a password may be long",
        ("AUTHINFO USER " + "x" * 2000, 381),
        ("AUTHINFO PASS " + "x" * 2000, 481),
        terms=ALL,
    ),
    check(
        "RFC 3977 3.1", "without end they are refused", ("DATE", 111), ("AUTHINFO USER " + "x" * 9000, 501), terms=ALL
    ),
]

SASL = [
    check("RFC 4643 2.4.2", "PLAIN with an initial response", (f"AUTHINFO SASL PLAIN {ANNA}", "281 "), terms=ALL),
    check("RFC 4643 2.4.2", "PLAIN in two steps", ("AUTHINFO SASL PLAIN", "383 ="), (ANNA, "281 "), terms=ALL),
    check("RFC 4643 2.4.2", "mechanisms ignore case here", (f"AUTHINFO SASL plain {ANNA}", 281), terms=ALL),
    check("RFC 4643 2.4.2", "a star gives up", ("AUTHINFO SASL PLAIN", 383), ("*", 481), ("DATE", 111), terms=ALL),
    check("RFC 4643 2.4.2", "= is an empty response", ("AUTHINFO SASL PLAIN =", 481), ("DATE", 111), terms=ALL),
    check("RFC 4643 2.4.2", "= is empty in the second step", ("AUTHINFO SASL PLAIN", 383), ("=", 481), terms=ALL),
    check(
        "RFC 4643 2.4.2",
        "an unknown mechanism is 503",
        ("AUTHINFO SASL CRAM-MD5", 503),
        ("AUTHINFO SASL X y", 503),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.4.2",
        "what is no base64 is 504",
        ("AUTHINFO SASL PLAIN a*b=", 504),
        ("AUTHINFO SASL PLAIN abc", 504),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.4.2",
        "a pad inside is 504",
        ("AUTHINFO SASL PLAIN =AAA", 504),
        ("AUTHINFO SASL PLAIN AAA=BBB=", 504),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.4.2",
        "in the second step too",
        ("AUTHINFO SASL PLAIN", 383),
        ("abcd=efg", 504),
        ("DATE", 111),
        terms=ALL,
    ),
    check("RFC 4643 2.4.2", "an empty line is no response", ("AUTHINFO SASL PLAIN", 383), (b"\r\n", 504), terms=ALL),
    check(
        "RFC 4643 2.4.2",
        "a command is no response",
        ("AUTHINFO SASL PLAIN", 383),
        ("LIST ACTIVE", 504),
        ("DATE", 111),
        terms=ALL,
    ),
    check("RFC 4616 2", "a message of other than three parts is 481", ("AUTHINFO SASL PLAIN YWJj", 481), terms=ALL),
    check("RFC 4616 2", "an empty name is 481", (f"AUTHINFO SASL PLAIN {plain('', 'x')}", 481), terms=ALL),
    check("RFC 4616 2", "an empty password is 481", (f"AUTHINFO SASL PLAIN {plain('anna', '')}", 481), terms=ALL),
    check(
        "RFC 4616 2",
        "nobody acts for another",
        (f"AUTHINFO SASL PLAIN {plain('anna', 'correct horse', 'bert')}", 481),
        terms=ALL,
    ),
    check(
        "RFC 4616 2",
        "but for oneself",
        (f"AUTHINFO SASL PLAIN {plain('anna', 'correct horse', 'anna')}", 281),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.4.2",
        "blanks and letters come as they are",
        (f"AUTHINFO SASL PLAIN {plain('bert', 'größe ')}", 281),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.4.1",
        "the command may be longer than 512 octets",
        (f"AUTHINFO SASL PLAIN {plain('anna', 'x' * 3000)}", 481),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.4.2",
        "the second line too",
        ("AUTHINFO SASL PLAIN", 383),
        (plain("anna", "x" * 3000), 481),
        terms=ALL,
    ),
    check(
        "robustness", "but not without end", ("AUTHINFO SASL PLAIN", 383), ("A" * 9000, 482), ("DATE", 111), terms=ALL
    ),
    check(
        "RFC 4643 2.4.1", "a third argument is 501", ("AUTHINFO SASL PLAIN a b", 501), ("AUTHINFO SASL", 501), terms=ALL
    ),
    check(
        "RFC 4643 2.3.2",
        "a wrong password by SASL is 481",
        (f"AUTHINFO SASL PLAIN {plain('anna', 'x')}", 481),
        terms=ALL,
    ),
]

GATE = [
    check(
        "RFC 3977 3.2.1",
        "where a login is demanded, it is at the first command",
        ("LIST", 480),
        ("GROUP tech.linux", 480),
        terms=HOUSEHOLD,
    ),
    check(
        "RFC 3977 3.2.1",
        "also to what reads or writes nothing",
        ("DATE", 480),
        ("HELP", 480),
        ("POST", 480),
        terms=HOUSEHOLD,
    ),
    check("NeoMutt", "a bare STAT tells that a login is needed", ("STAT", 480), terms=HOUSEHOLD),
    check("RFC 3977 3.2.1", "an unknown command stays 500", ("XYZZY", 500), ("LIST XYZZY", 501), terms=HOUSEHOLD),
    check(
        "RFC 3977 5.2",
        "CAPABILITIES, MODE READER and QUIT need none",
        ("CAPABILITIES", 101),
        ("MODE READER", 200),
        ("QUIT", 205),
        terms=HOUSEHOLD,
    ),
    check(
        "RFC 3977 5.1.1",
        "before the login MODE READER does not say that posting is impossible",
        ("MODE READER", 200),
        terms=HOUSEHOLD,
    ),
    check(
        "RFC 4643 2.2",
        "AUTHINFO is never 480",
        ("AUTHINFO PASS x", 482),
        ("AUTHINFO SASL X", 503),
        USER,
        PASS,
        terms=HOUSEHOLD,
    ),
    check("RFC 4642 2.2.1", "STARTTLS is never 480", TLS, ("LIST", 480), terms=HOUSEHOLD),
    check(
        "Thunderbird",
        "after the login the session never asks again",
        ("LIST", 480),
        USER,
        PASS,
        ("LIST", (215, ACTIVE)),
        IN_GROUP,
        ("XOVER 3-7", 224),
        ("ARTICLE 3", 220),
        ("POST", 340),
        (b".\r\n", 441),
        ("NEWGROUPS 20250705 000000 GMT", 231),
        terms=HOUSEHOLD,
    ),
    check(
        "RFC 8054 2.2",
        "compression comes after the login",
        ("COMPRESS DEFLATE", 480),
        USER,
        PASS,
        COMPRESS,
        terms=HOUSEHOLD,
    ),
    check(
        "RFC 3977 3.2.1",
        "in the open it is 483, so that no password is sent",
        ("LIST", 483),
        ("STAT", 483),
        terms=EXPOSED,
    ),
    check(
        "RFC 4643 2.3.2",
        "USER and PASS in the open are 483",
        ("AUTHINFO USER anna", 483),
        ("AUTHINFO PASS x", 483),
        terms=EXPOSED,
    ),
    check(
        "RFC 4643 2.4.2",
        "SASL in the open is 483",
        ("AUTHINFO SASL PLAIN", 483),
        (f"AUTHINFO SASL PLAIN {ANNA}", 483),
        terms=EXPOSED,
    ),
    check(
        "RFC 4642 2.2.2",
        "after STARTTLS one may log in",
        ("LIST", 483),
        TLS,
        ("LIST", 480),
        USER,
        PASS,
        ("LIST", 215),
        terms=EXPOSED,
    ),
    check(
        "RFC 8143 3",
        "where TLS comes first one may log in at once",
        ("LIST", 480),
        USER,
        PASS,
        ("LIST", 215),
        terms=IN_TLS,
    ),
    check("RFC 8143 3", "and STARTTLS is 502", ("STARTTLS", 502), terms=IN_TLS),
    check(
        "robustness",
        "who is wrong five times is hung up on",
        *[USER, ("AUTHINFO PASS x", 481)] * 5,
        b"DATE\r\n",
        terms=ALL,
    ),
]

CARRIER = [
    check("RFC 4642 2.2", "STARTTLS is 382", TLS, ("DATE", 111), terms=ALL),
    check("RFC 4642 2.2.1", "STARTTLS takes no argument", ("STARTTLS now", 501), ("DATE", 111), terms=ALL),
    check("RFC 4642 2.2.2", "in TLS it is 502", TLS, ("STARTTLS", 502), ("DATE", 111), terms=ALL),
    check("RFC 4642 2.2.1", "after a login it is 502", USER, PASS, ("STARTTLS", 502), terms=ALL),
    check(
        "RFC 4642 2.2.2", "the selected group is forgotten", IN_GROUP, TLS, ("STAT", 412), ("LISTGROUP", 412), terms=ALL
    ),
    check(
        "RFC 4642 2.2.2", "the name of a login is forgotten", USER, TLS, ("AUTHINFO PASS correct horse", 482), terms=ALL
    ),
    check("RFC 4642 2.2.1", "where TLS cannot begin it is 580", ("STARTTLS", 580), ("DATE", 111), terms=FULL),
    check("RFC 8054 2.2", "COMPRESS DEFLATE is 206", COMPRESS, IN_GROUP, STAT_3, terms=ALL),
    check("RFC 8054 2.2", "algorithms ignore case", ("compress deflate", 206), terms=ALL),
    check("RFC 8054 2.2", "a selected group stays", IN_GROUP, COMPRESS, STAT_3, terms=ALL),
    check("RFC 8054 2.2", "another algorithm is 503", ("COMPRESS GZIP", 503), ("COMPRESS X-SHRINK", 503), terms=ALL),
    check("RFC 8054 2.2.1", "COMPRESS needs one argument", ("COMPRESS", 501), ("COMPRESS DEFLATE 9", 501), terms=ALL),
    check("RFC 8054 2.2.2", "a second compression is 502", COMPRESS, ("COMPRESS DEFLATE", 502), terms=ALL),
    check("RFC 8054 2.2.2", "where there is no room it is 403", ("COMPRESS DEFLATE", 403), ("DATE", 111), terms=FULL),
    check("RFC 8054 2.2.2", "after it STARTTLS is 502", COMPRESS, ("STARTTLS", 502), terms=ALL),
    check(
        "RFC 8054 2.2.2",
        "after it AUTHINFO is 502",
        COMPRESS,
        ("AUTHINFO USER anna", 502),
        (f"AUTHINFO SASL PLAIN {ANNA}", 502),
        terms=ALL,
    ),
    check(
        "RFC 8054 2.2.2",
        "TLS, login and compression in this order",
        TLS,
        USER,
        PASS,
        COMPRESS,
        IN_GROUP,
        STAT_3,
        terms=ALL,
    ),
    check(
        "RFC 8054 2.1",
        "what may be begun is announced",
        capable("STARTTLS", "COMPRESS DEFLATE", "AUTHINFO USER SASL", "SASL PLAIN"),
        terms=ALL,
    ),
    check(
        "RFC 4642 2.1",
        "STARTTLS is not announced in TLS",
        TLS,
        capable("COMPRESS DEFLATE", "AUTHINFO USER SASL", "SASL PLAIN"),
        terms=ALL,
    ),
    check(
        "RFC 4643 2.2",
        "after a login SASL stays and AUTHINFO goes",
        USER,
        PASS,
        capable("COMPRESS DEFLATE", "SASL PLAIN"),
        terms=ALL,
    ),
    check(
        "RFC 8054 2.1", "after COMPRESS nothing can be begun", COMPRESS, capable("AUTHINFO", "SASL PLAIN"), terms=ALL
    ),
    check(
        "RFC 4643 2.1",
        "in the open AUTHINFO has no arguments",
        capable("STARTTLS", "COMPRESS DEFLATE", "AUTHINFO"),
        terms=EXPOSED,
    ),
]
