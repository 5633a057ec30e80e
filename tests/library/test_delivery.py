"""How often one's manifest was handed to others: noted soon the first time, and seldom however many come."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.houses import House, open_house
from tests.peers.trio_tests import pytest_pyfunc_call
from zbnntp.delivery import LATER_SECONDS, SOON_SECONDS, Delivery
from zbnntp.store import evidence, fetched
from zbnntp.store.fetched import Fetched

__all__ = ["pytest_pyfunc_call"]


@pytest.fixture
def autojump_clock() -> MockClock:
    """It stands while threads work, and jumps where a test lets time pass."""
    return MockClock()


async def _pass(clock: MockClock, seconds: float) -> None:
    clock.autojump_threshold = 0
    await trio.sleep(seconds)
    clock.autojump_threshold = math.inf


@dataclass
class Direct:
    """A writer without a thread: no time passes while it writes."""

    database: sqlite3.Connection
    written: int = 0

    async def run(self, change: Callable[[sqlite3.Connection], Any]) -> Any:
        self.written += 1
        with self.database:
            return change(self.database)


def _view(house: House) -> int:
    return evidence.find_person(house.reader, house.identity) or 0


def _found(house: House) -> Fetched | None:
    return fetched.find(house.reader, _view(house), fetched.newest_own(house.reader, _view(house)))


async def _publish(house: House, subject: str) -> Any:
    await house.post("chat", subject, "x\n")
    await house.seal()
    held = evidence.find_manifest(house.reader, house.identity)
    assert held is not None
    return held.head_sha256


async def test_the_first_time_is_noted_soon_and_the_others_once_a_minute(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_house(tmp_path, "anna") as anna:
        await anna.add_board("chat")
        with closing(sqlite3.connect(anna.path)) as database:
            writer, told = Direct(database), []
            delivery = Delivery(anna.reader, writer, _view(anna), lambda: anna.now, lambda: told.append(1))  # type: ignore[arg-type]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(delivery.run)
                head = await _publish(anna, "One")
                delivery.note(head)
                await _pass(autojump_clock, SOON_SECONDS + 1)
                assert _found(anna) == Fetched(1, anna.now)
                for _ in range(10_000):
                    delivery.note(head)
                await _pass(autojump_clock, LATER_SECONDS / 2)
                assert (writer.written, len(told)) == (1, 1)
                await _pass(autojump_clock, LATER_SECONDS)
                assert (writer.written, len(told)) == (2, 2)
                assert _found(anna) == Fetched(10_001, anna.now)
                delivery.note(head)
                newer = await _publish(anna, "Two")
                delivery.note(newer)  # another version does not wait for the minute
                await _pass(autojump_clock, SOON_SECONDS + 1)
                assert _found(anna) == Fetched(1, anna.now)
                nursery.cancel_scope.cancel()


async def test_a_manifest_without_a_post_says_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_house(tmp_path, "anna") as anna, open_house(tmp_path, "bert") as bert:
        await anna.rate(bert.identity, 5000)
        await anna.seal()
        held = evidence.find_manifest(anna.reader, anna.identity)
        assert held is not None
        with closing(sqlite3.connect(anna.path)) as database:
            writer = Direct(database)
            delivery = Delivery(anna.reader, writer, _view(anna), lambda: anna.now, lambda: None)  # type: ignore[arg-type]
            delivery.note(held.head_sha256)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(delivery.run)
                await _pass(autojump_clock, 2 * LATER_SECONDS)
                nursery.cancel_scope.cancel()
            assert writer.written == 0
