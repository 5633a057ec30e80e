"""The one writer: every change of the file is a function, run in aiosqlite's thread, grouped and shielded.

What waits while a commit is under way goes into the next one together (group commit): one fsync acknowledges them all.
Each function runs in a savepoint of its own, so one that raises takes back its own changes alone. A caller that is
cancelled never leaves half a transaction: the write happens whole or not at all.
"""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import outcome
import trio

from zbnntp.model.errors import NotPermitted
from zbnntp.store import loop, sums, wordindex
from zbnntp.store.database import Store, configure, let_go
from zbnntp.store.purges import TO_SCRUB

log = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], Any]

GROUP_MOST = 128  # changes in one commit: bounds how long the first of them waits
IDLE_TURNS = 8  # of all other tasks, in which no change has come: then a commit begins
_DISK_TROUBLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
CHECKPOINT_COMMITS = 200  # the WAL is copied back after this many, when nobody waits
WAL_OCTETS = 64 << 20  # or when it has become as large as this, whoever waits


class _Job:
    __slots__ = ("change", "done", "result")

    def __init__(self, change: Change) -> None:
        self.change = change
        self.done = trio.Event()
        self.result: outcome.Outcome[Any] | None = None


class Writer:
    """Queue of changes; `run` returns when its change is durable.

    `commits` counts up with every commit; `trouble` says why the last change could not be kept, empty when it was.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._send, self._receive = trio.open_memory_channel[_Job](math.inf)
        self._since_checkpoint = 0
        self.commits = 0
        self.trouble = ""

    async def run(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """The value of `change(database)`, durably committed; what it raises is raised here, its changes undone."""
        job = _Job(change)
        self._send.send_nowait(job)
        with trio.CancelScope(shield=True):
            await job.done.wait()
        if job.result is None:
            raise trio.TrioInternalError("a write ended without a result")
        value: T = job.result.unwrap()
        return value

    async def scrub(self) -> None:
        """Leave nothing on the disk of what was deleted: the file is written anew (seconds a GB), the WAL emptied.

        The index of words goes. Raises NotPermitted when there is no room; what was deleted is deleted all the same.
        """
        with trio.CancelScope(shield=True):
            try:
                await _in_thread(self._connection, _scrub, self._path)
            except sqlite3.Error as error:
                raise for_people(error) from error

    async def let_go(self) -> None:
        """Forget what can be read again."""
        await _in_thread(self._connection, let_go)

    async def serve(self) -> None:
        """Commit what is queued, until the queue is closed."""
        with trio.CancelScope(shield=True):
            async for first in self._receive:
                jobs = await self._gather(first)
                results = await self._commit(jobs)
                self.commits += 1
                for job, result in zip(jobs, results, strict=True):
                    job.result = result
                    job.done.set()
                await self._checkpoint()

    async def _commit(self, jobs: list[_Job]) -> list[outcome.Outcome[Any]]:
        before = self._connection.total_changes
        try:
            results = await _in_thread(self._connection, _commit_group, jobs)
        except sqlite3.Error as error:
            results = [outcome.Error(error) for _ in jobs]  # each can be raised once
        trouble = next((str(it) for it in map(_trouble, results) if it), "")
        if trouble or self._connection.total_changes > before:
            self.trouble = trouble
        return [outcome.Error(_trouble(it) or it.error) if isinstance(it, outcome.Error) else it for it in results]

    def close(self) -> None:
        """No more changes; `serve` ends when those queued are done."""
        self._send.close()

    async def _gather(self, first: _Job) -> list[_Job]:
        """What waits, and what those bring who have work to do now: threads slow each other while both work."""
        jobs, idle = [first], 0
        while idle < IDLE_TURNS and len(jobs) < GROUP_MOST:
            try:
                jobs.append(self._receive.receive_nowait())
                idle = 0
            except (trio.WouldBlock, trio.EndOfChannel):
                idle += 1
                await trio.lowlevel.checkpoint()
        return jobs

    async def _checkpoint(self) -> None:
        self._since_checkpoint += 1
        idle = not self._receive.statistics().current_buffer_used
        if (self._since_checkpoint >= CHECKPOINT_COMMITS and idle) or self._wal_octets() > WAL_OCTETS:
            await _copy_back(self._connection, "PASSIVE")
            self._since_checkpoint = 0

    def _wal_octets(self) -> int:
        try:
            return self._path.with_name(self._path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0


def _scrub(database: sqlite3.Connection, path: Path) -> None:
    wordindex.drop(path)
    database.execute("PRAGMA temp_store = FILE")  # as large as the store; it forgets all temporary triggers
    try:
        database.execute("VACUUM")
    finally:
        database.execute("PRAGMA temp_store = MEMORY")
        sums.watch(database)
    database.execute("DELETE FROM meta WHERE key = ?", (TO_SCRUB,))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


async def _copy_back(connection: aiosqlite.Connection, mode: str) -> None:
    """Copy the WAL into the file. On a full disk it stays: nothing is lost, and the next time may do."""
    try:
        await connection.execute_fetchall(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.Error as error:
        log.warning("the store could not be tidied up: %s", error)


def for_people(error: BaseException) -> BaseException:
    """A full or failing disk is nobody's bug: the owner has to do something."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # errors of the module itself have none
    if code in _DISK_TROUBLE:
        return NotPermitted("the disk of this node is full or failing; make room on it and try again")
    if code in _UNREADABLE:
        return NotPermitted(
            "the store of this node cannot be read, and its disk may be failing; stop the node and run 'zbnntp check'"
        )
    return error


def _trouble(result: outcome.Outcome[Any]) -> BaseException | None:
    """What is told in place of an error of the disk."""
    if not isinstance(result, outcome.Error):
        return None
    said = for_people(result.error)
    return None if said is result.error else said


async def _in_thread(connection: aiosqlite.Connection, function: Callable[..., T], *arguments: object) -> T:
    """`function(database, *arguments)` as one step of aiosqlite's thread; its own API has a hop for each statement."""
    value: T = await connection._execute(function, connection._conn, *arguments)  # type: ignore[no-untyped-call]
    return value


def _commit_group(database: Store, jobs: list[_Job]) -> list[outcome.Outcome[Any]]:
    database.execute("BEGIN IMMEDIATE")
    database.boards.clear()
    try:
        results = [_attempt(database, job.change) for job in jobs]
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        database.forget_keys()
        raise
    return results


def _attempt(database: Store, change: Change) -> outcome.Outcome[Any]:
    database.execute("SAVEPOINT change")
    result = outcome.capture(change, database)
    if isinstance(result, outcome.Error):
        if not database.in_transaction:  # SQLite took all of it back: the disk is full
            raise result.error
        database.execute("ROLLBACK TO change")
        database.forget_keys()
    database.execute("RELEASE change")
    return result


@asynccontextmanager
async def open_writer(path: Path) -> AsyncIterator[Writer]:
    """The writer of a prepared file; at the end everything queued is committed and the WAL is copied back."""
    loop.install()
    connection = await aiosqlite.connect(path, isolation_level=None, check_same_thread=False, factory=Store)
    writer = Writer(connection, path)
    try:
        await _in_thread(connection, configure)
        await _in_thread(connection, sums.watch)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(writer.serve)
            try:
                yield writer
            finally:
                writer.close()
    finally:
        with trio.CancelScope(shield=True):
            await _copy_back(connection, "TRUNCATE")
            await connection.close()
