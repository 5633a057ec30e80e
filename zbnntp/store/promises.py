"""Chapter two, the rest: aliases, the node's own articles, addresses from links, and what the store knows of itself."""

from __future__ import annotations

import secrets
import sqlite3

from zbnntp.model.keys import Identity
from zbnntp.store.evidence import find_person, person_pk

_EPOCH = "epoch"


def epoch(database: sqlite3.Connection) -> str:
    """A token made when the database was: cursors of its changes feed are worth nothing in another."""
    database.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (_EPOCH, secrets.token_hex(8)))
    return str(find_meta(database, _EPOCH))


def find_meta(database: sqlite3.Connection, key: str) -> str | None:
    row = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def put_meta(database: sqlite3.Connection, key: str, value: str) -> None:
    database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def keep_meta(database: sqlite3.Connection, key: str, value: str) -> str:
    """What is there already stays; returns what is there now."""
    database.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))
    return str(find_meta(database, key))


def find_alias(database: sqlite3.Connection, view: int, message_id: str) -> int | None:
    """The article that a Message-ID stands for which a newsreader of this view gave."""
    row = database.execute("SELECT article FROM alias WHERE view = ? AND message_id = ?", (view, message_id)).fetchone()
    return row[0] if row else None


def add_alias(database: sqlite3.Connection, view: int, message_id: str, article: int) -> None:
    database.execute("INSERT INTO alias VALUES (?, ?, ?)", (view, message_id, article))


def find_fingerprint(database: sqlite3.Connection, sha256: bytes, since: int) -> int | None:
    """The article of the same content posted since a time."""
    row = database.execute("SELECT article FROM fingerprint WHERE sha256 = ? AND made >= ?", (sha256, since)).fetchone()
    return row[0] if row else None


def add_fingerprint(database: sqlite3.Connection, sha256: bytes, article: int, now: int, since: int) -> None:
    """Remember a post's content; what is older than `since` is forgotten."""
    database.execute("DELETE FROM fingerprint WHERE made < ?", (since,))
    database.execute("INSERT OR REPLACE INTO fingerprint VALUES (?, ?, ?)", (sha256, article, now))


def keep_local(database: sqlite3.Connection, article: int, newsgroup: int, octets: bytes) -> None:
    """An article of the node's own making, without Xref."""
    database.execute("INSERT OR REPLACE INTO local_article VALUES (?, ?, ?)", (article, newsgroup, octets))


def find_local(database: sqlite3.Connection, article: int) -> bytes | None:
    row = database.execute("SELECT octets FROM local_article WHERE article = ?", (article,)).fetchone()
    return row[0] if row else None


def drop_local(database: sqlite3.Connection, article: int) -> None:
    """Own articles that were replaced do not come back."""
    database.execute("DELETE FROM local_article WHERE article = ?", (article,))


def add_address(database: sqlite3.Connection, identity: Identity, url: str) -> None:
    database.execute("INSERT OR IGNORE INTO address VALUES (?, ?)", (person_pk(database, identity), url))


def addresses(database: sqlite3.Connection, identity: Identity) -> list[str]:
    person = find_person(database, identity)
    rows = database.execute("SELECT url FROM address WHERE person = ? ORDER BY url", (person,))
    return [url for (url,) in rows]


def all_addresses(database: sqlite3.Connection) -> dict[int, list[str]]:
    """The same of everybody of whom there are any."""
    found: dict[int, list[str]] = {}
    for person, url in database.execute("SELECT person, url FROM address ORDER BY person, url"):
        found.setdefault(person, []).append(url)
    return found


def put_closed(database: sqlite3.Connection, view: int, identity: Identity, url: str) -> None:
    """Where a mutual's closed onion is, as one local identity was told."""
    database.execute(
        "INSERT OR REPLACE INTO closed_address VALUES (?, ?, ?)", (view, person_pk(database, identity), url)
    )


def find_closed(database: sqlite3.Connection, view: int, person: int) -> str | None:
    row = database.execute("SELECT url FROM closed_address WHERE view = ? AND person = ?", (view, person)).fetchone()
    return str(row[0]) if row else None


def all_closed(database: sqlite3.Connection, view: int) -> dict[int, str]:
    """Where the closed onions of mutuals are, as one local identity was told."""
    return dict(database.execute("SELECT person, url FROM closed_address WHERE view = ?", (view,)).fetchall())


def bearer_of(database: sqlite3.Connection, url: str) -> Identity | None:
    """Whose address a link that was followed gives."""
    row = database.execute(
        "SELECT p.id FROM address a JOIN person p ON p.pk = a.person WHERE a.url = ? LIMIT 1", (url,)
    ).fetchone()
    return Identity(row[0]) if row else None


def keep_arrival(database: sqlite3.Connection, person: int, source: str, now: int) -> None:
    """Note where somebody's first manifest came from."""
    database.execute("INSERT OR IGNORE INTO arrival VALUES (?, ?, ?)", (person, source, now))


def arrived_at(database: sqlite3.Connection, person: int) -> int | None:
    """When somebody's first manifest came, unix seconds."""
    row = database.execute("SELECT at FROM arrival WHERE person = ?", (person,)).fetchone()
    return int(row[0]) if row else None


def find_arrival(database: sqlite3.Connection, person: int) -> str | None:
    row = database.execute("SELECT source FROM arrival WHERE person = ?", (person,)).fetchone()
    return str(row[0]) if row else None
