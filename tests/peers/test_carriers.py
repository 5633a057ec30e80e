"""Sync and Api over a carrier that knows neither Tor nor sockets leave behind what they leave over sockets."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from bench.spread.net import Net, SimCarrier
from tests.peers.house import NOW, Author, FakeLibrary, lines, signer
from tests.peers.nodes import node
from zbnntp.model.errors import BadEncoding, Missing, PeerGone, Refused
from zbnntp.peers.api import Api
from zbnntp.peers.exchange import Reply, Request
from zbnntp.peers.sync import Sync

ALICE, NOBODY = "local:alice", "local:nobody"
ONION = "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaam2dqd.onion"


@asynccontextmanager
async def over_memory(alices: FakeLibrary, bobs: FakeLibrary) -> AsyncIterator[Sync]:
    """Bob's Sync, and alice's Api behind a carrier in memory."""
    net = Net(random.Random(1), pace=0)
    net.sites["alice"] = Api(signer("alice").identity, alices, lambda: NOW)
    net.online.add("alice")
    yield Sync(SimCarrier(net, "bob"), bobs)


@asynccontextmanager
async def over_sockets(alices: FakeLibrary, bobs: FakeLibrary, directory: Path) -> AsyncIterator[Sync]:
    """The same over Unix sockets."""
    async with node(directory, "alice", alices), node(directory, "bob", bobs) as bob:
        yield bob.sync


async def journeys(sync: Sync, alices: FakeLibrary, bobs: FakeLibrary) -> None:
    """A feed is read, something large and something that grew are fetched, something is pushed, and refused."""
    carol, dave, erin = Author("carol"), Author("dave"), Author("erin")
    carol.publish([lines(f"month{number}", 9_000) for number in range(14)])
    dave.publish([lines("one", 3)], [lines("state", 2)])
    alices.keep(carol)
    alices.keep(dave)
    assert await sync.ask_identity(ALICE) == signer("alice").identity
    assert await sync.follow_changes(ALICE, "") == f"{alices.epoch}.2"
    dave.publish([lines("one", 5)], [lines("state", 2)])
    alices.keep(dave)
    assert await sync.fetch_manifest(ALICE, dave.identity)
    assert not await sync.fetch_manifest(ALICE, carol.identity)
    erin.publish([lines("mine", 4)])
    bobs.keep(erin)
    await sync.push_to(ALICE, erin.identity)
    alices.wanting = lambda identity: False
    with pytest.raises(Refused):
        await sync.push_to(ALICE, erin.identity)
    with pytest.raises(Missing):
        await sync.fetch_manifest(ALICE, signer("frank").identity)
    with pytest.raises(PeerGone):
        await sync.fetch_manifest(NOBODY, carol.identity)
    with pytest.raises(BadEncoding):
        await sync.fetch_manifest(ONION, carol.identity)


class Slow(Api):
    """Lists what it has, and never gives it."""

    async def answer(self, request: Request) -> Reply:
        if "/fetch" in request.path or "/head/" in request.path:
            await trio.sleep_forever()
        return await super().answer(request)


def two_sources(first: type[Api]) -> tuple[Net, Sync, FakeLibrary, Author]:
    """alice, of the given kind, and dave, who both hold carol; and bob, who asks."""
    net, bobs, carol = Net(random.Random(1)), FakeLibrary("bob"), Author("carol")
    carol.publish([lines("one", 3)])
    for name, kind in (("alice", first), ("dave", Api)):
        library = FakeLibrary(name)
        library.keep(carol)
        net.sites[name] = kind(signer(name).identity, library, lambda: NOW)
        net.online.add(name)
    return net, Sync(SimCarrier(net, "bob"), bobs), bobs, carol


async def test_when_a_source_breaks_off_the_next_that_lists_it_is_asked(autojump_clock: MockClock) -> None:
    net, sync, bobs, carol = two_sources(Api)

    def die(asker: str, asked: str, path: str, body: bytes) -> None:
        if asked == "alice" and "/head/" in path:
            net.take_down("alice")

    net.watch = die
    with pytest.raises(PeerGone):
        await sync.follow_changes(ALICE, "")
    assert bobs.held(carol.identity) is None
    assert await sync.follow_changes("local:dave", "") == "dave.1"
    assert bobs.held(carol.identity) is not None


async def test_a_source_that_is_slow_on_purpose_holds_up_nobody_for_long(autojump_clock: MockClock) -> None:
    _, sync, bobs, carol = two_sources(Slow)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sync.follow_changes, ALICE, "")
        await trio.sleep(15)
        began = trio.current_time()
        await sync.follow_changes("local:dave", "")
        assert bobs.held(carol.identity) is not None
        assert trio.current_time() - began < 40
        nursery.cancel_scope.cancel()


async def test_what_one_source_is_being_asked_for_is_not_asked_of_another(autojump_clock: MockClock) -> None:
    net, sync, bobs, _ = two_sources(Api)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sync.follow_changes, ALICE, "")
        nursery.start_soon(sync.follow_changes, "local:dave", "")
    assert len(bobs.offers) == 1
    assert (net.requests["changes"], net.requests["head"]) == (2, 1)


async def test_two_carriers_bring_the_same(short_dir: Path) -> None:
    outcomes = []
    for over in ("sockets", "memory"):
        alices, bobs = FakeLibrary("alice"), FakeLibrary("bob")
        way = over_sockets(alices, bobs, short_dir) if over == "sockets" else over_memory(alices, bobs)
        async with way as sync:
            await journeys(sync, alices, bobs)
        outcomes.append((alices.manifests, alices.segments, bobs.manifests, bobs.segments, bobs.offers))
    assert outcomes[0] == outcomes[1]
