"""A whole node whose tor stops answering: newsreaders notice nothing, and the onion comes back."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.node_process import NodeProcess, wait_until
from tests.tor.onions import find_process, tor_node

pytestmark = [pytest.mark.tor, pytest.mark.slow]


def test_newsreaders_are_served_while_tor_is_stopped_or_gone(tmp_path: Path, network_torrc: Sequence[str]) -> None:
    node = tor_node(tmp_path, "anna", network_torrc)
    node.start()
    try:
        wait_reachable(node)
        node.do("board add test.talk")
        stopped = find_process(node.home / "tor")
        assert stopped
        os.kill(stopped, signal.SIGSTOP)
        post_and_read(node, 1)
        os.kill(stopped, signal.SIGCONT)
        wait_reachable(node)
        os.kill(stopped, signal.SIGKILL)
        post_and_read(node, 2)
        wait_until(lambda: find_process(node.home / "tor") not in (None, stopped), "another tor", 30)
        wait_reachable(node)
    finally:
        assert node.stop() == 0


def wait_reachable(node: NodeProcess) -> None:
    wait_until(lambda: "is reachable" in node.status()["tor"], "the onion to be published", 90)


def post_and_read(node: NodeProcess, count: int) -> None:
    with node.connect() as reader:
        assert reader.post("test.talk", f"Post {count}", "x", sender=node.sender).code == 240
        assert reader.group("test.talk").count == count
