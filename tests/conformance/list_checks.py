"""Lists, and what is new; checks.py says how to read them."""

from __future__ import annotations

from tests.conformance.checks import ACTIVE, IN_GROUP, STAT_3, check

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
