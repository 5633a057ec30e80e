"""Another user of the machine: a child process that does one thing as `nobody`."""

from __future__ import annotations

import os
import pwd
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.programs import need_root

WHO = "nobody"


def as_nobody(act: Callable[[], object]) -> str:
    """What `act` returns as that user, or the name of the exception that it raises."""
    need_root("another user is wanted")
    user = pwd.getpwnam(WHO)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            os.write(writing, _told(act).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return told


def _told(act: Callable[[], object]) -> str:
    try:
        return str(act())
    except Exception as error:
        return type(error).__name__


def connect(path: Path) -> str:
    """What somebody hears who connects to a Unix socket."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as one:
        one.settimeout(10)
        one.connect(os.fspath(path))
        return one.recv(100).decode()


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that everybody may write to, with a short path."""
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as name:
        Path(name).chmod(0o777)
        yield Path(name)
