"""Real processes: a search beside a running node, through the node, and after it has stopped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.node_process import CommandRefused, NodeProcess

pytestmark = pytest.mark.slow


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
