"""Opening the file: pragmas, migrations, the read-only connection that newsreader commands use synchronously.

A lookup costs 5 to 8 microseconds here, a hop to a thread 50 to 100: newsreaders are answered from this connection in
the trio thread, in steps of at most WINDOW_ROWS rows (docs/store.md).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from zbnntp.model.errors import NotPermitted
from zbnntp.model.lettering import LETTERS
from zbnntp.store import sums
from zbnntp.store.blocks import Block
from zbnntp.store.frames import Codec, Frame
from zbnntp.store.room import room_on
from zbnntp.store.slots import Slots

APPLICATION_ID = 0x7A626E6E  # "zbnn"
MAPPED_OCTETS = 1 << 40  # all of it
FREE_PART, FREE_LEAST = 128, 256  # a 128th of the file, or 1 MiB, may be free: new posts will fill it
WAL_KEPT_OCTETS = 4 << 20  # what a WAL that was copied back has grown by is given back to the disk
STEP_PAGES = 256  # some milliseconds
WINDOW_ROWS = 256  # one bounded step of a reader
CHECK_OCTETS = 64 * 1024 * 1024  # larger files are not read through at every start (0.1 s here)
_MIGRATIONS = ("schema.sql",)  # number n makes version n of version n - 1
VERSION = len(_MIGRATIONS)
IDENTITY = np.dtype("V32")


class Store(sqlite3.Connection):
    """A connection with what it keeps open of sealed lines (lines.py) and of the overview (overview.py), the keys that
    it has found (ids.py), and what it has written for some (telling.py).
    """

    FRAMES_MOST = 64  # about 55 kB each; more than there are boards that somebody reads at the same time
    BLOCKS_MOST = 128  # about 35 kB each
    SENDERS_MOST = 2048  # who, by which name, and what From says of them: 1 MB
    NAMES_MOST = 8192  # Message-IDs: 2 MB
    PEOPLE_MOST = 1 << 15  # whose identities are known by their keys: 1 MB; and the trust of each view in them: 0.4 MB
    SPELLED_MOST = 1 << 14  # ids of articles, written: 1 MB
    BOARDS_MOST = 1024  # combinations of boards
    KEYS_MOST = 4096  # of people and of articles: 1 MB each; of whose ids were found by them: 1 MB

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.people: dict[bytes, int] = {}
        self.articles: dict[bytes, int] = {}
        self.ids: dict[tuple[int, int], bytes] = {}
        self.boards: dict[str, int] = {}  # for one transaction: they may be deleted by another process
        self.has_met = False  # whether the newest people are among the next
        self.identities = Slots(IDENTITY, self.PEOPLE_MOST)
        self.spelled = Slots(LETTERS, self.SPELLED_MOST)
        self.forget_opened()

    def forget_opened(self) -> None:
        """What was kept of lines and of the overview is read again when it is needed."""
        self.frames: dict[int, Frame] = {}
        self.codecs: dict[int, Codec] = {}
        self.blocks: dict[int, Block] = {}
        self.senders: dict[tuple[int, bytes, int], bytes] = {}
        self.names: dict[int, bytes] = {}
        self.shown: dict[int, tuple[int, Slots]] = {}  # of views: the version of their trust, what articles say of it

    def forget_keys(self) -> None:
        """Changes were taken back: some keys may not have been given."""
        self.people.clear()
        self.articles.clear()
        self.ids.clear()
        self.senders.clear()
        self.names.clear()
        self.identities.clear()
        self.spelled.clear()


def prepare(path: Path) -> None:
    """Make or migrate the file; raises NotPermitted with what to do when it is damaged or newer than this program."""
    try:
        with room_on(path.absolute().parent), opened(path) as database:
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file: it can become smaller a bit at a time
            database.execute("PRAGMA journal_mode = WAL")
            _migrate(database, path)
            damage = _damage(database, path)
    except sqlite3.OperationalError as error:
        raise NotPermitted(f"{path} cannot be written to ({error}); make room on the disk and start again") from error
    except sqlite3.DatabaseError as error:
        raise NotPermitted(
            f"{path} cannot be used ({error}); 'zbnntp check --repair' saves what can be saved, or restore your backup"
        ) from error
    if damage != "ok":
        raise NotPermitted(
            f"{path} is damaged ({damage}); 'zbnntp check --repair' saves what can be saved, or restore your backup"
        )


def configure(database: sqlite3.Connection) -> None:
    """Pragmas of the one writing connection: durable at commit, checkpoints are ours."""
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_OCTETS}")
    database.execute("PRAGMA cache_size = -8192")
    database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten, in as far as pages allow
    # what a savepoint may have to undo: about 16 pages a post, for which SQLite would make and remove a file each time
    database.execute("PRAGMA temp_store = MEMORY")


def connect_reader(path: Path, mapped: bool = True) -> sqlite3.Connection:
    """A read-only connection for the trio thread; every SELECT is its own snapshot.

    Not `mapped` for whoever goes through the whole store: all of it would count as this process's memory. Raises
    NotPermitted where the disk is full or closed to writing, sqlite3.DatabaseError where the file is no store.
    """
    with room_on(path.absolute().parent):
        reader = _open_reader(path)
    reader.execute("PRAGMA query_only = ON")
    reader.execute("PRAGMA cache_size = -4096")  # pages of the system's cache are mapped, which costs no memory of ours
    reader.execute(f"PRAGMA mmap_size = {MAPPED_OCTETS if mapped else 0}")
    return reader


def _open_reader(path: Path) -> sqlite3.Connection:
    reader = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, factory=Store)
    try:
        reader.execute("PRAGMA schema_version").fetchone()  # reads of the file
    except sqlite3.Error:
        reader.close()
        raise
    return reader


def unmap(reader: sqlite3.Connection) -> None:
    """Let go of the pages that were looked at; the system's cache keeps them, and they are mapped again when needed."""
    reader.execute("PRAGMA mmap_size = 0")
    reader.execute("PRAGMA shrink_memory")
    reader.execute(f"PRAGMA mmap_size = {MAPPED_OCTETS}")


def let_go(database: sqlite3.Connection) -> None:
    """Forget pages, and what was made of them: some megabytes after much work."""
    database.execute("PRAGMA shrink_memory")
    if isinstance(database, Store):
        database.forget_opened()


def data_version(reader: sqlite3.Connection) -> int:
    """Another number after each commit of another connection."""
    return int(reader.execute("PRAGMA data_version").fetchone()[0])


def give_back(database: sqlite3.Connection) -> bool:
    """Give a few free pages back to the disk while many are free; whether there is more to give."""
    pages, free = (int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count"))
    if free <= max(FREE_LEAST, pages // FREE_PART):
        return False
    for _ in range(STEP_PAGES):  # sqlite3 would leave off after the first of many
        database.execute("PRAGMA incremental_vacuum(1)")
    return int(database.execute("PRAGMA freelist_count").fetchone()[0]) < free


@contextmanager
def snapshot(reader: sqlite3.Connection) -> Iterator[None]:
    """The store as it is now for several queries, between which a writer may change it; a part of one that has begun.

    For queries by which the next are made: the row of a head names rows of segments, that of a line a frame. It also
    saves a transaction for each, which locks and unlocks the file (3 us).
    """
    if reader.in_transaction:
        yield
        return
    reader.execute("BEGIN")
    try:
        yield
    finally:
        if reader.in_transaction:  # SQLite ends it by itself where the disk fails or is full
            reader.execute("COMMIT")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A writing connection, closed at the end."""
    database = sqlite3.connect(path, isolation_level=None, factory=Store)
    try:
        configure(database)
        if _marks(database) == (APPLICATION_ID, VERSION):
            sums.watch(database)
        yield database
    finally:
        database.close()


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction on a file that nobody else has open; an exception takes all of it back."""
    with opened(path) as database:
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")


@cache
def scripts() -> tuple[str, ...]:
    """SQL that makes version 1 of an empty file, and each next version of the one before."""
    return tuple(files("zbnntp.store").joinpath(name).read_text() for name in _MIGRATIONS)


def _marks(database: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and of which version."""
    application, version = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version")
    )
    return application, version


def _damage(database: sqlite3.Connection, path: Path) -> str:
    """`ok`, or what is wrong; looks through the whole of a small file only, so that a big one starts at once."""
    if path.stat().st_size > CHECK_OCTETS:
        return "ok"
    found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    return found.rpartition("\n")[2]  # after a headline


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    application, version = _marks(database)
    if version > VERSION:
        raise NotPermitted(f"{path} was written by a newer zbnntp; install that version or restore an older backup")
    if version and application != APPLICATION_ID:
        raise NotPermitted(f"{path} belongs to another program; choose another home directory")
    for number, script in enumerate(scripts(), 1):
        if number <= version:
            continue
        database.executescript(
            f"BEGIN IMMEDIATE;\n{script}\n"
            f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {number};\nCOMMIT;"
        )
