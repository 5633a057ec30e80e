"""Packing the overview: newsreaders notice nothing, it takes little room, and nothing stays of what was deleted."""

from __future__ import annotations

from pathlib import Path

from tests.houses import House, pack_overview
from tests.ingest.forging import BOARD, Forger, check_octets, following, name_of, post_id, segment, shown
from tests.ingest.test_placeholders import carried
from tests.journeys.test_rebuild import seen
from tests.shelf.test_groups import MANY, WINDOW, filled
from zbnntp.housekeeping import pack_quiet
from zbnntp.purging import purge_post
from zbnntp.store import condensing
from zbnntp.store.blocks import Block
from zbnntp.store.posts import find_article

FULL = MANY // WINDOW  # blocks of which every number is given: 1 to 255, 256 to 511


def blocks(house: House) -> list[Block]:
    return [Block(octets) for (octets,) in house.reader.execute("SELECT octets FROM packed ORDER BY newsgroup, block")]


def rows(house: House) -> int:
    """How many articles are kept as rows."""
    return int(house.reader.execute("SELECT count(*) FROM overview").fetchone()[0])


async def pack(house: House) -> None:
    await pack_quiet(house.writer, condensing.version(house.reader))


async def test_full_blocks_are_packed_when_nothing_changes_in_them(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        early = condensing.version(bob.reader)
        await filled(bob, anna)
        before = seen(bob)
        await pack_quiet(bob.writer, early)
        assert blocks(bob) == []
        await pack(bob)
        assert [len(it.offsets) for it in blocks(bob)] == [255, 256]
        assert rows(bob) == MANY - 255 - 256
        assert seen(bob) == before
        assert condensing.waiting(bob.reader, condensing.version(bob.reader)) == []
        size = bob.reader.execute("SELECT sum(length(octets)) FROM packed").fetchone()[0]
        assert size < 16 * (255 + 256)


async def test_what_changes_is_a_row_until_it_is_packed_again(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        lines = await filled(bob, anna)
        await pack(bob)
        posts = [segment(*lines[1:350]), segment(*lines[350:])]  # the first was taken back
        await bob.take(anna.offer(posts, nick="Anna B"))
        check_octets(bob)
        before = seen(bob)
        assert rows(bob) == MANY - 1
        await pack(bob)
        assert [len(it.offsets) for it in blocks(bob)] == [254, 256]
        assert seen(bob) == before
        await bob.rate(anna.identity, mt=-5000)
        assert shown(bob) == {}
        await pack(bob)
        assert blocks(bob) == []
        await bob.rate(anna.identity, mt=5000)
        assert seen(bob) == before


async def test_a_vote_changes_nothing_that_is_packed(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        lines = await filled(bob, anna)
        await pack(bob)
        count = rows(bob)
        await bob.vote(name_of(lines[7]), 1)
        assert b"X-Zb-Vote: +1.00" in bob.shelf.find(name_of(lines[7]), BOARD).octets  # type: ignore[union-attr]
        assert rows(bob) == count
        assert condensing.waiting(bob.reader, condensing.version(bob.reader)) == []
        check_octets(bob)


async def test_nothing_stays_of_what_was_purged(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        bad, good = anna.opening("Horrible"), anna.opening("Flowers")
        await bob.take(anna.offer([segment(bad, good)]))
        await bob.writer.run(pack_overview)
        assert b"Horrible" in blocks(bob)[0].texts
        article = find_article(bob.reader, post_id(bad)) or 0
        await bob.writer.run(lambda database: purge_post(database, article, post_id(bad), anna.identity))
        assert set(shown(bob).values()) == {"Flowers"}
        assert not any(b"Horrible" in it.texts for it in blocks(bob))


async def test_a_placeholder_stays_a_row_and_is_replaced(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    opening = anna.opening("Hello", body="the text\n")
    async with following(tmp_path, carl) as bob:
        await bob.take(carl.offer([carried(carl, opening)]))
        before = seen(bob)
        await bob.writer.run(pack_overview)
        assert (rows(bob), seen(bob)) == (1, before)
        await bob.rate(anna.identity, mt=5000)
        await bob.take(anna.offer([segment(opening)]))
        article = bob.shelf.article(BOARD, 1)
        assert article is not None
        assert article.octets.endswith(b"\r\n\r\nthe text\r\n")
        await bob.writer.run(pack_overview)
        assert rows(bob) == 0
        check_octets(bob)
