"""Posting, and the habits of newsreaders; checks.py says how to read them."""

from __future__ import annotations

from tests.conformance.checks import IN_EMPTY, IN_GROUP, STAT_3, check
from tests.nntp.dialogue import proto

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
    check("RFC 4643 2.2", "without logins AUTHINFO is unknown, not 480", ("AUTHINFO USER x", 500), ("AUTHINFO X", 500)),
    check("RFC 4642 2.1", "STARTTLS is unknown where it is not offered", ("STARTTLS", 500)),
]
