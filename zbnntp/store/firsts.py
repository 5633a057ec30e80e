"""Whether an owner has done something at least once, for the welcome. Each question ends at the first row."""

from __future__ import annotations

import sqlite3

from zbnntp.model.article import address
from zbnntp.store import evidence


def has_spoken(database: sqlite3.Connection, view: int) -> bool:
    """Whether an article of the owner's own has come: a post, or commands."""
    sender = f"<{address(evidence.identity_of(database, view))}>\r\n".encode()
    wanted = (
        "SELECT 1 FROM local_article l JOIN newsgroup n ON n.pk = l.newsgroup "
        "WHERE n.view = ? AND instr(l.octets, ?) BETWEEN 1 AND instr(l.octets, x'0D0A0D0A') LIMIT 1"
    )
    return has_posted(database, view) or database.execute(wanted, (view, sender)).fetchone() is not None


def has_followed(database: sqlite3.Connection, view: int) -> bool:
    """Whether the owner trusts anybody, in public or in private."""
    wanted = "SELECT 1 FROM {} WHERE {} = ? AND (mt > 0 OR tlt > 0) LIMIT 1"
    tables = (("rating", "rater"), ("private_rating", "view"))
    return any(database.execute(wanted.format(*it), (view,)).fetchone() for it in tables)


def has_posted(database: sqlite3.Connection, view: int) -> bool:
    return database.execute("SELECT 1 FROM post WHERE author = ? LIMIT 1", (view,)).fetchone() is not None


def has_been_fetched(database: sqlite3.Connection, view: int) -> bool:
    """Whether a version of the owner's manifest that has a post was handed to another node."""
    return database.execute("SELECT 1 FROM fetched WHERE view = ? LIMIT 1", (view,)).fetchone() is not None


def is_trusted(database: sqlite3.Connection, view: int) -> bool:
    """Whether anybody heard of trusts the owner."""
    wanted = "SELECT 1 FROM rating WHERE target = ? AND rater <> target AND (mt > 0 OR tlt > 0) LIMIT 1"
    return database.execute(wanted, (view,)).fetchone() is not None
