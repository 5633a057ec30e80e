"""What the owner has deleted for good: identities and posts whose octets this node does not keep again.

A line that was purged stays as an empty one, so that those after it keep their places; its segment no longer has the
octets that its name promises, and is passed on no more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from zbnntp.model.entries import POSTS
from zbnntp.model.keys import Identity, PostId
from zbnntp.store import lines
from zbnntp.store.promises import find_meta, put_meta

TO_SCRUB = "to scrub"


def add(database: sqlite3.Connection, identifier: Identity | PostId) -> None:
    """Never to be kept again. Until the file has been scrubbed it is remembered that it has to be."""
    database.execute("INSERT OR IGNORE INTO purged VALUES (?)", (identifier,))
    put_meta(database, TO_SCRUB, "1")


def is_to_scrub(database: sqlite3.Connection) -> bool:
    """Whether what was deleted for good may still stand in the file: a crash or a full disk came between."""
    return find_meta(database, TO_SCRUB) is not None


def is_purged(database: sqlite3.Connection, identifier: Identity | PostId) -> bool:
    return database.execute("SELECT 1 FROM purged WHERE id = ?", (identifier,)).fetchone() is not None


def purged(database: sqlite3.Connection) -> frozenset[bytes]:
    """Identities and ids of posts."""
    return frozenset(identifier for (identifier,) in database.execute("SELECT id FROM purged"))


def lines_naming(database: sqlite3.Connection, author: Identity) -> Iterator[tuple[int, int, bytes]]:
    """Key, publisher and octets of all lines of posts segments in which an identity is named; looks through all."""
    name, others = author.hex().encode(), lines.frames_without(database, author)
    for segment, person in database.execute("SELECT pk, person FROM segment WHERE role = ?", (POSTS,)).fetchall():
        for line, octets in lines.in_segment(database, segment):
            if lines.is_sealed(octets) and lines.pointer(octets)[0] in others:
                continue
            received = lines.read(database, octets)
            if name in received:
                yield line, person, received
    for line, person, octets in database.execute("SELECT pk, person, octets FROM line WHERE role = ?", (POSTS,)):
        received = lines.read(database, octets)
        if name in received:
            yield line, person, received


def redact(database: sqlite3.Connection, line: int) -> int:
    """Empty a line; returns how many octets it had."""
    segment, octets = lines.blank(database, line)
    mark_redacted(database, segment)
    return octets


def mark_redacted(database: sqlite3.Connection, segment: int) -> None:
    """Some of a segment's lines are not as they were published."""
    database.execute("UPDATE segment SET redacted = 1 WHERE pk = ?", (segment,))


def forget_post(database: sqlite3.Connection, article: int) -> None:
    database.execute("DELETE FROM post WHERE article = ?", (article,))


def blank_opening(database: sqlite3.Connection, thread: int) -> None:
    """Answers go on knowing the boards of their thread, not what it was about."""
    database.execute("UPDATE opening SET subject = '', line = NULL WHERE thread = ?", (thread,))
    database.execute(
        "DELETE FROM carry WHERE thread = ? AND carrier NOT IN (SELECT view FROM newsgroup)", (thread,)
    )  # those of local identities wait for their segment to be written anew


def threads_by(database: sqlite3.Connection, author: int) -> list[int]:
    """The threads that somebody opened, as far as their headers are known."""
    return [thread for (thread,) in database.execute("SELECT thread FROM opening WHERE author = ?", (author,))]


def octets_of(database: sqlite3.Connection, person: int) -> int:
    """Of all lines of somebody."""
    row = database.execute("SELECT coalesce(sum(octets), 0) FROM segment WHERE person = ?", (person,)).fetchone()
    return int(row[0])


def forget_head(database: sqlite3.Connection, person: int) -> None:
    """Head and pointer of somebody, and the version that views hold them at."""
    database.execute("DELETE FROM manifest WHERE person = ?", (person,))
    database.execute("DELETE FROM pin WHERE person = ?", (person,))


def forget_parked(database: sqlite3.Connection, author: Identity) -> None:
    """Heads that wait, with segments in which an identity is named: they come again."""
    database.execute("DELETE FROM parked WHERE instr(bundle, ?)", (author.hex().encode(),))


def card_articles(database: sqlite3.Connection, person: int) -> list[tuple[int, int]]:
    """View and article of all that zb.people has said about somebody."""
    return database.execute("SELECT view, article FROM card WHERE person = ?", (person,)).fetchall()


def views(database: sqlite3.Connection) -> list[int]:
    """The local identities: whoever has groups."""
    return [view for (view,) in database.execute("SELECT DISTINCT view FROM newsgroup")]
