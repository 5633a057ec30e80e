"""The graph as one local user, its root, counts it.

His own explicit ratings are boundary values, so his row hands on nothing by them. Whoever rated him has spent nothing
on it, so those rows are cut to their budgets anew. These few rows stand apart and are added last; all others are used
as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from zbnntp.trust.columns import (
    REPLY,
    VOTE_KINDS,
    Bits,
    Floats,
    Numbers,
    Rows,
    Said,
    Targets,
    finish,
    push,
    spans,
    union,
    worth,
)
from zbnntp.trust.parameters import Parameters


class Heard(NamedTuple):
    """What one rater says about somebody, finished. NaN: absent."""

    rater: int
    mt: float
    tlt: float
    reply: float
    weight: float
    vote_scale: float
    registrar: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """All rows as one root counts them. `apart` are the places of those that `theirs` replaces."""

    root: int
    width: int  # numbers given
    rows: Rows
    apart: Numbers
    theirs: Rows
    own: Said  # the root's own row, and what his replies are worth as votes
    own_replies: Floats
    params: Parameters

    def widened(self, width: int) -> Seen:
        return self if width == self.width else replace(self, width=width)

    def inflow(self, tlt: Floats) -> Floats:
        """What trust-list trust arrives with everybody in one round."""
        rows, theirs = self.rows, self.theirs
        usual = push(rows, self._usual(tlt), rows.targets, rows.weights, self.width)
        return usual + push(theirs, tlt[theirs.raters], theirs.targets, theirs.weights, self.width)

    def votes(self, tlt: Floats) -> Floats:
        """The sums of all kinds of votes about everybody: kinds x width. Of the root only his replies count here."""
        rows, theirs, width = self.rows, self.theirs, VOTE_KINDS * self.width
        sums = push(rows, self._usual(tlt), rows.slots(), rows.votes, width)
        voices = np.where(theirs.raters == self.root, 0.0, tlt[theirs.raters])
        sums += push(theirs, voices, theirs.slots(), theirs.votes, width)
        sums[VOTE_KINDS * self.own.targets + REPLY] += self.own_replies
        return sums.reshape(self.width, VOTE_KINDS).T

    def heard(self, target: int) -> list[Heard]:
        """What everybody says about one identity, in the order of summation; those of `theirs` last."""
        found = []
        for rows, row, edge in self._edges(lambda rows: rows.about(target)):
            said = (rows.mt[edge], rows.tlt[edge], worth(rows.replies[edge], self.params), rows.weights[edge])
            columns = (rows.raters[row], *said, rows.scales[row, 2], rows.registrar[row])
            found += list(map(Heard, *(column.tolist() for column in columns)))
        return found

    def edges_to(self, chosen: Bits) -> tuple[Numbers, Targets, Floats, Floats]:
        """All edges to these identities: rater, target, weight, and the praise said in words (with its factor)."""
        parts = []
        for rows, row, edge in self._edges(lambda rows: rows.edges_at(np.flatnonzero(chosen[rows.targets]))):
            praise = np.where(rows.mt[edge] > 0.0, rows.votes[edge], 0.0)
            parts.append((rows.raters[row], rows.targets[edge], rows.weights[edge], praise))
        raters, targets, weights, praise = (np.concatenate(it) for it in zip(*parts, strict=True))
        return raters, targets, weights, praise

    def back(self, reach: Floats, best: bool) -> Floats:
        """For every rater the sum, or the best, of what his edges reach: one round of trust, backwards."""
        found = np.zeros(self.width)
        joined = np.maximum if best else np.add
        for rows in (self.rows, self.theirs):
            found[rows.raters] = 0.0
            filled = np.flatnonzero(rows.sizes)
            parts = rows.weights * reach[rows.targets]
            found[rows.raters[filled]] = joined.reduceat(parts, rows.starts()[filled]) if len(filled) else 0.0
        return found

    def row(self, rater: int) -> tuple[Targets, Floats]:
        """Targets and weights of one row."""
        apart = np.flatnonzero(self.theirs.raters == rater)
        rows = self.theirs if len(apart) else self.rows
        places = apart if len(apart) else np.flatnonzero(rows.raters == rater)
        edges = spans(rows.starts()[places], rows.used[places])
        return rows.targets[edges], rows.weights[edges]

    def find(self, place: int | None) -> tuple[Rows, int | None]:
        """Where the row at a place of the graph is."""
        apart = np.flatnonzero(self.apart == place) if place is not None else self.apart[:0]
        return (self.theirs, int(apart[0])) if len(apart) else (self.rows, place)

    def _usual(self, tlt: Floats) -> Floats:
        trust = tlt[self.rows.raters]
        trust[self.apart] = 0.0
        return trust

    def _edges(self, choose: Callable[[Rows], tuple[Numbers, Numbers]]) -> Iterator[tuple[Rows, Numbers, Numbers]]:
        row, edge = choose(self.rows)
        usual = ~np.isin(row, self.apart)
        yield self.rows, row[usual], edge[usual]
        yield self.theirs, *choose(self.theirs)


def see(rows: Rows, root: int, params: Parameters) -> Seen:
    """What differs for this root."""
    own = np.flatnonzero(rows.raters == root)
    apart = union(rows.about(root)[0], own)
    edges = spans(rows.starts()[apart], rows.used[apart])
    row = np.repeat(np.arange(len(apart)), rows.used[apart])
    others = rows.targets[edges] != root
    sizes = np.bincount(row[others], minlength=len(apart))
    theirs = finish(rows.raters[apart], sizes, rows.registrar[apart], rows.said(edges[others]), params)
    mine = np.repeat(theirs.raters == root, sizes)
    theirs.scales[theirs.raters == root, 0] = 0.0
    theirs.weights[mine & ~np.isnan(theirs.tlt)] = 0.0
    said = theirs.said(np.flatnonzero(mine))
    replies = np.where(np.isnan(said.mt), worth(said.replies, params), 0.0)
    return Seen(root, 0, rows, apart, theirs, said, replies, params)
