"""All modes at once against one node with readers: how much later honest posts come, and answers to newsreaders.

`python -m tests.hostile.together [ROUNDS]` prints the table. Undisturbed and disturbed times take turns, so that a
machine that does other things does them to both; the attacker stands still meanwhile, with all his connections. He is
a machine of his own: here he takes only what processor nobody else wants.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median

import trio

from tests.hostile.attacked import BOARD, Attack, Cost, arrival_seconds, attacking, by_mode, cost_of
from tests.node_process import NodeProcess, wait_until

READERS = 100
READER_PAUSE_SECONDS = 2.0  # at most, between two questions of one reader
PHASE_SECONDS = 6.0
FRIENDS = 3  # each writes so seldom that what they write is published at once
ARTICLES = 50
QUESTIONS = {"GROUP": (b"GROUP %b\r\n", b"\r\n"), "OVER": (b"OVER 1-%d\r\n" % ARTICLES, b"\r\n.\r\n")}


@dataclass
class Phase:
    """What was measured in all undisturbed times, or in all disturbed ones. Seconds."""

    arrivals: list[float] = field(default_factory=list)
    answers: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in QUESTIONS})


@dataclass
class Outcome:
    quiet: Phase
    loud: Phase
    before: Cost
    after: Cost
    done: str

    def ratios(self) -> dict[str, float]:
        """Disturbed to undisturbed, of medians."""
        found = {name: median(self.loud.answers[name]) / median(self.quiet.answers[name]) for name in QUESTIONS}
        return found | {"arrival": median(self.loud.arrivals) / median(self.quiet.arrivals)}


class Readers:
    """Newsreaders, each with a connection, who ask again and again. `phase` is where their times go."""

    def __init__(self, node: NodeProcess, phase: Phase) -> None:
        self.phase, self._node = phase, node
        self._thread = threading.Thread(target=trio.run, args=(self._read,))
        self._ending = threading.Event()

    @contextmanager
    def reading(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._thread.join()

    async def _read(self) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(READERS):
                nursery.start_soon(self._read_on, random.Random(number))

    async def _read_on(self, rng: random.Random) -> None:
        async with await trio.open_tcp_stream(self._node.host, self._node.port) as stream:
            await stream.receive_some()
            while not self._ending.is_set():
                for name, (question, end) in QUESTIONS.items():
                    began, answer = time.perf_counter(), b""
                    await stream.send_all(question % BOARD.encode() if b"%b" in question else question)
                    while not answer.endswith(end):
                        answer += await stream.receive_some()
                    self.phase.answers[name].append(time.perf_counter() - began)
                await trio.sleep(rng.uniform(0, READER_PAUSE_SECONDS))


def measure(place: Path, rounds: int) -> Outcome:
    """So many times undisturbed and disturbed; `place` is an empty directory."""
    net = place / "n"
    with ExitStack() as stack:
        names = ["vera", *(f"friend{number}" for number in range(FRIENDS))]
        vera, *friends = (stack.enter_context(NodeProcess(place / name, name, net=net)) for name in names)
        _befriend(vera, friends)
        attack = stack.enter_context(attacking(vera, net))
        quiet, loud = Phase(), Phase()
        readers = Readers(vera, quiet)
        stack.enter_context(readers.reading())
        os.setpriority(os.PRIO_PROCESS, attack.pid, 19)
        before, turns = cost_of(vera), cycle(friends)
        for number in range(rounds):
            for phase, going in ((quiet, False), (loud, True)):
                with _still(attack, going):
                    readers.phase = phase
                    _spend(phase, next(turns), vera, f"{number} {going}")
        return Outcome(quiet, loud, before, cost_of(vera), by_mode(attack.counts))


def _befriend(vera: NodeProcess, friends: list[NodeProcess]) -> None:
    """All follow each other, and the board has articles."""
    vera.do(f"board add {BOARD}")
    for node in friends:
        vera.do(f"follow {node.invite()} 80 list 80")
        node.do(f"board add {BOARD}\nfollow {vera.invite()} 80 list 80")
    with vera.connect() as client:
        for number in range(ARTICLES):
            client.post(BOARD, f"article {number}", "x", sender=vera.sender)
    for node in friends:
        arrival_seconds(node, vera, f"first of {node.nick}")


@contextmanager
def _still(attack: Attack, going: bool) -> Iterator[None]:
    attack.go_on() if going else attack.stand_still()
    yield


def _spend(phase: Phase, friend: NodeProcess, vera: NodeProcess, name: str) -> None:
    began = time.monotonic()
    time.sleep(PHASE_SECONDS / 4)  # until what was begun before is over
    phase.arrivals.append(arrival_seconds(friend, vera, name))
    wait_until(lambda: time.monotonic() - began > PHASE_SECONDS, "the end of the time")


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="zbh") as place:
        found = measure(Path(place), rounds)
    print(f"{'':10}{'undisturbed':>14}{'disturbed':>12}{'ratio':>8}   times")
    for name, ratio in found.ratios().items():
        quiet, loud = (it.answers.get(name, it.arrivals) for it in (found.quiet, found.loud))
        print(f"{name:10}{median(quiet):12.6f} s{median(loud):10.6f} s{ratio:8.2f}   {len(quiet)}, {len(loud)}")
    spent = found.after.cpu_seconds - found.before.cpu_seconds
    print(f"processor {spent / (found.after.at - found.before.at):.0%} of a core", end="; ")
    print(f"memory {(found.after.memory_octets - found.before.memory_octets) / 1e6:+.1f} MB", end="; ")
    print(f"disk {(found.after.disk_octets - found.before.disk_octets) / 1e6:+.1f} MB")
    print(found.done)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
