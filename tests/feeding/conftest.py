"""A demo community, and an INN that gets it. `async def` tests run under trio."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.inn import Inn, need_inn
from tests.node_process import DemoProcess, NodeProcess
from tests.peers.trio_tests import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]


class Demo(DemoProcess):
    """The demo in a directory of our own, so that its visitor's home outlives a kill."""

    def __init__(self, place: Path) -> None:
        super().__init__(place / "demo.log")
        self.within = place

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"TMPDIR": str(self.within)}

    @property
    def visitor(self) -> Path:
        (found,) = self.within.glob("zbnntp-demo-*/visitor")
        return found


class Feed:
    """`zbnntp feed` as a process that goes on until it is killed."""

    def __init__(self, node: NodeProcess, inn: Inn, *words: str) -> None:
        program = node._program("feed")
        self.command = [*program, f"127.0.0.1:{inn.port}", "--make", inn.newgroup_command(), *words]
        self.log = node.home.with_suffix(".feed")
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def finish(self) -> None:
        """Everything that is here, and no more."""
        done = subprocess.run([*self.command, "--once"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path that INN's own user can reach."""
    name = tempfile.mkdtemp(prefix="zb", dir="/tmp")
    os.chmod(name, 0o711)
    yield Path(name)
    with suppress(OSError):
        shutil.rmtree(name)


@pytest.fixture
def inn(place: Path) -> Iterator[Inn]:
    need_inn()
    with Inn(place / "inn") as server:
        yield server
