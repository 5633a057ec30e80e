"""A disk without room is no damage: it is said by its name, so that nobody restores a backup over a sound store.

SQLite tells of a full disk by a code of its own; where it cannot even make the index of its log, by that of a failed
write. What it sorts or compares goes into files of another directory, which may lie on another disk. Even to read a
store it makes that index, so where nothing may be written a store is not opened, sound as it is.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zbnntp.model.errors import NotPermitted

_CODES = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 - where SQLite looks, in its order


def is_full(error: BaseException) -> bool:
    """Whether an error of SQLite or of the system says that a disk has no room."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) in _CODES  # errors of the module itself have none
    return isinstance(error, OSError) and error.errno in _NUMBERS


@contextmanager
def room_on(*places: Path) -> Iterator[None]:
    """NotPermitted, in place of the error, when the disk of one of these directories is full: that with least room.

    Or when nothing may be written to the first, so that SQLite cannot open what lies there.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CANTOPEN and not os.access(places[0], os.W_OK):
            raise NotPermitted(
                f"{places[0]} cannot be written to; copy all that is in it to where it can be"
            ) from error
        if not is_full(error):
            raise
        full = min(places, key=lambda it: shutil.disk_usage(it).free)
        raise NotPermitted(f"there is no room on the disk of {full}; make room and try again") from error


def temporary_directory() -> Path:
    """Where SQLite makes files that have no name (sqlite.org/tempfiles.html)."""
    named = (os.environ.get(name, "") for name in ("SQLITE_TMPDIR", "TMPDIR"))
    usable = (it for it in (*named, *_TEMPORARY) if os.path.isdir(it) and os.access(it, os.W_OK | os.X_OK))
    return Path(next(usable, "."))
