"""Which head of a person counts: rollback, fork, a clock that runs ahead, a later format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import START
from tests.ingest.forging import BOARD, SOURCE, Forger, dump, following, segment, shown
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, NotPermitted
from zbnntp.model.keys import sha256
from zbnntp.store import evidence
from zbnntp.store.writer import Writer


async def test_older_head_is_a_rollback_and_no_news(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    first, second = segment(mallory.opening("One")), segment(mallory.opening("One"), mallory.opening("Two"))
    old, new = mallory.offer([first]), mallory.offer([second])
    async with following(tmp_path, mallory) as bob:
        assert await bob.take(new)
        before = dump(bob)
        assert not await bob.take(old)
        assert not await bob.take(new)
        assert dump(bob) == before


async def test_the_highest_head_is_not_forgotten_when_trust_is_taken_back(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    old, new = mallory.offer([segment(mallory.opening("One"))]), mallory.offer([])
    async with following(tmp_path, mallory) as bob:
        await bob.take(new)
        await bob.rate(mallory.identity, mt=-10000)
        with pytest.raises(NotPermitted, match="nobody here trusts"):
            await bob.take(old)
        await bob.rate(mallory.identity, mt=5000)
        assert not await bob.take(old)
        assert shown(bob) == {}


def forked(mallory: Forger) -> tuple[Offer, Offer]:
    """Two heads of one seq, the one of the lower hash first."""
    one = mallory.offer([segment(mallory.opening("One"))], seq=START)
    two = mallory.offer([segment(mallory.opening("Two"))], seq=START)
    low, high = sorted((one, two), key=lambda offer: sha256(offer.head))
    return low, high


@pytest.mark.parametrize("lower_first", [True, False])
async def test_fork_keeps_the_proof_and_the_lower_hash_whatever_came_first(tmp_path: Path, lower_first: bool) -> None:
    mallory = Forger("mallory")
    low, high = forked(mallory)
    async with following(tmp_path, mallory) as bob:
        for offer in (low, high) if lower_first else (high, low):
            await bob.take(offer)
        held = evidence.find_manifest(bob.reader, mallory.identity)
        assert held is not None
        assert held.head == low.head
        assert len(shown(bob)) == 1
        assert dump(bob)["fork"] == [(held.person, START, low.pointer, high.pointer)]
        assert [text for text in bob.logged if "fork" in text] == bob.logged
        assert len(bob.logged) == 1
        await bob.take(high)
        await bob.take(low)
        assert len(bob.logged) == 1


async def test_a_fork_is_proved_by_pointers_even_when_the_other_head_is_broken(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    low, high = forked(mallory)
    async with following(tmp_path, mallory) as bob:
        await bob.take(high)
        with pytest.raises(BadSignature):
            await bob.take(Offer(low.pointer, high.head))
        assert len(dump(bob)["fork"]) == 1


async def test_the_next_head_heals_a_fork(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    low, high = forked(mallory)
    healed = mallory.offer([segment(mallory.opening("One"), mallory.opening("Two"))])
    async with following(tmp_path, mallory) as bob:
        for offer in (low, high, healed):
            await bob.take(offer)
        assert sorted(shown(bob).values()) == ["One", "Two"]


@pytest.mark.parametrize("fields", [{"crit": ["threshold"]}, {"v": 2}])
async def test_a_head_that_needs_a_newer_version_is_kept_and_nothing_of_it_shown(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    mallory = Forger("mallory")
    offer = mallory.offer([segment(mallory.opening("New"))], **fields)
    async with following(tmp_path, mallory) as bob:
        assert await bob.take(offer)
        held = evidence.find_manifest(bob.reader, mallory.identity)
        assert held is not None
        assert held.pointer == offer.pointer
        assert shown(bob) == {}
        assert not await bob.take(offer)
        assert [text for text in bob.logged if "newer version" in text] == bob.logged
        assert len(bob.logged) == 1


async def test_what_was_shown_stays_when_a_later_head_needs_a_newer_version(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    old = segment(mallory.opening("Old"))
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([old]))
        await bob.take(mallory.offer([segment(mallory.opening("New"))], v=2))
        assert shown(bob) == {1: "Old"}
        await bob.take(mallory.offer([segment(mallory.opening("New"))]))
        assert shown(bob) == {2: "New"}


def broken_offers(mallory: Forger) -> dict[str, Offer]:
    """Each breaks one rule; everything else about it is good and new."""
    other = Forger("other")
    data = segment(mallory.opening("Two"))
    good = mallory.offer([data])
    mine, theirs = (who.identity.hex().encode() for who in (mallory, other))
    flipped = good.pointer.replace(b'"sig":"', b'"sig":"00', 1)
    unlike = mallory.offer([data], id=other.identity.hex())
    return {
        "pointer of another key": Offer(good.pointer.replace(mine, theirs), good.head),
        "signature too long": Offer(flipped, good.head),
        "head of another pointer": Offer(good.pointer, mallory.offer([]).head),
        "head of another identity": unlike,
        "a pointer that is no JSON": Offer(b"hello", good.head),
        "a head that is no JSON": Offer(good.pointer, b"hello"),
        "nick with a line end": mallory.offer([data], nick="a\nb"),
        "segment named twice": mallory.offer([data, data]),
        "prev that is newer": mallory.offer([data], prev=[mallory.seq + 99, "00" * 32]),
        "a clearnet endpoint": mallory.offer([data], endpoints=[{"url": "http://example.com", "own": True}]),
    }  # fmt: skip


@pytest.mark.parametrize("attack", broken_offers(Forger("mallory")))
async def test_a_broken_offer_is_logged_with_its_source_and_leaves_nothing_behind(tmp_path: Path, attack: str) -> None:
    mallory = Forger("mallory")
    good = mallory.offer([segment(mallory.opening("One"))])
    async with following(tmp_path, mallory, Forger("other")) as bob:
        await bob.take(good)
        before = dump(bob)
        with pytest.raises(Invalid) as failure:
            await bob.take(broken_offers(mallory)[attack], SOURCE)
        assert dump(bob) == before
        assert bob.logged == [f"Refused a manifest from {SOURCE}: {failure.value}"]
        assert shown(bob) == {1: "One"}


async def test_a_change_that_fails_half_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory = Forger("mallory")

    def fail(*_: object) -> None:
        raise BadEncoding("too late")

    async with following(tmp_path, mallory) as bob:
        before = dump(bob)
        monkeypatch.setattr(evidence, "keep_manifest", fail)
        with pytest.raises(BadEncoding):
            await bob.take(mallory.offer([segment(mallory.opening("One"))]))
        assert dump(bob) == before
        monkeypatch.undo()
        assert await bob.take(mallory.offer([segment(mallory.opening("One"))]))
        assert shown(bob) == {1: "One"}


async def test_a_person_whose_manifest_always_changes_is_put_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory = Forger("mallory")
    run = Writer.run

    async def interfere(self: Writer, change: object) -> object:
        """Somebody else's write comes first, each time."""
        await run(self, lambda database: database.execute("UPDATE manifest SET arrived = arrived, nick = nick || 'x'"))
        return await run(self, change)  # type: ignore[arg-type]

    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(mallory.opening("One"))]))
        before = dump(bob)["line"]
        monkeypatch.setattr(Writer, "run", interfere)
        with pytest.raises(NotPermitted, match="faster than it can be kept"):
            await bob.take(mallory.offer([segment(mallory.opening("Two"))]))
        monkeypatch.undo()
        assert dump(bob)["line"] == before
        assert bob.shelf.group(BOARD) is not None
