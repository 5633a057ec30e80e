"""Memory: what newsreaders have looked at of a large store does not stay in the node's own."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest

from zbnntp.store.database import connect_reader, opened, prepare
from zbnntp.upkeep import MAPPED_OCTETS, STATM, slim

MEGABYTES = 48
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
