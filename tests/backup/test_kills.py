"""kill -9 at any moment of a backup, a rebuild, a repair, an expiry, an intake: nothing is lost, `check` is content."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import trio

from tests.backup.worlds import World, make_world, served
from tests.houses import Clock, open_house, pack_overview
from zbnntp.examining import Findings, examine
from zbnntp.housekeeping import sweep_all
from zbnntp.model.bundle import Offer
from zbnntp.rebuild import rebuild_file
from zbnntp.repairing import repair_store
from zbnntp.retention import Keeping
from zbnntp.store import condensing, evidence
from zbnntp.store.copying import write_copy
from zbnntp.store.database import transaction

pytestmark = pytest.mark.slow
KILLS = 40  # of each kind
MONTHS = 86_400 * 200


def ignore(*_: object) -> None:
    """Nobody looks at the progress."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return trio.run(make_world, tmp_path_factory.mktemp("kills"))


@pytest.fixture
def store(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "bob" / "store.sqlite"
    path.parent.mkdir()
    path.write_bytes(world.octets)
    return path


def killed(deed: Callable[[], object], chance: random.Random, seconds: float) -> None:
    """Do it in a process of its own, which is killed within so long, unless it is done before."""
    child = os.fork()
    if not child:
        try:
            deed()
        finally:
            os._exit(0)
    time.sleep(chance.uniform(0, seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def lasting(deed: Callable[[], object]) -> float:
    """How long it takes when nobody disturbs it."""
    before = time.monotonic()
    deed()
    return time.monotonic() - before


def look(world: World, store: Path, now: int = 0) -> Findings:
    return examine(store, [world.bob], now or world.now, ignore)


def numbers(store: Path) -> set[tuple[int, ...]]:
    with closing(sqlite3.connect(store)) as database:
        return set(database.execute("SELECT newsgroup, number, article FROM number"))


def renew(store: Path, octets: bytes) -> None:
    """As it was; a log that a killed process has left goes as well."""
    for name in ("-wal", "-shm"):
        store.with_name(store.name + name).unlink(missing_ok=True)
    store.write_bytes(octets)


def test_backups(world: World, store: Path, tmp_path: Path) -> None:
    chance, file = random.Random(1), tmp_path / "copy"
    seconds = lasting(lambda: write_copy(store, file, ignore))
    for _ in range(KILLS):
        killed(lambda: write_copy(store, file, ignore), chance, 1.3 * seconds)
        assert served(file) == served(store) == world.served
        assert numbers(file) == numbers(store)
    assert look(world, store).sentences == look(world, file).sentences == []


def test_rebuilds(world: World, store: Path) -> None:
    chance, before = random.Random(2), numbers(store)
    seconds = lasting(lambda: rebuild_file(store, [world.bob], world.now, ignore))
    for _ in range(KILLS):
        killed(lambda: rebuild_file(store, [world.bob], world.now, ignore), chance, 1.3 * seconds)
        assert look(world, store).sentences == []
        assert (served(store), numbers(store)) == (world.served, before)


def test_repairs(world: World, store: Path) -> None:
    chance = random.Random(3)
    with closing(sqlite3.connect(store)) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'overview'").fetchone()
    damaged = world.octets[: (root - 1) * 4096] + b"\xa5" * 4096 + world.octets[root * 4096 :]

    def repair() -> None:
        repair_store(store, [world.bob], look(world, store), world.now, ignore)

    before = numbers(store)
    store.write_bytes(damaged)
    seconds = lasting(repair)
    for _ in range(KILLS):
        renew(store, damaged)
        killed(repair, chance, 1.3 * seconds)
        if look(world, store).sentences:
            repair()
        assert look(world, store).sentences == []
        assert (served(store), numbers(store)) == (world.served, before)


def test_expiry(world: World, store: Path) -> None:
    chance, before = random.Random(4), numbers(store)
    later = world.now + MONTHS
    own = {part.segment for part in world.offers[0].slices}

    async def expire() -> None:
        async with open_house(store.parent.parent, "bob", Clock(later)) as bob:
            view = evidence.find_person(bob.reader, bob.identity) or 0
            await sweep_all(bob.writer, Keeping(months=1), [view], bob.now, ignore)

    seconds = lasting(lambda: trio.run(expire))
    assert len(served(store)) < len(world.served)
    for _ in range(KILLS):
        renew(store, world.octets)
        killed(lambda: trio.run(expire), chance, 1.3 * seconds)
        assert look(world, store, later).sentences == []
        assert own <= served(store).keys()
        assert served(store).items() <= world.served.items()
        assert numbers(store) == before


def test_packing(world: World, store: Path) -> None:
    chance, before = random.Random(6), numbers(store)

    def pack() -> None:
        for _ in range(2):
            with transaction(store) as database:
                condensing.unpack_all(database)
            with transaction(store) as database:
                pack_overview(database)

    seconds = lasting(pack)
    for _ in range(KILLS):
        killed(pack, chance, 1.3 * seconds)
        assert look(world, store).sentences == []
        assert numbers(store) == before


def test_intake(world: World, store: Path) -> None:
    chance = random.Random(5)

    async def take(*offers: Offer) -> None:
        async with open_house(store.parent.parent, "bob", Clock(world.now)) as bob:
            for offer in offers:
                await bob.take(offer)

    store.unlink()
    trio.run(take, world.offers[0])
    without = store.read_bytes()
    seconds = lasting(lambda: trio.run(take, *world.offers))
    assert served(store) == world.served
    for _ in range(KILLS):
        renew(store, without)
        killed(lambda: trio.run(take, *world.offers), chance, 1.3 * seconds)
        assert look(world, store).sentences == []
        trio.run(take, *world.offers)
        assert served(store) == world.served
