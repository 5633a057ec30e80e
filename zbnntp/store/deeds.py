"""What articles of commands changed, step by step, so that each can be taken back. Kept as long as receipts are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

KEPT_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True)
class Step:
    """One value that was changed; `before` and `after` are JSON."""

    kind: str
    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Deed:
    pk: int
    undoes: int | None
    undone: int  # 0 or 1


def add_deed(
    database: sqlite3.Connection,
    view: int,
    article: int | None,
    undoes: int | None,
    steps: Sequence[Step],
    now: int,
) -> int:
    """Keep what an article changed; what is older than receipts are kept is forgotten."""
    old = "SELECT pk FROM deed WHERE view = ? AND made < ?"
    database.execute(f"DELETE FROM step WHERE deed IN ({old})", (view, now - KEPT_SECONDS))  # noqa: S608
    database.execute("DELETE FROM deed WHERE view = ? AND made < ?", (view, now - KEPT_SECONDS))
    insert = "INSERT INTO deed (view, article, made, undoes) VALUES (?, ?, ?, ?)"
    deed = int(database.execute(insert, (view, article, now, undoes)).lastrowid or 0)
    database.executemany(
        "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?)",
        ((deed, number, it.kind, it.key, it.before, it.after) for number, it in enumerate(steps)),
    )
    return deed


def add_receipt(database: sqlite3.Connection, article: int, receipt: int) -> None:
    """The node's answer to an article of commands stands for it too."""
    database.execute("UPDATE deed SET receipt = ? WHERE article = ?", (receipt, article))


def find_deed(database: sqlite3.Connection, view: int, article: int) -> Deed | None:
    """What an article of commands, or the one that a receipt answers, changed."""
    row = database.execute(
        "SELECT pk, undoes, undone FROM deed WHERE view = ?1 AND (article = ?2 OR receipt = ?2)", (view, article)
    ).fetchone()
    return Deed(*row) if row else None


def last_deed(database: sqlite3.Connection, view: int) -> Deed | None:
    """The newest that was not taken back and does not itself take one back."""
    row = database.execute(
        "SELECT pk, undoes, undone FROM deed WHERE view = ? AND NOT undone AND undoes IS NULL ORDER BY pk DESC LIMIT 1",
        (view,),
    ).fetchone()
    return Deed(*row) if row else None


def steps_of(database: sqlite3.Connection, deed: int) -> list[Step]:
    rows = database.execute("SELECT kind, key, before, after FROM step WHERE deed = ? ORDER BY ordinal", (deed,))
    return [Step(*row) for row in rows]


def mark_undone(database: sqlite3.Connection, deed: Deed) -> None:
    """It is taken back; if it was an undoing itself, what that had taken back counts again."""
    database.execute("UPDATE deed SET undone = 1 WHERE pk = ?", (deed.pk,))
    if deed.undoes is not None:
        database.execute("UPDATE deed SET undone = 0 WHERE pk = ?", (deed.undoes,))
