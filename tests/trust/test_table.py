"""A graph made from columns is the graph made from records, to the bit; and scipy changes no bit either."""

import random

import numpy as np
import pytest
from hypothesis import given

from tests.trust.worlds import RULE, YOU, patched, random_world, ranked, rates, who, worlds
from zbnntp.trust import columns
from zbnntp.trust.graph import Rating, Records, make_graph
from zbnntp.trust.ranking import rank
from zbnntp.trust.table import Answers, Table, Told, joined, load_graph
from zbnntp.trust.whatif import named


def table_of(records: Records, seed: int = 0) -> Table:
    """The same in any order."""
    chance = random.Random(seed)
    names = sorted(named(records) | {YOU})
    chance.shuffle(names)
    places = {v: n for n, v in enumerate(names)}
    told = {(places[u], places[r.target]): r for u, rows in records.ratings.items() for r in rows}
    told = dict(chance.sample(list(told.items()), len(told)))
    answers = [(places[u], places[v], n) for u, to in records.replies.items() for v, n in to.items()]
    mt, tlt = (
        [np.nan if x is None else x for x in part] for part in zip(*(it[1:] for it in told.values()), strict=True)
    )
    pairs = np.array(list(told), np.int64).reshape(-1, 2)
    counted = np.array(answers, np.int64).reshape(-1, 3)
    parts = Told(pairs[:, 0], pairs[:, 1], np.array(mt), np.array(tlt)), Answers(*counted.T)
    return joined(names, *parts, registrars=records.registrars)


@RULE
@given(worlds())
def test_a_table_makes_the_same_graph(records):
    graph = load_graph(table_of(records))
    assert rank(graph, YOU) == ranked(records)
    assert repr(rank(graph, YOU)) == repr(ranked(records))
    made = make_graph(records)
    assert repr([graph.row(v) for v in graph.raters]) == repr([made.row(v) for v in made.raters])


def test_a_table_may_be_patched_like_any_graph():
    records = random_world(3, people=40, degree=10, own=4)
    graph = load_graph(table_of(records))
    for rater in sorted(records.ratings)[:9]:
        rows = [*records.ratings[rater][3:], rates("newcomer", 0.5, 0.5)]
        records.ratings[rater] = rows
        patched(graph, records, rater, rows)
        assert rank(graph, YOU) == ranked(records)
    assert graph.raters_of(who("newcomer")) == sorted(records.ratings)[:9]


def test_values_in_a_table_are_cleaned():
    names = [YOU, who("a"), who("b")]
    mt, tlt = np.array([7.0, -3.0, np.inf, -0.0]), np.array([np.nan, np.nan, 5.0, np.nan])
    raters, targets = np.array([0, 1, 2, 2]), np.array([1, 2, 2, 0])
    graph = load_graph(Table(names, raters, targets, mt, tlt, np.array([0, 10**9, 0, -4])))
    assert graph.ratings(YOU) == {who("a"): rates("a", 1.0, None)}
    assert graph.row(who("a")).find(who("b"))[1:] == (-1.0, 0.0, 0.05)
    assert str(graph.row(who("b")).find(YOU)[1:]) == "(0.0, None, 0.0)"
    assert len(graph.row(who("b")).targets) == 1


def test_an_empty_table_is_an_empty_graph():
    none = np.empty(0, np.int64)
    nothing = joined([], Told(none, none, np.empty(0), np.empty(0)), Answers(none, none, none))
    assert rank(load_graph(nothing), YOU).tlt == {YOU: 1.0}


def test_scipy_changes_no_bit(monkeypatch):
    pytest.importorskip("scipy", reason="without scipy there is nothing to compare")
    records = random_world(4, people=200, degree=30, own=8)
    records.ratings[YOU].extend(Rating(v, -0.5, None) for v in list(records.ratings)[:5])
    plain = ranked(records)
    monkeypatch.setattr(columns, "SCIPY_EDGES", 1)
    assert repr(ranked(records)) == repr(plain)


def test_without_scipy_numpy_does_it(monkeypatch):
    monkeypatch.setattr(columns, "SCIPY_EDGES", 1)
    monkeypatch.setitem(__import__("sys").modules, "scipy.sparse", None)
    columns._matrix.cache_clear()
    try:
        assert columns._matrix() is None
        assert ranked(random_world(4, people=20, degree=5, own=3)).tlt
    finally:
        columns._matrix.cache_clear()


def test_rows_made_in_several_blocks_are_the_same(monkeypatch):
    records = random_world(6, people=60, degree=12, own=4)
    whole = rank(load_graph(table_of(records)), YOU)
    monkeypatch.setattr(columns, "BLOCK_EDGES", 5)
    assert rank(load_graph(table_of(records)), YOU) == whole == ranked(records)
