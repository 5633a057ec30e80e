#!/usr/bin/env python3
"""Trust against networkx.pagerank, side by side in one process: times, ratios, memory.

    python bench/trust [PEOPLE ...]        default: 1000 10000 100000 (about two minutes and 2 GB)

The same edges for both; networkx has its graph prebuilt and its default tolerance. Rounds of both take turns, and the
medians count: a neighbour on the machine moves absolute figures, hardly their ratios. Targets are in docs/trust.md.
"""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import networkx
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.trust.world import identity, make_table
from zbnntp.trust.graph import Graph
from zbnntp.trust.policy import Codes, Given, levels
from zbnntp.trust.ranking import rank, tlt_alone
from zbnntp.trust.rows import Rating
from zbnntp.trust.table import Table, load_graph

ROOT = identity(0)
ROUNDS = {1_000: 15, 10_000: 9}  # above: 3
OURS_A_ROUND = 5
TARGETS = {  # by row, from so many people on: the ratio to reach
    "tlt alone": {10_000: 150.0, 100_000: 150.0},
    "one change, same size": {10_000: 50.0, 100_000: 40.0},
    "one change, row grows": {10_000: 50.0, 100_000: 40.0},
    "one change, a new rater": {100_000: 40.0},
    "cold start": {10_000: 5.0, 100_000: 12.0},
    "memory": {100_000: 5.0},
}


class Ours:
    """What a node does: patch, rank, levels, and which of them are other than before."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.graph = load_graph(table)
        self.codes = np.zeros(len(table.names), np.uint8)
        self.tlt = self.mt = np.zeros(len(table.names))
        self.busy = max((identity(number) for number in range(1, 50)), key=lambda it: len(self.graph.ratings(it)))
        self.said = list(self.graph.ratings(self.busy).values())
        self.turn = 0
        self.judge(self.graph)

    def judge(self, graph: Graph) -> list[tuple[float, float, int]]:
        ranking = rank(graph, ROOT)
        own, (tlt, mt, *_) = graph.seen_by(ROOT).own, ranking.values
        before = np.pad(self.codes, (0, len(tlt) - len(self.codes)))
        codes: Codes = levels(graph.names, tlt, mt, Given(own.targets, own.mt, own.tlt), before)
        width = len(self.tlt)
        changed = np.flatnonzero((tlt[:width] != self.tlt) | (mt[:width] != self.mt) | (codes[:width] != self.codes))
        self.codes, self.tlt, self.mt = codes, tlt, mt
        return list(zip(tlt[changed].tolist(), mt[changed].tolist(), codes[changed].tolist(), strict=True))

    def change(self) -> None:
        """The manifest of somebody busy says something else of one person."""
        self.turn += 1
        last = self.said[-1]._replace(mt=0.1 + self.turn % 7 / 10)
        self.graph.patch(self.busy, [*self.said[:-1], last], {})
        self.judge(self.graph)

    def grow(self) -> None:
        """Every time somebody else rates one more person than before."""
        self.turn += 1
        rater = identity(1 + self.turn)
        more = Rating(identity(len(self.table.names) - self.turn), 0.5, 0.1)
        self.graph.patch(rater, [*self.graph.ratings(rater).values(), more], {})
        self.judge(self.graph)

    def join(self) -> None:
        """Somebody new rates as many as the busy one does."""
        self.turn += 1
        self.graph.patch(identity(10**9 + self.turn), self.said, {})
        self.judge(self.graph)

    def start(self) -> None:
        graph = load_graph(self.table)
        ranking = rank(graph, ROOT)
        own, (tlt, mt, *_) = graph.seen_by(ROOT).own, ranking.values
        levels(graph.names, tlt, mt, Given(own.targets, own.mt, own.tlt), np.zeros(len(tlt), np.uint8))

    def tlt_alone(self) -> None:
        tlt_alone(self.graph, ROOT)


def resident() -> int:
    """Octets in memory, without what was freed already."""
    gc.collect()
    with suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def digraph(graph: Graph) -> networkx.DiGraph:
    """The edges over which trust travels, and nothing else."""
    rows = graph.rows()
    raters = np.repeat(rows.raters, rows.sizes)
    real = np.flatnonzero(rows.weights > 0.0)
    made = networkx.DiGraph()
    made.add_nodes_from(graph.names)
    names = graph.names
    for at in range(0, len(real), 100_000):
        part = real[at : at + 100_000]
        columns = (raters[part].tolist(), rows.targets[part].tolist(), rows.weights[part].tolist())
        made.add_weighted_edges_from((names[u], names[v], w) for u, v, w in zip(*columns, strict=True))
    return made


def timed(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def measure(people: int) -> None:
    before = resident()
    table = make_table(people)
    with_table = resident()
    ours = Ours(table)
    our_memory = resident() - with_table
    with_ours = resident()
    theirs = digraph(ours.graph)
    their_memory = resident() - with_ours
    own = {it: said.tlt or 0.0 for it, said in ours.graph.ratings(ROOT).items()}
    jobs = [ours.tlt_alone, ours.change, ours.grow, ours.join, ours.start]
    times: list[list[float]] = [[] for _ in jobs]
    their_times = []
    for _ in range(ROUNDS.get(people, 3)):
        their_times.append(timed(lambda: networkx.pagerank(theirs, personalization=own)))
        for job, found in zip(jobs, times, strict=True):
            found += [timed(job) for _ in range(OURS_A_ROUND)]
    edges = int(ours.graph.rows().used.sum())
    print(f"\n{people:,} people, {edges:,} ratings and replies, {theirs.number_of_edges():,} edges of trust")
    print(f"{'networkx.pagerank':26} {1000 * median(their_times):10.1f} ms")
    for name, found in zip(TARGETS, times, strict=False):
        row(name, people, 1000 * median(found), "ms", median(their_times) / median(found), 1000 * min(found))
    row("memory", people, our_memory / 1e6, "MB", their_memory / our_memory, None)
    print(f"{'DiGraph':26} {their_memory / 1e6:10.1f} MB   (the table itself {(with_table - before) / 1e6:.1f} MB)")


def row(name: str, people: int, value: float, unit: str, ratio: float, best: float | None) -> None:
    target = TARGETS[name].get(people)
    verdict = "" if target is None else f"target {target:.0f} x: {'met' if ratio >= target else 'MISSED'}"
    least = "" if best is None else f"best {best:.2f}"
    print(f"{name:26} {value:10.2f} {unit} {ratio:8.1f} x  {verdict:22} {least}")


def main() -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}")
    print(f"python {platform.python_version()}, numpy {np.__version__}, networkx {networkx.__version__}")
    for people in [int(it) for it in sys.argv[1:]] or [1_000, 10_000, 100_000]:
        measure(people)


if __name__ == "__main__":
    main()
