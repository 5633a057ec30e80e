"""What is done by the clock: what came too early or was too much is looked at again (docs/protocol.md "Quotas"), and
memory is given back: all of a large store that newsreaders have looked at would count as this process's.
"""

from __future__ import annotations

import ctypes
import logging
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path

import trio

from zbnntp.ingest import Intake
from zbnntp.model.errors import Refused
from zbnntp.model.keys import Identity
from zbnntp.store.database import unmap
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

LATER_SECONDS = 60  # between two looks
DAY_SECONDS = 86_400
SETTLED_SECONDS = 5  # after a start
SLIM_SECONDS = 2  # between two looks at our own size
SLIM_OCTETS = 120 << 20  # resident, from which on something is let go
GROWN_OCTETS = 8 << 20  # by which it has grown since
ARENAS = -8  # M_ARENA_MAX of mallopt(3)
STATM = Path("/proc/self/statm")  # of Linux; where there is none, nothing is let go


def share_heap() -> None:
    """One heap for all threads, to be called before there are any.

    glibc gives each thread one of its own, and what was freed in one is of no use to another: 16 MB of a node with
    216,000 posts. Only one thread at a time runs Python, so there is nothing to be won by it. Other C libraries have
    one anyway.
    """
    if adjust := getattr(ctypes.CDLL(None), "mallopt", None):
        adjust(ARENAS, 1)


def trim_heap() -> None:
    """Give back to the system what is free of the heap, in a millisecond."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


async def keep_slim(reader: sqlite3.Connection, writer: Writer) -> None:
    """Until cancelled: at first, for a start needs much that is free then, and whenever a large node has grown."""
    await trio.sleep(SETTLED_SECONDS)
    least = None
    while True:
        now = resident()
        if least is None or now > max(least + GROWN_OCTETS, SLIM_OCTETS):
            slim(reader)
            await writer.let_go()
            trim_heap()
            now = least = resident()
        least = min(least, now)
        await trio.sleep(SLIM_SECONDS)


def resident() -> int:
    """Octets of this process that are in memory, pages of files included; 0 where nothing says so."""
    try:
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    except OSError:  # not there, or no file can be opened just now
        return 0


def slim(reader: sqlite3.Connection, most: int = SLIM_OCTETS) -> None:
    """Let go of the mapped pages of the store if more than `most` octets are resident."""
    if resident() > most:
        unmap(reader)


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
