"""How a post spreads: many nodes with the real schedule, sync and api under a clock that jumps (bench/spread)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain
from statistics import median

import pytest
import trio
import trio.testing

from bench.spread.net import at_once
from bench.spread.world import Post, Settings, World, delays

pytestmark = pytest.mark.slow
SETTLE_SECONDS = 900


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock jumps while only threads work; so none does."""
    monkeypatch.setattr(trio.to_thread, "run_sync", at_once)


@asynccontextmanager
async def living(settings: Settings, settle: float = SETTLE_SECONDS) -> AsyncIterator[World]:
    """A world whose nodes run while the block does."""
    world = World(settings)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.run)
        await trio.sleep(settle)
        yield world
        nursery.cancel_scope.cancel()


def post(world: World) -> Post:
    return world.post(world.nodes[world.rng.choice(sorted(world.online()))])


async def test_a_post_reaches_half_of_all_in_seconds_and_all_who_are_on_line_in_a_minute(
    autojump_clock: trio.testing.MockClock,
) -> None:
    halves: list[float] = []
    async with living(Settings(nodes=80, session=1e9)) as world:
        for _ in range(8):
            posted = post(world)
            await trio.sleep(61)
            found = delays(world, posted, world.online())
            near = sorted(chain(found[1], found[2], found[3]))
            halves.append(near[len(near) // 2])
            assert max(chain.from_iterable(found.values())) < 60
            assert max(found) >= 3, "the network is wide enough to mean something"
    assert median(halves) < 15


async def test_posts_close_to_each_other_all_arrive(autojump_clock: trio.testing.MockClock) -> None:
    async with living(Settings(nodes=40, session=1e9)) as world:
        posts = []
        for _ in range(20):
            posts.append(post(world))
            await trio.sleep(1)
        await trio.sleep(60)
        assert all(world.online() <= set(posted.seen) for posted in posts)


async def test_killing_three_in_ten_and_the_author_does_not_lose_a_post(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with living(Settings(nodes=60)) as world:
        posted = post(world)
        while len(posted.seen) < 2:
            await trio.sleep(0.1)
        others = sorted(world.online() - set(posted.seen))
        world.kill([posted.author, *world.rng.sample(others, len(others) * 3 // 10)])
        survivors = world.online()
        await trio.sleep(300)
        assert survivors & world.online() <= set(posted.seen)
        await trio.sleep(2 * 3600)
        late = world.online() - survivors
        assert late
        assert len(late & set(posted.seen)) >= len(late) - 1, "one may have come back in this very minute"


async def test_when_everybody_serves_only_whom_he_rates_news_goes_no_further_than_two_hops(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with living(Settings(nodes=60, mirror="rated", session=1e9)) as world:
        posted = post(world)
        await trio.sleep(60)
        found = delays(world, posted, world.online())
        assert sum(second < 60 for second in found[1]) > len(found[1]) / 2  # some friends look in every half hour only
        assert sum(second < 60 for second in found[3]) < 0.9 * len(
            found[3]
        )  # of whom all have it by then where everybody serves all


async def test_no_request_names_somebody_whom_that_peer_has_not_listed(autojump_clock: trio.testing.MockClock) -> None:
    listed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    named: list[tuple[str, str]] = []
    wrong: list[str] = []

    def note_request(asker: str, asked: str, path: str, body: bytes) -> None:
        kind, _, argument = path.removeprefix("/zb/1/").partition("/")
        names = [argument] if kind == "head" else [row[0] for row in json.loads(body)] if kind == "fetch" else []
        for who in names:
            named.append((asked, who))
            if who not in listed[asker, asked] and who != ids[asked]:
                wrong.append(f"{asker} asked {asked} for somebody else")  # raised here, it would end in the node's log

    def note_feed(asker: str, asked: str, piece: bytes) -> None:
        listed[asker, asked].update(json.loads(line).get("id", "") for line in piece.splitlines())

    async with living(Settings(nodes=24, online=0.8, met=False), settle=0) as world:
        ids = {node.author.name: node.author.identity.hex() for node in world.nodes}
        world.net.watch, world.net.watch_feed = note_request, note_feed
        for _ in range(10):
            await trio.sleep(120)
            post(world)
        assert not wrong
        assert len(named) > 100
        assert [who for asked, who in named if who != ids[asked]], "most come from others than themselves"
