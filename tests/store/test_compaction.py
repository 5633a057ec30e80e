"""Sealing: the same octets from another place, for readers and peers; and nothing stays of what goes."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.houses import House
from tests.ingest.forging import BOARD, Forger, check_octets, following, name_of, segment, shown
from tests.store.test_frames import posts as real_posts
from tests.store.test_packing import KEYS, VALUES
from zbnntp.housekeeping import month_to_seal, seal_months
from zbnntp.model.canonical import encode
from zbnntp.model.entries import POSTS, make_carry
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, Sha256, sha256
from zbnntp.model.manifest import SegmentRef
from zbnntp.store import compaction, evidence, lines, purges
from zbnntp.store import frames as frames_module
from zbnntp.store.copying import open_copy
from zbnntp.store.database import Store, connect_reader, opened, prepare
from zbnntp.store.frames import Frame

FAR = 1 << 40


async def seal(house: House) -> int:
    return await seal_months(house.path, house.writer, FAR)


def frames(house: House) -> int:
    return int(house.reader.execute("SELECT count(*) FROM frame").fetchone()[0])


def on_disk(house: House, text: str) -> bool:
    """Whether a text stands in a frame."""
    with contextlib.closing(connect_reader(house.path)) as database:
        rows = database.execute("SELECT pk, lines FROM frame").fetchall()
        return any(
            text.encode() in lines.open_frame(database, pk).text(at) for pk, count in rows for at in range(count)
        )


def articles(house: House) -> list[bytes]:
    found = [house.shelf.article(BOARD, number) for number in sorted(shown(house))]
    return [it.octets for it in found if it]


def talk() -> tuple[Forger, Forger, list[bytes], list[bytes]]:
    anna, carl = Forger("anna"), Forger("carl")
    first = [anna.opening(f"Thread {number}", body=f'Ärger number {number} \\ "\n\t…\n') for number in range(40)]
    answers = [line for post in first for line in (make_carry(post), carl.reply(post, f"> {name_of(post)}\n\nNo.\n"))]
    return anna, carl, first, answers


def test_readers_and_peers_notice_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        anna, carl, first, answers = talk()
        async with following(tmp_path, anna, carl) as bob:
            await bob.take(anna.offer([segment(*first[:20]), segment(*first[20:])]))
            await bob.take(carl.offer([segment(*answers)]))
            before = articles(bob)
            assert await seal(bob) == len(first) + len(answers)
            assert frames(bob) > 0
            assert articles(bob) == before
            check_octets(bob)
            for data, author in ((segment(*first[:20]), anna), (segment(*answers), carl)):
                assert evidence.find_segment(bob.reader, Sha256(sha256(data))) == ([author.identity], data)
            assert await seal(bob) == 0
            assert compaction.progress(bob.reader)[0] == compaction.progress(bob.reader)[1]

    trio.run(story)


def test_only_months_that_are_over_are_sealed(tmp_path: Path) -> None:
    """Seven days after their end: 1795000000 is the 18th of November 2026."""
    assert month_to_seal(1795000000) == 1793491200  # the 1st of November
    assert month_to_seal(1793491200 + 6 * 86400) == 1790812800  # the 1st of October

    async def story() -> None:
        anna = Forger("anna")
        async with following(tmp_path, anna) as bob:
            await bob.take(anna.offer([segment(anna.opening("New"))]))
            assert await seal_months(bob.path, bob.writer, month_to_seal(bob.now)) == 0

    trio.run(story)


def test_a_sealed_segment_grows_and_is_sealed_again(tmp_path: Path) -> None:
    async def story() -> None:
        anna, _, first, _ = talk()
        async with following(tmp_path, anna) as bob:
            await bob.take(anna.offer([segment(*first[:30])]))
            await seal(bob)
            await bob.take(anna.offer([segment(*first)]))
            assert frames(bob) == 1
            assert evidence.find_segment(bob.reader, Sha256(sha256(segment(*first)))) is not None
            assert await seal(bob) == 10
            check_octets(bob)
            assert len(articles(bob)) == len(first)

    trio.run(story)


def test_what_its_author_took_back_leaves_its_frame(tmp_path: Path) -> None:
    """And what stood beside it, in other segments, stays as it is."""

    async def story() -> None:
        anna, carl, first, answers = talk()
        async with following(tmp_path, anna, carl) as bob:
            await bob.take(carl.offer([segment(*answers)]))
            await bob.take(anna.offer([segment(*first)]))
            await seal(bob)
            assert on_disk(bob, "Ärger number 7 ")
            await bob.take(anna.offer([segment(*first[:7], *first[8:])]))
            assert not on_disk(bob, "Ärger number 7 ")
            assert evidence.find_segment(bob.reader, Sha256(sha256(segment(*answers)))) is not None
            await seal(bob)
            check_octets(bob)

    trio.run(story)


def test_a_purged_line_leaves_its_frame(tmp_path: Path) -> None:
    async def story() -> None:
        anna, _, first, _ = talk()
        async with following(tmp_path, anna) as bob:
            await bob.take(anna.offer([segment(*first)]))
            await seal(bob)
            line = next(key for key, _, octets in purges.lines_naming(bob.reader, anna.identity) if octets == first[7])
            assert await bob.writer.run(lambda it: purges.redact(it, line)) == len(first[7])
            assert not on_disk(bob, "Ärger number 7 ")
            found = evidence.post_lines_in(bob.reader, line // lines.ORDINALS)
            assert [octets for _, octets in found] == [*first[:7], b"", *first[8:]]
            assert await seal(bob) == 0

    trio.run(story)


def test_a_segment_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    async def story() -> None:
        anna, _, first, _ = talk()
        async with following(tmp_path, anna) as bob:
            await bob.take(anna.offer([segment(*first[:30])]))
            batch = compaction.Sealer(bob.path).prepare(compaction.plan(bob.path, FAR).batches[0])
            await bob.take(anna.offer([segment(*first[:7], *first[8:])]))
            assert await bob.writer.run(lambda it: compaction.keep_batch(it, batch)) == 0
            assert frames(bob) == 0
            assert len(articles(bob)) == len(first) - 1

    trio.run(story)


@contextlib.contextmanager
def store(path: Path) -> Iterator[sqlite3.Connection]:
    prepare(path)
    with opened(path) as database:
        yield database


def hold(database: sqlite3.Connection, author: Identity, data: list[bytes]) -> int:
    """A segment of these lines."""
    octets = segment(*data)
    person = evidence.person_pk(database, author)
    ref = SegmentRef(Sha256(sha256(octets)), len(octets), len(data), 1)
    pk = evidence.add_segment(database, person, POSTS, 0, ref)
    lines.add(database, pk, 0, data)
    return pk


def seal_all(database: sqlite3.Connection, path: Path) -> None:
    planned, sealer = compaction.plan(path, FAR), compaction.Sealer(path)
    compaction.begin(database, planned)
    for keys in planned.batches:
        compaction.keep_batch(database, sealer.prepare(keys))


ANY_LINE = st.dictionaries(KEYS, VALUES, max_size=5).map(encode) | st.binary(max_size=80).map(
    lambda raw: raw.replace(b"\n", b"")
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(ANY_LINE, min_size=1, max_size=8), min_size=1, max_size=5))
def test_any_mix_of_segments_seals_and_unseals_to_the_same_octets(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]]
) -> None:
    """Unknown kinds, odd Unicode, lines that are no lines: what cannot be folded stays as it was."""
    path = tmp_path_factory.mktemp("any") / "store.sqlite"
    with store(path) as database:
        held = {hold(database, Identity(bytes([at] * 32)), data): data for at, data in enumerate(segments)}
        for change in (lambda: None, lambda: seal_all(database, path), lambda: _loosen_all(database)):
            change()
            for pk, data in held.items():
                assert [octets for _, octets in evidence.post_lines_in(database, pk)] == data
        assert database.execute("SELECT count(*) FROM frame").fetchone() == (0,)


def _loosen_all(database: sqlite3.Connection) -> None:
    for (frame,) in database.execute("SELECT pk FROM frame").fetchall():
        lines.loosen(database, frame)


def test_a_segment_that_is_not_what_its_name_says_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with store(path) as database:
        good, bad = (hold(database, Identity(bytes([at] * 32)), real_posts()[:20]) for at in (1, 2))
        database.execute("UPDATE segment SET sha256 = zeroblob(32) WHERE pk = ?", (bad,))
        seal_all(database, path)
        found = dict(database.execute("SELECT pk, sealed FROM segment"))
        assert found == {good: compaction.SEALED, bad: compaction.VERBATIM}
        assert compaction.plan(path, FAR).batches == ()


def test_sealing_gives_back_the_room_of_open_lines(tmp_path: Path) -> None:
    """Though each batch changes a few rows on every page: pages that are nearly empty become one."""
    path = tmp_path / "store.sqlite"
    pages = "SELECT sum(pgsize) / 4096 FROM dbstat WHERE name = 'line'"
    with store(path) as database:
        for at in range(1, 9):
            hold(database, Identity(bytes([at] * 32)), real_posts()[:40])
        (before,) = database.execute(pages).fetchone()
        seal_all(database, path)
        (after,) = database.execute(pages).fetchone()
        assert compaction.progress(database)[0] > 0
        assert after < before / 4


def test_a_frame_that_does_not_prove_itself_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.sqlite"
    with store(path) as database:
        pk = hold(database, Identity(b"\x01" * 32), real_posts()[:20])
        (keys,) = compaction.plan(path, FAR).batches
        monkeypatch.setattr(Frame, "text", lambda frame, index: b"something else")
        made = compaction.Sealer(path).prepare(keys)
        assert made.frames == ()
        assert compaction.keep_batch(database, made) == 0
        assert database.execute("SELECT sealed FROM segment WHERE pk = ?", (pk,)).fetchone() == (0,)


def test_lines_of_a_thread_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote them, and in whatever order they came."""
    monkeypatch.setattr(frames_module, "TEXT_OCTETS", 4000)

    async def story() -> None:
        anna, carl, first, answers = talk()
        async with following(tmp_path, anna, carl) as bob:
            await bob.take(carl.offer([segment(*answers)]))
            await bob.take(anna.offer([segment(*first)]))
            await seal(bob)
            rows = bob.reader.execute(
                f"SELECT thread, {lines.kept('post.line')} FROM post {lines.joined('post.line')}"
            ).fetchall()
            places = sorted((lines.pointer(octets), thread) for thread, octets in rows)
            assert len({frame for (frame, _), _ in places}) > 3
            threads = [thread for _, thread in places]
            assert len([1 for one, next_ in pairwise(threads) if one != next_]) == len(first) - 1

    trio.run(story)


def test_a_frame_that_is_nearly_empty_is_taken_apart(tmp_path: Path) -> None:
    async def story() -> None:
        anna, carl, first, answers = talk()
        async with following(tmp_path, anna, carl) as bob:
            await bob.take(carl.offer([segment(*answers[:30])]))
            await bob.take(anna.offer([segment(*first)]))
            await seal(bob)
            await bob.take(anna.offer([segment(*first[:5])]))
            assert frames(bob) == 0
            check_octets(bob)
            assert await seal(bob) == 35

    trio.run(story)


def test_a_store_trains_a_dictionary_and_later_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sealed with the first is read with it for ever."""
    monkeypatch.setattr(compaction, "TRAINED_OCTETS", 20_000)
    path = tmp_path / "store.sqlite"
    raw = real_posts()
    with store(path) as database:
        first = hold(database, Identity(b"\x01" * 32), raw[:60])
        seal_all(database, path)
        assert compaction.newest_dictionary(database)[0] == 1
        others = [hold(database, Identity(bytes([at] * 32)), raw) for at in range(2, 8)]
        seal_all(database, path)
        assert compaction.newest_dictionary(database)[0] == 2
        used = database.execute("SELECT DISTINCT dictionary FROM frame ORDER BY 1").fetchall()
        assert used == [(1,), (2,)]
    with opened(path) as database:
        assert isinstance(database, Store)
        assert [octets for _, octets in evidence.post_lines_in(database, first)] == raw[:60]
        for pk in others:
            assert [octets for _, octets in evidence.post_lines_in(database, pk)] == raw
        assert len(database.frames) <= Store.FRAMES_MOST + 1


def test_a_copy_that_is_looked_at_opens_a_dictionary_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened for each line, it would make of the minutes of a check hours."""
    monkeypatch.setattr(compaction, "TRAINED_OCTETS", 20_000)
    opened_now = Mock(wraps=lines.grow_dictionary)
    path, raw = tmp_path / "store.sqlite", real_posts()
    with store(path) as database:
        held = hold(database, Identity(b"\x01" * 32), raw)
        seal_all(database, path)
        assert compaction.newest_dictionary(database)[0] == 1
    monkeypatch.setattr(lines, "grow_dictionary", opened_now)
    with open_copy(path, tmp_path / "copy", lambda done, of: None) as copy:
        assert [octets for _, octets in evidence.post_lines_in(copy, held)] == raw
        assert copy.execute("SELECT count(*) FROM frame").fetchone()[0] > 1
    assert opened_now.call_count == 1


def test_a_store_that_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    prepare(path)
    path.write_bytes(b"\xff" * 100_000)
    with pytest.raises(NotPermitted, match="restore your backup"):
        compaction.plan(path, FAR)
