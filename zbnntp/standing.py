"""What everybody's ratings make of everybody, for each view: gathers, ranks, applies.

The graph is kept in memory, one row a rater; a changed manifest patches one row. Ranking is pure and happens outside
the store, beside the event loop once many people are known; only what changed by it is made into objects and written,
in one transaction, together with the posts that appear and vanish by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zbnntp.inheriting import inherited, show_as_heirs
from zbnntp.model.entries import SCALE
from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.moving import settle_moves
from zbnntp.store import choices, endings, evidence, notices, posts, ratings, table
from zbnntp.store.choices import Pin
from zbnntp.store.ratings import Standing, StoredRating
from zbnntp.store.votes import reweigh, units
from zbnntp.store.writer import Writer
from zbnntp.trust.columns import Floats, Numbers
from zbnntp.trust.explain import VoteBudget, vote_budget
from zbnntp.trust.graph import Graph, Rating
from zbnntp.trust.parameters import DEFAULTS, Parameters
from zbnntp.trust.policy import Codes, Given, State, code_of, levels, state_of
from zbnntp.trust.ranking import Ranking, rank
from zbnntp.trust.table import Answers, Table, Told, joined, load_graph
from zbnntp.visibility import Settled, settle

_CODES = {(int(fetch), int(level)): code_of(State(fetch, level)) for fetch in (False, True) for level in Level}
NOWHERE = Standing(0.0, 0.0, False, Level.HIDDEN)
WORKER_PEOPLE = 20_000  # from so many on a ranking takes too long for the event loop: it runs in a thread
BORROWED_FETCH_CAP = 2_000  # manifests that one person's lists may add through via: they are not the owner's judgement
BULK_RATERS = 1_000  # at the start, from so many on the whole table is read at once


@dataclass(frozen=True, slots=True)
class Moved:
    """How somebody's level changed, and which posts that showed and hid."""

    before: Level
    after: Level
    settled: Settled


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh changed in one view: posts in all, levels, and everybody whose standing is another now."""

    settled: Settled = field(default_factory=Settled)
    moved: Mapping[Identity, Moved] = field(default_factory=dict)
    changed: Sequence[Identity] = ()


@dataclass(frozen=True, slots=True)
class Lens:
    """What one view keeps to itself: private ratings beside the published ones, and whom it holds at a version."""

    published: Sequence[Rating] = ()
    private: Sequence[Rating] = ()
    replies: Mapping[Identity, int] = field(default_factory=dict)
    registrar: bool = False
    pins: Sequence[Pin] = ()
    heirs: Mapping[Identity, Identity] = field(default_factory=dict)


Heard = Callable[[sqlite3.Connection, Identity, Outcome, int], None]
Run = Callable[[Callable[[], Any]], Awaitable[Any]]


async def run_here(job: Callable[[], Any]) -> Any:
    """The job done at once; in place of a worker thread."""
    return job()


@dataclass(frozen=True, slots=True)
class Held:
    """Everybody's standing in one view, by number."""

    tlt: Floats
    mt: Floats
    codes: Codes

    def widened(self, width: int) -> Held:
        more = (0, width - len(self.tlt))
        return Held(np.pad(self.tlt, more), np.pad(self.mt, more), np.pad(self.codes, more))

    def changed(self, before: Held) -> Numbers:
        different = (self.tlt != before.tlt) | (self.mt != before.mt) | (self.codes != before.codes)
        return np.flatnonzero(different)

    def standings(self, numbers: Numbers) -> Iterator[Standing | None]:
        """None for whom nothing is to be remembered of."""
        columns = (column[numbers].tolist() for column in (self.tlt, self.mt, self.codes))
        for tlt, mt, code in zip(*columns, strict=True):
            state = state_of(code)
            yield Standing(tlt, mt, state.fetch, state.level) if tlt or mt or code else None


@dataclass(frozen=True, slots=True)
class Eyes:
    """Somebody as root of a ranking: a view of this node, or borrowed by some of them (via)."""

    root: Identity
    borrowed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    who: Identity
    before: Standing | None
    after: Standing | None

    def moved(self, settled: Settled) -> Moved:
        return Moved((self.before or NOWHERE).level, (self.after or NOWHERE).level, settled)


class Standings:
    """The graph of all ratings held, and everybody's standing in each view. `turn` lets in one refresh at a time.

    `run_in_worker` carries out a job in another thread and returns what it returned.
    """

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        views: Sequence[Identity],
        params: Parameters = DEFAULTS,
        turn: AbstractAsyncContextManager[object] | None = None,
        run_in_worker: Run = run_here,
    ) -> None:
        self._turn = turn or nullcontext()
        self._reader, self._writer = reader, writer
        self.views = tuple(views)
        self.params = params
        self.graph = Graph(params)
        self._worker = run_in_worker
        self._held: dict[Eyes, Held] = {}
        self._rankings: dict[Eyes, Ranking] = {}
        self.heard: Heard = lambda database, view, outcome, now: None  # in the transaction of a change
        self._stale: set[int] = set()  # persons whose row has to be read again
        self._loaded = False

    def note(self, persons: Iterable[int]) -> None:
        """Ratings or replies of these persons have changed."""
        self._stale.update(persons)

    def note_choices(self, view: Identity) -> None:
        """A private rating or a pin of a view has changed."""
        self._rankings.pop(Eyes(view), None)

    def note_moves(self) -> None:
        """Somebody follows somebody else, or no longer."""
        self._rankings.clear()

    @property
    def stale(self) -> bool:
        return bool(self._stale)

    def ranking(self, view: Identity) -> Ranking:
        """Everybody's trust in a view, as of the last refresh."""
        return self._rankings.get(Eyes(view)) or rank(self.graph, view, self.params)

    @contextmanager
    def seen_by(self, view: Identity) -> Iterator[Graph]:
        """The graph as one view sees it, its private ratings in its row, for this moment only."""
        with self.graph.lock, self._through(view, self._lens(Eyes(view))):
            yield self.graph

    def _lens(self, eyes: Eyes) -> Lens:
        person = 0 if eyes.borrowed else evidence.find_person(self._reader, eyes.root) or 0
        pins, found = choices.pins(self._reader, person), choices.private_ratings(self._reader, person)
        heirs = endings.heirs(self._reader)
        if not found:
            return Lens(pins=pins, heirs=heirs)
        private = inherited([Rating(it.target, _fraction(it.mt), _fraction(it.tlt)) for it in found], heirs)
        replies = dict(posts.reply_counts(self._reader, person))
        registrar = eyes.root in ratings.registrars(self._reader)
        return Lens(list(self.graph.ratings(eyes.root).values()), private, replies, registrar, pins, heirs)

    @contextmanager
    def _through(self, view: Identity, lens: Lens) -> Iterator[None]:
        """Nobody else's ranking and nothing published ever holds private ratings: the row is put back at the end."""
        if not lens.private:
            yield
            return
        both = [*lens.published, *lens.private]  # of two about one person the last counts
        self.graph.patch(view, both, lens.replies, lens.registrar)
        try:
            yield
        finally:
            self.graph.patch(view, lens.published, lens.replies, lens.registrar)
            self.graph.rows()

    def budget(self, view: Identity) -> VoteBudget:
        """How much a view has spent of its positive votes."""
        return vote_budget(self.graph, view)

    async def refresh(self, now: int) -> dict[Identity, Outcome]:
        """Bring levels and groups in line with the ratings held; returns what that changed in each view."""
        async with self._turn:
            if not self._loaded:
                self._load(now)
                self._loaded = True
            await self._decide(now)
            stale, self._stale = sorted(self._stale), set()
            marked = ratings.registrars(self._reader)
            said = [self._said(person, now) for person in stale]
            run = self._worker if len(self.graph.names) > WORKER_PEOPLE else run_here
            await run(lambda: self._patch(said, marked))
            outcomes = {view: await self._apply(Eyes(view), now, run) for view in self.views}
            borrowed = [Eyes(root, True) for _, root in choices.all_via(self._reader)]
            for gone in [eyes for eyes in self._held if eyes.borrowed and eyes not in borrowed]:
                del self._held[gone]
            for eyes in borrowed:
                for view, more in (await self._apply_borrowed(eyes, now, run)).items():
                    outcomes[view] = replace(outcomes[view], settled=outcomes[view].settled + more)
            return outcomes

    async def _decide(self, now: int) -> None:
        """Where two people claim to follow one, the owner's own ratings say who does."""
        if not notices.contested(self._reader):
            return
        views = [evidence.find_person(self._reader, view) or 0 for view in self.views]
        stale = await self._writer.run(lambda database: settle_moves(database, views, now))
        if stale:
            self.note(stale)
            self.note_moves()

    def _load(self, now: int) -> None:
        raters = ratings.raters(self._reader, BULK_RATERS)
        if len(raters) < BULK_RATERS:
            self.note(raters)
            return
        self.graph = load_graph(_table(self._reader, now), self.params)

    def _said(self, person: int, now: int) -> tuple[Identity, list[Rating], dict[Identity, int]]:
        rows = ratings.ratings_of(self._reader, person)
        fresh = [as_rating(row) for row in rows if row.until is None or row.until > now]
        return evidence.identity_of(self._reader, person), fresh, dict(posts.reply_counts(self._reader, person))

    def _patch(
        self, said: Iterable[tuple[Identity, list[Rating], dict[Identity, int]]], marked: Collection[Identity]
    ) -> None:
        for rater, rows, replies in said:
            self._rankings.clear()
            self.graph.patch(rater, rows, replies, rater in marked)
        self.graph.rows()

    async def _apply(self, eyes: Eyes, now: int, run: Run) -> Outcome:
        after, changes = await self._look(eyes, run)
        if not changes:
            return Outcome()
        outcome = await self._writer.run(lambda database: self._write(database, eyes.root, changes, now))
        self._held[eyes] = after
        return outcome

    def _write(self, database: sqlite3.Connection, view: Identity, changes: Sequence[Change], now: int) -> Outcome:
        outcome = _write(database, view, changes, now)
        self.heard(database, view, outcome, now)
        return outcome

    async def _apply_borrowed(self, eyes: Eyes, now: int, run: Run) -> dict[Identity, Settled]:
        after, changes = await self._look(eyes, run)
        if not changes:
            return {}
        views = self.views
        settled = await self._writer.run(lambda database: _write_borrowed(database, eyes.root, views, changes, now))
        self._held[eyes] = after
        return settled

    async def _look(self, eyes: Eyes, run: Run) -> tuple[Held, list[Change]]:
        """Everybody's standing in somebody's eyes, and whose is another than before."""
        if eyes not in self._held:
            self._held[eyes] = self._remembered(eyes)
        elif eyes in self._rankings:  # of this very graph
            return self._held[eyes], []
        lens = self._lens(eyes)
        return await run(lambda: self._judge(eyes, lens))  # type: ignore[no-any-return]

    def _remembered(self, eyes: Eyes) -> Held:
        read = ratings.via_standing_rows if eyes.borrowed else ratings.standing_rows
        rows = read(self._reader, evidence.find_person(self._reader, eyes.root) or 0)
        numbers = [self.graph.number(row[0]) for row in rows]
        held = Held(np.zeros(0), np.zeros(0), np.zeros(0, np.uint8)).widened(len(self.graph.names))
        held.tlt[numbers] = [row[1] for row in rows]
        held.mt[numbers] = [row[2] for row in rows]
        held.codes[numbers] = [_CODES[row[3:]] for row in rows]
        return held

    def _judge(self, eyes: Eyes, lens: Lens) -> tuple[Held, list[Change]]:
        """Everybody's standing now, and whose is another than before; sorted by identity."""
        params = replace(self.params, fetch_cap=BORROWED_FETCH_CAP) if eyes.borrowed else self.params
        with self.graph.lock, self._through(eyes.root, lens):
            pinned = {self.graph.number(it.identity): it.level for it in lens.pins}
            heirs = {self.graph.number(who): self.graph.number(heir) for who, heir in lens.heirs.items()}
            ranking = rank(self.graph, eyes.root, params)
            own, names = self.graph.seen_by(eyes.root).own, self.graph.names
            tlt, mt = ranking.values.tlt, ranking.values.mt
            before = self._held[eyes].widened(len(tlt))
            given = Given(own.targets, own.mt, own.tlt)
            after = Held(tlt.copy(), mt.copy(), levels(names, tlt, mt, given, before.codes, params))
            myself = self.graph.numbers[eyes.root]
            after.tlt[myself] = after.mt[myself] = after.codes[myself] = 0
            for number, level in pinned.items():
                state = state_of(int(after.codes[number]))
                after.codes[number] = code_of(State(state.fetch, max(state.level, level)))
            show_as_heirs(after.mt, after.codes, heirs, myself)
            found = after.changed(before)
            who = [names[number] for number in found.tolist()]
            changes = list(map(Change, who, before.standings(found), after.standings(found)))
        self._rankings[eyes] = ranking
        return after, sorted(changes, key=lambda change: change.who)


def as_rating(row: StoredRating) -> Rating:
    """A stored rating in fractions of 1."""
    return Rating(row.target, _fraction(row.mt), _fraction(row.tlt))


def _fraction(value: int | None) -> float | None:
    return None if value is None else value / SCALE


def _table(reader: sqlite3.Connection, now: int) -> Table:
    """All that the store has, with persons' keys in place of numbers."""
    people = table.people(reader)
    places = np.zeros(max(pk for pk, _ in people) + 1, np.int64)
    places[[pk for pk, _ in people]] = np.arange(len(people))
    told = np.frombuffer(table.all_ratings(reader, now), np.int64).reshape(-1, table.RATING_COLUMNS)
    answered = np.frombuffer(table.all_reply_counts(reader), np.int64).reshape(-1, table.REPLY_COLUMNS)
    mt, tlt = (np.where(column == table.ABSENT, np.nan, column / SCALE) for column in (told[:, 2], told[:, 3]))
    return joined(
        [who for _, who in people],
        Told(places[told[:, 0]], places[told[:, 1]], mt, tlt),
        Answers(places[answered[:, 0]], places[answered[:, 1]], answered[:, 2]),
        ratings.registrars(reader),
    )


def _write(database: sqlite3.Connection, view: Identity, changes: Sequence[Change], now: int) -> Outcome:
    viewer = evidence.person_pk(database, view)
    moved: dict[int, Change] = {}
    unmasked: list[int] = []  # headers of theirs are shown without a text, or no longer
    for change in changes:
        person = evidence.person_pk(database, change.who)
        before, after = change.before or NOWHERE, change.after or NOWHERE
        ratings.put_standing(database, viewer, person, change.after)
        reweigh(database, viewer, person, units(after.tlt) - units(before.tlt))
        if before.level != after.level:
            moved[person] = change
        elif (before.mt < 0) != (after.mt < 0):
            unmasked.append(person)
    articles = {article for person in (*moved, *unmasked) for article in posts.affected_by(database, person)}
    tally: dict[int, Settled] = {}
    total = settle(database, viewer, articles, now, tally=tally) if articles else Settled()
    return Outcome(
        total,
        {it.who: it.moved(tally.get(person, Settled())) for person, it in moved.items()},
        [change.who for change in changes],
    )


def _write_borrowed(
    database: sqlite3.Connection, root: Identity, views: Sequence[Identity], changes: Sequence[Change], now: int
) -> dict[Identity, Settled]:
    """The same for each view that looks through somebody's lists."""
    lender = evidence.person_pk(database, root)
    moved: list[int] = []
    for change in changes:
        person = evidence.person_pk(database, change.who)
        ratings.put_via_standing(database, lender, person, change.after)
        moved += [person] if (change.before or NOWHERE).level != (change.after or NOWHERE).level else []
    articles = {article for person in moved for article in posts.articles_by(database, person)}
    viewers = [(view, evidence.person_pk(database, view)) for view in views]
    return {
        view: settle(database, viewer, articles, now)
        for view, viewer in viewers
        if any(it.person == lender for it in choices.via(database, viewer))
    }
