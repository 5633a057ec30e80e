"""Article numbers, the one promise to newsreaders that nothing may break: arrivals, trust, deletions, restarts.

RFC 3977 section 6.1.1.2: a number is never used again for another article, and the high mark never falls.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.houses import Clock, House, open_house
from tests.ingest.forging import BOARD, Forger, check_octets, segment
from zbnntp.model.views import Overview
from zbnntp.rebuild import rebuild
from zbnntp.shelf import Shelf

PEOPLE = ("anna", "carl")
HIGH = 2**31 - 1
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.sampled_from(PEOPLE), st.integers(1, 4)),
        st.tuples(st.just("vanish"), st.sampled_from(PEOPLE), st.integers(0, 9)),
        st.tuples(st.just("trust"), st.sampled_from(PEOPLE), st.sampled_from([-5000, 0, 5000])),
        st.tuples(st.just("rename"), st.sampled_from(PEOPLE), st.integers(0, 3)),
        st.tuples(st.just("write"), st.just("bob"), st.just(0)),
        st.tuples(st.just("restart"), st.just("bob"), st.just(0)),
        st.tuples(st.just("rebuild"), st.just("bob"), st.just(0)),
    ),
    max_size=30,
)


class Reader:
    """A newsreader that remembers every number it ever saw, and complains."""

    def __init__(self) -> None:
        self.seen: dict[int, str] = {}
        self.high = 0
        self.shelf: Shelf | None = None  # open all the time, while the store changes below it

    def look(self, house: House) -> None:
        group = house.shelf.group(BOARD)
        assert group is not None
        rows = [row for window in house.shelf.overview(BOARD, 1, 2**31 - 1) for row in window]
        assert group.count == len(rows)
        assert group.high >= self.high
        self.high = max(self.high, group.high)
        for row in rows:
            name = row.text.split(b"\t")[3].decode()
            assert self.seen.setdefault(row.number, name) == name, "a number was given twice"
            assert group.low <= row.number <= group.high
        assert len(set(self.seen.values())) == len(self.seen), "an article came back under another number"
        assert set(self.seen) == set(range(1, self.high + 1)), "a number was skipped"
        check_octets(house)
        if self.shelf:
            self.compare(self.shelf, house.shelf)

    def compare(self, kept: Shelf, fresh: Shelf) -> None:
        """What a connection that was open all the time shows, and what a new one does."""
        assert kept.groups() == fresh.groups()
        for low in (1, max(self.high - 2, 1)):
            pair = [[row for window in shelf.overview(BOARD, low, HIGH) for row in window] for shelf in (kept, fresh)]
            assert pair[0] == pair[1]
            assert b"".join(kept.numbers(BOARD, low, HIGH)) == b"".join(fresh.numbers(BOARD, low, HIGH))
        for number in self.seen:
            assert kept.locate(BOARD, number) == fresh.locate(BOARD, number)
            assert kept.article(BOARD, number) == fresh.article(BOARD, number)
            for step in (-1, 1):
                assert kept.neighbour(BOARD, number, step) == fresh.neighbour(BOARD, number, step)
        assert kept.first(BOARD) == fresh.first(BOARD)


def overview_of(shelf: Shelf) -> list[Overview]:
    return [row for window in shelf.overview(BOARD, 1, HIGH) for row in window]


class Story:
    """Bob's house, and two people whose posts come and go."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.people = {name: Forger(name) for name in PEOPLE}
        self.lines: dict[str, list[bytes]] = {name: [] for name in PEOPLE}
        self.nicks = {name: name for name in PEOPLE}
        self.count = 0

    async def arrive(self, who: str, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.lines[who].append(self.people[who].opening(f"{who} {self.count}"))
        await self.send(who)

    async def vanish(self, who: str, index: int) -> None:
        if self.lines[who]:
            del self.lines[who][index % len(self.lines[who])]
            await self.send(who)

    async def send(self, who: str) -> None:
        posts = [segment(*self.lines[who])] if self.lines[who] else []
        offer = self.people[who].offer(posts, nick=self.nicks[who])
        if self.house.intake.wanted(self.people[who].identity):
            await self.house.take(offer)

    async def rename(self, who: str, number: int) -> None:
        self.nicks[who] = "ä" * number
        await self.send(who)

    async def rebuild(self, _: str, __: int) -> None:
        before = overview_of(self.house.shelf)
        views = (self.house.identity,)
        await self.house.writer.run(lambda database: rebuild(database, views, self.house.now, lambda done, of: None))
        assert overview_of(self.house.shelf) == before

    async def trust(self, who: str, mt: int) -> None:
        await self.house.rate(self.people[who].identity, mt=mt)

    async def write(self, _: str, __: int) -> None:
        self.count += 1
        await self.house.post(BOARD, f"mine {self.count}", "x\n")
        if self.count % 2:
            await self.house.seal()


async def tell(directory: Path, steps: Sequence[tuple[str, str, int]]) -> None:
    reader, clock = Reader(), Clock()
    left = list(steps)
    story: Story | None = None
    while story is None or left:
        async with open_house(directory, "bob", clock) as bob:
            if story is None:
                await bob.add_board(BOARD)
                story = Story(bob)
            story.house, reader.shelf = bob, bob.shelf
            reader.look(bob)
            while left:
                verb, who, argument = left.pop(0)
                if verb == "restart":
                    break
                clock.now += 1
                await getattr(story, verb)(who, argument)
                reader.look(bob)


def told(steps: Sequence[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        trio.run(tell, Path(directory), steps)


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_no_number_is_ever_given_twice_lost_or_skipped(steps: list[tuple[str, str, int]]) -> None:
    told(steps)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(STEPS)
def test_no_number_is_ever_given_twice_in_many_stories(steps: list[tuple[str, str, int]]) -> None:
    told(steps)
