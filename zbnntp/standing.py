"""What everybody's ratings make of everybody, for each view: gathers, ranks, applies.

The graph is kept in memory, one row a rater; a changed manifest patches one row. Ranking is pure and happens outside
the store; what changed is then written in one transaction, together with the posts that appear and vanish by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from zbnntp.model.entries import SCALE
from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.store import evidence, posts, ratings
from zbnntp.store.ratings import Standing, StoredRating
from zbnntp.store.writer import Writer
from zbnntp.trust.graph import Graph, Rating
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import State, apply_levels
from zbnntp.trust.ranking import rank
from zbnntp.visibility import Settled, settle

NOWHERE = Standing(0.0, 0.0, False, Level.HIDDEN)


class Standings:
    """The graph of all ratings held, and everybody's standing in each view. `turn` lets in one refresh at a time."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        views: Sequence[Identity],
        params: Parameters = DEFAULTS,
        turn: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        self._turn = turn or nullcontext()
        self._reader, self._writer = reader, writer
        self.views = tuple(views)
        self.params = params
        self.graph = Graph(params)
        self._stale: set[int] = set()  # persons whose row has to be read again
        self._loaded = False

    def note(self, persons: Iterable[int]) -> None:
        """Ratings or replies of these persons have changed."""
        self._stale.update(persons)

    @property
    def stale(self) -> bool:
        return bool(self._stale)

    async def refresh(self, now: int) -> dict[Identity, Settled]:
        """Bring levels and groups in line with the ratings held; returns what appeared and vanished in each view."""
        async with self._turn:
            if not self._loaded:
                self.note(ratings.raters(self._reader))
                self._loaded = True
            stale, self._stale = sorted(self._stale), set()
            for person in stale:
                self._patch(person, now)
            return {view: await self._apply(view, now) for view in self.views}

    def _patch(self, person: int, now: int) -> None:
        rows = ratings.ratings_of(self._reader, person)
        fresh = [as_rating(row) for row in rows if row.until is None or row.until > now]
        self.graph.patch(
            evidence.identity_of(self._reader, person), fresh, dict(posts.reply_counts(self._reader, person))
        )

    async def _apply(self, view: Identity, now: int) -> Settled:
        before = ratings.standings(self._reader, evidence.person_pk(self._reader, view))
        after = self._rank(view, before)
        changed = [who for who in before.keys() | after.keys() if before.get(who) != after.get(who)]
        if not changed:
            return Settled()
        return await self._writer.run(lambda database: _write(database, view, sorted(changed), before, after, now))

    def _rank(self, view: Identity, before: Mapping[Identity, Standing]) -> dict[Identity, Standing]:
        ranking = rank(self.graph, view, self.params)
        previous = {who: State(standing.fetch, standing.level) for who, standing in before.items()}
        states = apply_levels(ranking, self.graph.ratings(view), previous, self.params)
        return {
            who: Standing(ranking.tlt.get(who, 0.0), ranking.mt.get(who, 0.0), state.fetch, state.level)
            for who, state in states.items()
            if who != view
        }


def as_rating(row: StoredRating) -> Rating:
    """A stored rating in fractions of 1."""
    return Rating(
        row.target,
        None if row.mt is None else row.mt / SCALE,
        None if row.tlt is None else row.tlt / SCALE,
    )


def _write(
    database: sqlite3.Connection,
    view: Identity,
    changed: Sequence[Identity],
    before: Mapping[Identity, Standing],
    after: Mapping[Identity, Standing],
    now: int,
) -> Settled:
    viewer = evidence.person_pk(database, view)
    total = Settled()
    for who in changed:
        person = evidence.person_pk(database, who)
        ratings.put_standing(database, viewer, person, after.get(who))
        if before.get(who, NOWHERE).level != after.get(who, NOWHERE).level:
            total += settle(database, viewer, posts.articles_by(database, person), now)
    return total
