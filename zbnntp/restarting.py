"""An author whose clock was wrong: his last head bears a date to come, and nobody takes it before that.

When two friends confirm the clock as it is now, he begins again after the newest version that they hold, and takes
back the other by naming it in `merge`. docs/protocol.md "Clock".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import trio

from zbnntp.model import limits
from zbnntp.model.errors import ZbError
from zbnntp.model.keys import Sha256, short_id
from zbnntp.model.link import Link

log = logging.getLogger(__name__)

ASKED_AT_ONCE = 8
CONFIRMING = 2  # clocks of others
ASK_SECONDS = 90.0
AGAIN_SECONDS = 600  # between two tries

SENTENCE = (
    "Your newest manifest bears a date to come: the clock of this machine was wrong when it was made. Friends confirm "
    "the time as it is now, so you are published anew from what they hold; what you wrote at a date to come waits here "
    "for that date."
)

Version = tuple[int, Sha256]  # seq and hash of a head


class Carrier(Protocol):
    """What peering does for this."""

    async def ask_clock(self, urls: Sequence[str]) -> tuple[int, Version | None]:
        """What time it is there, unix seconds, and which version of our own manifest is kept; raises ZbError."""
        ...


async def find_start(carrier: Carrier, friends: Sequence[Link], now: int) -> Version | None:
    """The version to begin again from, (0, b"") when nobody has one; None when too few confirm the clock."""
    answers: list[tuple[int, Version | None]] = []

    async def ask(friend: Link) -> None:
        try:
            answers.append(await carrier.ask_clock(friend.urls))
        except ZbError as error:
            log.info("%s could not say what time it is: %s", short_id(friend.identity), error)

    with trio.move_on_after(ASK_SECONDS):
        async with trio.open_nursery() as nursery:
            for friend in friends[:ASKED_AT_ONCE]:
                nursery.start_soon(ask, friend)
    confirming = [version for time, version in answers if abs(time - now) <= limits.CLOCK_AHEAD_SECONDS]
    if len(confirming) < CONFIRMING:
        return None
    return max((it for it in confirming if it), default=(0, Sha256(b"")))


class Restart:
    """Of one local identity. `tell` takes a sentence for the owner."""

    def __init__(self, carrier: Carrier, friends: Callable[[], Sequence[Link]], tell: Callable[[str], None]) -> None:
        self._carrier, self._friends, self._tell = carrier, friends, tell
        self._again = 0.0  # trio's clock

    async def find(self, seq: int, now: int) -> Version | None:
        """The version to follow in place of the last one, `seq`, when that bears a date to come; else None."""
        if seq <= now + limits.CLOCK_AHEAD_SECONDS or trio.current_time() < self._again:
            return None
        self._again = trio.current_time() + AGAIN_SECONDS
        start = await find_start(self._carrier, self._friends(), now)
        if start is not None:
            self._tell(SENTENCE)
        return start
