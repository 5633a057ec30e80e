"""When a head is made, and what its seq and time are."""

from __future__ import annotations

import json
from pathlib import Path

from tests.houses import START, Clock, House, open_house
from tests.sealing.sync import head_of, held_head, newer
from zbnntp import sealing
from zbnntp.departing import Delay
from zbnntp.model.bundle import Offer
from zbnntp.model.keys import Sha256, sha256
from zbnntp.model.manifest import Endpoint

BOARD = "test.talk"
HOUR = 3600


async def test_the_first_head_says_who_and_where_and_the_next_needs_news(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        first = await alice.seal()
        assert first is not None
        head = head_of(first)
        assert (head.seq, head.time, head.nick, head.prev) == (START, START, "alice", None)
        assert head.segments == ()
        alice.clock.now += 60
        assert await alice.seal() is None


def seal_as(house: House, nick: str, *urls: str, recovery: bytes = b"") -> Offer | None:
    endpoints = tuple(Endpoint(url, True) for url in urls)
    next_key = Sha256(sha256(recovery or house.identity))
    return sealing.seal(house.reader, sealing.Author(house.signer, nick, endpoints, next_key), house.now)


async def test_a_nick_or_an_address_alone_is_news(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.seal()
        assert seal_as(alice, "alice") is None
        for offer in (
            seal_as(alice, "Alicia"),
            seal_as(alice, "alice", "local:alice"),
            seal_as(alice, "alice", recovery=b"another"),
        ):
            assert offer is not None
            assert offer.slices == ()
            await alice.intake.offer(offer, "own", alice.now)
            assert head_of(offer).seq == held_head(alice, alice).seq


async def test_seq_is_the_clock_unless_that_would_stand_still(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        found = []
        for text, seconds in (("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 60)):
            alice.clock.now += seconds
            await alice.post(BOARD, text, "x\n")
            offer = await alice.seal()
            assert offer is not None
            found.append(head_of(offer))
        assert [head.seq - START for head in found] == [0, 1, 2, 3, 61]
        assert [head.prev[0] - START for head in found[1:] if head.prev] == [0, 1, 2, 3]
        assert [head.prev[1] for head in found[1:] if head.prev] == [head.sha256 for head in found[:-1]]


async def test_a_clock_set_back_makes_no_older_head_and_hides_no_post(tmp_path: Path) -> None:
    clock = Clock()
    async with (
        open_house(tmp_path, "alice", clock) as alice,
        open_house(tmp_path, "bob", clock) as bob,
        open_house(tmp_path, "late", clock) as late,
    ):
        await alice.add_board(BOARD)
        for house in (bob, late):
            await house.rate(alice.identity, mt=5000)
        await alice.post(BOARD, "Before", "x\n")
        await alice.seal()
        await bob.take(newer(alice, bob))
        clock.now -= HOUR
        await alice.post(BOARD, "After", "x\n")
        offer = await alice.seal()
        assert offer is not None
        assert (head_of(offer).seq, head_of(offer).time) == (START + 1, START)
        await bob.take(newer(alice, bob))
        await late.take(alice.whole_offer())
        assert bob.subjects(BOARD) == alice.subjects(BOARD) == ["Before", "After"]
        assert sorted(late.subjects(BOARD)) == ["After", "Before"]


async def test_a_clock_that_was_days_ahead_stops_nobody_at_home(tmp_path: Path) -> None:
    """Peers wait until the time has come; the node itself goes on."""
    wrong, right = Clock(START + 100 * HOUR), Clock()
    async with open_house(tmp_path, "alice", wrong) as alice, open_house(tmp_path, "bob", right) as bob:
        await alice.add_board(BOARD)
        await bob.rate(alice.identity, mt=5000)
        await alice.post(BOARD, "From tomorrow", "x\n")
        await alice.seal()
        wrong.now = START
        await alice.post(BOARD, "From today", "x\n")
        assert await alice.seal() is not None
        assert alice.subjects(BOARD) == ["From tomorrow", "From today"]
        assert not await bob.take(alice.whole_offer())
        right.now = START + 98 * HOUR + 1
        assert await bob.take(alice.whole_offer())
        assert sorted(bob.subjects(BOARD)) == ["From today", "From tomorrow"]


async def test_what_is_written_between_sealing_and_keeping_goes_into_the_next_head(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        await alice.post(BOARD, "One", "x\n")
        offer = seal_as(alice, "alice")
        await alice.post(BOARD, "Two", "x\n")
        assert offer is not None
        await alice.intake.offer(offer, "own", alice.now)
        assert b"Two" not in b"".join(part.data for part in offer.slices)
        offer = await alice.seal()
        assert offer is not None
        assert b"Two" in b"".join(part.data for part in offer.slices)
        assert await alice.seal() is None
        assert alice.subjects(BOARD) == ["One", "Two"]


async def test_what_is_taken_back_while_it_is_sealed_is_taken_back_for_good(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        first = await alice.post(BOARD, "Oops", "secret\n")
        offer = seal_as(alice, "alice")
        await alice.post(BOARD, f"cancel {first}", "x\n", Control=f"cancel {first}")
        assert offer is not None
        await alice.intake.offer(offer, "own", alice.now)
        assert alice.subjects(BOARD) == []
        offer = await alice.seal(rewrite=True)
        assert offer is not None
        assert head_of(offer).segments == ()


async def test_a_crash_between_post_and_head_loses_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        await alice.post(BOARD, "One", "x\n")
    async with open_house(tmp_path, "alice") as alice:
        assert alice.subjects(BOARD) == ["One"]
        offer = await alice.seal()
        assert offer is not None
        assert b'"subject":"One"' in offer.slices[0].data


async def test_an_older_copy_of_the_store_goes_on_from_the_newest_head_that_peers_have(tmp_path: Path) -> None:
    """A backup is restored: the own head comes back from a peer before anything is published."""
    clock = Clock()
    async with open_house(tmp_path / "now", "alice", clock) as alice:
        await alice.add_board(BOARD)
        await alice.post(BOARD, "One", "x\n")
        await alice.seal()
        await alice.post(BOARD, "Two", "x\n")
        await alice.seal()
        newest = alice.whole_offer()
    async with open_house(tmp_path / "restored", "alice", clock) as alice:
        assert await alice.take(newest)
        assert alice.subjects(BOARD) == ["One", "Two"]
        await alice.post(BOARD, "Three", "x\n")
        offer = await alice.seal()
        assert offer is not None
        assert head_of(offer).prev == (head_of(newest).seq, head_of(newest).sha256)
        assert offer.slices[0].at > 0


async def test_posts_may_wait_a_while_and_are_dated_by_when_they_leave(tmp_path: Path) -> None:
    """Ratings go at once; a post between half and one and a half times the delay after it was written."""
    chances = iter((0.4, 1.0, 0.0))
    delay = Delay(600, lambda: next(chances))
    async with open_house(tmp_path, "alice", delay=delay) as alice:
        await alice.add_board(BOARD)
        await alice.seal()
        for number in range(3):
            await alice.post(BOARD, str(number), "x\n")
        author = sealing.Author(alice.signer, "alice", (), Sha256(sha256(alice.identity)))

        def leave(seconds: int) -> list[int]:
            offer = sealing.seal(alice.reader, author, START + seconds, delay=delay)
            lines = [json.loads(line) for part in offer.slices for line in part.data.splitlines()] if offer else []
            return [line["time"] - START for line in lines if line["kind"] == "post"]

        assert leave(539) == []
        assert leave(540) == [540]
        assert leave(900) == [540, 900, 900], "one that is written later is not dated earlier"
        await alice.rate(alice.identity, mt=1)
        offer = sealing.seal(alice.reader, author, START, delay=delay)
        assert offer is not None
        assert (len(head_of(offer).posts), len(head_of(offer).state)) == (0, 1)


async def test_a_clock_that_was_put_back_keeps_no_post_that_may_wait(tmp_path: Path) -> None:
    """But for one that would make the head one of a date to come."""
    delay = Delay(600, lambda: 0.5)
    async with open_house(tmp_path, "alice", delay=delay) as alice:
        await alice.add_board(BOARD)
        await alice.post(BOARD, "One", "x\n")
        author = sealing.Author(alice.signer, "alice", (), Sha256(sha256(alice.identity)))
        for seconds, posts in ((0, 0), (-299, 0), (-301, 1), (-6600, 1), (-6601, 0)):
            offer = sealing.seal(alice.reader, author, START + seconds, delay=delay)
            assert offer is not None, "the first head"
            assert len(head_of(offer).posts) == posts
