"""Why somebody has the trust he has: the parts that the numbers of a ranking are made of, as plain data.

Every list is complete and sorted, largest first; whoever prints it takes the top. The parts are computed from the same
rows and in the same order as the ranking, so they sum to its values. docs/trust.md "Asking why".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush
from operator import mul
from typing import TypeVar

from zbnntp.model.keys import Identity
from zbnntp.trust.graph import Arcs, Graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import NOTHING, State, Verdict, capped, judge
from zbnntp.trust.ranking import Ranking, praise_of
from zbnntp.trust.rows import Edge, Rating, Row


class Source(Enum):
    """Where a vote comes from; the second and third share a cap each."""

    RATING = "rating"
    REPLY = "reply"
    REGISTRAR = "registrar"


@dataclass(frozen=True, slots=True)
class Contribution:
    """Trust-list trust that one rater hands to the target: amount = tlt * weight."""

    rater: Identity
    tlt: float  # of the rater, one round before the last
    weight: float
    amount: float
    by_replies: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's part of P or Q: amount = tlt * value * factor."""

    rater: Identity
    tlt: float
    value: float  # of the vote: 0..1, also of a negative one
    factor: float  # below 1: the rater spent more votes than he has
    amount: float
    source: Source


Part = TypeVar("Part", Contribution, Vote)


@dataclass(frozen=True, slots=True)
class Path:
    """The strongest way from the root: at most six names, the last the target; the root himself is left out."""

    names: tuple[Identity, ...]
    strength: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """All parts of one identity's trust."""

    target: Identity
    tlt: float
    mt: float
    own: Rating | None  # its fields override what is computed
    inflow: float  # sum of the introducers' amounts; tlt = mercy * min(1, inflow) unless own
    introducers: tuple[Contribution, ...]
    mercy: float  # 1 / (1 + kappa * blame)
    praise: tuple[Vote, ...]
    reproach: tuple[Vote, ...]
    praise_sum: float  # P, with the caps
    reproach_sum: float  # Q
    replies_capped: bool
    registrars_capped: bool
    path: Path | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class VoteBudget:
    """How much of his positive votes a rater has spent, and how many of them must go until all count in full."""

    spent: float
    factor: float
    too_many: int


@dataclass(frozen=True, slots=True)
class _Case:
    graph: Graph
    root: Identity
    ranking: Ranking
    params: Parameters

    def said(self, target: Identity) -> Iterator[tuple[Row, Edge]]:
        """What people with trust say about the target, in the order of summation."""
        for rater in self.graph.raters_of(target):
            row = self.graph.row(rater, self.root)
            edge = row.find(target) if rater in self.ranking.exact else None
            if edge is not None:
                yield row, edge

    def own(self) -> dict[Identity, float]:
        ratings = self.graph.ratings(self.root)
        return {target: rating.tlt for target, rating in ratings.items() if rating.tlt is not None}

    def mercy(self, target: Identity) -> float:
        return 1.0 / (1.0 + self.params.kappa * self.ranking.blame.get(target, 0.0))

    def arrivals(self, target: Identity) -> Iterator[tuple[Identity, float]]:
        """Raters and what part of their trust ends up with the target."""
        mercy = self.mercy(target)
        for row, edge in self.said(target):
            weight = row.weight(edge) * mercy
            if weight > 0:
                yield row.rater, weight

    def introducers(self, said: list[tuple[Row, Edge]]) -> list[Contribution]:
        found = []
        for row, edge in said:
            tlt, weight = self.ranking.handed.get(row.rater, 0.0), row.weight(edge)
            if tlt * weight > 0:
                found.append(Contribution(row.rater, tlt, weight, tlt * weight, edge.list_trust == 0))
        return found

    def praise(self, said: list[tuple[Row, Edge]]) -> list[Vote]:
        """Own replies count in full; own ratings are no votes."""
        found = []
        for row, edge in said:
            own = row.rater == self.root
            value = edge.reply_vote if own else edge.praise + edge.reply_vote
            source = Source.REPLY if own or not edge.praise else Source.RATING
            source = Source.REGISTRAR if row.registrar and not own else source
            found.append(self._vote(row.rater, value, 1.0 if own else row.vote_scale, source))
        return [vote for vote in found if vote.amount > 0]

    def reproach(self, said: list[tuple[Row, Edge]]) -> list[Vote]:
        others = ((row, edge) for row, edge in said if row.rater != self.root)
        votes = (self._vote(row.rater, edge.reproach, 1.0, Source.RATING) for row, edge in others)
        return [vote for vote in votes if vote.amount > 0]

    def _vote(self, rater: Identity, value: float, factor: float, source: Source) -> Vote:
        tlt = self.ranking.exact[rater]
        return Vote(rater, tlt, value, factor, tlt * (value * factor), source)

    def path(self, target: Identity) -> Path | None:
        """Backwards from the target, best first; no path to anybody is stronger than his tlt: that bounds the rest."""
        own, bound = self.own(), self.ranking.exact
        heap: list[tuple[float, float, tuple[Identity, ...]]] = [(-bound.get(target, 0.0), -1.0, (target,))]
        best: dict[tuple[Identity, int], float] = {}
        while heap and heap[0][0] < 0.0:
            _, strength, names = heappop(heap)
            head, steps = names[0], len(names) - 1
            if head == self.root:
                return Path(names[1:], -strength) if names[1:] else None
            if best.get((head, steps), 0.0) > strength:
                best[head, steps] = strength
                for rater, weight in self._backward(head, own, steps):
                    heappush(heap, (strength * weight * bound[rater], strength * weight, (rater, *names)))
        return None

    def _backward(self, head: Identity, own: dict[Identity, float], steps: int) -> Iterator[tuple[Identity, float]]:
        if own.get(head, 0.0) > 0:
            yield self.root, own[head]
        elif steps < self.params.rounds:
            yield from self.arrivals(head)

    def verdict(self, target: Identity, state: State | None) -> Verdict:
        tlt, mt = self.ranking.tlt.get(target, 0.0), self.ranking.mt.get(target, 0.0)
        own = self.graph.ratings(self.root).get(target)
        verdict = judge(own, tlt, mt, state or NOTHING, self.params)
        return capped(verdict) if state is not None and verdict.fetch and not state.fetch else verdict


def _sum(amounts: Iterator[float]) -> float:
    """Left to right, as the ranking does it; the built-in sum rounds otherwise from Python 3.12 on."""
    total = 0.0
    for amount in amounts:
        total += amount
    return total


def _sum_of(votes: list[Vote], source: Source) -> float:
    return _sum(vote.amount for vote in votes if vote.source is source)


def _largest_first(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: (-part.amount, part.rater)))


def why(
    graph: Graph,
    root: Identity,
    ranking: Ranking,
    target: Identity,
    params: Parameters = DEFAULTS,
    state: State | None = None,
) -> Explanation:
    """All parts of the target's trust. `ranking` is of this graph and root; `state` is what stands now, if known."""
    case = _Case(graph, root, ranking, params)
    said = list(case.said(target))
    introducers, praise, reproach = case.introducers(said), case.praise(said), case.reproach(said)
    ratings, replies, registrars = (_sum_of(praise, source) for source in Source)
    return Explanation(
        target,
        ranking.tlt.get(target, 0.0),
        ranking.mt.get(target, 0.0),
        graph.ratings(root).get(target),
        _sum(part.amount for part in introducers),
        _largest_first(introducers),
        case.mercy(target),
        _largest_first(praise),
        _largest_first(reproach),
        praise_of(ratings, replies, registrars, params),
        _sum(vote.amount for vote in reproach),
        replies > params.reply_vote_cap,
        registrars > params.registrar_cap,
        case.path(target),
        case.verdict(target, state),
    )


def own_causes(
    graph: Graph, root: Identity, ranking: Ranking, target: Identity, params: Parameters = DEFAULTS
) -> list[tuple[Identity, float]]:
    """Which of root's ratings the target's tlt comes from, largest first; root's replies stand under root's name.

    The shares sum to the tlt as long as nobody on the way is capped at 1.
    """
    case = _Case(graph, root, ranking, params)
    arcs = graph.arcs(root)
    numbers = graph.numbers
    own = {numbers[v]: tlt for v, tlt in (case.own() | {root: 1.0}).items()}
    mercy = [case.mercy(name) for name in graph.names]
    shares = dict.fromkeys(own, 0.0)
    reach = [0.0] * len(mercy)
    if target in numbers:
        reach[numbers[target]] = 1.0
    for step in range(params.rounds + 1):
        reach = _one_step_back(arcs, mercy, reach) if step else reach
        for number, tlt in own.items():
            shares[number] += tlt * reach[number]
            reach[number] = 0.0
    named = ((graph.names[number], share) for number, share in shares.items() if share > 0)
    return sorted(named, key=lambda item: (-item[1], item[0]))


def _one_step_back(arcs: list[tuple[int, Arcs]], mercy: list[float], reach: list[float]) -> list[float]:
    arriving = list(map(mul, mercy, reach))
    back = [0.0] * len(reach)
    for rater, row in arcs:
        total = 0.0
        for target, weight in zip(row.targets, row.weights, strict=True):
            total += weight * arriving[target]
        back[rater] = total
    return back


def vote_budget(graph: Graph, rater: Identity) -> VoteBudget:
    """Whether a rater praises more people than he has votes for."""
    row = graph.row(rater, rater)
    votes = sorted(edge.praise + edge.reply_vote for edge in row.edges())
    spent, too_many = math.fsum(votes), 0
    left = spent
    while left > graph.params.vote_budget and votes:
        left -= votes.pop()
        too_many += 1
    return VoteBudget(spent, row.vote_scale, too_many)
