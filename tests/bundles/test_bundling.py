"""What an export takes along, and what comes of it in another house."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import Forger, segment
from zbnntp.bundling import Choice, bundle_lines, choose
from zbnntp.byhand import import_offer
from zbnntp.ingest import IMPORT
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, read_bundle
from zbnntp.model.errors import BadSignature, NotPermitted
from zbnntp.model.keys import Signer, sha256
from zbnntp.model.succession import make_move
from zbnntp.model.views import Level
from zbnntp.store import choices, evidence

DAY = 86_400
OTHER = "test.other"
ALL = Choice()


def exported(house: House, choice: Choice = ALL) -> list[bytes]:
    return [line for share in choose(house.reader, choice) for line in bundle_lines(house.reader, share)]


def offers(house: House, choice: Choice = ALL) -> list[Offer]:
    return list(read_bundle(exported(house, choice)))


async def carry(offered: Iterator[Offer] | list[Offer], to: House) -> list[bool]:
    return [await to.take(offer, IMPORT) for offer in offered]


async def carry_by_hand(offered: list[Offer], to: House) -> list[bool]:
    """With the notices beside them."""
    return [await import_offer(to.intake, offer, to.now) for offer in offered]


def bodies(found: list[Offer]) -> str:
    return "".join(part.data.decode() for offer in found for part in offer.slices)


async def talked(house: House) -> None:
    """A post in one board, and a month later one in another."""
    await house.add_board("test.talk")
    await house.post("test.talk", "Early", "early words\n")
    await house.seal()
    house.clock.now = START + 40 * DAY
    await house.add_board(OTHER)
    await house.post(OTHER, "Late", "late words\n")
    await house.seal()


async def test_a_whole_export_makes_another_house_hold_and_show_the_same(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
        await talked(alice)
        assert await carry(offers(alice), bob) == [True]
        await bob.rate(alice.identity, mt=10000)
        for board, subject in (("test.talk", "Early"), (OTHER, "Late")):
            await bob.add_board(board)
            assert bob.subjects(board) == alice.subjects(board) == [subject]
        assert exported(bob) == exported(alice)


async def test_an_import_twice_is_no_news(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
        await talked(alice)
        assert await carry(offers(alice), bob) == [True]
        assert await carry(offers(alice), bob) == [False]


async def test_an_export_by_days_leaves_out_what_is_older(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await talked(alice)
        assert "early" in bodies(offers(alice))
        late = bodies(offers(alice, Choice(since=START + 30 * DAY)))
        assert "late words" in late
        assert "early words" not in late
        assert offers(alice, Choice(since=START + 41 * DAY)) == []


async def test_an_export_by_boards_brings_the_segments_that_hold_posts_in_them(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await talked(alice)
        other = bodies(offers(alice, Choice(boards=frozenset({OTHER}))))
        assert "late words" in other
        assert "early words" not in other
        assert offers(alice, Choice(boards=frozenset({"test.empty"}))) == []


async def test_an_export_by_people(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    async with open_house(tmp_path, "alice") as alice:
        await talked(alice)
        await alice.take(mallory.offer([segment(mallory.opening("Mine"))]), IMPORT)
        assert len(offers(alice)) == 2
        (found,) = offers(alice, Choice(people=frozenset({mallory.identity})))
        assert "Mine" in bodies([found])


async def test_what_was_left_out_comes_with_a_later_import(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
        await talked(alice)
        await carry(offers(alice, Choice(since=START + 30 * DAY)), bob)
        assert "early words" not in bodies(offers(bob))
        assert await carry(offers(alice), bob) == [True]
        assert exported(bob) == exported(alice)


async def bring(house: House, whole: Offer) -> None:
    """A manifest, one segment at a time."""
    for name in dict.fromkeys(part.segment for part in whole.slices):
        slices = tuple(part for part in whole.slices if part.segment == name)
        await house.take(Offer(whole.pointer, whole.head, slices), IMPORT)


async def test_a_manifest_above_4_mib_travels_in_several_offers(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    long = [segment(*(mallory.opening(f"{n} {m}", body="x" * 60_000) for m in range(8))) for n in range(10)]
    async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
        await bring(alice, mallory.offer(long))
        found = offers(alice)
        assert len(found) == 2
        assert len({(offer.pointer, offer.head) for offer in found}) == 1
        assert all(await carry(found, bob))
        assert exported(bob) == exported(alice)


async def test_no_offer_of_an_export_is_above_the_limit(tmp_path: Path) -> None:
    """Quotes and backslashes are the worst that JSON in JSON can be given."""
    mallory = Forger("mallory")
    worst = [segment(*(mallory.opening(f"{n} {m}", body='"\\' * 30_000) for m in range(4))) for n in range(5)]
    async with open_house(tmp_path, "alice") as alice:
        whole = mallory.offer(worst)
        await bring(alice, whole)
        lines = exported(alice)
        assert sum(map(len, lines)) > limits.BUNDLE_OCTETS
        assert sum(len(offer.slices) for offer in read_bundle(lines)) == len(whole.slices)


async def test_a_stranger_s_manifest_is_kept_when_the_owner_brings_it(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    offer = mallory.offer([segment(mallory.opening("Hello"))])
    async with open_house(tmp_path, "bob") as bob:
        with pytest.raises(NotPermitted):
            await bob.take(offer, "a peer")
        assert await bob.take(offer, IMPORT)
        assert evidence.find_manifest(bob.reader, mallory.identity) is not None


async def test_an_import_is_checked_as_a_peer_is(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    one, other = mallory.offer([segment(mallory.opening("One"))]), mallory.offer([segment(mallory.opening("Two"))])
    async with open_house(tmp_path, "bob") as bob:
        with pytest.raises(BadSignature):
            await bob.take(Offer(one.pointer, other.head, other.slices), IMPORT)
        assert evidence.find_manifest(bob.reader, mallory.identity) is None


async def test_an_older_version_on_a_stick_is_a_rollback_and_no_news(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    old, new = mallory.offer([segment(mallory.opening("One"))]), mallory.offer([segment(mallory.opening("Two"))])
    async with open_house(tmp_path, "bob") as bob:
        assert await carry([new, old], bob) == [True, False]


async def test_who_is_held_at_a_version_stays_there(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    async with open_house(tmp_path, "bob") as bob:
        await bob.take(mallory.offer([segment(mallory.opening("One"))]), IMPORT)
        view, person = (evidence.find_person(bob.reader, it) or 0 for it in (bob.identity, mallory.identity))
        held = evidence.find_manifest(bob.reader, mallory.identity)
        assert held is not None
        pin = choices.Pin(person, mallory.identity, held.seq, held.head_sha256, Level.FULL)
        await bob.writer.run(lambda database: choices.put_pin(database, view, person, pin))
        with pytest.raises(NotPermitted, match="unpin"):
            await bob.take(mallory.offer([segment(mallory.opening("Two"))]), IMPORT)


async def test_a_fork_s_proof_travels_along(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    one, two = (mallory.offer([segment(mallory.opening(it))], seq=START) for it in ("One", "Two"))
    async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
        await carry([one, two], alice)
        assert await carry_by_hand(offers(alice), bob) == [True]
        assert any("fork" in text for text in bob.logged)
        assert exported(bob) == exported(alice)


async def test_a_revocation_travels_along_and_acts(tmp_path: Path) -> None:
    recovery = Signer.from_seed(sha256(b"on paper"))
    mallory = Forger("mallory")
    said = mallory.offer([segment(mallory.opening("One"))], next=sha256(recovery.identity).hex())
    after = mallory.offer([segment(mallory.opening("By the thief"))], next=sha256(recovery.identity).hex())
    move = make_move(mallory.identity, (json.loads(said.head)["seq"], sha256(said.head)), START, recovery)
    async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
        await carry([said], alice)
        await alice.intake.take_notice(move, "a peer", alice.now)
        await carry([after], bob)
        assert await carry_by_hand(offers(alice), bob) == [True]
        assert exported(bob) == exported(alice)


async def test_a_notice_on_a_stick_that_proves_nothing_is_refused(tmp_path: Path) -> None:
    mallory, trent = Forger("mallory"), Forger("trent")
    said = mallory.offer([segment(mallory.opening("One"))])
    move = make_move(mallory.identity, (json.loads(said.head)["seq"], sha256(said.head)), START, trent.signer)
    async with open_house(tmp_path, "bob") as bob:
        await carry_by_hand([Offer(said.pointer, said.head, said.slices, (move, b'{"kind":"fork"}'))], bob)
        assert offers(bob) == [said]
