"""From trust to what is done: whom to fetch, whom to show, and how; docs/trust.md "Levels".

A level is entered at its threshold and left only below `band` times it, so noise near a threshold flips nothing. What
the user himself rated has no band. Two bits per identity (State) are all that is remembered from one time to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.ranking import Ranking
from zbnntp.trust.rows import Rating, clean


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered about one identity. Whoever is in no mapping of states is in state NOTHING."""

    fetch: bool = False
    level: Level = Level.HIDDEN


NOTHING = State()


class Reason(Enum):
    """What decided. Thresholds are eps_fetch for fetching and eps_full for the level."""

    OWN_POSITIVE = "own rating above 0"
    OWN_NEGATIVE = "own mt below 0, no tlt above 0"
    ABOVE = "at or above the threshold"
    BAND = "below the threshold, kept by the band"
    BELOW = "below the threshold"
    CAP = "fetch cap is used up by people with more trust"
    NOT_FETCHED = "not fetched, so not shown"
    NEGATIVE = "mt below 0"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state and what decided each half of it."""

    fetch: bool
    fetch_by: Reason
    level: Level
    level_by: Reason

    @property
    def state(self) -> State:
        return State(self.fetch, self.level)


def _reach(value: float, threshold: float, inside: bool, params: Parameters) -> Reason:
    if value >= threshold:
        return Reason.ABOVE
    return Reason.BAND if inside and value >= params.band * threshold else Reason.BELOW


def _fetch(own: Rating, peer: float, before: State, params: Parameters) -> Reason:
    if (own.tlt or 0.0) > 0.0 or (own.mt or 0.0) > 0.0:
        return Reason.OWN_POSITIVE
    if (own.mt or 0.0) < 0.0:
        return Reason.OWN_NEGATIVE
    return _reach(peer, params.eps_fetch, before.fetch, params)


def _level(own: Rating, mt: float, before: State, params: Parameters) -> tuple[Level, Reason]:
    if mt < 0.0:
        return Level.HIDDEN, Reason.NEGATIVE
    vouched = own.mt > 0.0 if own.mt is not None else (own.tlt or 0.0) > 0.0
    reason = Reason.OWN_POSITIVE if vouched else _reach(mt, params.eps_full, before.level is Level.FULL, params)
    return (Level.LIMITED if reason is Reason.BELOW else Level.FULL), reason


def judge(own: Rating | None, tlt: float, mt: float, before: State, params: Parameters = DEFAULTS) -> Verdict:
    """The verdict on one identity, fetch cap left aside. `tlt` and `mt` as ranked; an own rating goes before them."""
    said = own or Rating(Identity(b""), None, None)
    tlt = round(tlt if said.tlt is None else said.tlt, params.decimals)
    mt = round(mt if said.mt is None else said.mt, params.decimals)
    fetch_by = _fetch(said, max(tlt, mt), before, params)
    if fetch_by in (Reason.OWN_NEGATIVE, Reason.BELOW):
        return Verdict(False, fetch_by, Level.HIDDEN, Reason.NOT_FETCHED)
    return Verdict(True, fetch_by, *_level(said, mt, before, params))


def apply_levels(
    ranking: Ranking,
    own_ratings: Mapping[Identity, Rating],
    previous: Mapping[Identity, State],
    params: Parameters = DEFAULTS,
) -> dict[Identity, State]:
    """The state of everybody who has trust or an own rating, sorted by identity; all others are NOTHING."""
    own = {target: good for target, rating in own_ratings.items() if (good := clean(rating)) is not None}
    verdicts = {
        v: judge(own.get(v), ranking.tlt.get(v, 0.0), ranking.mt.get(v, 0.0), previous.get(v, NOTHING), params)
        for v in sorted(ranking.tlt.keys() | ranking.mt.keys() | own.keys())
    }
    surplus = _surplus(verdicts, ranking, params)
    return {v: NOTHING if v in surplus else verdict.state for v, verdict in verdicts.items()}


def _surplus(verdicts: Mapping[Identity, Verdict], ranking: Ranking, params: Parameters) -> set[Identity]:
    """Who falls to the cap: the least trusted of those fetched. Whom the user rated above 0 never does, but counts."""

    def order(identity: Identity) -> tuple[bool, float, Identity]:
        peer = max(ranking.tlt.get(identity, 0.0), ranking.mt.get(identity, 0.0))
        return verdicts[identity].fetch_by is not Reason.OWN_POSITIVE, -peer, identity

    fetched = [v for v, verdict in verdicts.items() if verdict.fetch]
    if len(fetched) <= params.fetch_cap:
        return set()
    return {
        v for v in sorted(fetched, key=order)[params.fetch_cap :] if verdicts[v].fetch_by is not Reason.OWN_POSITIVE
    }


def capped(verdict: Verdict) -> Verdict:
    """The verdict on somebody who falls to the fetch cap."""
    return replace(verdict, fetch=False, fetch_by=Reason.CAP, level=Level.HIDDEN, level_by=Reason.NOT_FETCHED)
