"""Groups in which nothing stands say what will come; the article goes when something has come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.houses import House, open_house
from tests.peers.trio_tests import pytest_pyfunc_call
from zbnntp import silence, toplists
from zbnntp.local import BY, CONTROL, LOG, NEW, PEOPLE, PLACED, VIA
from zbnntp.rebuild import rebuild
from zbnntp.silence import GROUPS_A_TURN, SILENT_SECONDS, SUBJECT
from zbnntp.store import evidence, numbers

__all__ = ["pytest_pyfunc_call"]
BOARD = "test.talk"


@asynccontextmanager
async def _furnished(directory: Path) -> AsyncIterator[House]:
    async with open_house(directory, "anna") as anna:
        for name in (CONTROL, LOG, PEOPLE, *PLACED, BOARD):
            await anna.add_board(name)
        yield anna


def _view(house: House) -> int:
    return evidence.find_person(house.reader, house.identity) or 0


async def _settle(house: House) -> None:
    await house.writer.run(lambda database: silence.settle(database, _view(house), house.now))


def _text(house: House, group: str) -> str:
    article = house.shelf.article(group, house.shelf.first(group))
    return article.octets.decode() if article else ""


async def test_own_groups_say_so_at_once_and_boards_after_a_while(tmp_path: Path) -> None:
    async with _furnished(tmp_path) as anna:
        await _settle(anna)
        for group in (LOG, PEOPLE, *PLACED):
            assert anna.subjects(group) == [SUBJECT]
        assert "midnight UTC" in _text(anna, LOG)
        assert anna.subjects(CONTROL) == anna.subjects(BOARD) == []
        anna.clock.now += SILENT_SECONDS
        await _settle(anna)
        assert anna.subjects(BOARD) == [SUBJECT]
        assert f"has written in {BOARD} yet" in _text(anna, BOARD)
        assert anna.subjects(CONTROL) == []
        assert not silence.due(anna.reader, _view(anna), anna.now)


async def test_it_goes_when_there_is_another_and_numbers_are_kept(tmp_path: Path) -> None:
    async with _furnished(tmp_path) as anna:
        anna.clock.now += SILENT_SECONDS
        await _settle(anna)
        post = await anna.post(BOARD, "Hello", "x\n")
        assert anna.subjects(BOARD) == [SUBJECT, "Hello"]
        await _settle(anna)
        assert anna.subjects(BOARD) == ["Hello"]
        assert anna.shelf.locate(BOARD, 2) == post
        # taken back: the board is silent again, and says so under a number that no newsreader has seen
        await anna.post("", "cancel", "", Control=f"cancel {post}", Newsgroups=BOARD)
        await _settle(anna)
        assert anna.subjects(BOARD) == [SUBJECT]
        assert anna.shelf.first(BOARD) == 3


async def test_nothing_changes_by_doing_it_again(tmp_path: Path) -> None:
    async with _furnished(tmp_path) as anna:
        anna.clock.now += SILENT_SECONDS
        await _settle(anna)
        before = [(group.name, group.low, group.high, group.count) for group in anna.shelf.groups()]
        await _settle(anna)
        assert [(group.name, group.low, group.high, group.count) for group in anna.shelf.groups()] == before


async def test_many_groups_are_not_settled_all_at_once(tmp_path: Path) -> None:
    async with _furnished(tmp_path) as anna:
        for number in range(GROUPS_A_TURN):
            await anna.add_board(f"test.n{number}")
        anna.clock.now += SILENT_SECONDS
        await _settle(anna)
        assert 0 < len(silence.due(anna.reader, _view(anna), anna.now)) < GROUPS_A_TURN
        await _settle(anna)
        assert not silence.due(anna.reader, _view(anna), anna.now)


async def test_hidden_boards_are_left_alone(tmp_path: Path) -> None:
    async with _furnished(tmp_path) as anna:
        anna.clock.now += SILENT_SECONDS
        group = numbers.find_newsgroup(anna.reader, _view(anna), BOARD)
        assert group is not None
        await anna.writer.run(lambda database: numbers.set_hidden(database, group.pk, True))
        await _settle(anna)
        assert BOARD not in [it.name for it in anna.shelf.groups()]
        await anna.writer.run(lambda database: numbers.set_hidden(database, group.pk, False))
        assert anna.subjects(BOARD) == []


async def test_top_lists_and_a_rebuild_do_not_mind(tmp_path: Path) -> None:
    async with _furnished(tmp_path) as anna:
        anna.clock.now += SILENT_SECONDS
        await _settle(anna)
        view = _view(anna)
        assert toplists.standing(anna.reader, view) == toplists.wanted(anna.reader, view, anna.now) == {}
        before = {name: anna.subjects(name) for name in (BOARD, LOG, NEW)}
        await anna.writer.run(lambda database: rebuild(database, [anna.identity], anna.now, lambda done, of: None))
        assert {name: anna.subjects(name) for name in (BOARD, LOG, NEW)} == before


def test_groups_of_one_person_and_through_others_eyes_have_words_of_their_own() -> None:
    assert "this person writes" in silence.text_of(f"{BY}bob")
    assert "somebody else's ratings" in silence.text_of(f"{VIA}bob.chat")
