"""The rule over lists and dictionaries, one edge after the other: a second implementation, slow and easy to read.

`oracle` in worlds.py is a third one, in exact fractions, formula by formula from docs/trust.md; this one is fast enough
for networks of thousands. It shares only the cleaning of records with zbnntp.trust.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from zbnntp.model.keys import Identity
from zbnntp.trust.graph import Records
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.rows import Words, cleaned


@dataclass
class Row:
    """What one rater hands on (by ratings, by replies), and his votes: target -> amount."""

    trust: dict[Identity, float]
    praise: dict[Identity, float]
    reply: dict[Identity, float]
    reproach: dict[Identity, float]


@dataclass
class Plain:
    """`before` is the tlt of the last round but one; `tlt` and `mt` are not rounded."""

    tlt: dict[Identity, float]
    mt: dict[Identity, float]
    before: dict[Identity, float]
    blame: dict[Identity, float]


def _scale(budget: float, amounts: dict[Identity, float]) -> float:
    total = math.fsum(amounts.values())
    return 1.0 if total <= budget else budget / total


def _row(words: list[Words], root: bool, params: Parameters) -> Row:
    def worth(word: Words) -> float:
        return min(params.reply_cap, params.reply_unit * word.replies)

    told = {} if root else {it.target: it.tlt for it in words if it.tlt}
    answered = {it.target: worth(it) for it in words if it.tlt is None}
    praise = {it.target: it.mt for it in words if it.mt is not None and it.mt > 0}
    reply = {it.target: worth(it) for it in words if it.mt is None}
    reproach = {it.target: -it.mt for it in words if it.mt is not None and it.mt < 0}
    a, b = _scale(params.list_budget, told), _scale(params.reply_budget, answered)
    f = _scale(params.vote_budget, praise | reply)
    trust = {v: told.get(v, 0.0) * a + answered.get(v, 0.0) * b for v in told | answered}
    if not root:
        praise, reply = ({v: f * x for v, x in part.items()} for part in (praise, reply))
    return Row(trust, praise, reply, reproach)


def plain(records: Records, root: Identity, params: Parameters = DEFAULTS) -> Plain:
    """Everybody's trust as `root` sees it."""
    rows, own = {}, []
    for rater in sorted(records.ratings.keys() | records.replies.keys()):
        words = cleaned(rater, records.ratings.get(rater, ()), records.replies.get(rater, {}))
        own = words if rater == root else own
        rows[rater] = _row([it for it in words if it.target != root], rater == root, params)
    local = {it.target: it.tlt for it in own if it.tlt is not None} | {root: 1.0}
    before, now = _rounds(rows, local, {}, params)
    noes = {it.target: -it.mt for it in own if it.mt is not None and it.mt < 0}
    blame = _blame(rows, root, noes, before, now)
    if params.kappa > 0:
        before, now = _rounds(rows, local, {v: 1 / (1 + params.kappa * x) for v, x in blame.items()}, params)
    mt = _votes(rows, root, records, now, params)
    mt |= {it.target: it.mt for it in own if it.mt is not None} | {root: 1.0}
    return Plain(now, mt, before, blame)


def _rounds(rows: dict, local: dict, mercy: dict, params: Parameters) -> tuple[dict, dict]:
    before = now = dict(local)
    for _ in range(params.rounds):
        inflow: dict[Identity, float] = defaultdict(float)
        for rater, row in rows.items():
            for target, weight in row.trust.items():
                inflow[target] += now.get(rater, 0.0) * weight
        before, now = now, {v: mercy.get(v, 1.0) * min(1.0, y) for v, y in inflow.items()} | local
    return before, now


def _blame(rows: dict, root: Identity, noes: dict, before: dict, now: dict) -> dict[Identity, float]:
    total: dict[Identity, float] = defaultdict(float)
    for target, no in noes.items():
        shares = {}
        for rater, row in rows.items():
            voted = now.get(rater, 0.0) * row.praise.get(target, 0.0) if rater != root else 0.0
            shares[rater] = before.get(rater, 0.0) * row.trust.get(target, 0.0) + voted
        inflow = math.fsum(shares.values())
        for rater, share in shares.items():
            if share > 0:
                total[rater] += no * share / inflow
    return dict(total)


def _votes(rows: dict, root: Identity, records: Records, tlt: dict, params: Parameters) -> dict[Identity, float]:
    praise, reply, marked, reproach = (defaultdict(float) for _ in range(4))
    for rater, row in rows.items():
        trust = tlt.get(rater, 0.0)
        registrar = rater in records.registrars and rater != root
        kinds = [(marked if registrar else praise, row.praise), (marked if registrar else reply, row.reply)]
        for sums, votes in [*kinds, (reproach, row.reproach)] if rater != root else [(reply, row.reply)]:
            for target, vote in votes.items():
                sums[target] += trust * vote
    found = {}
    for v in praise | reply | marked | reproach:
        plus = praise[v] + min(params.reply_vote_cap, reply[v]) + min(params.registrar_cap, marked[v])
        found[v] = (plus - reproach[v]) / max(1.0, plus + reproach[v])
    return found
