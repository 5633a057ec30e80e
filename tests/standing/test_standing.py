"""What ratings make of people is written where it changed, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.houses import House, open_house
from tests.ingest.forging import Forger, following, segment
from tests.ingest.test_moves import Owner
from zbnntp import standing
from zbnntp.model.entries import make_profile
from zbnntp.model.keys import Identity, sha256
from zbnntp.model.views import Level
from zbnntp.standing import Standings
from zbnntp.store import evidence, ratings
from zbnntp.store.ratings import Standing
from zbnntp.trust.parameters import Parameters
from zbnntp.tuning import make_parameters, rank_first

FRIENDS = [Identity(sha256(b"friend %d" % number)) for number in range(6)]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Identity]:
    """Whose standings are written, in order."""
    found: list[Identity] = []
    put = ratings.put_standing

    def spy(database: Any, view: int, person: int, new: Standing | None) -> None:
        found.append(evidence.identity_of(database, person))
        put(database, view, person, new)

    monkeypatch.setattr(ratings, "put_standing", spy)
    return found


def standings(house: House) -> dict[Identity, Standing]:
    return ratings.standings(house.reader, evidence.find_person(house.reader, house.identity) or 0)


def again(house: House, params: Parameters | None = None, **options: Any) -> Standings:
    """As after a start."""
    return Standings(house.reader, house.writer, (house.identity,), params or house.standings.params, **options)


async def test_only_what_changed_is_written(tmp_path: Path, written: list[Identity]) -> None:
    async with open_house(tmp_path, "bob") as bob:
        for friend in FRIENDS:
            await bob.rate(friend, 5000)
        assert written == FRIENDS
        written.clear()
        await bob.rate(FRIENDS[2], -5000)
        assert written == [FRIENDS[2]]
        assert standings(bob)[FRIENDS[2]] == Standing(0.0, -0.5, False, Level.HIDDEN)
        written.clear()
        bob.standings.note([evidence.find_person(bob.reader, bob.identity) or 0])
        await bob.standings.refresh(bob.now)
        await bob.standings.refresh(bob.now)
        assert written == []


async def test_whoever_has_nothing_left_is_forgotten(tmp_path: Path) -> None:
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(FRIENDS[0], 5000)
        await bob.rate(FRIENDS[0])
        assert standings(bob) == {}


async def test_a_start_changes_nothing(tmp_path: Path, written: list[Identity]) -> None:
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(FRIENDS[0], 5000, 4000)
        written.clear()
        await again(bob).refresh(bob.now)
        assert written == []


async def test_many_ratings_are_loaded_at_once_and_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = carl.opening("Hello")
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(anna.identity, 5000, 5000)
        await bob.rate(carl.identity, None, 5000)
        said = [anna.trust(friend, 3000 - 900 * n) for n, friend in enumerate(FRIENDS)]
        await bob.take(carl.offer([segment(opening)]))
        await bob.take(anna.offer([segment(anna.reply(opening))], state=[segment(*said)]))
        one_by_one = again(bob)
        await one_by_one.refresh(bob.now)
        monkeypatch.setattr(standing, "BULK_RATERS", 1)
        at_once = again(bob)
        await at_once.refresh(bob.now)
        assert at_once.graph.raters == one_by_one.graph.raters
        assert len(at_once.graph.raters) == 2
        rows = [[repr(it.graph.row(rater)) for rater in it.graph.raters] for it in (at_once, one_by_one)]
        assert rows[0] == rows[1]
        assert at_once.ranking(bob.identity) == one_by_one.ranking(bob.identity) == bob.standings.ranking(bob.identity)


async def test_registrars_mark_themselves_and_count_little(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(anna.identity, 5000, 10000)
        for marked, mt in ((True, 1e-3), (False, 0.8)):
            lines = [anna.trust(FRIENDS[0], 8000), make_profile("The porter.", marked)]
            await bob.take(anna.offer(state=[segment(*lines)]))
            assert standings(bob)[FRIENDS[0]].mt == pytest.approx(mt)
            fresh = again(bob)
            await fresh.refresh(bob.now)
            assert fresh.graph.row(anna.identity).registrar is marked


async def test_big_networks_are_ranked_in_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Callable[[], Any]] = []

    async def worker(job: Callable[[], Any]) -> Any:
        jobs.append(job)
        return job()

    async with open_house(tmp_path, "bob") as bob:
        small = again(bob, run_in_worker=worker)
        await small.refresh(bob.now)
        assert jobs == []
        monkeypatch.setattr(standing, "WORKER_PEOPLE", 0)
        await bob.rate(FRIENDS[0], 5000)
        big = again(bob, run_in_worker=worker)
        await big.refresh(bob.now)
        big.note([evidence.find_person(bob.reader, bob.identity) or 0])
        await big.refresh(bob.now)
        assert len(jobs) > 1
        assert big.ranking(bob.identity).mt[FRIENDS[0]] == 0.5


class Settings:
    """As in zbnntp.toml."""

    def __init__(self, **changed: Any) -> None:
        self.fetch, self.eps_fetch, self.eps_full, self.hysteresis, self.kappa = "trusted", 1e-4, 2e-3, 0.8, 1.0
        self.__dict__.update(changed)


async def test_changed_settings_say_at_the_next_start_who_appears_and_vanishes(tmp_path: Path) -> None:
    said: list[str] = []
    async with open_house(tmp_path, "bob") as bob:
        anna = Forger("anna")
        await bob.rate(anna.identity, 5000, 10000)
        await bob.take(anna.offer(state=[segment(*(anna.trust(friend, 1000) for friend in FRIENDS))]))

        async def start(**changed: Any) -> list[str]:
            said.clear()
            params = make_parameters(Settings(**changed))
            await rank_first(again(bob, params), bob.reader, bob.writer, bob.now, said.append)
            return said

        assert await start() == []
        assert await start() == []
        [sentence] = await start(eps_full=0.5)
        assert "eps_full was 0.002, is 0.5" in sentence
        assert "6 people fall to replies only" in sentence
        [sentence] = await start(fetch="followed")
        assert "fetch was trusted, is followed, eps_full was 0.5, is 0.002" in sentence
        assert "0 people appear, 6 people vanish" in sentence
        assert {who for who, it in standings(bob).items() if it.fetch} == {anna.identity}
        assert "6 people appear, 0 people vanish" in (await start())[0]


def test_registrars_never_make_full_members_whatever_the_threshold() -> None:
    assert make_parameters(Settings(eps_full=2e-4)).registrar_cap == 1e-4
    assert make_parameters(Settings(eps_full=0.5)).registrar_cap == 1e-3


@pytest.mark.parametrize("raters", [0, 1_000])
async def test_ratings_follow_somebody_who_moved_however_the_graph_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raters: int
) -> None:
    """Rater by rater, or the whole table at once as large nodes do at their start."""
    monkeypatch.setattr(standing, "BULK_RATERS", raters)
    alice, anew, friend = Owner("alice"), Owner("alice-anew"), Owner("friend")
    last = alice.offer([])
    async with following(tmp_path) as bob:
        await bob.rate(friend.identity, tlt=10000)
        await bob.take(friend.offer([], [segment(friend.trust(alice.identity, 9000, 9000))]))
        await bob.take(last)
        await bob.intake.take_notice(alice.move(last, anew), "a peer", bob.now)
        before = ratings.standings(bob.reader, 1)
        assert before[anew.identity].tlt > 0
        again = Standings(bob.reader, bob.writer, (bob.identity,))
        assert not (await again.refresh(bob.now))[bob.identity].changed
        assert ratings.standings(bob.reader, 1) == before
