"""Newsreaders under test get a real node, on the local transport, with one board and one thread in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_process import NodeProcess

BOARD = "test.talk"
SUBJECT = "Of lighthouses"
BODY = "The lamp is lit at dusk.\n\nGrüße vom Leuchtturm\n.A line that starts with a dot."


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node of `anna`."""
    with NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net") as running:
        running.do(f"board add {BOARD} A place to talk")
        yield running


@pytest.fixture
def thread(node: NodeProcess) -> str:
    """The id of a thread on the board, posted by a plain client."""
    with node.connect() as client:
        status = client.post(BOARD, SUBJECT, BODY, sender=node.sender)
    assert status.code == 240, status
    return status.message_id


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """The home directory of somebody who runs a newsreader."""
    home = tmp_path / "person"
    home.mkdir()
    return home
