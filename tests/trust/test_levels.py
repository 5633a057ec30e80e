"""Levels of everybody at once are what `judge` says of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trust.worlds import RULE, YOU, name, ranked, rates, trusts, who, world, worlds
from zbnntp.model.views import Level
from zbnntp.trust.explain import why
from zbnntp.trust.graph import make_graph
from zbnntp.trust.parameters import Parameters
from zbnntp.trust.policy import NOTHING, Reason, State, apply_levels, code_of, judge, state_of
from zbnntp.trust.ranking import rank

STATES = [State(fetch, level) for fetch in (False, True) for level in Level]
knobs = st.builds(
    Parameters,
    eps_fetch=st.sampled_from([1e-4, 0.05, 0.3]),
    eps_full=st.sampled_from([2e-3, 0.1, 0.5]),
    band=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    followed_only=st.booleans(),
)


@RULE
@given(worlds(), st.dictionaries(name, st.sampled_from(STATES)), knobs)
def test_all_at_once_is_one_by_one(records, previous, params):
    ranking, own = ranked(records, params), make_graph(records, params).ratings(YOU)
    for v, state in apply_levels(ranking, own, previous, params).items():
        trust = ranking.tlt.get(v, 0.0), ranking.mt.get(v, 0.0)
        assert state == judge(own.get(v), *trust, previous.get(v, NOTHING), params).state


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_a_small_number(state):
    assert state_of(code_of(state)) == state
    assert np.uint8(code_of(state)) == code_of(state)


@RULE
@given(worlds())
def test_levels_stay_when_nothing_changes(records):
    graph = make_graph(records)
    ranking = rank(graph, YOU)
    states = apply_levels(ranking, graph.ratings(YOU), {})
    assert apply_levels(ranking, graph.ratings(YOU), states) == states


def test_who_follows_alone_fetches_those_he_rated_above_zero():
    params = Parameters(followed_only=True)
    graph = make_graph(world({"you": [*trusts(p=0.5), rates("q", 0.1), rates("r", -1)], "p": [rates("x", 1, 0.5)]}))
    ranking = rank(graph, YOU)
    states = apply_levels(ranking, graph.ratings(YOU), {}, params)
    assert {v for v, state in states.items() if state.fetch} == {who("p"), who("q")}
    verdict = why(graph, YOU, ranking, who("x"), params).verdict
    assert (verdict.fetch_by, verdict.level_by) == (Reason.NOT_FOLLOWED, Reason.NOT_FETCHED)
