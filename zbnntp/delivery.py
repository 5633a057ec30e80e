"""Who got what we wrote: counts how often versions of one's own manifest were handed to other nodes.

Visitors are nobody in particular, so it is counts and not names. They come as often as they like; what they cause
here is a number in memory, and one small write every few seconds.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable

import trio

from zbnntp.model.errors import Refused
from zbnntp.model.keys import Sha256
from zbnntp.store import fetched
from zbnntp.store.writer import Writer

GATHER_SECONDS = 2.0


class Delivery:
    """Of one local identity. `told` is called when something was written."""

    def __init__(
        self, reader: sqlite3.Connection, writer: Writer, view: int, now: Callable[[], int], told: Callable[[], None]
    ) -> None:
        self._reader, self._writer, self._view = reader, writer, view
        self._now, self._told = now, told
        self._head, self._newest = b"", 0
        self._handed: Counter[int] = Counter()
        self._come = trio.Event()

    def note(self, head: Sha256) -> None:
        """Another node has got the version with this head, the newest that is held."""
        if head != self._head:
            self._head, self._newest = head, fetched.newest_published(self._reader, self._view)
        if self._newest:
            self._handed[self._newest] += 1
            self._come.set()

    async def run(self) -> None:
        """Keep what came, until cancelled."""
        while True:
            await self._come.wait()
            await trio.sleep(GATHER_SECONDS)
            self._come = trio.Event()
            await self._keep()

    async def _keep(self) -> None:
        handed, self._handed = self._handed, Counter()
        try:
            await self._writer.run(lambda database: fetched.note(database, self._view, handed, self._now()))
        except Refused:  # a full disk: it is counted again with the next that come
            self._handed += handed
            return
        self._told()
