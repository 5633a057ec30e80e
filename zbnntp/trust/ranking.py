"""Trust of everybody as one local user sees it: five rounds of trust-list trust, then the votes. Rule: docs/trust.md.

A pure function of (graph, root, parameters): nothing is carried over from an earlier ranking, there is no tolerance and
no convergence question. Own explicit ratings are boundary values; all others are sums of what arrives, capped at 1.
Sums go through the raters by their key bytes, so they are the same to the bit however the graph came about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zbnntp.model.keys import Identity
from zbnntp.trust.graph import PRAISE, REGISTRAR, REPLY, REPROACH, VOTE_KINDS, Graph
from zbnntp.trust.parameters import DEFAULTS, Parameters

__all__ = ["DEFAULTS", "Parameters", "Ranking", "blame", "mt_of", "praise_of", "rank"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Trust of everybody who has any, by identity, sorted; who is missing has 0. `tlt` and `mt` are rounded."""

    tlt: dict[Identity, float]
    mt: dict[Identity, float]
    exact: dict[Identity, float] = field(repr=False)  # tlt before rounding: what a vote weighs
    handed: dict[Identity, float] = field(repr=False)  # tlt one round earlier: what was handed on in the last round
    blame: dict[Identity, float] = field(repr=False)  # counted against introducers; empty when kappa is 0


def praise_of(ratings: float, replies: float, registrars: float, params: Parameters) -> float:
    """P: the weighted positive votes about one person, the two capped sorts cut."""
    return ratings + min(params.reply_vote_cap, replies) + min(params.registrar_cap, registrars)


def mt_of(praise: float, reproach: float) -> float:
    """The sum of votes up to one full vote of evidence, their net share above; -1..1."""
    return (praise - reproach) / max(1.0, praise + reproach)


class _View:
    """The graph as one root counts it, in vectors by number."""

    def __init__(self, graph: Graph, root: Identity, params: Parameters) -> None:
        self.graph, self.params = graph, params
        own = graph.row(root, root)
        self.arcs = graph.arcs(root)
        self.root = graph.numbers[root]
        self.width = len(graph.names)
        numbered = [(graph.numbers[edge.target], edge) for edge in own.edges()]
        self.local_tlt = {self.root: 1.0} | {v: edge.tlt for v, edge in numbered if edge.tlt is not None}
        self.local_mt = {self.root: 1.0} | {v: edge.mt for v, edge in numbered if edge.mt is not None}
        self.local_replies = {v: edge.reply_vote for v, edge in numbered}

    def rounds(self, mercy: Sequence[float]) -> tuple[list[float], list[float]]:
        """Trust-list trust after the last round but one, and after the last. `mercy` is 1 / (1 + kappa * blame)."""
        before = now = self._with([0.0] * self.width, self.local_tlt)
        for _ in range(self.params.rounds):
            capped = [m * (y if y < 1.0 else 1.0) for m, y in zip(mercy, self._inflow(now), strict=True)]
            before, now = now, self._with(capped, self.local_tlt)
        return before, now

    def _inflow(self, tlt: Sequence[float]) -> list[float]:
        sums = [0.0] * self.width
        for rater, arcs in self.arcs:
            trust = tlt[rater]
            if trust > 0.0:
                for target, weight in zip(arcs.targets, arcs.weights, strict=True):
                    sums[target] += trust * weight
        return sums

    def votes(self, tlt: Sequence[float]) -> list[float]:
        """Message trust of everybody."""
        sums = [0.0] * (VOTE_KINDS * self.width)
        for rater, arcs in self.arcs:
            trust = tlt[rater]
            if trust > 0.0 and rater != self.root:
                for slot, vote in zip(arcs.slots, arcs.votes, strict=True):
                    sums[slot] += trust * vote
        for number, reply in self.local_replies.items():
            sums[VOTE_KINDS * number + REPLY] += reply
        ratings, replies, registrars = (sums[kind::VOTE_KINDS] for kind in (PRAISE, REPLY, REGISTRAR))
        praise = [praise_of(*parts, self.params) for parts in zip(ratings, replies, registrars, strict=True)]
        return self._with(list(map(mt_of, praise, sums[REPROACH::VOTE_KINDS])), self.local_mt)

    @staticmethod
    def _with(values: list[float], fixed: Mapping[int, float]) -> list[float]:
        for number, value in fixed.items():
            values[number] = value
        return values

    def named(self, values: Sequence[float]) -> dict[Identity, float]:
        """The values that are not 0, by identity, sorted."""
        numbers = self.graph.numbers
        known = ((identity, values[numbers[identity]]) for identity in self.graph.identities())
        return {identity: value for identity, value in known if value}

    def ranking(self, blamed: Mapping[Identity, float]) -> Ranking:
        mercy = [1.0] * self.width
        for rater, count in blamed.items():
            mercy[self.graph.numbers[rater]] = 1.0 / (1.0 + self.params.kappa * count)
        before, now = self.rounds(mercy)
        tlt = [round(value, self.params.decimals) for value in now]
        mt = [round(value, self.params.decimals) for value in self.votes(now)]
        return Ranking(self.named(tlt), self.named(mt), self.named(now), self.named(before), dict(blamed))


def rank(graph: Graph, root: Identity, params: Parameters = DEFAULTS) -> Ranking:
    """Everybody's trust as `root` sees it. ValueError if the graph's rows were made with other budgets."""
    if params.row_part() != graph.params.row_part():
        raise ValueError("the graph was made with other budgets; make it again with these parameters")
    view = _View(graph, root, params)
    ranking = view.ranking({})
    return view.ranking(blame(graph, root, ranking)) if params.kappa > 0 else ranking


def blame(graph: Graph, root: Identity, ranking: Ranking) -> dict[Identity, float]:
    """Who brought to `root` the people whom `root` rated negatively: for each introducer his part of it, summed.

    A negated person's |mt| is divided among all who handed him trust or praised him, by what each contributed; all
    blame together is at most the number of own negative ratings.
    """
    total: dict[Identity, float] = {}
    for target, own in graph.ratings(root).items():
        shares = _shares(graph, root, target, ranking) if own.mt is not None and own.mt < 0 else {}
        inflow = math.fsum(shares.values())
        for rater, share in shares.items():
            total[rater] = total.get(rater, 0.0) - (own.mt or 0.0) * share / inflow
    return total


def _shares(graph: Graph, root: Identity, target: Identity, ranking: Ranking) -> dict[Identity, float]:
    shares: dict[Identity, float] = {}
    for rater in graph.raters_of(target):
        row = graph.row(rater, root)
        edge = row.find(target)
        if edge is not None and rater in ranking.exact:
            voted = ranking.exact[rater] * row.vote_scale * edge.praise
            shares[rater] = ranking.handed.get(rater, 0.0) * row.weight(edge) + voted
    return {rater: share for rater, share in shares.items() if share > 0}
