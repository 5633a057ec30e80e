"""Threads with hidden middles and hidden openings are shown as threads: References name whoever is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import BOARD, set_up
from tests.clients.slrn import Header, Slrn
from tests.clients.thunderbird import Thunderbird
from tests.clients.tin import Thread, Tin
from tests.clients.torn import KNOTS, ROPES, tear
from tests.node_process import NodeProcess
from tests.programs import need

pytestmark = [pytest.mark.client, pytest.mark.slow]


@pytest.fixture
def torn(tmp_path: Path) -> Iterator[NodeProcess]:
    """A running node of `anna`, whose store has threads with holes."""
    node = NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net")
    node.init()
    tear(node.home)
    node.start()
    with node.connect() as client:
        client.group(BOARD)
        assert [row.subject for row in client.over()].count(f"Re: {KNOTS}") == 3
    yield node
    node.stop()


def test_slrn_opens_a_thread_at_the_placeholder_of_its_opening(tmp_path: Path, person: Path) -> None:
    need("slrn")
    node = NodeProcess(tmp_path / "anna", "anna", net=tmp_path / "net")
    node.init()
    tear(node.home, banned=False)
    node.start()
    with Slrn(person, set_up(node, "slrn")) as slrn:
        rows = slrn.open_group(BOARD)
        text = slrn.read(rows[0].author, KNOTS)
    node.stop()
    assert (rows[0].subject, rows[0].depth) == (KNOTS, 0)
    assert "The text of this post is not here" in text


def test_slrn(torn: NodeProcess, person: Path) -> None:
    need("slrn")
    with Slrn(person, set_up(torn, "slrn")) as slrn:
        rows = slrn.open_group(BOARD)
    assert rows == [
        Header("carl", f"┌┬─Re: {KNOTS}", 0),  # how slrn draws a thread whose opening it does not have
        Header("bert", f"Re: {KNOTS}", 4),
        Header("carl", f"Re: {KNOTS}", 2),
        Header("bert", ROPES, 0),
        Header("carl", f"Re: {ROPES}", 2),
        Header("bert", f"Re: {ROPES}", 4),
    ]


def test_tin(torn: NodeProcess, person: Path) -> None:
    need("tin")
    with Tin(person, set_up(torn, "tin"), BOARD) as tin:
        rows = tin.open_group()
    assert rows == [Thread(ROPES, "bert", 3), Thread(KNOTS, "carl", 3)]


def test_thunderbird(torn: NodeProcess, person: Path) -> None:
    need("thunderbird")
    with Thunderbird(person, set_up(torn, "thunderbird")) as thunderbird:
        thunderbird.subscribe(BOARD)
        rows = [(row.author.split(" ")[0], row.subject, row.depth) for row in thunderbird.open_group(BOARD)]
    assert rows == [
        ("carl", f"Re: {KNOTS}", 0),
        ("bert", f"Re: {KNOTS}", 1),
        ("carl", f"Re: {KNOTS}", 1),
        ("bert", ROPES, 0),
        ("carl", f"Re: {ROPES}", 1),
        ("bert", f"Re: {ROPES}", 2),
    ]
