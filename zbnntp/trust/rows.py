"""One person's ratings and replies, made clean; and a finished row as plain Python, for those who look into it.

A row is made from one rater's records alone, so a changed manifest replaces one row and nothing else. The rules are
those of docs/trust.md, "What counts as a rating".
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from zbnntp.model.keys import Identity

MOST_REPLIES = 32_767  # a count is cut here, far above any cap, so that it fits two octets
ABSENT = math.nan


class Rating(NamedTuple):
    """One rating as published: message trust -1..1, trust-list trust 0..1, None where absent. Fields may hold junk."""

    target: Identity
    mt: float | None
    tlt: float | None


class Words(NamedTuple):
    """All that one rater says about one target, clean."""

    target: Identity
    mt: float | None
    tlt: float | None
    replies: int


class Edge(NamedTuple):
    """The same, `reply` being what his replies are worth, 0 without any."""

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
            yield Edge(target, given(mt), given(tlt), reply)

    def find(self, target: Identity) -> Edge | None:
        at = bisect_left(self.targets, target)
        if self.targets[at : at + 1] != (target,):
            return None
        return Edge(target, given(self.mt[at]), given(self.tlt[at]), self.reply[at])

    def ratings(self) -> dict[Identity, Rating]:
        """The explicit ratings, clean, without the replies."""
        said = (edge for edge in self.edges() if edge.mt is not None or edge.tlt is not None)
        return {edge.target: Rating(edge.target, edge.mt, edge.tlt) for edge in said}

    def weight(self, edge: Edge) -> float:
        """What part of the rater's trust-list trust reaches the target of this edge."""
        return edge.list_trust * self.list_scale + edge.reply_trust * self.reply_scale


def given(value: float) -> float | None:
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


def _count(replies: object) -> int:
    number = replies if isinstance(replies, int) and not isinstance(replies, bool) else 0
    return max(0, min(number, MOST_REPLIES))


def _implicit(rater: Identity, replies: Mapping[Identity, int]) -> dict[Identity, int]:
    named = ((v, _count(n)) for v, n in replies.items() if isinstance(v, bytes) and v != rater)
    return {target: count for target, count in named if count > 0}


def cleaned(rater: Identity, ratings: Iterable[Rating], replies: Mapping[Identity, int]) -> list[Words]:
    """One person's records, sorted by target. Of several ratings of one target the last counts; junk is dropped."""
    said, replied = _explicit(rater, ratings), _implicit(rater, replies)
    nothing = Rating(rater, None, None)
    return [
        Words(target, *said.get(target, nothing)[1:], replied.get(target, 0))
        for target in sorted(said.keys() | replied.keys())
    ]
