"""`zbnntp check`: what is damaged is found, named, and mended; what is sound is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.houses import Clock, House, open_house
from tests.journeys.test_rebuild import live_a_little, seen
from zbnntp import home, toplists
from zbnntp.examining import Findings, examine
from zbnntp.housekeeping import seal_months
from zbnntp.mending import mend
from zbnntp.model.keys import short_id
from zbnntp.purging import purge_person
from zbnntp.store import evidence
from zbnntp.store.database import transaction

Run = Callable[..., tuple[int, str]]


@dataclass
class Two:
    """Bob, who follows alice; and what newsreaders see of his store."""

    alice: House
    bob: House
    before: list[object]

    def look(self) -> Findings:
        return examine(self.bob.path, (self.bob.identity,), self.bob.now, lambda what, done, of: None)

    async def damage(self, statement: str) -> None:
        await self.bob.writer.run(lambda database: database.execute(statement))

    async def mend(self) -> None:
        """As the node does beside newsreaders; then alice is asked."""
        people = [it.identity for it in self.look().evidence]
        bob = self.bob
        mended = await bob.writer.run(lambda database: mend(database, (bob.identity,), bob.now, people))
        bob.standings.note(mended.stale)
        await bob.standings.refresh(bob.now)

    async def fetch(self) -> None:
        bob = self.bob
        await bob.take(self.alice.whole_offer())
        view = evidence.find_person(bob.reader, bob.identity) or 0
        await bob.writer.run(lambda database: toplists.recompute(database, view, bob.now))


@asynccontextmanager
async def two(directory: Path) -> AsyncIterator[Two]:
    clock = Clock()
    async with open_house(directory, "alice", clock) as alice, open_house(directory, "bob", clock) as bob:
        await live_a_little(alice, bob, clock)
        yield Two(alice, bob, seen(bob))


async def comes_back(they: Two) -> None:
    """What was damaged is mended and fetched, and bob sees what he saw."""
    await they.mend()
    await they.fetch()
    assert they.look().sentences == []
    assert seen(they.bob) == they.before


async def test_a_sound_store_has_nothing_wrong(tmp_path: Path) -> None:
    async with two(tmp_path) as they:
        assert they.look().sentences == []
        assert sorted(it.name for it in they.bob.path.parent.iterdir() if "check" in it.name) == []


HERS = "(SELECT person FROM manifest WHERE nick = 'alice')"
SEGMENT = f"(SELECT pk FROM segment WHERE person = {HERS} AND role = 'posts' LIMIT 1)"
EVIDENCE = {
    "a line": f"UPDATE line SET octets = zeroblob(length(octets)) WHERE pk >> 20 = {SEGMENT}",
    "a name of a segment": f"UPDATE segment SET sha256 = zeroblob(32) WHERE pk = {SEGMENT}",
    "a place of a segment": f"UPDATE segment SET position = 7 WHERE pk = {SEGMENT}",
    "a pointer": f"UPDATE manifest SET pointer = zeroblob(200) WHERE person = {HERS}",
    "a head": f"UPDATE manifest SET head = CAST(substr(head, 1, 50) || zeroblob(60) AS BLOB) WHERE person = {HERS}",
    "a version": f"UPDATE manifest SET seq = seq + 1 WHERE person = {HERS}",
    "a recovery key": f"UPDATE recovery SET next = zeroblob(32) WHERE person = {HERS}",
}


@pytest.mark.parametrize("statement", EVIDENCE.values(), ids=EVIDENCE)
async def test_damaged_evidence_is_named_and_fetched_again(tmp_path: Path, statement: str) -> None:
    async with two(tmp_path) as they:
        await they.damage(statement)
        found = they.look()
        assert f"alice ({short_id(they.alice.identity)})" in " ".join(found.sentences)
        await comes_back(they)


PLACES = {
    "of another line": "substr(places, 6, 5) || substr(places, 1, 5) || substr(places, 11)",
    "in no frame": "x'80ffffff01' || substr(places, 6)",
    "of no line of its frame": "substr(places, 1, 3) || x'01ff' || substr(places, 6)",
    "nowhere": "x'8000000000' || substr(places, 6)",
    "no place": "x'0000000000' || substr(places, 6)",
    "of all": "x''",
}


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES)
async def test_damaged_places_of_sealed_lines_are_found_and_come_again(tmp_path: Path, places: str) -> None:
    async with two(tmp_path) as they:
        assert await seal_months(they.bob.path, they.bob.writer, they.bob.now) > 0
        assert they.look().sentences == []
        await they.damage(f"UPDATE segment SET places = CAST({places} AS BLOB) WHERE pk = {SEGMENT}")
        assert f"alice ({short_id(they.alice.identity)})" in " ".join(they.look().sentences)
        await comes_back(they)


async def test_an_id_that_is_damaged_is_told_from_what_has_it(tmp_path: Path) -> None:
    async with two(tmp_path) as they:
        await they.damage(
            "UPDATE article SET id = CAST(substr(id, 1, 20) || zeroblob(12) AS BLOB) WHERE length(id) = 32"
        )
        assert they.look().sentences
        await comes_back(they)


async def test_an_older_head_is_no_news_after_the_newest_was_damaged(tmp_path: Path) -> None:
    async with two(tmp_path) as they:
        old = they.alice.whole_offer()
        they.alice.clock.now += 60
        await they.alice.post("test.talk", "Newer", "x\n")
        await they.alice.seal()
        await they.fetch()
        await they.damage(EVIDENCE["a pointer"])
        await they.mend()
        assert not await they.bob.take(old)
        assert await they.bob.take(they.alice.whole_offer())


DERIVED = {
    "a lost article": "DELETE FROM overview WHERE number = 1",
    "a wrong subject": "UPDATE opening SET subject = 'Wrong'",
    "a wrong rating": "UPDATE rating SET mt = 1",
    "a wrong count": "UPDATE newsgroup SET count = count + 1 WHERE name = 'test.talk'",
    "a post of another thread": "UPDATE post SET thread = (SELECT min(article) FROM post)",
}


@pytest.mark.parametrize("statement", DERIVED.values(), ids=DERIVED)
async def test_what_is_derived_is_compared_with_a_rebuild(tmp_path: Path, statement: str) -> None:
    async with two(tmp_path) as they:
        await they.damage(statement)
        found = they.look()
        assert found.derived
        assert not found.file + found.evidence


def test_a_check_says_what_is_wrong_and_ends_with_one(place: Path, run: Run) -> None:
    assert run("check") == (0, "All is well: every signature and every hash holds.")
    with transaction(place / home.STORE_FILE) as database:
        database.execute("INSERT INTO rating VALUES (1, 1, 1, 1, 'x', NULL)")
    code, said = run("check")
    assert code == 1
    assert "The table rating" in said
    assert "--repair" in said
    assert run("check", "--repair")[0] == 0
    assert run("check")[0] == 0


async def test_what_was_purged_is_no_damage(tmp_path: Path) -> None:
    async with two(tmp_path) as they:
        alice, bob = they.alice, they.bob
        await bob.writer.run(lambda database: purge_person(database, alice.identity, bob.now))
        assert they.look().sentences == []
