"""Chapter one as check and repair ask for it: row by row, so that a damaged one says nothing about the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from zbnntp.model.keys import Identity, PostId, Sha256
from zbnntp.model.manifest import Head
from zbnntp.store import lines
from zbnntp.store.database import Store
from zbnntp.store.ids import find_article, find_person


class HeldPost(NamedTuple):
    """A post and the article that it is here."""

    article: int
    identifier: bytes
    author: Identity
    line: bytes  # as it is kept; for `read_line`


def forget_keys(database: sqlite3.Connection) -> None:
    """The keys that this connection remembers: the ids that they stand for may be damaged."""
    if isinstance(database, Store):
        database.forget_keys()


def everybody(database: sqlite3.Connection) -> list[tuple[int, Identity]]:
    """All people ever heard of."""
    return database.execute("SELECT pk, id FROM person ORDER BY pk").fetchall()


def has_manifest(database: sqlite3.Connection, person: int) -> bool:
    return database.execute("SELECT 1 FROM manifest WHERE person = ?", (person,)).fetchone() is not None


def position_of(database: sqlite3.Connection, segment: int) -> int:
    return int(database.execute("SELECT position FROM segment WHERE pk = ?", (segment,)).fetchone()[0])


def outbox_keys(database: sqlite3.Connection, person: int) -> list[tuple[int, str]]:
    """Key and role of each line that waits."""
    return database.execute("SELECT pk, role FROM line WHERE person = ? ORDER BY pk DESC", (person,)).fetchall()


def read_line(database: sqlite3.Connection, kept: bytes) -> bytes:
    return lines.read(database, kept)


def pending_line(database: sqlite3.Connection, key: int) -> bytes:
    return read_line(database, database.execute("SELECT octets FROM line WHERE pk = ?", (key,)).fetchone()[0])


def proofs(database: sqlite3.Connection, person: int) -> Iterator[tuple[str, int, tuple[bytes, ...]]]:
    """Forks and branches: the table that holds it, the version, the pointers."""
    for seq, *pointers in database.execute("SELECT seq, kept, other FROM fork WHERE person = ?", (person,)).fetchall():
        yield "fork", seq, tuple(pointers)
    for seq, pointer in database.execute("SELECT seq, pointer FROM branch WHERE person = ?", (person,)).fetchall():
        yield "branch", seq, (pointer,)


def notices(database: sqlite3.Connection, person: int) -> list[tuple[str, bytes, bytes]]:
    """Kind, whom it is about, line."""
    return database.execute("SELECT kind, about, line FROM notice WHERE person = ?", (person,)).fetchall()


def forget_head(database: sqlite3.Connection, person: int) -> None:
    """It comes again; `version` remembers how new it has to be."""
    database.execute("DELETE FROM manifest WHERE person = ?", (person,))


def correct_facts(database: sqlite3.Connection, person: int, head: Head) -> None:
    """What the row of a good head says beside it."""
    database.execute(
        "UPDATE manifest SET seq = ?, head_sha256 = ?, nick = ? WHERE person = ?",
        (head.seq, head.sha256, head.nick, person),
    )


def drop_waiting(database: sqlite3.Connection, line: int) -> None:
    database.execute("DELETE FROM line WHERE pk = ?", (line,))


def drop_proof(database: sqlite3.Connection, person: int, table: str, seq: int) -> None:
    database.execute(f"DELETE FROM {table} WHERE person = ? AND seq = ?", (person, seq))  # noqa: S608


def drop_notice(database: sqlite3.Connection, person: int, kind: str, about: bytes) -> None:
    database.execute("DELETE FROM notice WHERE person = ? AND kind = ? AND about = ?", (person, kind, about))


def pin_next(database: sqlite3.Connection, person: int, commitment: Sha256) -> None:
    """The recovery key that a good head commits to."""
    database.execute("INSERT OR REPLACE INTO recovery VALUES (?, ?)", (person, commitment))


def forget_places(database: sqlite3.Connection) -> None:
    """Feeds of others are read from their beginning: they list what was lost here."""
    database.execute("DELETE FROM cursor")


def forget_openings(database: sqlite3.Connection) -> None:
    """Of threads whose header stands in a line that is held, so that it is read off that once more."""
    database.execute("DELETE FROM opening WHERE line IS NOT NULL")


def heads(database: sqlite3.Connection) -> list[tuple[int, Identity, bytes]]:
    """Of everybody whose manifest is held, as it is kept; for `read_line`."""
    return database.execute("SELECT m.person, p.id, m.head FROM manifest m JOIN person p ON p.pk = m.person").fetchall()


def pointer_of(database: sqlite3.Connection, person: int, identity: Identity) -> bytes:
    """The pointer to the head held of a person, if that is who signed it."""
    seq, name, kept = database.execute(
        "SELECT seq, head_sha256, pointer FROM manifest WHERE person = ?", (person,)
    ).fetchone()
    return lines.read_pointer(database, kept, identity, seq, name)


def rename_person(database: sqlite3.Connection, person: int, identity: Identity) -> None:
    """The id that somebody's key proves, unless somebody else has it."""
    if find_person(database, identity) in (None, person):
        database.execute("UPDATE person SET id = ? WHERE pk = ?", (identity, person))


def held_posts(database: sqlite3.Connection) -> Iterator[HeldPost]:
    """All of them; the caller may rename articles meanwhile."""
    for article in [article for (article,) in database.execute("SELECT article FROM post")]:
        row = database.execute(f"{_HELD_POSTS} AND post.article = ? AND a.pk IS NOT NULL", (article,)).fetchone()
        if row:
            yield HeldPost(*row)


_HELD_POSTS = (
    f"SELECT post.article, a.id, p.id, {lines.kept('post.line')} FROM post "  # noqa: S608
    "LEFT JOIN article a ON a.pk = post.article JOIN person p ON p.pk = post.author "
    f"{lines.joined('post.line')}"
    f"WHERE {lines.is_held('post.line')}"
)


def lost_posts(database: sqlite3.Connection) -> list[HeldPost]:
    """Those whose article is not there."""
    return [HeldPost(*row) for row in database.execute(f"{_HELD_POSTS} AND a.pk IS NULL")]


def lost_notes(database: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """The node's own articles whose row is not there."""
    return database.execute(
        "SELECT article, octets FROM local_article WHERE article NOT IN (SELECT pk FROM article)"
    ).fetchall()


def add_article(database: sqlite3.Connection, article: int, identifier: bytes) -> None:
    """One that was there, unless another one has its id; it came when it got its first number."""
    if find_article(database, identifier) is None:
        database.execute(
            "INSERT INTO article (pk, id, arrived) "
            "VALUES (?1, ?2, coalesce((SELECT min(given) FROM number WHERE article = ?1), 0))",
            (article, identifier),
        )


def rename_article(database: sqlite3.Connection, article: int, identifier: PostId) -> None:
    """The id that a post has, unless another article has it."""
    if find_article(database, identifier) in (None, article):
        database.execute("UPDATE article SET id = ? WHERE pk = ?", (identifier, article))
