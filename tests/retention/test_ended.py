"""A rating that says until when it holds counts no more from then on, in a node that has run all the while."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.houses import House, open_house
from zbnntp.housekeeping import note_ended
from zbnntp.model.entries import STATE, make_trust
from zbnntp.model.keys import Signer, sha256
from zbnntp.store import evidence, ratings

NINA = Signer.from_seed(sha256(b"nina")).identity


@dataclass
class Rooms:
    """What housekeeping needs of a house."""

    house: House

    def __getattr__(self, name: str) -> Any:
        return getattr(self.house, name)

    def now(self) -> int:
        return self.house.now


def is_fetched(house: House) -> bool:
    found = ratings.standings(house.reader, evidence.find_person(house.reader, house.identity) or 0)
    return NINA in found and found[NINA].fetch


async def test_a_first_rating_ends(tmp_path: Path) -> None:
    async with open_house(tmp_path, "fred") as fred, open_house(tmp_path, "rita", fred.clock) as rita:
        line = make_trust(NINA, 5000, None, "", rita.now, rita.now + 1000)
        await rita.writer.run(lambda database: evidence.add_pending(database, 1, STATE, line))
        await rita.seal()
        await fred.rate(rita.identity, 5000, 8000)
        await fred.take(rita.whole_offer())
        assert is_fetched(fred)
        rooms: Any = Rooms(fred)
        looked = await note_ended(rooms, fred.now)
        assert not fred.standings.stale
        fred.clock.now += 1000
        await note_ended(rooms, looked)
        assert fred.standings.stale
        await fred.standings.refresh(fred.now)
        assert not is_fetched(fred)
