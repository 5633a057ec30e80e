"""A post counts while it is not dated after its author's head: whatever heads came before, and after a rebuild."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.houses import START, House
from tests.ingest.forging import BOARD, Forger, check_octets, dump, following, segment, shown
from zbnntp.ingest import IMPORT
from zbnntp.model.entries import make_carry
from zbnntp.model.limits import CLOCK_AHEAD_SECONDS, TIME_MOST
from zbnntp.rebuild import rebuild

LATE = START - 50  # between the times of two heads
EARLY, LATER = START - 100, START


def seen(house: House) -> list[tuple[Any, ...]]:
    """Overview and articles, octet for octet."""
    rows = [row for window in house.shelf.overview(BOARD, 1, 2**31 - 1) for row in window]
    found = [(row, house.shelf.article(BOARD, row.number)) for row in rows]
    return [(row.number, bytes(row.text), bytes(article.octets)) for row, article in found if article]


async def check_rebuild(house: House) -> None:
    """Nothing that is seen changes by it."""
    before, held = seen(house), dump(house)["post"]
    await house.writer.run(lambda it: rebuild(it, [house.identity], house.now, lambda *_: None))
    assert seen(house) == before
    assert sorted(it[0] for it in dump(house)["post"]) == sorted(it[0] for it in held)
    check_octets(house)


@pytest.mark.parametrize("source", ["a peer", IMPORT])
@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([EARLY], {"Early"}),
        ([LATER], {"Early", "Late"}),
        ([EARLY, LATER], {"Early", "Late"}),
        ([LATER, EARLY], {"Early"}),
        ([LATER, EARLY, LATER], {"Early", "Late"}),
        ([EARLY, LATER, EARLY, EARLY], {"Early"}),
    ],
)
async def test_what_is_shown_depends_on_the_newest_head_alone(
    tmp_path: Path, times: list[int], expected: set[str], source: str
) -> None:
    mallory = Forger("mallory")
    data = segment(mallory.opening("Early", time=EARLY), mallory.opening("Late", time=LATE))
    async with following(tmp_path, mallory) as bob:
        for time in times:
            await bob.take(mallory.offer([data], time=time), source)
        assert set(shown(bob).values()) == expected
        await check_rebuild(bob)


async def test_a_post_that_comes_back_has_its_number_again(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    data = segment(mallory.opening("Late", time=LATE), mallory.opening("Early", time=EARLY))
    async with following(tmp_path, mallory) as bob:
        await bob.take(mallory.offer([data], time=LATER))
        before = seen(bob)
        await bob.take(mallory.offer([data], time=EARLY))
        assert len(seen(bob)) == 1
        await bob.take(mallory.offer([data], time=LATER))
        assert seen(bob) == before


async def test_an_opening_is_passed_on_by_answers_that_count(tmp_path: Path) -> None:
    """Carl's answer is the reason why Anna's opening stands here, whom Bob does not fetch."""
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("Hello", time=EARLY)
    data = segment(make_carry(opening), carl.reply(opening, "Late.\n", time=LATE))
    async with following(tmp_path, carl) as bob:
        await bob.rate(carl.identity, mt=10_000)
        for time, expected in ((EARLY, 0), (LATER, 2), (EARLY, 0), (LATER, 2)):
            await bob.take(carl.offer([data], time=time))
            assert len(shown(bob)) == expected
            await check_rebuild(bob)


async def test_no_article_is_dated_more_than_two_hours_ahead_and_none_by_when_it_came(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    latest = START + CLOCK_AHEAD_SECONDS
    posts: list[bytes] = []
    async with following(tmp_path, mallory) as bob:
        for time in (START - 100_000, latest, latest + 1):
            posts.append(mallory.opening("x", time=time))
            await bob.take(mallory.offer([segment(*posts)], time=time))
        await check_rebuild(bob)
        dates = [text.split(b"\t")[2].decode() for _, text, _ in seen(bob)]
        assert [parsedate_to_datetime(date).timestamp() for date in dates] == [START - 100_000, latest]


async def test_an_opening_that_is_passed_on_is_not_dated_further_ahead(tmp_path: Path) -> None:
    """Else somebody could make articles of any date by answering them."""
    anna, carl = Forger("anna"), Forger("carl")
    soon, far = (anna.opening(str(time), time=time) for time in (LATE + CLOCK_AHEAD_SECONDS, TIME_MOST))
    lines = [line for opening in (soon, far) for line in (make_carry(opening), carl.reply(opening, time=LATE))]
    async with following(tmp_path, carl) as bob:
        await bob.rate(carl.identity, mt=10_000)
        for time in (LATER, EARLY, LATER):
            await bob.take(carl.offer([segment(*lines)], time=time))
            await check_rebuild(bob)
        assert set(shown(bob).values()) == {str(LATE + CLOCK_AHEAD_SECONDS), f"Re: {LATE + CLOCK_AHEAD_SECONDS}"}
