"""Two nodes that exchange manifests over real onions: whole, in part, together, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.peers.house import Author, FakeLibrary, lines
from tests.tor.onions import on_air, site_of, visitor
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.model.keys import sha256
from zbnntp.peers.sync import Sync

pytestmark = [pytest.mark.tor, pytest.mark.slow]
SEGMENTS, SEGMENT_LINES = 12, 11_000  # of about 430 kB each


async def test_two_nodes_exchange_in_both_directions(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path
) -> None:
    anna, bert = Author("anna"), Author("bert")
    libraries = {author.name: FakeLibrary(f"epoch{author.name}") for author in (anna, bert)}
    for author in (anna, bert):
        author.publish([lines(author.name, 10)])
        libraries[author.name].keep(author)
    async with (
        on_air(system_tor, short_dir, site_of(anna, libraries["anna"])) as at_anna,
        on_air(system_tor, short_dir, site_of(bert, libraries["bert"])) as at_bert,
        visitor(tor_network) as transport,
    ):
        assert await Sync(transport, libraries["bert"]).fetch_manifest(at_anna, anna.identity)
        assert await Sync(transport, libraries["anna"]).fetch_manifest(at_bert, bert.identity)
        bert.publish([lines(bert.name, 20)])
        libraries["bert"].keep(bert)
        await Sync(transport, libraries["bert"]).push_to(at_anna, bert.identity)
        assert libraries["anna"].manifests == libraries["bert"].manifests
        assert sha256(bert.posts[0]) in libraries["anna"].segments


async def test_what_is_held_costs_a_304_and_what_has_grown_its_end(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path
) -> None:
    author, there, here = Author("carol"), FakeLibrary(), FakeLibrary()
    author.publish([lines("a", 1000)])
    there.keep(author)
    async with on_air(system_tor, short_dir, site_of(author, there)) as endpoint, visitor(tor_network) as transport:
        sync = Sync(transport, here)
        assert await sync.fetch_manifest(endpoint, author.identity)
        tag = {"if-none-match": f'"{sha256(author.head).hex()}"'}
        same = await transport.request(endpoint, f"/zb/1/head/{author.identity.hex()}", limit=100, headers=tag)
        assert (same.status, same.body) == (304, b"")
        assert not await sync.fetch_manifest(endpoint, author.identity)
        old = author.posts[0]
        author.publish([old + lines("b", 10)])
        there.keep(author)
        assert await sync.fetch_manifest(endpoint, author.identity)
        assert here.offers[-1][0].slices[0].at == len(old)
        part = await transport.request(
            endpoint,
            f"/zb/1/seg/{sha256(author.posts[0]).hex()}",
            limit=10_000,
            headers={"range": f"bytes={len(old)}-"},
        )
        assert (part.status, part.body) == (206, lines("b", 10))


async def test_several_listed_manifests_come_in_one_bundle(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path
) -> None:
    there, here, authors = FakeLibrary(), FakeLibrary(), [Author(name) for name in ("carol", "dave", "erin")]
    for author in authors:
        author.publish([lines(author.name, 5)])
        there.keep(author)
    async with on_air(system_tor, short_dir, site_of(authors[0], there)) as endpoint, visitor(tor_network) as transport:
        cursor = await Sync(transport, here).follow_changes(endpoint, "")
        assert here.segments == there.segments
        assert len(here.offers) == 3
        assert await Sync(transport, here).follow_changes(endpoint, cursor) == cursor


async def test_five_megabytes_arrive_whole(tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path) -> None:
    author, here = Author("carol"), FakeLibrary()
    author.publish([lines(f"number {number}", SEGMENT_LINES) for number in range(SEGMENTS)])
    assert sum(map(len, author.posts)) > 5_000_000
    async with on_air(system_tor, short_dir, site_of(author)) as endpoint, visitor(tor_network) as transport:
        with trio.fail_after(60):
            assert await Sync(transport, here).fetch_manifest(endpoint, author.identity)
    assert [here.segments[sha256(data)] for data in author.posts] == author.posts
