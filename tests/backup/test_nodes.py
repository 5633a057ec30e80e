"""Backup, check and repair of real nodes: what a disk has damaged comes back from whoever has it, under its numbers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.node_process import CommandRefused, NodeProcess, wait_until
from zbnntp import home

pytestmark = pytest.mark.slow
BOARD = "test.talk"
SEGMENT = "(SELECT s.pk FROM segment s JOIN manifest m ON m.person = s.person WHERE s.role = 'posts' AND m.nick = '{}')"
GARBLED = f"UPDATE line SET octets = zeroblob(length(octets)) WHERE pk >> 20 IN {SEGMENT}"


class Pair:
    """Anna and bert, who follow each other, with posts of both."""

    def __init__(self, tmp_path: Path, anna: NodeProcess, bert: NodeProcess) -> None:
        self.tmp_path, self.anna, self.bert = tmp_path, anna, bert
        for one, other in ((anna, bert), (bert, anna)):
            one.do(f"board add {BOARD}")
            one.do(f"follow {other.invite()}")
        for node in (anna, bert):
            for number in range(3):
                self.post(node, f"{node.nick} {number}")
        for node in (anna, bert):
            wait_until(lambda node=node: len(shown(node)) == 6, f"all posts at {node.nick}", 60)
            wait_until(lambda node=node: node.status()["unpublished"] == 0, "all published", 60)

    def post(self, node: NodeProcess, text: str) -> None:
        with node.connect() as client:
            assert client.post(BOARD, text, f"The text of {text}", sender=node.sender).code == 240

    def damage(self, node: NodeProcess, statement: str) -> None:
        with closing(sqlite3.connect(node.home / home.STORE_FILE)) as database, database:
            assert database.execute(statement).rowcount > 0


def shown(node: NodeProcess) -> dict[int, tuple[str, str]]:
    """Subject and text by number, of what can be read."""
    found: dict[int, tuple[str, str]] = {}
    with node.connect() as client:
        client.group(BOARD)
        for row in client.over():
            found[row.number] = row.subject, client.article(row.number).get_content().strip()
    return found


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        NodeProcess(tmp_path / "bert", "bert", net=net) as bert,
    ):
        yield Pair(tmp_path, anna, bert)


def test_a_backup_of_a_running_node_is_restored_with_its_numbers(pair: Pair) -> None:
    file = pair.tmp_path / "stick.sqlite"
    before = shown(pair.bert)
    pair.bert.call("backup", str(file))
    pair.post(pair.anna, "later")
    wait_until(lambda: len(shown(pair.bert)) == 7, "a later post")
    pair.bert.kill()
    store = pair.bert.home / home.STORE_FILE
    for name in ("", "-wal", "-shm"):
        store.with_name(store.name + name).unlink(missing_ok=True)
    shutil.copy(file, store)
    assert "All is well" in pair.bert.call("check")
    pair.bert.start()
    wait_until(lambda: len(shown(pair.bert)) == 7, "the later post once more", 60)
    assert before.items() <= shown(pair.bert).items()


def test_a_running_node_mends_what_is_damaged_of_others(pair: Pair) -> None:
    before = shown(pair.bert)
    pair.damage(pair.bert, GARBLED.format("anna"))
    with pytest.raises(CommandRefused, match=r"posts from .*, 3 lines .* of anna"):
        pair.bert.call("check")
    assert "1 people" in pair.bert.call("check", "--repair")
    wait_until(lambda: shown(pair.bert) == before, "anna's posts, fetched again", 60)
    assert "All is well" in pair.bert.call("check")


def test_what_is_damaged_of_ones_own_comes_back_from_those_who_have_it(pair: Pair) -> None:
    before = shown(pair.bert)
    pair.damage(pair.bert, GARBLED.format("bert"))
    with pytest.raises(CommandRefused, match="stop the node"):
        pair.bert.call("check", "--repair")
    pair.bert.stop()
    pair.bert.call("check", "--repair")
    pair.bert.start()
    wait_until(lambda: shown(pair.bert) == before, "own posts, from anna", 60)
    pair.post(pair.bert, "afterwards")
    wait_until(lambda: len(shown(pair.anna)) == 7, "everything at anna's", 60)
    assert "All is well" in pair.bert.call("check")
    assert "fork" not in pair.anna.do("why bert")


def test_a_file_with_a_bad_page_is_replaced_by_what_can_be_read(pair: Pair) -> None:
    before = shown(pair.bert)
    pair.bert.stop()
    store = pair.bert.home / home.STORE_FILE
    with closing(sqlite3.connect(store)) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'overview'").fetchone()
    with store.open("r+b") as raw:
        raw.seek((root - 1) * 4096)
        raw.write(b"\xa5" * 4096)
    with pytest.raises(CommandRefused, match="overview"):
        pair.bert.call("check")
    assert "store.damaged" in pair.bert.call("check", "--repair")
    assert "All is well" in pair.bert.call("check")
    pair.bert.start()
    assert shown(pair.bert) == before
    pair.post(pair.bert, "afterwards")
    wait_until(lambda: len(shown(pair.anna)) == 7, "everything at anna's", 60)
