"""One person's ratings and replies, made clean and cut to his budgets.

A row is made from one rater's records alone, so a changed manifest replaces one row and nothing else. The rules are
those of docs/trust.md, "What counts as a rating" and "Budgets". Values are in arrays: graphs have millions of edges.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from zbnntp.model.keys import Identity
from zbnntp.trust.parameters import DEFAULTS, Parameters

MOST_REPLIES = 1_000_000  # a count is cut here, far above any cap, so that it always fits a float
ABSENT = math.nan


class Rating(NamedTuple):
    """One rating as published: message trust -1..1, trust-list trust 0..1, None where absent. Fields may hold junk."""

    target: Identity
    mt: float | None
    tlt: float | None


class Edge(NamedTuple):
    """All that one rater says about one target, clean. `reply` is what his replies are worth, 0 without any."""

    target: Identity
    mt: float | None
    tlt: float | None
    reply: float

    @property
    def list_trust(self) -> float:
        return self.tlt or 0.0

    @property
    def reply_trust(self) -> float:
        return self.reply if self.tlt is None else 0.0

    @property
    def praise(self) -> float:
        return max(0.0, self.mt or 0.0)

    @property
    def reproach(self) -> float:
        return max(0.0, -(self.mt or 0.0))

    @property
    def reply_vote(self) -> float:
        return self.reply if self.mt is None else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One rater's edges, sorted by target, and the three factors (0..1) that keep him within his budgets."""

    rater: Identity
    targets: tuple[Identity, ...]
    mt: array[float]
    tlt: array[float]
    reply: array[float]
    registrar: bool = False
    list_scale: float = 1.0
    reply_scale: float = 1.0
    vote_scale: float = 1.0

    def edges(self) -> Iterator[Edge]:
        for target, mt, tlt, reply in zip(self.targets, self.mt, self.tlt, self.reply, strict=True):
            yield Edge(target, _given(mt), _given(tlt), reply)

    def find(self, target: Identity) -> Edge | None:
        at = bisect_left(self.targets, target)
        if self.targets[at : at + 1] != (target,):
            return None
        return Edge(target, _given(self.mt[at]), _given(self.tlt[at]), self.reply[at])

    def ratings(self) -> dict[Identity, Rating]:
        """The explicit ratings, clean, without the replies."""
        said = (edge for edge in self.edges() if edge.mt is not None or edge.tlt is not None)
        return {edge.target: Rating(edge.target, edge.mt, edge.tlt) for edge in said}

    def weight(self, edge: Edge) -> float:
        """What part of the rater's trust-list trust reaches the target of this edge."""
        return edge.list_trust * self.list_scale + edge.reply_trust * self.reply_scale


def _given(value: float) -> float | None:
    return None if value != value else value


def _number(value: object, low: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return float(min(max(value, low), 1.0)) + 0.0  # + 0.0: no negative zero


def clean(rating: Rating) -> Rating | None:
    """The rating with values in range and the implied tlt of a negative one; None if nothing is left of it."""
    mt, tlt = _number(rating.mt, -1.0), _number(rating.tlt, 0.0)
    if mt is not None and mt < 0 and tlt is None:
        tlt = 0.0
    return None if mt is None and tlt is None else Rating(rating.target, mt, tlt)


def _explicit(rater: Identity, ratings: Iterable[Rating]) -> dict[Identity, Rating]:
    last = {r.target: r for r in ratings if isinstance(r.target, bytes) and r.target != rater}
    return {target: good for target, r in last.items() if (good := clean(r)) is not None}


def _worth(count: object, params: Parameters) -> float:
    number = count if isinstance(count, int) and not isinstance(count, bool) else 0
    return min(params.reply_cap, params.reply_unit * max(0, min(number, MOST_REPLIES)))


def _implicit(rater: Identity, replies: Mapping[Identity, int], params: Parameters) -> dict[Identity, float]:
    named = ((v, _worth(n, params)) for v, n in replies.items() if isinstance(v, bytes) and v != rater)
    return {target: reply for target, reply in named if reply > 0}


def _scale(budget: float, amounts: Iterable[float]) -> float:
    total = math.fsum(amounts)
    return 1.0 if total <= budget else budget / total


def finish(rater: Identity, edges: list[Edge], registrar: bool, params: Parameters) -> Row:
    """The row of clean edges that are sorted by target."""
    return Row(
        rater,
        tuple(edge.target for edge in edges),
        array("d", (ABSENT if edge.mt is None else edge.mt for edge in edges)),
        array("d", (ABSENT if edge.tlt is None else edge.tlt for edge in edges)),
        array("d", (edge.reply for edge in edges)),
        registrar,
        list_scale=_scale(params.list_budget, (edge.list_trust for edge in edges)),
        reply_scale=_scale(params.reply_budget, (edge.reply_trust for edge in edges)),
        vote_scale=_scale(params.vote_budget, (edge.praise + edge.reply_vote for edge in edges)),
    )


def make_row(
    rater: Identity,
    ratings: Iterable[Rating],
    replies: Mapping[Identity, int],
    params: Parameters = DEFAULTS,
    registrar: bool = False,
) -> Row:
    """A finished row from one person's records. Of several ratings of one target the last counts; junk is dropped."""
    said, replied = _explicit(rater, ratings), _implicit(rater, replies, params)
    nothing = Rating(rater, None, None)
    edges = [
        Edge(target, *said.get(target, nothing)[1:], replied.get(target, 0.0))
        for target in sorted(said.keys() | replied.keys())
    ]
    return finish(rater, edges, registrar, params)
