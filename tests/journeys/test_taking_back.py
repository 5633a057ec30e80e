"""Own posts taken back and replaced: at home at once, at others with the next manifest; nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.houses import Clock, House, open_house
from zbnntp.model.errors import Missing, NotPermitted, NotVisible
from zbnntp.store import evidence, lines

BOARD = "test.talk"


async def cancel(house: House, target: str) -> str:
    return await house.post(BOARD, f"cancel {target}", "This message was cancelled.\n", Control=f"cancel {target}")


def test_cancel_of_an_unpublished_post_leaves_no_trace_in_the_manifest(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice:
            await alice.add_board(BOARD)
            first = await alice.post(BOARD, "Oops", "secret\n")
            await alice.post(BOARD, "Fine", "x\n")
            await cancel(alice, first)
            assert alice.subjects(BOARD) == ["Fine"]
            assert alice.shelf.find(first, BOARD) is None
            offer = await alice.seal()
            assert offer is not None
            assert b"secret" not in b"".join(part.data for part in offer.slices)
            assert b'"delete"' not in b"".join(part.data for part in offer.slices)

    trio.run(story)


def test_cancel_of_a_published_post_hides_it_everywhere_and_the_body_goes(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
            await alice.add_board(BOARD)
            await bob.rate(alice.identity, mt=5000)
            first = await alice.post(BOARD, "Oops", "secret words\n")
            await alice.post(BOARD, "Fine", "x\n")
            await alice.seal()
            await bob.take(alice.whole_offer())
            answer = await bob.post(BOARD, "Re: Oops", "What?\n", references=first)
            clock.now += 60
            await cancel(alice, first)
            assert alice.subjects(BOARD) == ["Fine"]
            await alice.seal()
            await bob.take(alice.whole_offer())
            assert bob.subjects(BOARD) == ["Fine", "Re: Oops"]
            assert bob.shelf.find(answer, BOARD) is not None
            rewritten = await alice.seal(rewrite=True)
            assert rewritten is not None
            await bob.take(alice.whole_offer())
            for house in (alice, bob):
                assert "secret words" not in dump(house)
                found = [row.number for window in house.shelf.overview(BOARD, 1, 99) for row in window]
                assert found == ([2] if house is alice else [2, 3])
            assert await alice.seal(rewrite=True) is None

    trio.run(story)


def dump(house: House) -> str:
    """All lines of evidence."""
    found = house.reader.execute("SELECT octets FROM line").fetchall()
    return "\n".join(str(lines.read(house.reader, octets)) for (octets,) in found)


def test_somebody_elses_post_cannot_be_taken_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
            await alice.add_board(BOARD)
            first = await alice.post(BOARD, "Mine", "x\n")
            await alice.seal()
            await bob.rate(alice.identity, mt=5000)
            await bob.take(alice.whole_offer())
            with pytest.raises(NotPermitted, match="somebody else's"):
                await cancel(bob, first)
            with pytest.raises(NotPermitted, match="somebody else's"):
                await bob.post(BOARD, "Better", "x\n", Supersedes=first)
            with pytest.raises(Missing):
                await cancel(bob, "<nobody@knows.example>")
            assert bob.subjects(BOARD) == ["Mine"]

    trio.run(story)


def test_a_deletion_by_another_key_has_no_effect(tmp_path: Path) -> None:
    from zbnntp.model.entries import POSTS, make_delete
    from zbnntp.model.keys import parse_message_id

    async def story() -> None:
        async with (
            open_house(tmp_path, "alice") as alice,
            open_house(tmp_path, "mallory") as mallory,
            open_house(tmp_path, "bob") as bob,
        ):
            await alice.add_board(BOARD)
            first = await alice.post(BOARD, "Mine", "x\n")
            await alice.seal()
            await bob.rate(alice.identity, mt=5000)
            await bob.rate(mallory.identity, mt=5000)
            await bob.take(alice.whole_offer())
            post = parse_message_id(first)
            assert post is not None
            person = evidence.find_person(mallory.reader, mallory.identity) or 0
            line = make_delete(post, mallory.now)
            await mallory.writer.run(lambda database: evidence.add_pending(database, person, POSTS, line))
            await mallory.seal()
            await bob.take(mallory.whole_offer())
            assert bob.subjects(BOARD) == ["Mine"]

    trio.run(story)


def test_supersedes_takes_the_place_of_the_old_post(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
            await alice.add_board(BOARD)
            await bob.rate(alice.identity, mt=5000)
            first = await alice.post(BOARD, "Pwice list", "1\n")
            answer = await alice.post(BOARD, "Re: Pwice list", "Typo\n", references=first)
            await alice.seal()
            await bob.take(alice.whole_offer())
            clock.now += 60
            second = await alice.post(BOARD, "Price list", "2\n", Supersedes=first)
            await alice.seal()
            await bob.take(alice.whole_offer())
            for house in (alice, bob):
                assert house.subjects(BOARD) == ["Re: Pwice list", "Price list"]
                article = house.shelf.find(second, BOARD)
                assert article is not None
                assert f"\r\nSupersedes: {first}\r\n".encode() in article.octets
                assert f"\r\nReferences: {first}\r\n".encode() in article.octets
                assert house.shelf.find(answer, BOARD) is not None
                with pytest.raises(NotVisible, match="taken it back"):
                    house.shelf.find(first, BOARD)

    trio.run(story)


def test_a_taken_back_post_that_arrives_late_is_never_shown(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
            await alice.add_board(BOARD)
            first = await alice.post(BOARD, "Oops", "x\n")
            await alice.seal()
            await cancel(alice, first)
            await alice.seal()
            await bob.rate(alice.identity, mt=5000)
            await bob.take(alice.whole_offer())
            assert bob.subjects(BOARD) == []
            with pytest.raises(NotVisible, match="taken it back"):
                bob.shelf.find(first, BOARD)

    trio.run(story)
