"""aiosqlite on trio, without asyncio.

aiosqlite 0.20 to 0.22 uses asyncio for two things only: `asyncio.get_event_loop().create_future()` where it waits, and
`future.get_loop().call_soon_threadsafe(...)` in its thread when a statement is done. An event loop object that has just
these two, set by the public `asyncio.set_event_loop`, makes it run on trio itself. The version is pinned in
pyproject.toml and tests/store/test_writer.py would notice a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import outcome
import trio


class _Future:
    """One result, awaited by at most one trio task."""

    __slots__ = ("_loop", "_outcome", "_task")

    def __init__(self, loop: TrioLoop) -> None:
        self._loop = loop
        self._task: trio.lowlevel.Task | None = None
        self._outcome: outcome.Outcome[Any] | None = None

    def done(self) -> bool:
        return self._outcome is not None

    def get_loop(self) -> TrioLoop:
        return self._loop

    def set_result(self, value: object) -> None:
        self._settle(outcome.Value(value))

    def set_exception(self, error: BaseException) -> None:
        self._settle(outcome.Error(error))

    def _settle(self, what: outcome.Outcome[Any]) -> None:
        self._outcome = what
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)
            self._task = None

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._outcome is None:
            self._task = trio.lowlevel.current_task()
            sleep = trio.lowlevel.wait_task_rescheduled(self._abort)  # noqa: ASYNC105
            yield from sleep.__await__()
        if self._outcome is None:
            raise trio.TrioInternalError("a database future woke its task without a result")
        return self._outcome.unwrap()

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._task, self._outcome = None, outcome.Value(None)
        return trio.lowlevel.Abort.SUCCEEDED


class TrioLoop(asyncio.AbstractEventLoop):
    """What aiosqlite asks of an event loop, given by the running trio loop."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

    def create_future(self) -> Any:
        return _Future(self)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> None:
        self._token.run_sync_soon(callback, *args)

    def get_debug(self) -> bool:
        return False


def install() -> None:
    """Let aiosqlite wait on the running trio loop; call it inside trio.run."""
    asyncio.set_event_loop(TrioLoop())  # type: ignore[abstract]
