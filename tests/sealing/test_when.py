"""What is sealed at once and what waits for the next post or six hours; and how an author begins again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import BOARD, Forger
from tests.sealing.sync import head_of
from zbnntp import sealing
from zbnntp.model.bundle import Offer
from zbnntp.model.entries import STATE, make_label, make_profile
from zbnntp.model.errors import PeerGone, ZbError
from zbnntp.model.keys import Identity, PostId, Sha256, message_id, sha256
from zbnntp.model.link import Link
from zbnntp.model.manifest import Endpoint
from zbnntp.restarting import AGAIN_SECONDS, Restart, Version, find_start
from zbnntp.sealing import STATE_SECONDS
from zbnntp.store import evidence

HOUR, DAY = 3600, 86_400
FRIEND = Forger("friend").identity


async def seal(house: House) -> Offer | None:
    """As a node does."""
    return await house.seal(state_seconds=STATE_SECONDS)


async def say(house: House, line: bytes) -> None:
    person = evidence.find_person(house.reader, house.identity) or 0
    await house.writer.run(lambda database: evidence.add_pending(database, person, STATE, line))


async def settled(house: House) -> None:
    """Somebody with a published rating and a fresh head."""
    await house.add_board(BOARD)
    await house.rate(FRIEND, mt=50)
    assert await seal(house) is not None
    house.clock.now += 60


async def test_the_first_rating_of_somebody_is_sealed_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        await alice.rate(Forger("other").identity, mt=50)
        assert await seal(alice) is not None


async def test_a_negative_rating_is_sealed_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        await alice.rate(FRIEND, mt=-50)
        assert await seal(alice) is not None


async def test_deletions_are_sealed_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        oops = await alice.post(BOARD, "Oops", "x\n")
        assert await seal(alice) is not None
        await alice.post(BOARD, f"cancel {oops}", "x\n", Control=f"cancel {oops}")
        assert await seal(alice) is not None


async def test_endpoints_are_sealed_at_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        author = sealing.Author(alice.signer, "alice", (Endpoint("local:alice", True),), Sha256(sha256(alice.identity)))
        assert sealing.seal(alice.reader, author, alice.now) is not None


WAITING = {
    "a rating that is raised": b'{"id":"%s","kind":"trust","mt":70,"time":1795000060}' % FRIEND.hex().encode(),
    "a rating taken back": b'{"id":"%s","kind":"trust","time":1795000060}' % FRIEND.hex().encode(),
    "a profile": make_profile("Hello"),
    "a label": make_label(PostId(b"p" * 32), "spam", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", WAITING)
async def test_other_state_waits_for_six_hours(tmp_path: Path, what: str) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        await say(alice, WAITING[what])
        assert await seal(alice) is None
        alice.clock.now = START + STATE_SECONDS - 1
        assert await seal(alice) is None
        alice.clock.now += 1
        offer = await seal(alice)
        assert offer is not None
        assert WAITING[what] in b"".join(part.data for part in offer.slices)
        assert await seal(alice) is None


async def test_a_vote_goes_with_the_next_post(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        await alice.vote(message_id(PostId(b"p" * 32)), 1)
        assert await seal(alice) is None
        await alice.post(BOARD, "One", "x\n")
        offer = await seal(alice)
        assert offer is not None
        assert len(head_of(offer).state) == 1
        assert b'"kind":"vote"' in b"".join(part.data for part in offer.slices)
        assert evidence.outbox(alice.reader, evidence.find_person(alice.reader, alice.identity) or 0) == []


async def test_a_clock_set_back_keeps_no_vote_waiting_for_ever(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await settled(alice)
        alice.clock.now -= 30 * DAY
        await say(alice, make_profile("Hello"))
        assert await seal(alice) is not None


# an author whose clock was wrong


class Friends:
    """What friends answer; an error for those who are away."""

    def __init__(self, answers: dict[str, tuple[int, Version | None] | ZbError]) -> None:
        self.answers = answers
        self.links = [Link(Identity(sha256(name.encode())), (f"local:{name}",)) for name in answers]

    async def ask_clock(self, urls: Sequence[str]) -> tuple[int, Version | None]:
        answer = self.answers[urls[0].removeprefix("local:")]
        if isinstance(answer, ZbError):
            raise answer
        return answer


OLD, NEW = (START - 500, Sha256(b"o" * 32)), (START - 400, Sha256(b"n" * 32))
ANSWERS: dict[str, tuple[dict[str, tuple[int, Version | None] | ZbError], Version | None]] = {
    "the highest that they hold": ({"a": (START + 60, OLD), "b": (START - 60, NEW), "c": (START, None)}, NEW),
    "nobody has one": ({"a": (START, None), "b": (START, None)}, (0, Sha256(b""))),
    "one clock is no proof": ({"a": (START, OLD), "b": PeerGone("away")}, None),
    "clocks that are wrong themselves": ({"a": (START, OLD), "b": (START + 3 * HOUR, NEW)}, None),
    "nobody to ask": ({}, None),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
async def test_two_friends_have_to_confirm_the_clock(case: str) -> None:
    answers, expected = ANSWERS[case]
    friends = Friends(answers)
    assert await find_start(friends, friends.links, START) == expected


async def test_an_author_whose_clock_was_days_ahead_starts_again_from_what_peers_hold(tmp_path: Path) -> None:
    """The early head stays parked at peers, is taken back by name, and never comes back when its date has come.

    The post that it brought stands in later heads as well, and counts when they are not earlier than its date.
    """
    ahead, right = Clock(), Clock()
    async with open_house(tmp_path, "alice", ahead) as alice, open_house(tmp_path, "bob", right) as bob:
        await bob.rate(alice.identity, mt=5000)
        await alice.add_board(BOARD)
        await alice.post(BOARD, "Before", "x\n")
        before = await alice.seal()
        assert before is not None
        await bob.take(alice.whole_offer())
        ahead.now += 30 * DAY
        await alice.post(BOARD, "From next month", "x\n")
        early = await alice.seal()
        assert early is not None
        assert not await bob.take(alice.whole_offer())
        ahead.now = right.now = START + HOUR
        await alice.post(BOARD, "After", "x\n")
        author = sealing.Author(alice.signer, "alice", (), Sha256(sha256(alice.identity)))
        known = (head_of(before).seq, head_of(before).sha256)
        offer = sealing.seal(alice.reader, author, alice.now, start=known)
        assert offer is not None
        assert (head_of(offer).seq, head_of(offer).prev) == (START + HOUR, known)
        assert await alice.intake.offer(offer, "own", alice.now)
        assert await bob.take(alice.whole_offer())
        assert bob.subjects(BOARD) == ["Before", "After"]
        for house in (alice, bob):
            assert not await house.take(early)
        await alice.post(BOARD, "Later", "x\n")
        ahead.now = right.now = START + 40 * DAY
        assert await bob.intake.retry_parked(bob.now) == []
        await alice.seal()
        assert await bob.take(alice.whole_offer())
        assert not await bob.take(early)
        assert bob.subjects(BOARD) == ["Before", "After", "Later", "From next month"]
        assert sorted(alice.subjects(BOARD)) == sorted(bob.subjects(BOARD))
        assert bob.logged == []


async def test_what_was_written_at_a_date_to_come_waits_for_that(tmp_path: Path) -> None:
    """In a head it would make that one of a date to come, which everybody parks, and so all that follow."""
    clock, right = Clock(), Clock()
    async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", right) as bob:
        await bob.rate(alice.identity, mt=5000)
        await alice.add_board(BOARD)
        clock.now += 365 * DAY
        await alice.post(BOARD, "From next year", "x\n")
        clock.now = START
        await alice.post(BOARD, "Now", "x\n")
        assert head_of(await alice.seal()).time == START
        assert await bob.take(alice.whole_offer())
        assert bob.subjects(BOARD) == ["Now"]
        assert alice.subjects(BOARD) == ["From next year", "Now"]
        clock.now = right.now = START + 365 * DAY
        await alice.seal()
        assert await bob.take(alice.whole_offer())
        assert bob.subjects(BOARD) == ["Now", "From next year"]


async def test_friends_are_asked_only_when_the_last_head_bears_a_date_to_come(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """And then not at every look: those who are away are left alone for ten minutes."""
    told: list[str] = []
    friends = Friends({"a": (START, OLD)})
    restart = Restart(friends, lambda: friends.links, told.append)
    await trio.sleep(1)
    assert await restart.find(START + 2 * HOUR, START) is None
    assert await restart.find(START + 3 * HOUR, START) is None
    friends.answers["b"] = (START, NEW)
    friends.links.append(Link(Identity(sha256(b"b")), ("local:b",)))
    assert await restart.find(START + 3 * HOUR, START) is None
    await trio.sleep(AGAIN_SECONDS)
    assert told == []
    assert await restart.find(START + 3 * HOUR, START) == NEW
    assert ["clock of this machine was wrong" in text for text in told] == [True]
