"""A node for each input: bob, who trusts alice and knows a board, copied from one that was made once."""

from __future__ import annotations

import functools
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from tests.fuzz.scratch import scratch
from tests.houses import House, open_house
from tests.ingest.forging import BOARD, Forger, following


@functools.cache
def template() -> Path:
    """Where it is; called before the loop of an input begins."""
    place = scratch()

    async def make() -> None:
        async with following(place / "template", Forger("alice")) as bob:
            await bob.add_board(BOARD)
            await bob.seal()

    trio.run(make)
    return place


@asynccontextmanager
async def copied_house(place: Path) -> AsyncIterator[House]:
    shutil.rmtree(place / "run", ignore_errors=True)
    shutil.copytree(place / "template", place / "run")
    async with open_house(place / "run", "bob") as bob:
        yield bob
