"""Small worlds for the tests of trust: people by name, records in short, and the rule written down a second time.

`oracle` follows docs/trust.md formula by formula in exact fractions over dictionaries. It shares nothing with
zbnntp.trust but the types and the constants, so the two can only agree by being right.
"""

import random
from collections.abc import Callable, Iterable
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

from zbnntp.model.keys import Identity
from zbnntp.trust.graph import Graph, Rating, Records, make_graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.ranking import Ranking, rank

RULE = settings(deadline=None, max_examples=40)
MILD = Parameters(kappa=0.0)  # without blame


def who(name: str) -> Identity:
    return Identity(name.encode().ljust(32, b"."))


YOU = who("you")


def rates(target: str, mt: float | None = None, tlt: float | None = None) -> Rating:
    return Rating(who(target), mt, tlt)


def world(
    ratings: dict[str, list[Rating]], replies: dict[str, dict[str, int]] | None = None, registrars: Iterable[str] = ()
) -> Records:
    return Records(
        {who(name): rows for name, rows in ratings.items()},
        {who(u): {who(v): n for v, n in to.items()} for u, to in (replies or {}).items()},
        {who(name) for name in registrars},
    )


def trusts(**tlt: float) -> list[Rating]:
    return [rates(name, tlt=value) for name, value in tlt.items()]


def ranked(records: Records, params: Parameters = DEFAULTS, root: Identity = YOU) -> Ranking:
    return rank(make_graph(records, params), root, params)


def tlt_of(ranking: Ranking, *names: str) -> list[float]:
    return [ranking.tlt.get(who(name), 0.0) for name in names]


def mt_of(ranking: Ranking, *names: str) -> list[float]:
    return [ranking.mt.get(who(name), 0.0) for name in names]


NAMES = [YOU, *(who(name) for name in "abcdefg")]
name = st.sampled_from(NAMES)
hundredth = st.integers(0, 100).map(lambda n: n / 100)
signed = st.integers(-100, 100).map(lambda n: n / 100)


@st.composite
def worlds(draw: Callable, registrars: bool = True) -> Records:
    """Up to eight people with up to forty ratings, replies and registrars; always some ratings of your own."""
    rating = st.tuples(name, name, st.none() | signed, st.none() | hundredth)
    ratings: dict[Identity, list[Rating]] = {}
    for target, tlt in draw(st.lists(st.tuples(name, hundredth), min_size=1, max_size=3)):
        ratings.setdefault(YOU, []).append(Rating(target, None, tlt))
    for rater, target, mt, tlt in draw(st.lists(rating, max_size=40)):
        ratings.setdefault(rater, []).append(Rating(target, mt, tlt))
    replies: dict[Identity, dict[Identity, int]] = {}
    for rater, target, count in draw(st.lists(st.tuples(name, name, st.integers(1, 9)), max_size=10)):
        replies.setdefault(rater, {})[target] = count
    marked = draw(st.sets(name, max_size=2)) if registrars else set()
    return Records(ratings, replies, marked)


def random_world(seed: int, people: int, degree: int, own: int, most: float = 1.0) -> Records:
    """A seeded world: everybody rates `degree` others and replies to two; you give `own` people at most `most`."""
    chance = random.Random(seed)
    names = [Identity(chance.randbytes(32)) for _ in range(people)]
    ratings = {
        rater: [
            Rating(v, chance.choice([None, chance.uniform(-1, 1)]), chance.choice([None, chance.random()]))
            for v in chance.sample(names, degree)
        ]
        for rater in names
    }
    ratings[YOU] = [Rating(v, None, chance.uniform(0, most)) for v in chance.sample(names, own)]
    replies = {rater: {v: chance.randint(1, 9) for v in chance.sample(names, 2)} for rater in [YOU, *names]}
    return Records(ratings, replies)


def said_by(records: Records, root: Identity) -> dict[tuple[Identity, Identity], tuple]:
    """(rater, target) -> (mt or None, tlt or None, number of replies), self ratings and ratings of root left out."""
    said: dict[tuple[Identity, Identity], tuple] = {}
    for rater, rows in records.ratings.items():
        for target, mt, tlt in rows:
            implied = 0.0 if mt is not None and mt < 0 and tlt is None else tlt
            said[rater, target] = (mt, implied, 0)
    for rater, counts in records.replies.items():
        for target, count in counts.items():
            said[rater, target] = (*said.get((rater, target), (None, None, 0))[:2], count)
    return {pair: what for pair, what in said.items() if pair[0] != pair[1] and pair[1] != root}


def oracle(records: Records, root: Identity, params: Parameters = DEFAULTS) -> tuple[dict, dict]:
    """(tlt, mt) of everybody named, as exact fractions."""
    said = said_by(records, root)
    people = {root}.union(*said)
    unit, cap = Fraction(params.reply_unit), Fraction(params.reply_cap)
    i = {pair: min(cap, unit * n) for pair, (_, tlt, n) in said.items() if tlt is None}
    s = {pair: min(cap, unit * n) for pair, (mt, _, n) in said.items() if mt is None}
    e = {pair: Fraction(tlt) for pair, (_, tlt, _) in said.items() if tlt is not None}
    p = {pair: Fraction(mt) for pair, (mt, _, _) in said.items() if mt is not None and mt > 0}
    q = {pair: -Fraction(mt) for pair, (mt, _, _) in said.items() if mt is not None and mt < 0}

    def scale(budget: float, *edges: dict) -> dict:
        total = {u: sum(x for part in edges for (w, _), x in part.items() if w == u) for u in people}
        return {u: min(Fraction(1), Fraction(budget) / total[u]) if total[u] else Fraction(1) for u in people}

    a, b, f = scale(params.list_budget, e), scale(params.reply_budget, i), scale(params.vote_budget, p, s)
    weight = {pair: e.get(pair, 0) * a[pair[0]] + i.get(pair, 0) * b[pair[0]] for pair in e.keys() | i.keys()}
    local = {v: tlt for (u, v), tlt in e.items() if u == root} | {root: Fraction(1)}
    weight = {(u, v): i.get((u, v), 0) * b[u] if u == root else w for (u, v), w in weight.items()}
    before, t = travelled(people, weight, local, {}, params)
    praised = {(u, v): t[u] * f[u] * vote for (u, v), vote in p.items() if u != root}
    shares = praised | {(u, v): before[u] * w + praised.get((u, v), 0) for (u, v), w in weight.items()}
    blame = blamed(people, {v: no for (u, v), no in q.items() if u == root}, shares)
    mercy = {u: 1 / (1 + Fraction(params.kappa) * x) for u, x in blame.items()}
    t = travelled(people, weight, local, mercy, params)[1]

    def gather(edges: dict, factor: dict, marked: bool) -> dict:
        counted = {(u, v): x for (u, v), x in edges.items() if u != root and (u in records.registrars) == marked}
        return {x: sum(t[u] * factor[u] * y for (u, v), y in counted.items() if v == x) for x in people}

    votes, answers = gather(p, f, False), gather(s, f, True)
    marked = {v: x + answers[v] for v, x in gather(p, f, True).items()}
    replies = {v: x + s.get((root, v), 0) for v, x in gather(s, f, False).items()}
    against = {v: sum(gather(q, dict.fromkeys(people, 1), side)[v] for side in (True, False)) for v in people}
    m = {}
    for v in people:
        plus = votes[v] + min(Fraction(params.reply_vote_cap), replies[v])
        plus += min(Fraction(params.registrar_cap), marked[v])
        m[v] = (plus - against[v]) / max(1, plus + against[v])
    m |= {v: Fraction(mt) for (u, v), (mt, *_) in said.items() if u == root and mt is not None}
    return t, m | {root: Fraction(1)}


def travelled(people: set, weight: dict, local: dict, mercy: dict, params: Parameters) -> tuple[dict, dict]:
    """Section "Trust-list trust": t of the last round but one, and of the last."""
    before = t = {v: local.get(v, Fraction(0)) for v in people}
    for _ in range(params.rounds):
        y = dict.fromkeys(people, Fraction(0))
        for (u, v), w in weight.items():
            y[v] += t[u] * w
        before, t = t, {v: local[v] if v in local else min(Fraction(1), y[v]) * mercy.get(v, 1) for v in people}
    return before, t


def blamed(people: set, noes: dict, shares: dict) -> dict:
    """Section "Those who bring in the wrong people"."""
    blame = dict.fromkeys(people, Fraction(0))
    for v, no in noes.items():
        parts = {u: share for (u, target), share in shares.items() if target == v}
        for u, share in parts.items():
            blame[u] += no * share / sum(parts.values()) if share else 0
    return blame


def patched(graph: Graph, records: Records, rater: Identity, ratings: list[Rating]) -> None:
    graph.patch(rater, ratings, records.replies.get(rater, {}), rater in records.registrars)
