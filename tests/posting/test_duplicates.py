"""The same article sent twice is stored once, and the writer is told under which id."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import House, open_house
from zbnntp.local import parse_local_id
from zbnntp.model.errors import Refused
from zbnntp.model.keys import identity_text

BOARD = "test.talk"


async def refused(house: House, name: str, board: str = BOARD, **headers: str) -> None:
    """Posting `Hello` is a duplicate of `name`."""
    before = house.subjects(BOARD)
    with pytest.raises(Refused, match=f"^435 already posted as {name}$"):
        await house.post(board, "Hello", "x\n", **headers)
    assert house.subjects(BOARD) == before


async def test_a_message_id_is_taken_once_whatever_it_says_the_second_time(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        name = await alice.post(BOARD, "First", "1\n", Message_ID="<1@client.example>")
        alice.clock.now += 10_000_000
        await refused(alice, name, Message_ID="<1@client.example>")


async def test_without_a_message_id_the_same_text_is_a_duplicate_for_ten_minutes(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        name = await alice.post(BOARD, "Hello", "x\n")
        alice.clock.now += 599
        await refused(alice, name)
        alice.clock.now += 2
        assert await alice.post(BOARD, "Hello", "x\n") != name
        assert alice.subjects(BOARD) == ["Hello", "Hello"]


async def test_an_article_sent_again_without_the_message_id_it_had_is_a_duplicate(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        name = await alice.post(BOARD, "Hello", "x\n", Message_ID="<1@client.example>")
        alice.clock.now += 60
        await refused(alice, name)
        other = await alice.post(BOARD, "Hello", "x\n", Message_ID="<2@client.example>")
        assert other != name


async def test_two_message_ids_for_the_same_words_in_one_second_are_one_post(tmp_path: Path) -> None:
    """Its id is its content's hash, so there cannot be two."""
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        name = await alice.post(BOARD, "Hello", "x\n", Message_ID="<1@client.example>")
        await refused(alice, name, Message_ID="<2@client.example>")


async def test_the_same_text_elsewhere_or_in_answer_to_something_else_is_another_post(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in (BOARD, "test.other"):
            await alice.add_board(board)
        first = await alice.post(BOARD, "Hello", "x\n")
        await alice.post("test.other", "Hello", "x\n")
        await alice.post(f"{BOARD},test.other", "Hello", "x\n")
        second = await alice.post(BOARD, "Re: Hello", "y\n", references=first)
        await alice.post(BOARD, "Re: Hello", "y\n", references=f"{first} {second}")
        assert len(alice.subjects(BOARD)) == 4


async def test_the_offered_id_stays_an_alias_of_the_post(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        offered = alice.desk.offer_id()
        assert parse_local_id(offered) is not None
        assert offered != alice.desk.offer_id()
        name = await alice.post(BOARD, "First", "1\n", Message_ID=offered)
        found = alice.shelf.find(offered, BOARD)
        assert found is not None
        assert found.message_id == name
        await refused(alice, name, Message_ID=offered)


async def test_an_id_made_from_the_own_address_is_as_good_as_any(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        own = f"<slrn1.2.id@{identity_text(alice.identity)}.zb.invalid>"
        name = await alice.post(BOARD, "First", "1\n", Message_ID=own)
        found = alice.shelf.find(own, None)
        assert found is not None
        assert (found.message_id, found.number) == (name, 0)
        await refused(alice, name, Message_ID=own)


async def test_an_alias_never_hides_a_real_post(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        first = await alice.post(BOARD, "First", "1\n")
        await alice.post(BOARD, "Second", "2\n", Message_ID=first)
        found = alice.shelf.find(first, BOARD)
        assert found is not None
        assert b"\r\nSubject: First\r\n" in found.octets
