"""Who rated whom: the rows of all raters, numbered for arithmetic.

Rows are made one by one, so `patch` costs what one manifest costs; what was patched is put in its place before the
graph is read next. Rankings go through the rows sorted by the rater's key bytes: the order in which records came
changes no bit of any result.

Whoever reads a graph while another thread may patch it holds its `lock` for as long as he needs one state of it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock

import numpy as np

from zbnntp.model.keys import Identity
from zbnntp.trust.columns import Rows, Said, finish, no_rows, worth
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.rows import ABSENT, Edge, Rating, Row, Words, clean, cleaned
from zbnntp.trust.seen import Seen, see

__all__ = ["Edge", "Graph", "Rating", "Records", "Row", "clean", "make_graph", "make_row"]


@dataclass(frozen=True, slots=True)
class Records:
    """Everything a graph is made from. `replies[u][v]` counts u's published non-sage replies to v's posts."""

    ratings: Mapping[Identity, Sequence[Rating]] = field(default_factory=dict)
    replies: Mapping[Identity, Mapping[Identity, int]] = field(default_factory=dict)
    registrars: Collection[Identity] = ()


class Graph:
    """All rows. Identities are numbered in the order in which they are first named; a number is never reused."""

    def __init__(self, params: Parameters = DEFAULTS) -> None:
        self.params = params
        self.lock = RLock()
        self.names: list[Identity] = []
        self.numbers: dict[Identity, int] = {}
        self._rows = no_rows()
        self._raters: list[Identity] = []  # whose rows they are, sorted
        self._pending: dict[Identity, Rows | None] = {}
        self._seen: dict[Identity, Seen] = {}
        self._sorted: list[Identity] = []

    def fill(self, names: list[Identity], rows: Rows) -> None:
        """Give an empty graph all its rows at once; `names` by number, sorted."""
        with self.lock:
            self.names, self._rows = names, rows
            self.numbers = {name: number for number, name in enumerate(names)}
            self._raters = [names[number] for number in rows.raters]

    def patch(
        self, rater: Identity, ratings: Iterable[Rating], replies: Mapping[Identity, int], registrar: bool = False
    ) -> None:
        """Replaces everything that `rater` says. Nothing at all removes his row, as if it had never been."""
        words = cleaned(rater, ratings, replies)
        with self.lock:
            self._seen.clear()
            self._pending[rater] = self._row_of(rater, words, registrar) if words else None

    def number(self, identity: Identity) -> int:
        """The number of an identity, given to it now if it has none."""
        number = self.numbers.setdefault(identity, len(self.names))
        if number == len(self.names):
            self.names.append(identity)
        return number

    def seen_by(self, root: Identity) -> Seen:
        """The graph as the local user `root` counts it: ratings of root cost nothing, root's own are no edges."""
        rows = self.rows()
        if root not in self._seen:
            number = self.number(root)
            self._seen[root] = see(rows, number, self.params)
        return self._seen[root].widened(len(self.names))

    def rows(self) -> Rows:
        """All rows, with everything in them that was patched."""
        with self.lock:
            if self._pending:
                self._settle()
            return self._rows

    @property
    def raters(self) -> list[Identity]:
        """Who has a row, sorted."""
        self.rows()
        return self._raters

    def row(self, rater: Identity, root: Identity | None = None) -> Row:
        """A rater's row, as `root` counts it; empty when he says nothing."""
        with self.lock:
            if root is None:
                rows, place = self.rows(), self._place(rater)
            else:
                seen = self.seen_by(root)
                rows, place = seen.find(self._place(rater))
            return self._shown(rater, rows, place)

    def ratings(self, rater: Identity) -> dict[Identity, Rating]:
        """The clean explicit ratings of one rater."""
        return self.row(rater).ratings()

    def raters_of(self, target: Identity) -> list[Identity]:
        """Who says anything about `target`, sorted."""
        with self.lock:
            rows, number = self.rows(), self.numbers.get(target, -1)
            return [self._raters[row] for row in rows.about(number)[0]]

    def identities(self) -> list[Identity]:
        """Everybody ever named, sorted by raw key bytes."""
        with self.lock:
            if len(self._sorted) != len(self.names):
                self._sorted = sorted(self.names)
            return self._sorted

    def _row_of(self, rater: Identity, words: list[Words], registrar: bool) -> Rows:
        number = self.number(rater)
        said = Said(
            np.array([self.number(it.target) for it in words], np.int32),
            np.array([ABSENT if it.mt is None else it.mt for it in words]),
            np.array([ABSENT if it.tlt is None else it.tlt for it in words]),
            np.array([it.replies for it in words], np.int16),
        )
        return finish(np.array([number]), np.array([len(words)]), np.array([registrar]), said, self.params)

    def _place(self, rater: Identity) -> int | None:
        place = bisect_left(self._raters, rater)
        return place if self._raters[place : place + 1] == [rater] else None

    def _settle(self) -> None:
        """What fits where the old row was is put there; for the rest the columns are made anew once."""
        pending, self._pending = self._pending, {}
        pieces: list[slice | Rows] = []
        at, starts = 0, self._rows.starts()
        for rater in sorted(pending):
            fresh, place = pending[rater], bisect_left(self._raters, rater)
            known = self._raters[place : place + 1] == [rater]
            if known and fresh is not None and len(fresh.targets) <= self._rows.sizes[place]:
                self._rows.put(place, int(starts[place]), fresh)
            elif known or fresh is not None:
                pieces.append(slice(at, place))
                pieces += [fresh.roomy() if known else fresh] if fresh is not None else []
                at = place + known
        if pieces:
            self._rows.splice([*pieces, slice(at, len(self._rows))])
            self._rename(pending)

    def _rename(self, settled: Mapping[Identity, Rows | None]) -> None:
        for rater, row in settled.items():
            place = self._place(rater)
            if row is None and place is not None:
                del self._raters[place]
            elif row is not None and place is None:
                insort(self._raters, rater)

    def _shown(self, rater: Identity, rows: Rows, place: int | None) -> Row:
        if place is None:
            return Row(rater, (), array("d"), array("d"), array("d"))
        start = int(rows.sizes[:place].sum())
        span = slice(start, start + int(rows.used[place]))
        targets, mt, tlt, replies = rows.said(span)
        mts, tlts, worths = (array("d", column.tobytes()) for column in (mt, tlt, worth(replies, self.params)))
        scales = rows.scales[place].tolist()
        names = tuple(self.names[number] for number in targets.tolist())
        return Row(rater, names, mts, tlts, worths, bool(rows.registrar[place]), *scales)


def make_row(
    rater: Identity,
    ratings: Iterable[Rating],
    replies: Mapping[Identity, int],
    params: Parameters = DEFAULTS,
    registrar: bool = False,
) -> Row:
    """A finished row from one person's records."""
    graph = Graph(params)
    graph.patch(rater, ratings, replies, registrar)
    return graph.row(rater)


def make_graph(records: Records, params: Parameters = DEFAULTS) -> Graph:
    """The graph of all records, the same to the bit in whatever order they come."""
    graph = Graph(params)
    for rater in sorted(records.ratings.keys() | records.replies.keys()):
        graph.patch(
            rater, records.ratings.get(rater, ()), records.replies.get(rater, {}), registrar=rater in records.registrars
        )
    graph.rows()
    return graph
