"""What nobody has signed has a sum, which follows every change and tells when something else changed it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.houses import open_house
from zbnntp import local
from zbnntp.examining import examine
from zbnntp.repairing import repair_store
from zbnntp.store import derived, evidence, numbers, soundness, sums

SIGNED = {  # what the check verifies by signatures and hashes, or which other checked rows lean on
    *("person", "manifest", "segment", "line", "frame", "dictionary", "fork", "recovery", "notice", "branch"),
    *("merged", "parked", "article", "number", "newsgroup", "deletion", "boards"),
}
FLEETING = {  # counts and memories of what went on: another value does little, and the next change is near
    *("version", "quota", "excess", "pace", "fingerprint", "cursor", "shown", "fetched", "spent", "feed", "fed"),
    *("level", "via_level", "level_version", "offer", "digest"),
}


def test_every_table_is_verified_or_derived_or_summed_or_fleeting() -> None:
    known = {*SIGNED, *FLEETING, *sums.TABLES, *derived.TABLES, *derived.COMPARED}
    assert set(soundness.tables()) == known


def problems(path: Path) -> list[str]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return [it for it in soundness.look_through(database) if it]


async def test_all_that_a_node_does_keeps_the_sums(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board("chat")
        first = await alice.post("chat", "One", "x\n")
        await alice.post("chat", "cancel", "x\n", Control=f"cancel {first}")
        for _ in range(2):
            await alice.writer.run(lambda database: database.execute("INSERT OR REPLACE INTO meta VALUES ('a', 'b')"))
        await alice.writer.run(lambda database: database.execute("UPDATE meta SET value = 'c' WHERE key = 'a'"))
        await alice.writer.run(lambda database: database.execute("DELETE FROM meta WHERE key = 'a'"))
        assert problems(alice.path) == []


async def test_a_file_that_was_written_anew_keeps_its_sums(tmp_path: Path) -> None:
    """As after a purge: SQLite forgets the triggers of a connection that is given another temporary store."""
    async with open_house(tmp_path, "alice") as alice:
        await alice.writer.run(lambda database: database.execute("INSERT INTO meta VALUES ('a', 'b')"))
        await alice.writer.scrub()
        await alice.writer.run(lambda database: database.execute("UPDATE meta SET value = 'c' WHERE key = 'a'"))
        assert problems(alice.path) == []


async def test_a_group_whose_articles_have_all_expired_keeps_its_high_mark(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        view = evidence.find_person(alice.reader, alice.identity) or 0
        note = local.Note(local.LOG, "A note", "x\n")

        def change(database: sqlite3.Connection) -> None:
            for _ in range(3):
                local.file_note(database, view, note, alice.now)
            group = numbers.find_newsgroup(database, view, local.LOG)
            assert group is not None
            numbers.expire(database, group.pk, alice.now + 1)

        await alice.writer.run(change)
        assert problems(alice.path) == []
        await alice.writer.run(soundness.restore_marks)
        shown = alice.shelf.group(local.LOG)
        assert shown is not None
        assert (shown.low, shown.high, shown.count) == (4, 3, 0)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE word_filter SET pattern = 'pacific'", "word_filter"),
        ("UPDATE note SET text = 'a good man'", "note"),
        ("DELETE FROM note", "note"),
    ],
)
async def test_another_letter_is_named_and_accepted_by_a_repair(tmp_path: Path, change: str, table: str) -> None:
    async with open_house(tmp_path, "alice") as alice:
        view = await alice.writer.run(
            lambda database: int(database.execute("SELECT min(pk) FROM person").fetchone()[0])
        )
        for sql in (
            "INSERT INTO note VALUES (?1, ?1, 'a bad man')",
            "INSERT INTO word_filter VALUES (1, ?, 'spam', 0, NULL)",
        ):
            await alice.writer.run(lambda database, sql=sql: database.execute(sql, (view,)))  # type: ignore[misc]
        identity, now, path = alice.identity, alice.now, alice.path
    with closing(sqlite3.connect(path)) as database:
        database.execute(change)
        database.commit()
    found = examine(path, [identity], now, lambda what, done, of: None)
    assert found.sentences == [f"The table {table} (kept) is damaged: something in it is not what was written."]
    repair_store(path, [identity], found, now, lambda what, done, of: None)
    assert examine(path, [identity], now, lambda what, done, of: None).sentences == []
