"""Chapter one, versions: branches beside a held head, heads that wait, and the pace of those without posts.

What is parked is bounded: a stolen key must not fill the disk with heads of next year.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from zbnntp.model.keys import Identity, Sha256
from zbnntp.store.ids import find_person

PARKED_EACH = 4  # of one person: those that are due first
PARKED_OCTETS = 64 * 1024 * 1024  # of all together
BRANCHES_EACH = 100  # more prove nothing more


class Parked(NamedTuple):
    """A head that waits, with the segments that came with it as a bundle's lines."""

    person: int
    head_sha256: Sha256
    source: str
    bundle: bytes


def keep_branch(database: sqlite3.Connection, person: int, seq: int, pointer: bytes) -> bool:
    """Keep the pointer line of a version that a newer head should have known of; False when it is known, or enough."""
    cursor = database.execute(
        "INSERT OR IGNORE INTO branch SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM branch WHERE person = ?1) < ?4",
        (person, seq, pointer, BRANCHES_EACH),
    )
    return cursor.rowcount > 0


def conflicting_heads(database: sqlite3.Connection, person: int) -> list[Sha256]:
    """Hashes of the heads that proofs of forks and branches are about, oldest first."""
    rows = database.execute(
        "SELECT seq, kept FROM fork WHERE person = ?1 UNION ALL SELECT seq, other FROM fork WHERE person = ?1 "
        "UNION ALL SELECT seq, pointer FROM branch WHERE person = ?1 ORDER BY 1, 2",
        (person,),
    )
    return [Sha256(bytes.fromhex(json.loads(line)["head"])) for _, line in rows]


def count_conflicts(database: sqlite3.Connection, person: int) -> int:
    """How many forks and branches are known that no later head has named in its `merge`."""
    rows = database.execute(
        "SELECT kept, other FROM fork WHERE person = ?1 "
        "UNION ALL SELECT pointer, pointer FROM branch WHERE person = ?1",
        (person,),
    ).fetchall()
    merged = database.execute("SELECT head_sha256 FROM merged WHERE person = ?", (person,)) if rows else ()
    named = {head.hex() for (head,) in merged}
    return sum(named.isdisjoint(json.loads(line)["head"] for line in pair) for pair in rows)


def keep_merged(database: sqlite3.Connection, person: int, heads: Collection[Sha256]) -> None:
    """Note which of the conflicting heads a new head has named."""
    named = set(heads).intersection(conflicting_heads(database, person)) if heads else ()
    database.executemany("INSERT OR IGNORE INTO merged VALUES (?, ?)", [(person, head) for head in named])


def park(database: sqlite3.Connection, parked: Parked, seq: int, due: int) -> None:
    """Keep a head aside until `due`; of one that is parked already, nothing more."""
    database.execute(
        "INSERT OR IGNORE INTO parked (person, head_sha256, seq, due, source, bundle) VALUES (?, ?, ?, ?, ?, ?)",
        (parked.person, parked.head_sha256, seq, due, parked.source, parked.bundle),
    )
    database.execute(
        "DELETE FROM parked WHERE person = ?1 AND head_sha256 NOT IN "
        "(SELECT head_sha256 FROM parked WHERE person = ?1 ORDER BY due, seq DESC LIMIT ?2)",
        (parked.person, PARKED_EACH),
    )
    database.execute(
        "DELETE FROM parked WHERE rowid IN (SELECT rowid FROM (SELECT rowid, sum(length(bundle)) "
        "OVER (ORDER BY due, rowid) AS total FROM parked) WHERE total > ?)",
        (PARKED_OCTETS,),
    )


def is_parked(database: sqlite3.Connection, identity: Identity, head: Sha256) -> bool:
    row = database.execute(
        "SELECT 1 FROM parked WHERE head_sha256 = ? AND person = ?", (head, find_person(database, identity))
    ).fetchone()
    return row is not None


def find_due(database: sqlite3.Connection, now: int) -> Parked | None:
    """One whose time has come, of each person the newest version first: it makes the others needless."""
    row = database.execute(
        "SELECT person, head_sha256, source, bundle FROM parked WHERE due <= ? ORDER BY person, seq DESC LIMIT 1",
        (now,),
    ).fetchone()
    return Parked(*row) if row else None


def unpark(database: sqlite3.Connection, person: int, heads: Collection[Sha256]) -> None:
    database.executemany("DELETE FROM parked WHERE person = ? AND head_sha256 = ?", [(person, head) for head in heads])


def pace_spent(database: sqlite3.Connection, person: int) -> int:
    """When all of a person's burst will be free again, unix seconds."""
    row = database.execute("SELECT spent FROM pace WHERE person = ?", (person,)).fetchone()
    return int(row[0]) if row else 0


def put_pace(database: sqlite3.Connection, person: int, spent: int) -> None:
    database.execute("INSERT OR REPLACE INTO pace VALUES (?, ?)", (person, spent))
