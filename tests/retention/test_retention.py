"""What of others' posts fades, when, and what seeds it: by age, by quota, by board."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import BOARD, Forger, check_octets, following, name_of, segment, shown
from zbnntp.housekeeping import sweep_all
from zbnntp.library import Bell, Library
from zbnntp.model.bundle import Offer, slices_of
from zbnntp.model.entries import make_carry
from zbnntp.model.keys import Sha256, sha256
from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.model.views import Level
from zbnntp.rebuild import rebuild
from zbnntp.retention import Keeping, adopt
from zbnntp.store import choices, evidence
from zbnntp.store.choices import Pin

DAY, MONTH = 86_400, 31 * 86_400
YEAR = Keeping(months=12)


async def sweep(house: House, keeping: Keeping = YEAR) -> int:
    """What the node does every ten minutes."""
    house.intake.keeping = keeping
    view = evidence.find_person(house.reader, house.identity) or 0
    gone = await sweep_all(house.writer, keeping, [view], house.now, house.standings.note)
    await house.standings.refresh(house.now)
    return gone


def ref(data: bytes, since: int) -> dict[str, object]:
    return {"sha256": sha256(data).hex(), "bytes": len(data), "lines": data.count(b"\n"), "from": since}


def publish(author: Forger, *parts: tuple[bytes, int]) -> Offer:
    """A head of posts segments, each with the time it begins."""
    slices = [piece for data, _ in parts for piece in slices_of(Sha256(sha256(data)), data)]
    return author.offer(slices=slices, refs=[ref(data, since) for data, since in parts])


def names(*data: bytes) -> set[Sha256]:
    return {Sha256(sha256(it)) for it in data}


def library(house: House) -> Library:
    return Library(house.reader, house.intake, house.identity, "epoch", Bell(), "fetched", house.clock)


def lacking(house: House, author: Forger) -> set[Sha256]:
    held = evidence.find_manifest(house.reader, author.identity)
    assert held is not None
    return {it.sha256 for it in library(house).lacking(open_head(held.head, open_pointer(held.pointer)))}


def held(house: House, author: Forger) -> set[Sha256]:
    person = evidence.find_person(house.reader, author.identity) or 0
    return {it.ref.sha256 for it in evidence.segments(house.reader, person)}


def told(author: Forger, subject: str, months_ago: int, size: int = 1) -> tuple[bytes, int]:
    time = START - months_ago * MONTH
    lines = (author.opening(subject, body=f"{number}\n", time=time + number) for number in range(size))
    return segment(*lines), time


@pytest.mark.parametrize(
    ("now", "months", "oldest"),
    [
        (datetime(2026, 11, 25, tzinfo=UTC), 12, datetime(2025, 11, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), 1, datetime(2025, 12, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), 24, datetime(2024, 12, 1, tzinfo=UTC)),
        (datetime(2026, 3, 1, tzinfo=UTC), 3, datetime(2025, 12, 1, tzinfo=UTC)),
    ],
)
def test_whole_months_count(now: datetime, months: int, oldest: datetime) -> None:
    assert Keeping(months).oldest(int(now.timestamp())) == oldest.timestamp()


def test_nought_months_are_for_ever() -> None:
    assert Keeping(0).oldest(START) == Keeping(1200 * 30).oldest(START) == 0


async def test_old_segments_go_whole_and_the_low_mark_rises(tmp_path: Path) -> None:
    anna = Forger("anna")
    old, new = told(anna, "Old", 14, 3), told(anna, "New", 2)
    async with following(tmp_path, anna) as bob:
        await bob.take(publish(anna, old, new))
        assert shown(bob) == {1: "Old", 2: "Old", 3: "Old", 4: "New"}
        assert await sweep(bob) == 3
        assert shown(bob) == {4: "New"}
        group = bob.shelf.group(BOARD)
        assert group is not None
        assert (group.low, group.high, group.count) == (4, 4, 1)
        assert held(bob, anna) == names(new[0])
        assert await sweep(bob) == 0


async def test_what_is_too_old_is_neither_fetched_nor_taken_again(tmp_path: Path) -> None:
    anna = Forger("anna")
    old, new = told(anna, "Old", 14), told(anna, "New", 2)
    async with following(tmp_path, anna) as bob:
        await bob.take(publish(anna, old, new))
        await sweep(bob)
        assert lacking(bob, anna) == set()
        known = library(bob).held(anna.identity)
        assert known is not None
        assert {name for name, _ in known.segments} == names(old[0], new[0])
        more = told(anna, "More", 1)
        await bob.take(publish(anna, old, new, more))
        assert shown(bob) == {2: "New", 3: "More"}
        assert held(bob, anna) == names(new[0], more[0])


async def test_first_contact_brings_nothing_that_is_too_old(tmp_path: Path) -> None:
    anna = Forger("anna")
    old, new = told(anna, "Old", 14), told(anna, "New", 2)
    async with following(tmp_path, anna) as bob:
        bob.intake.keeping = YEAR
        await bob.take(publish(anna, old, new))
        assert shown(bob) == {1: "New"}
        assert lacking(bob, anna) == set()


async def test_a_segment_is_rewritten_though_older_ones_are_not_kept(tmp_path: Path) -> None:
    """What a newer head no longer names goes, as if all it names were here."""
    anna = Forger("anna")
    old, new, anew = told(anna, "Old", 14), told(anna, "New", 2, 2), told(anna, "Anew", 2)
    async with following(tmp_path, anna) as bob:
        await bob.take(publish(anna, old, new))
        await sweep(bob)
        await bob.take(publish(anna, old, anew))
        assert list(shown(bob).values()) == ["Anew"]
        assert held(bob, anna) == names(anew[0])


async def test_an_archive_keeps_for_ever_and_a_late_joiner_has_the_whole_board_from_it(tmp_path: Path) -> None:
    anna, clock = Forger("anna"), Clock()
    parts = [told(anna, f"Month {ago}", ago) for ago in (40, 30, 20, 10, 1)]
    async with following(tmp_path, anna, clock=clock) as archive, open_house(tmp_path, "late", clock) as late:
        await archive.take(publish(anna, *parts))
        assert await sweep(archive, Keeping(0)) == 0
        clock.now += 24 * MONTH
        assert await sweep(archive, Keeping(0)) == 0
        await late.rate(anna.identity, mt=5000)
        await late.take(library(archive).bundle(anna.identity), "the archive")
        assert list(shown(late).values()) == [f"Month {ago}" for ago in (40, 30, 20, 10, 1)]


async def test_upvotes_pins_and_ones_own_posts_do_not_fade(tmp_path: Path) -> None:
    anna, carl, clock = Forger("anna"), Forger("carl"), Clock()
    loved, other, pinned = told(anna, "Loved", 14), told(anna, "Other", 15), told(carl, "Pinned", 14)
    async with following(tmp_path, anna, carl, clock=clock) as bob:
        await bob.add_board(BOARD)
        await bob.post(BOARD, "Mine", "x\n")
        await bob.seal()
        await bob.take(publish(anna, other, loved))
        await bob.take(publish(carl, pinned))
        await bob.vote(name_of(loved[0].splitlines()[0]), 1)
        view, person = (evidence.find_person(bob.reader, it.identity) or 0 for it in (bob, carl))
        kept = evidence.find_manifest(bob.reader, carl.identity)
        assert kept is not None
        pin = Pin(person, carl.identity, kept.seq, kept.head_sha256, bob_level(bob, person))
        await bob.writer.run(lambda database: choices.put_pin(database, view, person, pin))
        clock.now += 13 * MONTH
        assert await sweep(bob) == 1
        assert sorted(shown(bob).values()) == ["Loved", "Mine", "Pinned"]
        await bob.vote(name_of(loved[0].splitlines()[0]), 0)
        await bob.writer.run(lambda database: choices.put_pin(database, view, person, None))
        assert await sweep(bob) == 2
        assert sorted(shown(bob).values()) == ["Mine"]


def bob_level(house: House, person: int) -> Level:
    row = house.reader.execute("SELECT level FROM level WHERE person = ?", (person,)).fetchone()
    return Level(row[0])


async def test_answers_outlive_their_opening_and_whoever_passes_its_header_on_keeps_that(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    old = told(anna, "Old", 14)
    opening = old[0].splitlines()[0]
    answer = carl.reply(opening, time=START - 2 * MONTH)
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(publish(anna, old))
        await bob.take(publish(carl, (segment(make_carry(opening), answer), START - 2 * MONTH)))
        await sweep(bob)
        assert "Re: Old" in shown(bob).values()
        assert bob.shelf.group(BOARD).low == 2  # type: ignore[union-attr]
        check_octets(bob)
        before = shown(bob)
        own = bob.identity
        await bob.writer.run(lambda it: rebuild(it, [own], bob.now, lambda done, of: None))
        assert shown(bob) == before


async def test_a_gap_below_what_still_stands_is_no_expiry_of_the_others(tmp_path: Path) -> None:
    """Numbers go by arrival: an old post may have come after new ones."""
    anna, carl = Forger("anna"), Forger("carl")
    old, new = told(anna, "Old", 14), told(carl, "New", 1)
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(publish(carl, new))
        await bob.take(publish(anna, old))
        assert shown(bob) == {1: "New", 2: "Old"}
        await sweep(bob)
        assert shown(bob) == {1: "New"}
        assert bob.shelf.group(BOARD).low == 1  # type: ignore[union-attr]


async def test_with_a_quota_the_least_trusted_shrink_first_and_their_oldest_go_first(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    mine, his = ([told(who, f"{who.name} {ago}", ago, 20) for ago in (3, 2, 1)] for who in (anna, carl))
    size = sum(len(data) for data, _ in (*mine, *his))
    async with following(tmp_path) as bob:
        await bob.rate(anna.identity, mt=9000)
        await bob.rate(carl.identity, mt=1000)
        await bob.take(publish(anna, *mine))
        await bob.take(publish(carl, *his))
        limit = Keeping(0, size - len(his[0][0]) - 10)
        assert await sweep(bob, limit) == 40
        assert set(shown(bob).values()) == {"anna 3", "anna 2", "anna 1", "carl 1"}
        assert lacking(bob, carl) == set()
        assert await sweep(bob, Keeping(0, size // 4)) == 60
        assert set(shown(bob).values()) == {"anna 1"}
        await bob.take(publish(carl, *his))
        assert set(shown(bob).values()) == {"anna 1"}


async def test_whoever_is_trusted_more_by_now_may_grow_again(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    hers, his = told(anna, "anna", 1, 20), told(carl, "carl", 1, 20)
    async with following(tmp_path) as bob:
        await bob.rate(anna.identity, mt=9000)
        await bob.rate(carl.identity, mt=1000)
        await bob.take(publish(anna, hers))
        await bob.take(publish(carl, his))
        limit = Keeping(0, len(hers[0]) + 10)
        await sweep(bob, limit)
        assert set(shown(bob).values()) == {"anna"}
        await bob.rate(carl.identity, mt=10000)
        await sweep(bob, limit)
        assert lacking(bob, carl) == names(his[0])


async def test_another_limit_lets_everything_come_again(tmp_path: Path) -> None:
    carl = Forger("carl")
    his = told(carl, "carl", 1, 20)
    async with following(tmp_path, carl) as bob:
        await bob.writer.run(lambda database: adopt(database, Keeping(0, 100)))
        await bob.take(publish(carl, his))
        await sweep(bob, Keeping(0, 100))
        assert lacking(bob, carl) == set()
        await bob.writer.run(lambda database: adopt(database, Keeping(0, 100)))
        assert lacking(bob, carl) == set()
        await bob.writer.run(lambda database: adopt(database, Keeping(0, 10**6)))
        assert lacking(bob, carl) == names(his[0])


async def test_a_mirror_of_some_boards_keeps_segments_with_posts_in_them(tmp_path: Path) -> None:
    anna = Forger("anna")
    linux = anna.opening("Linux", boards=("tech.linux",), time=START - 2000)
    both = segment(linux, anna.opening("Cats", boards=("cats",), time=START - 1000))
    cats = segment(anna.opening("More cats", boards=("cats", "pets"), time=START - 3000))
    async with following(tmp_path, anna) as bob:
        await bob.take(publish(anna, (cats, START - 3000), (both, START - 2000)))
        limit = Keeping(boards=("tech.*",))
        assert await sweep(bob, limit) == 1
        assert shown(bob, "tech.linux") == {1: "Linux"}
        assert list(shown(bob, "cats").values()) == ["Cats"]
        assert lacking(bob, anna) == set()
        assert await sweep(bob, limit) == 0
        await bob.writer.run(lambda database: adopt(database, Keeping()))
        bob.intake.keeping = Keeping()
        assert lacking(bob, anna) == names(cats)


async def test_the_highest_head_is_not_forgotten_when_the_posts_have_expired(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    old = publish(mallory, (segment(mallory.opening("Old")), START - 1000))
    new = publish(mallory, (segment(mallory.opening("New")), START - 1000))
    async with following(tmp_path, mallory) as bob:
        await bob.take(new)
        bob.clock.now += 14 * MONTH
        await sweep(bob)
        assert shown(bob) == {}
        assert not await bob.take(old)
        assert shown(bob) == {}
