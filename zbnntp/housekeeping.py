"""Every ten minutes what is not to be kept goes, a few segments at a time, so that nobody waits long for the writer.

Then the segments of months that are over are sealed: in a thread, a batch at a time, and with a rest between batches
that leaves most of the processor to others. However it ends, each batch is kept or not, and the next round goes on.
What has not changed in the overview since the round before is packed, a block at a time, with the same rests.
A purge that a crash or a full disk interrupted is finished first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from zbnntp.indexing import keep_index
from zbnntp.ingest import Intake
from zbnntp.model.errors import Refused
from zbnntp.retention import Keeping, Swept, adopt, sweep
from zbnntp.standing import Standings
from zbnntp.store import compaction, condensing, purges, ratings
from zbnntp.store.database import give_back
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

SWEEP_SECONDS = 600
SEAL_AFTER_SECONDS = 7 * 86400  # after the end of a month: until then what was written in it still comes in
PAUSE_SECONDS = 0.1  # between steps in which the file becomes smaller
REST = 2  # times as long as a batch took


class House(Protocol):
    """What the node's parts share, as far as it is needed here; `log` takes a sentence for zb.log."""

    @property
    def store(self) -> Path: ...
    @property
    def writer(self) -> Writer: ...
    @property
    def standings(self) -> Standings: ...
    @property
    def intake(self) -> Intake: ...
    @property
    def log(self) -> Callable[[str], None]: ...
    def now(self) -> int: ...


async def keep_lean(house: House, views: Callable[[], Sequence[int]], search_index: bool) -> None:
    """Until cancelled; beside it the index of words is kept, or taken away."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_index, house.store, search_index)
        await _keep_rounds(house, views)


async def _keep_rounds(house: House, views: Callable[[], Sequence[int]]) -> None:
    keeping = house.intake.keeping
    await house.writer.run(lambda database: adopt(database, keeping))
    before = await house.writer.run(condensing.version)
    looked = house.now()
    while True:
        try:
            looked = await note_ended(house, looked)
            if await house.writer.run(purges.is_to_scrub):
                await house.writer.scrub()
            gone = await sweep_all(house.writer, keeping, views(), house.now(), house.standings.note)
            await seal_months(house.store, house.writer, month_to_seal(house.now()))
            before = await pack_quiet(house.writer, before)
            await shrink(house.writer)
        except Refused as error:  # a full or failing disk: the next round comes back to it
            log.warning("what is not to be kept could not be dropped: %s", error)
        else:
            if gone:
                house.log(f"{gone} posts of others are no longer kept here, for their age, their boards or the quota.")
        await trio.sleep(SWEEP_SECONDS)


async def note_ended(house: House, since: int) -> int:
    """Ratings that have ended since then count no more; returns the time up to which that is so."""
    now = house.now()
    house.standings.note(await house.writer.run(lambda database: ratings.expired(database, since, now)))
    return now


def month_to_seal(now: int) -> int:
    """What began before this is sealed, unix seconds: the beginning of the month in which it was seven days ago."""
    day = datetime.fromtimestamp(max(now - SEAL_AFTER_SECONDS, 0), UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp())


async def seal_months(store: Path, writer: Writer, before: int) -> int:
    """Seal what begins before a time; how many lines were."""
    planned = await trio.to_thread.run_sync(compaction.plan, store, before)
    await writer.run(lambda database: compaction.begin(database, planned))
    sealer = compaction.Sealer(store)
    sealed = 0
    for keys in planned.batches:
        began = trio.current_time()
        batch = await trio.to_thread.run_sync(sealer.prepare, keys)
        sealed += await writer.run(lambda database, batch=batch: compaction.keep_batch(database, batch))  # type: ignore[misc]
        await trio.sleep(REST * (trio.current_time() - began))
    return sealed


async def pack_quiet(writer: Writer, before: int) -> int:
    """Pack the overview of what has not changed since a version of all groups; returns the version of now."""
    for newsgroup, block in await writer.run(lambda database: condensing.waiting(database, before)):
        began = trio.current_time()
        await writer.run(partial(condensing.pack, newsgroup=newsgroup, block=block))
        await trio.sleep(REST * (trio.current_time() - began))
    return await writer.run(condensing.version)


async def shrink(writer: Writer) -> None:
    """Give back to the disk what is free of the file, but for a part that new posts will fill."""
    while True:
        if not await writer.run(give_back):
            return
        await trio.sleep(PAUSE_SECONDS)


async def sweep_all(
    writer: Writer, keeping: Keeping, views: Sequence[int], now: int, stale: Callable[[Iterable[int]], None]
) -> int:
    """Drop whatever is not to be kept; how many posts went."""
    gone = 0
    while True:
        began = trio.current_time()
        swept: Swept = await writer.run(lambda database: sweep(database, keeping, views, now))
        if not swept.segments:
            return gone
        gone += swept.posts
        stale(swept.stale)
        await trio.sleep(REST * (trio.current_time() - began))
