"""How much of one author is taken: at first contact, by the day and by level; what is too much comes on later days."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import BOARD, Forger, cut, dump, following, name_of, segment, shown
from zbnntp import pacing
from zbnntp.ingest import IMPORT
from zbnntp.library import Bell, Library
from zbnntp.model import limits
from zbnntp.model.keys import Sha256, sha256
from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.model.views import Level
from zbnntp.pacing import Ration
from zbnntp.rebuild import rebuild
from zbnntp.store import quotas

DAY = 86_400


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of what is allowed, so that a test needs few posts."""
    monkeypatch.setattr(pacing, "FIRST_CONTACT", Ration(50, 200_000))
    monkeypatch.setattr(pacing, "FULL", Ration(6, 24_000))
    monkeypatch.setattr(pacing, "LIMITED", Ration(2, 2_000))


def test_the_rations_are_those_of_the_document() -> None:
    assert (limits.FIRST_CONTACT_POSTS, limits.FIRST_CONTACT_OCTETS) == (5_000, 20 * 2**20)
    assert (limits.DAILY_POSTS_FULL, limits.DAILY_OCTETS_FULL) == (500, 2 * 2**20)
    assert (limits.DAILY_POSTS_LIMITED, limits.DAILY_OCTETS_LIMITED) == (50, 256 * 2**10)


def numbered(mallory: Forger, first: int, last: int, **fields: str) -> list[bytes]:
    """Openings named by numbers, a day apart."""
    return [mallory.opening(str(it), time=START - (1_000 - it) * DAY, **fields) for it in range(first, last)]


async def acquainted(bob: House, mallory: Forger) -> None:
    """First contact is over."""
    await bob.take(mallory.offer([]))
    bob.clock.now += DAY
    mallory.seq = bob.now - 1000


def names(house: House) -> list[str]:
    return sorted(shown(house).values(), key=lambda it: (len(it), it))


async def test_first_contact_takes_the_newest_and_the_rest_on_later_days(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    old, new = numbered(mallory, 0, 30), numbered(mallory, 30, 57)
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*old), segment(*new)]))
        assert names(bob) == [str(it) for it in range(7, 57)]
        await bob.intake.take_up(bob.now)
        assert len(shown(bob)) == 50
        bob.clock.now += DAY
        await bob.intake.take_up(bob.now)
        assert names(bob) == [str(it) for it in range(4, 57)]  # half of the day's, the other half is for what is new
        for _ in range(2):
            bob.clock.now += DAY
            await bob.intake.take_up(bob.now)
        assert names(bob) == [str(it) for it in range(57)]
        assert dump(bob)["excess"] == []


async def test_first_contact_in_several_offers_is_counted_together(tmp_path: Path) -> None:
    """A manifest above 4 MiB comes in pieces with one head, the newest segments first."""
    mallory = Forger("mallory")
    parts = [segment(*numbered(mallory, start, start + 20)) for start in (0, 20, 40)]
    whole = mallory.offer(parts)
    async with following(tmp_path, mallory) as bob:
        for data in reversed(parts):
            await bob.take(type(whole)(whole.pointer, whole.head, (cut(data),)))
        assert names(bob) == [str(it) for it in range(10, 60)]


async def test_first_contact_is_limited_in_octets_too(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = numbered(mallory, 0, 10, body="x" * 30_000 + "\n")
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*lines)]))
        assert names(bob) == [str(it) for it in range(4, 10)]


async def test_a_full_member_may_post_so_much_a_day(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = numbered(mallory, 0, 8)
    async with following(tmp_path, mallory) as bob:
        await acquainted(bob, mallory)
        await bob.take(mallory.offer([segment(*lines[:3])]))
        await bob.take(mallory.offer([segment(*lines)]))
        assert names(bob) == ["0", "1", "2", "5", "6", "7"]
        await bob.intake.take_up(bob.now)
        assert len(shown(bob)) == 6
        bob.clock.now += DAY
        await bob.intake.take_up(bob.now)
        assert names(bob) == [str(it) for it in range(8)]


async def test_what_waits_leaves_half_of_a_day_for_what_is_new(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = numbered(mallory, 0, 40)
    async with following(tmp_path, mallory) as bob:
        await acquainted(bob, mallory)
        await bob.take(mallory.offer([segment(*lines[:20])]))
        bob.clock.now += DAY
        mallory.seq += DAY
        await bob.intake.take_up(bob.now)
        assert len(shown(bob)) == 9
        await bob.take(mallory.offer([segment(*lines[:21])]))
        assert "20" in names(bob)


async def test_a_full_member_s_octets_a_day_are_limited(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    async with following(tmp_path, mallory) as bob:
        await acquainted(bob, mallory)
        await bob.take(mallory.offer([segment(*numbered(mallory, 0, 4, body="x" * 9_000 + "\n"))]))
        assert names(bob) == ["2", "3"]


async def test_a_limited_member_may_post_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mallory = Forger("mallory")
    async with following(tmp_path, mallory) as bob:
        await acquainted(bob, mallory)
        monkeypatch.setattr(quotas, "best_level", lambda *_: Level.LIMITED)
        await bob.take(mallory.offer([segment(*numbered(mallory, 0, 4))]))
        assert names(bob) == ["2", "3"]


async def test_what_waits_is_kept_and_served_byte_for_byte(tmp_path: Path) -> None:
    """Quotas are this node's own matter: others get the whole segment from it."""
    mallory = Forger("mallory")
    data = segment(*numbered(mallory, 0, 60))
    offer = mallory.offer([data])
    async with following(tmp_path, mallory) as bob:
        await bob.take(offer)
        assert bob.whole_offer(mallory.identity) == offer


async def test_a_rebuild_shows_no_more_than_the_quota_did(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*numbered(mallory, 0, 60))]))
        before = shown(bob)
        await bob.writer.run(lambda database: rebuild(database, [bob.identity], bob.now, lambda *_: None))
        assert shown(bob) == before


async def test_a_segment_written_anew_costs_nothing_again(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = numbered(mallory, 0, 5)
    async with following(tmp_path, mallory) as bob:
        await acquainted(bob, mallory)
        await bob.take(mallory.offer([segment(*lines)]))
        await bob.take(mallory.offer([segment(*reversed(lines))]))
        assert names(bob) == ["0", "1", "2", "3", "4"]
        assert [row[2] for row in dump(bob)["quota"]] == [5]


async def test_what_waits_goes_with_its_segment_and_what_was_taken_back_never_comes(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    lines = numbered(mallory, 0, 8)
    async with following(tmp_path, mallory) as bob:
        await acquainted(bob, mallory)
        await bob.take(mallory.offer([segment(*lines)]))
        assert len(dump(bob)["excess"]) == 2
        await bob.take(mallory.offer([segment(*lines[1:])]))
        assert len(dump(bob)["excess"]) == 1
        await bob.take(mallory.offer([]))
        assert dump(bob)["excess"] == []
        assert shown(bob) == {}


async def test_a_carry_counts_against_its_carrier(tmp_path: Path) -> None:
    clock = Clock(START - DAY)
    other = Forger("other", seq=START - DAY - 100)
    openings = numbered(other, 0, 4)
    async with following(tmp_path, Forger("anna"), clock=clock) as bob, open_house(tmp_path, "anna", clock) as anna:
        await bob.rate(anna.identity, mt=5000)
        await anna.rate(other.identity, mt=5000)
        await anna.add_board(BOARD)
        await anna.seal()
        await bob.take(anna.whole_offer())
        await anna.take(other.offer([segment(*openings)]))
        clock.now += DAY
        for number, opening in enumerate(openings):
            await anna.post(BOARD, "Re: x", f"{number}\n", name_of(opening))
            clock.now += 1
        await anna.seal()
        await bob.take(anna.whole_offer())
        answers = len(dump(bob)["post"])
        assert answers == 3  # each costs two: itself, and the opening that it carries
        clock.now += DAY
        await bob.intake.take_up(bob.now)
        assert len(dump(bob)["post"]) == 4
        assert len(dump(bob)["opening"]) == 4


async def test_own_posts_and_what_the_owner_imports_are_not_counted(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([segment(*numbered(mallory, 0, 60))]), IMPORT)
        assert len(shown(bob)) == 60
        for number in range(60):
            await bob.post(BOARD, f"own {number}", "x\n")
        await bob.seal()
        assert len(shown(bob)) == 120
        assert dump(bob)["quota"] == []


async def test_a_fetch_stops_when_the_day_s_octets_have_come(tmp_path: Path) -> None:
    """The newest segments first; the one in which the limit lies is the last. State is fetched whatever came."""
    mallory, other = Forger("mallory"), Forger("other")
    parts = [segment(*numbered(mallory, start, start + 3, body="x" * 5_000 + "\n")) for start in (0, 3, 6)]
    state = segment(mallory.trust(other.identity, 7))
    async with following(tmp_path, mallory, other) as bob:
        await acquainted(bob, mallory)
        offer = mallory.offer(parts, [state], slices=())
        head = open_head(offer.head, open_pointer(offer.pointer))
        library = Library(bob.reader, bob.intake, bob.identity, "epoch", Bell(), "rated", bob.clock)
        assert [ref.sha256 for ref in library.lacking(head)] == [sha256(data) for data in (state, parts[2], parts[1])]
        await bob.take(type(offer)(offer.pointer, offer.head, tuple(cut(data) for data in (state, *parts[1:]))))
        assert library.lacking(head) == []
        bob.clock.now += DAY
        await bob.intake.take_up(bob.now)
        assert [ref.sha256 for ref in library.lacking(head)] == [Sha256(sha256(parts[0]))]
        assert bob.intake.unfinished() == [mallory.identity]
