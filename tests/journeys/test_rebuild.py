"""Rebuilding changes nothing that a newsreader sees, and mends what was damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import trio

from tests.houses import Clock, House, open_house, pack_overview
from tests.ingest.forging import following, segment, shown
from tests.ingest.test_moves import Owner
from zbnntp import choosing, local, sealing, toplists
from zbnntp.model.keys import Sha256, parse_message_id, sha256
from zbnntp.rebuild import rebuild
from zbnntp.store import evidence, numbers, posts

BOARDS = ("test.talk", "test.other")


def seen(house: House) -> list[object]:
    """Everything that OVER, ARTICLE and the group list give."""
    shelf = house.shelf
    found: list[object] = [(it.name, it.low, it.high, it.count) for it in shelf.groups()]
    for group in shelf.groups():
        for window in shelf.overview(group.name, 1, 2**31 - 1):
            for row in window:
                article = shelf.article(group.name, row.number)
                assert article is not None
                found.append((row.number, bytes(row.text), bytes(article.octets)))
    return found


async def run(house: House) -> int:
    return await house.writer.run(
        lambda database: rebuild(database, (house.identity,), house.now, lambda done, of: None)
    )


async def live_a_little(alice: House, bob: House, clock: Clock) -> None:
    """Threads, crossposts, sage, deletions, hidden people, notes: what a store may hold."""
    view = evidence.find_person(bob.reader, bob.identity) or 0
    for board in BOARDS:
        await alice.add_board(board)
    await bob.rate(alice.identity, mt=5000, tlt=5000)
    first = await alice.post("test.talk", "Grüße", "Erstens\n")
    await alice.post("test.talk,test.other", "Both", "x\n")
    gone = await alice.post("test.talk", "Oops", "x\n")
    await alice.seal()
    await bob.take(alice.whole_offer())
    clock.now += 60
    await bob.post("test.talk", "Re: Grüße [sage]", "Zweitens\n", references=first)
    await alice.post("test.talk", f"cancel {gone}", "x\n", Control=f"cancel {gone}")
    await alice.post("test.talk", "Re: Grüße", "Drittens\n", references=first)
    await alice.seal(rewrite=True)
    await bob.take(alice.whole_offer())
    await bob.vote(first, 1)
    article = posts.find_article(bob.reader, parse_message_id(first) or b"") or 0
    author = evidence.find_person(bob.reader, alice.identity) or 0
    await bob.writer.run(lambda database: choosing.watch(database, view, article, True, bob.now))
    await bob.writer.run(lambda database: choosing.show_by(database, view, author, bob.now))
    await bob.writer.run(lambda database: choosing.add_filter(database, view, "both", False, None, bob.now))
    await bob.writer.run(lambda database: toplists.recompute(database, view, bob.now))
    assert {"zb.by.alice", "zb.replies", "zb.top.day"} < {group.name for group in bob.shelf.groups()}
    await bob.writer.run(
        lambda database: local.file_note(database, view, local.Note(local.LOG, "A note", "x\n"), bob.now)
    )


def story_of(change: Callable[[House], object]) -> Callable[[Path], None]:
    def told(tmp_path: Path) -> None:
        async def story() -> None:
            clock = Clock()
            async with open_house(tmp_path, "alice", clock) as alice, open_house(tmp_path, "bob", clock) as bob:
                await live_a_little(alice, bob, clock)
                before = seen(bob)
                assert len(before) > 6
                await bob.writer.run(change)
                assert await run(bob) == 4
                await bob.standings.refresh(bob.now)
                assert seen(bob) == before
                await bob.rate(alice.identity, mt=-5000)
                hidden = seen(bob)
                assert hidden != before
                await run(bob)
                assert seen(bob) == hidden
                await bob.rate(alice.identity, mt=5000, tlt=5000)
                await bob.writer.run(lambda database: toplists.recompute(database, 1, bob.now))
                assert seen(bob) == before

        trio.run(story)

    return told


test_a_rebuild_changes_nothing = story_of(lambda database: None)
test_a_rebuild_mends_a_lost_overview = story_of(lambda database: database.execute("DELETE FROM overview"))  # type: ignore[attr-defined]
test_a_rebuild_changes_nothing_of_what_was_packed = story_of(pack_overview)  # type: ignore[arg-type]
test_a_rebuild_mends_lost_posts = story_of(lambda database: database.execute("DELETE FROM post"))  # type: ignore[attr-defined]


def test_what_was_written_by_a_wrong_clock_stays_with_its_author(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        async with open_house(tmp_path, "alice", clock) as alice:
            await alice.add_board("test.talk")
            await alice.post("test.talk", "Now", "x\n")
            await alice.seal()
            clock.now += 365 * 86_400
            await alice.post("test.talk", "In a year", "x\n")
            await alice.seal()
            clock.now -= 365 * 86_400
            author = sealing.Author(alice.signer, "alice", (), Sha256(sha256(alice.identity)))
            anew = sealing.seal(alice.reader, author, alice.now, start=(0, Sha256(b"")))
            assert anew is not None
            assert await alice.intake.offer(anew, "own", alice.now)
            before = seen(alice)
            assert alice.subjects("test.talk") == ["Now", "In a year"]
            await run(alice)
            assert seen(alice) == before

    trio.run(story)


def test_expired_notes_go_and_the_low_mark_stays_above_them(tmp_path: Path) -> None:
    async def story() -> None:
        clock = Clock()
        async with open_house(tmp_path, "alice", clock) as alice:
            view = evidence.find_person(alice.reader, alice.identity) or 0

            async def note(subject: str) -> None:
                entry = local.Note(local.LOG, subject, "x\n")
                await alice.writer.run(lambda database: local.file_note(database, view, entry, alice.now))

            await note("old")
            clock.now += 1000
            await note("new")
            group = numbers.find_newsgroup(alice.reader, view, local.LOG)
            assert group is not None
            await alice.writer.run(lambda database: numbers.expire(database, group.pk, alice.now))
            shown = alice.shelf.group(local.LOG)
            assert shown is not None
            assert (shown.low, shown.high, shown.count) == (2, 2, 1)
            await run(alice)
            assert alice.subjects(local.LOG) == ["new"]
            clock.now += 1000
            await alice.writer.run(lambda database: numbers.expire(database, group.pk, alice.now))
            shown = alice.shelf.group(local.LOG)
            assert shown is not None
            assert (shown.low, shown.high, shown.count) == (3, 2, 0)
            await note("newest")
            assert [row.number for window in alice.shelf.overview(local.LOG, 1, 9) for row in window] == [3]

    trio.run(story)


def test_a_rebuild_remembers_who_has_moved(tmp_path: Path) -> None:
    alice, anew = Owner("alice"), Owner("alice-anew")
    last = alice.offer([segment(alice.opening("Old"))])
    stolen = alice.offer([segment(alice.opening("Old"), alice.opening("Thief", time=alice.seq + 1))])

    async def story() -> None:
        async with following(tmp_path, alice) as bob:
            for offer in (last, stolen):
                await bob.take(offer)
            await bob.intake.take_notice(alice.move(last, anew), "a peer", bob.now)
            await bob.take(anew.offer([segment(anew.opening("New"))]))
            before = seen(bob)
            assert sorted(shown(bob).values()) == ["New", "Old"]
            await run(bob)
            await bob.standings.refresh(bob.now)
            assert seen(bob) == before
            assert not await bob.intake.take_notice(alice.move(last, anew), "a peer", bob.now)

    trio.run(story)
