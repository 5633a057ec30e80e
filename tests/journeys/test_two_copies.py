"""One key on two machines, with real processes: both live, both write, nobody loses anything, and the owner is warned.

Each machine has a directory of sockets of its own; anna's socket is in both, so she and the two copies of bert meet as
they would over Tor.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journeys.boards import BOARD, text_of
from tests.journeys.boards import sorted_subjects as subjects
from tests.node_process import NodeProcess, wait_until

pytestmark = pytest.mark.slow
WARNING = "A version of your own manifest that this node has not made"


@dataclass(frozen=True)
class Trio:
    anna: NodeProcess
    bert: NodeProcess
    copy: NodeProcess


def post(node: NodeProcess, text: str) -> None:
    with node.connect() as client:
        assert client.post(BOARD, text, "x", sender=node.sender).code == 240
    wait_until(lambda: node.status()["unpublished"] == 0, "it to be published", 60)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Trio]:
    """anna and bert, who follow each other, and a copy of bert that is up to date."""
    net, other = tmp_path / "net", tmp_path / "far"
    with (
        NodeProcess(tmp_path / "anna", "anna", net=net) as anna,
        NodeProcess(tmp_path / "bert", "bert", net=net) as bert,
    ):
        anna.do(f"follow {bert.invite()}")
        bert.do(f"follow {anna.invite()}")
        bert.do(f"board add {BOARD}")
        post(bert, "Before")
        wait_until(lambda: subjects(anna) == ["Before"], "bert's post at anna's", 60)
        bert.stop()
        copy = NodeProcess(tmp_path / "copy", "bert", net=other)
        shutil.copytree(bert.home, copy.home)
        other.mkdir()
        (other / f"{anna.identity[:16]}.sock").symlink_to(net / f"{anna.identity[:16]}.sock")
        bert.start()
        copy.start()
        try:
            for node in (bert, copy):
                wait_until(lambda node=node: not node.status()["waits"], "anna to have told the newest version", 60)
            yield Trio(anna, bert, copy)
        finally:
            copy.stop()


def test_fork_and_heal(nodes: Trio) -> None:
    """Whether anna hears of the fork is chance: bert's nodes may have healed it before she sees both versions."""
    nodes.anna.stop()
    post(nodes.bert, "From the one machine")
    post(nodes.copy, "From the other")
    nodes.anna.start()
    everything = ["Before", "From the one machine", "From the other"]
    for name, node in vars(nodes).items():
        wait_until(lambda node=node: subjects(node) == everything, f"all posts at {name}'s", 120)
    wait_until(lambda: WARNING in text_of(nodes.bert, "zb.log") + text_of(nodes.copy, "zb.log"), "the warning", 60)
    wait_until(lambda: "two versions" not in text_of(nodes.anna, "zb.people"), "the mark to be cleared", 120)


def test_two_live_copies_take_turns_and_lose_nothing(nodes: Trio) -> None:
    written = ["Before"]
    for number in range(3):
        for node, name in ((nodes.bert, "one"), (nodes.copy, "other")):
            written.append(f"From the {name} {number}")
            post(node, written[-1])
    for name, node in vars(nodes).items():
        wait_until(lambda node=node: subjects(node) == sorted(written), f"all posts at {name}'s", 120)
    wait_until(lambda: WARNING in text_of(nodes.bert, "zb.log"), "the warning", 60)
    seqs = [node.status()["published_seq"] for node in (nodes.bert, nodes.copy)]
    wait_until(lambda: seqs == [it.status()["published_seq"] for it in (nodes.bert, nodes.copy)], "peace", 5)
