"""A small community as a file, to be damaged: bob's store as it was when his node stopped, and what others have."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.houses import Clock, House, open_house, pack_overview
from tests.journeys.test_rebuild import live_a_little, seen
from zbnntp import toplists
from zbnntp.housekeeping import seal_months
from zbnntp.model.bundle import Offer
from zbnntp.model.keys import Identity
from zbnntp.store import evidence
from zbnntp.store.database import connect_reader

POSTS = 60  # of each
MONTH_SECONDS = 40 * 86_400


@dataclass(frozen=True)
class World:
    """Bob's store as it was when his node stopped, and what others have."""

    directory: Path
    octets: bytes
    now: int
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
        clock.now += MONTH_SECONDS  # another segment, without a post that anybody voted for
        await fill(alice, clock)
        await bob.take(alice.whole_offer())
        await bob.writer.run(pack_overview)  # what comes later stands in rows
        await seal_months(bob.path, bob.writer, clock.now)  # and in lines of their own
        await fill(bob, clock)
        shown, offers = await settled(bob), [bob.whole_offer(), alice.whole_offer()]
    path = directory / "bob" / "store.sqlite"
    return World(directory, path.read_bytes(), bob.now, bob.identity, offers, shown, served(path))
