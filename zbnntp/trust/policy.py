"""From trust to what is done: whom to fetch, whom to show, and how; docs/trust.md "Levels".

A level is entered at its threshold and left only below `band` times it, so noise near a threshold flips nothing. What
the user himself rated has no band. Two bits per identity (State) are all that is remembered from one time to the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.trust.columns import Bits, Floats, Numbers, Targets, rounded
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.ranking import Ranking
from zbnntp.trust.rows import Rating, clean

Codes = NDArray[np.uint8]


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
    NOT_FOLLOWED = "only those rated above 0 are fetched"
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
    if params.followed_only:
        return Reason.NOT_FOLLOWED
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
    if fetch_by in (Reason.OWN_NEGATIVE, Reason.BELOW, Reason.NOT_FOLLOWED):
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
    names = sorted(ranking.tlt.keys() | ranking.mt.keys() | own.keys())
    before = np.array([code_of(previous.get(it, NOTHING)) for it in names], np.uint8)
    numbers = {name: number for number, name in enumerate(names)}
    given = Given.of(own, numbers)
    tlt, mt = (np.array([values.get(it, 0.0) for it in names]) for values in (ranking.tlt, ranking.mt))
    codes = levels(names, tlt, mt, given, before, params)
    return {name: _STATES[code] for name, code in zip(names, codes.tolist(), strict=True)}


class Given(NamedTuple):
    """The root's own ratings by number; NaN: absent."""

    numbers: Numbers | Targets
    mt: Floats
    tlt: Floats

    @staticmethod
    def of(own: Mapping[Identity, Rating], numbers: Mapping[Identity, int]) -> Given:
        mt, tlt = ([math.nan if it is None else it for it in part] for part in _fields(own))
        return Given(np.array([numbers[it] for it in own], np.int64), np.array(mt), np.array(tlt))

    def spread(self, width: int) -> tuple[Floats, Floats]:
        """mt and tlt of all numbers."""
        found = np.full((2, width), np.nan)
        found[0, self.numbers], found[1, self.numbers] = self.mt, self.tlt
        return found[0], found[1]


def _fields(own: Mapping[Identity, Rating]) -> tuple[list[float | None], list[float | None]]:
    return [it.mt for it in own.values()], [it.tlt for it in own.values()]


def code_of(state: State) -> int:
    """A state as a number below 8."""
    return _FETCH * state.fetch + state.level


def state_of(code: int) -> State:
    return _STATES[code]


_FETCH = 4
_STATES = {_FETCH * fetch + level: State(fetch, level) for fetch in (False, True) for level in Level}


def levels(
    names: Sequence[Identity], tlt: Floats, mt: Floats, given: Given, before: Codes, params: Parameters = DEFAULTS
) -> Codes:
    """What `judge` says of everybody, and the fetch cap, by number; states before and after as `code_of` has them."""
    own_mt, own_tlt = given.spread(len(tlt))
    tlt = rounded(np.where(np.isnan(own_tlt), tlt, own_tlt), params)
    mt = rounded(np.where(np.isnan(own_mt), mt, own_mt), params)
    liked = (own_tlt > 0.0) | (own_mt > 0.0)
    peer = np.maximum(tlt, mt)
    known = (
        np.zeros(len(tlt), bool) if params.followed_only else _reached(peer, params.eps_fetch, before >= _FETCH, params)
    )
    fetch = liked | (known & ~(own_mt < 0.0))
    _cap(fetch, liked, peer, names, params)
    vouched = np.where(np.isnan(own_mt), own_tlt > 0.0, own_mt > 0.0)
    full = vouched | _reached(mt, params.eps_full, before % _FETCH == Level.FULL, params)
    level = np.where(full, Level.FULL, Level.LIMITED) * (fetch & (mt >= 0.0))
    codes: Codes = (_FETCH * fetch + level).astype(np.uint8)
    return codes


def _reached(values: Floats, threshold: float, inside: Bits, params: Parameters) -> Bits:
    return (values >= threshold) | (inside & (values >= params.band * threshold))


def _cap(fetch: Bits, liked: Bits, peer: Floats, names: Sequence[Identity], params: Parameters) -> None:
    """Drops the least trusted of those fetched above the cap. Whom the user rated above 0 never falls, but counts."""
    free = np.flatnonzero(fetch & ~liked)
    places = max(0, params.fetch_cap - int(liked.sum()))
    if len(free) > places:
        last = np.partition(-peer[free], places)[places]  # the first that has no place
        tied = sorted(free[-peer[free] == last].tolist(), key=names.__getitem__)
        above = free[-peer[free] < last]
        fetch[free] = False
        fetch[above] = True
        fetch[tied[: places - len(above)]] = True


def capped(verdict: Verdict) -> Verdict:
    """The verdict on somebody who falls to the fetch cap."""
    return replace(verdict, fetch=False, fetch_by=Reason.CAP, level=Level.HIDDEN, level_by=Reason.NOT_FETCHED)
