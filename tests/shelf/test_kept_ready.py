"""What a shelf keeps ready is never older than the last commit: beside it stands one that keeps nothing.

After each change both are asked everything, the old one also with its rows, blocks and read-ahead articles warm.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.houses import START, Clock, House, open_house, pack_overview
from zbnntp.model.errors import NotVisible
from zbnntp.model.views import Group
from zbnntp.rack import BLOCK_OVERHEAD_OCTETS, Rack
from zbnntp.shelf import Shelf
from zbnntp.store import evidence, numbers

BOARD, OTHER = "test.talk", "test.other"
MOST = 2**31 - 1


def line(group: Group) -> bytes:
    return f"{group.name} {group.high} {group.low} {group.count} {group.description}\r\n".encode()


def everything(shelf: Shelf, ids: list[str]) -> dict[str, object]:
    """All that newsreaders can ask."""
    told: dict[str, object] = {"groups": shelf.groups(), "listed": shelf.listed("all", line)}
    for board in (BOARD, OTHER):
        group = shelf.group(board)
        if group is None:
            continue
        told[f"{board} first"] = (group, shelf.first(board))
        told[f"{board} numbers"] = b"".join(shelf.numbers(board, 1, MOST))
        told[f"{board} overview"] = b"".join(window.text for window in shelf.overview(board, 1, MOST))
        told[f"{board} part"] = b"".join(window.text for window in shelf.overview(board, 2, 5))
        told[f"{board} ids"] = b"".join(
            window.derived("ids", lambda text: text.upper()) for window in shelf.overview(board, 1, MOST)
        )
        told[f"{board} heads"] = [row for window in shelf.heads(board, 1, MOST) for row in window]
        told[f"{board} articles"] = [shelf.article(board, number) for number in range(1, group.high + 2)]
        told[f"{board} located"] = [shelf.locate(board, number) for number in range(1, group.high + 2)]
        told[f"{board} walk"] = [
            (shelf.neighbour(board, number, 1), shelf.neighbour(board, number, -1)) for number in range(group.high + 2)
        ]
    told["news"] = sorted(b"".join(shelf.new_news(lambda name: name in (BOARD, OTHER), START)).split())
    told["found"] = [find(shelf, identifier) for identifier in ids]
    return told


def find(shelf: Shelf, identifier: str) -> object:
    try:
        return shelf.find(identifier, BOARD), shelf.find_overview(identifier)
    except NotVisible as no:
        return str(no)


class Pair:
    """Two newsreaders on one kept shelf of a house, and the question whether it is right."""

    def __init__(self, house: House, rack: Rack) -> None:
        self.house, self.ids = house, list[str]()
        self.kept = Shelf(house.reader, house.identity, lambda: "", lambda: house.writer.commits, rack)

    def check(self) -> None:
        expected = everything(self.house.shelf, self.ids)
        assert everything(self.kept, self.ids) == expected
        assert everything(self.kept, self.ids) == expected  # all of it warm


async def add_boards(house: House) -> None:
    for board in (BOARD, OTHER):
        await house.add_board(board)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_changes_is_shown_at_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    clock = Clock()
    async with open_house(tmp_path, "anna", clock) as anna, open_house(tmp_path, "bob", clock) as bob:
        await add_boards(anna)
        await add_boards(bob)
        pair = Pair(bob, Rack(chance.choice([1, 3000, 1 << 20])))
        pair.check()
        await bob.rate(anna.identity, mt=5000)
        for step in range(14):
            clock.now += 60
            await change(chance, step, anna, bob, pair)
            pair.check()
            await tend(chance, bob, pair)
            pair.check()


async def tend(chance: random.Random, bob: House, pair: Pair) -> None:
    """What is done to articles that stand there already."""
    match chance.choice(["pack", "pack", "vote", "nothing"]):
        case "pack":
            await bob.writer.run(pack_overview)
        case "vote" if pair.ids:
            await bob.vote(chance.choice(pair.ids), chance.choice([-1, 1]))


async def change(chance: random.Random, step: int, anna: House, bob: House, pair: Pair) -> None:
    match chance.choice(["own", "theirs", "theirs", "trust", "nick", "cancel", "board"]):
        case "own":
            board = chance.choice([BOARD, f"{BOARD},{OTHER}"])
            pair.ids.append(await bob.post(board, f"Own {step}", ".dot\n"))
        case "theirs":
            for part in range(chance.choice([1, 4])):
                board = chance.choice([BOARD, OTHER, f"{BOARD},{OTHER}"])
                pair.ids.append(await anna.post(board, f"Hers {step} {part}", "x\n"))
            await anna.seal()
            await bob.take(anna.whole_offer())
        case "trust":
            await bob.rate(anna.identity, mt=chance.choice([-5000, 100, 1200, 5000, 9000]))
        case "nick":
            anna.name = f"Anna {step} é"
            await anna.seal()
            await bob.take(anna.whole_offer())
        case "cancel" if pair.ids:
            await bob.post(BOARD, "cancel", "x\n", Control=f"cancel {pair.ids[0]}") if owns(bob, pair.ids[0]) else None
        case "board":
            view = evidence.find_person(bob.reader, bob.identity) or 0
            row = numbers.find_newsgroup(bob.reader, view, OTHER)
            assert row is not None
            hidden = chance.random() < 0.5
            await bob.writer.run(lambda database: numbers.set_hidden(database, row.pk, hidden))
            await bob.writer.run(
                lambda database: numbers.add_newsgroup(database, view, OTHER, bob.now, f"Described {step}")
            )


def owns(house: House, identifier: str) -> bool:
    found = find(house.shelf, identifier)
    return isinstance(found, tuple) and found[0] is not None and b"X-Zb-Trust: +0.00" in found[0].octets


async def test_readers_in_order_see_a_change_in_what_was_read_ahead(tmp_path: Path) -> None:
    async with open_house(tmp_path, "anna") as anna, open_house(tmp_path, "bob") as bob:
        await add_boards(anna)
        await add_boards(bob)
        for number in range(9):
            await anna.post(BOARD, f"Number {number}", "x\n")
        await anna.seal()
        await bob.rate(anna.identity, mt=5000)
        await bob.take(anna.whole_offer())
        shelf = Pair(bob, Rack()).kept
        read = [shelf.article(BOARD, number) for number in (1, 2, 3)]  # from the second on it reads ahead
        assert all(article and b"X-Zb-Trust: +0.50\r\n" in article.octets for article in read)
        await bob.rate(anna.identity, mt=7000)
        article = shelf.article(BOARD, 4)
        assert article
        assert b"X-Zb-Trust: +0.70\r\n" in article.octets
        await bob.rate(anna.identity, mt=-7000)
        assert shelf.article(BOARD, 5) is None
        assert shelf.locate(BOARD, 5) is None


async def test_the_rack_is_bounded_with_what_is_derived_from_its_blocks(tmp_path: Path) -> None:
    async with open_house(tmp_path, "anna") as anna:
        await add_boards(anna)
        for number in range(600):
            await anna.post(BOARD, f"Number {number}", f"{number}\n")
        rack = Rack(150_000)
        shelf = Pair(anna, rack).kept
        whole = b"".join(window.text for window in shelf.overview(BOARD, 1, MOST))
        assert whole.count(b"\r\n") == 600
        for key in range(20):
            for window in shelf.overview(BOARD, 1, MOST):
                window.derived(key, lambda text: text[:20_000])
            assert rack.octets <= 150_000 + len(whole) + BLOCK_OVERHEAD_OCTETS
        assert whole == b"".join(window.text for window in shelf.overview(BOARD, 1, MOST))
