"""Bits that turn over anywhere in the file: harmless, or found, named, mended, and fetched again from a peer.

Only a row of what is nobody's but the owner's, such as a filter, can be lost for good, or stay with another letter in
it; the check says in which table.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
import trio

from tests.backup.worlds import World, make_world, served, settled
from tests.houses import Clock, open_house
from zbnntp.examining import examine
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import NotPermitted
from zbnntp.repairing import repair_store
from zbnntp.store.database import connect_reader

FLIPS, FEW = 500, 12
OWN = (
    "number",
    "word_filter",
    "watch",
    "by_group",
    "note",
    "private_rating",
    "local_article",
    "alias",
    "meta",
    "newsgroup",
)


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
    clock = Clock(world.now)
    async with open_house(place, "bob", clock) as bob:
        await bob.standings.refresh(bob.now)
        for offer in offers:
            await bob.take(offer)
        return await settled(bob), served(bob.path)


def fate(world: World, bit: int) -> str:
    """What became of a store with that bit turned over: harmless, mended, named; or how it went wrong."""
    place = flipped(world, bit)
    store = place / "bob" / "store.sqlite"
    found = examine(store, [world.bob], world.now, lambda what, done, of: None)
    if not found.sentences:
        shown, held = trio.run(reopened, world, place, ())
        if (shown, held) == (world.shown, world.served):
            return "harmless"
        return "unnoticed"
    try:
        repair_store(store, [world.bob], found, world.now, lambda what, done, of: None)
    except NotPermitted:  # where the row stands that says where a table begins
        return "beyond repair" if table_at(world, bit) == "sqlite_schema" else f"not repaired: {found.sentences}"
    shown, held = trio.run(reopened, world, place, world.offers)
    left = examine(store, [world.bob], world.now, lambda what, done, of: None).sentences
    if left:
        return f"still damaged: {found.sentences} then {left}"
    if (shown, held) == (world.shown, world.served):
        return "mended"
    is_own = table_at(world, bit) in OWN or any(f"The table {it} " in found.sentences[0] for it in OWN)
    return "named" if is_own else f"not as before: {found.sentences}"


def table_at(world: World, bit: int) -> str:
    """The table or index in whose page a bit stands."""
    sound = world.directory / "sound.sqlite"
    sound.write_bytes(world.octets)
    with closing(connect_reader(sound)) as reader:
        page = bit // 8 // reader.execute("PRAGMA page_size").fetchone()[0] + 1
        row = reader.execute("SELECT name FROM dbstat WHERE pageno = ?", (page,)).fetchone()
    return row[0] if row else ""


def fates(world: World, chance: random.Random, count: int) -> Counter[str]:
    return Counter(fate(world, chance.randrange(len(world.octets) * 8)) for _ in range(count))


def test_flipped_bits_are_harmless_or_mended(world: World) -> None:
    assert fates(world, random.Random(7), FEW).keys() <= {"harmless", "mended", "named"}


@pytest.mark.slow
def test_five_hundred_flipped_bits_are_harmless_or_mended(world: World) -> None:
    found = fates(world, random.Random(3), FLIPS)
    assert found.keys() <= {"harmless", "mended", "named", "beyond repair"}
    assert found["mended"] > FLIPS // 8
    assert found["named"] <= FLIPS // 100  # what nobody else has a copy of
    assert found["beyond repair"] <= FLIPS // 100
