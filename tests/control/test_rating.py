"""Like, dislike, mute, and ratings that nobody else hears of."""

from __future__ import annotations

import pytest

from tests.control.conftest import Node, Open
from tests.houses import open_house
from zbnntp.model.keys import identity_text, short_id
from zbnntp.store import choices, evidence


def private(node: Node, name: str) -> tuple[int | None, int | None] | None:
    reader = node.house.reader
    me, person = (evidence.find_person(reader, it) or 0 for it in (node.house.identity, node.id(name)))
    found = choices.find_private_rating(reader, me, person)
    return (found.mt, found.tlt) if found else None


async def test_like_adds_to_both_numbers_and_says_so(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="")
        answer = await node.ok("like bob")
        assert "trust was none, is now 10 list 10. Their posts were hidden, and are now shown" in answer
        assert "1 post of theirs is now visible." in answer
        assert "trust was 10 list 10, is now 20 list 20." in await node.ok("like bob")
        assert node.numbers(node.id("bob")) == (20, 20)


async def test_dislike_leaves_trust_in_their_ratings_alone(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="5 list 30")
        answer = await node.ok("dislike bob")
        assert "trust was 5 list 30, is now -5 list 30." in answer
        assert "1 post of theirs is no longer visible." in answer


async def test_like_and_dislike_stop_at_the_ends(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", rated="95 list 98")
        assert "is now 100 list 100" in await node.ok("like bob")
        await node.ok("trust bob -95")
        assert "is now -100." in await node.ok("dislike bob")
        assert "was -100, is now -100." in await node.ok("dislike bob")


async def test_like_starts_from_what_trust_is_without_a_rating(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 8000)
        await node.meet("alice", rated="50 list 50")
        await node.meet("bob", rated="")
        answer = await node.ok("like bob")
        assert "trust was none, is now 50 list 10. Without a rating of yours it was 40, computed" in answer


async def test_mute_in_a_reply(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        post, _ = await node.meet("bob", "One", "Two", rated="50 list 20")
        answer = await node.ok("mute", post)
        assert "trust was 50 list 20, is now -100." in answer
        assert "2 posts of theirs are no longer visible." in answer
        assert node.house.subjects("chat") == []


@pytest.mark.parametrize("command", ["like", "dislike", "mute", "trust {} 50 private", "pin", "via", "mirror {} on"])
async def test_oneself_is_no_target(open_desk: Open, command: str) -> None:
    async with open_desk() as node:
        me = identity_text(node.house.identity)
        answer = await node.refused(command.format(me) if "{}" in command else f"{command} {me}")
        assert "that is you" in answer


async def test_private_rating_counts_and_is_not_published(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="")
        lines = node.own_lines()
        answer = await node.ok("trust bob 50 list 30 private")
        assert "was none, is now 50 list 30. It counts for you alone and is never published." in answer
        assert "1 post of theirs is now visible." in answer
        assert node.house.subjects("chat") == ["One"]
        assert (node.rating(node.id("bob")), private(node, "bob")) == (None, (5000, 3000))
        assert node.rooms.published == 0
        await node.house.seal()
        assert node.own_lines() == lines


async def test_private_rating_stands_before_the_published_one(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="50 list 30")
        lines = node.own_lines()
        answer = await node.ok("trust bob -50 private")
        assert "was 50 list 30, is now -50." in answer
        assert "What you published before, 50 list 30, stays published." in answer
        assert node.house.subjects("chat") == []
        assert node.numbers(node.id("bob")) == (50, 30)
        assert node.own_lines() == lines
        answer = await node.ok("why bob")
        assert "In short: you do not see them because you rate them -50." in answer
        assert "Your own rating: -50. It is private." in answer
        assert "was -50, is now 20 list 30." in await node.ok("trust bob 20")
        assert private(node, "bob") is None
        assert node.house.subjects("chat") == ["One"]


async def test_untrust_takes_both_back(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="50")
        await node.ok("trust bob 60 private")
        assert "was 60, is now none." in await node.ok("untrust bob")
        assert (node.rating(node.id("bob")), private(node, "bob")) == (None, None)
        assert node.house.subjects("chat") == []


async def test_like_of_a_private_rating_stays_private(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="")
        lines = node.own_lines()
        await node.ok("trust bob 50 private")
        assert "was 50, is now 60 list 10. It counts for you alone" in await node.ok("like bob")
        assert node.own_lines() == lines


async def test_private_ratings_move_nobody_elses_numbers(open_desk: Open) -> None:
    """The graph has the private row for the moment of the ranking only: others who read it find the published one."""
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 8000)
        await node.meet("alice", rated="10 list 10")
        await node.meet("bob", rated="")
        before = node.house.standings.graph.ratings(node.house.identity)
        await node.ok("trust alice 80 list 80 private")
        assert "40" not in await node.ok("status")
        standing = node.house.standings
        assert standing.graph.ratings(node.house.identity) == before
        assert "Trust in their posts: 64" in await node.ok("why bob")
        assert standing.graph.ratings(node.house.identity) == before
        await node.house.seal()
        async with open_house(node.directory, "reader") as reader:
            await reader.rate(node.house.identity, 10_000, 10_000)
            await reader.take(node.house.whole_offer())
            published = reader.standings.graph.ratings(node.house.identity)
            assert published[node.id("alice")].tlt == 0.1


async def test_names_of_answers_may_be_used_as_they_stand(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob")
        assert "is now 60" in await node.ok(f"trust bob ({short_id(node.id('bob'))}) 60")


async def test_fifty_ratings_in_one_article_are_one_transaction(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One")
        commits = node.house.writer.commits
        answer = await node.ok("\n".join(f"trust bob {number}" for number in range(100)))
        assert node.numbers(node.id("bob")) == (99, None)
        assert "> trust bob 99\n" in answer
        assert node.house.writer.commits - commits <= 3


@pytest.mark.parametrize("junk", ["\x00\x01\x02\xff" * 200, "\x1b[31m", "�" * 3000, "\x85\u2028\u2029", "=ybegin line"])
async def test_binary_junk_has_a_sentence(open_desk: Open, junk: str) -> None:
    async with open_desk() as node:
        answer = await node.refused(junk)
        assert answer.endswith("Nothing was carried out.")


async def test_what_was_said_in_private_is_not_published_by_a_later_rating(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        await node.meet("bob", "One", rated="")
        await node.ok("trust bob 40 list 25 private")
        await node.ok("trust bob 30")
        assert node.numbers(node.id("bob")) == (30, None)
        await node.house.seal()
        assert not any('"tlt"' in str(line) for line in node.own_lines())
