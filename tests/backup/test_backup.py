"""`zbnntp backup`: a whole copy or none, of a store that others write to meanwhile."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.ingest.forging import dump_all
from zbnntp import home
from zbnntp.model.errors import NotPermitted
from zbnntp.store.copying import write_copy
from zbnntp.store.database import opened, transaction

Run = Callable[..., tuple[int, str]]
MEBIBYTE = 1 << 20


def fill(store: Path, mebibytes: int) -> None:
    with transaction(store) as database:
        rows = ((f"filler {number}", "x" * MEBIBYTE) for number in range(mebibytes))
        database.executemany("INSERT INTO meta VALUES (?, ?)", rows)


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        return dump_all(database)


def test_a_backup_holds_all_of_the_store_and_says_what_it_lacks(place: Path, run: Run, tmp_path: Path) -> None:
    fill(place / home.STORE_FILE, 3)
    file = tmp_path / "stick.sqlite"
    code, said = run("backup", file)
    assert code == 0
    assert f"Your key is not in it: keep a copy of {place / home.KEY_FILE}" in said
    assert rows(file) == rows(place / home.STORE_FILE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [it.name for it in tmp_path.iterdir() if it.is_file()] == [file.name]  # no log beside it


def test_what_is_written_meanwhile_neither_disturbs_it_nor_is_half_in_it(place: Path, tmp_path: Path) -> None:
    store, file, steps = place / home.STORE_FILE, tmp_path / "copy", []
    fill(store, 8)
    before = rows(store)
    with opened(store) as writer:

        def meanwhile(done: int, of: int) -> None:
            steps.append((done, of))
            writer.execute("INSERT INTO meta VALUES (?, 'x')", (f"meanwhile {len(steps)}",))

        write_copy(store, file, meanwhile)
    assert rows(file) == before != rows(store)
    assert 8 <= len(steps) <= 12
    assert steps[-1][0] == steps[-1][1] >= 8 * MEBIBYTE


def test_a_file_that_is_there_is_replaced_only_when_asked(place: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    assert run("backup", file)[0] == 0
    before = file.read_bytes()
    code, said = run("backup", file)
    assert (code, file.read_bytes()) == (1, before)
    assert "--replace" in said
    assert run("backup", file, "--replace")[0] == 0
    assert rows(file) == rows(place / home.STORE_FILE)


def test_nothing_but_an_older_one_is_written_over(place: Path, run: Run) -> None:
    key = place / home.KEY_FILE
    before = key.read_bytes()
    for command in ("backup", "export"):
        code, said = run(command, key, "--replace")
        assert (code, key.read_bytes()) == (1, before)
        assert "is something else" in said


def test_the_store_is_no_backup_of_itself(place: Path, run: Run) -> None:
    assert "that is the store itself" in run("backup", place / home.STORE_FILE, "--replace")[1]


def test_a_home_without_a_store_has_nothing_to_copy(place: Path, run: Run, tmp_path: Path) -> None:
    (place / home.STORE_FILE).unlink()
    assert run("backup", tmp_path / "copy")[0] == 1


def test_a_directory_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    assert "No such file" in run("backup", tmp_path / "nowhere" / "copy")[1]


def test_a_damaged_store_leaves_the_last_good_backup_alone(place: Path, tmp_path: Path) -> None:
    store, file = place / home.STORE_FILE, tmp_path / "copy"
    fill(store, 1)
    write_copy(store, file, lambda done, of: None)
    good = file.read_bytes()
    with closing(sqlite3.connect(store)) as database:
        root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'").fetchone()[0]
        page = database.execute("PRAGMA page_size").fetchone()[0]
    with store.open("r+b") as raw:
        raw.seek((root - 1) * page)
        raw.write(b"\xff" * 64)
    with pytest.raises(NotPermitted, match="damaged"):
        write_copy(store, file, lambda done, of: None)
    assert file.read_bytes() == good
    assert not file.with_name("copy.part").exists()


@pytest.mark.slow
def test_a_killed_backup_leaves_the_old_file_or_the_new_one(place: Path, tmp_path: Path) -> None:
    store, file, chance = place / home.STORE_FILE, tmp_path / "copy", random.Random(6)
    fill(store, 24)
    command = [sys.executable, "-m", "zbnntp.cli", "backup", file, "--replace", "--home", place]
    for number in range(12):
        with transaction(store) as database:
            database.execute("INSERT OR REPLACE INTO meta VALUES ('turn', ?)", (str(number),))
        before = rows(file) if file.exists() else None
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
        part = file.with_name("copy.part")
        while process.poll() is None and not part.exists():
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert (rows(file) if file.exists() else None) in (before, rows(store))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
    assert rows(file) == rows(store)
    assert not part.exists()
