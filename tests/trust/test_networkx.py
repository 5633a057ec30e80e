"""networkx as an oracle: its PageRank on the graph unrolled by rounds gives our numbers; and the export to networkx."""

import networkx
import pytest
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python  # the one that needs no scipy

from tests.trust.worlds import YOU, random_world, rates, trusts, who, world
from zbnntp.trust.explain import own_causes
from zbnntp.trust.export import as_networkx
from zbnntp.trust.graph import Graph, make_graph
from zbnntp.trust.parameters import DEFAULTS
from zbnntp.trust.ranking import rank

BETA = DEFAULTS.list_budget + DEFAULTS.reply_budget
ROUNDS = DEFAULTS.rounds


def unrolled(graph: Graph) -> tuple[networkx.DiGraph, dict]:
    """Nodes (identity, step); what a rater keeps goes to a sink. The second value: where trust enters."""
    own = {v: said.tlt for v, said in graph.ratings(YOU).items() if said.tlt is not None}
    exported = as_networkx(graph, YOU)
    steps = networkx.DiGraph([("sink", "sink", {"weight": 1.0})])
    for rater in exported:
        out = [(v, data["weight"]) for _, v, data in exported.out_edges(rater, data=True) if data["weight"] > 0]
        for step in range(ROUNDS if rater != YOU else 0):
            steps.add_edge((rater, step), "sink", weight=BETA - sum(weight for _, weight in out))
            for v, weight in out:
                if v not in own and v != YOU:
                    steps.add_edge((rater, step), (v, step + 1), weight=weight)
                else:
                    steps[rater, step]["sink"]["weight"] += weight
    sources = {(v, 0): tlt for v, tlt in own.items()}
    replied = ((v, data["weight"]) for _, v, data in exported.out_edges(YOU, data=True))
    sources |= {(v, 1): weight for v, weight in replied if weight > 0}
    return steps, sources


def pagerank_tlt(graph: Graph) -> dict:
    steps, sources = unrolled(graph)
    steps.add_nodes_from(sources)
    size = len(steps)
    rank_of = _pagerank_python(
        steps, alpha=BETA, personalization=sources, dangling={"sink": 1}, tol=1e-12 / size, max_iter=1000
    )
    factor = sum(sources.values()) / (1 - BETA)
    return {v: factor * sum(rank_of.get((v, k), 0.0) for k in range(ROUNDS + 1)) for v in graph.identities()}


@pytest.mark.parametrize(
    ("seeds", "least"), [(range(110), 100), pytest.param(range(110, 440), 300, marks=pytest.mark.slow)]
)
def test_pagerank_of_the_unrolled_graph_is_our_tlt(seeds, least):
    compared = 0
    for seed in seeds:
        graph = make_graph(random_world(seed, people=8, degree=3, own=2, most=0.4))
        ranking = rank(graph, YOU)
        own = graph.ratings(YOU)
        if all(value < 1 for v, value in ranking.exact.items() if v != YOU and v not in own):
            compared += 1
            expected = {v: value for v, value in pagerank_tlt(graph).items() if v != YOU}
            assert {v: ranking.exact.get(v, 0.0) for v in expected} == pytest.approx(expected, abs=1e-9)
            target = max(expected)
            shares = own_causes(graph, YOU, ranking, target)
            assert sum(share for _, share in shares) == pytest.approx(expected[target], abs=1e-9)
    assert compared >= least


def test_pagerank_of_a_graph_that_is_clamped_differs():
    graph = make_graph(world({"you": trusts(a=1, b=1), "a": trusts(x=0.8), "b": trusts(x=0.8), "x": trusts(y=0.5)}))
    assert pagerank_tlt(graph)[who("x")] == pytest.approx(1.6)
    assert rank(graph, YOU).tlt[who("x")] == 1


def test_the_export_says_what_the_rows_say():
    records = world({"p": [rates("x", 1, 1), rates("y", -0.5, None), rates("you", None, 1)]}, {"p": {"z": 3}}, ["p"])
    graph = make_graph(records)
    exported, seen = as_networkx(graph), as_networkx(graph, YOU)
    assert set(exported) == {who("p"), who("x"), who("y"), who("z"), YOU}
    assert exported.nodes[who("p")]["registrar"] is True
    assert exported[who("p")][who("x")] == {"weight": 0.4, "vote": 1.0, "reply": 0.0, "mt": 1.0, "tlt": 1.0}
    assert exported[who("p")][who("y")] == {"weight": 0.0, "vote": -0.5, "reply": 0.0, "mt": -0.5, "tlt": 0.0}
    assert exported[who("p")][who("z")] == {"weight": 0.03, "vote": 0.03, "reply": 0.03}
    assert not seen.has_edge(who("p"), YOU)
    assert seen[who("p")][who("x")]["weight"] == 0.8
