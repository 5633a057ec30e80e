"""Places in feeds, kept across restarts: where we are in those of others, and who is new in our own.

A feed is read on from its cursor; without one it is read from its beginning, which is a third of a megabyte for a
thousand people. In our own feed readers are past the place of somebody whom we begin to offer only now, because of a
new rating, an upvote, a choice: he is listed anew at its end. docs/protocol.md "Who is asked, who is told".
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

import trio

from zbnntp.model.errors import Refused
from zbnntp.store import places
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

KEEP_SECONDS = 60.0  # between two writings of cursors: a crash costs what came meanwhile, to be listed once more
LAST_SECONDS = 2.0  # for the last writing, when the node stops
GATHER_SECONDS = 5.0  # changes of trust come in groups


class Places:
    """Those of one local identity. `cursors` is where to go on in others' feeds, by endpoint; to be written to."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        view: int,
        mirror: str,
        now: Callable[[], int],
        ring: Callable[[], None],
    ) -> None:
        self._writer, self._view, self._mirror = writer, view, mirror
        self._now, self._ring = now, ring
        self.cursors = places.cursors(reader, view)
        self._kept = dict(self.cursors)
        self._may_differ = True  # whom we offer, from whom we offered
        self._changed = trio.Event()

    def note_change(self) -> None:
        """Trust, votes or choices have changed: others may be offered from now on."""
        self._may_differ = True
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled; what came last is written then."""
        try:
            while True:
                self._changed = trio.Event()
                await self._keep_safely()
                with trio.move_on_after(KEEP_SECONDS):
                    await self._changed.wait()
                await trio.sleep(GATHER_SECONDS)
        finally:
            with trio.move_on_after(LAST_SECONDS, shield=True):
                await self._keep_safely()

    async def _keep_safely(self) -> None:
        try:
            await self.keep()
        except Refused as error:  # a full disk: the next round comes back to it
            log.warning("places in feeds could not be kept: %s", error)

    async def keep(self) -> None:
        """Write what has changed, and tell readers of those who are offered anew."""
        moved = {url: cursor for url, cursor in self.cursors.items() if self._kept.get(url) != cursor}
        if moved:
            now = self._now()
            await self._writer.run(lambda database: places.keep_cursors(database, self._view, moved, now))
            self._kept |= moved
        if self._may_differ:
            self._may_differ = False
            if await self._writer.run(lambda database: places.list_anew(database, self._view, self._mirror)):
                self._ring()
