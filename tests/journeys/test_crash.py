"""kill -9 at random moments while posts are sent: what was answered 240 is there afterwards, once, under its number."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from tests.node_process import NodeProcess

pytestmark = pytest.mark.slow
BOARD = "test.crash"
KILLS = 50
POSTS = 500
WRITERS = 3


class Writers:
    """Several newsreaders that post until the node dies; `kept` are the Message-IDs answered 240, in order."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.sent = 0
        self._lock = threading.Lock()

    def post_until_it_dies(self, node: NodeProcess, sender: str) -> None:
        try:
            with node.connect() as client:
                while True:
                    with self._lock:
                        self.sent += 1
                        number = self.sent
                    answer = client.post(BOARD, f"Post {number}", f"Text {number}", sender=sender)
                    if answer.code != 240:
                        return
                    with self._lock:
                        self.kept[answer.message_id] = f"Post {number}"
        except OSError:
            return


def shown(node: NodeProcess) -> dict[str, tuple[int, str]]:
    """Number and subject by Message-ID; fails when an article stands twice."""
    with node.connect() as client:
        client.group(BOARD)
        rows = client.over()
    found = {row.message_id: (row.number, row.subject) for row in rows}
    assert len(found) == len(rows)
    assert len({row.number for row in rows}) == len(rows)
    return found


def test_every_article_answered_240_survives_kill_9(tmp_path: Path) -> None:
    chance = random.Random(20261125)
    writers = Writers()
    numbers: dict[str, int] = {}
    with NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net") as node:
        node.do(f"board add {BOARD}")
        sender = node.sender
        for _ in range(KILLS):
            threads = [threading.Thread(target=writers.post_until_it_dies, args=(node, sender)) for _ in range(WRITERS)]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.005, 0.25))
            node.kill()
            for thread in threads:
                thread.join()
            node.start()
            articles = shown(node)
            for message_id, subject in writers.kept.items():
                assert articles[message_id][1] == subject
            for message_id, number in numbers.items():
                assert articles[message_id][0] == number
            numbers = {message_id: number for message_id, (number, _) in articles.items()}
        assert len(writers.kept) >= POSTS
        with node.connect() as client:
            client.group(BOARD)
            assert client.post(BOARD, "Last", "x", sender=sender).code == 240
        wait_published(node)
        before = shown(node)
        node.restart()
        assert shown(node) == before


def wait_published(node: NodeProcess) -> None:
    """Until nothing waits to be sealed: sealing, too, must change no number."""
    deadline = time.monotonic() + 30
    while node.status()["unpublished"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
