"""Backups put to use, with real processes: a key alone, an old store, a copied home, and what their owner is told."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.boards import BOARD, text_of
from tests.journeys.boards import sorted_subjects as subjects
from tests.node_process import CommandRefused, NodeProcess, wait_until

pytestmark = pytest.mark.slow


def speaks_of_forks(node: NodeProcess) -> bool:
    return "two versions" in text_of(node, "zb.people") + text_of(node, "zb.log")


def post(node: NodeProcess, *texts: str) -> None:
    with node.connect() as client:
        for text in texts:
            assert client.post(BOARD, text, "x", sender=node.sender).code == 240


def published(node: NodeProcess) -> int:
    """The seq of the newest head, once nothing waits any more."""
    wait_until(lambda: node.status()["unpublished"] == 0, "everything published", 60)
    return int(node.status()["published_seq"])


@contextmanager
def started(home: Path, net: Path) -> Iterator[NodeProcess]:
    """A node in a home that is there already."""
    node = NodeProcess(home, "bert", net=net)
    node.start()
    try:
        yield node
    finally:
        node.stop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[NodeProcess, NodeProcess]]:
    """anna and bert, who follow each other; bert has written three posts."""
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        NodeProcess(tmp_path / "bert", "bert", net=net) as bert,
    ):
        anna.do(f"follow {bert.invite()}")
        bert.do(f"follow {anna.invite()}")
        bert.do(f"board add {BOARD}")
        post(bert, "Post 0", "Post 1", "Post 2")
        wait_until(lambda: len(subjects(anna)) == 3, "bert's posts at anna's", 60)
        published(bert)
        yield anna, bert


def test_restore_with_only_the_key(pair: tuple[NodeProcess, NodeProcess], tmp_path: Path) -> None:
    anna, bert = pair
    seq = published(bert)
    bert.do("nick Bertold")
    wait_until(lambda: published(bert) > seq, "the new name published", 60)
    wait_until(lambda: "Bertold" in anna.do(f"why {bert.identity}"), "the new name at anna's", 60)
    bert.stop()
    shutil.copy(bert.home / "key.json", tmp_path / "stick.json")
    again = NodeProcess(tmp_path / "again", "Bertold", net=tmp_path / "net")
    assert "asks 1 friend" in again.restore(tmp_path / "stick.json", anna.invite())
    again.start()
    try:
        assert "nothing is published" in again.output
        assert "back; asking " in again.output, "whom it asks"
        wait_until(lambda: len(subjects(again)) == 3, "bert's own posts to come back", 60)
        wait_until(lambda: not again.status()["waits"], "the newest version to be known", 60)
        assert again.status()["nick"] == "Bertold"
        assert again.status()["people"]["fetched"] == 1  # his ratings came back too, and with them anna
        again.do(f"board add {BOARD}")
        post(again, "I am back")
        wait_until(lambda: len(subjects(anna)) == 4, "bert's new post at anna's", 60)
        assert "has come back" in text_of(again, "zb.log")
        assert not speaks_of_forks(anna)
    finally:
        again.stop()


def test_a_restored_key_waits_for_its_manifest_until_somebody_is_followed(
    pair: tuple[NodeProcess, NodeProcess], tmp_path: Path
) -> None:
    anna, bert = pair
    bert.stop()
    again = NodeProcess(tmp_path / "again", "bert", net=tmp_path / "net")
    assert "nobody to ask yet" in again.restore(bert.home / "key.json") or (bert.home / "friends").exists()
    (again.home / "friends").unlink(missing_ok=True)
    with started(again.home, tmp_path / "net") as again:
        assert "there is nobody to ask" in again.output
        again.do(f"board add {BOARD}")
        post(again, "Too early")
        assert "nothing is published until your own manifest has come back" in again.do("status")
        assert again.status()["unpublished"] == 1
        again.do(f"follow {anna.invite()}")
        wait_until(lambda: len(subjects(anna)) == 4, "the old posts kept, the new one published", 60)
        assert subjects(again) == ["Post 0", "Post 1", "Post 2", "Too early"]


def test_restore_asks_the_friends_whose_links_lie_beside_the_key(
    pair: tuple[NodeProcess, NodeProcess], tmp_path: Path
) -> None:
    anna, bert = pair
    friends = bert.home / "friends"
    wait_until(friends.exists, "anna's link beside bert's key", 40)
    assert friends.read_text() == f"{anna.invite()}\n"
    bert.stop()
    again = NodeProcess(tmp_path / "again", "bert", net=tmp_path / "net")
    assert "asks 1 friend" in again.restore(bert.home / "key.json")
    with started(again.home, tmp_path / "net") as again:
        wait_until(lambda: len(subjects(again)) == 3, "bert's own posts to come back", 60)


def test_an_old_store_is_brought_up_to_date_before_anything_is_published(
    pair: tuple[NodeProcess, NodeProcess], tmp_path: Path
) -> None:
    anna, bert = pair
    bert.stop()
    shutil.copytree(bert.home, tmp_path / "backup")
    bert.start()
    post(bert, "After the backup")
    wait_until(lambda: len(subjects(anna)) == 4, "the newer post at anna's", 60)
    bert.stop()
    shutil.copy(tmp_path / "backup" / "store.sqlite", bert.home / "store.sqlite")
    for name in ("store.sqlite-wal", "store.sqlite-shm"):
        (bert.home / name).unlink(missing_ok=True)
    bert.start()
    wait_until(lambda: len(subjects(bert)) == 4, "the newer post to come back", 60)
    post(bert, "And on")
    wait_until(lambda: len(subjects(anna)) == 5, "nothing lost at anna's", 60)
    assert not speaks_of_forks(anna)


def test_a_copied_home_waits_while_nobody_can_be_asked(pair: tuple[NodeProcess, NodeProcess], tmp_path: Path) -> None:
    anna, bert = pair
    bert.stop()
    shutil.copytree(bert.home, tmp_path / "backup")
    bert.start()
    post(bert, "After the backup")
    wait_until(lambda: len(subjects(anna)) == 4, "the newer post at anna's", 60)
    bert.stop()
    anna.stop()
    with started(tmp_path / "backup", tmp_path / "net") as old:
        post(old, "From the backup")
        wait_until(lambda: "of 1 asked nobody has it or answers" in old.do("status"), "the sentence about friends", 30)
        assert old.status()["unpublished"] == 1
        wait_until(lambda: "nothing is published" in text_of(old, "zb.log"), "the same in zb.log", 30)
        anna.start()
        wait_until(lambda: len(subjects(anna)) == 5, "both posts at anna's", 90)
        assert subjects(old) == ["After the backup", "From the backup", "Post 0", "Post 1", "Post 2"]


def test_publish_anew_ends_the_waiting(pair: tuple[NodeProcess, NodeProcess], tmp_path: Path) -> None:
    anna, bert = pair
    bert.stop()
    anna.stop()
    again = NodeProcess(tmp_path / "again", "bert", args=("--local-net", str(tmp_path / "net"), "--publish-anew"))
    again.restore(bert.home / "key.json")
    again.start()
    try:
        assert not again.status()["waits"]
        assert published(again) > 0
    finally:
        again.stop()


def test_a_key_and_an_export_are_enough_without_any_friend(
    pair: tuple[NodeProcess, NodeProcess], tmp_path: Path
) -> None:
    anna, bert = pair
    bert.call("export", str(tmp_path / "bert.zb"))
    bert.stop()
    anna.stop()
    again = NodeProcess(tmp_path / "again", "bert", args=("--local-net", str(tmp_path / "net"), "--publish-anew"))
    again.restore(bert.home / "key.json")
    again.call("import", str(tmp_path / "bert.zb"))
    again.start()
    try:
        assert subjects(again) == ["Post 0", "Post 1", "Post 2"]
        again.do(f"board add {BOARD}")
        post(again, "From the stick")
        published(again)
        anna.start()
        wait_until(lambda: len(subjects(anna)) == 4, "all four at anna's", 90)
        assert not speaks_of_forks(anna)
    finally:
        again.stop()


def test_restore_refuses_what_is_no_key_and_a_home_that_has_one(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "bert", "bert")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CommandRefused, match="is damaged"):
        node.restore(tmp_path / "text")
    with pytest.raises(CommandRefused, match="a link looks like"):
        node.restore(tmp_path / "text", "zb:nobody")
    node.init()
    with pytest.raises(CommandRefused, match=re.escape("holds an identity already")):
        node.restore(node.home / "key.json")
