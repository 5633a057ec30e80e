"""What is remembered of ids and senders to tell overview lines: quick to ask, and nobody gets the name of another."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.houses import open_house, pack_overview
from tests.ingest.forging import BOARD, Forger, following, name_of, segment
from zbnntp.model.errors import Refused
from zbnntp.model.keys import PostId, message_id
from zbnntp.store import telling
from zbnntp.store.database import Store
from zbnntp.store.posts import article_pk

ONE, OTHER = PostId(bytes(range(32))), PostId(bytes(range(1, 33)))


class Asked(dict[Any, Any]):
    """A dict of which things are asked one by one; who wants all of it is refused."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("went through all that is kept")

    keys = items = values = __iter__  # type: ignore[assignment]


async def test_what_is_remembered_is_never_gone_through(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        opening = anna.opening("Hello")
        lines = [opening, *[anna.reply(opening, f"answer {at}") for at in range(4)]]
        await bob.take(anna.offer([segment(*lines)]))
        await bob.writer.run(pack_overview)
        assert isinstance(bob.reader, Store)
        bob.reader.senders, bob.reader.names = Asked(), Asked()
        for line in lines:
            found = bob.shelf.find(name_of(line), BOARD)
            assert found is not None
            assert found.message_id == name_of(line)
        assert len(b"".join(window.text for window in bob.shelf.overview(BOARD, 1, 5)).splitlines()) == 5


async def test_what_was_shown_once_is_not_looked_up_again(tmp_path: Path) -> None:
    anna, carl = Forger("anna"), Forger("carl")
    async with following(tmp_path, anna, carl) as bob:
        opening = anna.opening("Hello")
        lines = [opening, *[carl.reply(opening, f"answer {at}") for at in range(4)]]
        await bob.take(anna.offer([segment(opening)]))
        await bob.take(carl.offer([segment(*lines[1:])]))
        await bob.writer.run(pack_overview)
        first = b"".join(window.text for window in bob.shelf.overview(BOARD, 1, 3))
        assert all(name_of(line).encode() in first for line in lines[:3])
        asked: list[str] = []
        bob.reader.set_trace_callback(asked.append)
        rest = b"".join(window.text for window in bob.shelf.overview(BOARD, 4, 5))
        assert all(name_of(line).encode() in rest for line in (opening, *lines[3:]))
        assert asked
        assert not [it for it in asked if "json_each" in it]  # who they are, how trusted, and what they cite is known


async def test_lines_of_which_none_cites_anything(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        lines = [anna.opening(f"Hello {at}") for at in range(3)]
        await bob.take(anna.offer([segment(*lines)]))
        before = b"".join(window.text for window in bob.shelf.overview(BOARD, 1, 3))
        assert before.count(b"\r\n") == 3
        await bob.writer.run(pack_overview)
        assert b"".join(window.text for window in bob.shelf.overview(BOARD, 2, 3)) == before.split(b"\r\n", 1)[1]


async def test_names_of_what_was_taken_back_are_forgotten(tmp_path: Path) -> None:
    def told(database: sqlite3.Connection, identifier: PostId) -> tuple[int, bytes]:
        article = article_pk(database, identifier, 0)
        return article, telling.names(database, {article: identifier}, ())[article]

    taken: list[tuple[int, bytes]] = []

    def refused(database: sqlite3.Connection) -> None:
        taken.append(told(database, ONE))
        raise Refused("no")

    async with open_house(tmp_path, "alice") as alice:
        with pytest.raises(Refused):
            await alice.writer.run(refused)
        ((article, name),) = taken
        assert name == message_id(ONE).encode()
        assert await alice.writer.run(lambda database: told(database, OTHER)) == (article, message_id(OTHER).encode())
