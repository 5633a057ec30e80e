"""Somebody's recovery key: who may name another one, what ends by it, and who follows whom."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.houses import START, House
from tests.ingest.forging import SOURCE, Forger, dump, following, head_of, segment, shown
from zbnntp.model.bundle import Offer
from zbnntp.model.canonical import decode
from zbnntp.model.errors import BadSignature, BadSuccession, NotPermitted
from zbnntp.model.keys import Sha256, Signer, sha256
from zbnntp.model.succession import make_move, make_renewal, print_renewals
from zbnntp.model.views import Level
from zbnntp.store import choices, evidence, ratings


@dataclass
class Owner(Forger):
    """A forger who has a recovery key as well; whoever stole the identity's key does not have that."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.recovery = recovery_key(self.name)

    def offer(self, *args: Any, **fields: Any) -> Offer:
        return super().offer(*args, **{"next": sha256(self.recovery.identity).hex()} | fields)

    def move(self, last: Offer, to: Forger | None = None, by: Signer | None = None, time: int = START) -> bytes:
        head = head_of(last)
        version = head["seq"], Sha256(sha256(last.head))
        return make_move(self.identity, version, time, by or self.recovery, to.signer if to else None)


def recovery_key(name: str) -> Signer:
    return Signer.from_seed(sha256(b"recovery " + name.encode()))


def owner() -> tuple[Owner, Owner]:
    return Owner("alice"), Owner("alice-anew")


def held_seq(house: House, who: Forger) -> int:
    held = evidence.find_manifest(house.reader, who.identity)
    return held.seq if held else 0


def level(house: House, who: Forger) -> Level:
    return ratings.standings(house.reader, 1)[who.identity].level


async def notice(house: House, raw: bytes) -> bool:
    return await house.intake.take_notice(raw, SOURCE, house.now)


# next and next_by


async def test_a_head_with_another_recovery_key_is_refused_and_logged(tmp_path: Path) -> None:
    alice, _ = owner()
    first = alice.offer([segment(alice.opening("One"))])
    stolen = alice.offer([segment(alice.opening("Thief"))], next=sha256(recovery_key("thief").identity).hex())
    async with following(tmp_path, alice) as bob:
        await bob.take(first)
        before = dump(bob)
        with pytest.raises(BadSuccession):
            await bob.take(stolen)
        assert dump(bob) == before
        assert any("recovery key" in text and SOURCE not in text[:8] for text in bob.logged)


async def test_the_first_recovery_key_seen_stays_known_when_everything_else_expired(tmp_path: Path) -> None:
    alice, _ = owner()
    async with following(tmp_path, alice) as bob:
        await bob.take(alice.offer([segment(alice.opening("One"))]))
        await bob.take(alice.offer([]))
        with pytest.raises(BadSuccession):
            await bob.take(alice.offer([], next="00" * 32))


async def test_a_recovery_key_is_renewed_by_the_one_before(tmp_path: Path) -> None:
    alice, _ = owner()
    second = recovery_key("second")
    renewal = make_renewal(alice.identity, alice.recovery, Sha256(sha256(second.identity)))
    items = print_renewals([renewal])
    old = alice.offer([segment(alice.opening("One"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(old)
        assert await bob.take(alice.offer([], next=sha256(second.identity).hex(), next_by=items))
        with pytest.raises(BadSuccession):
            await bob.take(alice.offer([], next_by=items))  # back to words that may be known to somebody
        assert await bob.take(alice.offer([], next=sha256(second.identity).hex(), next_by=items))
        assert not await notice(bob, alice.move(old))
        assert await notice(bob, alice.move(old, by=second))


# moves


async def test_ratings_follow_somebody_who_moved(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        with pytest.raises(NotPermitted):
            await bob.take(anew.offer([segment(anew.opening("New"))]))
        assert await notice(bob, alice.move(last, anew))
        assert await bob.take(anew.offer([segment(anew.opening("New"))]))
        assert sorted(shown(bob).values()) == ["New", "Old"]
        assert level(bob, anew) == level(bob, alice) == Level.FULL
        assert any("has moved to" in text for text in bob.logged)
        assert not await notice(bob, alice.move(last, anew))


async def test_a_move_is_taken_from_the_state_of_whoever_follows(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice, anew) as bob:
        await bob.take(last)
        await bob.take(anew.offer([], [segment(alice.move(last, anew))]))
        with pytest.raises(NotPermitted, match="has ended"):
            await bob.take(alice.offer([segment(alice.opening("Thief"))]))


async def test_a_move_line_that_breaks_a_rule_is_skipped(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    good = alice.move(last, anew)
    bad = good.replace(str(START).encode(), str(START + 1).encode())
    async with following(tmp_path, alice, anew) as bob:
        await bob.take(last)
        await bob.take(anew.offer([], [segment(bad)]))
        assert dump(bob)["ended"] == []
        await bob.take(anew.offer([], [segment(bad, good)]))
        assert len(dump(bob)["ended"]) == 1


async def test_of_one_state_the_first_sixteen_moves_are_read(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([])
    others = [Owner(f"other {number}") for number in range(16)]
    many = [it.move(last, by=it.signer) for it in others]
    async with following(tmp_path, alice, anew) as bob:
        await bob.take(last)
        await bob.take(anew.offer([], [segment(*many, alice.move(last, anew))]))
        assert dump(bob)["ended"] == []


@pytest.mark.parametrize("move_first", [True, False])
async def test_what_was_published_after_the_last_good_version_does_not_count(tmp_path: Path, move_first: bool) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    stolen = alice.offer([segment(alice.opening("Old"), alice.opening("Thief", time=alice.seq + 1))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        if move_first:
            await notice(bob, alice.move(last, anew))
            with pytest.raises(NotPermitted, match="has ended"):
                await bob.take(stolen)
        else:
            await bob.take(stolen)
            await notice(bob, alice.move(last, anew))
        assert list(shown(bob).values()) == ["Old"]


async def test_a_post_dated_back_by_a_thief_does_not_count_either(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    later = alice.offer([segment(alice.opening("Old"))], nick="alice!")
    stolen = alice.offer([segment(alice.opening("Old"), alice.opening("Thief", time=START - 5000))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        bob.clock.now += 60
        await bob.take(later)
        bob.clock.now += 60
        await bob.take(stolen)
        assert len(shown(bob)) == 2
        await notice(bob, alice.move(last, anew))
        assert list(shown(bob).values()) == ["Old"]


async def test_the_last_good_version_comes_back_in_place_of_what_a_thief_left(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"), alice.opening("Deleted by the thief"))])
    older = alice.offer([], seq=alice.seq - 1)
    alice.seq += 1
    stolen = alice.offer([segment(alice.opening("Thief"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(stolen)
        await notice(bob, alice.move(last, anew))
        assert not await bob.take(older)
        assert bob.intake.wanted(alice.identity)
        assert await bob.take(last)
        assert sorted(shown(bob).values()) == ["Deleted by the thief", "Old"]
        assert not bob.intake.wanted(alice.identity)


async def test_ratings_that_a_thief_published_do_not_count(tmp_path: Path) -> None:
    alice, anew = owner()
    friend = Forger("friend")
    last = alice.offer([], [segment(alice.trust(friend.identity, 5000))])
    state = segment(alice.trust(friend.identity, 5000), alice.trust(Forger("spam").identity, 9000, time=alice.seq + 50))
    async with following(tmp_path) as bob:
        await bob.rate(alice.identity, mt=5000, tlt=10000)
        await bob.take(alice.offer([], [state], seq=alice.seq + 100))
        assert len(dump(bob)["rating"]) == 3
        await notice(bob, alice.move(last, anew))
        assert len(dump(bob)["rating"]) == 2


async def test_a_revoked_identity_ends_and_nobody_follows(tmp_path: Path) -> None:
    alice, _ = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        assert await notice(bob, alice.move(last))
        assert list(shown(bob).values()) == ["Old"]
        assert any("has ended" in text for text in bob.logged)
        with pytest.raises(NotPermitted, match="has ended"):
            await bob.take(alice.offer([segment(alice.opening("Thief"))]))


async def test_a_bad_name_is_not_handed_on(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        await bob.rate(alice.identity, mt=-5000)
        await notice(bob, alice.move(last, anew))
        assert anew.identity not in ratings.standings(bob.reader, 1)
        assert shown(bob) == {}


async def test_an_own_rating_of_the_successor_stands_before_that_of_the_old_identity(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        await bob.rate(anew.identity, mt=-5000)
        await notice(bob, alice.move(last, anew))
        assert level(bob, anew) == Level.HIDDEN


async def test_private_ratings_follow_too(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path) as bob:
        person = await bob.writer.run(lambda database: evidence.person_pk(database, alice.identity))
        await bob.writer.run(lambda database: choices.put_private_rating(database, 1, person, 5000, None))
        bob.standings.note_choices(bob.identity)
        await bob.standings.refresh(bob.now)
        await bob.take(last)
        await notice(bob, alice.move(last, anew))
        assert level(bob, anew) == level(bob, alice) == Level.FULL


async def test_somebody_who_moves_again_and_again_counts_once(tmp_path: Path) -> None:
    """Trust is handed on, never multiplied: what friends give to the first is what the last one has."""
    line = [Owner("alice"), *(Owner(f"alice {number}") for number in range(2, 5))]
    friend = Forger("friend")
    async with following(tmp_path) as bob:
        await bob.rate(friend.identity, tlt=10000)
        await bob.take(friend.offer([], [segment(friend.trust(line[0].identity, 9000, 9000))]))
        before = ratings.standings(bob.reader, 1)[line[0].identity]
        for old, new in pairwise(line):
            offer = old.offer([])
            await bob.take(offer)
            await notice(bob, old.move(offer, new))
        after = ratings.standings(bob.reader, 1)
        assert (after[line[-1].identity].tlt, after[line[-1].identity].mt) == (before.tlt, before.mt)
        assert [after[it.identity].tlt for it in line[:-1]] == [0.0, 0.0, 0.0]
        assert {after[it.identity].level for it in line} == {Level.FULL}


async def test_moves_in_a_circle_hand_nothing_on(tmp_path: Path) -> None:
    alice, anew = owner()
    first, second = alice.offer([]), anew.offer([])
    async with following(tmp_path, alice, anew) as bob:
        await bob.take(first)
        await bob.take(second)
        await notice(bob, alice.move(first, anew))
        await notice(bob, anew.move(second, alice))
        assert level(bob, anew) == level(bob, alice) == Level.FULL


async def test_of_two_successors_neither_gets_anything_until_the_owner_decides(tmp_path: Path) -> None:
    alice, anew = owner()
    other = Owner("alice-other")
    last = alice.offer([segment(alice.opening("Old"))])
    friend = Forger("friend")
    async with following(tmp_path, alice) as bob:
        await bob.rate(friend.identity, mt=5000, tlt=10000)
        await bob.take(friend.offer([], [segment(friend.trust(alice.identity, 9000, 9000))]))
        await bob.take(last)
        await notice(bob, alice.move(last, anew))
        assert bob.intake.wanted(anew.identity)
        await notice(bob, alice.move(last, other))
        assert not bob.intake.wanted(anew.identity)
        assert not bob.intake.wanted(other.identity)
        assert any("rate the right one" in text for text in bob.logged)
        with pytest.raises(NotPermitted, match="has ended"):
            await bob.take(alice.offer([]))
        await bob.rate(other.identity, mt=5000)
        assert ratings.standings(bob.reader, 1)[other.identity].tlt > 0  # of the friend's, too
        assert not bob.intake.wanted(anew.identity)


async def test_a_move_signed_by_the_stolen_key_does_nothing(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        assert not await notice(bob, alice.move(last, anew, by=alice.signer))
        assert any("did not sign" in text for text in bob.logged)
        assert await bob.take(alice.offer([]))
        assert dump(bob)["notice"] == []


async def test_a_move_is_believed_when_the_recovery_key_becomes_known(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice, anew) as bob:
        await bob.take(anew.offer([], [segment(alice.move(last, anew))]))
        assert bob.reader.execute("SELECT count(*) FROM notice WHERE change IS NULL").fetchone() == (1,)
        assert not any("has moved" in text and "not taken" in text for text in bob.logged)
        await bob.take(last)
        assert bob.reader.execute("SELECT count(*) FROM notice WHERE change IS NULL").fetchone() == (0,)
        assert any("has moved" in text and "not taken" in text for text in bob.logged)
        with pytest.raises(NotPermitted, match="has ended"):
            await bob.take(alice.offer([]))


async def test_a_notice_about_somebody_unknown_leaves_no_trace(tmp_path: Path) -> None:
    alice, anew = owner()
    async with following(tmp_path) as bob:
        before = dump(bob)
        assert not await notice(bob, alice.move(alice.offer([]), anew))
        assert dump(bob) == before


async def test_a_forged_notice_is_refused_and_logged(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        raw = alice.move(last, anew)
        with pytest.raises(BadSignature):
            await notice(bob, raw.replace(str(START).encode(), str(START + 1).encode()))
        assert any(SOURCE in text for text in bob.logged)


async def test_a_recovery_key_cannot_fill_the_disk_with_moves(tmp_path: Path) -> None:
    alice, _ = owner()
    last = alice.offer([])
    async with following(tmp_path, alice) as bob:
        await bob.take(last)
        for number in range(12):
            await notice(bob, alice.move(last, Forger(f"heir {number}")))
        assert len(dump(bob)["notice"]) == 4


async def test_a_move_of_another_key_is_forgotten_when_the_recovery_key_becomes_known(tmp_path: Path) -> None:
    alice, anew = owner()
    last = alice.offer([segment(alice.opening("Old"))])
    async with following(tmp_path, alice, anew) as bob:
        await bob.take(anew.offer([], [segment(alice.move(last, anew, by=recovery_key("thief")))]))
        await bob.take(last)
        assert dump(bob)["notice"] == []
        assert await bob.take(alice.offer([]))


async def test_the_owner_is_told_that_his_own_words_were_used(tmp_path: Path) -> None:
    me = Owner("bob")
    last = me.offer([segment(me.opening("Mine"))])
    async with following(tmp_path) as bob:
        await bob.take(last)
        await notice(bob, me.move(last))
        assert any("Your recovery words" in text for text in bob.logged)
        with pytest.raises(NotPermitted, match="has ended"):
            await bob.take(me.offer([]))


# forks


async def test_a_fork_that_others_saw_is_noted_and_passed_on(tmp_path: Path) -> None:
    alice, _ = owner()
    one = alice.offer([segment(alice.opening("One"))], seq=START)
    two = alice.offer([segment(alice.opening("Two"))], seq=START)
    async with following(tmp_path / "1", alice) as bob:
        await bob.take(one)
        await bob.take(two)
        (line,) = [row[3] for row in dump(bob)["notice"]]
        assert decode(line)["kind"] == "fork"
    async with following(tmp_path / "2", alice) as bob:
        await bob.take(alice.offer([segment(alice.opening("Three"))], seq=START + 10))
        assert await notice(bob, line)
        assert not await notice(bob, line)
        assert any("fork" in text for text in bob.logged)
        assert [row[3] for row in dump(bob)["notice"]] == [line]
        assert held_seq(bob, alice) == START + 10
