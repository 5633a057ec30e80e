"""A house for machines of hypothesis, whose rules are no coroutines: its loop runs in a thread of its own."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import trio

from tests.houses import Clock, open_house

T = TypeVar("T")


class Resident:
    """Whoever lives in it; `restart` closes the house and opens it again on the same files."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.clock = Clock()
        self._folder = tempfile.TemporaryDirectory()
        self._move_in()

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """What `function(*arguments)` returns, run beside the house."""
        return trio.from_thread.run(function, *arguments, trio_token=self._token)

    def ask(self, function: Callable[..., T], *arguments: Any) -> T:
        """The same for what is no coroutine; SQLite wants its own thread."""
        return trio.from_thread.run_sync(function, *arguments, trio_token=self._token)

    def restart(self) -> None:
        self._move_out()
        self._move_in()

    def close(self) -> None:
        self._move_out()
        self._folder.cleanup()

    def _move_in(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._live, ready))
        self._thread.start()
        ready.wait()

    def _move_out(self) -> None:
        self.ask(self._leave.set)
        self._thread.join()

    async def _live(self, ready: threading.Event) -> None:
        async with open_house(Path(self._folder.name), self.name, self.clock) as self.house:
            self._token, self._leave = trio.lowlevel.current_trio_token(), trio.Event()
            ready.set()
            await self._leave.wait()
