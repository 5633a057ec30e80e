"""What an attacker can get at most, whatever number of identities he makes: bounds B1 to B5 of docs/trust.md."""

import random

import pytest

from tests.trust.worlds import YOU, random_world, ranked, rates, trusts, who, world
from zbnntp.model.keys import Identity
from zbnntp.trust.graph import Graph, Rating, Records, make_graph
from zbnntp.trust.parameters import DEFAULTS
from zbnntp.trust.ranking import Ranking, rank

BETA = DEFAULTS.list_budget + DEFAULTS.reply_budget
GROWTH = (1 - BETA**5) / (1 - BETA)  # 3.709
COUNTS = [1, 5, 25, pytest.param(1000, id="1000"), pytest.param(20_000, id="20000", marks=pytest.mark.slow)]
SHAPES = ["star", "ring", "mesh"]


def sybils(count: int) -> list[Identity]:
    return [who(f"sybil{n}") for n in range(count)]


def rings(count: int, shape: str) -> dict[Identity, list[Rating]]:
    """Sybils who praise each other as much as they can; a mesh is cut at 20 neighbours to keep the tests quick."""
    crowd = sybils(count)
    if shape == "star":
        return {crowd[0]: [Rating(v, 1.0, 1.0) for v in crowd[1:]]} | {
            v: [Rating(crowd[0], 1.0, 1.0)] for v in crowd[1:]
        }
    reach = 1 if shape == "ring" else min(20, count - 1)
    return {v: [Rating(crowd[(n + k) % count], 1.0, 1.0) for k in range(1, reach + 1)] for n, v in enumerate(crowd)}


def attacked(count: int, shape: str, edges: int = 3) -> Records:
    """Thirty honest people, `edges` of whom were fooled: half of them rate the first sybil, all reply to him."""
    honest = random_world(7, people=30, degree=6, own=5)
    fooled = random.Random(1).sample(sorted(set(honest.ratings) - {YOU}), edges)
    ratings, replies = dict(honest.ratings), dict(honest.replies)
    for n, rater in enumerate(fooled):
        ratings[rater] = [*ratings[rater], Rating(who("sybil0"), 1.0, 0.9 if n % 2 == 0 else None)]
        replies[rater] = {**replies[rater], who("sybil0"): 9}
    return Records(ratings | rings(count, shape), replies)


def inflow(graph: Graph, ranking: Ranking, inside: set[Identity]) -> float:
    """Trust handed from people outside the set to people in it."""
    total = 0.0
    for rater in graph.raters:
        row = graph.row(rater, YOU)
        if rater not in inside:
            arriving = sum(row.weight(edge) for edge in row.edges() if edge.target in inside)
            total += ranking.exact.get(rater, 0.0) * arriving
    return total


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", COUNTS)
def test_b1_all_sybils_together_have_at_most_the_inflow_times_a_constant(count, shape):
    graph = make_graph(attacked(count, shape))
    ranking = rank(graph, YOU)
    inside = set(sybils(count))
    arriving = inflow(graph, ranking, inside)
    assert arriving > 0
    assert sum(ranking.exact.get(v, 0.0) for v in inside) <= GROWTH * arriving + 1e-12


@pytest.mark.parametrize("shape", SHAPES)
def test_b1_the_inflow_does_not_depend_on_the_number_of_sybils(shape):
    graphs = {count: make_graph(attacked(count, shape)) for count in (1, 5, 25, 1000)}
    arriving = {inflow(graph, rank(graph, YOU), set(sybils(count))) for count, graph in graphs.items()}
    assert len(arriving) == 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", COUNTS)
def test_b1_holds_with_blame_as_well(count, shape):
    """Hiding some of the sybils lowers what the others have, and whoever was fooled hands on less."""
    records = attacked(count, shape)
    before = rank(make_graph(records), YOU)
    hidden = sybils(count)[:5]
    records.ratings[YOU] = [*records.ratings[YOU], *(Rating(v, -1.0, None) for v in hidden)]
    graph = make_graph(records)
    ranking = rank(graph, YOU)
    inside = set(sybils(count)) - set(hidden)
    total = sum(ranking.exact.get(v, 0.0) for v in inside)
    assert total <= GROWTH * inflow(graph, ranking, inside) + 1e-12
    assert total <= sum(before.exact.get(v, 0.0) for v in inside)
    assert sum(ranking.blame.values()) <= len(hidden) + 1e-12
    assert ranking.blame


def test_b1_an_edge_of_attack_brings_at_most_what_the_fooled_person_may_hand_on():
    ranking = ranked(world({"you": trusts(p=0.5), "p": trusts(sybil0=1)}, {"p": {"sybil1": 50}}))
    assert ranking.tlt[who("sybil0")] == pytest.approx(0.8 * 0.5)
    assert ranking.tlt[who("sybil1")] == pytest.approx(0.05 * 0.5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", COUNTS)
def test_b2_the_number_of_fetched_sybils_is_bounded(count, shape):
    graph = make_graph(attacked(count, shape))
    ranking = rank(graph, YOU)
    inside = set(sybils(count))
    arriving = inflow(graph, ranking, inside)
    for eps in (DEFAULTS.eps_fetch, DEFAULTS.eps_full, 0.02):
        assert sum(ranking.exact.get(v, 0.0) >= eps for v in inside) <= GROWTH * arriving / eps


@pytest.mark.parametrize("count", COUNTS)
def test_b3_the_number_of_spammers_that_sybils_can_lift_is_bounded(count):
    records = attacked(count, "star")
    spammers = [who(f"spam{n}") for n in range(60)]
    praise = [Rating(v, 1.0, None) for v in spammers]
    for sybil in sybils(count):
        records.ratings[sybil] = [*records.ratings.get(sybil, []), *praise]
        records.replies[sybil] = dict.fromkeys(spammers, 9)
    graph = make_graph(records)
    ranking = rank(graph, YOU)
    arriving = inflow(graph, ranking, {*sybils(count), *spammers})
    lifted = [ranking.mt.get(v, 0.0) for v in spammers]
    assert sum(lifted) <= DEFAULTS.vote_budget * GROWTH * arriving
    for eps in (DEFAULTS.eps_fetch, DEFAULTS.eps_full, 0.02):
        assert sum(value >= eps for value in lifted) <= DEFAULTS.vote_budget * GROWTH * arriving / eps


def mood(praise: float, reproach: float, brigade: float, sign: int, count: int) -> float:
    """mt of somebody with P and Q, once `count` people who have `brigade` tlt together vote as one."""
    friends = {f"f{n}": [rates("x", 1.0, 0.0)] for n in range(5)}
    critics = {f"c{n}": [rates("x", -1.0, 0.0)] for n in range(5)}
    attackers = {f"s{n}": [rates("x", sign, 0.0)] for n in range(count)}
    own = {**dict.fromkeys(friends, praise / 5), **dict.fromkeys(critics, reproach / 5)}
    own |= dict.fromkeys(attackers, brigade / count)
    return ranked(world({"you": trusts(**own)} | friends | critics | attackers)).mt.get(who("x"), 0.0)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("praise", "reproach"), [(0.2, 0.1), (0.6, 0.4), (2.0, 0.5), (1.0, 3.0), (0.0, 0.0)])
def test_b4_a_brigade_moves_mt_by_at_most_twice_its_share(count, sign, praise, reproach):
    for brigade in (0.05, 0.4, 0.9):
        evidence = praise + reproach
        moved = abs(mood(praise, reproach, brigade, sign, count) - mood(praise, reproach, 0.0, sign, 1))
        assert moved <= 2 * brigade / max(1, evidence + brigade) + 1e-9
        if evidence + brigade <= 1:
            assert moved <= brigade + 1e-9


@pytest.mark.parametrize("count", COUNTS)
def test_b4_a_brigade_flips_a_sign_only_if_it_outweighs_the_margin(count):
    assert mood(0.9, 0.2, 0.69, -1, count) > 0
    assert mood(0.9, 0.2, 0.71, -1, count) < 0


@pytest.mark.parametrize("count", COUNTS)
def test_b5_all_computed_trust_together_is_bounded_by_your_own_ratings(count):
    graph = make_graph(attacked(count, "mesh"))
    ranking = rank(graph, YOU)
    own = {v: said.tlt for v, said in graph.ratings(YOU).items() if said.tlt is not None}
    computed = sum(value for v, value in ranking.exact.items() if v != YOU and v not in own)
    assert 0 < computed <= GROWTH * (BETA * sum(own.values()) + DEFAULTS.reply_budget)
