"""The rows of all raters as columns of numbers: what a ranking goes through, and where a changed row is put in.

An edge is what one rater says about one target. Rows lie one after the other, sorted by the rater's key bytes, and
within a row edges are sorted by the target's: sums go through the columns from front to back, so they are the same to
the bit however the columns came about. A row that has grown has some room behind it; what lies there weighs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zbnntp.trust.parameters import Parameters

Numbers = NDArray[np.int64]
Targets = NDArray[np.int32]
Floats = NDArray[np.float64]
Bits = NDArray[np.bool_]
Counts = NDArray[np.int16]
Kinds = NDArray[np.uint8]

PRAISE, REPLY, REGISTRAR, REPROACH = range(VOTE_KINDS := 4)
ROOM = 8  # a row that has grown gets an eighth of its size as room, and this much at least
BLOCK_EDGES = 1 << 18  # finished at a time when all rows are made: bounds the memory needed beside the columns
SCIPY_EDGES = 100_000  # below, loading scipy (20 MB, 0.1 s) costs more than it gives
SPARSE = 4  # rows are picked one by one when they hold less than one in so many edges


class Said(NamedTuple):
    """What raters say, an element an edge, clean. NaN: absent; `replies` are counts."""

    targets: Targets
    mt: Floats
    tlt: Floats
    replies: Counts


@dataclass(slots=True)
class Rows:
    """Finished rows. The first five have an element a row, the others an element an edge.

    Every edge is one vote, of a kind; reproach is not budgeted, all other weights and votes have their budget's factor
    in them. `scales` are the factors (0..1) of ratings, replies and votes. 39 octets an edge.
    """

    raters: Numbers
    sizes: Numbers  # edges and room; above 0
    used: Numbers  # edges
    registrar: Bits
    scales: Floats  # rows x 3
    targets: Targets
    mt: Floats
    tlt: Floats
    replies: Counts
    weights: Floats
    kinds: Kinds
    votes: Floats

    def __len__(self) -> int:
        return len(self.raters)

    def starts(self) -> Numbers:
        return np.cumsum(self.sizes) - self.sizes

    def about(self, target: int) -> tuple[Numbers, Numbers]:
        """Who says anything about an identity: the rows, and the edges beside them."""
        return self.edges_at(np.flatnonzero(self.targets == target))

    def edges_at(self, edges: Numbers) -> tuple[Numbers, Numbers]:
        """The rows of these edges, and the edges; what is room is left out."""
        starts = self.starts()
        rows = np.searchsorted(starts, edges, side="right") - 1
        real = edges - starts[rows] < self.used[rows]
        return rows[real], edges[real]

    def said(self, edges: slice | Numbers) -> Said:
        return Said(self.targets[edges], self.mt[edges], self.tlt[edges], self.replies[edges])

    def slots(self) -> Targets:
        """By edge: VOTE_KINDS * target + kind."""
        slots = self.targets * VOTE_KINDS
        slots += self.kinds
        return slots

    def put(self, row: int, start: int, fresh: Rows) -> None:
        """A row in place of another that has room enough for it."""
        for name in _OF_ROWS:
            if name != "sizes":
                getattr(self, name)[row] = getattr(fresh, name)[0]
        size, used = int(self.sizes[row]), len(fresh.targets)
        for name, blank in _OF_EDGES.items():
            column = getattr(self, name)
            column[start : start + used] = getattr(fresh, name)
            column[start + used : start + size] = blank

    def splice(self, pieces: Sequence[slice | Rows]) -> None:
        """Becomes these pieces, own rows and others; column by column, so that little memory is needed."""
        ends = np.concatenate(([0], np.cumsum(self.sizes)))
        spans = [slice(ends[it.start], ends[it.stop]) if isinstance(it, slice) else it for it in pieces]
        for names, parts in ((_OF_ROWS, pieces), (_OF_EDGES, spans)):
            for name in names:
                column = getattr(self, name)
                found = [column[it] if isinstance(it, slice) else getattr(it, name) for it in parts]
                setattr(self, name, np.concatenate(found))

    def roomy(self) -> Rows:
        """A single row with room to grow."""
        room = max(ROOM, len(self.targets) // ROOM)
        padded = {name: np.pad(getattr(self, name), (0, room), constant_values=it) for name, it in _OF_EDGES.items()}
        return Rows(self.raters, self.sizes + room, self.used, self.registrar, self.scales, **padded)


_OF_EDGES = {"targets": 0, "mt": np.nan, "tlt": np.nan, "replies": 0, "weights": 0.0, "kinds": 0, "votes": 0.0}
_OF_ROWS = [field.name for field in fields(Rows) if field.name not in _OF_EDGES]


def finish(raters: Numbers, sizes: Numbers, registrar: Bits, said: Said, params: Parameters) -> Rows:
    """Rows of one or more raters, cut to their budgets; `said` has their edges one row after the other."""
    edges = len(said.targets)
    rows = Rows(
        raters, sizes, sizes.copy(), registrar, np.ones((len(raters), 3)),
        *said, np.empty(edges), np.empty(edges, np.uint8), np.empty(edges),
    )  # fmt: skip
    ends = np.cumsum(sizes)
    first = 0
    while first < len(raters):
        start = int(ends[first] - sizes[first])
        last = max(first + 1, int(np.searchsorted(ends, start + BLOCK_EDGES, side="right")))
        _finish_block(rows, slice(first, last), slice(start, int(ends[last - 1])), params)
        first = last
    return rows


def _finish_block(rows: Rows, block: slice, span: slice, params: Parameters) -> None:
    sizes = rows.sizes[block]
    row = np.repeat(np.arange(len(sizes)), sizes)
    _, mt, tlt, replies = rows.said(span)
    reply = worth(replies, params)
    silent, unrated = np.isnan(mt), np.isnan(tlt)
    list_trust, reply_trust = np.where(unrated, 0.0, tlt), np.where(unrated, reply, 0.0)
    vote = np.where(silent, reply, mt)
    against = vote < 0.0
    scales = np.column_stack(
        [
            _scale(params.list_budget, total(row, list_trust, len(sizes))),
            _scale(params.reply_budget, total(row, reply_trust, len(sizes))),
            _scale(params.vote_budget, total(row, np.where(against, 0.0, vote), len(sizes))),
        ]
    )
    kinds = np.where(rows.registrar[block][row], REGISTRAR, np.where(silent, REPLY, PRAISE))
    rows.scales[block] = scales
    rows.weights[span] = list_trust * scales[row, 0] + reply_trust * scales[row, 1]
    rows.kinds[span] = np.where(against, REPROACH, kinds)
    rows.votes[span] = np.where(against, -vote, vote * scales[row, 2])


def worth(replies: Counts, params: Parameters) -> Floats:
    """What replies are worth before any budget."""
    reply: Floats = np.minimum(params.reply_cap, params.reply_unit * replies)
    return reply


def _scale(budget: float, totals: Floats) -> Floats:
    return np.divide(budget, totals, out=np.ones_like(totals), where=totals > budget)


def no_rows() -> Rows:
    none, nothing = np.empty(0, np.int64), np.empty(0)
    said = Said(np.empty(0, np.int32), nothing, nothing, np.empty(0, np.int16))
    return finish(none, none, np.empty(0, bool), said, Parameters())


def spans(starts: Numbers, sizes: Numbers) -> Numbers:
    """start, start + 1, ... of each span, one after the other."""
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))


def union(some: Numbers, others: Numbers) -> Numbers:
    """What stands in either, ascending, each once. As numpy's own, which loads its masked arrays for it (0.06 s)."""
    found = np.sort(np.concatenate((some, others)))
    fresh = np.ones(len(found), np.bool_)
    fresh[1:] = found[1:] != found[:-1]
    return found[fresh]


def push(rows: Rows, trust: Floats, index: Targets, amounts: Floats, width: int) -> Floats:
    """For every index the sum of its amounts, each times the trust of its row, in the order of the columns.

    scipy, where it is installed, does it in half the time: one product and one sum after the other, in the same order.
    """
    live = np.flatnonzero(trust)
    sizes = rows.sizes[live]
    if SPARSE * int(sizes.sum()) < len(index):
        edges = spans(rows.starts()[live], sizes)
        return total(index[edges], np.repeat(trust[live], sizes) * amounts[edges], width)
    matrix = _matrix() if len(index) >= SCIPY_EDGES else None
    if matrix is not None:
        ends = np.cumsum(rows.sizes, dtype=np.int32)
        made = matrix((amounts, index, np.concatenate((ends[:1] * 0, ends))), shape=(width, len(rows)))
        return np.asarray(made @ trust)
    parts = np.repeat(trust, rows.sizes)
    parts *= amounts
    return total(index, parts, width)


@cache
def _matrix() -> Any:
    """A matrix by columns, which are our rows; None without scipy."""
    try:
        from scipy.sparse import csc_array
    except ImportError:
        return None
    return csc_array


def rounded(values: Floats, params: Parameters) -> Floats:
    """As they are compared and shown; no zero is negative."""
    found: Floats = np.round(values, params.decimals) + 0.0
    return found


def total(index: Numbers | Targets, amounts: Floats, width: int) -> Floats:
    """For every index the sum of its amounts, from front to back."""
    return np.bincount(index, amounts, width).astype(np.float64, copy=False)  # without any they would be integers
