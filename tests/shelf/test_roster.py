"""Where a large group has articles: the same whatever stretch of it is looked up first, and bounded in memory."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from zbnntp import roster
from zbnntp.roster import STRETCH, Directory
from zbnntp.store import database

GROUP = 1


def stored(path: Path, versions: dict[int, int], empty: set[int]) -> None:
    """Blocks with articles, and blocks that had some."""
    database.prepare(path)
    with database.transaction(path) as store:
        store.execute("INSERT INTO person (pk, id) VALUES (1, randomblob(32))")
        store.execute("INSERT INTO newsgroup (pk, view, name, created) VALUES (?, 1, 'test.talk', 0)", (GROUP,))
        rows = [(GROUP, block, 1, version) for block, version in versions.items()]
        store.executemany("INSERT INTO block VALUES (?, ?, ?, ?)", [*rows, *[(GROUP, it, 0, 9) for it in empty]])


@pytest.mark.parametrize("seed", range(4))
def test_blocks_of_a_large_group_are_found_in_both_directions(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path, last = tmp_path / "store.sqlite", 9 * STRETCH
    around = [chance.randrange(last) for _ in range(5)]
    versions = {at + chance.randrange(12): chance.randrange(1, 99) for at in around for _ in range(8)}
    stored(path, versions, {it for it in range(0, last, 7) if it not in versions})
    reader = database.connect_reader(path)
    directory = Directory(reader, GROUP)
    for _ in range(300):
        block = chance.randrange(-1, last + STRETCH)
        above, below = [it for it in versions if it >= block], [it for it in versions if it <= block]
        assert directory.from_block(block, 1) == min(above, default=None)
        assert directory.from_block(block, -1) == max(below, default=None)
        assert directory.version(block) == versions.get(block)
    reader.close()


def test_whoever_asks_for_numbers_far_away_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "STRETCHES_MOST", 3)
    path = tmp_path / "store.sqlite"
    stored(path, {5: 7}, set())
    reader = database.connect_reader(path)
    directory = Directory(reader, GROUP)
    for block in range(5, 100 * STRETCH, STRETCH):
        assert directory.from_block(block, 1) == (5 if block == 5 else None)
        assert directory.version(5) == 7
        assert len(directory._stretches) <= 3
    reader.close()
