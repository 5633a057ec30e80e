"""Promises: which of an owner's posts other nodes have fetched, as far as this node handed them over itself.

Posts are published in the order in which they were written, so a version of a manifest is told by the newest post in
it: whoever got it has all before. Who passes it on to whom is not known here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

VERSIONS_KEPT = 500  # of each owner; of older ones the first is not known any more, but that there was one


@dataclass(frozen=True, slots=True)
class Fetched:
    """How often it was handed over, at least, and when first (unix seconds)."""

    times: int
    first: int


def newest_own(database: sqlite3.Connection, owner: int) -> int:
    """The article of the owner's newest post, published or not; 0 without one."""
    return int(database.execute("SELECT coalesce(max(article), 0) FROM post WHERE author = ?", (owner,)).fetchone()[0])


def newest_published(database: sqlite3.Connection, owner: int) -> int:
    """The article of the owner's newest post that stands in their manifest, 0 without one."""
    wanted = "SELECT article FROM post WHERE author = ? AND line > 0 ORDER BY article DESC LIMIT 1"
    row = database.execute(wanted, (owner,)).fetchone()
    return int(row[0]) if row else 0


def note(database: sqlite3.Connection, view: int, handed: Mapping[int, int], now: int) -> None:
    """Versions, by their newest post, were handed to others so often."""
    database.executemany(
        "INSERT INTO fetched VALUES (?, ?, ?, ?) ON CONFLICT (view, newest) "
        "DO UPDATE SET times = times + excluded.times",
        ((view, newest, now, times) for newest, times in handed.items()),
    )
    database.execute(
        "DELETE FROM fetched WHERE view = ?1 AND newest < (SELECT newest FROM fetched WHERE view = ?1 "
        "ORDER BY newest DESC LIMIT 1 OFFSET ?2)",
        (view, VERSIONS_KEPT - 1),
    )


def find(database: sqlite3.Connection, view: int, article: int) -> Fetched | None:
    """What became of an own post; None while nobody has it."""
    wanted = "SELECT sum(times), min(first) FROM fetched WHERE view = ? AND newest >= ?"
    times, first = database.execute(wanted, (view, article)).fetchone()
    return Fetched(times, first) if times else None
