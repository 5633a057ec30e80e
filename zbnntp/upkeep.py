"""What came too early or was too much, looked at again by the clock. docs/protocol.md "Quotas"."""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from zbnntp.ingest import Intake
from zbnntp.model.errors import Refused
from zbnntp.model.keys import Identity

log = logging.getLogger(__name__)

LATER_SECONDS = 60  # between two looks
DAY_SECONDS = 86_400


async def keep_later(intake: Intake, now: Callable[[], int], complete: Callable[[Identity], None]) -> None:
    """Until cancelled. `complete` is told whose segments may be missing: they came early, or were too many that day."""
    day = 0
    while True:
        await trio.sleep(LATER_SECONDS)
        today = now() // DAY_SECONDS
        try:
            lacking = await intake.retry_parked(now())
            if today != day:
                await intake.take_up(now())
                lacking += intake.unfinished()
        except Refused as error:  # a full disk: the next round comes back to them
            log.warning("what came before could not be looked at again: %s", error)
            continue
        for identity in lacking:
            complete(identity)
        day = today
