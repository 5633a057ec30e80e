"""Votes: what they come to is exact after every vote and every change of trust, in every view."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.houses import START, House
from tests.ingest.forging import BOARD, Forger, check_octets, following, name_of, post_id, segment
from zbnntp.model.canonical import encode
from zbnntp.store import evidence, posts, ratings, votes


def shown_vote(house: House, number: int = 1) -> str:
    """What OVER and the article say, which is the same."""
    (window,) = house.shelf.overview(BOARD, number, number)
    (row,) = list(window)
    article = house.shelf.article(BOARD, number)
    assert article is not None
    header = row.text.split(b"\t")[9]
    assert b"\r\n" + header + b"\r\n" in article.octets
    check_octets(house)
    return header.removeprefix(b"X-Zb-Vote: ").decode()


def view_of(house: House) -> int:
    return evidence.find_person(house.reader, house.identity) or 0


def check_scores(house: House) -> None:
    """Every score is the sum that the rule names."""
    view = view_of(house)
    for (article,) in house.reader.execute("SELECT DISTINCT article FROM vote").fetchall():
        expected = sum(value * weight for _, value, weight in votes.voters(house.reader, view, article))
        assert votes.score(house.reader, view, article) == expected


async def test_a_vote_counts_as_much_as_the_voters_list_trust(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("One")
    async with following(tmp_path, anna) as bob:
        await bob.rate(carl.identity, tlt=4200)
        await bob.take(anna.offer([segment(opening)]))
        assert shown_vote(bob) == "+0.00"
        for value, shown in ((1, "+0.42"), (-1, "-0.42"), (0, "+0.00")):
            await bob.take(carl.offer((), [segment(carl.vote(opening, value))]))
            assert shown_vote(bob) == shown
        await bob.take(carl.offer((), [segment(carl.vote(opening, 0), carl.vote(opening, 1))]))
        assert shown_vote(bob) == "+0.42"
        await bob.rate(carl.identity, tlt=1000)
        assert shown_vote(bob) == "+0.10"
        await bob.rate(carl.identity)
        assert shown_vote(bob) == "+0.00"
        check_scores(bob)


async def test_ones_own_vote_counts_one(tmp_path: Path) -> None:
    anna = Forger("anna")
    opening = anna.opening("One")
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(opening)]))
        for value, shown in ((1, "+1.00"), (1, "+1.00"), (-1, "-1.00"), (0, "+0.00")):
            await bob.vote(name_of(opening), value)
            assert shown_vote(bob) == shown
        await bob.vote(name_of(opening), 1)
        await bob.seal()
        assert shown_vote(bob) == "+1.00"
        check_scores(bob)


async def test_who_is_not_trusted_moves_nothing(tmp_path: Path) -> None:
    anna, crowd = Forger("anna"), [Forger(f"sybil {number}") for number in range(50)]
    opening = anna.opening("One")
    async with following(tmp_path, anna, *crowd) as bob:  # shown in full, but their lists count for nothing
        await bob.take(anna.offer([segment(opening)]))
        for one in crowd:
            await bob.take(one.offer((), [segment(one.vote(opening, 1))]))
        assert shown_vote(bob) == "+0.00"
        check_scores(bob)


async def test_a_vote_that_comes_before_its_post_counts(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("One")
    async with following(tmp_path, anna) as bob:
        await bob.rate(carl.identity, tlt=5000)
        await bob.take(carl.offer((), [segment(carl.vote(opening, 1))]))
        await bob.take(anna.offer([segment(opening)]))
        assert shown_vote(bob) == "+0.50"


async def test_less_than_half_a_hundredth_has_no_sign(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("One")
    async with following(tmp_path, anna) as bob:
        await bob.rate(carl.identity, tlt=40)
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(carl.offer((), [segment(carl.vote(opening, -1))]))
        assert shown_vote(bob) == "+0.00"
        await bob.rate(carl.identity, tlt=51)
        assert shown_vote(bob) == "-0.01"


@pytest.mark.parametrize("fields", [{"value": 2}, {"value": "1"}, {"value": True}, {"post": "00"}, {"author": 1}])
async def test_a_broken_vote_is_skipped(tmp_path: Path, fields: dict[str, object]) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening, other = anna.opening("One"), anna.opening("Two")
    good = {"kind": "vote", "post": post_id(opening).hex(), "author": anna.identity.hex(), "value": 1}
    async with following(tmp_path, anna) as bob:
        await bob.rate(carl.identity, tlt=5000)
        await bob.take(anna.offer([segment(opening, other)]))
        await bob.take(carl.offer((), [segment(encode(good | fields), carl.vote(other, 1))]))
        assert {shown_vote(bob, 1), shown_vote(bob, 2)} == {"+0.00", "+0.50"}


@pytest.mark.parametrize("seed", range(4))
async def test_scores_stay_exact_through_every_story(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    anna, people = Forger("anna"), [Forger(f"voter {number}") for number in range(6)]
    lines = [anna.opening(f"Post {number}", time=START - 2000 + number) for number in range(5)]
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(*lines)]))
        for one in people:
            await bob.rate(one.identity, mt=100)
        for _ in range(40):
            one = chance.choice(people)
            if chance.random() < 0.4:
                await bob.rate(one.identity, mt=100, tlt=chance.randint(0, 10000))
            elif chance.random() < 0.2:
                await bob.vote(name_of(chance.choice(lines)), chance.randint(-1, 1))
            else:
                other = chance.choice(people)
                state = [one.vote(line, chance.randint(-1, 1)) for line in lines if chance.random() < 0.7]
                state += [one.trust(other.identity, 10, chance.randint(0, 10000))]
                await bob.take(one.offer((), [segment(*state)]))
            check_scores(bob)
        check_octets(bob)
        standing = ratings.standings(bob.reader, view_of(bob))
        total = sum(
            votes.score(bob.reader, view_of(bob), posts.find_article(bob.reader, post_id(it)) or 0) for it in lines
        )
        assert abs(total) <= votes.units(5 * (1 + sum(it.tlt for it in standing.values())))
