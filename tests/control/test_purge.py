"""Deleting for good: the octets leave the files, and nothing brings them back."""

from __future__ import annotations

import random

import pytest
import trio

from tests.control.conftest import Node, Open, Rooms
from tests.houses import House
from tests.ingest.forging import BOARD, Forger, check_octets, cut, name_of, post_id, segment, shown
from zbnntp.bundling import Choice, choose
from zbnntp.housekeeping import keep_lean
from zbnntp.library import Bell, Library
from zbnntp.model.entries import make_carry, make_profile
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Sha256, identity_text, sha256
from zbnntp.model.link import Link, format_link
from zbnntp.purging import purge_post
from zbnntp.rebuild import rebuild
from zbnntp.store import compaction, evidence, frames, lines, purges
from zbnntp.store.posts import find_article

SECRET, TITLE = "unspeakable words that nobody may keep", "A horrible title"


KEPT: dict[bytes, bytes] = {}  # what the store made of lines, and these


def note_lines(house: House) -> None:
    """Remember in which octets each line is kept now: most do not show their text."""
    found = house.reader.execute("SELECT octets FROM line WHERE length(octets) > 16").fetchall()
    KEPT.update((octets, lines.read(house.reader, octets)) for (octets,) in found)


def on_disk(house: House, text: str) -> list[str]:
    """The files of a store in which a text stands, or what was made of a line with it."""
    traces = [text.encode(), *(octets for octets, line in KEPT.items() if text.encode() in line)]
    files = {path.name: path.read_bytes() for path in sorted(house.path.parent.iterdir())}
    return [name for name, data in files.items() if any(trace in data for trace in traces)]


def library(house: House) -> Library:
    return Library(house.reader, house.intake, house.identity, "epoch", Bell(), "fetched", house.clock)


async def told(node: Node) -> tuple[Forger, Forger, bytes, bytes, bytes]:
    """Anna has said something horrible and something nice; Carl has answered the first and passes its header on."""
    anna, carl = Forger("anna"), Forger("carl")
    bad, good = anna.opening(TITLE, body=f"{SECRET}\n"), anna.opening("Flowers")
    answer = carl.reply(bad, "That is horrible.\n")
    await node.house.add_board(BOARD)
    for author in (anna, carl):
        await node.house.rate(author.identity, mt=5000)
    await node.house.take(anna.offer([segment(bad, good)]))
    await node.house.take(carl.offer([segment(make_carry(bad), answer)]))
    note_lines(node.house)
    assert on_disk(node.house, SECRET)
    assert on_disk(node.house, TITLE)
    return anna, carl, bad, good, answer


async def test_a_purged_post_leaves_the_disk_and_everything_that_showed_it(open_desk: Open) -> None:
    async with open_desk() as node:
        _, _, bad, good, answer = await told(node)
        receipt = await node.ok(f"purge {name_of(bad)}")
        assert "is deleted here for good (1 posts," in receipt
        assert on_disk(node.house, SECRET) == on_disk(node.house, TITLE) == []
        assert sorted(shown(node.house).values()) == ["Flowers", "Re:"]
        assert node.house.shelf.find(name_of(bad), None) is None
        assert node.house.shelf.find(name_of(good), None) is not None
        found = node.house.shelf.find(name_of(answer), None)
        assert found is not None
        assert b"That is horrible." in found.octets
        check_octets(node.house)


async def test_a_purged_post_is_not_kept_when_it_comes_again(open_desk: Open) -> None:
    """In its grown segment, in one that was written anew, by the hand of somebody else."""
    async with open_desk() as node:
        anna, carl, bad, good, _ = await told(node)
        await node.ok(f"purge {name_of(bad)}")
        more = anna.opening("More")
        await node.house.take(anna.offer([segment(bad, good, more)]))
        await node.house.take(anna.offer([segment(more, bad, good)]))
        await node.house.take(carl.offer([segment(make_carry(bad), carl.reply(bad, "Again.\n"))]))
        assert sorted(shown(node.house).values()) == ["Flowers", "More", "Re:"]
        assert on_disk(node.house, SECRET) == on_disk(node.house, TITLE) == []
        before = shown(node.house)
        await node.house.writer.run(
            lambda it: rebuild(it, [node.house.identity], node.house.now, lambda done, of: None)
        )
        assert shown(node.house) == before
        check_octets(node.house)


async def test_what_was_cut_out_is_not_passed_on(open_desk: Open) -> None:
    async with open_desk() as node:
        anna, carl, bad, good, answer = await told(node)
        whole = segment(bad, good), segment(make_carry(bad), answer)
        shop = library(node.house)
        assert [await shop.segment(Sha256(sha256(data))) for data in whole] == list(whole)
        await node.ok(f"purge {name_of(bad)}")
        assert [await shop.segment(Sha256(sha256(data))) for data in whole] == [None, None]
        assert shop.bundle(anna.identity).slices == shop.bundle(carl.identity).slices == ()
        assert [it.segments for it in choose(node.house.reader, Choice(people=frozenset({anna.identity})))] == [()]
        held = shop.held(anna.identity)
        assert held is not None
        assert held.segments == ()


async def test_a_segment_with_a_hole_is_fetched_whole_when_it_has_grown(open_desk: Open) -> None:
    async with open_desk() as node:
        anna, _, bad, good, _ = await told(node)
        await node.ok(f"purge {name_of(bad)}")
        grown = segment(bad, good, anna.opening("More"))
        with pytest.raises(NotPermitted, match="fetched whole"):
            await node.house.take(anna.offer([grown], slices=[cut(grown, len(segment(bad, good)))]))
        await node.house.take(anna.offer([grown]))
        assert "More" in shown(node.house).values()


async def test_a_purged_person_leaves_nothing(open_desk: Open) -> None:
    async with open_desk() as node:
        anna, carl, bad, good, answer = await told(node)
        await node.house.take(
            anna.offer([segment(bad, good)], [segment(make_profile("My horrible profile"))], nick="Horrible Anna")
        )
        note_lines(node.house)
        who = identity_text(anna.identity)
        receipt = await node.ok(f"purge {who}")
        assert "(2 posts," in receipt
        for text in (SECRET, TITLE, "Flowers", "My horrible profile"):
            assert on_disk(node.house, text) == [], text
        assert list(shown(node.house).values()) == ["Re:"]
        assert library(node.house).manifest(anna.identity) is None
        assert not node.house.intake.wanted(anna.identity)
        with pytest.raises(NotPermitted, match="deleted here for good"):
            await node.house.take(anna.offer([segment(anna.opening("I am back"))]))
        await node.house.take(carl.offer([segment(make_carry(good), carl.reply(good, "Nice.\n"))]))
        assert on_disk(node.house, "Flowers") == []
        check_octets(node.house)
        assert node.house.shelf.find(name_of(answer), None) is None or shown(node.house)


async def test_ratings_of_a_purged_person_count_no_more(open_desk: Open) -> None:
    async with open_desk() as node:
        anna, dora = Forger("anna"), Forger("dora")
        await node.house.rate(anna.identity, mt=5000, tlt=10000)
        await node.house.take(anna.offer([], [segment(anna.trust(dora.identity, 5000))]))
        assert node.house.intake.wanted(dora.identity)
        await node.ok(f"purge {identity_text(anna.identity)}")
        assert not node.house.intake.wanted(dora.identity)


async def test_ones_own_answer_is_published_anew_without_the_purged_header(open_desk: Open) -> None:
    async with open_desk() as node:
        _, _, bad, _, _ = await told(node)
        await node.house.post(BOARD, f"Re: {TITLE}", "No.\n", references=name_of(bad))
        offer = await node.house.seal()
        assert offer is not None
        assert TITLE.encode() in b"".join(str(part.data).encode() for part in offer.slices)
        await node.ok(f"purge {name_of(bad)}")
        offer = await node.house.seal(rewrite=True)
        assert offer is not None
        assert TITLE.encode() not in b"".join(str(part.data).encode() for part in offer.slices)
        await node.house.writer.scrub()
        assert on_disk(node.house, TITLE) == []


async def test_what_is_ones_own_is_taken_back_not_purged(open_desk: Open) -> None:
    async with open_desk() as node:
        await node.house.add_board(BOARD)
        own = await node.house.post(BOARD, "Mine", "x\n")
        assert "cancel" in await node.refused(f"purge {own}")
        assert "cancel" in await node.refused(f"purge {identity_text(node.house.identity)}")
        assert "what is purged does not come back" in await node.refused("purge", own)
        assert "there is no post" in await node.refused("purge <nothing@zb.invalid>")


async def test_a_purge_that_was_interrupted_is_finished_by_the_node(open_desk: Open) -> None:
    """A crash before the file was written anew."""
    async with open_desk() as node:
        anna, _, bad, _, _ = await told(node)
        article, post = find_article(node.house.reader, post_id(bad)) or 0, post_id(bad)
        await node.house.writer.run(lambda it: purge_post(it, article, post, anna.identity))
        assert purges.is_to_scrub(node.house.reader)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_lean, Parts(node.house), lambda: [1], False)
            with trio.fail_after(5):
                while purges.is_to_scrub(node.house.reader):
                    await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        assert on_disk(node.house, SECRET) == on_disk(node.house, TITLE) == []


PIECE = 32  # octets of what is looked for: where a line stands in the file is cut into pages


def stored(house: House) -> set[bytes]:
    """Pieces of the octets in which the store keeps lines; no text can be read in them."""
    rows = house.reader.execute("SELECT octets FROM line UNION ALL SELECT octets FROM frame")
    return {octets[at : at + PIECE] for (octets,) in rows for at in range(0, len(octets) - PIECE, PIECE)}


async def keep_sealed(house: House) -> None:
    """Move all lines into frames, as is done when their month is over."""
    planned = compaction.plan(house.path, house.now)
    await house.writer.run(lambda it: compaction.begin(it, planned))
    for keys in planned.batches:
        batch = compaction.Sealer(house.path).prepare(keys)
        assert await house.writer.run(lambda it, batch=batch: compaction.keep_batch(it, batch))


@pytest.mark.parametrize("each", [1, frames.TEXT_OCTETS])
async def test_what_others_pass_on_of_a_purged_person_leaves_its_frame(
    open_desk: Open, monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    """Frames in which nobody names her are not looked through, those of one line among them."""
    monkeypatch.setattr(frames, "TEXT_OCTETS", each)
    async with open_desk() as node:
        anna, carl, *_ = await told(node)
        dora = Forger("dora")
        await node.house.rate(dora.identity, mt=5000)
        await publish_long(node.house, dora)
        await keep_sealed(node.house)
        assert any(TITLE in line for line in passed_on(node.house, carl))
        await node.ok(f"purge {identity_text(anna.identity)}")
        assert [line for line in passed_on(node.house, carl) if anna.identity.hex() in line] == []
        assert any("That is horrible." in line for line in passed_on(node.house, carl))
        assert node.house.reader.execute("SELECT count(*) FROM frame").fetchone() > (0,)


def passed_on(house: House, author: Forger) -> list[str]:
    """The lines that are held of somebody."""
    person = evidence.find_person(house.reader, author.identity) or 0
    held = evidence.segments(house.reader, person)
    return [line.decode() for it in held for _, line in evidence.post_lines_in(house.reader, it.pk)]


def raw(house: House) -> bytes:
    """The store and its WAL, octet for octet."""
    files = (house.path, house.path.with_name(house.path.name + "-wal"))
    return b"".join(path.read_bytes() for path in files if path.exists())


async def publish_long(house: House, author: Forger) -> None:
    """Posts that fill pages of their own, of which nothing is like anything else."""
    bodies = random.Random(author.name)
    posts = [author.opening(f"Number {it}", body=bodies.randbytes(4500).hex()) for it in range(4)]
    await house.take(author.offer([segment(*posts)]))


@pytest.mark.parametrize("sealed", [False, True])
async def test_what_is_purged_is_overwritten_where_the_file_cannot_be_written_anew(
    open_desk: Open, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    """On a full disk there is no room for a second file; the pages of the first are overwritten all the same."""

    async def full(_: object) -> None:
        raise NotPermitted("the disk of this node is full or failing; make room on it and try again")

    monkeypatch.setattr(Rooms, "scrub", full)
    anna, carl = Forger("anna"), Forger("carl")
    async with open_desk() as node:
        for author in (anna, carl):
            await node.house.rate(author.identity, mt=5000)
        own = stored(node.house)
        await publish_long(node.house, anna)
        if sealed:
            await keep_sealed(node.house)
        hers = stored(node.house) - own
        await publish_long(node.house, carl)
        others, before = stored(node.house) - hers - own, raw(node.house)
        assert "Traces of it are still on the disk" in await node.ok(f"purge {identity_text(anna.identity)}")
    after = raw(node.house)
    assert min(len(hers), len(others)) > 100
    assert [piece for piece in hers if piece in after] == []
    for pieces, octets in ((hers, before), (others, after)):
        assert sum(it in octets for it in pieces) > len(pieces) * 9 // 10  # the rest is cut by the end of a page


class Parts:
    """What housekeeping asks of a node."""

    def __init__(self, house: House) -> None:
        self.store, self.writer = house.path, house.writer
        self.standings, self.intake = house.standings, house.intake
        self.log, self._now = house.logged.append, house.now

    def now(self) -> int:
        return self._now


async def test_what_was_purged_is_said_to_be(open_desk: Open) -> None:
    async with open_desk() as node:
        anna, _, bad, _, _ = await told(node)
        await node.ok(f"purge {name_of(bad)}")
        answer = await node.ok(f"why {name_of(bad)}")
        assert "You purged it: it was deleted here for good" in answer
        assert "Only its header" not in answer
        who = identity_text(anna.identity)
        await node.ok(f"purge {who}")
        answer = " ".join((await node.ok(f"why {who}")).split())
        assert "you purged what they publish" in answer
        assert "To see all" not in answer
        answer = await node.ok(f"follow {format_link(Link(anna.identity, ('local:anna',)))}")
        assert "was purged here: it is not fetched any more" in " ".join(answer.split())
        assert "by itself" not in answer
