"""Why somebody has the trust he has."""

from dataclasses import replace

import pytest
from hypothesis import given

from tests.trust.worlds import MILD, NAMES, RULE, YOU, name, rates, trusts, who, world, worlds
from zbnntp.model.views import Level
from zbnntp.trust.explain import Explanation, Path, Source, computed, own_causes, vote_budget, why
from zbnntp.trust.graph import Graph, Records, make_graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import NOTHING, Reason, State, apply_levels
from zbnntp.trust.ranking import rank

CHAIN = {"you": trusts(me=0.5), "me": trusts(alice=0.8), "alice": trusts(bob=0.7), "bob": trusts(carol=0.3)}


def explained(records: Records, target: str, params: Parameters = DEFAULTS) -> Explanation:
    graph = make_graph(records, params)
    return why(graph, YOU, rank(graph, YOU, params), who(target), params)


def names(path: Path | None) -> list[str]:
    return [identity.decode().strip(".") for identity in path.names] if path else []


def test_the_strongest_path_is_named_from_you_on():
    found = explained(world(CHAIN), "carol")
    assert names(found.path) == ["me", "alice", "bob", "carol"]
    assert found.path.strength == pytest.approx(0.084)


def test_of_two_paths_the_stronger_is_shown_even_if_it_is_longer():
    detour = {"you": trusts(me=0.5, dave=0.1), "dave": trusts(carol=0.5)}
    assert names(explained(world(CHAIN | detour), "carol").path) == ["me", "alice", "bob", "carol"]
    detour["you"] = trusts(me=0.5, dave=0.2)
    assert names(explained(world(CHAIN | detour), "carol").path) == ["dave", "carol"]


def test_a_path_has_six_names_at_most():
    steps = {f"n{n}": trusts(**{f"n{n + 1}": 0.8}) for n in range(1, 7)}
    records = world({"you": trusts(n1=1)} | steps)
    assert names(explained(records, "n6").path) == [f"n{n}" for n in range(1, 7)]
    assert explained(records, "n7").path is None


def test_a_path_that_is_too_long_does_not_hide_a_weaker_one_that_is_not():
    long = {f"n{n}": trusts(**{f"n{n + 1}": 0.8}) for n in range(1, 6)}
    records = world({"you": trusts(n1=1, m=0.01), "m": trusts(n5=0.5), "n6": trusts(x=0.8)} | long)
    assert names(explained(records, "x").path) == ["m", "n5", "n6", "x"]


def test_a_path_goes_the_better_of_two_ways_round():
    middle = {"a": trusts(m=0.4), "b": trusts(m=0.3), "m": trusts(up=0.4, down=0.3)}
    records = world({"you": trusts(a=1, b=1), "up": trusts(x=0.4), "down": trusts(x=0.4)} | middle)
    found = explained(records, "x")
    assert names(found.path) == ["a", "m", "up", "x"]
    assert found.path.strength == pytest.approx(0.4**3)


def test_a_path_stops_at_whom_you_rated_yourself():
    records = world({"you": trusts(a=1, b=0.1), "a": trusts(b=0.8), "b": trusts(x=0.5)})
    assert names(explained(records, "x").path) == ["b", "x"]
    assert names(explained(records, "b").path) == ["b"]


def test_a_path_may_start_with_your_replies():
    found = explained(world({"a": trusts(x=0.5)}, {"you": {"a": 2}}), "x")
    assert names(found.path) == ["a", "x"]
    assert found.path.strength == pytest.approx(0.02 * 0.5)


def test_whoever_has_no_trust_has_no_path():
    assert explained(world(CHAIN), "stranger").path is None
    assert explained(world(CHAIN | {"you": trusts(me=0.5, bob=0)}), "carol").path is None
    assert explained(world({"you": trusts(me=0.5, bob=0)}), "bob").path is None
    assert explained(world(CHAIN), "you").path is None


def strongest(graph: Graph, target: bytes, length: int) -> float:
    """By exhaustion: the strongest walk of at most `length` steps that ends in an own rating or in own replies."""
    own = graph.ratings(YOU)
    if target in own and own[target].tlt is not None:
        return own[target].tlt
    if length == 0:
        return 0.0
    steps = [(rater, graph.row(rater, YOU)) for rater in NAMES]
    weights = [(rater, row.weight(row.find(target))) for rater, row in steps if row.find(target) is not None]
    return max([w * (1 if u == YOU else strongest(graph, u, length - 1)) for u, w in weights if w > 0], default=0.0)


@RULE
@given(worlds(), name)
def test_no_path_is_stronger_than_the_one_shown(records, target):
    graph = make_graph(records)
    path = why(graph, YOU, rank(graph, YOU, MILD), target, MILD).path
    expected = 0.0 if target == YOU else strongest(graph, target, DEFAULTS.rounds)
    assert (path.strength if path else 0.0) == pytest.approx(expected, rel=1e-9)
    assert path is None or path.names[-1] == target


def test_introducers_are_listed_largest_first_with_their_parts():
    records = world(
        {"you": trusts(a=0.5, b=1), "a": trusts(x=0.5), "b": trusts(y=0.1)}, {"b": {"x": 3}, "you": {"x": 1}}
    )
    found = explained(records, "x")
    parts = [(part.rater, part.tlt, part.weight, part.by_replies) for part in found.introducers]
    assert parts == [(who("a"), 0.5, 0.5, False), (who("b"), 1.0, 0.03, True), (YOU, 1.0, 0.01, True)]
    assert found.inflow == pytest.approx(0.29)
    assert found.tlt == 0.29


def test_votes_show_value_factor_and_source():
    praise = [rates(f"v{n}", 1) for n in range(19)]
    ratings = {"you": trusts(a=0.5, b=0.25, r=1, c=0.5), "a": [rates("x", 1), *praise], "r": [rates("x", 0.5)]}
    ratings["c"] = [rates("x", -0.5)]
    found = explained(world(ratings, {"b": {"x": 2}, "you": {"x": 1}}, ["r"]), "x")
    votes = [(vote.rater, vote.tlt, vote.value, vote.factor, vote.source) for vote in found.praise]
    assert votes == [
        (who("r"), 1.0, 0.5, 1.0, Source.REGISTRAR),
        (who("a"), 0.5, 1.0, 0.5, Source.RATING),
        (YOU, 1.0, 0.01, 1.0, Source.REPLY),
        (who("b"), 0.25, 0.02, 1.0, Source.REPLY),
    ]
    assert [(vote.rater, vote.value, vote.amount) for vote in found.reproach] == [(who("c"), 0.5, 0.25)]
    assert found.praise_sum == pytest.approx(0.25 + 0.001 + 0.015)
    assert (found.registrars_capped, found.replies_capped) == (True, False)
    assert found.mt == pytest.approx(0.016)


def test_a_reply_cap_that_cut_is_marked():
    peers = [f"p{n}" for n in range(3)]
    found = explained(world({"you": trusts(**dict.fromkeys(peers, 1.0))}, {p: {"x": 5} for p in peers}), "x")
    assert found.replies_capped
    assert found.praise_sum == found.mt == 0.05
    assert sum(vote.amount for vote in found.praise) == pytest.approx(0.15)


def test_own_replies_of_a_registrar_are_replies_in_his_own_eyes():
    found = explained(world({}, {"you": {"x": 5}}, ["you"]), "x")
    assert [vote.source for vote in found.praise] == [Source.REPLY]
    assert found.praise_sum == found.mt == 0.05


def test_own_replies_count_in_full_even_if_you_praise_too_many():
    found = explained(world({"you": [rates(f"v{n}", 1) for n in range(40)]}, {"you": {"x": 5}}), "x")
    assert found.praise[0].factor == 1
    assert found.praise_sum == found.mt == 0.05


def test_own_ratings_are_no_contributions():
    found = explained(world({"you": [rates("x", 1, 0.5)]}), "x")
    assert (found.introducers, found.praise, found.inflow) == ((), (), 0)


def test_raters_of_the_root_are_explained_as_they_are_counted():
    found = explained(world({"you": trusts(p=1), "p": trusts(you=1, x=0.8)}), "x")
    assert [part.weight for part in found.introducers] == [0.8]


def test_own_ratings_are_shown_beside_what_they_override():
    found = explained(world({"you": [*trusts(p=1), rates("x", -0.5)], "p": [rates("x", 1, 0.5)]}), "x")
    assert found.own == rates("x", -0.5, 0.0)
    assert (found.tlt, found.mt) == (0, -0.5)
    assert (found.inflow, found.praise_sum) == (0.5, 1.0)
    assert found.verdict.fetch_by is Reason.OWN_NEGATIVE


def test_mercy_explains_what_blame_took():
    ratings = {"you": [*trusts(p=1), rates("spam", -1)], "p": trusts(helper=0.8), "helper": trusts(spam=0.4, x=0.4)}
    found = explained(world(ratings), "helper", Parameters(kappa=1.0))
    assert (found.inflow, found.mercy, found.tlt) == (0.8, 0.5, 0.4)
    assert found.path.strength == pytest.approx(0.4)
    graph = make_graph(world(ratings))
    strict = Parameters(kappa=1.0)
    assert own_causes(graph, YOU, rank(graph, YOU, strict), who("x"), strict) == [(who("p"), pytest.approx(0.16))]


def test_the_verdict_is_about_the_state_that_stands():
    graph = make_graph(world({"you": trusts(p=1), "p": [rates("x", None, 0.9 * DEFAULTS.eps_fetch)]}))
    ranking = rank(graph, YOU)
    assert why(graph, YOU, ranking, who("x")).verdict.fetch_by is Reason.BELOW
    stays = State(True, Level.LIMITED)
    assert why(graph, YOU, ranking, who("x"), state=stays).verdict.fetch_by is Reason.BAND
    assert why(graph, YOU, ranking, who("p"), state=NOTHING).verdict.fetch_by is Reason.CAP
    states = apply_levels(ranking, graph.ratings(YOU), {})
    assert why(graph, YOU, ranking, who("p"), state=states[who("p")]).verdict.fetch_by is Reason.OWN_POSITIVE


def test_causes_name_your_own_ratings_largest_first():
    ratings = {"you": trusts(a=0.5, b=0.5), "a": trusts(m=0.5), "b": trusts(m=0.2), "m": trusts(x=0.4)}
    graph = make_graph(world(ratings, {"you": {"m": 1}}))
    causes = own_causes(graph, YOU, rank(graph, YOU), who("x"))
    assert causes == [(who("a"), pytest.approx(0.1)), (who("b"), pytest.approx(0.04)), (YOU, pytest.approx(0.004))]


def test_the_cause_of_an_own_rating_is_that_rating():
    graph = make_graph(world(CHAIN))
    assert own_causes(graph, YOU, rank(graph, YOU), who("me")) == [(who("me"), 0.5)]
    assert own_causes(graph, YOU, rank(graph, YOU), who("stranger")) == []


def test_a_vote_budget_says_how_many_must_go():
    ratings = [*(rates(f"v{n}", 0.9) for n in range(12)), rates("w", 0.1), rates("z", -1)]
    graph = make_graph(world({"p": ratings, "q": [rates("x", 1)]}, {"p": {"v0": 5, "r": 5}}))
    found = vote_budget(graph, who("p"))
    assert found.spent == pytest.approx(10.95)
    assert found.factor == pytest.approx(10 / 10.95)
    assert found.too_many == 2
    assert vote_budget(graph, who("q")).too_many == 0
    assert vote_budget(graph, who("stranger")).factor == 1


# what others make of somebody


def made_by_others(records: Records, target: str, params: Parameters = MILD):
    graph = make_graph(records, params)
    return computed(graph, YOU, rank(graph, YOU, params), who(target), params)


@RULE
@given(worlds(), name)
def test_of_whom_you_did_not_rate_the_others_make_what_counts(records, target):
    if target == YOU or any(row.target == target for row in records.ratings.get(YOU, ())):
        return
    graph = make_graph(records, MILD)
    ranking = rank(graph, YOU, MILD)
    found = computed(graph, YOU, ranking, target, MILD)
    if found is None:
        assert (ranking.tlt.get(target, 0.0), ranking.mt.get(target, 0.0)) == (0.0, 0.0)
    else:
        assert found.tlt == pytest.approx(ranking.tlt.get(target, 0.0), abs=1e-6)
        assert found.mt == pytest.approx(ranking.mt.get(target, 0.0), abs=1e-6)


def test_your_own_rating_is_left_out_of_what_others_make():
    others = {"me": [rates("bob", 0.5, 0.25)], "dave": [rates("bob", -0.5)]}
    records = world({"you": [*trusts(me=0.8, dave=0.4), rates("bob", -1.0, 1.0)]} | others)
    found = made_by_others(records, "bob")
    assert found.tlt == pytest.approx(0.2)
    assert found.mt == pytest.approx((0.4 - 0.2) / 1)
    assert made_by_others(records, "me") is None
    assert made_by_others(records, "nobody") is None


def test_what_others_make_of_somebody_in_blame():
    ratings = {"you": [*trusts(p=1), rates("spam", -1.0)], "p": trusts(helper=0.8), "helper": trusts(spam=0.4)}
    params = replace(DEFAULTS, kappa=1.0)
    assert made_by_others(world(ratings), "helper").tlt == pytest.approx(0.8)
    assert made_by_others(world(ratings), "helper", params).tlt == pytest.approx(0.4)


def test_inflow_ends_at_one_and_praise_is_shared_out():
    many = {f"f{n}": [rates("bob", 1.0, 1.0)] for n in range(4)}
    found = made_by_others(world({"you": trusts(**dict.fromkeys(many, 1.0))} | many), "bob")
    assert (found.tlt, found.mt) == (1.0, 1.0)
    many["f0"] = [rates("bob", -1.0)]
    found = made_by_others(world({"you": trusts(**dict.fromkeys(many, 1.0))} | many), "bob")
    assert found.mt == pytest.approx(2 / 4)
