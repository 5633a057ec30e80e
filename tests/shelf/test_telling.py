"""What is remembered of ids and senders to tell overview lines: quick to ask, and nobody gets the name of another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.houses import open_house, pack_overview
from tests.ingest.forging import BOARD, Forger, following, name_of, segment
from zbnntp.model.errors import Refused
from zbnntp.model.keys import PostId, message_id
from zbnntp.store import telling
from zbnntp.store.posts import article_pk

ONE, OTHER = PostId(bytes(range(32))), PostId(bytes(range(1, 33)))


async def test_whoever_was_met_in_an_article_is_known_in_the_overview(tmp_path: Path) -> None:
    anna = Forger("anna")
    async with following(tmp_path, anna) as bob:
        opening = anna.opening("Hello")
        lines = [opening, *[anna.reply(opening, f"answer {at}") for at in range(4)]]
        await bob.take(anna.offer([segment(*lines)]))
        await bob.writer.run(pack_overview)
        for line in lines:
            found = bob.shelf.find(name_of(line), BOARD)
            assert found is not None
            assert found.message_id == name_of(line)
        asked: list[str] = []
        bob.reader.set_trace_callback(asked.append)
        text = b"".join(window.text for window in bob.shelf.overview(BOARD, 1, 5))
        assert all(name_of(line).encode() in text for line in lines)
        assert asked
        assert not [it for it in asked if "json_each" in it]


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
