"""A copy of the whole file, made by SQLite's online backup out of one snapshot, however much is written meanwhile.

It appears under its name when it is whole, was looked through, and is on disk. It is one file, without a log beside it,
so that a read-only stick can hold it. docs/store.md "How to copy it".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from zbnntp.model.errors import NotPermitted
from zbnntp.store.database import connect_reader, snapshot

STEP_PAGES = 256  # between two words about how far it is: 1 MiB
Progress = Callable[[int, int], None]  # octets done, of how many


def write_copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy a store, in use or not, to `target`, whose place it takes; raises NotPermitted and leaves all as it was."""
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)  # of one that was killed
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy_store(source, part, progress)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise NotPermitted(f"{target} cannot be written: {error.strerror}") from error
    except sqlite3.DatabaseError as error:
        raise NotPermitted(f"{source} could not be copied to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def copy_store(source: Path, target: Path, progress: Progress) -> None:
    """Into an empty file; raises sqlite3.DatabaseError, NotPermitted when what was copied is damaged."""
    with (
        closing(connect_reader(source)) as reader,
        snapshot(reader),
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        page = int(reader.execute("PRAGMA page_size").fetchone()[0])
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on the snapshot stands
        copy.execute("PRAGMA locking_mode = EXCLUSIVE")
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        reader.backup(
            copy,
            pages=STEP_PAGES,
            progress=lambda _, remaining, total: progress((total - remaining) * page, total * page),
        )
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()  # it came as one with a log beside it
        damage = str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if damage != "ok":
        raise NotPermitted(f"{source} is damaged, so no copy of it was made: 'zbnntp check' says where")


def _sync(path: Path) -> None:
    """Through to the disk: a file, or the names in a directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
