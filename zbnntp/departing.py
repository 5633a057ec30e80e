"""When a post leaves, if its author lets posts wait, and what time it bears then.

A post is dated by the moment at which it is to leave, drawn when it is written: half to one and a half times the delay
later. So nothing that leaves holds the time of writing. A post that is written later is not dated earlier, or answers
to oneself would come before what they answer. What was written while the clock was wrong, at a date to come, waits for
that date: a head has no earlier time than its posts, and everybody would park it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zbnntp.model import limits

EARLIEST, LATEST = 0.5, 1.5  # parts of the delay


def no_chance() -> float:
    """For those who do not wait."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Delay:
    """How long posts wait, and what gives numbers from 0 to 1."""

    seconds: int = 0
    chance: Callable[[], float] = no_chance

    def date(self, written: int, waiting: Iterable[bytes]) -> int:
        """The time of a post that is written now, beside the lines that wait in the outbox; unix seconds."""
        leaves = written + round(self.seconds * (EARLIEST + (LATEST - EARLIEST) * self.chance()))
        times = (_time(line) - written for line in waiting)
        latest = max((it for it in times if self._waits(it)), default=0)
        return max(leaves, written + latest)

    def holds(self, line: bytes, now: int) -> bool:
        """Whether a line is a post that does not leave yet: one that was made to wait, or one of a wrong clock."""
        left = _time(line) - now
        return self._waits(left) or left > limits.CLOCK_AHEAD_SECONDS

    def _waits(self, seconds: int) -> bool:
        return 0 < seconds <= self.seconds * LATEST


def _time(line: bytes) -> int:
    """Of a post; 0 of another entry."""
    entry = json.loads(line)
    return int(entry["time"]) if entry["kind"] == "post" else 0


NO_DELAY = Delay()
