"""Bits that turn over anywhere in the file: harmless, or found, named, mended, and fetched again from a peer.

Only a row of what is nobody's but the owner's, such as a filter, can be lost for good; the check says in which table.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio

from tests.houses import START, Clock, House, open_house
from tests.journeys.test_rebuild import live_a_little, seen
from zbnntp import toplists
from zbnntp.examining import examine
from zbnntp.model.bundle import Offer
from zbnntp.model.keys import Identity
from zbnntp.repairing import repair_store
from zbnntp.store import evidence
from zbnntp.store.database import connect_reader

FLIPS, FEW = 500, 12
POSTS = 60  # of each


OWN = ("word_filter", "watch", "by_group", "note", "private_rating", "local_article", "alias", "meta")


@dataclass(frozen=True)
class World:
    """Bob's store as it was when his node stopped, and what others have."""

    directory: Path
    octets: bytes
    bob: Identity
    offers: Sequence[Offer]
    shown: list[object]
    served: dict[bytes, bytes]


def served(path: Path) -> dict[bytes, bytes]:
    """All that is held of what people signed: heads and segments by their names."""
    with closing(connect_reader(path)) as reader:
        found: dict[bytes, bytes] = {}
        for _, identity, _ in evidence.nicks(reader):
            held = evidence.find_manifest(reader, identity)
            assert held is not None
            found[held.head_sha256] = held.pointer + held.head
            for segment in evidence.segments(reader, held.person):
                found[segment.ref.sha256] = evidence.segment_octets(reader, segment.pk)
        return found


async def settled(bob: House) -> list[object]:
    """What newsreaders see after a start."""
    await bob.standings.refresh(bob.now)
    view = evidence.find_person(bob.reader, bob.identity) or 0
    await bob.writer.run(lambda database: toplists.recompute(database, view, bob.now))
    return seen(bob)


async def fill(house: House, clock: Clock) -> None:
    """So many posts that most pages of the file hold something."""
    chance = random.Random(house.name)
    for number in range(POSTS):
        words = " ".join(f"{chance.getrandbits(40):x}" for _ in range(chance.randrange(20, 200)))
        await house.post("test.talk", f"{house.name} {number}", f"{words}\n")
    clock.now += 60
    await house.seal()


async def make_world(directory: Path) -> World:
    clock = Clock()
    async with open_house(directory, "alice", clock) as alice, open_house(directory, "bob", clock) as bob:
        await live_a_little(alice, bob, clock)
        await fill(alice, clock)
        await bob.take(alice.whole_offer())
        await fill(bob, clock)
        shown, offers = await settled(bob), [bob.whole_offer(), alice.whole_offer()]
    path = directory / "bob" / "store.sqlite"
    return World(directory, path.read_bytes(), bob.identity, offers, shown, served(path))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return trio.run(make_world, tmp_path_factory.mktemp("flips"))


def flipped(world: World, bit: int) -> Path:
    """A store in which one bit is another one."""
    place = world.directory / "flipped"
    shutil.rmtree(place, ignore_errors=True)
    (place / "bob").mkdir(parents=True)
    octets = bytearray(world.octets)
    octets[bit // 8] ^= 1 << bit % 8
    (place / "bob" / "store.sqlite").write_bytes(octets)
    return place


async def reopened(world: World, place: Path, offers: Sequence[Offer]) -> tuple[list[object], dict[bytes, bytes]]:
    clock = Clock(START + 60)
    async with open_house(place, "bob", clock) as bob:
        await bob.standings.refresh(bob.now)
        for offer in offers:
            await bob.take(offer)
        return await settled(bob), served(bob.path)


def fate(world: World, bit: int) -> str:
    """What became of a store with that bit turned over: harmless, mended, named; or how it went wrong."""
    place = flipped(world, bit)
    store = place / "bob" / "store.sqlite"
    found = examine(store, [world.bob], START + 60, lambda what, done, of: None)
    if not found.sentences:
        shown, held = trio.run(reopened, world, place, ())
        return "harmless" if (shown, held) == (world.shown, world.served) else "unnoticed"
    repair_store(store, [world.bob], found, START + 60, lambda what, done, of: None)
    shown, held = trio.run(reopened, world, place, world.offers)
    left = examine(store, [world.bob], START + 60, lambda what, done, of: None).sentences
    if left:
        return f"still damaged: {found.sentences} then {left}"
    if (shown, held) == (world.shown, world.served):
        return "mended"
    return (
        "named" if any(f"The table {it} " in found.sentences[0] for it in OWN) else f"not as before: {found.sentences}"
    )


def fates(world: World, chance: random.Random, count: int) -> Counter[str]:
    return Counter(fate(world, chance.randrange(len(world.octets) * 8)) for _ in range(count))


def test_flipped_bits_are_harmless_or_mended(world: World) -> None:
    assert fates(world, random.Random(7), FEW).keys() <= {"harmless", "mended"}


@pytest.mark.slow
def test_five_hundred_flipped_bits_are_harmless_or_mended(world: World) -> None:
    found = fates(world, random.Random(3), FLIPS)
    assert found.keys() <= {"harmless", "mended", "named"}
    assert found["mended"] > FLIPS // 5
    assert found["named"] <= FLIPS // 100  # what nobody else has a copy of
