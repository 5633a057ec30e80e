"""Writing state anew takes all of the outbox along: a superseded line that stayed behind would come after, and win."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.houses import Clock, open_house
from zbnntp.store import evidence, ratings


@pytest.mark.parametrize("turns", [1, 3, 8, 20, 40])
def test_what_was_taken_back_stays_taken_back(tmp_path: Path, turns: int) -> None:
    async def story() -> None:
        clock = Clock()
        async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
            me = evidence.find_person(alice.reader, alice.identity) or 0
            for _ in range(turns):
                await alice.rate(bob.identity, mt=5000)
                await alice.rate(bob.identity)
                await alice.rate(bob.identity, mt=-10000)
            await alice.seal()
            clock.now += 20
            for _ in range(turns):
                await alice.rate(bob.identity, mt=5000)
                await alice.rate(bob.identity)
            for _ in range(3):
                clock.now += 20
                await alice.seal()
                await alice.standings.refresh(alice.now)
                assert ratings.ratings_of(alice.reader, me) == []
                assert evidence.outbox(alice.reader, me) == []

    trio.run(story)


def test_of_equal_lines_only_those_that_were_sealed_leave_the_outbox(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_house(tmp_path, "alice") as alice:
            me = evidence.find_person(alice.reader, alice.identity) or 0

            def change(database: object) -> list[bytes]:
                for line in (b"one", b"two", b"one"):
                    evidence.add_pending(database, me, "state", line)  # type: ignore[arg-type]
                evidence.clear_pending(database, me, "state", [b"one"])  # type: ignore[arg-type]
                return [item.octets for item in evidence.outbox(database, me)]  # type: ignore[arg-type]

            assert await alice.writer.run(change) == [b"two", b"one"]

    trio.run(story)
