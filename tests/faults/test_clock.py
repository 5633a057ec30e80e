"""Clocks that jump by a year, under a running node and between two starts: nothing is lost, and friends read again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.node_process import NodeProcess, wait_until
from tests.programs import need

pytestmark = pytest.mark.slow
BOARD = "test.talk"
YEAR = 365 * 86_400
LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")


class Shifted(NodeProcess):
    """A node whose clock is `shift` seconds wrong, which can change while it runs."""

    def set_clock(self, shift: int) -> None:
        """Files are replaced whole: a library that reads half of one would be wrong by any time."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(f"{shift:+d}\n")
        fresh.replace(self.clock)

    @property
    def clock(self) -> Path:
        return self.home.with_suffix(".clock")

    def _environment(self) -> dict[str, str]:
        library = next(str(path) for pattern in LIBRARIES for path in Path("/").glob(pattern[1:]))
        return super()._environment() | {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


@pytest.fixture
def nodes(short_dir: Path) -> Iterator[tuple[Shifted, NodeProcess, NodeProcess]]:
    """Anna, whose clock jumps, and two friends who follow her and whom she follows."""
    need("faketime")
    net = short_dir / "net"
    anna = Shifted(short_dir / "anna", "anna", net=net)
    anna.set_clock(0)
    with ExitStack() as stack:
        stack.enter_context(anna)
        friends = [stack.enter_context(NodeProcess(short_dir / it, it, net=net)) for it in ("bert", "carl")]
        anna.do(f"board add {BOARD}")
        for friend in friends:
            anna.do(f"follow {friend.invite()} 80 list 80")
            friend.do(f"follow {anna.invite()} 80 list 80")
        yield anna, friends[0], friends[1]


def post(node: NodeProcess, subject: str) -> str:
    with node.connect() as client:
        answer = client.post(BOARD, subject, "A text")
    assert answer.code == 240, answer
    return answer.message_id


def shown(node: NodeProcess) -> dict[str, tuple[int, str]]:
    """Number and subject by Message-ID."""
    with node.connect() as client:
        if BOARD not in client.groups():
            return {}
        client.group(BOARD)
        return {row.message_id: (row.number, row.subject) for row in client.over()}


def test_a_clock_that_jumps_loses_nothing(nodes: tuple[Shifted, NodeProcess, NodeProcess]) -> None:
    anna, bert, _ = nodes
    kept = {post(anna, "Now")}
    wait_until(lambda: kept <= shown(bert).keys(), "a post of now", 60)
    for shift in (YEAR, -YEAR):
        anna.set_clock(shift)
        kept.add(post(anna, f"While running, {shift}"))
        before = shown(anna)
        assert before.keys() == kept
        anna.kill()
        anna.start()
        kept.add(post(anna, f"After a start, {shift}"))
        assert before.items() <= shown(anna).items()
        anna.set_clock(0)
        anna.restart()
        before = shown(anna)
        assert before.keys() == kept
    assert "All is well" in anna.call("check")
    assert "Traceback" not in anna.output
    last = post(anna, "Now again")
    wait_until(lambda: last in shown(bert), "a post of now after all that", 120)
