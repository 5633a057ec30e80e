"""Votes, registrars, blame and the knobs of the ranking, beyond the worked examples."""

import pytest

from tests.trust.worlds import MILD, YOU, mt_of, ranked, rates, tlt_of, trusts, who, world
from zbnntp.trust.graph import Records, make_graph
from zbnntp.trust.parameters import Parameters
from zbnntp.trust.ranking import blame, rank, tlt_alone


def test_only_those_with_trust_are_in_a_ranking_sorted_by_identity():
    ranking = ranked(world({"you": trusts(b=0.5, a=0.5), "a": [rates("c", -0.5)], "nobody": trusts(x=1)}))
    assert list(ranking.tlt) == [who("a"), who("b"), YOU]
    assert list(ranking.mt) == [who("c"), YOU]


def test_values_are_rounded_to_nine_places():
    ranking = ranked(world({"you": trusts(a=0.1), "a": trusts(b=1e-8, c=1 / 3)}))
    assert tlt_of(ranking, "b", "c") == [1e-9, round(0.1 / 3, 9)]
    assert ranking.exact[who("c")] == 0.1 * (1 / 3)


def test_a_root_nobody_has_heard_of_sees_himself():
    graph = make_graph(world({"a": trusts(b=1)}))
    assert rank(graph, YOU).tlt == {YOU: 1.0}
    graph.patch(YOU, trusts(a=1), {})
    assert tlt_of(rank(graph, YOU), "a", "b") == [1, 0.8]


def test_a_graph_with_other_budgets_is_refused():
    graph = make_graph(Records(), Parameters(list_budget=0.5))
    with pytest.raises(ValueError, match="other budgets"):
        rank(graph, YOU)
    assert rank(graph, YOU, Parameters(list_budget=0.5, eps_full=0.5)).tlt == {YOU: 1.0}


def test_a_negative_own_rating_silences_a_list():
    records = {"p": [rates("x", 1, 1)]}
    assert tlt_of(ranked(world(records | {"you": [rates("p", 0.5, 0.5)]})), "x") == [0.4]
    assert tlt_of(ranked(world(records | {"you": [rates("p", -0.5)]})), "x") == [0]
    assert tlt_of(ranked(world(records | {"you": [rates("p", -0.5, 0.5)]})), "x") == [0.4]


def test_own_mt_overrides_all_votes():
    records = {"p": [rates("x", 1), rates("y", -1)]}
    own = [*trusts(p=1), rates("x", 0), rates("y", 0.25)]
    assert mt_of(ranked(world(records | {"you": own})), "x", "y") == [0, 0.25]


def test_own_tlt_leaves_mt_to_the_others():
    assert mt_of(ranked(world({"you": trusts(p=0.5, x=1), "p": [rates("x", -1)]})), "x") == [-0.5]


def test_replies_about_one_target_count_a_twentieth_at_most():
    peers = [f"p{n}" for n in range(9)]
    records = world({"you": trusts(**dict.fromkeys(peers, 1.0))}, {p: {"x": 9} for p in [*peers, "you"]})
    assert mt_of(ranked(records), "x") == [0.05]


def test_replies_share_the_vote_budget_with_votes():
    full = [rates(f"v{n}", 1) for n in range(10)]
    records = world({"you": trusts(p=1), "p": full}, {"p": {"x": 5}})
    assert mt_of(ranked(records), "x", "v0") == pytest.approx([0.05 * 10 / 10.05, 10 / 10.05], abs=1e-9)


def test_negative_votes_are_not_budgeted():
    bans = [*(rates(f"v{n}", -1) for n in range(200)), *(rates(f"w{n}", 1) for n in range(20))]
    assert mt_of(ranked(world({"you": trusts(mod=0.5), "mod": bans})), "v0", "v199") == [-0.5, -0.5]


def test_registrars_together_count_half_of_full_membership_at_most():
    registrars = [f"r{n}" for n in range(20)]
    ratings = {r: [rates("x", 1)] for r in registrars} | {"you": trusts(**dict.fromkeys(registrars, 1.0))}
    params = Parameters()
    assert mt_of(ranked(world(ratings, registrars=registrars)), "x") == [params.registrar_cap]
    assert params.registrar_cap <= params.eps_full / 2
    assert mt_of(ranked(world(ratings)), "x") == [1]


def test_replies_of_registrars_fall_under_their_cap():
    records = world({"you": trusts(r=1)}, {"r": {"x": 5}, "you": {"x": 1}}, ["r"])
    assert mt_of(ranked(records), "x") == pytest.approx([0.011])


def test_registrars_below_their_cap_count_as_written_and_others_add_to_it():
    records = world({"you": trusts(r=1, p=1), "r": [rates("x", 0.0004)], "p": [rates("x", 0.3)]}, registrars=["r"])
    assert mt_of(ranked(records), "x") == pytest.approx([0.3004])


def test_negative_votes_of_registrars_are_votes_like_any_other():
    records = world({"you": trusts(r=1), "r": [rates("x", -0.5)]}, registrars=["r"])
    assert mt_of(ranked(records), "x") == [-0.5]


def test_a_registrar_is_not_limited_in_his_own_eyes():
    assert mt_of(ranked(world({"you": []}, {"you": {"x": 5}}, ["you"])), "x") == [0.05]


KNAVES = {
    "you": [*trusts(honest=1, mallory=1), rates("spam", -1)],
    "honest": trusts(helper=0.4, anna=0.4),
    "helper": [rates("spam", None, 0.5), rates("bert", None, 0.2)],
}


def test_blame_is_shared_by_what_each_introducer_contributed():
    knaves = KNAVES | {"anna": [rates("spam", None, 0.25)]}
    graph = make_graph(world(knaves))
    assert blame(graph, YOU, rank(graph, YOU, MILD)) == pytest.approx({who("helper"): 2 / 3, who("anna"): 1 / 3})


def test_blame_follows_votes_too():
    graph = make_graph(world(KNAVES | {"anna": [rates("spam", 0.5)]}))
    assert blame(graph, YOU, rank(graph, YOU, MILD)) == pytest.approx({who("helper"): 0.5, who("anna"): 0.5})


def test_blame_for_a_vote_is_measured_by_what_the_vote_weighed():
    praise = [rates(f"v{n}", 1) for n in range(19)]
    graph = make_graph(world(KNAVES | {"anna": [rates("spam", 1), *praise]}))
    assert blame(graph, YOU, rank(graph, YOU, MILD)) == pytest.approx({who("helper"): 0.5, who("anna"): 0.5})


def test_blame_is_as_big_as_your_no():
    graph = make_graph(world(KNAVES | {"you": [*trusts(honest=1), rates("spam", -0.25)]}))
    assert blame(graph, YOU, rank(graph, YOU, MILD)) == pytest.approx({who("helper"): 0.25})


def test_where_nothing_flowed_there_is_no_blame():
    graph = make_graph(world({"you": [rates("spam", -1), *trusts(p=0)], "p": [rates("spam", 1, 1)]}))
    assert blame(graph, YOU, rank(graph, YOU, MILD)) == {}


def test_remote_negatives_blame_nobody():
    graph = make_graph(world(KNAVES | {"you": trusts(honest=1), "honest": [*trusts(helper=0.4), rates("bert", -1)]}))
    assert blame(graph, YOU, rank(graph, YOU, MILD)) == {}


def test_a_blamed_introducer_counts_half_with_kappa_one():
    graph = make_graph(world(KNAVES))
    plain, strict = rank(graph, YOU, MILD), rank(graph, YOU)
    assert plain.blame == {}
    assert strict.blame == {who("helper"): 1.0}
    assert tlt_of(plain, "helper", "bert", "anna") == pytest.approx([0.4, 0.08, 0.4])
    assert tlt_of(strict, "helper", "bert", "anna") == pytest.approx([0.2, 0.04, 0.4])


def test_blame_never_touches_whom_you_rated_yourself():
    graph = make_graph(world(KNAVES | {"you": [*trusts(helper=0.6), rates("spam", -1)]}))
    strict = rank(graph, YOU)
    assert strict.blame == {who("helper"): 1.0}
    assert tlt_of(strict, "helper") == [0.6]


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({}, (0.5, 0.1, 0.04, 0.05)),
        ({"list_budget": 0.4}, (0.4 * 5 / 6, 0.1 * 0.4 / 0.6, 0.04, 0.05)),
        ({"reply_budget": 0.02}, (0.5, 0.1, 0.02, 0.05)),
        ({"reply_unit": 0.02}, (0.5, 0.1, 0.05, 0.06)),
        ({"reply_cap": 0.03}, (0.5, 0.1, 0.03, 0.04)),
        ({"reply_vote_cap": 0.01}, (0.5, 0.1, 0.04, 0.02)),
        ({"rounds": 1}, (0.5, 0.0, 0.04, 0.05)),
        ({"rounds": 0}, (0.0, 0.0, 0.0, 0.05)),
    ],
)
def test_each_knob_turns_what_its_name_says(knobs, expected):
    records = world(
        {"you": trusts(p=1), "p": [*trusts(a=0.5, c=0.1), rates("x", 0.01, None)], "a": [*trusts(b=0.2)]},
        {"p": {"r": 4, "x": 0}, "q": {"s": 4}},
    )
    records = Records(records.ratings, records.replies | {who("p"): {who("r"): 4}})
    ranking = ranked(records, Parameters(**knobs))
    votes = mt_of(ranking, "r")[0] + mt_of(ranking, "x")[0]
    assert (*tlt_of(ranking, "a", "b", "r"), votes) == pytest.approx(expected, abs=1e-9)


def test_the_vote_budget_is_a_knob():
    records = world({"you": trusts(p=1), "p": [rates("x", 0.8), rates("y", 0.8)]})
    assert mt_of(ranked(records, Parameters(vote_budget=1.0)), "x") == [0.5]


def test_the_registrar_cap_is_a_knob():
    records = world({"you": trusts(r=1), "r": [rates("x", 0.8)]}, registrars=["r"])
    assert mt_of(ranked(records, Parameters(registrar_cap=0.1)), "x") == [0.1]


def test_decimals_are_a_knob():
    records = world({"you": trusts(p=0.123456)})
    assert tlt_of(ranked(records, Parameters(decimals=2)), "p") == [0.12]


def test_tlt_alone_is_what_a_ranking_without_blame_has():
    graph = make_graph(world(KNAVES))
    assert tlt_alone(graph, YOU).tolist() == rank(graph, YOU, MILD).values.exact.tolist()


def test_a_ranking_shows_what_is_in_it():
    assert repr(ranked(world({"you": trusts(p=0.5)}))).startswith("Ranking({b'p")
