"""Who rated whom: the rows of all raters, numbered for arithmetic, and the way back from a target to his raters.

Rows are made one by one (rows.py), so `patch` costs what one manifest costs. Rankings go through the rows sorted by
the rater's key bytes: the order in which records came changes no bit of any result.

A Graph is owned by whoever ranks it; patch and rank it from one thread at a time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from zbnntp.model.keys import Identity
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.rows import Edge, Rating, Row, clean, finish, make_row

__all__ = ["Arcs", "Edge", "Graph", "Rating", "Records", "Row", "clean", "make_graph", "make_row"]


@dataclass(frozen=True, slots=True)
class Records:
    """Everything a graph is made from. `replies[u][v]` counts u's published non-sage replies to v's posts."""

    ratings: Mapping[Identity, Sequence[Rating]] = field(default_factory=dict)
    replies: Mapping[Identity, Mapping[Identity, int]] = field(default_factory=dict)
    registrars: Collection[Identity] = ()


PRAISE, REPLY, REGISTRAR, REPROACH = range(VOTE_KINDS := 4)


class Arcs(NamedTuple):
    """A row ready for arithmetic: numbers beside finished weights, as parallel arrays.

    A vote of a kind about identity number v has slot VOTE_KINDS * v + kind. Reproach is not budgeted; all other weights
    have their budget's factor in them.
    """

    targets: array[int]
    weights: array[float]
    slots: array[int]
    votes: array[float]


class Graph:
    """All rows. Identities are numbered in the order in which they are first named; a number is never reused."""

    def __init__(self, params: Parameters = DEFAULTS) -> None:
        self.params = params
        self.names: list[Identity] = []
        self.numbers: dict[Identity, int] = {}
        self.raters: list[Identity] = []  # who has a row, sorted
        self._rows: dict[Identity, tuple[Row, Arcs]] = {}
        self._seen: dict[Identity, dict[Identity, tuple[Row, Arcs]]] = {}  # by root: rows that differ for this root
        self._heard: dict[Identity, list[Identity]] = {}  # by target: who has an edge to him
        self._sorted: list[Identity] = []

    def patch(
        self, rater: Identity, ratings: Iterable[Rating], replies: Mapping[Identity, int], registrar: bool = False
    ) -> None:
        """Replaces everything that `rater` says. Nothing at all removes his row, as if it had never been."""
        self._remove(rater)
        for seen in self._seen.values():
            seen.pop(rater, None)
        row = make_row(rater, ratings, replies, self.params, registrar)
        if not row.targets:
            return
        insort(self.raters, rater)
        self._rows[rater] = self._finished(row)
        for target in row.targets:
            self._heard.setdefault(target, []).append(rater)

    def row(self, rater: Identity, root: Identity | None = None) -> Row:
        """The row as the local user `root` counts it: ratings of root cost nothing, root's own are no edges."""
        return self._view(rater, root)[0]

    def arcs(self, root: Identity) -> list[tuple[int, Arcs]]:
        """All rows as `root` counts them, with the number of the rater, in the order of summation."""
        differ = {rater: self._view(rater, root)[1] for rater in (*self._heard.get(root, ()), root)}
        rows = self._rows
        return [(self.numbers[rater], differ.get(rater) or rows[rater][1]) for rater in self.raters]

    def ratings(self, rater: Identity) -> dict[Identity, Rating]:
        """The clean explicit ratings of one rater."""
        return self._rows[rater][0].ratings() if rater in self._rows else {}

    def raters_of(self, target: Identity) -> list[Identity]:
        """Who says anything about `target`, sorted."""
        return sorted(self._heard.get(target, ()))

    def identities(self) -> list[Identity]:
        """Everybody ever named, sorted by raw key bytes."""
        if len(self._sorted) != len(self.names):
            self._sorted = sorted(self.names)
        return self._sorted

    def _remove(self, rater: Identity) -> None:
        if rater not in self._rows:
            return
        row, _ = self._rows.pop(rater)
        del self.raters[bisect_left(self.raters, rater)]
        for target in row.targets:
            self._heard[target].remove(rater)

    def _number(self, identity: Identity) -> int:
        number = self.numbers.setdefault(identity, len(self.names))
        if number == len(self.names):
            self.names.append(identity)
        return number

    def _arcs(self, row: Row) -> Arcs:
        self._number(row.rater)
        numbered = [(self._number(edge.target), edge) for edge in row.edges()]
        trust = [(v, weight) for v, edge in numbered if (weight := row.weight(edge)) > 0]
        votes = [(VOTE_KINDS * v + kind, w) for v, edge in numbered for kind, w in _votes(row, edge) if w > 0]
        return Arcs(
            array("I", (v for v, _ in trust)),
            array("d", (weight for _, weight in trust)),
            array("I", (slot for slot, _ in votes)),
            array("d", (weight for _, weight in votes)),
        )

    def _view(self, rater: Identity, root: Identity | None) -> tuple[Row, Arcs]:
        row, arcs = self._rows.get(rater) or self._finished(finish(rater, [], False, self.params))
        if root is None:
            return row, arcs
        seen = self._seen.setdefault(root, {})
        if rater in seen:
            return seen[rater]
        if rater == root:
            seen[rater] = self._finished(replace(row, list_scale=0.0))
        elif row.find(root) is not None:
            kept = [edge for edge in row.edges() if edge.target != root]
            seen[rater] = self._finished(finish(rater, kept, row.registrar, self.params))
        return seen.get(rater, (row, arcs))

    def _finished(self, row: Row) -> tuple[Row, Arcs]:
        return row, self._arcs(row)


def _votes(row: Row, edge: Edge) -> tuple[tuple[int, float], ...]:
    praise, reply = (REGISTRAR, REGISTRAR) if row.registrar else (PRAISE, REPLY)
    return (
        (praise, edge.praise * row.vote_scale),
        (reply, edge.reply_vote * row.vote_scale),
        (REPROACH, edge.reproach),
    )


def make_graph(records: Records, params: Parameters = DEFAULTS) -> Graph:
    """The graph of all records, the same to the bit in whatever order they come."""
    graph = Graph(params)
    for rater in sorted(records.ratings.keys() | records.replies.keys()):
        graph.patch(
            rater, records.ratings.get(rater, ()), records.replies.get(rater, {}), registrar=rater in records.registrars
        )
    return graph
