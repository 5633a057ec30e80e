"""Whatever two people do in whatever order: when all is handed over, both hold the same and show the same."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.houses import Clock, House, open_house
from tests.ingest.forging import check_octets
from tests.sealing.sync import contents, newer
from zbnntp.model.errors import Refused

BOARD = "test.talk"
Step = tuple[str, int, int]
WHO = st.integers(0, 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), WHO, st.integers(0, 9)),
        st.tuples(st.just("answer"), WHO, st.integers(0, 9)),
        st.tuples(st.just("rate"), WHO, st.sampled_from([-5000, 5000])),
        st.tuples(st.just("seal"), WHO, st.booleans()),
        st.tuples(st.just("take"), WHO, st.booleans()),
        st.tuples(st.just("cancel"), WHO, st.integers(0, 9)),
        st.tuples(st.just("wait"), WHO, st.sampled_from([0, 1, 700, 20 * 86_400, -30])),
    ),
    max_size=25,
)


class World:
    """Two houses, and the ids posted so far."""

    def __init__(self, *houses: House) -> None:
        self.houses = houses
        self.posted: list[str] = []
        self.taken_back: set[str] = set()

    async def post(self, who: House, number: int) -> None:
        self.posted.append(await who.post(BOARD, f"Subject {number}", f"{len(self.posted)}\n"))

    async def answer(self, who: House, number: int) -> None:
        if self.posted:
            reference = self.posted[number % len(self.posted)]
            self.posted.append(await who.post(BOARD, "Re: x", f"{len(self.posted)}\n", references=reference))

    async def cancel(self, who: House, number: int) -> None:
        if self.posted:
            target = self.posted[number % len(self.posted)]
            await who.post(BOARD, f"cancel {target}", "x\n", Control=f"cancel {target}")
            self.taken_back.add(target)

    async def rate(self, who: House, value: int) -> None:
        await who.rate(self.other(who).identity, mt=value)

    async def seal(self, who: House, rewrite: bool) -> None:
        await who.seal(rewrite=rewrite)

    async def take(self, who: House, whole: bool) -> None:
        other = self.other(who)
        await who.take(other.whole_offer() if whole else newer(other, who))

    async def wait(self, who: House, seconds: int) -> None:
        who.clock.now += seconds

    def seen(self, house: House) -> dict[str, bytes]:
        """Every article shown; answers to an opening that was taken back need somebody who still carries it."""
        roots = {name: octets.partition(b"\r\nReferences: ")[2][:65].decode() for name, octets in shown(house).items()}
        return {name: octets for name, octets in shown(house).items() if roots[name] not in self.taken_back}

    def other(self, who: House) -> House:
        return self.houses[who is self.houses[0]]


def shown(house: House) -> dict[str, bytes]:
    """Every article shown, by id, without what differs from reader to reader."""
    rows = [row.text for window in house.shelf.overview(BOARD, 1, 2**31 - 1) for row in window]
    ids = [text.split(b"\t")[3].decode() for text in rows]
    assert len(ids) == len(set(ids))
    found = {}
    for name in ids:
        article = house.shelf.find(name, BOARD)
        assert article is not None
        kept = [line for line in article.octets.split(b"\r\n") if not line.startswith((b"Xref: ", b"X-Zb-"))]
        found[name] = b"\r\n".join(kept)
    return found


async def tell(directory: Path, steps: Sequence[Step]) -> None:
    clock = Clock()
    async with (
        open_house(directory, "alice", clock) as alice,
        open_house(directory, "bob", clock) as bob,
        open_house(directory, "late", clock) as late,
    ):
        for house in (alice, bob):
            await house.add_board(BOARD)
            await house.seal()
        world = World(alice, bob)
        await play(world, steps)
        clock.now += 1
        await hand_over(alice, bob, late)
        for author in (alice, bob):
            assert contents(alice, author) == contents(bob, author) == contents(late, author)
        assert world.seen(alice) == world.seen(bob) == world.seen(late)


async def play(world: World, steps: Sequence[Step]) -> None:
    for verb, who, argument in steps:
        with suppress(Refused):  # posted before, somebody else's, not trusted
            await getattr(world, verb)(world.houses[who], argument)


async def hand_over(alice: House, bob: House, late: House) -> None:
    """Everybody trusts everybody; late hears of it all now and whole."""
    for reader, author in ((alice, bob), (bob, alice), (late, alice), (late, bob)):
        await reader.rate(author.identity, mt=5000)
    for house in (alice, bob):
        await house.seal()
    for reader, author in ((alice, bob), (bob, alice)):
        await reader.take(newer(author, reader))
    for author in (alice, bob):
        await late.take(author.whole_offer())
    for house in (alice, bob, late):
        check_octets(house)


def told(steps: Sequence[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        trio.run(tell, Path(directory), steps)


@settings(max_examples=10, deadline=None)
@given(STEPS)
def test_both_end_with_the_same_manifests_and_articles(steps: list[Step]) -> None:
    told(steps)


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(STEPS)
def test_both_end_with_the_same_after_many_stories(steps: list[Step]) -> None:
    told(steps)
