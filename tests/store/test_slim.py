"""Memory: what newsreaders have looked at of a large store does not stay in the node's own."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from zbnntp.store import lines
from zbnntp.store.database import Store, connect_reader, opened, prepare
from zbnntp.store.writer import open_writer
from zbnntp.upkeep import STATM, slim, trim_heap

MAPPED_OCTETS = 40 << 20
MEGABYTES = 48
THREADS = """
import ctypes, sys, threading
from zbnntp.upkeep import share_heap
if sys.argv[1] == "True":
    share_heap()
libc, gate = ctypes.CDLL(None), threading.Barrier(4)
libc.malloc.restype = ctypes.c_void_p
def work():
    gate.wait()
    libc.malloc(5000)
    gate.wait()
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""
LOOK = "SELECT sum(instr(octets, x'02')) FROM large"


def mapped() -> int:
    """Octets of files that are in this process's memory."""
    return int(STATM.read_text().split()[2]) * resource.getpagesize()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A store with many pages."""
    path = tmp_path / "store.sqlite"
    prepare(path)
    with opened(path) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("CREATE TABLE large (octets BLOB)")
        database.execute("BEGIN")
        database.executemany("INSERT INTO large VALUES (?)", [(bytes([1]) * (1 << 20),)] * MEGABYTES)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_pages_of_the_store_are_let_go_when_memory_is_large(large: Path) -> None:
    reader = connect_reader(large)
    before = mapped()
    reader.execute(LOOK).fetchall()
    assert mapped() - before > MAPPED_OCTETS
    slim(reader, most=1 << 40)
    assert mapped() - before > MAPPED_OCTETS
    slim(reader, most=0)
    assert mapped() - before < MAPPED_OCTETS / 4
    reader.execute(LOOK).fetchall()
    assert mapped() - before > MAPPED_OCTETS
    reader.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_who_goes_through_the_whole_store_maps_nothing(large: Path) -> None:
    reader = connect_reader(large, mapped=False)
    before = mapped()
    reader.execute(LOOK).fetchall()
    assert mapped() - before < MAPPED_OCTETS / 4
    reader.close()


def own() -> int:
    """Octets of this process's memory that are not those of files."""
    _, resident, files, *_ = STATM.read_text().split()
    return (int(resident) - int(files)) * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is resident")
def test_pages_that_changes_needed_are_let_go(large: Path) -> None:
    async def main() -> int:
        async with open_writer(large) as writer:
            await writer.run(lambda database: database.execute(LOOK).fetchall())
            before = own()
            await writer.let_go()
            trim_heap()
            await writer.run(lambda database: database.execute("DELETE FROM large WHERE rowid < 3"))
            return before - own()

    assert trio.run(main) > 4 << 20, "of a cache of 8 MiB"


def test_what_changes_have_opened_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)

    async def main() -> list[int]:
        async with open_writer(path) as writer:
            await writer.run(lambda database: lines.codec(database, 0))
            before = await writer.run(kept)
            await writer.let_go()
            return [before, await writer.run(kept)]

    assert trio.run(main) == [1, 0]


def kept(database: sqlite3.Connection) -> int:
    assert isinstance(database, Store)
    return len(database.codecs)


@pytest.mark.skipif(sys.platform != "linux", reason="heaps are told by glibc")
@pytest.mark.parametrize("shares", [True, False])
def test_threads_share_one_heap(shares: bool) -> None:
    told = subprocess.run([sys.executable, "-c", THREADS, str(shares)], check=True, capture_output=True, text=True)
    assert (told.stdout.count("<heap nr=") == 1) is shares
