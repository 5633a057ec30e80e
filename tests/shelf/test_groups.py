"""Groups, windows and what is new."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.houses import House, open_house
from tests.ingest.forging import Forger, following, name_of, segment
from zbnntp.local import CONTROL, HELP, LOG
from zbnntp.shelf import Shelf
from zbnntp.store import evidence, numbers

BOARD = "test.talk"
WINDOW = 256
HIGH = 2**31 - 1
MANY = 700


def listed(windows: Iterator[bytes]) -> list[str]:
    """The lines that are sent."""
    return [line for window in windows for line in window.decode().splitlines()]


def overview(shelf: Shelf, low: int, high: int, board: str = BOARD) -> list[int]:
    return [row.number for window in shelf.overview(board, low, high) for row in window]


async def filled(bob: House, anna: Forger) -> list[bytes]:
    """Many posts, of which bob sees all."""
    lines = [anna.opening(f"Post {number}", time=anna.seq - 5000 + number) for number in range(MANY)]
    await bob.take(anna.offer([segment(*lines[:350]), segment(*lines[350:])]))
    return lines


async def test_long_answers_come_in_windows(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        lines = await filled(bob, anna)
        shelf = bob.shelf
        for sizes in (
            [window.count(b"\r\n") for window in shelf.numbers(BOARD, 1, HIGH)],
            [len(list(window)) for window in shelf.overview(BOARD, 1, HIGH)],
            [window.count(b"\r\n") for window in shelf.new_news(lambda name: True, 0)],
            [len(window) for window in shelf.heads(BOARD, 1, HIGH)],
        ):
            assert all(0 < size <= WINDOW for size in sizes)
            assert sum(sizes) == MANY
        for _ in range(2):  # made, and kept
            assert listed(shelf.numbers(BOARD, 1, HIGH)) == [str(number) for number in range(1, MANY + 1)]
        assert listed(shelf.numbers(BOARD, 255, 258)) == ["255", "256", "257", "258"]
        assert overview(shelf, 255, 258) == [255, 256, 257, 258]
        assert overview(shelf, 699, HIGH) == [699, 700]
        assert set(listed(shelf.new_news(lambda name: True, 0))) == {name_of(line) for line in lines}


async def test_head_lines_are_those_of_the_articles(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        await filled(bob, anna)
        for window in bob.shelf.heads(BOARD, 300, 310):
            for number, head in window:
                article = bob.shelf.article(BOARD, number)
                assert article is not None
                assert article.octets.startswith(head + b"\r\n")


async def test_a_slow_reader_holds_no_snapshot_between_windows(tmp_path: Path) -> None:
    """Else the WAL could not be copied back while one newsreader sleeps."""
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        await filled(bob, anna)
        pending = [
            bob.shelf.overview(BOARD, 1, HIGH),
            bob.shelf.numbers(BOARD, 1, HIGH),
            bob.shelf.new_news(lambda name: True, 0),
        ]
        for windows in pending:
            assert next(windows)
        with closing(sqlite3.connect(bob.path, timeout=0)) as database:
            busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0
        await bob.post(BOARD, "Newer", "x\n")
        assert sum(1 for window in pending[0] for _ in window) == MANY + 1 - (WINDOW - 1)


async def test_ranges_without_anything_give_no_window(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        for low, high in ((1, HIGH), (5, 4), (0, 0)):
            assert list(alice.shelf.numbers(BOARD, low, high)) == []
            assert list(alice.shelf.overview(BOARD, low, high)) == []
        assert list(alice.shelf.numbers("test.nowhere", 1, HIGH)) == []
        assert alice.shelf.locate(BOARD, 1) is None
        assert alice.shelf.article(BOARD, 1) is None
        assert alice.shelf.article("test.nowhere", 1) is None
        assert alice.shelf.neighbour("test.nowhere", 1, 1) is None
        group = alice.shelf.group(BOARD)
        assert group is not None
        assert (group.low, group.high, group.count) == (1, 0, 0)


async def test_next_and_last_pass_over_gaps(tmp_path: Path) -> None:
    anna = Forger("anna")
    lines = [anna.opening(f"Post {number}") for number in range(5)]
    async with following(tmp_path, anna) as bob:
        await bob.take(anna.offer([segment(*lines)]))
        order = [bob.shelf.locate(BOARD, number) for number in range(1, 6)]
        gone = {order[1], order[2]}
        await bob.take(anna.offer([segment(*(line for line in lines if name_of(line) not in gone))]))
        assert bob.shelf.neighbour(BOARD, 1, +1) == (4, order[3])
        assert bob.shelf.neighbour(BOARD, 4, -1) == (1, order[0])
        assert bob.shelf.neighbour(BOARD, 5, +1) is None
        assert bob.shelf.neighbour(BOARD, 1, -1) is None
        assert bob.shelf.neighbour(BOARD, 3, -1) == (1, order[0])
        assert bob.shelf.locate(BOARD, 2) is None
        assert bob.shelf.article(BOARD, 2) is None


async def test_new_news_go_by_arrival_and_name_an_article_once(tmp_path: Path) -> None:
    anna = Forger("anna")
    old = anna.opening("Old", time=1_000_000_000)
    async with following(tmp_path, anna) as bob:
        for board in (BOARD, "test.other"):
            await bob.add_board(board)
        first = await bob.post(f"{BOARD},test.other", "Both", "x\n")
        bob.clock.now += 100
        since = bob.now
        await bob.take(anna.offer([segment(old)]))
        second = await bob.post("test.other", "Late", "x\n")
        news = bob.shelf.new_news
        assert set(listed(news(lambda name: True, since))) == {name_of(old), second}
        assert listed(news(lambda name: name == "test.other", since)) == [second]
        assert sorted(listed(news(lambda name: True, 0))) == sorted([first, name_of(old), second])
        assert listed(news(lambda name: True, since + 1)) == []
        await bob.rate(anna.identity, mt=-1)
        assert listed(news(lambda name: True, since)) == [second]


async def test_new_groups_go_by_when_they_came_here(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        await bob.add_board(BOARD)
        bob.clock.now += 100
        await bob.take(anna.offer([segment(anna.opening("One", boards=("test.far",)))]))
        assert [group.name for group in bob.shelf.new_groups(bob.now)] == ["test.far"]
        assert [group.name for group in bob.shelf.new_groups(0)] == ["test.far", BOARD]
        assert bob.shelf.new_groups(bob.now + 1) == []


async def test_hidden_boards_are_not_there(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        await alice.add_board(BOARD)
        await alice.post(BOARD, "One", "x\n")
        row = numbers.find_newsgroup(alice.reader, evidence.find_person(alice.reader, alice.identity) or 0, BOARD)
        assert row is not None
        await alice.writer.run(lambda database: numbers.set_hidden(database, row.pk, True))
        shelf = alice.shelf
        assert shelf.group(BOARD) is None
        assert list(shelf.groups()) == list(shelf.new_groups(0)) == []
        assert listed(shelf.new_news(lambda name: True, 0)) == []
        assert overview(shelf, 1, HIGH) == []


async def test_subscriptions_begin_with_control_and_help_and_end_with_the_log(tmp_path: Path) -> None:
    async with open_house(tmp_path, "alice") as alice:
        for board in ("test.a", "test.b", CONTROL, HELP, LOG):
            await alice.add_board(board)
        await alice.post("test.b", "One", "x\n")
        assert alice.shelf.subscriptions() == [CONTROL, HELP, "test.b", "test.a", LOG]
        assert {group.name: group.status for group in alice.shelf.groups()} == {
            "test.a": "y",
            "test.b": "y",
            CONTROL: "y",
            HELP: "n",
            LOG: "n",
        }
        assert alice.shelf.motd() == ""
