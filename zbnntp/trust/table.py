"""All ratings and replies at once, as columns: how a graph is made of a whole store when a node starts.

The same rules as in rows.py, "What counts as a rating", and the same result to the bit as patching rater by rater.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zbnntp.model.keys import Identity
from zbnntp.trust.columns import Bits, Floats, Numbers, Said, finish, union
from zbnntp.trust.graph import Graph
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.rows import MOST_REPLIES


@dataclass(frozen=True, slots=True)
class Table:
    """An element for each pair of rater and target; no pair stands twice.

    `raters` and `targets` are places in `names`. NaN: no mt, no tlt; `replies` are counts, 0 for none.
    """

    names: Sequence[Identity]
    raters: Numbers
    targets: Numbers
    mt: Floats
    tlt: Floats
    replies: Numbers
    registrars: Collection[Identity] = ()


def load_graph(table: Table, params: Parameters = DEFAULTS) -> Graph:
    """The graph of a whole table."""
    count = len(table.names)
    order = sorted(range(count), key=table.names.__getitem__)
    names = [table.names[place] for place in order]
    numbers = np.empty(count, np.int64)
    numbers[order] = np.arange(count)
    raters, targets = numbers[table.raters], numbers[table.targets]
    said = _clean(table, targets)
    chosen = _chosen(raters, said, count)
    sizes = np.bincount(raters[chosen], minlength=count)
    rating = np.flatnonzero(sizes)
    marked = np.fromiter((names[number] in table.registrars for number in rating), bool, len(rating))
    sorted_said = Said(said.targets[chosen], said.mt[chosen], said.tlt[chosen], said.replies[chosen])
    graph = Graph(params)
    graph.fill(names, finish(rating, sizes[rating], marked, sorted_said, params))
    return graph


def _clean(table: Table, targets: Numbers) -> Said:
    mt, tlt = _within(table.mt, -1.0), _within(table.tlt, 0.0)
    tlt[(mt < 0.0) & np.isnan(tlt)] = 0.0
    return Said(targets.astype(np.int32), mt, tlt, np.clip(table.replies, 0, MOST_REPLIES).astype(np.int16))


def _within(values: Floats, low: float) -> Floats:
    """Clamped; what is not finite is absent, and no zero is negative."""
    return np.clip(np.where(np.isfinite(values), values, np.nan), low, 1.0) + 0.0


def _chosen(raters: Numbers, said: Said, count: int) -> Numbers | Bits:
    """Which edges say something about somebody else, sorted by rater and target."""
    silent = np.isnan(said.mt) & np.isnan(said.tlt) & (said.replies == 0)
    kept = np.flatnonzero(~silent & (raters != said.targets))
    keys = raters[kept] * count + said.targets[kept]
    return kept if bool(np.all(keys[1:] > keys[:-1])) else kept[np.argsort(keys, kind="stable")]


class Told(NamedTuple):
    """Ratings alone, an element each; places in the names. NaN: absent."""

    raters: Numbers
    targets: Numbers
    mt: Floats
    tlt: Floats


class Answers(NamedTuple):
    """Replies alone, an element for each pair of people."""

    raters: Numbers
    targets: Numbers
    counts: Numbers


def joined(names: Sequence[Identity], told: Told, answers: Answers, registrars: Collection[Identity] = ()) -> Table:
    """One table of ratings and replies."""
    count = max(1, len(names))
    rated, answered = (it.raters * count + it.targets for it in (told, answers))
    pairs = union(rated, answered)
    mt, tlt, replies = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan), np.zeros(len(pairs), np.int64)
    places = np.searchsorted(pairs, rated)
    mt[places], tlt[places] = told.mt, told.tlt
    replies[np.searchsorted(pairs, answered)] = answers.counts
    return Table(names, pairs // count, pairs % count, mt, tlt, replies, registrars)
