"""A copy of the whole file, made by SQLite's online backup out of one snapshot, however much is written meanwhile.

It appears under its name when it is whole, was looked through, and is on disk. It is one file, without a log beside it,
so that a read-only stick can hold it. docs/store.md "How to copy it".
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from zbnntp.model.errors import NotPermitted
from zbnntp.store.database import Store, snapshot
from zbnntp.store.room import is_full, room_on, temporary_directory
from zbnntp.store.soundness import UNREADABLE, is_whole

SAVE = "'zbnntp check --repair' saves what can be saved, or restore an older backup"
STEP_PAGES = 256  # between two words about how far it is: 1 MiB
Progress = Callable[[int, int], None]  # octets done, of how many


def write_copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy a store, in use or not, to `target`, whose place it takes; raises NotPermitted and leaves all as it was."""
    part = target.with_name(f"{target.name}.part")
    try:
        with room_on(target.parent):
            _write(source, part, progress)
            part.replace(target)
            _sync(target.parent)
    except OSError as error:
        raise NotPermitted(f"{target} cannot be written: {error.strerror}") from error
    except UNREADABLE as error:
        raise NotPermitted(f"{source} could not be copied to {target} ({error}); {SAVE}") from error
    finally:
        _drop(part)


def _write(source: Path, part: Path, progress: Progress) -> None:
    part.unlink(missing_ok=True)  # of one that was killed
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        _copy(source, copy, progress)
        if not is_whole(copy):
            raise NotPermitted(f"{source} is damaged, so no copy of it was made; {SAVE}")
    _sync(part)


@contextmanager
def open_copy(source: Path, target: Path, progress: Progress) -> Iterator[sqlite3.Connection]:
    """A copy of a store to look at and to change, as damaged as the store is; nothing of it stays on the disk.

    Raises sqlite3.DatabaseError when the store cannot be read at all, NotPermitted when there is no room for it.
    """
    try:
        with room_on(target.parent, temporary_directory()):
            target.unlink(missing_ok=True)  # of one that was killed
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(target, isolation_level=None, factory=Store)) as copy:
                _copy(source, copy, progress)
                target.unlink()
                yield copy
    except OSError as error:
        raise NotPermitted(f"{target} cannot be written: {error.strerror}") from error
    finally:
        _drop(target)


def _drop(path: Path) -> None:
    """If it is there. Where it cannot be dropped, on a disk that nothing is written to, it could not be made either."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _copy(source: Path, copy: sqlite3.Connection, progress: Progress) -> None:
    """Into an empty file, page by page; raises sqlite3.DatabaseError."""
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as reader, snapshot(reader):
        with room_on(source.absolute().parent):  # for the index of its log
            page = int(reader.execute("PRAGMA page_size").fetchone()[0])
            reader.execute("PRAGMA user_version").fetchone()  # from here on the snapshot stands
        copy.execute("PRAGMA locking_mode = EXCLUSIVE")
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        reader.backup(
            copy,
            pages=STEP_PAGES,
            progress=lambda _, remaining, total: progress((total - remaining) * page, total * page),
        )
        copy.execute("PRAGMA writable_schema = ON")  # whatever the definitions of tables say
        copy.execute("PRAGMA journal_mode = MEMORY").fetchone()  # it came as one with a log beside it


def replace_store(store: Path, fresh: Path, kept: Path) -> None:
    """Put a mended file in the place of a store that nobody has open, which is kept under another name; in one step.

    Its log is copied back first: one that was left would be taken for that of the new file. Raises OSError, and
    sqlite3.OperationalError when there is no room for it.
    """
    try:
        with closing(sqlite3.connect(store)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except UNREADABLE as error:
        if is_full(error):
            raise
    for name in (f"{store.name}-wal", f"{store.name}-shm"):
        store.with_name(name).unlink(missing_ok=True)
    fresh.chmod(0o600)
    kept.unlink(missing_ok=True)
    os.link(store, kept)
    fresh.replace(store)
    _sync(store.parent)


def _sync(path: Path) -> None:
    """Through to the disk: a file, or the names in a directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
