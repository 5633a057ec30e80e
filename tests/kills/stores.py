"""Deeds on the file of a store: copies of it, rebuilds, repairs, expiry, intake, sealing into frames, packing, purges.

The store is that of bob in tests/backup/worlds.py. What is held of what people signed, and the numbers of articles, are
compared with what they were.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import trio

from tests.backup.worlds import World, served
from tests.houses import Clock, House, open_house, pack_overview
from tests.kills.frame import Forked, Tally
from zbnntp.examining import examine
from zbnntp.housekeeping import seal_months, sweep_all
from zbnntp.model.manifest import open_pointer
from zbnntp.purging import purge_person
from zbnntp.rebuild import rebuild_file
from zbnntp.repairing import repair_store
from zbnntp.retention import Keeping
from zbnntp.store import compaction, condensing, evidence, lines
from zbnntp.store.copying import write_copy
from zbnntp.store.database import transaction

MONTHS_SECONDS = 200 * 86_400
PAGE_OCTETS = 4096
T = TypeVar("T")


def ignore(*_: object) -> None:
    """Nobody looks at the progress."""


def numbers(store: Path) -> dict[tuple[int, int], int]:
    """Article by newsgroup and number."""
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute("SELECT newsgroup, number, article FROM number")
        return {(group, number): article for group, number, article in rows}


def put(store: Path, octets: bytes) -> None:
    """A file in place of another; a log that a killed process has left goes as well."""
    for name in ("-wal", "-shm"):
        store.with_name(store.name + name).unlink(missing_ok=True)
    store.write_bytes(octets)


class OnStore(Forked):
    """A deed on bob's store. `before` is what it holds, `later` how much later it is."""

    anew = False  # whether each time begins with the store as it was
    later = 0

    def __init__(self, world: World, directory: Path) -> None:
        super().__init__(directory)
        self.world, self.directory = world, directory
        self.store = directory / "bob" / "store.sqlite"
        self.store.parent.mkdir()
        self.octets = self.begin()
        put(self.store, self.octets)
        self.numbers, self.before = numbers(self.store), served(self.store)

    def begin(self) -> bytes:
        """The file to begin with."""
        return self.world.octets

    @property
    def own(self) -> dict[bytes, bytes]:
        """Of what was held, bob's own segments."""
        own = {part.segment for part in self.world.offers[0].slices}
        return {name: octets for name, octets in self.before.items() if name in own}

    def prepare(self) -> None:
        if self.anew:
            put(self.store, self.octets)

    def in_house(self, do: Callable[[House], Coroutine[Any, Any, T]]) -> T:
        async def story() -> T:
            async with open_house(self.directory, "bob", Clock(self.world.now + self.later)) as bob:
                return await do(bob)

        return trio.run(story)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        self.examine(self.store, tally)
        self.compare(self.store, self.before, tally)

    def examine(self, store: Path, tally: Tally) -> None:
        tally.unclean += examine(store, [self.world.bob], self.world.now + self.later, ignore).sentences

    def compare(self, store: Path, before: dict[bytes, bytes], tally: Tally) -> None:
        """What was held is held, under its numbers."""
        after, held = numbers(store), served(store)
        tally.kept += len(before) + len(self.numbers)
        tally.lost += [name.hex() for name, octets in before.items() if held.get(name) != octets]
        tally.renumbered += [str(it) for it in self.numbers.items() if after.get(it[0]) != it[1]]
        tally.doubled += ["a number"] * (len(after) - len({(group, it) for (group, _), it in after.items()}))


class Backup(OnStore):
    """`zbnntp backup`: the copy is whole or the older one, and the store is as it was."""

    def __init__(self, world: World, directory: Path) -> None:
        super().__init__(world, directory)
        self.copy = directory / "copy"
        write_copy(self.store, self.copy, ignore)

    def work(self, say: Callable[[str], None]) -> None:
        write_copy(self.store, self.copy, ignore)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        for file in (self.store, self.copy):
            self.compare(file, self.before, tally)
        self.examine(self.copy, tally)


class Rebuild(OnStore):
    def work(self, say: Callable[[str], None]) -> None:
        rebuild_file(self.store, [self.world.bob], self.world.now, ignore)


class Repair(OnStore):
    """`zbnntp check --repair` of a file with a bad page: broken off, it can be done again."""

    anew = True

    def begin(self) -> bytes:
        octets = self.world.octets
        put(self.store, octets)
        with closing(sqlite3.connect(self.store)) as database:
            (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'overview'").fetchone()
        return octets[: (root - 1) * PAGE_OCTETS] + b"\xa5" * PAGE_OCTETS + octets[root * PAGE_OCTETS :]

    def work(self, say: Callable[[str], None]) -> None:
        found = examine(self.store, [self.world.bob], self.world.now, ignore)
        repair_store(self.store, [self.world.bob], found, self.world.now, ignore)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        if examine(self.store, [self.world.bob], self.world.now, ignore).sentences:
            self.work(ignore)
        super().look(said, tally)


class Expiry(OnStore):
    """What others have published becomes too old; what is one's own stays, and so do all numbers."""

    anew = True
    later = MONTHS_SECONDS

    def work(self, say: Callable[[str], None]) -> None:
        async def expire(bob: House) -> None:
            view = evidence.find_person(bob.reader, bob.identity) or 0
            await sweep_all(bob.writer, Keeping(months=1), [view], bob.now, ignore)

        self.in_house(expire)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        self.examine(self.store, tally)
        self.compare(self.store, self.own, tally)


class Intake(OnStore):
    """Manifests of others arrive: each is there whole or not at all, and comes again."""

    anew = True

    def begin(self) -> bytes:
        put(self.store, b"")
        self.in_house(lambda bob: bob.take(self.world.offers[0]))
        return self.store.read_bytes()

    def work(self, say: Callable[[str], None]) -> None:
        async def take(bob: House) -> None:
            for offer in self.world.offers:
                await bob.take(offer)
                say(next(name.hex() for name, it in self.world.served.items() if it == offer.pointer + offer.head))

        self.in_house(take)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        tally.promised(said, {name.hex() for name in served(self.store)})
        super().look(said, tally)
        self.work(ignore)
        self.compare(self.store, self.world.served, tally)


class Frames(OnStore):
    """Months are sealed into frames, and frames are taken apart again."""

    anew = True

    def work(self, say: Callable[[str], None]) -> None:
        compaction.BATCH_LINES = 20

        async def seal(bob: House) -> None:
            await seal_months(bob.path, bob.writer, bob.now + 1)
            await bob.writer.run(loosen)
            await seal_months(bob.path, bob.writer, bob.now + 1)
            await bob.writer.run(loosen)

        def loosen(database: sqlite3.Connection) -> None:
            for (frame,) in database.execute("SELECT pk FROM frame WHERE pk % 3").fetchall():
                lines.loosen(database, frame)

        self.in_house(seal)


class Packing(OnStore):
    """The overview is packed and unpacked."""

    def work(self, say: Callable[[str], None]) -> None:
        for change in (condensing.unpack_all, pack_overview):
            with transaction(self.store) as database:
                change(database)


class Purge(OnStore):
    """Somebody is purged and the file written anew: all of theirs is gone or none, what is said to be gone is."""

    anew = True

    def work(self, say: Callable[[str], None]) -> None:
        async def purge(bob: House) -> None:
            alice = open_pointer(self.world.offers[1].pointer).identity
            await bob.writer.run(lambda database: purge_person(database, alice, bob.now))
            say("gone")
            await bob.writer.scrub()

        self.in_house(purge)

    def look(self, said: Sequence[str], tally: Tally) -> None:
        self.examine(self.store, tally)
        gone = self.world.offers[1].slices[0].segment not in served(self.store)
        tally.promised(said, {"gone"} if gone else frozenset())
        self.compare(self.store, self.own if gone else self.before, tally)


DEEDS = {
    "backup": Backup,
    "rebuild": Rebuild,
    "repair": Repair,
    "expiry": Expiry,
    "intake": Intake,
    "sealing of months": Frames,
    "packing": Packing,
    "purge": Purge,
}
