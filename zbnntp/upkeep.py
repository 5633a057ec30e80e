"""What came too early or was too much, looked at again by the clock: parked heads."""

from __future__ import annotations

import logging
from collections.abc import Callable

import trio

from zbnntp.ingest import Intake
from zbnntp.model.errors import Refused
from zbnntp.model.keys import Identity

log = logging.getLogger(__name__)

LATER_SECONDS = 60  # between two looks


async def keep_later(intake: Intake, now: Callable[[], int], complete: Callable[[Identity], None]) -> None:
    """Until cancelled. `complete` is told whose new heads may name segments that are still to be fetched."""
    while True:
        await trio.sleep(LATER_SECONDS)
        try:
            for identity in await intake.retry_parked(now()):
                complete(identity)
        except Refused as error:  # a full disk: the next round comes back to them
            log.warning("what was parked could not be looked at: %s", error)
