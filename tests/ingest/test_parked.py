"""Heads that come too early or too often wait aside: they are not held, prove nothing, and are looked at again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import START, House
from tests.ingest.forging import SOURCE, Forger, dump, following, segment, shown
from zbnntp import pacing
from zbnntp.ingest import IMPORT
from zbnntp.model import limits
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import BadSignature
from zbnntp.model.keys import sha256
from zbnntp.store import evidence, versions

HOUR = 3600
FAR = [{"seq": START + 7201, "time": START}, {"seq": START, "time": START + 7201}]


def parked(house: House) -> int:
    return len(dump(house)["parked"])


@pytest.mark.parametrize("fields", FAR)
async def test_a_head_of_the_future_is_parked_until_its_time_has_come(tmp_path: Path, fields: dict[str, int]) -> None:
    mallory = Forger("mallory")
    offer = mallory.offer([segment(mallory.opening("One"))], **fields)
    async with following(tmp_path, mallory) as bob:
        assert not await bob.take(offer)
        assert evidence.find_manifest(bob.reader, mallory.identity) is None
        assert await bob.intake.retry_parked(bob.now) == []
        bob.clock.now += 1
        assert await bob.intake.retry_parked(bob.now) == [mallory.identity]
        assert shown(bob) == {1: "One"}
        assert parked(bob) == 0
        assert bob.logged == []


async def test_a_parked_head_is_no_rollback_and_no_fork(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    early = mallory.offer([segment(mallory.opening("Early"))], seq=START + 3 * HOUR, time=START)
    twin = mallory.offer([segment(mallory.opening("Twin"))], seq=START + 3 * HOUR, time=START)
    present = mallory.offer([segment(mallory.opening("Present"))], seq=START)
    async with following(tmp_path, mallory) as bob:
        for offer in (early, twin):
            assert not await bob.take(offer)
        assert await bob.take(present)
        assert shown(bob) == {1: "Present"}
        assert bob.logged == []
        assert dump(bob)["fork"] == dump(bob)["branch"] == []


async def test_a_thief_cannot_burn_the_number_space(tmp_path: Path) -> None:
    """The highest seq there is, signed with a stolen key: the owner's next head counts as if nothing had been."""
    thief = Forger("mallory")
    last = thief.offer([segment(thief.opening("Last"))], seq=2**53 - 1, time=START)
    async with following(tmp_path, thief) as bob:
        assert not await bob.take(last)
        assert await bob.take(Forger("mallory").offer([segment(thief.opening("Mine"))], seq=START))
        bob.clock.now += 10 * 365 * 24 * HOUR
        assert await bob.intake.retry_parked(bob.now) == []
        assert shown(bob) == {1: "Mine"}


async def test_a_thief_of_ones_own_key_is_told_of_at_once(tmp_path: Path) -> None:
    thief = Forger("bob")
    async with following(tmp_path) as bob:
        assert not await bob.take(thief.offer([], seq=2**53 - 1, time=START), "push")
        assert ["with a date to come was sent by push" in text for text in bob.logged] == [True]


async def test_of_one_person_few_heads_are_parked_and_those_due_first_stay(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    heads = [
        mallory.offer([segment(mallory.opening(str(day)))], seq=START + day * 24 * HOUR) for day in range(9, 0, -1)
    ]
    async with following(tmp_path, mallory) as bob:
        for offer in heads:
            assert not await bob.take(offer)
        assert parked(bob) == versions.PARKED_EACH
        bob.clock.now += 24 * HOUR
        await bob.intake.retry_parked(bob.now)
        assert shown(bob) == {1: "1"}


async def test_parked_heads_of_all_have_a_limit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are due last give way."""
    people = [Forger(f"mallory {number}") for number in range(5)]
    monkeypatch.setattr(versions, "PARKED_OCTETS", 5_000)
    async with following(tmp_path, *people) as bob:
        for days, person in enumerate(people, 1):
            body = segment(person.opening(person.name, body="x" * 1_000 + "\n"))
            assert not await bob.take(person.offer([body], seq=START + days * 24 * HOUR))
        assert sum(len(row[5]) for row in dump(bob)["parked"]) <= 5_000
        bob.clock.now += 10 * 24 * HOUR
        await bob.intake.retry_parked(bob.now)
        assert list(shown(bob).values()) == ["mallory 0", "mallory 1"]


async def test_a_head_that_is_broken_is_not_parked(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    early, other = mallory.offer([], seq=START + 3 * HOUR), mallory.offer([], seq=START)
    async with following(tmp_path, mallory) as bob:
        with pytest.raises(BadSignature):
            await bob.take(Offer(early.pointer, other.head))
        assert parked(bob) == 0


async def test_a_parked_head_with_broken_segments_is_refused_when_its_time_has_come(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    body = segment(mallory.opening("One"))
    whole = mallory.offer([body], seq=START + 3 * HOUR)
    broken = Offer(whole.pointer, whole.head, mallory.offer([body + body]).slices)
    async with following(tmp_path, mallory) as bob:
        assert not await bob.take(broken, SOURCE)
        bob.clock.now += HOUR
        assert await bob.intake.retry_parked(bob.now) == []
        assert [text.partition(":")[0] for text in bob.logged] == [f"Refused a manifest from {SOURCE}"]


async def test_an_author_takes_an_early_head_back_with_merge(tmp_path: Path) -> None:
    """His clock was wrong: what he signed then must not come back when the date that it bears has come."""
    mallory = Forger("mallory")
    early = mallory.offer([segment(mallory.opening("Early"))], seq=START + 24 * HOUR)
    right = mallory.offer([segment(mallory.opening("Right"))], seq=START, merge=[sha256(early.head).hex()])
    async with following(tmp_path, mallory) as bob:
        await bob.take(early)
        assert await bob.take(right)
        assert parked(bob) == 0
        bob.clock.now += 24 * HOUR
        assert await bob.intake.retry_parked(bob.now) == []
        assert not await bob.take(early)
        assert shown(bob) == {1: "Right"}


def state_heads(mallory: Forger, count: int) -> list[Offer]:
    """Heads that differ in one rating alone."""
    posts = [segment(mallory.opening("One"))]
    other = Forger("other")
    return [mallory.offer(posts, [segment(mallory.trust(other.identity, value))]) for value in range(count)]


def rating_of(house: House, mallory: Forger) -> int | None:
    rows = [row for row in dump(house)["rating"] if row[0] == evidence.find_person(house.reader, mallory.identity)]
    return rows[0][2] if rows else None


async def test_state_alone_comes_in_a_burst_of_eight_and_one_an_hour(tmp_path: Path) -> None:
    """The first head brings a post; the next eight are the burst. Of what is parked the newest is taken."""
    mallory = Forger("mallory", seq=START - 1000)
    async with following(tmp_path, mallory, Forger("other")) as bob:
        taken = [await bob.take(offer) for offer in state_heads(mallory, 12)]
        assert taken == [True] * 9 + [False] * 3
        assert rating_of(bob, mallory) == 8
        bob.clock.now += HOUR - 1
        assert await bob.intake.retry_parked(bob.now) == []
        bob.clock.now += 1
        assert await bob.intake.retry_parked(bob.now) == [mallory.identity]
        assert rating_of(bob, mallory) == 11
        assert parked(bob) == 0


@pytest.mark.parametrize("spent", [False, True], ids=["no post", "no post that can be taken"])
async def test_a_list_that_changes_all_the_time_is_not_taken_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spent: bool
) -> None:
    """Another segment of posts in each head, or a post for which there is no room, does not help."""
    monkeypatch.setattr(pacing, "FIRST_CONTACT", pacing.Ration(1, limits.FIRST_CONTACT_OCTETS))
    mallory = Forger("mallory")
    lines = [mallory.opening("One")]
    async with following(tmp_path, mallory) as bob:
        taken = 0
        for number in range(20):
            state = segment(mallory.trust(mallory.identity, number))
            taken += await bob.take(mallory.offer([segment(*lines)], [state]))
            lines.append(mallory.opening(f"More {number}") if spent else b'{"kind":"x","x":%d}' % number)
        assert taken == 1 + pacing.STATE_BURST
        assert parked(bob) <= versions.PARKED_EACH


async def test_a_head_with_a_post_is_taken_at_once_and_brings_the_state_along(tmp_path: Path) -> None:
    mallory = Forger("mallory", seq=START - 1000)
    async with following(tmp_path, mallory, Forger("other")) as bob:
        for offer in state_heads(mallory, 12):
            await bob.take(offer)
        posts = [segment(mallory.opening("One"), mallory.opening("Two"))]
        assert await bob.take(mallory.offer(posts, [segment(mallory.trust(Forger("other").identity, 77))]))
        assert rating_of(bob, mallory) == 77
        bob.clock.now += HOUR
        assert await bob.intake.retry_parked(bob.now) == []
        assert rating_of(bob, mallory) == 77


async def test_what_the_owner_imports_keeps_no_pace(tmp_path: Path) -> None:
    mallory = Forger("mallory", seq=START - 1000)
    async with following(tmp_path, mallory, Forger("other")) as bob:
        assert all([await bob.take(offer, IMPORT) for offer in state_heads(mallory, 20)])
