"""Chapter one: what people signed, as received. Written by ingest; own lines wait in the outbox until they are sealed.

A segment grows in place when its first octets are those already held, so a post costs one line, not a segment.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.entries import POSTS
from zbnntp.model.keys import Identity, Sha256
from zbnntp.model.manifest import Head, Pointer, SegmentRef
from zbnntp.store import heads, ids, lines, notices
from zbnntp.store.database import snapshot

STEP_LINES = 32  # read at once for somebody who lets others have their turn: at most 5 ms
VERSIONS_REMEMBERED = 64  # of a person: when each came, for the day on which one turns out to be the last good one


@dataclass(frozen=True, slots=True)
class HeldManifest:
    """The newest head held of a person, lines as received without line end."""

    person: int
    seq: int
    head_sha256: Sha256
    pointer: bytes
    head: bytes
    nick: str

    @property
    def time(self) -> int:
        """When the head was sealed, as it says."""
        return int(json.loads(self.head)["time"])


@dataclass(frozen=True, slots=True)
class HeldSegment:
    pk: int
    role: str
    ref: SegmentRef
    redacted: int = 0  # 1: lines of it were purged


@dataclass(frozen=True, slots=True)
class Pending:
    """A line of the outbox: own, promised to the writer, not yet in a segment."""

    pk: int
    role: str
    octets: bytes


def person_pk(database: sqlite3.Connection, identity: Identity) -> int:
    """The person's key in this store, made if need be."""
    return ids.person_pk(database, identity)


def find_person(database: sqlite3.Connection, identity: Identity) -> int | None:
    return ids.find_person(database, identity)


def identity_of(database: sqlite3.Connection, person: int) -> Identity:
    return Identity(database.execute("SELECT id FROM person WHERE pk = ?", (person,)).fetchone()[0])


def find_manifest(database: sqlite3.Connection, identity: Identity) -> HeldManifest | None:
    with snapshot(database):
        row = database.execute(
            "SELECT person, seq, head_sha256, pointer, head, nick FROM manifest WHERE person = ?",
            (ids.find_person(database, identity),),
        ).fetchone()
        if row is None:
            return None
        person, seq, name, pointer, head, nick = row
        signed = lines.read_pointer(database, pointer, identity, seq, name)
        return HeldManifest(person, seq, name, signed, lines.read(database, head), nick)


def head_names(database: sqlite3.Connection) -> dict[int, Sha256]:
    """The hash of the head that is held of each person."""
    return dict(database.execute("SELECT person, head_sha256 FROM manifest").fetchall())


def nick_of(database: sqlite3.Connection, person: int) -> str:
    """Empty while no manifest of theirs is held."""
    row = database.execute("SELECT nick FROM manifest WHERE person = ?", (person,)).fetchone()
    return str(row[0]) if row else ""


def nicks(database: sqlite3.Connection) -> Iterator[tuple[int, Identity, str]]:
    """Person, identity and nick of everybody whose manifest is held."""
    yield from database.execute("SELECT p.pk, p.id, m.nick FROM manifest m JOIN person p ON p.pk = m.person")


def keep_manifest(database: sqlite3.Connection, person: int, pointer: Pointer, head: Head, now: int) -> None:
    """Replace what was held; the caller has checked seq, and kept the segments."""
    raw = (lines.keep_pointer(pointer), heads.keep(database, person, head.raw))
    values = (person, head.seq, head.sha256, *raw, head.nick, now, notices.next_change(database))
    database.execute(
        "INSERT OR REPLACE INTO manifest (person, seq, head_sha256, pointer, head, nick, arrived, change) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    database.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?)", (person, head.seq, head.sha256, now))
    database.execute(
        "DELETE FROM version WHERE person = ?1 AND seq < (SELECT seq FROM version WHERE person = ?1 "
        "ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        (person, VERSIONS_REMEMBERED - 1),
    )


def versions(database: sqlite3.Connection, person: int) -> list[tuple[int, Sha256, int]]:
    """Seq, head and time of arrival (unix seconds) of the last heads that came of somebody, oldest first."""
    return database.execute(
        "SELECT seq, head_sha256, arrived FROM version WHERE person = ? ORDER BY seq", (person,)
    ).fetchall()


def newest_seq(database: sqlite3.Connection, person: int) -> int:
    """Of all heads that ever came of somebody; 0: none did."""
    row = database.execute("SELECT coalesce(max(seq), 0) FROM version WHERE person = ?", (person,)).fetchone()
    return int(row[0])


def keep_fork(
    database: sqlite3.Connection, person: int, seq: int, kept: bytes, other: bytes, line: bytes = b""
) -> bool:
    """Keep the proof of a fork, two pointer lines, and pass it on; False when one is known for that seq.

    `line` is the proof as it came, if somebody else found it.
    """
    cursor = database.execute("INSERT OR IGNORE INTO fork VALUES (?, ?, ?, ?)", (person, seq, kept, other))
    if cursor.rowcount > 0:
        proof = {"kind": "fork", "id": identity_of(database, person).hex(), "a": decode(kept), "b": decode(other)}
        notices.keep(database, person, notices.FORK, b"", line or encode(proof), proved=True)
    return cursor.rowcount > 0


UPVOTED_OCTETS = 256 * 1024 * 1024  # of manifests served because the view voted a post of theirs up, newest posts first
# What a view shows its peers: itself and whom it chose to; else, unless it chose not to, by the setting (rated, or all)
# those whom it rates above 0 or holds at a version, and whose posts it voted up; or all whom its trust fetches, but not
# when it has liked somebody in private, because that shows in whom it fetches.
_OFFERED = (
    "(m.person = :view "
    "OR EXISTS (SELECT 1 FROM mirror_choice c WHERE c.view = :view AND c.person = m.person AND c.serve) "
    "OR EXISTS (SELECT 1 FROM ended e WHERE e.person = m.person AND e.heir = :view) "
    "OR (:rated AND NOT EXISTS (SELECT 1 FROM mirror_choice c WHERE c.view = :view AND c.person = m.person) "
    "AND ((:all AND EXISTS (SELECT 1 FROM level l WHERE l.view = :view AND l.person = m.person AND l.fetch) "
    "AND NOT EXISTS (SELECT 1 FROM private_rating q WHERE q.view = :view AND (q.mt > 0 OR q.tlt > 0))) "
    "OR EXISTS (SELECT 1 FROM rating r WHERE r.rater = :view AND r.target = m.person "
    "AND (r.mt > 0 OR r.tlt > 0)) OR m.person IN (SELECT e.heir FROM ended e JOIN rating r ON r.target = e.person "
    "WHERE r.rater = :view AND (r.mt > 0 OR r.tlt > 0)) "
    "OR EXISTS (SELECT 1 FROM pin x WHERE x.view = :view AND x.person = m.person) "
    "OR m.person IN (SELECT author FROM (SELECT author, sum(octets) OVER "
    "(ORDER BY newest DESC, author) AS total FROM (SELECT v.author, max(v.article) AS newest, "
    "(SELECT coalesce(sum(octets), 0) FROM segment WHERE person = v.author) AS octets FROM vote v "
    "WHERE v.voter = :view AND v.value > 0 GROUP BY v.author)) WHERE total <= :quota))))"
)

# Not what came after the last good version of somebody who has moved.
_GOOD = (
    "NOT EXISTS (SELECT 1 FROM ended e WHERE e.person = m.person "
    "AND (m.seq > e.seq OR (m.seq = e.seq AND m.head_sha256 <> e.head_sha256)))"
)


def changes(database: sqlite3.Connection, view: int, mirror: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Positions and lines that arrived after a position, oldest first, of those offered.

    One pointer a person, and the notices about them.
    """
    rows = database.execute(
        f"SELECT m.change, m.person, NULL FROM manifest m WHERE m.change > :after AND {_OFFERED} AND {_GOOD} "  # noqa: S608
        "AND NOT EXISTS (SELECT 1 FROM shown s WHERE s.view = :view AND s.person = m.person AND s.change > m.change) "
        "UNION ALL SELECT s.change, m.person, NULL FROM shown s JOIN manifest m ON m.person = s.person "
        f"WHERE s.view = :view AND s.change > :after AND s.change > m.change AND {_OFFERED} AND {_GOOD} "
        "UNION ALL SELECT n.change, NULL, n.line FROM notice n JOIN manifest m ON m.person = n.person "
        f"WHERE n.change > :after AND {_OFFERED} ORDER BY 1 LIMIT :limit",
        {"after": after, "limit": limit} | _offer(view, mirror),
    ).fetchall()
    return [(change, pointer_of(database, person) if line is None else line) for change, person, line in rows]


def pointer_of(database: sqlite3.Connection, person: int) -> bytes:
    """The pointer line to the head held of a person."""
    row = database.execute(
        "SELECT m.pointer, p.id, m.seq, m.head_sha256 FROM manifest m JOIN person p ON p.pk = m.person "
        "WHERE m.person = ?",
        (person,),
    ).fetchone()
    return lines.read_pointer(database, *row)


def offered(database: sqlite3.Connection, view: int, mirror: str) -> set[int]:
    """Whose manifests a view serves to its peers, or would if it held them."""
    rows = database.execute(
        f"SELECT m.person FROM (SELECT pk AS person FROM person) m WHERE {_OFFERED}",  # noqa: S608
        _offer(view, mirror),
    )
    return {person for (person,) in rows}


def is_offered(database: sqlite3.Connection, view: int, mirror: str, identity: Identity) -> bool:
    """Whether a view serves this identity's manifest to its peers. `mirror`: none, rated or fetched."""
    row = database.execute(
        f"SELECT 1 FROM manifest m WHERE m.person = :person AND {_OFFERED} AND {_GOOD}",  # noqa: S608
        {"person": ids.find_person(database, identity)} | _offer(view, mirror),
    ).fetchone()
    return row is not None


def is_shown(database: sqlite3.Connection, view: int, mirror: str, identity: Identity) -> bool:
    """Whether anybody can know that a view has to do with somebody: it serves him, or rates him above 0 in public.

    Who has moved to another is known by who he was.
    """
    row = database.execute(
        f"SELECT 1 FROM (SELECT :person AS person) m WHERE {_OFFERED} OR EXISTS (SELECT 1 FROM rating r "  # noqa: S608
        "WHERE r.rater = :view AND (r.mt > 0 OR r.tlt > 0) AND (r.target = m.person "
        "OR r.target IN (SELECT e.person FROM ended e WHERE e.heir = m.person)))",
        {"person": ids.find_person(database, identity)} | _offer(view, mirror),
    ).fetchone()
    return row is not None


def _offer(view: int, mirror: str) -> dict[str, int]:
    return {"view": view, "rated": mirror != "none", "all": mirror == "fetched", "quota": UPVOTED_OCTETS}


def segments(database: sqlite3.Connection, person: int) -> list[HeldSegment]:
    """The segments held, in head order."""
    rows = database.execute(
        "SELECT pk, role, redacted, sha256, octets, lines, since FROM segment WHERE person = ? ORDER BY role, position",
        (person,),
    )
    return [HeldSegment(pk, role, SegmentRef(*ref), redacted) for pk, role, redacted, *ref in rows]


def segment_octets(database: sqlite3.Connection, segment: int) -> bytes:
    """All bytes of a segment, each line ended."""
    with snapshot(database):
        return b"".join(segment_steps(database, segment))


def segment_steps(database: sqlite3.Connection, segment: int) -> Iterator[bytes]:
    """The same, some lines at a time: each sealed one may stand in another frame, which takes 140 us to open."""
    rows = lines.in_segment(database, segment)
    for at in range(0, len(rows), STEP_LINES):
        yield b"".join([lines.read(database, octets) + b"\n" for _, octets in rows[at : at + STEP_LINES]])


def find_segment(database: sqlite3.Connection, sha256: Sha256) -> tuple[list[Identity], bytes] | None:
    """Whose it is - two people may have said the same - and its bytes."""
    found = locate_segment(database, sha256)
    return (found[0], segment_octets(database, found[1])) if found else None


def locate_segment(database: sqlite3.Connection, sha256: Sha256) -> tuple[list[Identity], int] | None:
    """Whose it is, and the segment itself."""
    rows = database.execute(
        "SELECT s.pk, p.id FROM segment s JOIN person p ON p.pk = s.person "
        "WHERE s.key = ? AND s.sha256 = ? AND NOT redacted",
        (ids.id_key(sha256), sha256),
    ).fetchall()
    return ([Identity(who) for _, who in rows], rows[0][0]) if rows else None


def add_segment(database: sqlite3.Connection, person: int, role: str, position: int, ref: SegmentRef) -> int:
    cursor = database.execute(
        "INSERT INTO segment (person, role, position, sha256, octets, lines, since) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (person, role, position, ref.sha256, ref.octets, ref.lines, ref.since),
    )
    return int(cursor.lastrowid or 0)


def update_segment(database: sqlite3.Connection, segment: int, position: int, ref: SegmentRef) -> None:
    """A held segment as a newer head names it: moved, or grown by lines that are added next."""
    database.execute(
        "UPDATE segment SET position = ?1, sha256 = ?2, octets = ?3, lines = ?4, since = ?5, "
        "sealed = sealed AND sha256 = ?2 WHERE pk = ?6",
        (position, ref.sha256, ref.octets, ref.lines, ref.since, segment),
    )


def set_aside(database: sqlite3.Connection, segment: int) -> None:
    """A segment that the newest head does not name comes before all that it names, until it is dropped."""
    database.execute("UPDATE segment SET position = position - ? WHERE pk = ?", (limits.SEGMENTS, segment))


def drop_segment(database: sqlite3.Connection, segment: int) -> None:
    heads.write_out(database, segment)
    database.execute("DELETE FROM excess WHERE line BETWEEN ? AND ?", lines.span(segment))
    lines.drop(database, segment)
    database.execute("DELETE FROM segment WHERE pk = ?", (segment,))


def lines_of(database: sqlite3.Connection, person: int, role: str) -> list[tuple[int, bytes]]:
    """Keys and octets of all lines of a role: in head order, then the outbox in order of writing."""
    sealed = [
        line
        for segment in segments(database, person)
        if segment.role == role
        for line in post_lines_in(database, segment.pk)
    ]
    return sealed + [(item.pk, item.octets) for item in outbox(database, person) if item.role == role]


def lines_in(database: sqlite3.Connection, person: int, role: str) -> list[tuple[int | None, bytes]]:
    """The segment (None: the outbox) and the octets of all lines of a role, in that order of theirs which counts."""
    return [(pk // lines.ORDINALS if pk > 0 else None, octets) for pk, octets in lines_of(database, person, role)]


def outbox(database: sqlite3.Connection, person: int) -> list[Pending]:
    """Own lines not yet sealed, in order of writing."""
    with snapshot(database):
        rows = database.execute("SELECT pk, role, octets FROM line WHERE person = ? ORDER BY pk DESC", (person,))
        return [Pending(pk, role, lines.read(database, octets)) for pk, role, octets in rows.fetchall()]


def add_pending(database: sqlite3.Connection, person: int, role: str, line: bytes) -> int:
    """Put a line into the outbox; returns its key."""
    return lines.add_pending(database, person, role, line)


def clear_pending(database: sqlite3.Connection, person: int, role: str, sealed: Sequence[bytes]) -> None:
    """Take out of the outbox what is now in a segment: of equal lines the oldest, as many as were sealed."""
    done = Counter(sealed)
    for item in outbox(database, person):
        if item.role == role and done[item.octets]:
            done[item.octets] -= 1
            database.execute("DELETE FROM line WHERE pk = ?", (item.pk,))


def post_lines_in(database: sqlite3.Connection, segment: int) -> list[tuple[int, bytes]]:
    """Keys and octets of the lines of one segment, in order."""
    with snapshot(database):
        return [(pk, lines.read(database, octets)) for pk, octets in lines.in_segment(database, segment)]


def open_posts_segment(database: sqlite3.Connection, person: int) -> HeldSegment | None:
    """The newest posts segment of a head: the one that may still grow."""
    held = [segment for segment in segments(database, person) if segment.role == POSTS]
    return held[-1] if held else None


def people_from(database: sqlite3.Connection, prefix: bytes) -> list[Identity]:
    """Everybody known whose identity begins with these octets."""
    part = ids.id_key(prefix)
    rows = database.execute("SELECT id FROM person WHERE key BETWEEN ? AND ?", (part, part + b"\xff" * ids.KEY_OCTETS))
    return [Identity(row[0]) for row in rows if row[0].startswith(prefix)]
