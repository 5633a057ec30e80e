"""The node's own world of trust, read from the store, says what the node says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import open_house
from tests.ingest.forging import Forger, segment
from zbnntp.inquiry import nicks, own_world
from zbnntp.model.errors import Missing
from zbnntp.model.keys import Identity, identity_text, sha256, short_id
from zbnntp.store import evidence, ratings
from zbnntp.trust.whatif import answer, find_pair, with_rating, without

CARL = Identity(sha256(b"carl"))


async def test_own_world_is_what_the_node_computes(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(anna.identity, 5000, 8000)
        await bob.take(anna.offer(state=[segment(anna.trust(CARL, 6000))]))
        world = own_world(bob.reader, bob.identity, bob.standings.params, bob.now)
        found = answer(world)
        held = ratings.standings(bob.reader, evidence.find_person(bob.reader, bob.identity) or 0)
        assert len(held) == 2
        for who, standing in held.items():
            name = identity_text(who)
            assert (found["tlt"][name], found["mt"][name]) == (standing.tlt, standing.mt)
            assert (found["fetch"][name], found["level"][name]) == (standing.fetch, standing.level.name.lower())
        assert nicks(bob.reader)[anna.identity].endswith(short_id(anna.identity))
        pair = f"{short_id(anna.identity)}:{identity_text(CARL)}"
        assert find_pair(world, pair) == (anna.identity, CARL)
        assert answer(without(world, pair))["mt"][identity_text(CARL)] == 0.0
        assert answer(with_rating(world, f"me:{identity_text(CARL)}:-1"))["level"][identity_text(CARL)] == "hidden"
        with pytest.raises(Missing):
            with_rating(world, "me:a stranger:1")


async def test_an_identity_the_store_has_never_seen_has_no_world(tmp_path: Path) -> None:
    async with open_house(tmp_path, "bob") as bob:
        with pytest.raises(Missing, match="start the node once"):
            own_world(bob.reader, CARL, bob.standings.params, bob.now)
