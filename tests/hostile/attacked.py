"""A real node that follows hostile peers, what it costs that node, and what of an honest friend's posts arrives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.hostile.modes import MODES
from tests.ingest.forging import Forger
from tests.node_process import ROOT, NodeProcess, wait_until
from zbnntp.model.keys import identity_text

BOARD = "test.talk"
NAME_CHARACTERS = 16  # of a node's socket
TICK = os.sysconf("SC_CLK_TCK")


class Attack:
    """The hostile peer as a process, in these modes."""

    def __init__(self, victim: NodeProcess, net: Path, modes: Iterable[str]) -> None:
        self.modes = tuple(modes)
        identity = victim.identity
        at = (str(net), identity[:NAME_CHARACTERS], identity)
        command = [sys.executable, "-m", "tests.hostile", *at, *self.modes]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.counts: dict[str, Counter[str]] = {}
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as printed:
            for line in printed:
                self.counts = {mode: Counter(counts) for mode, counts in json.loads(line).items()}

    def wait(self, mode: str, what: str, times: int, seconds: float = 60) -> None:
        """Until it has done that so often."""
        wait_until(lambda: self.counts.get(mode, Counter())[what] >= times, f"{times} {what} of {mode}", seconds)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stand_still(self) -> None:
        """Nothing is done, and nothing closed."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self.go_on()
        self._process.terminate()
        self._process.wait(10)
        self._reader.join(10)


def link_of(mode: str) -> str:
    """Where the hostile peer is found in that mode."""
    return f"zb:{identity_text(Forger(mode).identity)}@local:{mode}"


@contextmanager
def attacking(victim: NodeProcess, net: Path, *modes: str) -> Iterator[Attack]:
    """A victim that has made friends with the hostile peer, whose posts it wants."""
    attack = Attack(victim, net, modes or MODES)
    try:
        for mode in attack.modes:
            wait_until((net / f"{mode}.sock").exists, f"the socket of {mode}")
            victim.do(f"follow {link_of(mode)} 50 list 50")
        yield attack
    finally:
        attack.end()
        for mode in attack.modes:
            victim.do(f"untrust {identity_text(Forger(mode).identity)}")


@dataclass(frozen=True)
class Cost:
    """What a node has taken so far."""

    at: float
    cpu_seconds: float
    memory_octets: int
    disk_octets: int


def cost_of(node: NodeProcess) -> Cost:
    """Of its process, and on its disk."""
    proc = Path("/proc") / str(node.pid)
    fields = proc.joinpath("stat").read_text().rpartition(")")[2].split()
    resident = int(proc.joinpath("statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    disk = 0
    for place in node.home.rglob("*"):
        if place.is_file():
            disk += place.stat().st_size
    return Cost(time.monotonic(), (int(fields[11]) + int(fields[12])) / TICK, resident, disk)


def shown(node: NodeProcess, board: str = BOARD) -> list[str]:
    """All subjects on the board."""
    with node.connect() as client:
        client.group(board)
        return [row.subject for row in client.over()]


def arrival_seconds(sender: NodeProcess, reader: NodeProcess, subject: str, seconds: float = 60) -> float:
    """How long it takes from the posting to where others read it."""
    with sender.connect() as writing, reader.connect() as reading:
        posted = writing.post(BOARD, subject, "I am no peer of theirs.\n", sender=sender.sender)
        assert posted.code == 240, posted
        began = time.monotonic()
        wait_until(
            lambda: reading.command(f"STAT {posted.message_id}").code == 223, f"{subject} at {reader.nick}'s", seconds
        )
        return time.monotonic() - began


def answer_seconds(node: NodeProcess, times: int = 50) -> float:
    """The median of GROUP and OVER."""
    with node.connect() as client:
        took = []
        for _ in range(times):
            began = time.monotonic()
            client.group(BOARD)
            client.over("1-50")
            took.append(time.monotonic() - began)
    return median(took)


def by_mode(counts: Mapping[str, Counter[str]]) -> str:
    return "; ".join(f"{mode}: {dict(found)}" for mode, found in counts.items())
