"""A ban that keeps history: pinned first, then rated below 0 - the old posts stay, nothing new comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.boards import BOARD, subjects
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow


def test_a_ban_after_a_pin_keeps_the_old_posts(tmp_path: Path) -> None:
    net = tmp_path / "net"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        NodeProcess(tmp_path / "bert", "bert", net=net) as bert,
    ):
        anna.do(f"board add {BOARD}")
        anna.do(f"follow {bert.invite()}")
        bert.do(f"follow {anna.invite()}")
        with anna.connect() as client:
            assert client.post(BOARD, "Old", "x", sender=anna.sender).code == 240
        wait_until(lambda: subjects(bert) == ["Old"], "the old post at bert's", 60)
        bert.do(f"pin {anna.identity}\ntrust {anna.identity} -100")
        assert subjects(bert) == ["Old"]
        with anna.connect() as client:
            assert client.post(BOARD, "New", "x", sender=anna.sender).code == 240
        wait_until(lambda: anna.status()["unpublished"] == 0, "the new post to be published", 30)
        bert.restart()
        assert subjects(bert) == ["Old"]
        bert.do(f"unpin {anna.identity}")
        assert subjects(bert) == []
        bert.do(f"trust {anna.identity} 50")
        wait_until(lambda: sorted(subjects(bert)) == ["New", "Old"], "both posts at bert's", 90)
