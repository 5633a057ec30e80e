"""Where sealed lines stand: no row of their own, and the same octets, whatever happens to those beside them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.test_compaction import ANY_LINE, hold, seal_all, segment, store
from tests.store.test_frames import posts as real_posts
from zbnntp.model.keys import Identity, Sha256, sha256
from zbnntp.model.manifest import SegmentRef
from zbnntp.store import evidence, lines, purges, scanning, soundness
from zbnntp.store.scanning import Place

AUTHOR = Identity(b"\x01" * 32)
SEAL, LOOSEN, GROW, PURGE, DROP = range(5)


def grow(database: sqlite3.Connection, pk: int, held: list[bytes], more: list[bytes]) -> None:
    data = [*held, *more]
    octets = segment(*data)
    evidence.update_segment(database, pk, 0, SegmentRef(Sha256(sha256(octets)), len(octets), len(data), 1))
    lines.add(database, pk, len(held), more)


def look(database: sqlite3.Connection, held: dict[int, list[bytes]]) -> None:
    """Every way to a line leads to its octets."""
    for pk, data in held.items():
        assert [octets for _, octets in evidence.post_lines_in(database, pk)] == data
        assert evidence.segment_octets(database, pk) == segment(*data)
        places = [Place(0, 0, 0, lines.key(pk, ordinal), 0) for ordinal in range(len(data) + 2)]
        assert [scanning.read(database, place) for place in places] == [*data, b"", b""]
        assert [place for place, _ in scanning.words(database, places)] == places[:-2]
        held_here = [database.execute(f"SELECT {lines.is_held('?1')}", (it.line,)).fetchone()[0] for it in places]
        assert held_here == [1] * len(data) + [0, 0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(ANY_LINE, min_size=1, max_size=6), min_size=2, max_size=4),
    st.lists(
        st.tuples(st.sampled_from((SEAL, SEAL, LOOSEN, GROW, PURGE, DROP)), st.integers(0, 9), st.integers(0, 9)),
        max_size=8,
    ),
)
def test_any_mix_of_open_sealed_purged_and_grown_lines_reads_and_serves_the_same(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], changes: list[tuple[int, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("mix") / "store.sqlite"
    with store(path) as database:
        held = {hold(database, Identity(bytes([at] * 32)), data): list(data) for at, data in enumerate(segments, 1)}
        for change, one, other in changes:
            pk = sorted(held)[one % len(held)]
            if change == SEAL:
                seal_all(database, path)
            elif change == LOOSEN:
                for (frame,) in database.execute("SELECT pk FROM frame LIMIT 1").fetchall():
                    lines.loosen(database, frame)
            elif change == GROW:
                more = segments[other % len(segments)]
                grow(database, pk, held[pk], more)
                held[pk] += more
            elif change == PURGE:
                ordinal = other % len(held[pk])
                assert purges.redact(database, lines.key(pk, ordinal)) == len(held[pk][ordinal])
                held[pk][ordinal] = b""
            elif len(held) > 1:
                evidence.drop_segment(database, pk)
                del held[pk]
            look(database, held)


def test_a_sealed_line_has_no_row_and_an_open_one_no_place(tmp_path: Path) -> None:
    """One that was purged has an empty row; frames hold nothing of it."""
    path, data = tmp_path / "store.sqlite", real_posts()[:20]
    with store(path) as database:
        pk = hold(database, AUTHOR, data)
        seal_all(database, path)
        assert database.execute("SELECT count(*) FROM line").fetchone() == (0,)
        grow(database, pk, data, data[:3])
        purges.redact(database, lines.key(pk, 7))
        look(database, {pk: [*data[:7], b"", *data[8:], *data[:3]]})
        rows = database.execute("SELECT pk & ?, length(octets) > 0 FROM line ORDER BY pk", (lines.ORDINALS - 1,))
        assert rows.fetchall() == [(7, 0), (20, 1), (21, 1), (22, 1)]
        (places,) = database.execute("SELECT places FROM segment").fetchone()
        entries = [places[at : at + lines.PLACE_OCTETS] for at in range(0, len(places), lines.PLACE_OCTETS)]
        assert [ordinal for ordinal, it in enumerate(entries) if it == lines.NOWHERE] == [7, 20, 21, 22]
        for (frame,) in database.execute("SELECT pk FROM frame").fetchall():
            lines.loosen(database, frame)
        assert database.execute("SELECT count(*) FROM line").fetchone() == (23,)
        assert database.execute("SELECT places FROM segment").fetchone() == (b"",)
        look(database, {pk: [*data[:7], b"", *data[8:], *data[:3]]})


def test_places_take_frames_and_indexes_up_to_their_limits() -> None:
    last = (lines.FRAMES - 1, lines.FRAME_LINES - 1)
    assert lines.pointer(lines.point(*last)) == last
    for beyond in ((lines.FRAMES, 0), (1, lines.FRAME_LINES)):
        with pytest.raises(OverflowError):
            lines.point(*beyond)


def test_a_line_belongs_to_nothing_once_neither_row_nor_place_leads_to_it(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with store(path) as database:
        pk = hold(database, AUTHOR, real_posts()[:20])
        for ordinal in range(20):
            values = (lines.key(pk, ordinal), evidence.person_pk(database, AUTHOR), 1)
            database.execute("INSERT INTO excess VALUES (?, ?, ?)", values)
        seal_all(database, path)
        assert not [it for it in soundness.look_through(database) if "excess" in it]
        lines.put_places(database, pk, {3: lines.NOWHERE})
        assert [it for it in soundness.look_through(database) if "table excess" in it and "1 of its rows" in it]
