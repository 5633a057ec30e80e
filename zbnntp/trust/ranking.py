"""Trust of everybody as one local user sees it: five rounds of trust-list trust, then the votes. Rule: docs/trust.md.

A pure function of (graph, root, parameters): nothing is carried over from an earlier ranking, there is no tolerance and
no convergence question. Own explicit ratings are boundary values; all others are sums of what arrives, capped at 1.
Sums go through the raters by their key bytes, so they are the same to the bit however the graph came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from zbnntp.model.keys import Identity
from zbnntp.trust.columns import PRAISE, REGISTRAR, REPLY, REPROACH, Floats, rounded, total
from zbnntp.trust.graph import Graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.seen import Seen

__all__ = ["DEFAULTS", "Parameters", "Ranking", "Values", "blame", "praise_of", "rank", "tlt_alone"]


class Values(NamedTuple):
    """Trust of everybody, by number. `tlt` and `mt` are rounded."""

    tlt: Floats
    mt: Floats
    exact: Floats  # tlt before rounding: what a vote weighs
    handed: Floats  # tlt one round earlier: what was handed on in the last round
    blamed: Floats  # blame that counts against introducers; 0 when kappa is


class Trust(NamedTuple):
    """The same of one identity."""

    tlt: float
    mt: float
    exact: float
    handed: float
    blamed: float


NO_TRUST = Trust(0.0, 0.0, 0.0, 0.0, 0.0)


class Ranking:
    """Trust of everybody who has any. The mappings are by identity, sorted, without those who have 0; they are made
    when asked for."""

    def __init__(self, names: Sequence[Identity], values: Values) -> None:
        self.values = values
        self._names = names  # by number; may grow

    @cached_property
    def tlt(self) -> dict[Identity, float]:
        return self._named(self.values.tlt)

    @cached_property
    def mt(self) -> dict[Identity, float]:
        return self._named(self.values.mt)

    @cached_property
    def exact(self) -> dict[Identity, float]:
        return self._named(self.values.exact)

    @cached_property
    def handed(self) -> dict[Identity, float]:
        return self._named(self.values.handed)

    @cached_property
    def blame(self) -> dict[Identity, float]:
        return self._named(self.values.blamed)

    def of(self, number: int | None) -> Trust:
        """The values of one number; 0 for a number given later, or none."""
        known = number is not None and number < len(self.values.tlt)
        return Trust(*(float(column[number]) for column in self.values)) if known else NO_TRUST

    def _named(self, values: Floats) -> dict[Identity, float]:
        found = np.flatnonzero(values)
        pairs = zip(found.tolist(), values[found].tolist(), strict=True)
        return dict(sorted((self._names[number], value) for number, value in pairs))

    def _all(self) -> tuple[dict[Identity, float], ...]:
        return self.tlt, self.mt, self.exact, self.handed, self.blame

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranking) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ranking{self._all()!r}"


def praise_of(ratings: float, replies: float, registrars: float, params: Parameters) -> float:
    """P: the weighted positive votes about one person, the two capped sorts cut."""
    return ratings + min(params.reply_vote_cap, replies) + min(params.registrar_cap, registrars)


def rank(graph: Graph, root: Identity, params: Parameters = DEFAULTS) -> Ranking:
    """Everybody's trust as `root` sees it. ValueError if the graph's rows were made with other budgets."""
    if params.row_part() != graph.params.row_part():
        raise ValueError("the graph was made with other budgets; make it again with these parameters")
    with graph.lock:
        seen = graph.seen_by(root)
        before, now = _rounds(seen, None, params)
        blamed = _blame(seen, before, now) if params.kappa > 0 else np.zeros(seen.width)
        if blamed.any():
            before, now = _rounds(seen, 1.0 / (1.0 + params.kappa * blamed), params)
        mt = _votes(seen, now, params)
        return Ranking(graph.names, Values(rounded(now, params), rounded(mt, params), now, before, blamed))


def tlt_alone(graph: Graph, root: Identity, params: Parameters = DEFAULTS) -> Floats:
    """Trust-list trust by number, neither rounded nor lowered by blame: what PageRank computes, for comparison."""
    with graph.lock:
        return _rounds(graph.seen_by(root), None, params)[1]


def blame(graph: Graph, root: Identity, ranking: Ranking) -> dict[Identity, float]:
    """Who brought to `root` the people whom `root` rated negatively: for each introducer his part of it, summed.

    A negated person's |mt| is divided among all who handed him trust or praised him, by what each contributed; all
    blame together is at most the number of own negative ratings.
    """
    with graph.lock:
        seen = graph.seen_by(root)
        more = (0, seen.width - len(ranking.values.exact))
        blamed = _blame(seen, np.pad(ranking.values.handed, more), np.pad(ranking.values.exact, more))
        return {graph.names[number]: float(blamed[number]) for number in np.flatnonzero(blamed).tolist()}


def _rounds(seen: Seen, mercy: Floats | None, params: Parameters) -> tuple[Floats, Floats]:
    """Trust-list trust after the last round but one, and after the last. `mercy` is 1 / (1 + kappa * blame)."""
    before = now = _with_own(np.zeros(seen.width), seen, seen.own.tlt)
    for _ in range(params.rounds):
        arrived = np.minimum(seen.inflow(now), 1.0)
        if mercy is not None:
            arrived *= mercy
        before, now = now, _with_own(arrived, seen, seen.own.tlt)
    return before, now


def _votes(seen: Seen, tlt: Floats, params: Parameters) -> Floats:
    """Message trust of everybody."""
    sums = seen.votes(tlt)
    praise = sums[PRAISE] + np.minimum(params.reply_vote_cap, sums[REPLY])
    praise += np.minimum(params.registrar_cap, sums[REGISTRAR])
    mt = (praise - sums[REPROACH]) / np.maximum(1.0, praise + sums[REPROACH])
    return _with_own(mt, seen, seen.own.mt)


def _with_own(values: Floats, seen: Seen, own: Floats) -> Floats:
    """The values with those in place that the root gave himself."""
    given = ~np.isnan(own)
    values[seen.own.targets[given]] = own[given]
    values[seen.root] = 1.0
    return values


def _blame(seen: Seen, handed: Floats, exact: Floats) -> Floats:
    """By number: a part of each own no, in proportion to what was contributed to the person's trust."""
    noes = np.zeros(seen.width)
    against = seen.own.mt < 0.0
    if not against.any():
        return noes
    noes[seen.own.targets[against]] = -seen.own.mt[against]
    raters, targets, weights, praise = seen.edges_to(noes > 0.0)
    voices = np.where(raters == seen.root, 0.0, exact[raters])
    shares = handed[raters] * weights + voices * praise
    inflow = total(targets, shares, seen.width)
    parts = np.divide(noes[targets] * shares, inflow[targets], out=np.zeros_like(shares), where=inflow[targets] > 0.0)
    return total(raters, parts, seen.width)
