"""Ten thousand bots that read pictures: what a follower of the registrars sees of them, and what becomes of everybody
else."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.houses import House, open_house
from tests.registrar.conftest import PICTURE, Reception
from zbnntp.model.entries import make_profile
from zbnntp.model.keys import Identity, Signer, sha256
from zbnntp.model.views import Level
from zbnntp.registrar.desk import BURST
from zbnntp.registrar.rules import Rules
from zbnntp.store import evidence, ratings
from zbnntp.store.ratings import StoredRating

pytestmark = pytest.mark.slow
BOTS = 10_000
REGISTRARS = 5
EACH_RATES = 20  # other bots, as well as can be


def bot(number: int) -> Signer:
    return Signer.from_seed(sha256(b"bot %d" % number))


async def drawn(job: object) -> bytes:
    """To draw them all takes ten minutes; these bots read whatever there is."""
    return PICTURE


async def come_in(reception: Reception, bots: list[Signer]) -> None:
    """Each asks, reads, answers, as many at once as may; it takes them a week."""

    async def one(who: Signer) -> None:
        await reception.read(who)

    for start in range(0, len(bots), BURST):
        reception.house.clock.now += 2000
        async with trio.open_nursery() as nursery:
            for who in bots[start : start + BURST]:
                nursery.start_soon(one, who)


async def conspire(house: House, bots: list[Signer]) -> None:
    """They rate each other as well as can be, and the house holds all of it."""

    def change(database: object) -> None:
        people = [evidence.person_pk(database, it.identity) for it in bots]  # type: ignore[arg-type]
        for at, rater in enumerate(people):
            others = [(at + step + 1) % len(bots) for step in range(EACH_RATES)]
            rows = [(people[it], StoredRating(bots[it].identity, 10_000, 10_000, "", None)) for it in others]
            ratings.replace_ratings(database, rater, rows)  # type: ignore[arg-type]

    await house.writer.run(change)
    house.standings.note(evidence.find_person(house.reader, it.identity) or 0 for it in bots)


def test_ten_thousand_bots_change_nobodys_judgement(tmp_path: Path) -> None:
    trio.run(flood, tmp_path)


async def flood(tmp_path: Path) -> None:
    bots = [bot(number) for number in range(BOTS)]
    async with open_house(tmp_path, "rita") as rita, open_house(tmp_path, "fred", rita.clock) as fred:
        friends = [Signer.from_seed(sha256(b"friend %d" % number)).identity for number in range(20)]
        for friend in friends:
            await rita.rate(friend, 3000, 5000)
        reception = Reception(rita, Rules(), in_worker=drawn)
        await reception.offer("captcha", a_day=2 * BOTS)
        await rita.writer.run(lambda database: evidence.add_pending(database, 1, "state", make_profile("", True)))
        await fred.rate(rita.identity, 5000, 8000)
        await rita.seal()
        await fred.take(rita.whole_offer())
        before = judgements(fred, friends)
        assert min(before.values()) > 0
        await come_in(reception, bots)
        await rita.seal()
        await conspire(fred, bots)
        await fred.take(rita.whole_offer())
        assert judgements(fred, friends) == before
        look_at_bots(fred, bots)
        await more_registrars(fred, bots)
        assert judgements(fred, friends) == before
        look_at_bots(fred, bots)


def judgements(house: House, people: list[Identity]) -> dict[Identity, float]:
    found = ratings.standings(house.reader, evidence.find_person(house.reader, house.identity) or 0)
    return {it: found[it].tlt for it in people}


def look_at_bots(house: House, bots: list[Signer]) -> None:
    """None has a say, none is shown in full."""
    found = ratings.standings(house.reader, evidence.find_person(house.reader, house.identity) or 0)
    seen = [found[it.identity] for it in bots if it.identity in found]
    assert len(seen) == len(bots)
    assert {it.tlt for it in seen} == {0.0}
    assert {it.level for it in seen} <= {Level.HIDDEN, Level.LIMITED}


async def more_registrars(house: House, bots: list[Signer]) -> None:
    """Four more, each followed as far as can be, have let all of them in; what they publish is held."""
    others = [Signer.from_seed(sha256(b"registrar %d" % number)).identity for number in range(1, REGISTRARS)]

    def change(database: object) -> None:
        rows = [
            (evidence.person_pk(database, it.identity), StoredRating(it.identity, 10, None, "", None))  # type: ignore[arg-type]
            for it in bots
        ]
        for other in others:
            person = evidence.person_pk(database, other)  # type: ignore[arg-type]
            ratings.replace_ratings(database, person, rows)  # type: ignore[arg-type]
            ratings.set_registrar(database, person, True)  # type: ignore[arg-type]

    await house.writer.run(change)
    house.standings.note(evidence.find_person(house.reader, other) or 0 for other in others)
    for other in others:
        await house.rate(other, 10_000, 10_000)
