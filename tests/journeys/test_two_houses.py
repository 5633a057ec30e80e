"""The three journeys between stores, manifests handed over by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.houses import Clock, open_house
from zbnntp.model.errors import NotPermitted, NotVisible, Refused


def run(function, *arguments):
    return trio.run(function, *arguments)


def test_a_post_travels_and_its_answer_comes_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
            await alice.add_board("test.talk")
            await alice.rate(bob.identity, mt=5000, tlt=5000)
            await bob.rate(alice.identity, mt=5000, tlt=5000)
            first = await alice.post("test.talk", "Hello", "Is anybody there?\n")
            await alice.seal()
            assert await bob.take(alice.whole_offer())
            assert bob.subjects("test.talk") == ["Hello"]
            answer = await bob.post("test.talk", "Re: Hello", "I am.\n", references=first)
            assert bob.subjects("test.talk") == ["Hello", "Re: Hello"]
            await bob.seal()
            assert await alice.take(bob.whole_offer())
            assert alice.subjects("test.talk") == ["Hello", "Re: Hello"]
            article = alice.shelf.find(answer, "test.talk")
            assert article is not None
            assert article.number == 2
            assert f"References: {first}\r\n".encode() in article.octets
            assert article.octets.endswith(b"\r\n\r\nI am.\r\n")
            row = alice.shelf.find_overview(answer)
            assert row is not None
            assert int(row.text.split(b"\t")[5]) == len(article.octets)

    run(story)


def test_trust_below_zero_hides_and_taking_it_back_shows_the_same_numbers(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
            await alice.add_board("test.talk")
            first = await alice.post("test.talk", "One", "1\n")
            await alice.post("test.talk", "Two", "2\n")
            await alice.seal()
            await bob.rate(alice.identity, mt=5000)
            await bob.take(alice.whole_offer())
            assert bob.subjects("test.talk") == ["One", "Two"]
            await bob.rate(alice.identity, mt=-5000)
            assert bob.subjects("test.talk") == []
            group = bob.shelf.group("test.talk")
            assert group is not None
            assert (group.low, group.high, group.count) == (1, 2, 0)
            with pytest.raises(NotVisible, match="why"):
                bob.shelf.find(first, None)
            await bob.rate(alice.identity, mt=5000)
            found = bob.shelf.find(first, "test.talk")
            assert found is not None
            assert found.number == 1
            assert bob.subjects("test.talk") == ["One", "Two"]

    run(story)


def test_a_stranger_is_refused_and_an_older_head_is_no_news(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
            await alice.add_board("test.talk")
            await alice.post("test.talk", "One", "1\n")
            await alice.seal()
            old = alice.whole_offer()
            with pytest.raises(NotPermitted):
                await bob.take(old)
            await bob.rate(alice.identity, mt=5000)
            assert await bob.take(old)
            clock.now += 60
            await alice.post("test.talk", "Two", "2\n")
            grown = await alice.seal()
            assert grown is not None
            assert grown.slices[0].at > 0
            assert await bob.take(grown)
            assert bob.subjects("test.talk") == ["One", "Two"]
            assert not await bob.take(old)
            assert not await bob.take(grown)
            assert bob.subjects("test.talk") == ["One", "Two"]

    run(story)


def test_levels_decide_in_a_chain_of_trust(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            open_house(tmp_path, "alice") as alice,
            open_house(tmp_path, "bob") as bob,
            open_house(tmp_path, "carol") as carol,
        ):
            await alice.add_board("test.talk")
            await alice.post("test.talk", "From afar", "x\n")
            await alice.seal()
            await bob.rate(alice.identity, mt=5000, tlt=5000)
            await bob.seal()
            with pytest.raises(NotPermitted):
                await carol.take(alice.whole_offer())
            await carol.rate(bob.identity, mt=5000, tlt=8000)
            await carol.take(bob.whole_offer())
            await carol.take(alice.whole_offer())
            assert carol.subjects("test.talk") == ["From afar"]
            rows = [row for window in carol.shelf.overview("test.talk", 1, 9) for row in window]
            assert rows[0].text.endswith(b"\tX-Zb-Trust: +0.40\tX-Zb-Vote: +0.00")

    run(story)


def test_the_same_post_twice_is_a_duplicate(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice:
            await alice.add_board("test.talk")
            first = await alice.post("test.talk", "Hi", "x\n", Message_ID="<1@client.example>")
            with pytest.raises(Refused, match=f"^435 already posted as {first}"):
                await alice.post("test.talk", "Hi", "x\n", Message_ID="<1@client.example>")
            second = await alice.post("test.talk", "Ho", "x\n")
            with pytest.raises(Refused, match=f"^435 already posted as {second}"):
                await alice.post("test.talk", "Ho", "x\n")
            assert alice.subjects("test.talk") == ["Hi", "Ho"]
            found = alice.shelf.find("<1@client.example>", "test.talk")
            assert found is not None
            assert found.message_id == first

    run(story)
