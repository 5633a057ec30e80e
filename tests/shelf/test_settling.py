"""What a change of one level costs, among many posts. Processor time, so that a busy machine does not matter."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.houses import START
from tests.ingest.forging import BOARD, Forger, following, segment
from zbnntp.model.views import Level
from zbnntp.store import evidence, posts, ratings
from zbnntp.store.ratings import Standing
from zbnntp.visibility import Settled, settle

SHOWN, HIDDEN = Standing(0.0, 0.5, True, Level.FULL), Standing(0.0, -0.5, False, Level.HIDDEN)
SECONDS = 1.0  # of processor; a tenth on an idle machine
AUTHORS, EACH = 20, 1000


@pytest.mark.slow
async def test_a_thousand_posts_come_and_go_within_a_second(tmp_path: Path) -> None:
    people = [Forger(f"author {number}") for number in range(AUTHORS)]
    async with following(tmp_path, *people) as bob:
        for one in people:
            opening = one.opening("Opening", time=START - 5000)
            lines = [one.reply(opening, f"{number}\n", time=START - 4000 + number) for number in range(EACH - 1)]
            await bob.take(one.offer([segment(opening, *lines)]))
        person = evidence.find_person(bob.reader, people[3].identity) or 0

        def change(database: object, standing: Standing) -> tuple[float, Settled]:
            before = time.thread_time()
            ratings.put_standing(database, 1, person, standing)  # type: ignore[arg-type]
            settled = settle(database, 1, posts.affected_by(database, person), bob.now)  # type: ignore[arg-type]
            return time.thread_time() - before, settled

        took: list[float] = []
        for standing, expected in ((HIDDEN, Settled(hidden=EACH)), (SHOWN, Settled(shown=EACH))) * 3:
            seconds, settled = await bob.writer.run(lambda database, it=standing: change(database, it))  # type: ignore[misc]
            assert settled == expected
            took.append(seconds)
        assert len(bob.subjects(BOARD)) == AUTHORS * EACH
        assert min(took[0::2]) < SECONDS
        assert min(took[1::2]) < SECONDS
