"""Whether the file is whole as a file: its pages, the definitions of its tables, what kind of values its rows hold.

What the rows say is judged elsewhere: what people signed by zbnntp/checking.py, what is derived by comparing it with
what a rebuild makes. All this is done on a copy (copying.open_copy), and answers in sentences for the owner.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import cache
from typing import NamedTuple

from zbnntp.store import condensing, derived, lines, sums
from zbnntp.store.database import scripts
from zbnntp.store.room import is_full

_COMPARED_ROWS = {
    "block": "WHERE count > 0",
    "carry": "WHERE thread NOT IN (SELECT thread FROM opening WHERE line IS NULL)",  # of what was purged
}
# rows of numbers below the low mark may be gone: what the node itself had written there has expired
_HIGHEST = "(SELECT max(low - 1, coalesce(max(number), 0)) FROM number WHERE newsgroup = pk)"
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # the latter where a message quotes a damaged name
_REMARK = re.compile(r"--[^\n]*")
_KINDS = {"INTEGER": int, "REAL": float, "BLOB": bytes, "TEXT": str}


class Column(NamedTuple):
    name: str
    kind: str  # as declared
    is_needed: int  # 0: may be NULL
    rank: int  # in the primary key, from 1; 0: not in it


class Definition(NamedTuple):
    """A row of sqlite_schema."""

    kind: str
    name: str
    table: str
    sql: str  # without remarks


@cache
def definitions() -> Mapping[Definition, tuple[str | None, ...]]:
    """What a store of this version is defined as, and how that is written in its file."""
    with closing(sqlite3.connect(":memory:")) as database:
        for script in scripts():
            database.executescript(script)
        return {it: row for _, it, row in written(database)}


def written(database: sqlite3.Connection) -> list[tuple[int, Definition, tuple[str | None, ...]]]:
    """What the file says that it is defined as, with the keys of the rows that say so."""
    before, database.text_factory = database.text_factory, lambda octets: octets.decode(errors="replace")
    found = database.execute(
        "SELECT rowid, type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"
    ).fetchall()
    database.text_factory = before
    said = [(key, *(_text(it) for it in row)) for key, *row in found]
    return [
        (key, Definition(kind, name, table, " ".join(_REMARK.sub("", sql).split())), (kind, name, table, sql or None))
        for key, kind, name, table, sql in said
    ]


def _text(value: object) -> str:
    """Of a value that is to be text and may be anything."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def tables() -> list[str]:
    """All tables of a store but those that SQLite keeps for itself."""
    return sorted(it.name for it in definitions() if it.kind == "table" and not it.name.startswith("sqlite_"))


def columns(database: sqlite3.Connection, table: str) -> list[Column]:
    """Those that are stored."""
    rows = database.execute(f"PRAGMA table_info({table})")
    return [Column(name, kind, needed or rank, rank) for _, name, kind, needed, _, rank in rows]


def references(database: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """Columns that name rows of other tables, and which table; what they name is always its key."""
    rows = database.execute(f"PRAGMA foreign_key_list({table})")
    declared = [(column, parent) for _, _, parent, column, *_ in rows]
    return [*declared, ("segment", "segment")] if table == "line" else declared  # which is computed there


def stray_rows(database: sqlite3.Connection, table: str) -> list[str]:
    """Conditions for the rows that name a row that is not there."""
    return [
        f"{column} IS NOT NULL AND {_is_missing(database, f'{table}.{column}', parent)}"
        for column, parent in references(database, table)
    ]


def _is_missing(database: sqlite3.Connection, column: str, table: str) -> str:
    """The condition that no row of a table has the key in a column; a line may be held without one."""
    if table == "line":
        return f"NOT {lines.is_held(column)}"
    return f"{column} NOT IN (SELECT {_key_of(database, table)} FROM {table})"  # noqa: S608


def _key_of(database: sqlite3.Connection, table: str) -> str:
    """The column by which others name its rows."""
    return next(it.name for it in columns(database, table) if it.rank == 1)


def look_through(database: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the file: for each table, and at last for the whole, a sentence or nothing."""
    if {it for _, it, _ in written(database)} != definitions().keys():
        yield "The definitions of the tables are damaged."
        return
    whole = _first_problem(database, "integrity_check(1)")
    named = False
    for table in tables():
        problem = _first_problem(database, f"integrity_check('{table}')") if whole else ""
        if not problem and table not in derived.TABLES:
            problem = _odd(database, table) or _dangling(database, table) or _other(database, table)
        named = named or bool(problem)
        yield f"The table {table} ({chapter(table)}) is damaged: {problem}." if problem else ""
    marks = "" if whole else ", ".join(wrong_marks(database))
    yield f"The highest numbers of {marks} are not what they were." if marks else ""
    yield f"The file is damaged: {whole}." if whole and not named else ""


def wrong_marks(database: sqlite3.Connection) -> list[str]:
    """Groups whose high mark is not the highest number that was given."""
    return [name for (name,) in database.execute(f"SELECT name FROM newsgroup WHERE high <> {_HIGHEST}")]  # noqa: S608


def restore_marks(database: sqlite3.Connection) -> None:
    database.execute(f"UPDATE newsgroup SET high = {_HIGHEST}")  # noqa: S608


def is_whole(database: sqlite3.Connection) -> bool:
    """Whether the pages and the definitions are."""
    is_defined = {it for _, it, _ in written(database)} == definitions().keys()
    return is_defined and not _first_problem(database, "integrity_check(1)")


def _odd(database: sqlite3.Connection, table: str) -> str:
    odd = sum(row is None for row in rows(database, table, columns(database, table)))
    return f"in {odd} of its rows stands what cannot stand there" if odd else ""


def _other(database: sqlite3.Connection, table: str) -> str:
    if table not in sums.TABLES:
        return ""
    held = (row for row in rows(database, table, columns(database, table)) if row is not None)
    return "" if sums.sum_of(held) == sums.kept(database, table) else "something in it is not what was written"


def chapter(table: str) -> str:
    """What users are told of a table."""
    return "can be made anew" if table in {*derived.COMPARED, *derived.TABLES} else "kept"


def _first_problem(database: sqlite3.Connection, pragma: str) -> str:
    """Empty when all is well. Raises sqlite3.OperationalError when there is no room to look."""
    try:
        text = str(database.execute(f"PRAGMA {pragma}").fetchone()[0])
    except UNREADABLE as error:
        if is_full(error):
            raise
        return str(error)
    return "" if text == "ok" else text.rpartition("\n")[2]


def _dangling(database: sqlite3.Connection, table: str) -> str:
    found = sum(
        database.execute(
            f"SELECT count(*) FROM {table} WHERE {strays}"  # noqa: S608
        ).fetchone()[0]
        for strays in stray_rows(database, table)
    )
    return f"{found} of its rows belong to nothing" if found else ""


def rows(
    database: sqlite3.Connection, table: str, form: Iterable[Column], more: str = ""
) -> Iterator[tuple[object, ...] | None]:
    """The rows of a table as they were written; None for one whose values are of another kind than its columns.

    `more` is SQL that says in which order they are read. Raises sqlite3.DatabaseError where the file cannot be read.
    """
    form = list(form)
    with closing(database.cursor()) as cursor:
        before, database.text_factory = database.text_factory, _Text
        try:
            cursor.execute(f"SELECT {', '.join(it.name for it in form)} FROM {table} {more}")  # noqa: S608
            for row in cursor:
                yield _as_declared(row, form)
        finally:
            database.text_factory = before


class _Text(bytes):
    """Text as its octets, which may be no text any more."""


def _as_declared(row: Iterable[object], form: Iterable[Column]) -> tuple[object, ...] | None:
    values: list[object] = []
    for value, column in zip(row, form, strict=True):
        if isinstance(value, _Text):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                return None
        if type(value) is not _KINDS[column.kind] and not (value is None and not column.is_needed):
            return None
        values.append(value)
    return tuple(values)


def remember(database: sqlite3.Connection) -> None:
    """Put the derived tables as they are aside, to compare them with what a rebuild makes: all rows as rows."""
    condensing.unpack_all(database)
    for table in derived.COMPARED:
        database.execute(f"CREATE TEMP TABLE was_{table} AS SELECT * FROM main.{table}")  # noqa: S608


def changed(database: sqlite3.Connection) -> list[str]:
    """The tables that are not as they were put aside, a sentence each."""
    return [said for table in derived.COMPARED if (said := _changed(database, table))]


def _changed(database: sqlite3.Connection, table: str) -> str:
    names = [it.name for it in columns(database, table) if (table, it.name) not in derived.VOLATILE]
    where = _COMPARED_ROWS.get(table, "")
    was, now = (
        f"SELECT {', '.join(names)} FROM {place} {where}"  # noqa: S608
        for place in (f"temp.was_{table}", f"main.{table}")
    )
    count = "SELECT count(*) FROM ({} EXCEPT {})"
    lost, wrong = (database.execute(count.format(*it)).fetchone()[0] for it in ((now, was), (was, now)))
    return f"The table {table} (can be made anew) has {wrong} wrong rows, and lacks {lost}." if lost or wrong else ""
