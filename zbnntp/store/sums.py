"""A sum over each table of what nobody has signed and nobody else has a copy of, so that a letter that a bad disk has
turned into another is noticed: the owner's choices, what the node wrote itself, what it was told once.

Every change of such a table changes its sum in the same transaction, by triggers that exist in our own writing
connections only. A store that is made of what could be saved of another begins with sums of what was saved.
docs/store.md "Checking".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b

TABLES = (
    *("meta", "alias", "address", "shed", "unkept", "closed_address", "purged", "local_article"),
    *("private_rating", "note", "word_filter", "watch", "by_group", "via_group", "mirror_choice", "pin"),
    *("deed", "step", "card", "arrival", "diary", "code", "admission", "application"),
)
_ADD = "INSERT INTO digest VALUES ('{0}', {1}) ON CONFLICT (name) DO UPDATE SET sum = (sum + excluded.sum) & {2};"
_MASK = (1 << 61) - 1  # the sum of three such numbers is still an integer of SQLite


def watch(database: sqlite3.Connection) -> None:
    """Keep the sums up to date from now on, whatever this connection changes."""
    database.execute("PRAGMA recursive_triggers = ON")  # so that what INSERT OR REPLACE replaces counts as deleted
    database.create_function("row_sum", -1, _row_sum, deterministic=True)
    for table in TABLES:
        names = [name for _, name, *_ in database.execute(f"PRAGMA main.table_info({table})")]
        new, old = (f"row_sum({', '.join(f'{row}.{name}' for name in names)})" for row in ("NEW", "OLD"))
        for event, change in (("INSERT", new), ("DELETE", f"-{old}"), ("UPDATE", f"{new} - {old}")):
            database.execute(
                f"CREATE TEMP TRIGGER sum_{table}_{event} AFTER {event} ON main.{table} "
                f"BEGIN {_ADD.format(table, f'({change}) & {_MASK}', _MASK)} END"
            )


def kept(database: sqlite3.Connection, table: str) -> int:
    """What the sum of a table was when it was changed last."""
    row = database.execute("SELECT sum FROM digest WHERE name = ?", (table,)).fetchone()
    return int(row[0]) if row else 0


def sum_of(rows: Iterable[tuple[object, ...]]) -> int:
    """What the sum of these rows is."""
    return sum(_row_sum(*row) for row in rows) & _MASK


def _row_sum(*values: object) -> int:
    return int.from_bytes(blake2b(repr(values).encode(), digest_size=8).digest(), "big") & _MASK
