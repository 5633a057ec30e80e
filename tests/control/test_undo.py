"""Undo: what an article did is taken back, whatever it was; what was changed since stays."""

from __future__ import annotations

import pytest

from tests.control.conftest import Open
from zbnntp.control.facts import FACTS
from zbnntp.store import choices, deeds, evidence, numbers

EVERYTHING = [
    "trust bob 70 list 20 comment friend",
    "trust bob 70 private",
    "note bob friend",
    "up {post}",
    "report {post} spam: x",
    "profile Me.",
    "nick Ada",
    "board add games Games",
    "filter words",
    "watch {post}",
    "by bob",
    "via bob",
    "pin bob",
    "same bob",
    "mirror bob off",
    "registrar offer captcha",
]


async def test_undo_of_a_rating_says_what_was_and_is(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        await node.ok("trust bob -50")
        assert node.house.subjects("chat") == []
        answer = await node.ok("undo")
        assert ": trust was -50, is 50 again." in answer
        assert (
            "their posts were hidden, and are now shown, threads and replies. 1 post of theirs is now visible."
            in answer
        )
        assert node.house.subjects("chat") == ["One"]


async def test_undo_walks_back(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="10")
        for number in (20, 30):
            await node.ok(f"trust bob {number}")
        await node.ok("status")
        assert "was 30, is 20 again" in await node.ok("undo")
        assert "was 20, is 10 again" in await node.ok("undo")
        assert "was 10, is none again" in await node.ok("undo")
        answer = await node.refused_after("undo")
        assert "there is nothing to take back: no command of yours has changed anything in the last 90 days" in answer


@pytest.mark.parametrize("command", EVERYTHING)
async def test_every_change_can_be_taken_back(open_desk: Open, command: str) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One", rated="50 list 10")
        before = _facts(node)
        await node.ok(command.format(post=post))
        assert _facts(node) != before
        await node.ok("undo")
        after = _facts(node)
        if command.startswith("board add"):  # its numbers are promises: it is hidden
            assert numbers.find_newsgroup(node.house.reader, 1, "games").hidden  # type: ignore[union-attr]
            after.pop("games")
        assert after == before


def _facts(node: object) -> dict[str, object]:
    """All that commands change, as it stands."""
    reader, house = node.house.reader, node.house  # type: ignore[attr-defined]
    me = evidence.find_person(reader, house.identity) or 0
    bob = evidence.find_person(reader, node.id("bob")) or 0  # type: ignore[attr-defined]
    newest = {}
    for line in node.own_lines():  # type: ignore[attr-defined]
        key = (line["kind"], line.get("id") or line.get("post"), line.get("name"))
        line = {name: value for name, value in line.items() if name != "time"}
        empty = line["kind"] == "trust" and line.keys() == {"kind", "id"}
        blank = line.get("text") == "" and not line.get("registrar")
        gone = line.get("value") == 0 or line.get("off") or blank or empty
        newest.pop(key, None) if gone else newest.update({key: line})
    boards = {row.name: (row.hidden, row.description) for row in numbers.newsgroups(reader, me)}
    return {
        "lines": newest,
        "private": choices.private_ratings(reader, me),
        "note": choices.note(reader, me, bob),
        "nick": node.rooms.nick(),  # type: ignore[attr-defined]
        "filters": [(it.pattern, it.until) for it in choices.filters(reader, me)],
        "watched": choices.watched(reader, me),
        "by": choices.by(reader, me),
        "via": choices.via(reader, me),
        "pins": choices.pins(reader, me),
        "mirror": choices.mirror_choice(reader, me, bob),
        **{name: board for name, board in boards.items() if "." not in name},
    }


def test_every_kind_of_change_is_among_those() -> None:
    assert len(FACTS) == len(EVERYTHING)


async def test_undo_of_a_whole_article(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        own = await node.post("trust bob 60\nnote bob friend\nnick Ada\ntrust bob 70")
        await node.ok("board add chat2")
        answer = await node.ok(f"undo {own}")
        assert "trust was 70, is 60 again." in answer
        assert "trust was 60, is 50 again." in answer
        assert 'your note was "friend", is none again.' in answer
        assert "Your name was Ada, is me again." in answer
        assert node.numbers(node.id("bob")) == (50, None)
        assert node.house.shelf.group("chat2") is not None
        assert "is taken back already" in await node.refused_after(f"undo {own}")


async def test_reply_to_a_receipt_means_its_article(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        await node.post("trust bob 60")
        await node.ok("board add other")
        receipt = node.articles()[-1].partition("Message-ID: ")[2].partition("\r\n")[0]
        await node.post("undo", references=(receipt,))
        assert node.numbers(node.id("bob")) == (50, None)
        assert "trust was 60, is 50 again." in node.articles()[-1]


async def test_what_was_changed_since_stays(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        own = await node.post("trust bob 60\nnick Ada")
        await node.ok("trust bob 70")
        answer = await node.ok(f"undo {own}")
        assert "trust is 70 by a later command and stays so." in answer
        assert "Your name was Ada, is me again." in answer
        assert node.numbers(node.id("bob")) == (70, None)


async def test_undo_of_an_undo(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        await node.ok("trust bob 60")
        undoing = await node.post("undo")
        assert node.numbers(node.id("bob")) == (50, None)
        assert "trust was 50, is 60 again." in await node.ok(f"undo {undoing}")
        assert node.numbers(node.id("bob")) == (60, None)
        assert "trust was 60, is 50 again." in await node.ok("undo")


async def test_what_cannot_be_taken_back(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        for wrong in (f"undo {post}", "undo <nothing@here>"):
            assert "is no article of commands that changed something" in await node.refused_after(wrong)


async def test_a_refused_article_leaves_nothing_to_take_back(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        await node.post("trust bob 60\nlove bob")
        assert "was 50, is none again" in await node.ok("undo")


async def test_old_deeds_are_forgotten(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="50")
        node.house.clock.now += deeds.KEPT_SECONDS + 1
        await node.ok("nick Ada")
        assert "is me again" in await node.ok("undo")
        assert "nothing to take back" in await node.refused_after("undo")
