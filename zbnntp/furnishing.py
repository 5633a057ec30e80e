"""What an identity finds in its own groups, made and kept up: the groups, the manual, the welcome, zb.top, zb.people.

Loops that run beside everything else, until cancelled. docs/newsgroups.md "Groups".
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import Protocol

import trio

from zbnntp import choosing, local, silence, toplists
from zbnntp.control import help as manual
from zbnntp.control import welcome
from zbnntp.control.cards import Cards
from zbnntp.library import Bell
from zbnntp.model.errors import Refused
from zbnntp.model.keys import Identity
from zbnntp.store import numbers
from zbnntp.store.writer import Writer

GATHER_SECONDS = 5  # what arrives within so long is looked at together
STEP_SECONDS = 1
SILENCE_SECONDS = 60  # between two looks at silent groups, while nothing arrives
ROUND_SECONDS = 30  # between two steps of zb.people in which nobody waits
DAY_SECONDS = 86_400
NOTE_SECONDS = 90 * DAY_SECONDS
OWN_GROUPS = {
    local.CONTROL: "Commands to your node, and its answers",
    local.HELP: "The manual",
    local.LOG: "What your node did that you should know",
    local.PEOPLE: "Everybody your node knows of; answer with a number to rate them",
}


class House(Protocol):
    """What the node's parts share, as far as it is needed here."""

    @property
    def reader(self) -> sqlite3.Connection: ...
    @property
    def writer(self) -> Writer: ...
    @property
    def bell(self) -> Bell: ...
    def now(self) -> int: ...


class Furnishing:
    """Of one view; `nick` gives the owner's name as it is now."""

    def __init__(self, house: House, view: int, identity: Identity, nick: Callable[[], str], cards: Cards) -> None:
        self._house, self._view, self._identity = house, view, identity
        self._nick, self._cards = nick, cards
        self._stirred = trio.Event()

    async def furnish(self) -> None:
        """Own groups, manual and welcome."""
        now, nick = self._house.now(), self._nick()

        def change(database: sqlite3.Connection) -> None:
            for name, description in (OWN_GROUPS | local.PLACED).items():
                numbers.add_newsgroup(database, self._view, name, now, description)
            expire_notes(database, self._view, now)
            manual.file_help(database, self._view, now)
            welcome.file_welcome(database, self._view, self._identity, nick, now)
            silence.settle(database, self._view, now)

        await self._house.writer.run(change)

    def stir(self) -> None:
        """Something has happened that the welcome may tick off."""
        self._stirred.set()

    async def run(self) -> None:
        """Until cancelled."""
        tasks = (self._keep_placed, self._keep_introduced, self._keep_welcomed, self._keep_told, self._keep_tidy)
        async with trio.open_nursery() as nursery:
            for task in tasks:
                nursery.start_soon(task)

    async def _keep_placed(self) -> None:
        """zb.top worked out anew when something has come, every ten minutes at most; filters end when they run out."""
        while True:
            changed = await self._place(self._house.now())
            if changed:
                await trio.sleep(toplists.TOP_SECONDS)
            with trio.move_on_after(toplists.TOP_SECONDS):
                await self._house.bell.wait()
                await trio.sleep(GATHER_SECONDS)

    async def _place(self, now: int) -> bool:
        reader, view, write = self._house.reader, self._view, self._house.writer.run
        ended = choosing.expired_filters(reader, view, now)
        if ended:
            await write(lambda database: choosing.drop_filters(database, view, ended, now))
        if toplists.wanted(reader, view, now) == toplists.standing(reader, view):
            return False
        return await write(lambda database: toplists.recompute(database, view, now))

    async def _keep_introduced(self) -> None:
        """zb.people in small steps: who waits is looked at within a second, everybody is gone through slowly."""
        idle = 0
        while True:
            if self._cards.waiting or idle >= ROUND_SECONDS:
                idle = 0
                with contextlib.suppress(Refused):  # a full disk: the slow round comes back to them
                    await self._cards.step()
            await trio.sleep(STEP_SECONDS)
            idle += STEP_SECONDS

    async def _keep_welcomed(self) -> None:
        """The first steps ticked off; ends when all are."""
        reader, view = self._house.reader, self._view
        while not welcome.has_told_all(reader, view):
            self._stirred = trio.Event()
            nick, now = self._nick(), self._house.now()
            with contextlib.suppress(Refused):  # a full disk: it is told with the next step
                if welcome.has_news(reader, view):
                    await self._house.writer.run(
                        lambda database, nick=nick, now=now: welcome.tick_off(database, view, nick, now)  # type: ignore[misc]
                    )
            await self._stirred.wait()
            await trio.sleep(STEP_SECONDS)

    async def _keep_told(self) -> None:
        """Silent groups say that they are, and others no longer."""
        view, house = self._view, self._house
        while True:
            now = house.now()
            with contextlib.suppress(Refused):  # a full disk: later, then
                if silence.due(house.reader, view, now):
                    await house.writer.run(lambda database, now=now: silence.settle(database, view, now))  # type: ignore[misc]
                    await trio.sleep(STEP_SECONDS)
                    continue
            with trio.move_on_after(SILENCE_SECONDS):
                await house.bell.wait()
            await trio.sleep(GATHER_SECONDS)

    async def _keep_tidy(self) -> None:
        while True:
            await trio.sleep(DAY_SECONDS)
            now = self._house.now()
            with contextlib.suppress(Refused):  # a full disk: tomorrow, then
                await self._house.writer.run(lambda database, now=now: expire_notes(database, self._view, now))  # type: ignore[misc]


def expire_notes(database: sqlite3.Connection, view: int, now: int) -> None:
    """Commands, receipts and log entries are kept for 90 days."""
    for name in (local.CONTROL, local.LOG):
        newsgroup = numbers.find_newsgroup(database, view, name)
        if newsgroup:
            numbers.expire(database, newsgroup.pk, now - NOTE_SECONDS)
