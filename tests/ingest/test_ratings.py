"""What manifests say of people: which line counts, how many, and what a crash in between leaves to do."""

from __future__ import annotations

import time
from pathlib import Path

from tests.houses import START, open_house
from tests.ingest.forging import BOARD, Forger, dump, following, segment, shown
from zbnntp.model import limits
from zbnntp.model.entries import make_trust
from zbnntp.model.keys import Identity, Signer, sha256
from zbnntp.store import evidence, ratings


def numbered(number: int) -> Identity:
    """A key that nobody has to compute."""
    return Identity(sha256(b"target %d" % number))


def split(lines: list[bytes], octets: int = 256 * 1024) -> list[bytes]:
    """Segments of about so many octets."""
    found, current = [], b""
    for line in lines:
        current += line + b"\n"
        if len(current) > octets:
            found, current = [*found, current], b""
    return [*found, current] if current else found


async def test_the_last_line_about_somebody_counts(tmp_path: Path) -> None:
    anna, target = Forger("anna"), Forger("target")
    lines = [anna.trust(target.identity, value, time=START - value) for value in (1, 3000, 2000)]
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer(state=[segment(*lines)]))
        rater, rated = (evidence.find_person(bob.reader, who.identity) or 0 for who in (anna, target))
        found = ratings.find_rating(bob.reader, rater, rated)
        assert found is not None
        assert found.mt == 2000
        await bob.take(anna.offer(state=[segment(*lines, anna.trust(target.identity, None))]))
        assert ratings.find_rating(bob.reader, rater, rated) is None


async def test_a_head_with_posts_alone_leaves_the_ratings(tmp_path: Path) -> None:
    anna, target = Forger("anna"), Forger("target")
    state = segment(anna.trust(target.identity, 3000))
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer(state=[state]))
        before = dump(bob)["rating"]
        await bob.take(anna.offer([segment(anna.opening("One"))], [state]))
        assert dump(bob)["rating"] == before
        await bob.take(anna.offer([segment(anna.opening("One"))]))
        assert len(dump(bob)["rating"]) == len(before) - 1


async def test_nobody_gains_by_rating_himself(tmp_path: Path) -> None:
    anna, mallory = Forger("anna"), Forger("mallory")
    async with following(tmp_path, anna) as bob:
        await bob.rate(anna.identity, mt=5000, tlt=5000)
        await bob.take(anna.offer(state=[segment(anna.trust(mallory.identity, 1000, 1000))]))
        before = ratings.standings(bob.reader, evidence.find_person(bob.reader, bob.identity) or 0)
        await bob.take(mallory.offer(state=[segment(mallory.trust(mallory.identity, 10000, 10000))]))
        await bob.take(anna.offer(state=[segment(*(anna.trust(who.identity, 1000, 1000) for who in (mallory, anna)))]))
        assert ratings.standings(bob.reader, evidence.find_person(bob.reader, bob.identity) or 0) == before


async def test_twenty_thousand_ratings_are_taken_and_no_more(tmp_path: Path) -> None:
    anna = Forger("anna")
    lines = [make_trust(numbered(number), 1, None, "", START) for number in range(limits.TRUST_LINES + 5)]
    async with following(tmp_path, anna) as bob:
        began = time.process_time()
        await bob.take(anna.offer(state=split(lines)))
        assert time.process_time() - began < 20
        rater = evidence.find_person(bob.reader, anna.identity) or 0
        assert len(ratings.ratings_of(bob.reader, rater)) == limits.TRUST_LINES


async def test_a_crash_between_evidence_and_levels_is_made_up_for_at_the_next_start(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    post = segment(carl.opening("Hello"))
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(anna.identity, mt=5000, tlt=10000)
        await bob.take(anna.offer(state=[segment(anna.trust(carl.identity, 10))]))
        await bob.take(carl.offer([post]))
        assert bob.shelf.group(BOARD) is None
        await bob.intake.offer(anna.offer(state=[segment(anna.trust(carl.identity, 10000))]), "anna", bob.now)
        assert bob.shelf.group(BOARD) is None
    async with open_house(tmp_path, "bob") as bob:
        assert shown(bob) == {1: "Hello"}
        before = dump(bob)
    async with open_house(tmp_path, "bob") as bob:
        assert dump(bob) == before


async def test_replies_that_vanish_no_longer_vote(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = carl.opening("Hello")
    async with following(tmp_path, anna, carl) as bob:
        await bob.take(carl.offer([segment(opening)]))
        await bob.take(anna.offer([segment(anna.reply(opening))]))
        assert any(bob.standings.graph.row(anna.identity).targets)
        await bob.take(carl.offer())
        assert not bob.standings.graph.row(anna.identity).targets


def test_forged_names_are_what_they_seem() -> None:
    """The forger's keys are those of houses of the same name."""
    assert Forger("bob").identity == Signer.from_seed(sha256(b"zbnntp test key bob")).identity
