"""The table: what HELP, CAPABILITIES and the arity are read off."""

from __future__ import annotations

import pytest

from tests.fakes import article
from tests.nntp.dialogue import ALL, ask, ask_one, forum, rating_room, reading_room
from zbnntp.model import errors
from zbnntp.nntp.commands import COMMANDS, Command, answer
from zbnntp.nntp.session import Session


def test_every_row_is_complete() -> None:
    for row in COMMANDS:
        assert row.name == row.name.upper()
        assert callable(row.handler)
        assert row.help
        assert row.handler.__doc__


def test_names_are_unique() -> None:
    assert len({row.name for row in COMMANDS}) == len(COMMANDS)


def test_help_shows_every_row() -> None:
    lines = ask_one("HELP", make=rating_room, terms=ALL).lines
    assert [line.split("  ")[1] for line in lines] == [f"{row.name} {row.usage}".strip() for row in COMMANDS]
    assert all(len(line) < 100 for line in lines)


@pytest.mark.parametrize(
    ("usage", "least", "most"),
    [("", 0, 0), ("a", 1, 1), ("[a]", 0, 1), ("[a [b]]", 0, 2), ("a b [c]", 2, 3), ("a b...", 2, 512)],
)
def test_arity_is_read_off_the_usage(usage: str, least: int, most: int) -> None:
    row = Command("X", usage, lambda session: None, "")
    assert (row.least, row.most) == (least, most)


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_wrong_arity_is_501_with_the_syntax(row: Command) -> None:
    too_many = [] if row.verbatim else [row.most + 1]
    wrong = [words for words in (row.least - 1, *too_many) if 0 <= words < 10]
    # a word less or more than the table allows; LIST alone is a command of its own
    for count in wrong:
        reply = ask_one(row.name + " x" * count, make=rating_room, terms=ALL)
        assert reply.code == 501
        assert reply.text == f"the syntax is: {row.name} {row.usage}".strip()


def test_capabilities() -> None:
    assert ask_one("CAPABILITIES").lines == [
        "VERSION 2",
        "IMPLEMENTATION zbnntp 0.1.0",
        "READER",
        "POST",
        "NEWNEWS",
        "OVER MSGID",
        "HDR",
        "XPAT",
        "LIST ACTIVE ACTIVE.TIMES COUNTS HEADERS MOTD NEWSGROUPS OVERVIEW.FMT SUBSCRIPTIONS",
        "X-ZBNNTP",
    ]


def test_nothing_names_what_pan_switches_on() -> None:
    probes = ["CAPABILITIES", "HELP", "XZVER 1-", "XZHDR subject 1-", "XFEATURE COMPRESS GZIP", "COMPRESS GZIP"]
    for reply in ask(*probes, terms=ALL):
        assert not any("COMPRESS=GZIP" in line or "XZVER" in line for line in [str(reply), *reply.lines])


def test_what_is_not_offered_is_unknown() -> None:
    probes = ["AUTHINFO USER x", "AUTHINFO GENERIC", "AUTHINFO", "STARTTLS", "COMPRESS DEFLATE"]
    assert [reply.code for reply in ask(*probes)] == [500] * 5
    assert not any("AUTHINFO" in line or "TLS" in line or "COMPRESS" in line for line in ask_one("HELP").lines)


def test_a_listed_variant_is_served_and_a_missing_one_is_not_listed() -> None:
    (listed,) = [line.split()[1:] for line in ask_one("CAPABILITIES").lines if line.startswith("LIST ")]
    assert all(ask_one(f"LIST {keyword}").code == 215 for keyword in listed)
    assert not {"DISTRIBUTIONS", "MODERATORS", "DISTRIB.PATS", "EXTENSIONS"} & set(listed)


def test_greeting_does_not_wake_work_arounds() -> None:
    shelf, desk = forum()
    reply = answer(Session(shelf, desk, lambda: 0.0), b"MODE READER")
    assert reply.code == 200
    assert "INN" not in reply.text  # slrn
    assert "@" not in reply.text


def test_without_a_desk_nothing_can_be_posted() -> None:
    assert ask_one("MODE READER", make=reading_room).code == 201
    assert ask_one("POST", make=reading_room).code == 440
    assert "POST" not in ask_one("CAPABILITIES", make=reading_room).lines


def test_an_article_without_xref_has_no_path() -> None:
    def make():
        shelf, desk = forum()
        shelf.add_article(article(9, Xref=""))
        return shelf, desk

    assert ask_one("XPATH <a9@zb.invalid>", make=make).code == 430


def test_hidden_by_trust_says_so_by_id_and_is_a_gap_by_number() -> None:
    def make():
        shelf, desk = forum()
        shelf.hidden.add("<a4@zb.invalid>")
        return shelf, desk

    for command in ("ARTICLE", "HEAD", "BODY", "STAT", "OVER", "HDR Subject", "HDR Path", "XHDR Subject"):
        reply = ask_one(f"{command} <a4@zb.invalid>", make=make)
        assert str(reply) == "430 this article is hidden by your trust; rate its author to see it"
    replies = ask("GROUP tech.linux", "STAT 4", "LISTGROUP", "NEXT", "XHDR Path 1-", make=make)
    assert [reply.code for reply in replies] == [211, 423, 211, 223, 221]
    assert replies[0].text == "3 3 7 tech.linux"
    assert replies[2].lines == ["3", "6", "7"]
    assert replies[3].text.startswith("6 ")


def test_first_article_hidden_is_not_selected() -> None:
    def make():
        shelf, desk = forum()
        shelf.hidden.add("<a3@zb.invalid>")
        return shelf, desk

    assert [str(r)[:5] for r in ask("GROUP tech.linux", "STAT", make=make)] == ["211 3", "223 4"]


def test_current_article_that_vanishes_is_420() -> None:
    shelf, desk = forum()
    session = Session(shelf, desk, lambda: 0.0)
    assert answer(session, b"GROUP tech.linux").code == 211
    shelf.hidden.add("<a3@zb.invalid>")
    for command in (b"STAT", b"ARTICLE", b"OVER", b"XOVER", b"HDR Subject", b"XHDR Subject"):
        assert answer(session, command).code == 420
    shelf.hidden.clear()
    assert answer(session, b"STAT").code == 223


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Missing, 430),
        (errors.NotVisible, 430),
        (errors.NotPermitted, 502),
        (errors.Refused, 403),
        (errors.TorDown, 403),
        (errors.BadEncoding, 501),
    ],
)
def test_each_error_has_its_code(error: type[errors.ZbError], code: int) -> None:
    shelf, desk = forum()

    def raises(*_: object) -> None:
        raise error("the reason")

    shelf.group = raises
    reply = answer(Session(shelf, desk, lambda: 0.0), b"GROUP x")
    assert (reply.code, reply.text) == (code, "the reason")


def test_every_refusal_is_one_plain_sentence() -> None:
    """Thunderbird shows them verbatim."""
    probes = ["STAT", "NEXT", "GROUP x", "STAT <x@y>", "STAT x", "HDR a:", "OVER x", "XYZZY", "MODE", "XGTITLE"]
    probes += ["LIST X", "LIST MODERATORS", "LIST ACTIVE [", "NEWGROUPS 1 1", "CAPABILITIES 1", "LIST HEADERS x"]
    for probe in probes:
        reply = ask_one(probe)
        assert reply.code >= 400
        assert len(reply.text) > 15
        assert not reply.text.endswith(".")
