"""A full disk is not taken for a damaged store, on whichever side it is; nor is one that nothing may be written to."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.programs import leave_out, need_root
from zbnntp import cli, home
from zbnntp.checking import attempt
from zbnntp.examining import COPY_FILE, Findings
from zbnntp.model import keys
from zbnntp.model.errors import NotPermitted
from zbnntp.repairing import repair_store
from zbnntp.store.database import prepare, transaction
from zbnntp.store.room import room_on

DISK_OCTETS = 4 << 20
ROWS, ROW_OCTETS = 300, 4000  # 1.2 MB
READING = [("backup",), ("export",), ("export", "--mbox"), ("search", "word"), ("trust", "compute")]
WRITING = ("backup", "export")  # into a file that they are given
ROOM = "there is no room on the disk of {}; make room and try again"


@contextmanager
def disk(place: Path) -> Iterator[Path]:
    need_root("a disk of its own is wanted")
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_OCTETS}", "tmpfs", place]).returncode:
        leave_out("this system allows no mounts here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with disk(tmp_path / "small") as made:
        yield made


@pytest.fixture
def place(small: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that fills a third of its disk."""
    monkeypatch.setattr(keys, "ARGON2_OPS", 1)
    monkeypatch.setattr(keys, "ARGON2_OCTETS", 8192)
    made = small / "home"
    make_home(made)
    return made


def make_home(place: Path) -> None:
    home.make_keys(place, "bob", None)
    store = place / home.STORE_FILE
    prepare(store)
    with transaction(store) as database:
        for number in range(ROWS):
            database.execute("INSERT INTO meta VALUES (?, ?)", (f"filler {number}", "x" * ROW_OCTETS))


def fill(disk: Path, free: int) -> None:
    """Leave so many octets free."""
    with (disk / "filling").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - free)


def command(capsys: pytest.CaptureFixture[str], place: Path, *words: str | Path) -> tuple[int, str]:
    code = cli.main([*map(str, words), "--home", str(place)])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


@pytest.mark.parametrize("words", [("check",), ("check", "--repair")])
@pytest.mark.parametrize("free", [0, 4 << 10, 64 << 10, 1 << 20])
def test_a_home_without_room_for_a_copy_is_not_damaged(
    small: Path, place: Path, capsys: pytest.CaptureFixture[str], free: int, words: tuple[str, ...]
) -> None:
    fill(small, free)
    code, said = command(capsys, place, *words)
    assert (code, said) == (1, f"zbnntp: {ROOM.format(place)}\n")
    (small / "filling").unlink()
    assert command(capsys, place, *words)[0] == 0
    assert not (place / COPY_FILE).exists()


@pytest.mark.parametrize("free", [0, 1 << 20])
def test_a_backup_says_that_its_target_is_full(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    monkeypatch.setattr(keys, "ARGON2_OPS", 1)
    make_home(tmp_path / "home")
    fill(small, free)
    code, said = command(capsys, tmp_path / "home", "backup", small / "copy")
    assert (code, said) == (1, f"zbnntp: {ROOM.format(small)}\n")
    assert [it.name for it in small.iterdir()] == ["filling"]


def test_a_backup_says_that_its_home_is_full(
    small: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(small, 0)
    code, said = command(capsys, place, "backup", tmp_path / "copy")
    assert (code, said) == (1, f"zbnntp: {ROOM.format(place)}\n")


@pytest.mark.parametrize("free", [64 << 10, 1536 << 10, 2 << 20])
def test_a_repair_without_room_leaves_the_store_as_it_was(small: Path, place: Path, free: int) -> None:
    """For the copy, for the new file, or for its log."""
    store = place / home.STORE_FILE
    before = store.read_bytes()
    fill(small, free)
    with pytest.raises(NotPermitted) as failure:
        repair_store(store, [], Findings(file=["The file is damaged."]), 0, lambda *_: None)
    assert str(failure.value) == ROOM.format(place)
    assert store.read_bytes() == before
    assert {it.name for it in place.glob("store.*")} <= {f"{store.name}{end}" for end in ("", "-wal", "-shm")}


def test_a_home_that_nothing_may_be_written_to_is_said_in_a_sentence(
    small: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    for words in (("check",), ("check", "--repair")):
        code, said = command(capsys, place, *words)
        assert (code, said) == (1, f"zbnntp: {place / COPY_FILE} cannot be written: Read-only file system\n")
    for words in READING:
        code, said = command(capsys, place, *words, *([tmp_path / words[0]] if words[0] in WRITING else []))
        assert (code, said) == (
            1,
            f"zbnntp: {place} cannot be written to; copy all that is in it to where it can be\n",
        )


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_full_home_is_named_by_what_only_reads(
    small: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    fill(small, 0)
    code, said = command(capsys, place, *words, *([tmp_path / words[0]] if words[0] in WRITING else []))
    assert (code, said) == (1, f"zbnntp: {ROOM.format(place)}\n")


def test_a_look_that_fails_for_want_of_room_finds_no_fault() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE filler (octets BLOB)")
        database.execute("PRAGMA max_page_count = 2").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="full"):
            attempt(lambda: database.execute("INSERT INTO filler VALUES (zeroblob(100000))"))


def test_the_fullest_disk_is_named(small: Path, tmp_path: Path) -> None:
    """Files for sorting lie elsewhere than the store."""
    fill(small, 0)
    with pytest.raises(NotPermitted, match=ROOM.format(small)), room_on(tmp_path, small):
        (small / "more").write_bytes(b"more")
