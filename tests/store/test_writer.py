"""The writer: aiosqlite on trio, grouped, shielded. These tests notice a change of aiosqlite's internals."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import trio
import trio.testing

from zbnntp.model.errors import NotPermitted
from zbnntp.store import writer as writers
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.promises import find_meta, put_meta
from zbnntp.store.writer import open_writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    prepare(path)
    return path


def value(path: Path, key: str) -> str | None:
    reader = connect_reader(path)
    try:
        return find_meta(reader, key)
    finally:
        reader.close()


def test_what_run_returns_from_is_committed(path: Path) -> None:
    async def story() -> None:
        async with open_writer(path) as writer:
            assert await writer.run(lambda database: put_meta(database, "a", "1")) is None
            assert value(path, "a") == "1"

    trio.run(story)


def test_changes_that_wait_share_a_commit(path: Path) -> None:
    async def story() -> None:
        async with open_writer(path) as writer, trio.open_nursery() as nursery:
            for number in range(40):
                nursery.start_soon(writer.run, lambda database, n=number: put_meta(database, f"k{n}", str(n)))
            await trio.testing.wait_all_tasks_blocked()
        assert [value(path, f"k{number}") for number in range(40)] == [str(number) for number in range(40)]
        assert writer.commits <= 3

    trio.run(story)


def test_the_wal_stays_small_however_many_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that catches up has changes waiting for hours."""
    monkeypatch.setattr(writers, "WAL_OCTETS", 1 << 20)
    monkeypatch.setattr(writers, "GROUP_MOST", 4)
    wal, seen = path.with_name("store.sqlite-wal"), 0

    async def story() -> None:
        nonlocal seen

        async def keep(first: int) -> None:
            nonlocal seen
            for number in range(first, first + 50):
                await writer.run(lambda database, n=number: put_meta(database, f"k{n}", "x" * 20_000))
                seen = max(seen, wal.stat().st_size)

        async with open_writer(path) as writer, trio.open_nursery() as nursery:
            for task in range(12):
                nursery.start_soon(keep, 50 * task)

    trio.run(story)
    assert 1 << 20 < seen < 4 << 20  # of 12 MB


def test_a_change_that_raises_takes_back_its_own_alone(path: Path) -> None:
    def broken(database: sqlite3.Connection) -> None:
        put_meta(database, "bad", "1")
        raise KeyError("no")

    async def story() -> None:
        async with open_writer(path) as writer:
            errors: list[str] = []

            async def good(key: str) -> None:
                await writer.run(lambda database: put_meta(database, key, "1"))

            async def bad() -> None:
                try:
                    await writer.run(broken)
                except KeyError as error:
                    errors.append(str(error))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(good, "first")
                nursery.start_soon(bad)
                nursery.start_soon(good, "second")
            assert errors == ["'no'"]
        assert (value(path, "first"), value(path, "second"), value(path, "bad")) == ("1", "1", None)

    trio.run(story)


def test_cancelling_the_caller_never_tears_a_change(path: Path) -> None:
    started = threading.Event()

    def slow(database: sqlite3.Connection) -> None:
        put_meta(database, "a", "1")
        started.set()
        database.execute(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300000) SELECT sum(n) FROM c"
        ).fetchone()
        put_meta(database, "b", "1")

    async def story() -> None:
        async with open_writer(path) as writer:
            with trio.move_on_after(0.001):
                await writer.run(slow)
            assert started.is_set()
        assert (value(path, "a"), value(path, "b")) == ("1", "1")

    trio.run(story)


def test_a_statement_that_fails_reaches_the_caller(path: Path) -> None:
    async def story() -> None:
        async with open_writer(path) as writer:
            with pytest.raises(sqlite3.OperationalError):
                await writer.run(lambda database: database.execute("SELECT * FROM nowhere"))
            await writer.run(lambda database: put_meta(database, "after", "1"))
        assert value(path, "after") == "1"

    trio.run(story)


def test_no_thread_and_no_wal_are_left_behind(path: Path) -> None:
    before = threading.active_count()

    async def story() -> None:
        async with open_writer(path) as writer:
            await writer.run(lambda database: put_meta(database, "a", "1"))

    trio.run(story)
    assert threading.active_count() == before
    assert not path.with_name("store.sqlite-wal").exists()


def test_each_of_those_who_share_a_failing_commit_is_told(path: Path) -> None:
    told: list[str] = []

    async def story() -> None:
        async with open_writer(path) as writer:
            pages = await writer.run(lambda database: int(database.execute("PRAGMA page_count").fetchone()[0]))
            await writer.run(lambda database: database.execute(f"PRAGMA max_page_count = {pages}").fetchall())

            async def put(number: int) -> None:
                try:
                    await writer.run(lambda database: put_meta(database, f"k{number}", "x" * 100_000))
                except NotPermitted as error:
                    told.append(str(error))

            async with trio.open_nursery() as nursery:
                for number in range(5):
                    nursery.start_soon(put, number)
            assert "disk" in writer.trouble

    trio.run(story)
    assert len(told) == 5
    assert all("make room" in it for it in told)
