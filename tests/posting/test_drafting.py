"""Where a post goes and what it answers: thread, parents, boards and subject, read off what the newsreader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.houses import House, open_house
from tests.ingest.forging import Forger, following, name_of, segment
from zbnntp.local import CONTROL, HELP, LOG, PEOPLE
from zbnntp.model import limits
from zbnntp.model.entries import make_carry
from zbnntp.model.errors import BadArticle, NotPermitted
from zbnntp.model.keys import message_id, parse_message_id
from zbnntp.store import posts

BOARD, OTHER = "test.talk", "test.other"


def line_of(house: House, name: str) -> dict[str, Any]:
    """What was written of a post."""
    identifier = parse_message_id(name)
    assert identifier is not None
    found = posts.ancestry(house.reader, posts.find_article(house.reader, identifier) or 0)
    assert found is not None
    line: dict[str, Any] = json.loads(found[1])
    return line


def ids(house: House, name: str) -> tuple[str, list[str]]:
    """Thread and parents as Message-IDs."""
    line = line_of(house, name)
    parse = bytes.fromhex
    return message_id(parse(line["thread"])), [message_id(parse(it)) for it in line["parents"]]  # type: ignore[arg-type]


async def chain(house: House, length: int) -> list[str]:
    """An opening and answers, each to the one before."""
    names = [await house.post(BOARD, "Hello", "0\n")]
    for number in range(1, length):
        names.append(await house.post(BOARD, "Re: Hello", f"{number}\n", references=" ".join(names[-3:])))
    return names


async def test_an_opening_has_neither_thread_nor_parents_and_is_signed(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        line = line_of(alice, await alice.post(BOARD, "Hello", "x\n"))
        assert set(line) == {"kind", "author", "boards", "time", "subject", "body", "sig"}


async def test_an_answer_to_the_opening_has_it_as_only_parent(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        names = await chain(alice, 2)
        assert ids(alice, names[1]) == (names[0], [names[0]])
        assert set(line_of(alice, names[1])) == {"kind", "author", "boards", "time", "thread", "parents", "body"}


async def test_parents_are_the_nearest_eight_ancestors_below_the_opening(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        names = await chain(alice, 12)
        for depth in range(2, 12):
            nearest = names[1:depth][-limits.PARENTS_PER_POST :]
            assert ids(alice, names[depth]) == (names[0], nearest)
            article = alice.shelf.find(names[depth], BOARD)
            assert article is not None
            assert f"References: {' '.join([names[0], *nearest])}\r\n".encode() in article.octets


@pytest.mark.parametrize(
    "unknown", ["<gone@example.com>", f"<{'a' * 52}@zb.invalid>", f"<{'a' * 26}@local.zb.invalid>"]
)
async def test_references_that_nobody_knows_are_passed_over(tmp_path: Path, unknown: str) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        names = await chain(alice, 2)
        answer = await alice.post(BOARD, "Re: Hello", "x\n", references=f"{names[0]} {names[1]} {unknown}")
        assert ids(alice, answer) == (names[0], [names[1]])
        alone = await alice.post(BOARD, "Re: Hello", "y\n", references=unknown)
        assert "thread" not in line_of(alice, alone)


async def test_in_reply_to_serves_where_there_are_no_references(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        first = await alice.post(BOARD, "Hello", "x\n")
        answer = await alice.post(BOARD, "Re: Hello", "y\n", In_Reply_To=first)
        assert ids(alice, answer) == (first, [first])


@pytest.mark.parametrize("own", ["<1.2@client.example>", f"<{'b' * 26}@local.zb.invalid>", f"<{'q' * 52}@zb.invalid>"])
async def test_the_newsreaders_own_id_of_a_post_can_be_answered(tmp_path: Path, own: str) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        first = await alice.post(BOARD, "Hello", "x\n", Message_ID=own)
        answer = await alice.post(BOARD, "Re: Hello", "y\n", references=own)
        assert ids(alice, answer) == (first, [first])


async def test_an_answer_stands_in_the_boards_of_its_thread(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in (BOARD, OTHER):
            await alice.add_board(board)
        first = await alice.post(f"{BOARD}, {OTHER}", "Hello", "x\n")
        answer = await alice.post(OTHER, "Re: Hello", "y\n", references=first)
        assert line_of(alice, answer)["boards"] == [BOARD, OTHER]
        assert alice.subjects(BOARD) == alice.subjects(OTHER) == ["Hello", "Re: Hello"]


async def test_an_answer_sent_to_another_board_alone_opens_a_thread_there(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in (BOARD, OTHER):
            await alice.add_board(board)
        first = await alice.post(BOARD, "Hello", "x\n")
        line = line_of(alice, await alice.post(OTHER, "Re: Hello", "y\n", references=first))
        assert (line["boards"], line["subject"]) == ([OTHER], "Re: Hello")
        assert "thread" not in line


async def test_a_thread_stands_in_at_most_four_boards(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        boards = [f"test.b{number}" for number in range(5)]
        for board in boards:
            await alice.add_board(board)
        first = await alice.post(",".join(boards[:4]), "Four", "x\n")
        with pytest.raises(NotPermitted, match="at most 4 boards"):
            await alice.post(",".join(boards), "Five", "x\n")
        answer = await alice.post(",".join(boards), "Re: Four", "y\n", references=first)
        assert line_of(alice, answer)["boards"] == boards[:4]
        article = alice.shelf.find(answer, boards[2])
        assert article is not None
        assert b"\r\nXref: zbnntp test.b0:2 test.b1:2 test.b2:2 test.b3:2\r\n" in article.octets


async def test_groups_that_are_not_here_are_left_out_beside_one_that_is(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        assert line_of(alice, await alice.post(f"{BOARD},comp.lang.c", "Hello", "x\n"))["boards"] == [BOARD]
        with pytest.raises(NotPermitted, match=r"board add comp\.lang\.c"):
            await alice.post("comp.lang.c", "Hello", "y\n")
        with pytest.raises(NotPermitted) as failure:
            await alice.post("x" * 3000, "Hello", "y\n")
        assert len(str(failure.value)) < 300


@pytest.mark.parametrize("name", [HELP, LOG])
async def test_only_the_node_writes_in_its_own_groups(tmp_path: Path, name: str) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in (BOARD, HELP, LOG):
            await alice.add_board(board)
        for newsgroups in (name, f"{BOARD},{name}"):
            with pytest.raises(NotPermitted, match="only the node writes there"):
                await alice.post(newsgroups, "Hello", "x\n")
        assert alice.subjects(BOARD) == []


async def test_commands_go_to_the_control_desk(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in (BOARD, CONTROL):
            await alice.add_board(board)
        assert (await alice.post(CONTROL, "x", "status\n")).endswith("@local.zb.invalid>")
        assert (await alice.post(PEOPLE, "x", "50\n")).endswith("@local.zb.invalid>")
        assert [proto.body for proto in alice.commands.taken] == ["status\n", "50\n"]
        with pytest.raises(NotPermitted, match="no control desk"):
            await alice.post(f"{BOARD},{CONTROL}", "x", "trust 50\n")
        assert alice.subjects(BOARD) == []


async def test_nobody_posts_under_somebody_elses_address(tmp_path: Path) -> None:
    from zbnntp.model.article import address

    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        with pytest.raises(NotPermitted, match="somebody else's"):
            await alice.post(BOARD, "Hello", "x\n", From=f"Bob <{address(Forger('bob').identity)}>")
        first = await alice.post(BOARD, "Hello", "x\n", From="me@example.org (Me)")
        assert line_of(alice, first)["author"] == alice.identity.hex()


@pytest.mark.parametrize(
    ("headers", "sage"),
    [
        ({"Subject": "Re: Hello"}, False),
        ({"Subject": "Re: Hello", "Keywords": "sage"}, True),
        ({"Subject": "Re: Hello", "Keywords": "Rust, SAGE"}, True),
        ({"Subject": "Re: Hello", "Keywords": "sagebrush"}, False),
        ({"Subject": "Re: Hello [sage]"}, True),
        ({"Subject": "Re: Hello [SAGE]"}, True),
        ({"Subject": "Re: [sage] Hello"}, False),
    ],
)
async def test_sage_by_keyword_or_at_the_end_of_the_subject(
    tmp_path: Path, headers: dict[str, str], sage: bool
) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        first = await alice.post(BOARD, "Hello", "x\n")
        answer = await alice.post(BOARD, headers.pop("Subject"), "y\n", references=first, **headers)
        line = line_of(alice, answer)
        assert line.get("sage", False) is sage
        assert "[sage]" not in line.get("subject", "")[-6:].lower()
        article = alice.shelf.find(answer, BOARD)
        assert article is not None
        assert (b"\r\nX-Zb-Sage: sage\r\n" in article.octets) is sage


@pytest.mark.parametrize(
    ("opening", "answer", "kept"),
    [
        ("Hello", "Re: Hello", None),
        ("Hello", "Hello", None),
        ("Hello", "RE: re: Re:Hello", None),
        ("Hello", "Re[2]: Hello", None),
        ("Hello", "Re^3: Hello", None),
        ("Hello", "Re:   Hello", None),
        ("Hello  world", "Re: Hello world", None),
        ("Re: Hello", "Re: Hello", None),
        ("Hello", "Re: Bye", "Re: Bye"),
        ("Hello", "Bye (was: Hello)", "Bye (was: Hello)"),
        ("Hello", "Re: hello", "Re: hello"),
        ("Hello", "AW: Hello", "AW: Hello"),
        ("Größe", "Re: =?utf-8?q?Gr=C3=B6=C3=9Fe?=", None),
    ],
)
async def test_the_subject_of_an_answer_is_kept_only_when_it_is_changed(
    tmp_path: Path, opening: str, answer: str, kept: str | None
) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        first = await alice.post(BOARD, opening, "x\n")
        line = line_of(alice, await alice.post(BOARD, answer, "y\n", references=first))
        assert line.get("subject") == kept


async def test_a_post_that_is_never_shown_is_not_answered(tmp_path: Path) -> None:
    """The next ancestor that stands in the board is; an own answer must not vanish after 240."""
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("Hello")
    stray, lost = carl.reply(opening, boards=(BOARD, OTHER)), carl.reply(anna.opening("Never sent"))
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(carl.offer([segment(stray, lost)]))
        for number, unseen in enumerate((stray, lost)):
            references = f"{name_of(opening)} {name_of(unseen)}"
            answer = await bob.post(BOARD, "Re: Hello", f"{number}\n", references=references)
            assert ids(bob, answer) == (name_of(opening), [name_of(opening)])
            assert bob.shelf.find(answer, BOARD) is not None


async def test_an_opening_of_which_only_the_header_is_here_can_be_answered(tmp_path: Path) -> None:
    """Somebody's answer carried it; a newsreader that follows References may answer it by its id."""
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("Hello")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([segment(make_carry(opening), carl.reply(opening))]))
        answer = await bob.post(BOARD, "Re: Hello", "x\n", references=name_of(opening))
        assert ids(bob, answer) == (name_of(opening), [name_of(opening)])
        assert bob.subjects(BOARD) == ["Hello", "Re: Hello", "Re: Hello"]


async def test_an_article_that_is_hidden_can_be_answered_still(tmp_path: Path) -> None:
    """It was on the screen when the writer began."""
    anna = Forger("anna")
    opening = anna.opening("Hello")
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(opening)]))
        await bob.rate(anna.identity, mt=-5000)
        answer = await bob.post(BOARD, "Re: Hello", "x\n", references=name_of(opening))
        assert ids(bob, answer) == (name_of(opening), [name_of(opening)])
        assert bob.subjects(BOARD) == ["Re: Hello"]


async def test_nothing_else_of_the_article_is_published(tmp_path: Path) -> None:
    headers = {"User-Agent": "leaf/1", "Organization": "ACME", "X-Face": "zzz", "NNTP-Posting-Date": ""}
    del headers["NNTP-Posting-Date"]
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        name = await alice.post(BOARD, "Hello", "x\n", Message_ID="<1@my-laptop.lan>", **headers)
        offer = await alice.seal()
        assert offer is not None
        published = offer.head + b"".join(part.data for part in offer.slices)
        for word in (b"leaf", b"ACME", b"zzz", b"laptop"):
            assert word not in published
        assert alice.shelf.find(name, BOARD) is not None


@pytest.mark.parametrize("days", [-11, 2])
async def test_a_date_that_is_days_off_tells_of_a_wrong_clock(tmp_path: Path, days: int) -> None:
    from email.utils import formatdate

    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        with pytest.raises(BadArticle, match="clock"):
            await alice.post(BOARD, "Hello", "x\n", Date=formatdate(alice.now + days * 86_400))
        assert await alice.post(BOARD, "Hello", "x\n", Date=formatdate(alice.now - 3600))
