"""What is asked of one rating takes as long where somebody rated thousands as anywhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from zbnntp.model.keys import Identity
from zbnntp.store import ratings
from zbnntp.store.database import prepare, transaction
from zbnntp.store.ids import person_pk
from zbnntp.store.ratings import StoredRating

MANY = 2_000
STEPS = 100  # of SQLite's machine: a walk through all ratings takes several for each


class Walk:
    """Counts a hundred steps as one."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.steps = 0
        database.set_progress_handler(self._step, STEPS)

    def _step(self) -> int:
        self.steps += 1
        return 0


def test_one_rating_of_many_is_found_without_a_walk_through_them(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)
    with transaction(path) as database:
        rater, *people = [person_pk(database, number.to_bytes(32, "big")) for number in range(1, MANY + 2)]
        for target in people:
            ratings.put_rating(database, rater, target, StoredRating(Identity(bytes(32)), 5000, None, "", None))
        walk = Walk(database)
        assert ratings.is_positive(database, rater, people[-1])
    assert walk.steps < MANY // STEPS
