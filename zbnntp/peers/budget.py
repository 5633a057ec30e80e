"""What a node serves in a day: octets are counted, and when they are used up visitors are asked to come tomorrow.

Asking who lives here and handing something in stay free: a spent node still learns of news. An answer that has begun is
finished. Days are those of UTC; a restart begins to count anew.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from zbnntp.peers.exchange import HttpRefusal, Reply, Request
from zbnntp.peers.web import Site

DAY_SECONDS = 86_400
FREE = frozenset({"/zb/1/node", "/zb/1/push"})


class Budget:
    """Octets of answers a day, 0: no limit; one for all identities of a node. `clock` gives unix seconds."""

    def __init__(self, octets_a_day: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = octets_a_day, clock
        self._day, self._spent = 0, 0

    @property
    def spent(self) -> int:
        """Octets served today."""
        return self._spent if self._day == int(self._clock()) // DAY_SECONDS else 0

    def check(self) -> None:
        """Raises HttpRefusal when nothing is left for today."""
        if self._most and self.spent >= self._most:
            wait = DAY_SECONDS - int(self._clock()) % DAY_SECONDS
            text = "This node has served as much as it may today."
            raise HttpRefusal(503, text, (("retry-after", str(wait)),))

    def spend(self, octets: int) -> None:
        self._spent = self.spent + octets
        self._day = int(self._clock()) // DAY_SECONDS


class Metered:
    """A site whose answers are counted."""

    def __init__(self, site: Site, budget: Budget) -> None:
        self._site, self._budget = site, budget

    def body_limit(self, method: str, path: str) -> int:
        return self._site.body_limit(method, path)

    async def answer(self, request: Request) -> Reply:
        """Raises HttpRefusal."""
        if request.path not in FREE:
            self._budget.check()
        reply = await self._site.answer(request)
        if not isinstance(reply.body, bytes):
            return replace(reply, body=self._counted(reply.body))
        self._budget.spend(len(reply.body))
        return reply

    async def _counted(self, body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with aclosing(body):
            async for part in body:
                self._budget.spend(len(part))
                yield part
