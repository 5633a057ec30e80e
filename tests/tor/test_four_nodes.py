"""Four whole nodes on the private Tor network, in a chain of trust: a post reaches all, whoever dies meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests.node_process import NodeProcess, wait_until
from tests.tor.onions import find_process, tor_node

pytestmark = [pytest.mark.tor, pytest.mark.slow]
BOARD = "test.talk"
NICKS = ("anna", "bert", "carl", "dora")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, network_torrc: Sequence[str]) -> Iterator[list[NodeProcess]]:
    """anna <-> bert <-> carl <-> dora."""
    folder = tmp_path_factory.mktemp("four")
    with ExitStack() as stack:
        found = [tor_node(folder, nick, network_torrc) for nick in NICKS]
        for node in found:
            node.start()
            stack.callback(lambda it=node: it.running and it.stop())
        for node in found:
            wait_until(lambda it=node: "reachable" in it.status()["tor"], f"{node.nick}'s onion", 120, pause=1)
            node.do(f"board add {BOARD}")
        for one, other in pairwise(found):
            one.do(f"follow {other.invite()} 80 list 80")
            other.do(f"follow {one.invite()} 80 list 80")
        yield found


def post(node: NodeProcess, subject: str) -> None:
    with node.connect() as client:
        assert client.post(BOARD, subject, "x", sender=node.sender).code == 240


def wait_seen(nodes: Sequence[NodeProcess], subject: str, seconds: float = 120) -> list[float]:
    """How long each took to show it, in seconds."""
    begun, taken = time.monotonic(), []
    for node in nodes:

        def shown(node: NodeProcess = node) -> bool:
            with node.connect() as client:
                client.group(BOARD)
                return subject in [row.subject for row in client.over()]

        wait_until(shown, f"{subject!r} at {node.nick}'s", seconds, pause=0.5)
        taken.append(time.monotonic() - begun)
    return taken


def test_a_post_reaches_all_three_hops_away_within_a_minute(nodes: list[NodeProcess]) -> None:
    anna, *others = nodes
    post(anna, "Who reads me?")
    wait_seen(others, "Who reads me?")  # people get to know each other
    post(anna, "And now?")
    assert max(wait_seen(others, "And now?")) < 60


def test_a_post_reaches_all_after_its_authors_tor_was_killed(nodes: list[NodeProcess]) -> None:
    anna, *others = nodes
    tor = find_process(anna.home / "tor")
    assert tor
    os.kill(tor, signal.SIGKILL)
    post(anna, "Is my tor back?")
    wait_seen(others, "Is my tor back?")


def test_one_of_four_killed_loses_nothing(nodes: list[NodeProcess]) -> None:
    anna, bert, carl, dora = nodes
    bert.kill()
    post(anna, "Without bert")
    wait_seen([carl, dora], "Without bert")
    anna.kill()
    bert.start()
    wait_seen([bert], "Without bert")
