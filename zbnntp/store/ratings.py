"""Derived: ratings as the engine reads them (in 1/10000, as on the wire), and the standings it gives."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.store.database import WINDOW_ROWS, Store
from zbnntp.store.slots import Slots


@dataclass(frozen=True, slots=True)
class StoredRating:
    target: Identity
    mt: int | None
    tlt: int | None
    note: str
    until: int | None  # unix seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """What a view's trust makes of a person."""

    tlt: float
    mt: float
    fetch: bool
    level: Level


def replace_ratings(database: sqlite3.Connection, rater: int, rows: Iterable[tuple[int, StoredRating]]) -> None:
    """All ratings of a rater, as (target person, rating)."""
    database.execute("DELETE FROM rating WHERE rater = ?", (rater,))
    database.executemany(
        "INSERT INTO rating (rater, target, mt, tlt, note, until) VALUES (?, ?, ?, ?, ?, ?)",
        ((rater, target, row.mt, row.tlt, row.note, row.until) for target, row in rows),
    )


def set_registrar(database: sqlite3.Connection, person: int, marked: bool) -> None:
    """Whether a person's profile says that it is a registrar."""
    if marked:
        database.execute("INSERT OR IGNORE INTO registrar (person) VALUES (?)", (person,))
    else:
        database.execute("DELETE FROM registrar WHERE person = ?", (person,))


def newcomers(database: sqlite3.Connection, view: int, person: int) -> tuple[int, int] | None:
    """Whom a registrar has let in, and how many of these the view, or somebody who counts in it, rates below 0.

    None for one who is no registrar.
    """
    if not database.execute("SELECT 1 FROM registrar WHERE person = ?", (person,)).fetchone():
        return None
    return database.execute(  # type: ignore[no-any-return]
        "SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM rating AS judge "
        "LEFT JOIN level ON level.view = ?1 AND level.person = judge.rater WHERE judge.target = let.target "
        "AND judge.mt < 0 AND (judge.rater = ?1 OR level.tlt > 0)) OR EXISTS (SELECT 1 FROM private_rating AS own "
        "WHERE own.view = ?1 AND own.target = let.target AND own.mt < 0)), 0) "
        "FROM rating AS let WHERE let.rater = ?2 AND let.mt > 0",
        (view, person),
    ).fetchone()


def expired(database: sqlite3.Connection, since: int, now: int) -> list[int]:
    """Whose ratings have ended in that time."""
    rows = database.execute("SELECT DISTINCT rater FROM rating WHERE until > ? AND until <= ?", (since, now))
    return [rater for (rater,) in rows]


def registrars(database: sqlite3.Connection) -> set[Identity]:
    """All who say so of themselves; there are few."""
    rows = database.execute("SELECT p.id FROM registrar r JOIN person p ON p.pk = r.person")
    return {Identity(who) for (who,) in rows}


def put_rating(database: sqlite3.Connection, rater: int, target: int, rating: StoredRating | None) -> None:
    """Replace one rating; None takes it back."""
    database.execute("DELETE FROM rating WHERE rater = ? AND target = ?", (rater, target))
    if rating is not None:
        values = (rater, target, rating.mt, rating.tlt, rating.note, rating.until)
        database.execute("INSERT INTO rating (rater, target, mt, tlt, note, until) VALUES (?, ?, ?, ?, ?, ?)", values)


def ratings_of(database: sqlite3.Connection, rater: int) -> list[StoredRating]:
    """As they count: those of somebody who moved are of who follows."""
    rows = database.execute(
        "SELECT p.id, r.mt, r.tlt, r.note, r.until FROM counted_rating r JOIN person p ON p.pk = r.target "
        "WHERE r.rater = ?",
        (rater,),
    )
    return [StoredRating(*row) for row in rows]


def find_rating(database: sqlite3.Connection, rater: int, target: int) -> StoredRating | None:
    row = database.execute(
        "SELECT p.id, r.mt, r.tlt, r.note, r.until FROM rating r JOIN person p ON p.pk = r.target "
        "WHERE r.rater = ? AND r.target = ?",
        (rater, target),
    ).fetchone()
    return StoredRating(*row) if row else None


def raters(database: sqlite3.Connection, limit: int = -1) -> list[int]:
    """Everybody who rated or answered somebody, or some of them."""
    rows = database.execute(
        "SELECT rater FROM rating UNION SELECT author FROM post WHERE parent IS NOT NULL ORDER BY 1 LIMIT ?", (limit,)
    )
    return [rater for (rater,) in rows]


def standings(database: sqlite3.Connection, view: int) -> dict[Identity, Standing]:
    rows = standing_rows(database, view)
    return {who: Standing(tlt, mt, bool(fetch), Level(level)) for who, tlt, mt, fetch, level in rows}


def standing_rows(database: sqlite3.Connection, view: int) -> list[tuple[Identity, float, float, int, int]]:
    """The same as rows: who, tlt, mt, fetch, level."""
    return database.execute(
        "SELECT p.id, l.tlt, l.mt, l.fetch, l.level FROM level l JOIN person p ON p.pk = l.person WHERE l.view = ?",
        (view,),
    ).fetchall()


def count_standings(database: sqlite3.Connection, view: int) -> dict[str, int]:
    """How many people a view fetches, and how many of them are at which level."""
    row = database.execute(
        "SELECT coalesce(sum(fetch), 0), coalesce(sum(level = ?2), 0), coalesce(sum(level = ?3), 0) FROM level "
        "WHERE view = ?1",
        (view, Level.FULL, Level.LIMITED),
    ).fetchone()
    return dict(zip(("fetched", "full", "limited"), row, strict=True))


def find_standing(database: sqlite3.Connection, view: int, person: int) -> Standing | None:
    row = database.execute(
        "SELECT tlt, mt, fetch, level FROM level WHERE view = ? AND person = ?", (view, person)
    ).fetchone()
    return Standing(row[0], row[1], bool(row[2]), Level(row[3])) if row else None


def shown_trust(database: sqlite3.Connection, view: int, people: Collection[int]) -> list[tuple[int, float, int]]:
    """Author, message trust and level as articles show them; 0 and HIDDEN for one never ranked, 1 for oneself."""
    rows: list[tuple[int, float, int]] = database.execute(
        "SELECT asked.value, coalesce(l.mt, 0.0), coalesce(l.level, ?3) FROM json_each(?1) asked "
        "LEFT JOIN level l ON l.view = ?2 AND l.person = asked.value",
        (json.dumps(list(people)), view, int(Level.HIDDEN)),
    ).fetchall()
    return [*rows, (view, 1.0, int(Level.FULL))] if view in people else rows


def trust_in(database: sqlite3.Connection, view: int, person: int) -> tuple[float, int]:
    """Message trust and level of one author; the same as `shown_trust` has of many."""
    if person == view:
        return 1.0, int(Level.FULL)
    row = database.execute("SELECT mt, level FROM level WHERE view = ? AND person = ?", (view, person)).fetchone()
    return row or (0.0, int(Level.HIDDEN))


def newest_trust(database: sqlite3.Connection, view: int) -> Iterator[list[tuple[int, float, int]]]:
    """The same of the people who came last, as many as there are, some at a time."""
    found = database.execute(
        "SELECT person, mt, level FROM level WHERE view = ? ORDER BY person DESC LIMIT ?", (view, Store.PEOPLE_MOST)
    )
    return iter(partial(found.fetchmany, WINDOW_ROWS), [])


def shown_at(database: sqlite3.Connection, view: int, version: int, begin: Callable[[], Slots]) -> Slots:
    """What is remembered of how a view's trust, at a version of it, is shown.

    It begins with what is known of many, and when trust has changed with nothing: a change may follow another soon.
    """
    known = database.shown if isinstance(database, Store) else {}
    if view not in known:
        known[view] = version, begin()
    elif known[view][0] != version:
        known[view] = version, Slots(object, Store.PEOPLE_MOST)
    return known[view][1]


def put_standing(database: sqlite3.Connection, view: int, person: int, standing: Standing | None) -> None:
    """Replace what a view has of a person; None forgets it."""
    if standing is None:
        database.execute("DELETE FROM level WHERE view = ? AND person = ?", (view, person))
        return
    database.execute(
        "INSERT INTO level (view, person, tlt, mt, fetch, level) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (view, person) "
        "DO UPDATE SET tlt = excluded.tlt, mt = excluded.mt, fetch = excluded.fetch, level = excluded.level",
        (view, person, standing.tlt, standing.mt, standing.fetch, int(standing.level)),
    )


def via_standing_rows(database: sqlite3.Connection, root: int) -> list[tuple[Identity, float, float, int, int]]:
    """As `standing_rows`, in the eyes of somebody through whose lists boards are shown."""
    return database.execute(
        "SELECT p.id, l.tlt, l.mt, l.fetch, l.level FROM via_level l JOIN person p ON p.pk = l.person WHERE l.root = ?",
        (root,),
    ).fetchall()


def via_level(database: sqlite3.Connection, root: int, person: int) -> int:
    row = database.execute("SELECT level FROM via_level WHERE root = ? AND person = ?", (root, person)).fetchone()
    return int(row[0]) if row else Level.HIDDEN


def put_via_standing(database: sqlite3.Connection, root: int, person: int, standing: Standing | None) -> None:
    database.execute("DELETE FROM via_level WHERE root = ? AND person = ?", (root, person))
    if standing is not None:
        database.execute(
            "INSERT INTO via_level VALUES (?, ?, ?, ?, ?, ?)",
            (root, person, standing.tlt, standing.mt, standing.fetch, int(standing.level)),
        )


def forget_via(database: sqlite3.Connection) -> None:
    """Drop what is known of the eyes of people through whom nobody looks any more."""
    database.execute("DELETE FROM via_level WHERE root NOT IN (SELECT person FROM via_group)")


def is_fetched(database: sqlite3.Connection, person: int) -> bool:
    """Whether any view's trust fetches this person, or that of somebody through whose lists boards are shown."""
    row = database.execute(
        "SELECT 1 FROM level WHERE person = ?1 AND fetch UNION ALL SELECT 1 FROM via_level WHERE person = ?1 AND fetch "
        "UNION ALL SELECT 1 FROM via_group WHERE person = ?1 LIMIT 1",
        (person,),
    ).fetchone()
    return row is not None


def fetched(database: sqlite3.Connection, view: int) -> list[tuple[int, Identity, float, int]]:
    """Persons that a view's trust fetches: key, identity, the larger of their two trust values, level.

    Then those whom somebody fetches through whose lists the view looks; their trust and level count 0 here.
    """
    return database.execute(
        "SELECT l.person, p.id, max(l.trust), max(l.level) FROM "
        "(SELECT person, max(tlt, mt) AS trust, level FROM level WHERE view = ?1 AND fetch "
        "UNION ALL SELECT person, 0.0, 0 FROM via_group WHERE view = ?1 UNION ALL SELECT v.person, 0.0, 0 "
        "FROM via_group g JOIN via_level v ON v.root = g.person WHERE g.view = ?1 AND v.fetch) l "
        "JOIN person p ON p.pk = l.person GROUP BY l.person ORDER BY p.id",
        (view,),
    ).fetchall()


def is_positive(database: sqlite3.Connection, rater: int, target: int) -> bool:
    """Whether a published rating of `target` above 0 by `rater` is held."""
    row = database.execute(
        "SELECT 1 FROM counted_rating WHERE rater = ? AND target = ? AND (mt > 0 OR tlt > 0)", (rater, target)
    ).fetchone()
    return row is not None


def liked_by(database: sqlite3.Connection, rater: int) -> set[int]:
    """Whom somebody's published ratings that are held put above 0."""
    rows = database.execute("SELECT target FROM counted_rating WHERE rater = ? AND (mt > 0 OR tlt > 0)", (rater,))
    return {target for (target,) in rows}


def likers_of(database: sqlite3.Connection, target: int) -> set[int]:
    """Whose published ratings that are held put somebody above 0."""
    rows = database.execute("SELECT rater FROM counted_rating WHERE target = ? AND (mt > 0 OR tlt > 0)", (target,))
    return {rater for (rater,) in rows}


def mutuals(database: sqlite3.Connection, view: int) -> list[tuple[int, Identity]]:
    """Whom a view fetches and has rated above 0, as they have rated it; published ratings, most trusted first."""
    return database.execute(
        "SELECT p.pk, p.id FROM rating mine JOIN rating theirs ON theirs.rater = mine.target AND theirs.target = ?1 "
        "JOIN level l ON l.view = ?1 AND l.person = mine.target JOIN person p ON p.pk = mine.target "
        "WHERE mine.rater = ?1 AND l.fetch AND (mine.mt > 0 OR mine.tlt > 0) AND (theirs.mt > 0 OR theirs.tlt > 0) "
        "ORDER BY max(l.tlt, l.mt) DESC, p.id",
        (view,),
    ).fetchall()


def raters_heard(database: sqlite3.Connection, view: int, target: int, limit: int) -> list[tuple[StoredRating, float]]:
    """Ratings of a person by those whose judgement a view trusts, with that trust; what weighs most comes first.

    Each rating's `target` is the rater.
    """
    rows = database.execute(
        "SELECT p.id, r.mt, r.tlt, r.note, r.until, l.tlt FROM counted_rating r "
        "JOIN level l ON l.view = ?1 AND l.person = r.rater JOIN person p ON p.pk = r.rater "
        "WHERE r.target = ?2 AND l.tlt > 0 "
        "ORDER BY l.tlt * max(abs(coalesce(r.mt, 0)), coalesce(r.tlt, 0)) DESC, p.id LIMIT ?3",
        (view, target, limit),
    )
    return [(StoredRating(*row[:5]), row[5]) for row in rows]


def count_absent(database: sqlite3.Connection, view: int) -> int:
    """How many of those whom a view fetches have no manifest here."""
    row = database.execute(
        "SELECT count(*) FROM level l LEFT JOIN manifest m ON m.person = l.person "
        "WHERE l.view = ? AND l.fetch AND m.person IS NULL AND l.person <> l.view",
        (view,),
    )
    return int(row.fetchone()[0])
