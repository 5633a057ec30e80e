"""Forks and moves on their way from node to node: in the feed of changes, and told at once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.peers.house import NOW, Author, FakeLibrary, lines, signer
from tests.peers.nodes import node
from tests.peers.test_api import api, post, status_of, whole_bundle
from zbnntp.model.keys import Sha256, Signer, sha256
from zbnntp.model.succession import make_move
from zbnntp.peers.exchange import Request

CAROL, ANEW = Author("carol"), Author("carol anew")
LAST = (7, Sha256(sha256(b"a head")))


def move(to: Signer | None = None) -> bytes:
    return make_move(CAROL.identity, LAST, NOW, signer("carol recovery"), to)


def published(name: str) -> Author:
    author = Author(name)
    author.publish([lines(name, 3)])
    return author


async def test_notices_of_a_feed_are_taken(short_dir: Path) -> None:
    raw = move()
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(published("carol"))
        alice.library.extra.append((99, raw))
        cursor = await bob.sync.follow_changes(alice.endpoint, "")
        assert bob.library.noticed == [(raw, alice.endpoint)]
        assert cursor.endswith(".99")
        assert CAROL.identity in bob.library.manifests


async def test_a_bad_notice_does_not_keep_the_rest_of_a_feed_from_coming(
    short_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(published("carol"))
        alice.library.extra.append((99, move().replace(b'"time":1', b'"time":2')))
        await bob.sync.follow_changes(alice.endpoint, "")
        assert bob.library.noticed == []
        assert CAROL.identity in bob.library.manifests
        assert "a notice was not taken" in caplog.text


async def test_who_follows_somebody_says_so_before_the_own_head(short_dir: Path) -> None:
    anew, raw = published("carol anew"), move(ANEW.signer)
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        bob.library.keep(published("carol"))
        alice.library.keep(anew)
        alice.library.moves.append(raw)
        bob.library.wanting = lambda identity: bool(bob.library.noticed)
        await alice.sync.push_to(bob.endpoint, anew.identity)
        assert bob.library.noticed == [(raw, "push")]
        assert anew.identity in bob.library.manifests
        await alice.sync.push_to(bob.endpoint, anew.identity)
        assert len(bob.library.noticed) == 1


async def test_whoever_does_not_know_the_old_identity_is_told_once(short_dir: Path) -> None:
    anew = published("carol anew")
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        alice.library.keep(anew)
        alice.library.moves.append(move(ANEW.signer))
        for _ in range(2):
            await alice.sync.push_to(bob.endpoint, anew.identity)
        assert bob.library.noticed == []
        assert anew.identity in bob.library.manifests


async def test_a_pushed_notice_is_about_somebody_held() -> None:
    library = FakeLibrary()
    assert await status_of(api(library), Request("POST", "/zb/1/push", body=move() + b"\n")) == 403
    library.keep(published("carol"))
    assert (await post(api(library), "push", move() + b"\n")).status == 200
    assert library.noticed == [(move(), "push")]


async def test_pushed_notices_about_one_identity_keep_a_pace() -> None:
    library = FakeLibrary()
    library.keep(published("carol"))
    site = api(library)
    assert (await post(site, "push", move() + b"\n")).status == 200
    assert await status_of(site, Request("POST", "/zb/1/push", body=move() + b"\n")) == 429


async def test_a_notice_that_breaks_a_rule_is_400() -> None:
    library = FakeLibrary()
    library.keep(published("carol"))
    forged = move().replace(b'"time":1', b'"time":2')
    assert await status_of(api(library), Request("POST", "/zb/1/push", body=forged + b"\n")) == 400
    both = move() + b"\n" + whole_bundle(published("carol"))
    assert await status_of(api(library), Request("POST", "/zb/1/push", body=both)) == 400
