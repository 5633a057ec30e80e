"""Whose a home directory is. What another user of the machine has laid into it is not used.

A directory that others could write to for a while, or that somebody made before its owner did, may hold links that lead
a node to write where they point. A link belongs to whoever made it; so it is enough that everything in a home is its
owner's, or root's, whom nothing keeps out. Names that are written to are opened so that a link is not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from zbnntp.model.errors import NotPermitted

ROOT = 0  # the user who may do anything in any case
LEVELS = 2  # looked through below a home: its identities have directories of their own


def check_owner(home: Path) -> None:
    """NotPermitted when a directory that is there, or something in it, is another user's."""
    trusted = {os.getuid(), ROOT}
    if home.stat().st_uid not in trusted:
        raise NotPermitted(f"{home} belongs to another user; choose another --home, or run zbnntp as that user")
    for path in _below(home, LEVELS):
        with suppress(FileNotFoundError):  # a file that a running node wrote and renamed
            if path.lstat().st_uid not in trusted:
                raise NotPermitted(f"{path} belongs to another user; look what it is, and remove it")


def open_own(path: Path, flags: int) -> int:
    """A descriptor of a file for its owner alone, made when it is not there; OSError where it is a link."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def make_own(path: Path) -> int:
    """A descriptor of a new file for its owner alone, in the place of what has that name; OSError."""
    path.unlink(missing_ok=True)
    return open_own(path, os.O_WRONLY | os.O_EXCL)


def is_private(directory: Path) -> bool:
    """Whether it is a directory, not a link to one, where nobody else can do anything. OSError."""
    found = directory.lstat()  # once: between two looks somebody could put another one in its place
    return found.st_uid == os.getuid() and not found.st_mode & 0o077 and directory.is_dir()


def _below(directory: Path, levels: int) -> Iterator[Path]:
    for path in directory.iterdir():
        yield path
        if levels > 1 and path.is_dir() and not path.is_symlink():
            yield from _below(path, levels - 1)
