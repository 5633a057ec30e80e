"""What a local identity chose for itself: never published, kept for ever, one set a view.

Private ratings and notes about people, filters, watched threads, the groups `zb.by.NICK` and `via.NICK`, whom to mirror
and whom to hold at one version. docs/newsgroups.md says what each does. Every function takes the view's person key.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from zbnntp.model.keys import Identity, Sha256
from zbnntp.model.views import Level


@dataclass(frozen=True, slots=True)
class PrivateRating:
    """Stands before a published rating of one's own, whole; in 1/10000."""

    person: int
    target: Identity
    mt: int | None
    tlt: int | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Hides posts whose subject or body matches."""

    pk: int
    pattern: str
    is_regex: int  # 0: all its words have to occur; 1: an expression of RE2
    until: int | None  # unix seconds


@dataclass(frozen=True, slots=True)
class Shown:
    """A person with groups of their own: `name` is a group (by) or what group names begin with, without a dot (via)."""

    person: int
    identity: Identity
    name: str


@dataclass(frozen=True, slots=True)
class Pin:
    """The version of a manifest that somebody is held at."""

    person: int
    identity: Identity
    seq: int
    head_sha256: Sha256
    level: Level  # how their posts were shown when they were pinned; they stay so


def private_ratings(database: sqlite3.Connection, view: int) -> list[PrivateRating]:
    rows = database.execute(
        "SELECT r.target, p.id, r.mt, r.tlt FROM private_rating r JOIN person p ON p.pk = r.target "
        "WHERE r.view = ? ORDER BY p.id",
        (view,),
    )
    return [PrivateRating(*row) for row in rows]


def find_private_rating(database: sqlite3.Connection, view: int, target: int) -> PrivateRating | None:
    row = database.execute(
        "SELECT r.target, p.id, r.mt, r.tlt FROM private_rating r JOIN person p ON p.pk = r.target "
        "WHERE r.view = ? AND r.target = ?",
        (view, target),
    ).fetchone()
    return PrivateRating(*row) if row else None


def put_private_rating(database: sqlite3.Connection, view: int, target: int, mt: int | None, tlt: int | None) -> None:
    """Replace it; both None takes it back."""
    database.execute("DELETE FROM private_rating WHERE view = ? AND target = ?", (view, target))
    if mt is not None or tlt is not None:
        database.execute("INSERT INTO private_rating VALUES (?, ?, ?, ?)", (view, target, mt, tlt))


def note(database: sqlite3.Connection, view: int, person: int) -> str:
    row = database.execute("SELECT text FROM note WHERE view = ? AND person = ?", (view, person)).fetchone()
    return str(row[0]) if row else ""


def put_note(database: sqlite3.Connection, view: int, person: int, text: str) -> None:
    """Replace it; an empty one is none."""
    database.execute("DELETE FROM note WHERE view = ? AND person = ?", (view, person))
    if text:
        database.execute("INSERT INTO note VALUES (?, ?, ?)", (view, person, text))


def filters(database: sqlite3.Connection, view: int) -> list[Filter]:
    """All, in order of making, those that have run out too."""
    rows = database.execute("SELECT pk, pattern, is_regex, until FROM word_filter WHERE view = ? ORDER BY pk", (view,))
    return [Filter(*row) for row in rows]


def add_filter(database: sqlite3.Connection, view: int, pattern: str, is_regex: bool, until: int | None) -> int:
    """Its key; one of the same pattern gets the new date."""
    database.execute(
        "INSERT INTO word_filter (view, pattern, is_regex, until) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (view, pattern, is_regex) DO UPDATE SET until = excluded.until",
        (view, pattern, is_regex, until),
    )
    row = database.execute(
        "SELECT pk FROM word_filter WHERE view = ? AND pattern = ? AND is_regex = ?", (view, pattern, is_regex)
    ).fetchone()
    return int(row[0])


def drop_filter(database: sqlite3.Connection, view: int, pk: int) -> bool:
    """False when there was none."""
    return database.execute("DELETE FROM word_filter WHERE view = ? AND pk = ?", (view, pk)).rowcount > 0


def watched(database: sqlite3.Connection, view: int) -> list[int]:
    """Articles that open the threads watched."""
    rows = database.execute("SELECT thread FROM watch WHERE view = ? ORDER BY thread", (view,))
    return [thread for (thread,) in rows]


def is_watched(database: sqlite3.Connection, view: int, thread: int) -> bool:
    return bool(database.execute("SELECT 1 FROM watch WHERE view = ? AND thread = ?", (view, thread)).fetchone())


def put_watch(database: sqlite3.Connection, view: int, thread: int, on: bool) -> None:
    database.execute("DELETE FROM watch WHERE view = ? AND thread = ?", (view, thread))
    if on:
        database.execute("INSERT INTO watch VALUES (?, ?)", (view, thread))


_SHOWN = "SELECT g.person, p.id, g.name FROM {} g JOIN person p ON p.pk = g.person WHERE g.view = ? ORDER BY g.name"


def by(database: sqlite3.Connection, view: int) -> list[Shown]:
    """Whose posts have a group `zb.by.NICK`."""
    return [Shown(*row) for row in database.execute(_SHOWN.format("by_group"), (view,))]


def put_by(database: sqlite3.Connection, view: int, person: int, name: str) -> None:
    """Make or rename the group; an empty name takes it away."""
    database.execute("DELETE FROM by_group WHERE view = ? AND person = ?", (view, person))
    if name:
        database.execute("INSERT INTO by_group VALUES (?, ?, ?)", (view, person, name))


def via(database: sqlite3.Connection, view: int) -> list[Shown]:
    """Through whose lists boards are shown; `name` is `via.NICK`."""
    return [Shown(*row) for row in database.execute(_SHOWN.format("via_group"), (view,))]


def all_via(database: sqlite3.Connection) -> list[tuple[int, Identity]]:
    """Everybody through whose lists some view of this node looks."""
    rows = database.execute(
        "SELECT DISTINCT p.pk, p.id FROM via_group g JOIN person p ON p.pk = g.person ORDER BY p.id"
    )
    return [(person, Identity(identity)) for person, identity in rows]


def put_via(database: sqlite3.Connection, view: int, person: int, name: str) -> None:
    """Add a hierarchy `via.NICK`; an empty name takes it away."""
    database.execute("DELETE FROM via_group WHERE view = ? AND person = ?", (view, person))
    if name:
        database.execute("INSERT INTO via_group VALUES (?, ?, ?)", (view, person, name))


def mirror_choice(database: sqlite3.Connection, view: int, person: int) -> bool | None:
    """Whether their content is served to peers; None: as the setting says."""
    row = database.execute("SELECT serve FROM mirror_choice WHERE view = ? AND person = ?", (view, person)).fetchone()
    return bool(row[0]) if row else None


def put_mirror_choice(database: sqlite3.Connection, view: int, person: int, serve: bool | None) -> None:
    database.execute("DELETE FROM mirror_choice WHERE view = ? AND person = ?", (view, person))
    if serve is not None:
        database.execute("INSERT INTO mirror_choice VALUES (?, ?, ?)", (view, person, serve))


_PIN = (
    "SELECT x.person, p.id, x.seq, x.head_sha256, x.level FROM pin x JOIN person p ON p.pk = x.person WHERE x.view = ?"
)


def pins(database: sqlite3.Connection, view: int) -> list[Pin]:
    return [_pin(row) for row in database.execute(f"{_PIN} ORDER BY p.id", (view,))]


def is_pinned(database: sqlite3.Connection, person: int) -> bool:
    """Whether any view holds this person at a version."""
    return bool(database.execute("SELECT 1 FROM pin WHERE person = ? LIMIT 1", (person,)).fetchone())


def find_pin(database: sqlite3.Connection, view: int, person: int) -> Pin | None:
    """The version that a view holds a person at."""
    row = database.execute(f"{_PIN} AND x.person = ?", (view, person)).fetchone()
    return _pin(row) if row else None


def put_pin(database: sqlite3.Connection, view: int, person: int, pin: Pin | None) -> None:
    """Hold a person at a version; None lets go."""
    database.execute("DELETE FROM pin WHERE view = ? AND person = ?", (view, person))
    if pin is not None:
        values = (view, person, pin.seq, pin.head_sha256, int(pin.level))
        database.execute("INSERT INTO pin VALUES (?, ?, ?, ?, ?)", values)


def _pin(row: tuple[int, bytes, int, bytes, int]) -> Pin:
    return Pin(row[0], Identity(row[1]), row[2], Sha256(row[3]), Level(row[4]))
