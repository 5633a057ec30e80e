"""Derived: labels on posts and people, read off the state lines of those who gave them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zbnntp.model.entries import Label
from zbnntp.model.keys import Identity
from zbnntp.store import posts
from zbnntp.store.evidence import person_pk


@dataclass(frozen=True, slots=True)
class Said:
    """A label as one view hears it; `tlt` is its trust in the labeller's judgement."""

    labeller: Identity
    name: str
    note: str
    tlt: float


def replace_labels(database: sqlite3.Connection, labeller: int, labels: Sequence[Label], now: int) -> list[Label]:
    """All labels of one person; returns those that are new."""
    keys = {_key(*row) for row in database.execute(_KNOWN, (labeller,))}
    _write(database, labeller, labels, now)
    return [label for label in labels if _key(label.post, label.target, label.name, label.note) not in keys]


_KNOWN = (
    "SELECT a.id, p.id, b.name, b.note FROM label b LEFT JOIN article a ON a.pk = b.article "
    "LEFT JOIN person p ON p.pk = b.person WHERE b.labeller = ?"
)


def _key(post: bytes | None, target: bytes | None, name: str, note: str) -> tuple[bytes | None, bytes | None, str, str]:
    return post, target, name, note


def _write(database: sqlite3.Connection, labeller: int, labels: Iterable[Label], now: int) -> None:
    database.execute("DELETE FROM label WHERE labeller = ?", (labeller,))
    for label in labels:
        article = posts.article_pk(database, label.post, now) if label.post else None
        person = person_pk(database, label.target) if label.target else None
        values = (labeller, article, person, label.name, label.note)
        database.execute("INSERT INTO label VALUES (?, ?, ?, ?, ?)", values)


def labels_on(database: sqlite3.Connection, view: int, article: int) -> list[Said]:
    """What people whose judgement counts say of a post, those who count most first; the view's own before all."""
    rows = database.execute(
        "SELECT p.id, b.name, b.note, CASE WHEN b.labeller = ?1 THEN 1.0 ELSE l.tlt END AS trust "
        "FROM label b JOIN person p ON p.pk = b.labeller LEFT JOIN level l ON l.view = ?1 AND l.person = b.labeller "
        "WHERE b.article = ?2 AND trust > 0 ORDER BY trust DESC, p.id",
        (view, article),
    )
    return [Said(*row) for row in rows]
