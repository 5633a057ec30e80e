"""People and posts by their ids: the store's own keys for them, which lines, posts and ratings lean on.

An id is looked up by its first 6 octets and then compared whole: an index of a third of the size, and whoever makes
many ids that begin alike gains nothing by it, at 2^48 tries each. Rows of `person`
and `article` are never deleted, so a key that was found once stays right, and each connection remembers the last it
found; those of changes that were taken back are forgotten (writer.py).
"""

from __future__ import annotations

import sqlite3

from zbnntp.store.database import Store

KEY_OCTETS = 6  # as in the schema


def id_key(identifier: bytes) -> bytes:
    """What it is looked up by."""
    return identifier[:KEY_OCTETS]


def find_person(database: sqlite3.Connection, identity: bytes) -> int | None:
    known = database.people if isinstance(database, Store) else {}
    if (found := known.get(identity)) is None:
        row = database.execute(
            "SELECT pk FROM person WHERE key = ? AND id = ?", (id_key(identity), identity)
        ).fetchone()
        found = _remember(known, identity, row[0]) if row else None
    return found


def person_pk(database: sqlite3.Connection, identity: bytes) -> int:
    """The person's key, made if need be."""
    found = find_person(database, identity)
    if found is not None:
        return found
    return int(database.execute("INSERT INTO person (id) VALUES (?)", (identity,)).lastrowid or 0)


def find_article(database: sqlite3.Connection, identifier: bytes) -> int | None:
    """The article of a post id (32 octets) or of a local id (16)."""
    known = database.articles if isinstance(database, Store) else {}
    if (found := known.get(identifier)) is None:
        row = database.execute(
            "SELECT pk FROM article WHERE key = ? AND id = ?", (id_key(identifier), identifier)
        ).fetchone()
        found = _remember(known, identifier, row[0]) if row else None
    return found


def article_pk(database: sqlite3.Connection, identifier: bytes, now: int) -> int:
    """The article of an id, heard of now if it is new."""
    found = find_article(database, identifier)
    if found is not None:
        return found
    insert = "INSERT INTO article (id, arrived) VALUES (?, ?)"
    made = int(database.execute(insert, (identifier, now)).lastrowid or 0)
    return _remember(database.articles, identifier, made) if isinstance(database, Store) else made


def _remember(known: dict[bytes, int], identifier: bytes, key: int) -> int:
    if len(known) >= Store.KEYS_MOST:
        known.clear()
    known[identifier] = key
    return key
