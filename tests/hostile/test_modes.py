"""Each mode of the hostile peer against a real node that follows it: what that costs, and what of it is seen.

The node's friend is honest, and what she writes meanwhile arrives as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest

from tests.hostile.attacked import BOARD, arrival_seconds, attacking, cost_of, shown
from tests.hostile.modes import MODES
from tests.node_process import NodeProcess
from zbnntp.model.limits import FIRST_CONTACT_POSTS

pytestmark = pytest.mark.slow
MEMORY_OCTETS = 64 << 20  # that one mode may add; a bundle of 4 MiB is held a few times over while it is read
DISK_OCTETS = 32 << 20  # the first posts of one author, twice: those that go are there until those that come are
CPU_SHARE = 0.6  # of one core
FRIENDS = 3
PATIENCE_SECONDS = 60.0  # a machine that does ten other things

Check = Callable[[list[str]], bool]


@dataclass(frozen=True)
class Row:
    """Long enough is when it has done `what` so many `times`; then `check` holds of the subjects shown."""

    what: str = "versions"
    times: int = 3
    check: Check = lambda subjects: True


def is_one_of_each(subjects: list[str]) -> bool:
    """Of two versions of one number no more than one is shown."""
    numbers = [subject.split()[1] for subject in subjects if re.match(r"left|right", subject)]
    return len(numbers) == len(set(numbers))


ROWS = {
    "forks": Row(times=5, check=is_one_of_each),
    "flood": Row(check=lambda subjects: len(subjects) <= 2 * FIRST_CONTACT_POSTS),
    "endless": Row("changes", 1),
    "bomb": Row("seg", 1),
    "cursors": Row("changes", 2),
    "hugeheads": Row("seg", 1),
    "longlines": Row("head", 1),
    "deep": Row("head", 2),
    "crumbs": Row("head", 2),
    "drip": Row("head", 1),
    "drips": Row("connections", 40),
    "bodies": Row("bodies", 30),
    "storm": Row("connections", 2_000),
    "replay": Row(check=lambda subjects: not any("of the future" in subject for subject in subjects)),
    "mirror": Row("head", 1),
    "lists": Row(),
}


def test_every_mode_has_a_row() -> None:
    assert ROWS.keys() == MODES.keys()


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("h") / "n"


@pytest.fixture(scope="module")
def vera(net: Path) -> Iterator[NodeProcess]:
    """The victim; in the end her store is sound."""
    with NodeProcess(net.parent / "vera", "vera", net=net) as node:
        node.do(f"board add {BOARD}")
        yield node
        assert "All is well" in node.call("check")


@pytest.fixture(scope="module")
def friends(net: Path, vera: NodeProcess) -> Iterator[Iterator[NodeProcess]]:
    """Honest ones, each in turn: who has not written for a while is published at once."""
    with ExitStack() as stack:
        names = [f"friend{number}" for number in range(FRIENDS)]
        nodes = [stack.enter_context(NodeProcess(net.parent / it, it, net=net)) for it in names]
        for node in nodes:
            vera.do(f"follow {node.invite()} 80 list 80")
            node.do(f"board add {BOARD}\nfollow {vera.invite()} 80 list 80")
        yield cycle(nodes)


@pytest.mark.parametrize("mode", MODES)
def test_it_costs_little_and_what_friends_write_arrives(
    vera: NodeProcess, friends: Iterator[NodeProcess], net: Path, mode: str
) -> None:
    row, before = ROWS[mode], shown(vera)
    began = cost_of(vera)
    with attacking(vera, net, mode) as attack:
        attack.wait(mode, row.what, row.times, PATIENCE_SECONDS)
        arrival_seconds(next(friends), vera, f"of a friend, in spite of {mode}", PATIENCE_SECONDS)
        ended, subjects = cost_of(vera), shown(vera)
    assert ended.memory_octets - began.memory_octets < MEMORY_OCTETS
    assert ended.disk_octets - began.disk_octets < DISK_OCTETS
    assert ended.cpu_seconds - began.cpu_seconds < CPU_SHARE * (ended.at - began.at)
    assert row.check(subjects)
    assert set(before) <= set(subjects)
    assert all("of a friend" in it for it in shown(vera)), "whoever is not trusted any more is not shown"
