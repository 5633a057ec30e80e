"""What can still be read of a damaged file, in a new one. What is derived is left out: a rebuild makes it.

Each table is read from its beginning; where that fails, from its end, and through its indexes, until every row that
some way leads to is there. Of what is derived `post` comes along, because it says which article is which post. Rows
that belong to nothing any more go in the end (`drop_strays`): a number, for example, whose article could not be read,
so that it never comes to mean another one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from zbnntp.store import derived
from zbnntp.store.database import opened, prepare
from zbnntp.store.room import is_full
from zbnntp.store.soundness import UNREADABLE, columns, definitions, restore_marks, rows, stray_rows, tables, written

ROUNDS = 4  # what belongs to a row that goes, goes as well, and so on


def salvage(damaged: sqlite3.Connection, target: Path) -> None:
    """Make `target`, a new store; `damaged` is a copy that may be changed. Raises sqlite3.DatabaseError."""
    _restore_definitions(damaged)
    prepare(target)
    with opened(target) as database:
        database.execute("BEGIN IMMEDIATE")
        for table in tables():
            if (table not in derived.TABLES or table == "post") and table != "digest":
                _carry_over(damaged, database, table)
        _recover_numbers(damaged, database)
        restore_marks(database)
        database.execute("COMMIT")


def _restore_definitions(damaged: sqlite3.Connection) -> None:
    """Write a definition that is damaged as it must have been; which one it was is known when it is the only one."""
    damaged.execute("PRAGMA writable_schema = ON")
    found = written(damaged)
    wrong = [key for key, it, _ in found if it not in definitions()]
    lost = definitions().keys() - {it for _, it, _ in found}
    if len(wrong) == len(lost) == 1:
        values = *definitions()[lost.pop()], wrong[0]
        damaged.execute("UPDATE sqlite_schema SET type = ?, name = ?, tbl_name = ?, sql = ? WHERE rowid = ?", values)
    damaged.execute("PRAGMA writable_schema = RESET")


def _carry_over(damaged: sqlite3.Connection, database: sqlite3.Connection, table: str) -> None:
    form = columns(database, table)
    marks = ", ".join("?" * len(form))
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(it.name for it in form)}) VALUES ({marks})"  # noqa: S608
    for way in _ways(damaged, database, table):
        try:
            for row in rows(damaged, table, form, way):
                if row is not None:
                    database.execute(insert, row)
            return
        except UNREADABLE as error:
            if is_full(error):
                raise
            continue  # there may be another way to the rest


def _recover_numbers(damaged: sqlite3.Connection, database: sqlite3.Connection) -> None:
    """Of numbers that the table has lost its index has all but when they were given: when their article came, then.

    Where the two say different things what the overview says is right. If it says nothing the number stays a gap: it
    must never come to mean another article.
    """
    index, is_whole = _indexed_numbers(damaged)
    table = set(database.execute("SELECT newsgroup, number, article FROM number"))
    for row in index - table:
        rivals = database.execute(_RIVALS, row).fetchall()
        for rival in rivals:
            if not _is_shown(damaged, rival):
                database.execute(_DROP_NUMBER, rival)
        if not rivals or _is_shown(damaged, row):
            database.execute(_ADD_NUMBER, row)
    for row in table - index if is_whole else ():
        if not _is_shown(damaged, row):
            database.execute(_DROP_NUMBER, row)


_RIVALS = "SELECT newsgroup, number, article FROM number WHERE newsgroup = ?1 AND (number = ?2 OR article = ?3)"
_DROP_NUMBER = "DELETE FROM number WHERE newsgroup = ? AND number = ? AND article = ?"
_ADD_NUMBER = "INSERT OR IGNORE INTO number SELECT ?1, ?2, ?3, arrived FROM article WHERE pk = ?3"


def _indexed_numbers(damaged: sqlite3.Connection) -> tuple[set[tuple[object, ...]], bool]:
    """What the index of numbers says, and whether all of it could be read."""
    form = [it for it in columns(damaged, "number") if it.name != "given"]
    found: set[tuple[object, ...]] = set()
    try:
        found.update(it for it in rows(damaged, "number", form, "INDEXED BY number_article") if it is not None)
    except UNREADABLE:
        return found, False
    return found, True


def _is_shown(damaged: sqlite3.Connection, row: tuple[object, ...]) -> bool:
    with suppress(*UNREADABLE):
        shown = damaged.execute("SELECT article FROM overview WHERE newsgroup = ? AND number = ?", row[:2]).fetchone()
        return bool(shown == row[2:])
    return False


def _ways(damaged: sqlite3.Connection, database: sqlite3.Connection, table: str) -> Iterator[str]:
    """SQL for the orders in which to read."""
    yield ""
    keys = [it.name for it in sorted(columns(database, table), key=lambda it: it.rank) if it.rank]
    yield "ORDER BY " + ", ".join(f"{key} DESC" for key in keys or ["rowid"])
    for _, index, _, _, is_partial in damaged.execute(f"PRAGMA index_list({table})").fetchall():
        if not is_partial:
            yield f"INDEXED BY {index}"


def drop_strays(database: sqlite3.Connection) -> None:
    """Rows that belong to a row that is not there."""
    for _ in range(ROUNDS):
        for table in tables():
            _drop_strays(database, table)


def _drop_strays(database: sqlite3.Connection, table: str) -> None:
    for strays in stray_rows(database, table):
        database.execute(f"DELETE FROM {table} WHERE {strays}")  # noqa: S608
