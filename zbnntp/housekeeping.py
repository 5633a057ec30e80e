"""Every ten minutes what is not to be kept goes, a few segments at a time, so that nobody waits long for the writer.

A purge that a crash or a full disk interrupted is finished first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import trio

from zbnntp.ingest import Intake
from zbnntp.model.errors import Refused
from zbnntp.retention import Keeping, Swept, adopt, sweep
from zbnntp.standing import Standings
from zbnntp.store import purges
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

SWEEP_SECONDS = 600


class House(Protocol):
    """What the node's parts share, as far as it is needed here; `log` takes a sentence for zb.log."""

    @property
    def writer(self) -> Writer: ...
    @property
    def standings(self) -> Standings: ...
    @property
    def intake(self) -> Intake: ...
    @property
    def log(self) -> Callable[[str], None]: ...
    def now(self) -> int: ...


async def keep_lean(house: House, views: Sequence[int]) -> None:
    """Until cancelled."""
    keeping = house.intake.keeping
    await house.writer.run(lambda database: adopt(database, keeping))
    while True:
        try:
            if await house.writer.run(purges.is_to_scrub):
                await house.writer.scrub()
            gone = await sweep_all(house.writer, keeping, views, house.now(), house.standings.note)
        except Refused as error:  # a full disk: the next round comes back to it
            log.warning("what is not to be kept could not be dropped: %s", error)
        else:
            if gone:
                house.log(f"{gone} posts of others are no longer kept here, for their age, their boards or the quota.")
        await trio.sleep(SWEEP_SECONDS)


async def sweep_all(
    writer: Writer, keeping: Keeping, views: Sequence[int], now: int, stale: Callable[[Iterable[int]], None]
) -> int:
    """Drop whatever is not to be kept; how many posts went."""
    gone = 0
    while True:
        swept: Swept = await writer.run(lambda database: sweep(database, keeping, views, now))
        if not swept.segments:
            return gone
        gone += swept.posts
        stale(swept.stale)
