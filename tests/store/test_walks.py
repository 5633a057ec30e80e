"""What is asked often takes as long in a store that holds much: it is found without a walk through all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from zbnntp.model.entries import POSTS
from zbnntp.model.keys import Identity, sha256
from zbnntp.model.manifest import SegmentRef
from zbnntp.store import evidence, keeps, ratings
from zbnntp.store.database import prepare, transaction
from zbnntp.store.ids import person_pk
from zbnntp.store.ratings import StoredRating

MANY = 2_000
STEPS = 100  # of SQLite's machine: a walk through all rows takes several for each


class Walk:
    """Counts a hundred steps as one."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.steps = 0
        database.set_progress_handler(self._step, STEPS)

    def _step(self) -> int:
        self.steps += 1
        return 0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "store.sqlite"
    prepare(path)
    with transaction(path) as database:
        yield database


def test_one_rating_of_many(database: sqlite3.Connection) -> None:
    rater, *people = [person_pk(database, number.to_bytes(32, "big")) for number in range(1, MANY + 2)]
    for target in people:
        ratings.put_rating(database, rater, target, StoredRating(Identity(bytes(32)), 5000, None, "", None))
    walk = Walk(database)
    assert ratings.is_positive(database, rater, people[-1])
    assert walk.steps < MANY // STEPS


def test_the_oldest_segments_of_many(database: sqlite3.Connection) -> None:
    person = person_pk(database, bytes(32))
    for since in range(MANY, 0, -1):
        ref = SegmentRef(sha256(since.to_bytes(4, "big")), 100, 1, since)
        evidence.add_segment(database, person, POSTS, since, ref)
    walk = Walk(database)
    assert [it.since for it in keeps.older_than(database, [], MANY // 2, 4)] == [1, 2, 3, 4]
    assert not keeps.older_than(database, [], 1, 4)
    assert walk.steps < MANY // STEPS
