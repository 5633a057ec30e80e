"""Heads lean on the rows of the segments that they name, and come back as their authors signed them all the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zbnntp.model.keys import Identity, sha256
from zbnntp.model.manifest import SegmentRef
from zbnntp.store import evidence, heads, lines
from zbnntp.store.database import connect_reader, opened, prepare


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    prepare(tmp_path / "store.sqlite")
    with opened(tmp_path / "store.sqlite") as database:
        yield database


def named(ref: SegmentRef) -> bytes:
    values = (ref.octets, ref.since, ref.lines, ref.sha256.hex().encode())
    return b'{"bytes":%d,"from":%d,"lines":%d,"sha256":"%b"}' % values


def head_of(*refs: SegmentRef) -> bytes:
    return b'{"kind":"head","nick":"\xc3\xbf","posts":[%b],"seq":7}' % b",".join(map(named, refs))


def ref(number: int) -> SegmentRef:
    return SegmentRef(sha256(b"%d" % number), 600 + number, number, 1_790_000_000 + number)


def held(database: sqlite3.Connection, person: int, *refs: SegmentRef) -> list[int]:
    return [evidence.add_segment(database, person, "posts", at, it) for at, it in enumerate(refs)]


def test_head_comes_back_and_is_smaller(database: sqlite3.Connection) -> None:
    person, refs = evidence.person_pk(database, Identity(bytes(32))), [ref(number) for number in range(1, 21)]
    held(database, person, *refs[1:4], *refs[9:])
    head = head_of(*refs)
    kept = heads.keep(database, person, head)
    assert lines.read(database, kept) == head
    assert len(kept) < len(heads.keep(database, person + 1, head)) - 14 * 32


def test_head_of_which_nothing_is_held_leans_on_nothing(database: sqlite3.Connection) -> None:
    kept = heads.keep(database, 1, head_of(ref(1)))
    assert not heads.is_leaning(kept)
    assert lines.read(database, kept) == head_of(ref(1))


def test_segments_of_others_are_not_leant_on(database: sqlite3.Connection) -> None:
    held(database, evidence.person_pk(database, Identity(b"a" * 32)), ref(1))
    assert not heads.is_leaning(
        heads.keep(database, evidence.person_pk(database, Identity(b"b" * 32)), head_of(ref(1)))
    )


@pytest.mark.parametrize("place", [b"\xff1\xff", b"\xff"])
def test_head_that_looks_as_if_it_leant_is_kept_as_it_is(database: sqlite3.Connection, place: bytes) -> None:
    person = evidence.person_pk(database, Identity(bytes(32)))
    held(database, person, ref(1))
    head = place + head_of(ref(1))
    assert lines.read(database, heads.keep(database, person, head)) == head


def test_head_outlives_its_segments(database: sqlite3.Connection) -> None:
    person = evidence.person_pk(database, Identity(bytes(32)))
    segments, head = held(database, person, ref(1), ref(2)), head_of(ref(1), ref(2))
    values = (person, bytes(32), heads.keep(database, person, head))
    database.execute("INSERT INTO manifest VALUES (?, 7, ?, x'', ?, '', 0, 1)", values)
    for segment in segments:
        evidence.drop_segment(database, segment)
        with closing(database.execute("SELECT head FROM manifest")) as rows:
            assert lines.read(database, rows.fetchone()[0]) == head


def test_head_is_read_with_the_segments_that_it_was_kept_with(database: sqlite3.Connection, tmp_path: Path) -> None:
    """A newer one may come, and older segments go, between the query for a head and those for what it leans on."""
    identity = Identity(bytes(32))
    person = evidence.person_pk(database, identity)
    (segment,), head = held(database, person, ref(1)), head_of(ref(1))
    database.execute(
        "INSERT INTO manifest VALUES (?, 7, ?, ?, ?, '', 0, 1)",
        (person, bytes(32), bytes(64), heads.keep(database, person, head)),
    )

    def go(statement: str) -> None:
        if "FROM segment" in statement:
            reader.set_trace_callback(None)
            evidence.drop_segment(database, segment)

    with closing(connect_reader(tmp_path / "store.sqlite")) as reader:
        reader.set_trace_callback(go)
        found = evidence.find_manifest(reader, identity)
    assert found is not None
    assert found.head == head
    assert not evidence.segments(database, person)
