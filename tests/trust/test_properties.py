"""What must hold in every world: the properties listed in docs/trust.md."""

import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.trust.plain import plain
from tests.trust.worlds import (
    MILD,
    NAMES,
    RULE,
    YOU,
    hundredth,
    name,
    oracle,
    patched,
    random_world,
    ranked,
    signed,
    who,
    worlds,
)
from zbnntp.trust.explain import own_causes, why
from zbnntp.trust.graph import Rating, Records, make_graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import apply_levels
from zbnntp.trust.ranking import Ranking, rank

EVERYBODY = [*NAMES, who("stranger")]


def tlts(ranking: Ranking) -> list[float]:
    return [ranking.exact.get(v, 0.0) for v in EVERYBODY]


def mts(ranking: Ranking) -> list[float]:
    return [ranking.mt.get(v, 0.0) for v in EVERYBODY]


@RULE
@given(worlds())
def test_trust_stays_in_its_range(records):
    ranking = ranked(records)
    assert all(0 <= value <= 1 for value in tlts(ranking))
    assert all(-1 <= value <= 1 for value in mts(ranking))


@RULE
@given(worlds(), name)
def test_a_second_implementation_agrees(records, root):
    ranking = ranked(records, root=root)
    tlt, mt = oracle(records, root)
    assert [ranking.exact.get(v, 0.0) for v in tlt] == pytest.approx([float(x) for x in tlt.values()], abs=1e-12)
    assert [ranking.mt.get(v, 0.0) for v in mt] == pytest.approx([float(x) for x in mt.values()], abs=6e-10)
    assert (ranking.tlt.keys() | ranking.mt.keys()) <= tlt.keys()


knobs = st.builds(
    Parameters,
    list_budget=st.sampled_from([0.3, 0.8]),
    reply_budget=st.sampled_from([0.02, 0.05]),
    vote_budget=st.sampled_from([0.1, 0.5, 10.0]),
    rounds=st.integers(0, 7),
    reply_vote_cap=st.sampled_from([0.001, 0.05]),
    kappa=st.sampled_from([0.0, 0.5, 1.0, 4.0]),
    registrar_cap=st.sampled_from([1e-3, 0.2]),
)


@RULE
@given(worlds(), knobs)
def test_a_second_implementation_agrees_whatever_the_knobs(records, params):
    ranking = ranked(records, params)
    tlt, mt = oracle(records, YOU, params)
    assert [ranking.exact.get(v, 0.0) for v in tlt] == pytest.approx([float(x) for x in tlt.values()], abs=1e-12)
    assert [ranking.mt.get(v, 0.0) for v in mt] == pytest.approx([float(x) for x in mt.values()], abs=6e-10)


@RULE
@given(worlds(), name, knobs)
def test_the_plain_implementation_agrees(records, root, params):
    ranking, expected = ranked(records, params, root), plain(records, root, params)
    for vector, found in ((ranking.exact, expected.tlt), (ranking.handed, expected.before)):
        assert [vector.get(v, 0.0) for v in found] == pytest.approx(list(found.values()), abs=1e-12)
        assert vector.keys() <= found.keys()
    assert [ranking.mt.get(v, 0.0) for v in expected.mt] == pytest.approx(list(expected.mt.values()), abs=6e-10)
    if params.kappa:
        assert ranking.blame == pytest.approx(expected.blame, abs=1e-12)


@pytest.mark.parametrize(
    ("people", "degree"), [(300, 30), pytest.param(3000, 20, marks=pytest.mark.slow)], ids=["300", "3000"]
)
def test_the_plain_implementation_agrees_in_big_worlds(people, degree):
    records = random_world(5, people=people, degree=degree, own=12)
    records.ratings[YOU].extend(Rating(v, -0.5, None) for v in list(records.ratings)[:6])
    ranking, expected = ranked(records), plain(records, YOU)
    assert ranking.blame
    assert [ranking.exact.get(v, 0.0) for v in expected.tlt] == pytest.approx(list(expected.tlt.values()), abs=1e-12)
    assert [ranking.mt.get(v, 0.0) for v in expected.mt] == pytest.approx(list(expected.mt.values()), abs=6e-10)


@pytest.mark.parametrize("seed", range(3))
def test_a_second_implementation_agrees_in_bigger_worlds(seed):
    records = random_world(seed, people=25, degree=14, own=4)
    ranking = ranked(records)
    tlt, mt = oracle(records, YOU)
    assert [ranking.exact.get(v, 0.0) for v in tlt] == pytest.approx([float(x) for x in tlt.values()], abs=1e-12)
    assert [ranking.mt.get(v, 0.0) for v in mt] == pytest.approx([float(x) for x in mt.values()], abs=6e-10)


@RULE
@given(worlds(), st.data())
def test_raising_an_own_tlt_lowers_nobody(records, data):
    own = list(records.ratings[YOU])
    index = data.draw(st.integers(0, len(own) - 1))
    target, mt, tlt = own[index]
    more = data.draw(hundredth)
    assume(tlt is not None and tlt < more)
    before = [*own[:index], *own[index + 1 :], own[index]]
    after = [*before[:-1], Rating(target, mt, more)]
    lower, higher = (ranked(replace(records, ratings=records.ratings | {YOU: rows}), MILD) for rows in (before, after))
    assert all(x <= y for x, y in zip(tlts(lower), tlts(higher), strict=True))


@RULE
@given(worlds(), st.integers(0, 9))
def test_more_rounds_lower_nobody(records, rounds):
    fewer, more = (ranked(records, Parameters(rounds=n, kappa=0.0)) for n in (rounds, rounds + 1))
    assert all(x <= y for x, y in zip(tlts(fewer), tlts(more), strict=True))


def shuffled(records: Records, chance: random.Random) -> Records:
    """The same records in another order; of several ratings of one target only the last one counts."""

    def mixed(items: dict) -> dict:
        return dict(chance.sample(list(items.items()), len(items)))

    def last(rows: list[Rating]) -> list[Rating]:
        return list(mixed({row.target: row for row in rows}).values())

    ratings = {rater: last(rows) for rater, rows in mixed(records.ratings).items()}
    return Records(ratings, {u: mixed(to) for u, to in mixed(records.replies).items()}, records.registrars)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_records_changes_not_a_bit(seed):
    records = random_world(seed, people=40, degree=20, own=5)
    other = shuffled(records, random.Random(seed))
    assert repr(ranked(records)) == repr(ranked(other))
    assert ranked(records) == ranked(other)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_patches_changes_not_a_bit(seed):
    records = random_world(seed, people=40, degree=20, own=5)
    graph = make_graph(Records())
    for rater in random.Random(seed).sample(list(records.ratings), len(records.ratings)):
        graph.patch(rater, [], {})
        graph.patch(rater, records.ratings[rater], records.replies[rater])
    assert rank(graph, YOU) == ranked(records)


@RULE
@given(worlds(), name, name, signed, signed, hundredth)
def test_a_negative_vote_changes_nobodys_tlt(records, rater, target, mt, other, tlt):
    assume(rater not in (YOU, target))
    graph = make_graph(records)
    rows = list(records.ratings.get(rater, ()))
    patched(graph, records, rater, [*rows, Rating(target, -abs(mt), tlt)])
    before = rank(graph, YOU), rank(graph, YOU, MILD)
    patched(graph, records, rater, [*rows, Rating(target, -abs(other), tlt)])
    assert tlts(rank(graph, YOU)) == tlts(before[0])
    patched(graph, records, rater, [*rows, Rating(target, other, tlt)])
    assert tlts(rank(graph, YOU, MILD)) == tlts(before[1])


@RULE
@given(worlds())
def test_a_rater_without_tlt_changes_nothing(records):
    graph = make_graph(records)
    before = rank(graph, YOU)
    for rater in NAMES:
        if rater not in before.exact:
            graph.patch(rater, [], {})
    assert rank(graph, YOU) == before


@RULE
@given(worlds(), name, name, signed, signed, st.none() | hundredth)
def test_a_better_vote_never_lowers_mt(records, rater, target, mt, better, tlt):
    assume(rater not in (YOU, target) and mt <= better)
    tlt = 0.0 if tlt is None else tlt
    graph = make_graph(records)
    rows = list(records.ratings.get(rater, ()))
    patched(graph, records, rater, [*rows, Rating(target, mt, tlt)])
    lower = rank(graph, YOU).mt.get(target, 0.0)
    patched(graph, records, rater, [*rows, Rating(target, better, tlt)])
    assert rank(graph, YOU).mt.get(target, 0.0) >= lower - 1e-9


@RULE
@given(worlds(), name, st.lists(st.tuples(name, signed, hundredth), min_size=1, max_size=9))
def test_taking_ratings_back_restores_every_bit(records, rater, extra):
    graph = make_graph(records)
    before = rank(graph, YOU)
    rows = list(records.ratings.get(rater, ()))
    patched(graph, records, rater, [*rows, *(Rating(*row) for row in extra)])
    rank(graph, YOU)
    patched(graph, records, rater, rows)
    assert rank(graph, YOU) == before


@RULE
@given(worlds(), name)
def test_contributors_sum_to_the_inflow(records, target):
    graph = make_graph(records)
    ranking = rank(graph, YOU)
    found = why(graph, YOU, ranking, target)
    assert sum(part.amount for part in found.introducers) == pytest.approx(found.inflow, abs=1e-15)
    if target != YOU and (found.own is None or found.own.tlt is None):
        assert min(1.0, found.inflow) * found.mercy == ranking.exact.get(target, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_contributions_sum_to_the_bit_however_the_graph_came_about(seed):
    records = random_world(seed, people=60, degree=25, own=5)
    graph = make_graph(Records())
    for rater in sorted(records.ratings, reverse=True):
        graph.patch(rater, records.ratings[rater], records.replies[rater])
    ranking = rank(graph, YOU)
    for target in graph.identities():
        if target != YOU and target not in graph.ratings(YOU):
            assert min(1.0, why(graph, YOU, ranking, target).inflow) == ranking.exact.get(target, 0.0)


@RULE
@given(worlds(), name)
def test_votes_sum_to_mt(records, target):
    graph = make_graph(records)
    found = why(graph, YOU, rank(graph, YOU), target)
    if target != YOU and (found.own is None or found.own.mt is None):
        plus, minus = found.praise_sum, found.reproach_sum
        assert found.mt == pytest.approx((plus - minus) / max(1.0, plus + minus), abs=1e-9)


@RULE
@given(worlds(), name)
def test_own_causes_sum_to_the_tlt(records, target):
    graph = make_graph(records)
    ranking = rank(graph, YOU)
    others = {v: value for v, value in ranking.exact.items() if v != YOU}
    assume(all(value < 1 for v, value in others.items() if v not in graph.ratings(YOU)))
    shares = own_causes(graph, YOU, ranking, target)
    assert sum(share for _, share in shares) == pytest.approx(ranking.exact.get(target, 0.0), abs=1e-12)


@RULE
@given(worlds(), st.sampled_from([0.5, 1.0, 3.0]))
def test_blame_raises_nobody_and_leaves_own_ratings_alone(records, kappa):
    graph = make_graph(records)
    plain, strict = rank(graph, YOU, MILD), rank(graph, YOU, Parameters(kappa=kappa))
    assert all(x >= y for x, y in zip(tlts(plain), tlts(strict), strict=True))
    own = graph.ratings(YOU)
    assert all(strict.exact.get(v, 0.0) == said.tlt for v, said in own.items() if said.tlt is not None)
    negatives = sum(1 for said in own.values() if said.mt is not None and said.mt < 0)
    assert sum(strict.blame.values()) <= negatives + 1e-12


junk = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3), st.binary(max_size=3), st.just([])
)
target = st.one_of(name, junk)


@RULE
@given(
    st.dictionaries(name, st.lists(st.builds(Rating, target, junk, junk), max_size=8), max_size=6),
    st.dictionaries(name, st.dictionaries(st.one_of(name, st.none(), st.text(max_size=3)), junk), max_size=6),
    st.sampled_from([DEFAULTS, MILD]),
)
def test_no_junk_ever_raises(ratings, replies, params):
    graph = make_graph(Records(ratings, replies))
    ranking = rank(graph, YOU, params)
    assert all(0 <= value <= 1 for value in ranking.tlt.values())
    assert all(-1 <= value <= 1 for value in ranking.mt.values())
    apply_levels(ranking, {rating.target: rating for rating in ratings.get(YOU, ()) if rating.target in NAMES}, {})
    for v in EVERYBODY:
        why(graph, YOU, ranking, v, params)
