"""Why somebody has the trust he has: the parts that the numbers of a ranking are made of, as plain data.

Every list is complete and sorted, largest first; whoever prints it takes the top. The parts are computed from the same
rows and in the same order as the ranking, so they sum to its values. docs/trust.md "Asking why".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeVar

import numpy as np

from zbnntp.model.keys import Identity
from zbnntp.trust.columns import Floats
from zbnntp.trust.graph import Graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import NOTHING, State, Verdict, capped, judge
from zbnntp.trust.ranking import Ranking, praise_of
from zbnntp.trust.rows import Rating, given
from zbnntp.trust.seen import Heard, Seen


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


class Computed(NamedTuple):
    tlt: float
    mt: float


@dataclass(frozen=True, slots=True)
class VoteBudget:
    """How much of his positive votes a rater has spent, and how many of them must go until all count in full."""

    spent: float
    factor: float
    too_many: int


@dataclass(frozen=True, slots=True)
class _Case:
    graph: Graph
    seen: Seen
    ranking: Ranking
    params: Parameters

    def name(self, number: int) -> Identity:
        return self.graph.names[number]

    def heard(self, target: Identity) -> list[Heard]:
        """What people with trust say about the target, in the order of summation."""
        number = self.graph.numbers.get(target)
        heard = [] if number is None else self.seen.heard(number)
        return [it for it in heard if self.ranking.of(it.rater).exact > 0]

    def mercy(self) -> Floats:
        """By number: 1 / (1 + kappa * blame)."""
        blamed = self.ranking.values.blamed
        mercy: Floats = 1.0 / (1.0 + self.params.kappa * np.pad(blamed, (0, self.seen.width - len(blamed))))
        return mercy

    def introducers(self, heard: list[Heard]) -> list[Contribution]:
        found = []
        for it in heard:
            tlt = self.ranking.of(it.rater).handed
            if tlt * it.weight > 0:
                by_replies = not it.tlt > 0
                found.append(Contribution(self.name(it.rater), tlt, it.weight, tlt * it.weight, by_replies))
        return found

    def praise(self, heard: list[Heard]) -> list[Vote]:
        """Own replies count in full; own ratings are no votes."""
        found = []
        for it in heard:
            own, rated, reply = it.rater == self.seen.root, max(0.0, given(it.mt) or 0.0), _reply_vote(it)
            source = Source.REPLY if own or not rated else Source.RATING
            source = Source.REGISTRAR if it.registrar and not own else source
            value = reply if own else rated + reply
            found.append(self._vote(it.rater, value, 1.0 if own else it.vote_scale, source))
        return [vote for vote in found if vote.amount > 0]

    def reproach(self, heard: list[Heard]) -> list[Vote]:
        against = (it for it in heard if it.mt < 0 and it.rater != self.seen.root)
        return [self._vote(it.rater, -it.mt, 1.0, Source.RATING) for it in against]

    def _vote(self, rater: int, value: float, factor: float, source: Source) -> Vote:
        tlt = self.ranking.of(rater).exact
        return Vote(self.name(rater), tlt, value, factor, tlt * (value * factor), source)

    def inflow(self, introducers: list[Contribution]) -> float:
        """Added up as the ranking does it, those whose rows stand apart last."""
        theirs = {self.name(number) for number in self.seen.theirs.raters.tolist()}
        usual, apart = ([it.amount for it in introducers if (it.rater in theirs) is side] for side in (False, True))
        return _sum(iter(usual)) + _sum(iter(apart))

    def path(self, target: Identity) -> Path | None:
        """Backwards from the target, the best way from everybody; then forwards along it."""
        layers = list(_backwards(self, {target: 1.0}, best=True))
        if not layers:
            return None
        found = [(float(own.max()), -step, int(own.argmax())) for step, (own, _) in enumerate(layers)]
        strength, steps, number = max(found)
        names = [number]
        for step in range(-steps - 1, -1, -1):
            names.append(self._next(names[-1], layers[step][1]))
        named = tuple(self.name(it) for it in names if it != self.seen.root)
        return Path(named, strength) if strength > 0 and named else None

    def _next(self, rater: int, reach: Floats) -> int:
        targets, weights = self.seen.row(rater)
        return int(targets[np.argmax(weights * (self.mercy() * reach)[targets])])

    def verdict(self, target: Identity, own: Rating | None, state: State | None) -> Verdict:
        trust = self.ranking.of(self.graph.numbers.get(target))
        verdict = judge(own, trust.tlt, trust.mt, state or NOTHING, self.params)
        return capped(verdict) if state is not None and verdict.fetch and not state.fetch else verdict


def _backwards(case: _Case, ends: Mapping[Identity, float], best: bool) -> Iterator[tuple[Floats, Floats]]:
    """Step by step from the ends, each with its weight: what of each own rating gets there, and what of others' trust.

    By number; `best` follows the strongest way only, else all ways are summed. The root stands for his own replies.
    Ways end at whom he rated himself.
    """
    seen, numbers = case.seen, case.graph.numbers
    weights = {numbers[target]: weight for target, weight in ends.items() if target in numbers}
    if not weights:
        return
    given_tlt, mercy = np.full(seen.width, np.nan), case.mercy()
    given_tlt[seen.own.targets] = seen.own.tlt
    given_tlt[seen.root] = 1.0
    own = ~np.isnan(given_tlt)
    reach = np.zeros(seen.width)
    reach[list(weights)] = list(weights.values())
    for step in range(case.params.rounds + 1):
        reach = seen.back(mercy * reach, best) if step else reach
        arrived = np.where(own, given_tlt, 0.0) * reach
        reach = np.where(own, 0.0, reach)
        yield arrived, reach


def _reply_vote(heard: Heard) -> float:
    return heard.reply if heard.mt != heard.mt else 0.0


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
    with graph.lock:
        case = _Case(graph, graph.seen_by(root), ranking, params)
        return _explain(case, target, graph.ratings(root).get(target), state)


def _explain(case: _Case, target: Identity, own: Rating | None, state: State | None) -> Explanation:
    heard = case.heard(target)
    number = case.graph.numbers.get(target)
    introducers, praise, reproach = case.introducers(heard), case.praise(heard), case.reproach(heard)
    ratings, replies, registrars = (_sum_of(praise, source) for source in Source)
    trust = case.ranking.of(number)
    return Explanation(
        target,
        trust.tlt,
        trust.mt,
        own,
        case.inflow(introducers),
        _largest_first(introducers),
        1.0 if number is None else float(case.mercy()[number]),
        _largest_first(praise),
        _largest_first(reproach),
        praise_of(ratings, replies, registrars, case.params),
        _sum(vote.amount for vote in reproach),
        replies > case.params.reply_vote_cap,
        registrars > case.params.registrar_cap,
        case.path(target),
        case.verdict(target, own, state),
    )


def computed(
    graph: Graph, root: Identity, ranking: Ranking, target: Identity, params: Parameters = DEFAULTS
) -> Computed | None:
    """What others make of the target, root's own rating left out; None when nobody who counts says anything."""
    with graph.lock:
        case = _Case(graph, graph.seen_by(root), ranking, params)
        heard = case.heard(target)
        introducers, praise, reproach = case.introducers(heard), case.praise(heard), case.reproach(heard)
        if not (introducers or praise or reproach):
            return None
        number = graph.numbers.get(target)
        mercy = 1.0 if number is None else float(case.mercy()[number])
        ratings, replies, registrars = (_sum_of(praise, source) for source in Source)
        pro, against = praise_of(ratings, replies, registrars, params), _sum(vote.amount for vote in reproach)
        return Computed(mercy * min(1.0, case.inflow(introducers)), (pro - against) / max(1.0, pro + against))


def own_causes(
    graph: Graph, root: Identity, ranking: Ranking, target: Identity, params: Parameters = DEFAULTS
) -> list[tuple[Identity, float]]:
    """Which of root's ratings the target's tlt comes from, largest first; root's replies stand under root's name.

    The shares sum to the tlt as long as nobody on the way is capped at 1.
    """
    return causes_of(graph, root, ranking, {target: 1.0}, params)


def causes_of(
    graph: Graph, root: Identity, ranking: Ranking, weights: Mapping[Identity, float], params: Parameters = DEFAULTS
) -> list[tuple[Identity, float]]:
    """The same for a sum of several people's tlt, each times its weight: for the votes about somebody, say."""
    with graph.lock:
        case = _Case(graph, graph.seen_by(root), ranking, params)
        shares = np.zeros(case.seen.width)
        for arrived, _ in _backwards(case, weights, best=False):
            shares += arrived
        named = [(graph.names[number], float(shares[number])) for number in np.flatnonzero(shares)]
    return sorted(named, key=lambda item: (-item[1], item[0]))


def vote_budget(graph: Graph, rater: Identity) -> VoteBudget:
    """Whether a rater praises more people than he has votes for."""
    row = graph.row(rater, rater)
    mt, replies = np.array(row.mt), np.array(row.reply)
    votes = np.sort(np.where(np.isnan(mt), replies, np.fmax(mt, 0.0))).tolist()
    spent, too_many = math.fsum(votes), 0
    left = spent
    while left > graph.params.vote_budget and votes:
        left -= votes.pop()
        too_many += 1
    return VoteBudget(spent, row.vote_scale, too_many)
