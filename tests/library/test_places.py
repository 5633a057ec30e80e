"""Places in feeds: ours in those of others outlive a restart; who is offered from now on comes at the end of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.houses import House, open_house
from tests.ingest.forging import Forger, name_of, segment
from tests.ingest.test_moves import Owner
from tests.library.test_library import acquainted, library, names
from zbnntp.model.manifest import open_pointer
from zbnntp.places import Places
from zbnntp.store import choices, evidence
from zbnntp.store.places import FORGOTTEN_SECONDS

URL = "local:anna"


def places(house: House, mirror: str = "rated", rung: list[int] | None = None) -> Places:
    view = evidence.find_person(house.reader, house.identity) or 0
    bell = [] if rung is None else rung
    return Places(house.reader, house.writer, view, mirror, lambda: house.now, lambda: bell.append(1))


def end(house: House, mirror: str = "rated") -> int:
    """Where a reader is who has read everything."""
    return next((place for place, _ in reversed(library(house, mirror).changes(0, 99))), 0)


async def test_cursors_outlive_a_restart_and_are_forgotten_after_long(tmp_path: Path) -> None:
    async with open_house(tmp_path, "bob") as bob:
        before = places(bob)
        before.cursors[URL] = "epoch.7"
        await before.keep()
        assert places(bob).cursors == {URL: "epoch.7"}
        bob.clock.now += FORGOTTEN_SECONDS + 1
        before.cursors["local:carl"] = "e.1"
        await before.keep()
        assert places(bob).cursors == {"local:carl": "e.1"}


async def test_the_last_cursors_are_written_when_the_node_stops(tmp_path: Path) -> None:
    async with open_house(tmp_path, "bob") as bob:
        before = places(bob)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(before.run)
            await trio.testing.wait_all_tasks_blocked(0.05)
            before.cursors[URL] = "epoch.8"
            nursery.cancel_scope.cancel()
        assert places(bob).cursors == {URL: "epoch.8"}


async def test_an_upvoted_author_comes_to_readers_who_are_past_his_place(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        rung: list[int] = []
        kept = places(bob, rung=rung)
        await kept.keep()
        since = end(bob)
        await bob.vote(name_of(carl.opening("Two")), 1)
        assert carl.identity not in names(bob, "rated", since)
        kept.note_change()
        rung.clear()
        await kept.keep()
        assert rung, "whoever waits is told"
        assert names(bob, "rated", since) == [carl.identity]
        assert names(bob, "rated").count(carl.identity) == 1
        since = end(bob)
        kept.note_change()
        await kept.keep()
        assert names(bob, "rated", since) == [], "once is enough"


async def test_whoever_was_rated_before_his_manifest_came_is_listed_once(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(anna.identity, mt=5000)
        kept = places(bob)
        await kept.keep()
        await bob.take(anna.offer([segment(anna.opening("One"))]))
        since = end(bob)
        kept.note_change()
        await kept.keep()
        assert end(bob) == since
        assert names(bob, "rated").count(anna.identity) == 1


async def test_a_new_version_of_somebody_listed_anew_moves_on(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(anna.identity, mt=5000)
        await bob.take(anna.offer([segment(anna.opening("One"))]))
        await places(bob).keep()
        since = end(bob)
        await bob.take(anna.offer([segment(anna.opening("One"), anna.opening("Two"))]))
        rows = library(bob).changes(since, 99)
        assert [open_pointer(line).identity for _, line in rows] == [anna.identity]


async def test_what_is_held_for_others_is_not_passed_on(tmp_path: Path) -> None:
    """Fetched means: by the trust of this identity, not of another one that lives here."""
    anna, carl = Forger("anna"), Forger("carl")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)
        assert carl.identity in names(bob, "fetched")
        await bob.take(anna.offer([segment(anna.opening("One"))]))
        assert carl.identity not in names(bob, "fetched"), "nobody vouches for him any more"
        assert library(bob, "fetched").manifest(carl.identity) is None


@pytest.mark.parametrize(("mt", "passed_on"), [(5000, False), (-5000, True)])
async def test_a_private_like_does_not_show_in_what_is_passed_on(tmp_path: Path, mt: int, passed_on: bool) -> None:
    anna, carl, dora = Forger("anna"), Forger("carl"), Forger("dora")
    async with open_house(tmp_path, "bob") as bob:
        await acquainted(bob, anna, carl)

        def rate(database: object) -> None:
            view, target = (evidence.person_pk(database, it) for it in (bob.identity, dora.identity))  # type: ignore[arg-type]
            choices.put_private_rating(database, view, target, mt, None)  # type: ignore[arg-type]

        await bob.writer.run(rate)
        assert (carl.identity in names(bob, "fetched")) is passed_on
        assert anna.identity in names(bob, "fetched"), "rated in public"


async def test_readers_learn_of_the_end_of_somebody_who_is_shown_to_them_late(tmp_path: Path) -> None:
    alice, carl = Owner("alice"), Forger("carl")
    last = alice.offer([segment(alice.opening("Old"))])
    async with open_house(tmp_path, "bob") as bob:
        await bob.rate(carl.identity, mt=5000, tlt=10000)
        await bob.take(carl.offer([], [segment(carl.trust(alice.identity, 9000, 9000))]))
        await bob.take(last)
        await bob.intake.take_notice(alice.move(last), "a peer", bob.now)
        kept = places(bob)
        await kept.keep()
        since = end(bob)
        await bob.rate(alice.identity, mt=5000)
        kept.note_change()
        await kept.keep()
        kinds = [json.loads(line)["kind"] for _, line in library(bob).changes(since, 9)]
        assert kinds == ["pointer", "move"]
