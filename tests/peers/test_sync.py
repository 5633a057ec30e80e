"""Journeys between two nodes of a local network, over real Unix sockets."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.peers.house import Author, FakeLibrary, lines
from tests.peers.nodes import node
from zbnntp.model.errors import Missing, PeerGone, Refused
from zbnntp.model.keys import Identity, Sha256, sha256

CAROL = Author("carol").identity


async def test_a_manifest_is_fetched_whole(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("old", 3000), lines("new", 20)], [lines("trust", 4)])
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(carol)
        assert await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        assert bob.library.manifests == alice.library.manifests
        assert bob.library.segments == alice.library.segments
        assert not await bob.sync.fetch_manifest(alice.endpoint, carol.identity), "304"


async def test_while_it_is_fetched_one_sees_how_far_it_is(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("old", 3000), lines("new", 20)])
    sizes = [len(lines("old", 3000)), len(lines("new", 20))]
    seen: set[tuple[int, int]] = set()
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:

        class Watched(FakeLibrary):
            async def segment(self, name: Sha256) -> bytes | None:
                seen.update(bob.sync.under_way.values())
                return await super().segment(name)

        alice.library.__class__ = Watched
        alice.library.keep(carol)
        assert await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        assert seen == {(0, sum(sizes)), (sizes[1], sum(sizes))}
        assert bob.sync.under_way == {}


async def test_a_grown_segment_is_fetched_from_where_it_was(short_dir: Path) -> None:
    carol = Author("carol")
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        carol.publish([lines("sealed", 5), lines("open", 10)], [lines("trust", 4)])
        bob.library.keep(carol)
        carol.publish([lines("sealed", 5), lines("open", 12)], [lines("trust", 4), lines("more", 1)])
        alice.library.keep(carol)
        assert await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        offer, source = bob.library.offers[-1]
        assert source == alice.endpoint
        grown = lines("open", 12)
        parts = {piece.segment: piece for piece in offer.slices}
        assert parts[sha256(grown)].at == len(lines("open", 10))
        assert parts[sha256(grown)].data == lines("open", 2, 10)
        assert bob.library.segments[sha256(grown)] == grown


async def test_a_rewritten_segment_is_fetched_whole_after_the_range_did_not_fit(short_dir: Path) -> None:
    carol = Author("carol")
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        carol.publish([lines("one", 10)])
        bob.library.keep(carol)
        carol.publish([lines("other", 20)])
        alice.library.keep(carol)
        assert await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        assert [piece.at for piece in bob.library.offers[-1][0].slices] == [0]
        assert bob.library.segments[sha256(lines("other", 20))]


async def test_a_segment_that_the_peer_does_not_keep_is_left_out(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("gone", 3), lines("kept", 3)])
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(carol)
        del alice.library.segments[sha256(lines("gone", 3))]
        assert await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        assert set(bob.library.segments) == {sha256(lines("kept", 3))}


async def test_an_older_head_is_a_rollback(short_dir: Path) -> None:
    old, new = Author("carol"), Author("carol", seq=5)
    old.publish([lines("old", 1)])
    new.publish([lines("new", 1)])
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(old)
        bob.library.keep(new)
        assert not await bob.sync.fetch_manifest(alice.endpoint, old.identity)
        assert not bob.library.offers


async def test_an_unknown_identity_is_missing_and_an_absent_peer_gone(short_dir: Path) -> None:
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        with pytest.raises(Missing):
            await bob.sync.fetch_manifest(alice.endpoint, CAROL)
        with pytest.raises(PeerGone):
            await bob.sync.fetch_manifest("local:nobody", CAROL)


async def test_a_large_manifest_comes_in_several_offers(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines(f"month{number}", 12_000) for number in range(11)])  # 11 of 450 kB
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(carol)
        assert await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        assert len(bob.library.offers) == 2
        assert len(bob.library.segments) == 11


async def test_a_feed_is_followed_and_what_is_wanted_is_fetched(short_dir: Path) -> None:
    authors = [Author(name) for name in ("carol", "dave", "erin", "frank")]
    for author in authors:
        author.publish([lines(author.name, 30)])
    unwanted = authors[3].identity
    listed: list[Identity | None] = []
    bobs = FakeLibrary("epochbob", wanting=lambda identity: identity != unwanted)
    async with node(short_dir, "alice") as alice, node(short_dir, "bob", bobs) as bob:
        for author in authors:
            alice.library.keep(author)
        cursor = await bob.sync.follow_changes(alice.endpoint, "", 0, listed.append)
        assert cursor == "epochalice.4"
        assert listed == [*(author.identity for author in authors), None]
        assert set(bob.library.manifests) == {author.identity for author in authors[:3]}
        assert len(bob.library.segments) == 3


async def test_a_held_feed_answers_when_something_is_published(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("one", 3)])
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob, trio.open_nursery() as nursery:
        alice.library.keep(carol)
        bob.library.keep(carol)
        cursors: list[str] = []

        async def follow() -> None:
            cursors.append(await bob.sync.follow_changes(alice.endpoint, "epochalice.1", 60))

        nursery.start_soon(follow)
        await trio.sleep(0.1)
        assert not cursors
        carol.publish([lines("one", 4)])
        alice.library.keep(carol)
        with trio.fail_after(2):
            await bob.library.offered.wait()
        while not cursors:
            await trio.sleep(0.01)
        assert cursors == ["epochalice.2"]
        assert bob.library.segments[sha256(lines("one", 4))]


async def test_an_unknown_epoch_lists_from_the_start(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("one", 3)])
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(carol)
        assert await bob.sync.follow_changes(alice.endpoint, "another.77") == "epochalice.1"
        assert bob.library.manifests


async def test_a_push_brings_the_newest_head(short_dir: Path) -> None:
    carol = Author("carol")
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        carol.publish([lines("one", 3)], [lines("state", 2)])
        bob.library.keep(carol)
        await bob.sync.push_to(alice.endpoint, carol.identity)
        assert alice.library.segments == bob.library.segments
        assert alice.library.offers[-1][1] == "push"


async def test_a_push_of_somebody_unknown_is_refused(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("one", 3)])
    alices = FakeLibrary(wanting=lambda identity: False)
    async with node(short_dir, "alice", alices) as alice, node(short_dir, "bob") as bob:
        bob.library.keep(carol)
        with pytest.raises(Refused):
            await bob.sync.push_to(alice.endpoint, carol.identity)
        assert not alice.library.offers


async def test_a_source_that_freezes_an_author_hides_nothing_that_others_have(short_dir: Path) -> None:
    """It lists the old version for ever; whoever else is asked has the new one, and that stays."""
    carol = Author("carol")
    async with (
        node(short_dir, "frozen") as frozen,
        node(short_dir, "alice") as alice,
        node(short_dir, "bob") as bob,
    ):
        carol.publish([lines("old", 3)])
        frozen.library.keep(carol)
        await bob.sync.follow_changes(frozen.endpoint, "")
        carol.publish([lines("old", 3), lines("new", 3)])
        alice.library.keep(carol)
        await bob.sync.follow_changes(alice.endpoint, "")
        for _ in range(2):
            await bob.sync.follow_changes(frozen.endpoint, "")
            held = bob.library.held(carol.identity)
            assert held is not None
            assert held.head == sha256(carol.head)


async def test_an_older_version_that_a_peer_lists_is_looked_at_as_proof_of_a_fork(short_dir: Path) -> None:
    carol = Author("carol")
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        carol.publish([lines("old", 3)])
        alice.library.keep(carol)
        old = carol.pointer
        carol.publish([lines("new", 3)])
        bob.library.keep(carol)
        await bob.sync.follow_changes(alice.endpoint, "")
        assert [it.raw for it in bob.library.witnessed] == [old]
        await bob.sync.fetch_manifest(alice.endpoint, carol.identity)
        assert [it.raw for it in bob.library.witnessed] == [old, old]


async def test_a_node_is_asked_what_time_it_is_and_which_version_of_ours_it_keeps(short_dir: Path) -> None:
    carol = Author("carol")
    carol.publish([lines("one", 3)])
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(carol)
        assert await bob.sync.ask_time(alice.endpoint) > 0
        assert await bob.sync.ask_version(alice.endpoint, carol.identity) == (carol.seq, sha256(carol.head))
        with pytest.raises(Missing):
            await bob.sync.ask_version(alice.endpoint, bob.identity)
