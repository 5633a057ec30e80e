"""Levels: thresholds, the band below them, what own ratings decide, and the cap on fetching."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trust.worlds import RULE, YOU, ranked, rates, trusts, who, world
from zbnntp.model.views import Level
from zbnntp.trust.graph import Rating, make_graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import NOTHING, Reason, State, apply_levels, capped, judge
from zbnntp.trust.ranking import Ranking, Values, rank

X = who("x")
LIMITED = State(True, Level.LIMITED)
FULL = State(True, Level.FULL)
EPS, EPS_FULL = DEFAULTS.eps_fetch, DEFAULTS.eps_full


def state(tlt: float, mt: float, own: Rating | None = None, before: State = NOTHING) -> State:
    return judge(own, tlt, mt, before).state


def invented(tlt: dict | None = None, mt: dict | None = None) -> Ranking:
    tlt, mt = tlt or {}, mt or {}
    names = sorted(tlt.keys() | mt.keys())
    values = [np.array([part.get(v, 0.0) for v in names]) for part in (tlt, mt, tlt, tlt, {})]
    return Ranking(names, Values(*values))


@pytest.mark.parametrize(
    ("tlt", "mt", "expected"),
    [
        (0, 0, NOTHING),
        (EPS, 0, LIMITED),
        (0, EPS, LIMITED),
        (EPS - 1e-8, EPS - 1e-8, NOTHING),
        (0, EPS_FULL, FULL),
        (0, EPS_FULL - 1e-8, LIMITED),
        (1, EPS_FULL - 1e-8, LIMITED),
        (0, -1, NOTHING),
        (EPS, -1e-9, State(True, Level.HIDDEN)),
        (0.5, -0.5, State(True, Level.HIDDEN)),
    ],
)
def test_thresholds_decide_without_own_ratings(tlt, mt, expected):
    assert state(tlt, mt) == expected


def test_values_are_rounded_before_they_are_compared():
    assert state(EPS - 4e-10, 0) == LIMITED
    assert state(0, EPS_FULL - 4e-10) == FULL
    assert state(EPS, -4e-10) == LIMITED
    assert judge(rates("x", -4e-10, 0.5), 0.5, 0, NOTHING).level is Level.LIMITED


@pytest.mark.parametrize("band", [EPS * 0.8, EPS * 0.9, EPS - 1e-8])
def test_whoever_is_fetched_stays_so_down_to_the_band(band):
    assert state(band, 0) == NOTHING
    assert state(band, 0, before=LIMITED) == LIMITED
    assert state(EPS * 0.8 - 1e-8, 0, before=LIMITED) == NOTHING


@pytest.mark.parametrize("band", [EPS_FULL * 0.8, EPS_FULL * 0.9, EPS_FULL - 1e-8])
def test_a_full_member_stays_so_down_to_the_band(band):
    assert state(0, band, before=LIMITED) == LIMITED
    assert state(0, band, before=FULL) == FULL
    assert state(0, EPS_FULL * 0.8 - 1e-8, before=FULL) == LIMITED


def test_below_zero_there_is_no_band():
    assert state(0.5, -1e-9, before=FULL).level is Level.HIDDEN


inside = st.floats(0.8, 1, exclude_max=True, exclude_min=True)


@RULE
@given(st.lists(inside, min_size=2), st.lists(inside, min_size=2))
def test_noise_inside_the_band_never_flips_anything(fetch_noise, full_noise):
    for start in (NOTHING, LIMITED):
        states = {X: start}
        for part in fetch_noise:
            states = apply_levels(invented({X: EPS * min(part, 0.99999)}), {}, states)
            assert states[X] == start
    for start in (LIMITED, FULL):
        states = {X: start}
        for part in full_noise:
            states = apply_levels(invented(mt={X: EPS_FULL * min(part, 0.99999)}), {}, states)
            assert states[X] == start


@pytest.mark.parametrize(
    ("own", "tlt", "mt", "expected"),
    [
        ((-0.5, None), 0.9, -0.5, NOTHING),  # a bad poster
        ((-0.5, 0.0), 0.0, -0.5, NOTHING),
        ((-0.5, 0.3), 0.3, -0.5, State(True, Level.HIDDEN)),  # a bad poster who is a good judge
        ((None, 0.0), 0.0, 0.5, FULL),  # his list ignored, his posts by computed mt
        ((None, 0.0), 0.0, EPS, LIMITED),
        ((None, 0.0), 0.0, 0.0, NOTHING),
        ((0.3, 0.0), 0.0, 0.3, FULL),
        ((0.0, None), EPS, 0.9, LIMITED),  # 0 overrides any computed mt
        ((0.0, None), EPS, -0.9, LIMITED),
        ((0.0, None), EPS / 2, 0.9, NOTHING),
        ((0.0, 0.5), 0.5, 0.9, LIMITED),
        ((None, 1e-6), 1e-6, 0.0, FULL),  # vouched for
        ((None, 0.5), 0.5, -1e-9, State(True, Level.HIDDEN)),  # unless others are against him
        ((1e-6, None), 0.0, 1e-6, FULL),
    ],
)
def test_own_ratings_decide(own, tlt, mt, expected):
    rating = rates("x", *own)
    for before in (NOTHING, State(False, Level.FULL), State(True, Level.HIDDEN)):
        assert state(tlt, mt, rating, before).level is expected.level or expected == NOTHING
    assert state(tlt, mt, rating) == expected


def test_own_ratings_go_before_the_ranking():
    ranking = invented({X: 0.9}, {X: 0.9})
    assert apply_levels(ranking, {X: rates("x", -1)}, {X: FULL}) == {X: NOTHING}
    assert apply_levels(ranking, {X: rates("x", 0.0, 0.0)}, {X: FULL}) == {X: NOTHING}


def test_own_ratings_may_be_junk():
    own = {X: rates("x", math.nan, math.inf), who("y"): rates("y", 7.0, math.nan)}
    assert apply_levels(invented(), own, {}) == {who("y"): FULL}


def test_everybody_ranked_or_rated_has_a_state_and_nobody_else():
    ranking = ranked(world({"you": trusts(p=1), "p": [rates("low", -0.5), rates("tiny", 1e-6)]}))
    states = apply_levels(ranking, {X: rates("x", -1)}, {who("gone"): FULL})
    assert states == {YOU: FULL, who("p"): LIMITED, who("low"): NOTHING, who("tiny"): NOTHING, X: NOTHING}
    assert list(states) == sorted(states)


def test_whoever_loses_all_trust_is_not_fetched_any_more():
    graph = make_graph(world({"you": trusts(p=1), "p": [rates("x", 0.5)]}))
    states = apply_levels(rank(graph, YOU), graph.ratings(YOU), {})
    assert states[X] == FULL
    graph.patch(who("p"), [], {})
    assert states[X] != apply_levels(rank(graph, YOU), graph.ratings(YOU), states).get(X, NOTHING)


def test_the_cap_keeps_those_with_most_trust_then_by_id():
    names = [who(f"{n}{6 - n}") for n in range(6)]
    random.Random(1).shuffle(names)
    tlt = dict(zip(sorted(names), [0.1, 0.3, 0.3, 0.2, 0.3, 0.05], strict=True))
    states = apply_levels(invented(tlt, {names[0]: -0.5}), {}, {}, Parameters(fetch_cap=2))
    assert [v for v in sorted(names) if states[v].fetch] == sorted(names)[1:3]
    assert all(states[v] == NOTHING for v in names if not states[v].fetch)


def test_the_cap_never_hits_those_you_rated_above_zero_but_they_count():
    tlt = {who(f"n{n}"): 0.9 for n in range(5)}
    own = {who("mine"): rates("mine", 1e-5), who("judge"): rates("judge", -1, 1e-5)}
    states = apply_levels(invented(tlt, {}), own, {}, Parameters(fetch_cap=3))
    assert [v for v, found in states.items() if found.fetch] == [who("judge"), who("mine"), who("n0")]
    states = apply_levels(invented(tlt, {}), own, {}, Parameters(fetch_cap=0))
    assert [v for v, found in states.items() if found.fetch] == [who("judge"), who("mine")]


def test_the_default_cap_is_twenty_thousand():
    crowd = {f"c{n}": 0.5 for n in range(20_050)}
    ranking = invented({who(v): tlt for v, tlt in crowd.items()})
    assert sum(found.fetch for found in apply_levels(ranking, {}, {}).values()) == 20_000


@pytest.mark.parametrize(
    ("own", "tlt", "mt", "before", "fetch_by", "level_by"),
    [
        (rates("x", 0.5), 0, 0.5, NOTHING, Reason.OWN_POSITIVE, Reason.OWN_POSITIVE),
        (rates("x", -0.5), 0, -0.5, NOTHING, Reason.OWN_NEGATIVE, Reason.NOT_FETCHED),
        (rates("x", -0.5, 0.5), 0.5, -0.5, NOTHING, Reason.OWN_POSITIVE, Reason.NEGATIVE),
        (None, 0.5, -0.5, NOTHING, Reason.ABOVE, Reason.NEGATIVE),
        (None, 0.0, 0.5, NOTHING, Reason.ABOVE, Reason.ABOVE),
        (None, 0.0, 0.9 * EPS_FULL, FULL, Reason.ABOVE, Reason.BAND),
        (None, 0.9 * EPS, 0, LIMITED, Reason.BAND, Reason.BELOW),
        (None, 0.9 * EPS, 0, NOTHING, Reason.BELOW, Reason.NOT_FETCHED),
    ],
)
def test_the_verdict_says_what_decided(own, tlt, mt, before, fetch_by, level_by):
    verdict = judge(own, tlt, mt, before)
    assert (verdict.fetch_by, verdict.level_by) == (fetch_by, level_by)


def test_a_capped_verdict_is_neither_fetched_nor_shown():
    verdict = capped(judge(None, 0.5, 0.5, NOTHING))
    assert verdict.state == NOTHING
    assert (verdict.fetch_by, verdict.level_by) == (Reason.CAP, Reason.NOT_FETCHED)


def test_thresholds_are_knobs():
    params = Parameters(eps_fetch=0.2, eps_full=0.4, band=0.5)
    assert judge(None, 0.1999, 0, NOTHING, params).state == NOTHING
    assert judge(None, 0.1, 0, LIMITED, params).state == LIMITED
    assert judge(None, 0, 0.39, NOTHING, params).state == LIMITED
    assert judge(None, 0, 0.2, FULL, params).state == FULL
    assert judge(None, 0, 0.4, NOTHING, params).state == FULL
