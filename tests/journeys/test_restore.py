"""A key without its store: nothing is taken back from the world; own posts come home from those one follows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow
BOARD = "test.talk"


def subjects(node: NodeProcess) -> list[str]:
    with node.connect() as client:
        if BOARD not in client.groups():
            return []
        client.group(BOARD)
        return sorted(row.subject for row in client.over())


def test_posts_come_home_to_a_restored_key(tmp_path: Path) -> None:
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        NodeProcess(tmp_path / "bert", "bert", net=net) as bert,
    ):
        anna.do(f"follow {bert.invite()}")
        bert.do(f"follow {anna.invite()}")
        bert.do(f"board add {BOARD}")
        with bert.connect() as client:
            for number in range(3):
                assert client.post(BOARD, f"Post {number}", "x", sender=bert.sender).code == 240
        wait_until(lambda: len(subjects(anna)) == 3, "bert's posts at anna's", 60)
        bert.stop()
        again = NodeProcess(tmp_path / "bert-again", "bert", net=net)
        again.home.mkdir(mode=0o700)
        shutil.copy2(bert.home / "key.json", again.home / "key.json")
        again.start()
        try:
            assert "nothing is published" in again.output
            again.do(f"follow {anna.invite()}")
            wait_until(lambda: len(subjects(again)) == 3, "bert's own posts to come back", 90)
            assert len(subjects(anna)) == 3
            again.do(f"board add {BOARD}")
            with again.connect() as client:
                assert client.post(BOARD, "I am back", "x", sender=again.sender).code == 240
            wait_until(lambda: "I am back" in subjects(anna), "bert's new post at anna's", 60)
            assert len(subjects(anna)) == 4
        finally:
            again.stop()
