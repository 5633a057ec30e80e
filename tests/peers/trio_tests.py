"""Trio tests without a plugin: `async def` tests run under trio, with `autojump_clock` in virtual time."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

TEST_SECONDS = 120  # a test that needs more hangs
VIRTUAL_SECONDS = 20 * 86_400  # on a clock that jumps


@pytest.fixture
def autojump_clock() -> trio.testing.MockClock:
    return trio.testing.MockClock(autojump_threshold=0)


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A private directory whose sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="zb", dir="/tmp") as name:
        yield Path(name)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    clock = pyfuncitem.funcargs.get("autojump_clock")

    async def main() -> None:
        with trio.fail_after(VIRTUAL_SECONDS if clock else TEST_SECONDS):
            await pyfuncitem.obj(**arguments)

    trio.run(main, clock=clock)
    return True
