"""What counts as a rating: every row of the table in docs/trust.md."""

import math

import pytest

from tests.trust.worlds import YOU, mt_of, ranked, rates, tlt_of, trusts, who, world
from zbnntp.trust.graph import Rating, make_graph, make_row
from zbnntp.trust.rows import clean

RATER = who("rater")


def edge(*ratings: Rating, replies: dict[str, object] | None = None):
    row = make_row(RATER, ratings, {who(v): n for v, n in (replies or {}).items()})
    return row.find(who("x"))


@pytest.mark.parametrize(
    ("mt", "tlt", "clean_mt", "clean_tlt"),
    [(7, 7, 1, 1), (-7, -7, -1, 0), (10**400, -(10**400), 1, 0), (1.0000001, 1e308, 1, 1), (0.5, 0.25, 0.5, 0.25)],
)
def test_values_out_of_range_are_clamped(mt, tlt, clean_mt, clean_tlt):
    assert clean(rates("x", mt, tlt)) == (who("x"), clean_mt, clean_tlt)


@pytest.mark.parametrize("junk", [math.nan, math.inf, -math.inf, True, False, "0.5", b"1", [1], {}, 1j, None])
def test_junk_is_an_absent_field(junk):
    assert clean(rates("x", 0.5, junk)) == (who("x"), 0.5, None)
    assert clean(rates("x", junk, 0.5)) == (who("x"), None, 0.5)


def test_two_absent_fields_are_no_record():
    assert clean(rates("x", math.nan, "much")) is None
    assert edge(rates("x", None, None)) is None


def test_negative_zero_is_zero():
    cleaned = clean(rates("x", -0.0, -0.0))
    assert [math.copysign(1, value) for value in cleaned[1:]] == [1, 1]


@pytest.mark.parametrize("junk", [None, 5, "x", ["list"], {}])
def test_a_target_that_is_no_identity_is_dropped(junk):
    assert make_row(RATER, [Rating(junk, 1.0, 1.0)], {}).targets == ()


def test_rating_oneself_costs_no_budget_and_has_no_effect():
    row = make_row(RATER, [rates("rater", 1, 1), rates("x", None, 0.8)], {RATER: 50})
    assert row.targets == (who("x"),)
    assert (row.list_scale, row.reply_scale, row.vote_scale) == (1, 1, 1)


def test_rating_the_local_user_costs_no_budget_and_has_no_effect():
    flattery = [rates("you", 1, 1), rates("x", 0.5, 0.8), *(rates(f"y{n}", 1, 0) for n in range(9))]
    plain = [rating for rating in flattery if rating.target != YOU]
    own = {"you": trusts(p=1)}
    assert ranked(world(own | {"p": flattery})) == ranked(world(own | {"p": plain}))


def test_a_rating_of_the_local_user_counts_for_everybody_else():
    graph = make_graph(world({"p": [*trusts(you=0.8, x=0.8)]}))
    assert graph.row(who("p"), YOU).list_scale == 1
    assert graph.row(who("p"), who("other")).list_scale == pytest.approx(0.5)


def test_nobody_lowers_the_trust_of_the_local_user():
    ranking = ranked(world({"you": trusts(p=1), "p": [rates("you", -1, 0)]}))
    assert (ranking.tlt[YOU], ranking.mt[YOU]) == (1, 1)


def test_the_last_of_two_records_wins_whole():
    assert edge(rates("x", 0.1, 0.2), rates("x", None, 0.9))[1:3] == (None, 0.9)


def test_a_last_record_without_values_takes_the_rating_back():
    assert edge(rates("x", 0.1, 0.2), rates("x", None, None)) is None


def test_negative_mt_implies_tlt_zero_and_kills_the_reply_edge():
    said = edge(rates("x", -0.5), replies={"x": 5})
    assert (said.tlt, said.reply_trust, said.reply_vote) == (0, 0, 0)


def test_negative_mt_with_tlt_keeps_the_tlt():
    assert edge(rates("x", -0.5, 0.7)).tlt == 0.7


@pytest.mark.parametrize("tlt", [0.0, 0.3])
def test_explicit_tlt_overrides_the_reply_edge_alone(tlt):
    said = edge(rates("x", None, tlt), replies={"x": 5})
    assert (said.list_trust, said.reply_trust, said.reply_vote) == (tlt, 0, 0.05)


@pytest.mark.parametrize("mt", [0.0, 0.3])
def test_explicit_mt_overrides_the_reply_vote_alone(mt):
    said = edge(rates("x", mt), replies={"x": 5})
    assert (said.praise, said.reply_vote, said.reply_trust) == (mt, 0, 0.05)


@pytest.mark.parametrize(("count", "worth"), [(1, 0.01), (4, 0.04), (5, 0.05), (6, 0.05), (10**400, 0.05)])
def test_replies_are_worth_a_hundredth_each_up_to_five(count, worth):
    assert edge(replies={"x": count}).reply == pytest.approx(worth)


@pytest.mark.parametrize("junk", [0, -3, True, 2.5, math.nan, "3", None])
def test_a_count_of_replies_that_is_none_is_nothing(junk):
    assert edge(replies={"x": junk}) is None


def test_replies_to_what_is_no_identity_are_dropped():
    assert make_row(RATER, [], {"x": 5, None: 3}).targets == ()


def test_budgets_scale_down_and_never_up():
    row = make_row(RATER, [rates("x", 1, 0.2), *(rates(f"y{n}", 1, 0.2) for n in range(19))], {})
    assert (row.list_scale, row.vote_scale) == (pytest.approx(0.8 / 4), pytest.approx(10 / 20))
    assert make_row(RATER, [rates("x", 0.1, 0.1)], {}).list_scale == 1


def test_negative_votes_cost_no_votes():
    row = make_row(RATER, [rates(f"x{n}", -1) for n in range(500)], {})
    assert row.vote_scale == 1


def test_an_unknown_target_gets_its_trust_before_it_is_ever_heard_of():
    assert tlt_of(ranked(world({"you": trusts(p=1), "p": trusts(unheard=0.5)})), "unheard") == [0.5]


def test_a_rater_without_a_manifest_keeps_his_trust():
    ranking = ranked(world({"you": trusts(silent=0.9)}))
    assert ranking.tlt == {YOU: 1.0, who("silent"): 0.9}


def test_trust_flowing_back_to_you_or_to_those_you_rated_is_dropped():
    ranking = ranked(world({"you": trusts(a=0.2, b=0.9), "b": trusts(a=0.4, you=0.4), "a": trusts(b=0.8)}))
    assert tlt_of(ranking, "you", "a", "b") == [1, 0.2, 0.9]


def test_without_own_ratings_and_replies_nobody_has_trust():
    everybody = {name: [rates(other, 1, 1) for other in "abc"] for name in "abc"}
    ranking = ranked(world(everybody))
    assert (ranking.tlt, ranking.mt) == ({YOU: 1.0}, {YOU: 1.0})


def test_own_replies_alone_give_a_little_trust():
    ranking = ranked(world({}, {"you": {"x": 2}}))
    assert (tlt_of(ranking, "x"), mt_of(ranking, "x")) == ([0.02], [0.02])


def test_own_replies_share_a_budget_of_trust_but_not_of_votes():
    ranking = ranked(world({}, {"you": {name: 5 for name in "abcdefghij"}}))
    assert (tlt_of(ranking, "a"), mt_of(ranking, "a")) == ([0.005], [0.05])


def test_a_second_own_identity_is_a_root_of_its_own():
    graph_of = world({"you": trusts(alter=1), "alter": [rates("x", 0.5, 0.5)], "x": [rates("y", 0.5, 0.5)]})
    assert mt_of(ranked(graph_of), "x") == [0.5]
    assert mt_of(ranked(graph_of, root=who("alter")), "x", "y") == [0.5, 0.25]


def test_an_edge_knows_nothing_of_people_never_named():
    row = make_row(RATER, [rates("x", 1, 1)], {})
    assert row.find(who("a")) is None
    assert row.find(who("z")) is None
