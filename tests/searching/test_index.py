"""With the index of words a search finds what it finds without, whatever is written and whatever became of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.houses import House, open_house
from tests.searching.test_steps import search, subjects, write
from zbnntp.indexing import begin, fill
from zbnntp.searching import Search, Words, match_text, parse_query, tokens
from zbnntp.store import evidence, scanning, wordindex

LETTERS = st.sampled_from("ab1_ é\u0301ßÄ日本語ไทย-.\n")


def indexed(house: House, words: str) -> Search:
    """A search that is over, with the index where there is one."""
    view = evidence.find_person(house.reader, house.identity) or 0
    with wordindex.found(house.path, house.reader) as index:
        whole = Search(house.reader, view, parse_query(words), (), index=index)
        for _ in whole.run():
            pass
    return whole


def index_octets(house: House) -> bytes:
    return b"".join(path.read_bytes() for path in house.path.parent.glob(f"{wordindex.FILE}*"))


def plain(house: House, words: str) -> list[str]:
    whole = search(house, words)
    for _ in whole.run():
        pass
    return subjects(whole.found())


@given(st.text(LETTERS, min_size=1, max_size=30), st.data())
def test_whatever_a_search_would_find_the_index_names(text: str, data: st.DataObject) -> None:
    begin_at = data.draw(st.integers(0, len(text) - 1))
    part = text[begin_at : data.draw(st.integers(begin_at + 1, len(text)))]
    phrases = parse_query(f'board:x "{part}" "{part}*"').phrases
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as index:
        index.executescript(wordindex._SCHEMA)
        index.execute("INSERT INTO word (rowid, text) VALUES (1, ?)", (tokens(text),))
        for phrase in phrases:
            if Words([phrase]).is_in(text):
                assert [*wordindex.articles(index, match_text([phrase]))] == [[1]]


async def test_new_and_indexed_posts_are_found(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 5)
        assert fill(alice.path) == 5
        assert fill(alice.path) == 0
        alice.clock.now += 60
        await alice.post("chat", "Later", "The kernel again, and Grüße\n")
        assert subjects(indexed(alice, "kernel").found()) == ["Later", *(f"Post {it}" for it in range(4, -1, -1))]
        fill(alice.path)
        for words in ("kern*", "GRÜSSE again", '"and grüße"', '"grüße and"', "kernel board:other"):
            assert subjects(indexed(alice, words).found()) == plain(alice, words)


async def test_most_posts_are_not_even_unpacked(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 5, "common")
        await alice.post("chat", "Rare", "needle\n")
        fill(alice.path)
        with wordindex.found(alice.path, alice.reader) as index:
            view = evidence.find_person(alice.reader, alice.identity) or 0
            assert [*Search(alice.reader, view, parse_query("needle"), (), index=index).run()][-1] == 1


async def test_a_damaged_index_is_passed_by_and_made_anew(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 40, "kernel " * 50)
        fill(alice.path)
        with closing(sqlite3.connect(wordindex.path_of(alice.path))) as index:
            index.execute("UPDATE word_data SET block = x'00' WHERE id > 10")
            index.commit()
        assert subjects(indexed(alice, "kernel").found()) == plain(alice, "kernel")
        begin(alice.path, True)
        assert not wordindex.path_of(alice.path).exists()
        assert fill(alice.path) == 40


async def test_the_index_of_another_store_is_not_believed(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice, open_house(tmp_path, "bob") as bob:
        await write(alice, 3)
        await write(bob, 3, "other")
        fill(bob.path)
        wordindex.path_of(bob.path).replace(wordindex.path_of(alice.path))
        with wordindex.found(alice.path, alice.reader) as index:
            assert index is None
        assert len(subjects(indexed(alice, "kernel").found())) == 3


async def test_nothing_that_was_purged_stays_in_the_index(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 3, "verysecret")
        fill(alice.path)
        assert b"verysecret" in index_octets(alice)
        await alice.writer.scrub()
        assert index_octets(alice) == b""
        assert scanning.count(alice.reader) == 3


async def test_without_the_setting_the_index_goes(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await write(alice, 1)
        fill(alice.path)
        begin(alice.path, True)
        assert wordindex.path_of(alice.path).exists()
        begin(alice.path, False)
        assert not [*alice.path.parent.glob("search.sqlite*")]
