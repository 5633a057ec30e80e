"""Derived: votes as published, and what they come to in each view. docs/newsgroups.md "Votes".

The score of a post is the sum of value x trust-list trust over those who voted; the view's own vote counts 1. Trust is
rounded to nine decimals, so scores are kept as whole billionths: a vote that comes or goes and a trust that changes are
added and taken away exactly, and nothing has to be summed anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

UNITS = 1_000_000_000  # of score 1


@dataclass(frozen=True, slots=True)
class StoredVote:
    author: int  # of the post, as the voter says
    value: int  # -1 or 1


def units(trust: float) -> int:
    """What a vote weighs, given a trust-list trust in [0, 1]."""
    return round(trust * UNITS)


def votes_of(database: sqlite3.Connection, voter: int) -> dict[int, StoredVote]:
    """By article."""
    rows = database.execute("SELECT article, author, value FROM vote WHERE voter = ?", (voter,))
    return {article: StoredVote(author, value) for article, author, value in rows}


def find_vote(database: sqlite3.Connection, voter: int, article: int) -> int:
    """-1, 0 (none) or 1."""
    row = database.execute("SELECT value FROM vote WHERE voter = ? AND article = ?", (voter, article)).fetchone()
    return int(row[0]) if row else 0


def replace_votes(database: sqlite3.Connection, voter: int, votes: Mapping[int, StoredVote], own: bool) -> None:
    """All votes of somebody, by article; scores follow. `own`: the voter has a view here."""
    old = votes_of(database, voter)
    changed = [article for article in old.keys() | votes.keys() if old.get(article) != votes.get(article)]
    weights = _weights(database, voter, own) if changed else []
    for article in sorted(changed):
        before, now = (votes_now.get(article) for votes_now in (old, votes))
        database.execute("DELETE FROM vote WHERE voter = ? AND article = ?", (voter, article))
        if now:
            database.execute("INSERT INTO vote VALUES (?, ?, ?, ?)", (voter, article, now.author, now.value))
        by = (now.value if now else 0) - (before.value if before else 0)
        for view, weight in weights:
            _add(database, view, article, by * weight)


def reweigh(database: sqlite3.Connection, view: int, voter: int, by: int) -> None:
    """A voter's trust has changed in a view, `by` units."""
    if by:
        rows = database.execute("SELECT article, value FROM vote WHERE voter = ?", (voter,)).fetchall()
        for article, value in rows:
            _add(database, view, article, value * by)


def _weights(database: sqlite3.Connection, voter: int, own: bool) -> list[tuple[int, int]]:
    """What a vote of somebody weighs in each view where it weighs anything."""
    rows = database.execute("SELECT view, tlt FROM level WHERE person = ? AND tlt > 0", (voter,))
    return [(view, units(tlt)) for view, tlt in rows] + ([(voter, UNITS)] if own else [])


def _add(database: sqlite3.Connection, view: int, article: int, by: int) -> None:
    if by:
        database.execute(
            "INSERT INTO score VALUES (?, ?, ?) "
            "ON CONFLICT (view, article) DO UPDATE SET units = units + excluded.units",
            (view, article, by),
        )


def score(database: sqlite3.Connection, view: int, article: int) -> int:
    """In units."""
    row = database.execute("SELECT units FROM score WHERE view = ? AND article = ?", (view, article)).fetchone()
    return int(row[0]) if row else 0


def voters(database: sqlite3.Connection, view: int, article: int) -> list[tuple[int, int, int]]:
    """Person, value and weight in units of those whose votes make an article's score in a view."""
    return database.execute(
        "SELECT v.voter, v.value, CASE WHEN v.voter = ?1 THEN ?3 ELSE cast(round(coalesce(l.tlt, 0) * ?3) AS INTEGER) "
        "END FROM vote v LEFT JOIN level l ON l.view = ?1 AND l.person = v.voter WHERE v.article = ?2 ORDER BY v.voter",
        (view, article, UNITS),
    ).fetchall()
