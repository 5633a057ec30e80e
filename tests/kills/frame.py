"""One frame for all kills: something is done, killed at a random moment, and what was promised is looked for.

A `Deed` is one thing a node does. It is struck down again and again; after each blow it says what it finds, in four
counts that have to stay 0: promises that were lost, what stands twice, numbers that became others, complaints of
`zbnntp check`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

AFTER = 1.2  # times as long as the deed takes: the last of this time is after its end
LATER, SOONER = 1.05, 0.8  # how long it takes is learned: four of five kills come in the middle


@dataclass
class Tally:
    """What became of one deed. `cut`: kills in the middle of it; `kept`: promises that were looked for."""

    kills: int = 0
    cut: int = 0
    kept: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    renumbered: list[str] = field(default_factory=list)
    unclean: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        kinds = ("lost", "doubled", "renumbered", "unclean")
        return [f"{kind}: {it}" for kind in kinds for it in getattr(self, kind)]

    def promised(self, said: Iterable[str], found: set[str] | frozenset[str]) -> None:
        """Whatever was said has to be found."""
        for it in said:
            self.kept += 1
            self.lost += [] if it in found else [it]


class Deed(Protocol):
    def strike(self, chance: random.Random, tally: Tally) -> None:
        """Do it, kill it, look."""

    def close(self) -> None:
        """End what still runs."""


class Forked:
    """A deed done by `work` in a process of its own; what it says before it is killed is promised."""

    def __init__(self, directory: Path) -> None:
        self._said = directory / "said"
        self._seconds = 0.0

    def prepare(self) -> None:
        """How it is before, each time."""

    def work(self, say: Callable[[str], None]) -> None:
        raise NotImplementedError

    def look(self, said: Sequence[str], tally: Tally) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing runs."""

    def strike(self, chance: random.Random, tally: Tally) -> None:
        if not self._seconds:
            self.prepare()
            began = time.monotonic()
            self._ended(self._fork())
            self._seconds = time.monotonic() - began
        self.prepare()
        child = self._fork()
        time.sleep(chance.uniform(0, AFTER * self._seconds))
        os.kill(child, signal.SIGKILL)
        cut = self._ended(child)
        self._seconds *= LATER if cut else SOONER
        tally.cut, tally.kills = tally.cut + cut, tally.kills + 1
        self.look(self._said.read_text().splitlines(), tally)

    def _fork(self) -> int:
        said = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        child = os.fork()
        if not child:
            try:
                sys.stdout = open(said, "w", buffering=1, encoding="utf-8")  # noqa: SIM115 - until it is killed
                self.work(lambda text: os.write(said, f"{text}\n".encode()) and None)
                os._exit(0)
            finally:
                os._exit(1)
        os.close(said)
        return child

    def _ended(self, child: int) -> bool:
        """Whether it was killed before its end; one that failed fails the test."""
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or status == 0, f"{type(self).__name__} failed, and was not killed"
        return os.WIFSIGNALED(status)


def campaign(make: Callable[[Path], Deed], directory: Path, times: int, seed: str) -> Tally:
    """So many kills of one deed."""
    chance, tally = random.Random(seed), Tally()
    directory.mkdir()
    deed = make(directory)
    try:
        for _ in range(times):
            deed.strike(chance, tally)
    finally:
        deed.close()
    return tally
