"""What the node says is next for a news server: each article once, withdrawn when it is shown no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import BOARD, Forger, following, name_of, segment
from zbnntp.feeding import rounds
from zbnntp.feeding.rounds import Rounds
from zbnntp.model.entries import make_carry
from zbnntp.rebuild import rebuild
from zbnntp.store import evidence

SERVER = "inn.example.net:119"


class Server:
    """Takes whatever it is given, like `zbnntp feed` does for a real one. `has` are Message-IDs."""

    def __init__(self, house: House, boards: Sequence[str] | None = None) -> None:
        view = evidence.find_person(house.reader, house.identity) or 0
        self.rounds = Rounds(house.reader, house.writer, view, house.shelf, lambda: house.now)
        self.boards = boards
        self.has: list[str] = []
        self.controls: list[str] = []
        self.missing: list[str] = []
        self.batches = 0

    async def ask(self, **more: Any) -> dict[str, Any]:
        known = {} if self.boards is None else {"boards": self.boards}
        return await self.rounds.answer({"feed": SERVER, **known, **more})

    async def pull(self, **more: Any) -> None:
        """Until there is nothing more; `begin=True`: a new connection."""
        answer = await self.ask(**more)
        while batch := answer["batch"]:
            self.batches += 1
            self.has += [own for _, own, _ in batch["articles"]]
            self.controls += [text for _, _, text in batch["withdrawn"]]
            answer = await self.ask(done=done_of(batch))
        self.missing = answer["missing"]

    @property
    def withdrawn(self) -> list[str]:
        return [text.partition("Control: cancel ")[2].partition("\r\n")[0] for text in self.controls]


def done_of(batch: dict[str, Any]) -> dict[str, Any]:
    sent, gone = ([number for number, *_ in batch[key]] for key in ("articles", "withdrawn"))
    return {key: batch[key] for key in ("board", "block", "version")} | {"sent": sent, "gone": gone + batch["dropped"]}


@asynccontextmanager
async def anna(tmp_path: Path, *boards: str) -> AsyncIterator[House]:
    async with open_house(tmp_path, "anna", Clock()) as house:
        for board in boards or (BOARD,):
            await house.add_board(board)
        yield house


async def test_each_article_goes_once_and_new_ones_follow(tmp_path: Path) -> None:
    async with anna(tmp_path) as house:
        first = await house.post(BOARD, "One", "text")
        server = Server(house)
        await server.pull()
        assert server.has == [first]
        second = await house.post(BOARD, "Two", "text")
        await server.pull()
        assert server.has == [first, second]
        await house.vote(first, 1)
        await server.pull()
        assert (server.has, server.controls) == ([first, second], [])


async def test_a_crosspost_is_offered_in_each_board_and_stays_while_it_stands_in_one(tmp_path: Path) -> None:
    async with anna(tmp_path, "a.a", "a.b") as house:
        post = await house.post("a.a,a.b", "Both", "text")
        server = Server(house)
        await server.pull()
        assert set(server.has) == {post}
        await house.post("a.a", "cmsg", "", control=f"cancel {post}")
        await server.pull()
        assert set(server.withdrawn) == {post}


async def test_groups_of_the_node_itself_stay_here(tmp_path: Path) -> None:
    async with anna(tmp_path, BOARD, "zb.new") as house:
        server = Server(house)
        await server.pull()
        assert (server.has, server.missing) == ([], [])


async def test_what_the_server_has_no_group_for_waits(tmp_path: Path) -> None:
    async with anna(tmp_path, "a.a", "a.b") as house:
        await house.post("a.a", "One", "text")
        second = await house.post("a.b", "Two", "text")
        server = Server(house, ["a.b"])
        await server.pull()
        assert (server.has, server.missing) == ([second], ["a.a"])
        server.boards = ["a.a", "a.b"]
        await server.pull()
        assert (len(server.has), server.missing) == (2, [])


async def test_what_was_not_noted_is_offered_again(tmp_path: Path) -> None:
    async with anna(tmp_path) as house:
        await house.post(BOARD, "One", "text")
        server = Server(house)
        lost = (await server.ask())["batch"]
        assert (await server.ask())["batch"] == lost
        await server.pull()
        assert server.has == [lost["articles"][0][1]]


async def test_after_a_new_connection_the_last_hour_is_offered_again(tmp_path: Path) -> None:
    """A server that was killed may have lost what it had taken."""
    async with anna(tmp_path) as house:
        old = await house.post(BOARD, "Old", "text")
        server = Server(house)
        await server.pull()
        house.clock.now += rounds.AGAIN_SECONDS - 1
        await server.pull(begin=True)
        assert server.has == [old, old]
        house.clock.now += rounds.AGAIN_SECONDS + 1
        await server.pull(begin=True)
        assert server.has == [old, old]


async def test_a_block_of_many_octets_goes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "BATCH_OCTETS", 1)
    async with anna(tmp_path) as house:
        posts = [await house.post(BOARD, f"Number {it}", "text") for it in range(3)]
        server = Server(house)
        await server.pull()
        assert (server.has, server.batches) == (posts, 3)
        await server.pull(begin=True)
        assert server.has == posts * 2


async def test_hidden_people_are_withdrawn_and_come_back(tmp_path: Path) -> None:
    carl = Forger("carl")
    opening = carl.opening("Hello")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([segment(opening)]))
        server = Server(bob)
        await server.pull()
        await bob.rate(carl.identity, mt=-10000)
        await server.pull()
        assert (server.has, server.withdrawn) == ([name_of(opening)], [name_of(opening)])
        await bob.rate(carl.identity, mt=10000)
        await server.pull()
        assert server.has == [name_of(opening)] * 2
        await bob.rate(carl.identity, mt=-10000)
        await server.pull()
        assert len(set(server.controls)) == 2


async def test_a_placeholder_is_not_sent_and_its_text_is(tmp_path: Path) -> None:
    dora, carl = Forger("dora"), Forger("carl")
    opening = dora.opening("Hello", body="the text\n", time=START - 5000)
    answer = carl.reply(opening)
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([segment(make_carry(opening), answer)]))
        server = Server(bob)
        await server.pull()
        assert server.has == [name_of(answer)]
        await bob.rate(dora.identity, mt=5000)
        await bob.take(dora.offer([segment(opening)]))
        await server.pull()
        assert server.has == [name_of(answer), name_of(opening)]


async def test_a_rebuild_sends_nothing_twice(tmp_path: Path) -> None:
    async with anna(tmp_path) as house:
        await house.post(BOARD, "One", "text")
        server = Server(house)
        await server.pull()
        await house.writer.run(lambda it: rebuild(it, [house.identity], house.now, lambda done, of: None))
        await house.post(BOARD, "Two", "text")
        await server.pull()
        assert len(server.has) == 2
        assert server.controls == []
