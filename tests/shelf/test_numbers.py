"""Article numbers, the one promise to newsreaders that nothing may break: arrivals, trust, deletions, restarts.

RFC 3977 section 6.1.1.2: a number is never used again for another article, and neither mark ever falls. Stories of what
may happen to a board are told to a house, and after each step newsreaders look whether a promise was broken.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.houses import Clock, House, open_house, pack_overview
from tests.ingest.forging import BOARD, Forger, check_octets, segment
from zbnntp.housekeeping import sweep_all
from zbnntp.model.errors import NotVisible
from zbnntp.model.views import Overview
from zbnntp.rebuild import rebuild
from zbnntp.retention import Keeping
from zbnntp.shelf import Shelf
from zbnntp.store import evidence, numbers

PEOPLE = ("anna", "carl")
BOARDS = (BOARD, "test.other")
WRITERS = 3
HIGH = 2**31 - 1
Step = tuple[str, str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.sampled_from(PEOPLE), st.integers(1, 4)),
        st.tuples(st.just("vanish"), st.sampled_from(PEOPLE), st.integers(0, 9)),
        st.tuples(st.just("trust"), st.sampled_from(PEOPLE), st.sampled_from([-5000, 0, 5000])),
        st.tuples(st.just("rename"), st.sampled_from(PEOPLE), st.integers(0, 3)),
        st.tuples(st.just("expire"), st.sampled_from(BOARDS), st.integers(0, 9)),
        st.tuples(st.just("fade"), st.sampled_from(PEOPLE), st.just(0)),
        st.tuples(st.just("write"), st.just("bob"), st.just(0)),
        st.tuples(st.just("restart"), st.just("bob"), st.just(0)),
        st.tuples(st.just("rebuild"), st.just("bob"), st.just(0)),
        st.tuples(st.just("pack"), st.just("bob"), st.just(0)),
        st.tuples(st.just("crash"), st.just("bob"), st.integers(0, 12)),
    ),
    max_size=30,
)
ARRIVED = [("trust", "anna", 5000), ("arrive", "anna", 4)]


class Reader:
    """A newsreader of one board that remembers every number it ever saw, and complains."""

    def __init__(self, board: str) -> None:
        self.board = board
        self.seen: dict[int, str] = {}
        self.shown: dict[int, str] = {}  # at the last look
        self.expired: set[str] = set()
        self.low, self.high = 1, 0
        self.shelf: Shelf | None = None  # open all the time, while the store changes below it

    def look(self, house: House) -> None:
        group = house.shelf.group(self.board)
        assert group is not None
        rows = overview_of(house.shelf, self.board)
        assert group.count == len(rows)
        assert group.high >= self.high
        assert group.low >= self.low
        assert group.low <= group.high + 1
        self.expired |= {name for number, name in self.shown.items() if number < group.low}
        self.low, self.high = group.low, group.high
        self.shown = {row.number: row.text.split(b"\t")[3].decode() for row in rows}
        for number, name in self.shown.items():
            assert self.seen.setdefault(number, name) == name, "a number was given twice"
            assert group.low <= number <= group.high
        self.check_names()
        check_octets(house, self.board)
        if self.shelf:
            self.compare(self.shelf, house.shelf)

    def check_names(self) -> None:
        assert self.expired.isdisjoint(self.shown.values()), "what had expired came back"
        assert len(set(self.shown.values())) == len(self.shown), "an article stands there twice"
        kept = [name for number, name in self.seen.items() if number >= self.low]
        assert len(set(kept)) == len(kept), "an article came back under another number"
        assert set(self.seen) == set(range(1, self.high + 1)), "a number was skipped"

    def compare(self, kept: Shelf, fresh: Shelf) -> None:
        """What a connection that was open all the time shows, and what a new one does."""
        assert kept.groups() == fresh.groups()
        board = self.board
        for low in (1, max(self.high - 2, 1)):
            assert overview_of(kept, board, low) == overview_of(fresh, board, low)
            assert b"".join(kept.numbers(board, low, HIGH)) == b"".join(fresh.numbers(board, low, HIGH))
        for number in self.seen:
            assert kept.locate(board, number) == fresh.locate(board, number)
            assert kept.article(board, number) == fresh.article(board, number)
            for step in (-1, 1):
                assert kept.neighbour(board, number, step) == fresh.neighbour(board, number, step)
        assert kept.first(board) == fresh.first(board)


def overview_of(shelf: Shelf, board: str, low: int = 1) -> list[Overview]:
    return [row for window in shelf.overview(board, low, HIGH) for row in window]


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
            boards = BOARDS if self.count % 3 == 0 else (BOARD,)
            self.lines[who].append(self.people[who].opening(f"{who} {self.count}", boards=boards))
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
        before = [overview_of(self.house.shelf, board) for board in BOARDS]
        views = (self.house.identity,)
        await self.house.writer.run(lambda database: rebuild(database, views, self.house.now, lambda done, of: None))
        assert [overview_of(self.house.shelf, board) for board in BOARDS] == before

    async def pack(self, _: str, __: int) -> None:
        before = [(overview_of(self.house.shelf, board), self.house.shelf.group(board)) for board in BOARDS]
        await self.house.writer.run(pack_overview)
        assert [(overview_of(self.house.shelf, board), self.house.shelf.group(board)) for board in BOARDS] == before

    async def expire(self, board: str, age: int) -> None:
        view = evidence.find_person(self.house.reader, self.house.identity) or 0
        group = numbers.find_newsgroup(self.house.reader, view, board)
        assert group is not None
        await self.house.writer.run(lambda database: numbers.expire(database, group.pk, self.house.now - age))

    async def fade(self, _: str, __: int) -> None:
        """Whatever others have published is too old for a moment; with their next version it comes again."""
        view = evidence.find_person(self.house.reader, self.house.identity) or 0
        later = self.house.now + 90 * 86_400
        await sweep_all(self.house.writer, Keeping(months=1), [view], later, self.house.standings.note)

    async def trust(self, who: str, mt: int) -> None:
        await self.house.rate(self.people[who].identity, mt=mt)

    async def write(self, _: str, __: int) -> None:
        await self.post()
        if self.count % 2:
            await self.house.seal()

    async def post(self) -> str:
        self.count += 1
        return await self.house.post(BOARD, f"mine {self.count}", "x\n")

    async def crash(self, directory: Path, moment: int) -> dict[str, int]:
        """Copies the files as a crash would leave them, while posts are being written, some of them sealed.

        `moment` counts turns of the loop from the beginning. Returns what was acknowledged by then, with its numbers.
        """
        kept: dict[str, int] = {}
        crashed = trio.Event()

        async def write() -> None:
            while not crashed.is_set():
                name = await self.post()
                found = self.house.shelf.find(name, BOARD)
                assert found is not None
                kept[name] = found.number
                if found.number % 4 == 0:
                    await self.house.seal()

        async with trio.open_nursery() as nursery:
            for _ in range(WRITERS):
                nursery.start_soon(write)
            for _ in range(moment):
                await trio.lowlevel.checkpoint()
            saved = dict(kept)
            copy_files(self.house.path, directory / "bob" / "store.sqlite")
            crashed.set()
        return saved


def copy_files(store: Path, target: Path) -> None:
    """The database and what is not yet copied back into it, each as it stands now; the log last, which only grows."""
    target.parent.mkdir(parents=True)
    for ending in ("", "-wal"):
        shutil.copyfile(f"{store}{ending}", f"{target}{ending}")


class Life:
    """The steps of a story, told to one home after the other: each crash leaves a new one."""

    def __init__(self, directory: Path, steps: Sequence[Step]) -> None:
        self.directory = directory
        self.left = list(steps)
        self.clock = Clock()
        self.readers = [Reader(board) for board in BOARDS]
        self.story: Story | None = None
        self.promised: dict[str, int] = {}
        self.crashes = 0

    async def tell(self) -> None:
        while self.story is None or self.left:
            async with open_house(self.directory / str(self.crashes), "bob", self.clock) as bob:
                await self.begin(bob)
                while self.left and await self.go_on(bob):
                    pass

    async def begin(self, bob: House) -> None:
        if self.story is None:
            for board in BOARDS:
                await bob.add_board(board)
            self.story = Story(bob)
        self.story.house = bob
        for reader in self.readers:
            reader.shelf = bob.shelf
        for name, number in self.promised.items():
            found = bob.shelf.find(name, BOARD)
            assert found is not None, "an acknowledged post was lost"
            assert found.number == number
        self.promised = {}
        self.look(bob)

    async def go_on(self, bob: House) -> bool:
        """One step; whether the house stands after it."""
        verb, who, argument = self.left.pop(0)
        self.clock.now += 1
        assert self.story is not None
        if verb == "crash":
            self.crashes += 1
            self.promised = await self.story.crash(self.directory / str(self.crashes), argument)
        elif verb != "restart":
            await getattr(self.story, verb)(who, argument)
            self.look(bob)
        return verb not in ("crash", "restart")

    def look(self, bob: House) -> None:
        for reader in self.readers:
            reader.look(bob)


def told(steps: Sequence[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        trio.run(Life(Path(directory), steps).tell)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_no_number_is_ever_given_twice_lost_or_skipped(steps: list[Step]) -> None:
    told(steps)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_no_number_is_ever_given_twice_in_many_stories(steps: list[Step]) -> None:
    told(steps)


@pytest.mark.parametrize(
    "steps",
    [
        [("expire", BOARD, 0), ("rebuild", "bob", 0), ("arrive", "anna", 1), ("expire", BOARD, 0)],
        [("expire", BOARD, 0), ("trust", "anna", -5000), ("rebuild", "bob", 0), ("trust", "anna", 5000)],
        [("trust", "anna", -5000), ("expire", BOARD, 0), ("rebuild", "bob", 0), ("trust", "anna", 5000)],
        [("expire", "test.other", 0), ("rename", "anna", 2), ("restart", "bob", 0), ("rebuild", "bob", 0)],
        [("expire", BOARD, 0), ("vanish", "anna", 0), ("expire", BOARD, 0), ("write", "bob", 0)],
        [("write", "bob", 0), ("fade", "anna", 0), ("arrive", "anna", 1), ("rebuild", "bob", 0)],
        [
            ("fade", "anna", 0),
            ("arrive", "anna", 1),
            ("trust", "anna", -5000),
            ("fade", "anna", 0),
            ("rebuild", "bob", 0),
        ],
        [("pack", "bob", 0), ("rename", "anna", 2), ("vanish", "anna", 1), ("pack", "bob", 0), ("arrive", "anna", 2)],
        [("pack", "bob", 0), ("trust", "anna", -5000), ("pack", "bob", 0), ("trust", "anna", 5000), ("pack", "bob", 0)],
        [("pack", "bob", 0), ("expire", BOARD, 0), ("arrive", "anna", 1), ("pack", "bob", 0), ("rebuild", "bob", 0)],
        [("write", "bob", 0), ("pack", "bob", 0), ("crash", "bob", 9), ("fade", "anna", 0), ("arrive", "anna", 1)],
        [("write", "bob", 0), ("crash", "bob", 9), ("expire", BOARD, 1), ("crash", "bob", 60), ("rebuild", "bob", 0)],
    ],
)
def test_numbers_through(steps: list[Step]) -> None:
    told([*ARRIVED, *steps])


async def test_what_was_hidden_when_its_number_expired_comes_back_as_something_new(tmp_path: Path) -> None:
    steps = [*ARRIVED, ("trust", "anna", -5000), ("expire", BOARD, 0), ("trust", "anna", 5000)]
    life = Life(tmp_path, steps)
    await life.tell()
    reader = life.readers[0]
    assert (reader.low, reader.high, sorted(reader.shown)) == (5, 8, [5, 6, 7, 8])
    assert {reader.seen[number] for number in range(1, 5)} == set(reader.shown.values())


async def test_who_asks_for_what_has_expired_is_told_so(tmp_path: Path) -> None:
    async with open_house(tmp_path, "bob") as bob:
        await bob.add_board(BOARD)
        name = await bob.post(BOARD, "old", "x\n")
        await Story(bob).expire(BOARD, -1)
        assert bob.shelf.locate(BOARD, 1) is None
        with pytest.raises(NotVisible, match="expired"):
            bob.shelf.find(name, BOARD)
