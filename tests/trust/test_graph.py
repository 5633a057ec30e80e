"""One changed manifest patches one row, and a patched graph is the graph of the new records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trust.worlds import RULE, YOU, name, ranked, rates, trusts, who, world, worlds
from zbnntp.trust.graph import Graph, Records, make_graph
from zbnntp.trust.ranking import rank


@RULE
@given(worlds(), worlds(), st.lists(name))
def test_patching_is_the_same_as_making_anew(old, new, changed):
    graph = make_graph(old)
    ratings, replies = dict(old.ratings), dict(old.replies)
    marked = set(old.registrars)
    rank(graph, YOU)
    for rater in changed:
        ratings[rater], replies[rater] = new.ratings.get(rater, []), new.replies.get(rater, {})
        marked = (marked - {rater}) | ({rater} & set(new.registrars))
        graph.patch(rater, ratings[rater], replies[rater], rater in marked)
    assert rank(graph, YOU) == ranked(Records(ratings, replies, marked))


def test_a_patch_of_somebody_who_rated_the_root_is_seen():
    graph = make_graph(world({"you": trusts(p=1), "p": trusts(you=1, x=0.2)}))
    assert rank(graph, YOU).tlt[who("x")] == 0.2
    graph.patch(who("p"), trusts(you=1, x=0.6), {})
    assert rank(graph, YOU).tlt[who("x")] == 0.6


def test_several_roots_share_one_graph():
    graph = make_graph(world({"you": trusts(a=1), "b": trusts(a=0.5), "a": trusts(x=0.8, you=0.8, b=0.8)}))
    assert rank(graph, YOU).tlt[who("x")] == pytest.approx(0.4)
    assert rank(graph, who("b")).tlt[who("x")] == pytest.approx(0.5 * 0.4)
    assert rank(graph, who("c")).tlt == {who("c"): 1.0}


def test_a_rater_is_taken_out_whole():
    graph = make_graph(world({"p": [rates("x", 1, 1)], "q": [rates("x", 1, 1)]}))
    assert graph.raters_of(who("x")) == [who("p"), who("q")]
    graph.patch(who("p"), [], {})
    assert graph.raters == [who("q")]
    assert graph.raters_of(who("x")) == [who("q")]
    assert graph.ratings(who("p")) == {}


def test_clean_ratings_are_read_back_without_replies():
    graph = make_graph(world({"p": [rates("x", -7), rates("y", None, 0.5)]}, {"p": {"z": 3}}))
    assert graph.ratings(who("p")) == {who("x"): rates("x", -1, 0), who("y"): rates("y", None, 0.5)}


def test_identities_are_sorted_by_their_key_bytes():
    graph = make_graph(world({"z": trusts(a=1), "m": trusts(b=1)}))
    assert graph.identities() == [who(v) for v in "abmz"]
    graph.patch(who("c"), trusts(d=1), {})
    assert graph.identities() == [who(v) for v in "abcdmz"]


def test_a_row_of_somebody_without_records_is_empty():
    graph = Graph()
    assert graph.row(who("x")).targets == ()
    assert graph.row(who("x"), YOU).targets == ()
