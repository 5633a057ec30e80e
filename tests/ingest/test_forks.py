"""One key, two versions that do not follow one another: proof, convergence, healing, and what the author does."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import BOARD, Forger, dump, following, head_of, segment, shown
from zbnntp.model.bundle import Offer
from zbnntp.model.keys import Identity, sha256
from zbnntp.model.manifest import open_pointer
from zbnntp.store import evidence, promises, ratings, versions


def name(offer: Offer) -> str:
    return sha256(offer.head).hex()


def conflicts(house: House, who: Identity) -> int:
    return versions.count_conflicts(house.reader, evidence.find_person(house.reader, who) or 0)


def chain(mallory: Forger) -> tuple[Offer, Offer, Offer]:
    """A first head, and two that both follow it: the second does not know of the first."""
    start = mallory.offer([segment(mallory.opening("Start"))], seq=START - 100)
    prev = [START - 100, name(start)]
    one = mallory.offer([segment(mallory.opening("Start"), mallory.opening("One"))], seq=START - 50, prev=prev)
    two = mallory.offer([segment(mallory.opening("Start"), mallory.opening("Two"))], seq=START - 40, prev=prev)
    return start, one, two


async def test_a_head_whose_prev_is_older_than_the_held_one_is_a_fork(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    start, one, two = chain(mallory)
    async with following(tmp_path, mallory) as bob:
        for offer in (start, one, two):
            assert await bob.take(offer)
        assert conflicts(bob, mallory.identity) == 1
        assert ["has signed two versions" in text for text in bob.logged] == [True]
        assert sorted(shown(bob).values()) == ["Start", "Two"]


async def test_a_pointer_between_prev_and_the_held_head_is_a_fork(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    start, one, two = chain(mallory)
    async with following(tmp_path, mallory) as bob:
        await bob.take(start)
        await bob.take(two)
        assert not await bob.take(one)
        assert not await bob.take(one)
        assert conflicts(bob, mallory.identity) == 1
        assert ["has signed two versions" in text for text in bob.logged] == [True]


async def test_a_pointer_of_prev_s_seq_with_another_hash_is_a_fork(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    start, one, _ = chain(mallory)
    other = mallory.offer([segment(mallory.opening("Other"))], seq=START - 100)
    async with following(tmp_path, mallory) as bob:
        await bob.take(start)
        await bob.take(one)
        await bob.intake.witness(open_pointer(other.pointer))
        assert conflicts(bob, mallory.identity) == 1


async def test_heads_in_line_are_no_fork(tmp_path: Path) -> None:
    """Also when some of them were never seen, come late, or say nothing of what was before."""
    mallory = Forger("mallory")
    offers = []
    prev: dict[str, list[object]] = {}
    for number in range(6):
        offers.append(mallory.offer([segment(mallory.opening(str(number)))], seq=START - 100 + number, **prev))
        prev = {"prev": [mallory.seq, name(offers[-1])]}
    silent = mallory.offer([segment(mallory.opening("Silent"))], seq=START - 10)
    async with following(tmp_path, mallory) as bob:
        for number in (0, 1, 4, 2, 3, 1, 5, 0, 5):
            await bob.take(offers[number])
        await bob.take(silent)
        assert conflicts(bob, mallory.identity) == 0
        assert bob.logged == []


async def test_a_key_that_forks_without_end_fills_no_disk(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    start = mallory.offer([], seq=START - 1000)
    last = mallory.offer([], seq=START, prev=[START - 1000, name(start)])
    async with following(tmp_path, mallory) as bob:
        await bob.take(last)
        for seq in range(START - 200, START):
            await bob.intake.witness(open_pointer(mallory.offer([], seq=seq).pointer))
        assert len(dump(bob)["branch"]) == versions.BRANCHES_EACH


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_of_three_heads_of_one_seq_everybody_keeps_the_lowest(tmp_path: Path, order: tuple[int, ...]) -> None:
    mallory = Forger("mallory")
    offers = [mallory.offer([segment(mallory.opening(text))], seq=START) for text in ("One", "Two", "Three")]
    async with following(tmp_path, mallory) as bob:
        for number in order:
            await bob.take(offers[number])
        held = evidence.find_manifest(bob.reader, mallory.identity)
        assert held is not None
        assert held.head_sha256 == min(sha256(offer.head) for offer in offers)
        assert conflicts(bob, mallory.identity) == 1


async def test_merge_clears_the_mark_for_good(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    start, one, two = chain(mallory)
    posts = [segment(mallory.opening("Start"), mallory.opening("Two"), mallory.opening("One"))]
    healed = mallory.offer(posts, seq=START - 30, prev=[START - 40, name(two)], merge=[name(one)])
    later = mallory.offer(posts, seq=START - 20, prev=[START - 30, name(healed)])
    async with following(tmp_path, mallory) as bob:
        for offer in (start, one, two):
            await bob.take(offer)
        heard: list[Identity] = []
        bob.intake.arrived = heard.append
        await bob.take(healed)
        assert heard == [mallory.identity]  # zb.people looks at him again
        assert conflicts(bob, mallory.identity) == 0
        for offer in (later, one, two):
            await bob.take(offer)
        assert conflicts(bob, mallory.identity) == 0
        assert sorted(shown(bob).values()) == ["One", "Start", "Two"]


async def test_a_head_that_heals_without_merge_leaves_the_mark(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    start, one, two = chain(mallory)
    async with following(tmp_path, mallory) as bob:
        for offer in (start, one, two):
            await bob.take(offer)
        await bob.take(mallory.offer([], seq=START, prev=[START - 40, name(two)], merge=["00" * 32]))
        assert conflicts(bob, mallory.identity) == 1


async def test_one_key_on_two_nodes_forks_warns_and_heals(tmp_path: Path) -> None:
    """A laptop and its copy both publish. Nobody's words are lost, the next head names both, the mark goes."""
    clock = Clock()
    friend = Forger("friend")
    async with (
        open_house(tmp_path / "laptop", "alice", clock) as laptop,
        open_house(tmp_path / "desk", "alice", clock) as desk,
        following(tmp_path, laptop, clock=clock) as bob,
    ):
        for house in (laptop, desk):
            await house.add_board(BOARD)
        await laptop.post(BOARD, "Before", "x\n")
        await laptop.seal()
        await desk.take(laptop.whole_offer(), "own copy")
        await laptop.post(BOARD, "Laptop", "x\n")
        await laptop.rate(friend.identity, mt=100)
        await desk.post(BOARD, "Desk", "x\n")
        clock.now += 60
        await laptop.seal()
        clock.now += 60
        await desk.seal()
        await bob.take(laptop.whole_offer())
        await bob.take(desk.whole_offer())
        assert conflicts(bob, laptop.identity) == 1
        await laptop.take(desk.whole_offer())
        assert any("Your own key has signed two versions" in text for text in laptop.logged)
        assert sorted(laptop.subjects(BOARD)) == ["Before", "Desk", "Laptop"]
        clock.now += 60
        healed = await laptop.seal()
        assert healed is not None
        assert len(head_of(healed)["merge"]) == 1
        for house in (bob, desk):
            await house.take(laptop.whole_offer())
            assert sorted(house.subjects(BOARD)) == ["Before", "Desk", "Laptop"]
        assert conflicts(bob, laptop.identity) == 0
        assert b'"mt":100' in b"".join(line for _, line in evidence.lines_of(bob.reader, 2, "state"))


async def test_what_was_taken_back_is_not_said_again_by_healing(tmp_path: Path) -> None:
    clock = Clock()
    async with (
        open_house(tmp_path / "laptop", "alice", clock) as laptop,
        open_house(tmp_path / "desk", "alice", clock) as desk,
    ):
        for house in (laptop, desk):
            await house.add_board(BOARD)
        oops = await laptop.post(BOARD, "Oops", "x\n")
        await laptop.seal()
        await desk.take(laptop.whole_offer(), "own copy")
        await desk.post(BOARD, f"cancel {oops}", "x\n", Control=f"cancel {oops}")
        clock.now += 60
        await desk.seal(rewrite=True)
        await laptop.take(desk.whole_offer())
        assert laptop.subjects(BOARD) == []
        assert evidence.outbox(laptop.reader, evidence.find_person(laptop.reader, laptop.identity) or 0) == []


async def test_the_newer_of_two_ratings_counts_when_a_fork_heals(tmp_path: Path) -> None:
    clock = Clock()
    friend, foe = Forger("friend"), Forger("foe")
    async with (
        open_house(tmp_path / "laptop", "alice", clock) as laptop,
        open_house(tmp_path / "desk", "alice", clock) as desk,
    ):
        await laptop.rate(friend.identity, mt=1)
        await desk.rate(foe.identity, mt=2)
        clock.now += 10
        await desk.rate(friend.identity, mt=3)
        await laptop.rate(foe.identity, mt=4)
        await laptop.seal()
        clock.now += 10
        await desk.seal()
        await laptop.take(desk.whole_offer())
        clock.now += 10
        await laptop.seal()
        await desk.take(laptop.whole_offer())
        for house in (laptop, desk):
            said = ratings.ratings_of(house.reader, evidence.find_person(house.reader, house.identity) or 0)
            assert {row.target: row.mt for row in said} == {friend.identity: 3, foe.identity: 4}


async def test_the_name_of_the_newest_version_is_ones_own_unless_another_was_chosen_here(tmp_path: Path) -> None:
    async with open_house(tmp_path / "one", "bert") as one, open_house(tmp_path / "other", "bert") as other:

        def called() -> str | None:
            return promises.find_meta(other.reader, f"nick {other.identity.hex()}")

        async def publish(name: str) -> None:
            one.clock.now += 10
            one.name = name
            assert await one.seal()
            await other.take(one.whole_offer())

        await one.add_board("test.talk")
        await one.post("test.talk", "Hello", "x")
        await publish("Bertold")
        assert called() == "Bertold"
        await publish("Berti")
        assert called() == "Berti"
        await other.writer.run(lambda database: promises.put_meta(database, f"nick {other.identity.hex()}", "Robert"))
        await publish("Bert")
        assert called() == "Robert"
