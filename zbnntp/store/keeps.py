"""Chapter one, what of it is kept: segments of posts that go by age, by quota or for their boards, and those that went.

Own segments, those of people held at a version and those with a post that a local identity voted up always stay. Which
segments of a held head are not kept is noted, so that peers need not be asked, and do not send them with others.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zbnntp.model.entries import POSTS
from zbnntp.model.keys import Sha256
from zbnntp.model.manifest import SegmentRef


class Droppable(NamedTuple):
    """A held segment that may go."""

    pk: int
    person: int
    sha256: Sha256
    octets: int
    since: int


_TRUST = "coalesce((SELECT max(max(tlt, mt)) FROM level WHERE level.person = {}), 0)"
_DROPPABLE = (
    "SELECT s.pk, s.person, s.sha256, s.octets, s.since FROM segment s WHERE s.role = :posts "
    "AND s.person NOT IN (SELECT value FROM json_each(:views)) AND s.person NOT IN (SELECT person FROM pin) "
    "AND s.pk NOT IN (SELECT post.line >> 20 FROM vote JOIN post ON post.article = vote.article "
    "WHERE vote.value > 0 AND vote.voter IN (SELECT value FROM json_each(:views))) "
)


def _rows(database: sqlite3.Connection, views: Iterable[int], more: str, **values: object) -> list[Droppable]:
    bound = {"posts": POSTS, "views": json.dumps(list(views)), **values}
    return [Droppable(*row) for row in database.execute(_DROPPABLE + more, bound)]


def older_than(database: sqlite3.Connection, views: Iterable[int], oldest: int, limit: int) -> list[Droppable]:
    """Segments that begin before a time, unix seconds."""
    return _rows(database, views, "AND s.since < :oldest ORDER BY s.since LIMIT :limit", oldest=oldest, limit=limit)


def least_trusted(database: sqlite3.Connection, views: Iterable[int], limit: int) -> list[Droppable]:
    """The oldest segments of those whom no local identity trusts more than anybody else."""
    order = f"ORDER BY {_TRUST.format('s.person')}, s.person, s.since LIMIT :limit"
    return _rows(database, views, order, limit=limit)


def off_boards(
    database: sqlite3.Connection, views: Iterable[int], boards: Sequence[str], limit: int
) -> list[Droppable]:
    """Segments without a post in one of these boards; `*` stands for any characters.

    Those that have one are found in one walk: for each segment all posts of its author would have to be looked at.
    """
    wanted = (
        "AND s.pk NOT IN (SELECT post.line >> 20 FROM post WHERE post.boards IN (SELECT boards.pk FROM boards "
        "JOIN json_each(:boards) AS board WHERE ',' || boards.names || ',' GLOB '*,' || board.value || ',*')) "
        "LIMIT :limit"
    )
    return _rows(database, views, wanted, boards=json.dumps(list(boards)), limit=limit)


def octets_of_others(database: sqlite3.Connection, views: Iterable[int]) -> int:
    """All segments but those of local identities."""
    row = database.execute(
        "SELECT coalesce(sum(octets), 0) FROM segment WHERE person NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(list(views)),),
    ).fetchone()
    return int(row[0])


def articles_in(database: sqlite3.Connection, segment: Droppable) -> list[int]:
    """The posts of a segment."""
    rows = database.execute(
        "SELECT article FROM post WHERE author = ? AND line >> 20 = ?",
        (segment.person, segment.pk),
    )
    return [article for (article,) in rows]


def shed(database: sqlite3.Connection, person: int, since: int) -> None:
    """Note that for the sake of the quota a person's segments up to this one are not kept."""
    database.execute(
        "INSERT INTO shed VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET since = max(since, excluded.since)",
        (person, since),
    )


def shed_until(database: sqlite3.Connection, person: int) -> int:
    """The beginning of the newest segment that went for the sake of the quota; -1: none did."""
    row = database.execute("SELECT since FROM shed WHERE person = ?", (person,)).fetchone()
    return int(row[0]) if row else -1


def forgive(database: sqlite3.Connection) -> None:
    """Fetch again what went for the sake of the quota: the limit is another now."""
    database.execute("DELETE FROM shed")


def forgive_trusted(database: sqlite3.Connection, views: Iterable[int]) -> None:
    """The same for those who are trusted more by now than somebody of whom something could still go."""
    last = least_trusted(database, views, 1)
    if last:
        trust = _TRUST.format("shed.person"), _TRUST.format("?1")
        database.execute(f"DELETE FROM shed WHERE {trust[0]} > {trust[1]}", (last[0].person,))  # noqa: S608


def forgive_one(database: sqlite3.Connection, room: int) -> None:
    """The same for the most trusted, if all that is not kept of theirs fits into so many octets."""
    most = f"SELECT person FROM shed ORDER BY {_TRUST.format('shed.person')} DESC LIMIT 1"  # noqa: S608
    database.execute(
        f"DELETE FROM shed WHERE person = ({most}) AND "  # noqa: S608
        "(SELECT coalesce(sum(octets), 0) FROM unkept WHERE unkept.person = shed.person) <= ?",
        (room,),
    )


def note_unkept(database: sqlite3.Connection, person: int, refs: Iterable[SegmentRef]) -> None:
    """Replace what is noted of a person's segments that are too old, or over the quota."""
    database.execute("DELETE FROM unkept WHERE person = ? AND NOT off_boards", (person,))
    rows = [(person, ref.sha256, ref.octets) for ref in refs]
    database.executemany("INSERT OR IGNORE INTO unkept VALUES (?, ?, ?, 0)", rows)


def note_dropped(database: sqlite3.Connection, segment: Droppable, off_boards: bool) -> None:
    values = (segment.person, segment.sha256, segment.octets, off_boards)
    database.execute("INSERT OR REPLACE INTO unkept VALUES (?, ?, ?, ?)", values)


def unkept(database: sqlite3.Connection, person: int) -> list[tuple[Sha256, int]]:
    """Names and octets of segments that are not kept here, of the head that is held."""
    rows = database.execute("SELECT sha256, octets FROM unkept WHERE person = ?", (person,))
    return [(Sha256(name), octets) for name, octets in rows]


def off_boards_of(database: sqlite3.Connection, person: int) -> frozenset[bytes]:
    """Names of a person's segments that had nothing to do with the boards that are kept."""
    rows = database.execute("SELECT sha256 FROM unkept WHERE person = ? AND off_boards", (person,))
    return frozenset(name for (name,) in rows)


def forget_boards(database: sqlite3.Connection) -> None:
    """Fetch again what had nothing to do with the boards: they are others now."""
    database.execute("DELETE FROM unkept WHERE off_boards")
