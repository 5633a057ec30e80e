"""Who got what we wrote: counts how often versions of one's own manifest were handed to other nodes.

Visitors are nobody in particular, so it is counts and not names. They come as often as they like; what they cause
here is a number in memory, and a small write once a minute; that a version was fetched at all is written at once.
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

SOON_SECONDS = 2.0
LATER_SECONDS = 60.0  # between two writings of how often


class Delivery:
    """Of one local identity. `told` is called when something was written."""

    def __init__(
        self, reader: sqlite3.Connection, writer: Writer, view: int, now: Callable[[], int], told: Callable[[], None]
    ) -> None:
        self._reader, self._writer, self._view = reader, writer, view
        self._now, self._told = now, told
        self._head, self._newest, self._kept = b"", 0, 0
        self._handed: Counter[int] = Counter()
        self._come, self._fresh = trio.Event(), trio.Event()

    def note(self, head: Sha256) -> None:
        """Another node has got the version with this head, the newest that is held."""
        if head != self._head:
            self._head, self._newest = head, fetched.newest_published(self._reader, self._view)
        if self._newest:
            self._handed[self._newest] += 1
            self._come.set()
            if self._newest > self._kept:
                self._fresh.set()

    async def run(self) -> None:
        """Keep what came, until cancelled."""
        while True:
            await self._come.wait()
            with trio.move_on_after(LATER_SECONDS):
                await self._fresh.wait()
            await trio.sleep(SOON_SECONDS)
            self._come, self._fresh = trio.Event(), trio.Event()
            await self._keep()

    async def _keep(self) -> None:
        handed, self._handed = self._handed, Counter()
        try:
            await self._writer.run(lambda database: fetched.note(database, self._view, handed, self._now()))
        except Refused:  # a full disk: it is counted again with the next that come
            self._handed += handed
            return
        self._kept = max(self._kept, *handed)
        self._told()
