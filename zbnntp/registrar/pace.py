"""How often something may be done: a burst, then one at a time. Onions have no addresses: it is for all together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from zbnntp.model.errors import Busy


@dataclass(slots=True)
class Pace:
    """So many a minute, `burst` of them at once."""

    per_minute: float
    burst: int
    _next: float = -math.inf  # when the one after the burst would be free

    def take(self, now: float) -> None:
        """Count one; raises Busy with the seconds to wait when there are too many."""
        gap = 60 / self.per_minute
        due = max(self._next, now - self.burst * gap) + gap
        if due > now:
            raise Busy("too many newcomers ask at once; it is tried again by itself", math.ceil(due - now))
        self._next = due
