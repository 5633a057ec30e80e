"""The index of words: a file of its own beside the store, which may be deleted at any time and is then made anew.

FTS5 without the text and without places in it: for each word, in which articles it is. What is found by it is looked at
before it is believed, so words that were taken out since do no harm; what is not in it yet is looked through as without
an index (searching.py). It stays out of backups, checks and repairs of the store. docs/store.md "Index of words".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from zbnntp.store.database import WINDOW_ROWS

FILE = "search.sqlite"
RANGE = 8192  # articles in one step of looking for those that are not in the index
Trouble = sqlite3.Error  # of a damaged index or a full disk
_BEYOND = 1 << 62  # above every key
_VERSION = 1  # counts up when words are divided or written in another way
# the tokenizer `ascii` leaves together whatever is not ASCII: words come divided and folded as a search does it
_SCHEMA = f"""
CREATE VIRTUAL TABLE word USING fts5 (text, content = '', detail = none, tokenize = "ascii tokenchars '_'");
CREATE TABLE newest (article INTEGER NOT NULL, id BLOB NOT NULL);  -- of those in it: whose store it belongs to
PRAGMA user_version = {_VERSION};
"""


def path_of(store: Path) -> Path:
    """Where the index of a store is."""
    return store.with_name(FILE)


def connect(store: Path) -> sqlite3.Connection:
    """The index for whoever fills it; made when there is none. Raises Trouble."""
    index = sqlite3.connect(path_of(store), isolation_level=None)
    try:
        path_of(store).chmod(0o600)
        index.execute("PRAGMA journal_mode = WAL")
        index.execute("PRAGMA synchronous = NORMAL")
        index.execute("PRAGMA secure_delete = ON")
        if not _version(index):
            index.executescript(f"BEGIN;{_SCHEMA}COMMIT;")
    except sqlite3.Error:
        index.close()
        raise
    return index


@contextmanager
def found(store: Path, reader: sqlite3.Connection) -> Iterator[sqlite3.Connection | None]:
    """The index for reading, if there is one of this store; `reader` is the store's."""
    if not path_of(store).exists():
        yield None
        return
    place = f"{path_of(store).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, isolation_level=None)) as index:
        yield index if is_of(index, reader) else None


def is_of(index: sqlite3.Connection, reader: sqlite3.Connection) -> bool:
    """Whether an index belongs to a store as it is now, not to one before a backup was put back."""
    try:
        newest = index.execute("SELECT article, id FROM newest").fetchone() if _version(index) == _VERSION else None
    except sqlite3.Error:
        return False
    return newest is not None and reader.execute(
        "SELECT 1 FROM article WHERE pk = ? AND id = ?", newest
    ).fetchone() == (1,)


def is_sound(index: sqlite3.Connection) -> bool:
    """Reads all of it."""
    try:
        index.execute("INSERT INTO word (word) VALUES ('integrity-check')")
    except sqlite3.Error:
        return False
    return True


def add(index: sqlite3.Connection, reader: sqlite3.Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Articles with their words, in one transaction."""
    index.execute("BEGIN IMMEDIATE")
    try:
        index.executemany("INSERT INTO word (rowid, text) VALUES (?, ?)", rows)
        newest = reader.execute("SELECT pk, id FROM article ORDER BY pk DESC LIMIT 1").fetchone()
        index.execute("DELETE FROM newest")
        index.execute("INSERT INTO newest VALUES (?, ?)", newest)
        index.execute("COMMIT")
    except BaseException:
        if index.in_transaction:
            index.execute("ROLLBACK")
        raise


def articles(index: sqlite3.Connection, words: str) -> Iterator[list[int]]:
    """The articles with all of some words, in the language of FTS5; newest arrival first, a step at a time."""
    before = _BEYOND
    query = "SELECT rowid FROM word WHERE word MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    while found := [pk for (pk,) in index.execute(query, (words, before, WINDOW_ROWS))]:
        before = found[-1]
        yield found


def missing(index: sqlite3.Connection, reader: sqlite3.Connection) -> Iterator[list[int]]:
    """The posts that are not in the index, newest arrival first: a step for each RANGE articles."""
    beyond = int(reader.execute("SELECT coalesce(max(article), 0) FROM post").fetchone()[0]) + 1
    while beyond > 0:
        span = (beyond - RANGE, beyond - 1)
        held = {pk for (pk,) in reader.execute("SELECT article FROM post WHERE article BETWEEN ? AND ?", span)}
        held -= {pk for (pk,) in index.execute("SELECT id FROM word_docsize WHERE id BETWEEN ? AND ?", span)}
        yield sorted(held, reverse=True)
        beyond -= RANGE


def drop(store: Path) -> None:
    """Delete the index, and before that overwrite what it says as far as it can be read."""
    path = path_of(store)
    if path.exists():
        with suppress(sqlite3.Error), closing(connect(store)) as index:
            index.execute("INSERT INTO word (word) VALUES ('delete-all')")
            index.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(FILE + suffix).unlink(missing_ok=True)


def _version(index: sqlite3.Connection) -> int:
    return int(index.execute("PRAGMA user_version").fetchone()[0])
