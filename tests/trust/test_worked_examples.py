"""The worked examples of docs/trust.md, number by number."""

import pytest

from tests.trust.worlds import YOU, mt_of, ranked, rates, tlt_of, trusts, who, world
from zbnntp.model.views import Level
from zbnntp.trust.graph import make_graph
from zbnntp.trust.parameters import Parameters
from zbnntp.trust.policy import apply_levels
from zbnntp.trust.ranking import rank


def near(*numbers: float) -> object:
    return pytest.approx(list(numbers), abs=1e-9)


CHAIN = {"you": trusts(me=0.5), "me": trusts(alice=0.8), "alice": trusts(bob=0.7), "bob": trusts(carol=0.3, david=0.3)}


def test_trust_fades_along_a_chain():
    ranking = ranked(world(CHAIN))
    assert tlt_of(ranking, "you", "me", "alice", "bob", "carol", "david") == near(1, 0.5, 0.4, 0.28, 0.084, 0.084)


def test_own_ratings_replace_what_the_chain_says():
    own = [*trusts(me=0.5, carol=0.02), rates("bob", mt=-1)]
    ranking = ranked(world(CHAIN | {"you": own}))
    assert tlt_of(ranking, "bob", "carol", "david") == near(0, 0.02, 0)


def test_fifty_sign_ups_get_a_thousandth_each_and_are_limited():
    sign_ups = [f"new{n}" for n in range(50)]
    records = world({"you": trusts(node=1), "node": [rates(v, 0.001, 0.001) for v in sign_ups]})
    graph = make_graph(records)
    ranking = rank(graph, YOU)
    assert tlt_of(ranking, *sign_ups) == near(*[0.001] * 50)
    assert mt_of(ranking, *sign_ups) == near(*[0.001] * 50)
    states = apply_levels(ranking, graph.ratings(YOU), {})
    assert {states[who(v)].level for v in sign_ups} == {Level.LIMITED}


def test_ten_full_votes_are_shared_by_whoever_gets_more():
    sign_ups = [f"new{n}" for n in range(12)]
    ranking = ranked(world({"you": trusts(node=1), "node": [rates(v, 0.9) for v in sign_ups]}))
    assert mt_of(ranking, *sign_ups) == near(*[0.9 * 10 / 10.8] * 12)
    assert tlt_of(ranking, *sign_ups) == [0] * 12


def test_trust_handed_on_is_at_most_four_fifths():
    crowd = {f"x{n}": 0.8 for n in range(20)}
    assert tlt_of(ranked(world({"you": trusts(p=1), "p": trusts(**crowd)})), *crowd) == near(*[0.04] * 20)


def test_below_the_budget_numbers_count_as_written():
    assert tlt_of(ranked(world({"you": trusts(p=1), "p": trusts(a=0.5, b=0.3)})), "a", "b") == near(0.5, 0.3)


LOOP = {"you": trusts(a=0.5), "a": trusts(b=0.8), "b": trusts(c=0.8), "c": trusts(b=0.8)}


def test_a_cycle_is_cut_after_five_rounds():
    assert tlt_of(ranked(world(LOOP)), "b", "c") == near(0.81984, 0.5248)


def test_without_end_a_cycle_would_swell():
    assert tlt_of(ranked(world(LOOP), Parameters(rounds=200)), "b", "c") == pytest.approx([1, 0.8], abs=1e-6)


def test_trust_travels_six_steps_from_you():
    steps = {f"n{n}": trusts(**{f"n{n + 1}": 0.8}) for n in range(1, 7)}
    ranking = ranked(world({"you": trusts(n1=1)} | steps))
    assert tlt_of(ranking, "n2", "n6", "n7") == near(0.8, 0.8**5, 0)


def test_trust_is_capped_at_one():
    peers = {f"p{n}": trusts(hub=0.8) for n in range(5)}
    own = trusts(**dict.fromkeys(peers, 1.0))
    assert tlt_of(ranked(world({"you": own, "hub": trusts(x=0.5)} | peers)), "hub", "x") == near(1, 0.5)


def votes(tlt: dict[str, float], mt: dict[str, float]) -> float:
    ranking = ranked(world({"you": trusts(**tlt)} | {rater: [rates("x", value)] for rater, value in mt.items()}))
    return mt_of(ranking, "x")[0]


def test_above_one_vote_of_evidence_the_share_counts():
    assert votes({"a": 0.8, "b": 0.8, "c": 0.8}, {"a": 1, "b": 1, "c": -1}) == pytest.approx(1 / 3, abs=1e-9)


def test_below_one_vote_of_evidence_the_sum_counts():
    assert votes({"a": 0.8, "b": 0.8}, {"a": 0.5, "b": -0.2}) == pytest.approx(0.24, abs=1e-9)


@pytest.mark.parametrize(("third", "expected"), [(-0.5, 0.02625), (-0.05, 0.026295)])
def test_message_trust_is_the_weighted_sum(third, expected):
    tlt = {"bob": 0.028, "dave": 0.123, "eve": 0.0001}
    assert votes(tlt, {"bob": 0.5, "dave": 0.1, "eve": third}) == pytest.approx(expected, abs=1e-9)


def test_replies_are_weak_votes_and_weak_trust():
    ranking = ranked(world({"you": trusts(p=0.8)}, {"p": {"x": 1, "y": 3, "z": 50}}))
    assert tlt_of(ranking, "x", "y", "z") == near(0.8 * 0.05 / 9, 0.8 * 0.15 / 9, 0.8 * 0.25 / 9)
    assert mt_of(ranking, "x", "y", "z") == near(0.008, 0.024, 0.04)


def test_one_moderator_outweighs_forty_people_who_feed_a_troll():
    peers = [f"p{n}" for n in range(40)]
    own = trusts(**dict.fromkeys([*peers, "mod"], 0.8))
    records = world({"you": own, "mod": [rates("troll", -0.5)]}, {p: {"troll": 3} for p in peers})
    assert mt_of(ranked(records), "troll") == near(0.05 - 0.4)
