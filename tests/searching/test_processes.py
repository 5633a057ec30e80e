"""Real processes: a search beside a running node, through the node, and after it has stopped."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from tests.node_process import CommandRefused, NodeProcess

pytestmark = pytest.mark.slow
POSTS = 30
HELD_MOST_SECONDS = 0.5  # this machine may be busy; what a step takes is tested elsewhere


def test_the_same_is_found_beside_a_node_through_it_and_without_it(tmp_path: Path) -> None:
    with NodeProcess(tmp_path / "anna", "anna") as anna:
        anna.do("board add test.talk")
        with anna.connect() as client:
            status = client.post("test.talk", "Kernel", "It panics.", sender=anna.sender)
            assert status.code == 240
            beside = anna.call("search", "kernel", "panics")
            link = re.search(r"<news:([^>]+)>", beside)
            assert link
            client.group("test.talk")
            assert client.article(f"<{link[1]}>")["Subject"] == "Kernel"
        assert anna.do("search kernel panics") == beside
        anna.stop()
        assert anna.call("search", "kernel", "panics") == beside
        with pytest.raises(CommandRefused, match="Nothing was found"):
            anna.call("search", "nothing")


def test_newsreaders_are_served_while_a_search_goes_on(tmp_path: Path) -> None:
    with NodeProcess(tmp_path / "anna", "anna") as anna:
        anna.do("board add test.talk")
        with anna.connect() as client:
            for number in range(POSTS):
                client.post("test.talk", f"Post {number}", "the same words " * 4_000, sender=anna.sender)
            said: list[str] = []
            searching = threading.Thread(target=lambda: said.append(anna.do('search "the the words"')))
            searching.start()
            longest = 0.0
            while searching.is_alive():
                began = time.perf_counter()
                client.group("test.talk")
                longest = max(longest, time.perf_counter() - began)
        assert "Nothing was found" in said[0]
        assert longest < HELD_MOST_SECONDS
