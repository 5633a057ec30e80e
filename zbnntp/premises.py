"""Whose a home directory is. What another user of the machine has laid into it is not used.

A directory that others could write to for a while, or that somebody made before its owner did, may hold links that lead
a node to write where they point. A link belongs to whoever made it; so it is enough that everything in a home is its
owner's, or root's, whom nothing keeps out. Every command looks first and reads then (`look_over`). Names that are
written to are opened so that a link is not followed, those that are read so that a pipe holds nobody up.

A socket at which somebody answers is never taken away, whoever that is.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from zbnntp.model.errors import NotPermitted

ROOT = 0  # the user who may do anything in any case
OTHERS, OTHERS_WRITE = 0o077, 0o022  # bits of a mode
LEVELS = 2  # looked through below a home: its identities have directories of their own


def look_over(home: Path) -> None:
    """NotPermitted when some of a home is another user's, or it is no directory; one that is not there is nobody's."""
    try:
        check_owner(home)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NotPermitted(f"{home} cannot be used as home directory: {error.strerror}") from error


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


def read_regular(path: Path) -> str:
    """The text of what has to be a file: no pipe, which nobody may ever write to. NotPermitted, OSError, ValueError."""
    with os.fdopen(_open_regular(path), encoding="utf-8") as file:
        return file.read()


def read_own(path: Path) -> str:
    """The text of a file that is believed: its owner's or root's, under one name, closed to others before it is read.

    NotPermitted, OSError, ValueError.
    """
    with os.fdopen(_open_regular(path), encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if found.st_uid not in {os.getuid(), ROOT}:
            raise NotPermitted(f"{path} belongs to another user; look what it is, and remove it")
        if found.st_nlink > 1:
            raise NotPermitted(f"{path} has another name elsewhere (a hard link); put a copy of it in its place")
        if found.st_mode & OTHERS:
            _close_to_others(path, file.fileno())
        return file.read()


def _close_to_others(path: Path, descriptor: int) -> None:
    """NotPermitted where it can neither be closed nor is it safe from being written to."""
    with suppress(OSError):  # root's, or on a disk that nothing is written to
        os.fchmod(descriptor, 0o600)
    if os.fstat(descriptor).st_mode & OTHERS_WRITE:
        raise NotPermitted(f"{path} can be written by others; run 'chmod 600 {path}'")


def _open_regular(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotPermitted(f"{path} cannot be read: it is no file; look what it is, and remove it")
    return descriptor


def is_private(directory: Path) -> bool:
    """Whether it is a directory, not a link to one, where nobody else can do anything. OSError."""
    found = directory.lstat()  # once: between two looks somebody could put another one in its place
    return found.st_uid == os.getuid() and not found.st_mode & 0o077 and directory.is_dir()


def make_private(directory: Path) -> None:
    """A directory where nobody else can do anything; NotPermitted when somebody else could before, or it is a link."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
        own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
        if own:
            directory.chmod(0o700)
    except OSError as error:
        raise NotPermitted(f"{directory} cannot be used for sockets: {error.strerror}; choose another") from error
    if not own:
        raise NotPermitted(
            f"{directory} is a link, or another user's, or others may write to it; choose another directory, or close "
            "your own with chmod 700"
        )


def check_vacant(path: Path) -> None:
    """NotPermitted when a Unix socket cannot be made there: only a dead one of our own may be replaced."""
    try:
        found = path.lstat()
    except OSError:
        return  # nothing is there; or whoever makes it is told why that cannot be
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise NotPermitted(f"{path} cannot be listened at: what is there is no socket of your own; choose another")
    if _is_answered(path):
        raise NotPermitted(f"{path} is taken: another program listens there; stop it, or choose another path")


def _is_answered(path: Path) -> bool:
    """Whether somebody listens at a socket, however busy."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.setblocking(False)
        try:
            one.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # its queue is full, or it does not let us in: it lives
            return True
    return True


def _below(directory: Path, levels: int) -> Iterator[Path]:
    for path in directory.iterdir():
        yield path
        if levels > 1 and path.is_dir() and not path.is_symlink():
            yield from _below(path, levels - 1)
