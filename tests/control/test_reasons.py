"""Why an article is here or is not, and what reveals it; why somebody is seen, in words that need no explanation."""

from __future__ import annotations

import re

import pytest

from tests.control.conftest import Node, Open
from zbnntp.model.keys import identity_text, short_id


def named(node: Node, name: str) -> str:
    return f"{name} ({short_id(node.id(name))})"


async def test_a_shown_post(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        answer = await node.ok(f"why {post}")
        assert answer.startswith(f'Article {post}\n"One" by {named(node, "bob")}\n\nIt is shown in chat (1).')
        assert "In short: you see them because you rate them 50." in answer
        assert await node.ok("why", post) == answer
        assert await node.ok(f"why news:{post[1:-1]}") == answer


async def test_hidden_by_ones_own_rating_and_revealed_by_one_command(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One", rated="-50")
        answer = await node.ok(f"why {post}")
        assert f"It is here and hidden from its boards, because its author {named(node, 'bob')} is." in answer
        assert "In short: you do not see them because you rate them -50." in answer
        command = re.search(r"^To see it: (.*)$", answer, re.MULTILINE)
        assert command is not None
        await node.ok(command[1])
        assert node.house.subjects("chat") == ["One"]


async def test_hidden_by_others_who_are_named(open_desk: Open) -> None:
    async with open_desk("dave", "bob") as node:
        await node.others["dave"].rate(node.id("bob"), -8000)
        (post,) = await node.meet("bob", "One", rated="")
        await node.meet("dave", rated="50 list 50")
        answer = await node.ok(f"why {post}")
        dave = named(node, "dave")
        assert f"In short: you do not see them because {dave}, whose judgement you trust, would rather not." in answer
        assert f"      100  your trust in the ratings of {dave}" in answer
        assert f"To see it: trust {short_id(node.id('bob'))} 50" in answer


async def test_a_thread_of_somebody_little_known(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 10)
        (post,) = await node.meet("bob", "One", rated="")
        await node.meet("alice", rated="50 list 100")
        answer = await node.ok(f"why {post}")
        assert "It opens a thread, and of bob" in answer
        assert "This one stands in zb.new (1)." in answer
        assert f"To see it: trust {short_id(node.id('bob'))} 50" in answer


async def test_hidden_by_a_filter(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        one, _ = await node.meet("bob", "Cheap watches", "Two")
        await node.ok("filter nothing")
        answer = await node.ok("filter watches cheap")
        assert "In your groups 1 post is no longer visible." in answer
        assert node.house.subjects("chat") == ["Two"]
        answer = await node.ok(f"why {one}")
        assert 'It is here and hidden by your filter 2 "watches cheap".' in answer
        assert "To see it: unfilter 2" in answer
        await node.ok("unfilter 2")
        assert set(node.house.subjects("chat")) == {"Cheap watches", "Two"}


async def test_what_its_author_took_back(open_desk: Open) -> None:
    async with open_desk("bob") as node:
        (post,) = await node.meet("bob", "One")
        bob = node.others["bob"]
        await bob.post("chat", "cmsg cancel", "", Control=f"cancel {post}")
        bob.clock.now += 1
        await node.arrive("bob")
        assert "Its author has taken it back. Nothing here brings it back." in await node.ok(f"why {post}")


async def test_an_absent_parent_is_known_by_those_who_answered_it(open_desk: Open) -> None:
    async with open_desk("alice", "bob", "carol") as node:
        alice, bob, carol = (node.others[name] for name in ("alice", "bob", "carol"))
        for other in (bob, carol):
            await other.rate(alice.identity, 5000)
        await alice.add_board("chat")
        opening = await alice.post("chat", "The question", "text")
        await alice.seal()
        await bob.take(alice.whole_offer())
        middle = await bob.post("chat", "Re: The question", "middle", opening)
        await bob.seal()
        await carol.rate(bob.identity, 5000)
        await carol.take(alice.whole_offer())
        await carol.take(bob.whole_offer())
        leaf = await carol.post("chat", "Re: The question", "leaf", f"{opening} {middle}")
        await node.arrive("carol")
        await node.ok("trust carol 50")
        answer = await node.ok(f"why {middle}")
        assert "It is not here. It is known because others answered it" in answer
        assert f"{named(node, 'carol')} in {leaf}" in answer
        answer = await node.ok(f"why {opening}")
        who = short_id(alice.identity)
        assert f'"The question" by {who}' in answer
        assert "Only its header is here, passed on by those who answered it; it stands in chat (1) without" in answer
        assert "In short: you do not see them because nobody whose judgement you trust has said enough" in answer
        assert f"To see it: trust {who} 50" in answer
        assert f"{who}: trust was none, is now 20" in await node.ok("+20", opening)


async def test_never_heard_of(open_desk: Open) -> None:
    async with open_desk() as node:
        answer = await node.ok(f"why <{'a' * 52}@zb.invalid>")
        assert "It was never heard of here" in answer
        assert "there is no article <x@y> here" in await node.refused("why <x@y>")


async def test_ones_own_post(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.house.add_board("chat")
        post = await node.house.post("chat", "Mine", "text")
        answer = await node.ok(f"why {post}")
        assert answer == f'Article {post}\n"Mine" by you\n\nIt is shown in chat (1).\n\nIt waits here to be published.'
        await node.house.seal()
        assert (await node.ok(f"why {post}")).endswith("when both nodes are on line.")


@pytest.mark.parametrize("votes", [(6000, 9000), (6000, -9000), (-100, -200), (1, 1)])
async def test_parts_and_causes_sum_exactly(open_desk: Open, votes: tuple[int, int]) -> None:
    async with open_desk("alice", "carol", "bob") as node:
        for name, vote in zip(("alice", "carol"), votes, strict=True):
            await node.others[name].rate(node.id("bob"), vote)
            await node.meet(name, rated="50 list 37")
        answer = await node.ok(f"why {identity_text(node.id('bob'))}")
        _, _, causes = answer.partition("This comes from your own ratings, of 100 parts:\n")
        parts = re.findall(r"^ +([0-9.]+)  your trust in the ratings of ", causes, re.MULTILINE)
        assert round(sum(map(float, parts)), 4) == 100


async def test_numbers_are_those_of_the_engine_under_a_private_rating(open_desk: Open) -> None:
    async with open_desk("alice", "bob") as node:
        await node.others["alice"].rate(node.id("bob"), 8000)
        await node.meet("alice", rated="50 list 50")
        await node.meet("bob", "One", rated="")
        await node.ok("trust alice 50 list 20 private")
        answer = await node.ok("why bob")
        assert "Trust in their posts: 16" in answer
        assert "rates them 80; your trust in their ratings 20" in answer
        node.house.standings.note_choices(node.house.identity)
        await node.house.standings.refresh(node.house.now)
        assert await node.ok("why bob") == answer
