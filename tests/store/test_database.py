"""Opening the file: what is made, what is refused, with what words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from zbnntp.model.errors import NotPermitted
from zbnntp.store.database import STEP_PAGES, VERSION, connect_reader, give_back, opened, prepare


def test_a_new_file_gets_the_newest_version(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)
    prepare(path)
    with opened(path) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == VERSION
        assert database.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert database.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)
    with opened(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(NotPermitted, match="newer zbnntp"):
        prepare(path)


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()
    with pytest.raises(NotPermitted, match="another program"):
        prepare(path)


def test_garbage_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(NotPermitted, match="restore your backup"):
        prepare(path)


def test_a_damaged_page_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)
    with opened(path) as database:
        database.execute("BEGIN")
        database.executemany("INSERT INTO meta VALUES (?, ?)", ((f"key {n}", "x" * 100) for n in range(2000)))
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[-30 * 4096 : -20 * 4096] = b"\xff" * (10 * 4096)
    path.write_bytes(data)
    with pytest.raises(NotPermitted, match="restore your backup"):
        prepare(path)


def test_readers_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)
    reader = connect_reader(path)
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("DELETE FROM meta")
    reader.close()


def _pages(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA page_count").fetchone()[0])


def test_a_file_becomes_smaller_a_bit_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite"
    monkeypatch.setattr("zbnntp.store.database.FREE_LEAST", 100)
    prepare(path)
    with opened(path) as database:
        database.execute("BEGIN")
        database.executemany("INSERT INTO meta VALUES (?, ?)", ((f"key {n:5}", "x" * 900) for n in range(8000)))
        database.execute("COMMIT")
        assert not give_back(database)
        database.execute("DELETE FROM meta WHERE key > 'key  1000'")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        full = path.stat().st_size
        pages = [_pages(database)]
        while give_back(database):
            pages.append(_pages(database))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert len(pages) > 3
        assert pages[0] - pages[1] == STEP_PAGES, "a step gives back more than a page"
        assert path.stat().st_size < full / 2
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
