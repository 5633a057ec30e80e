"""Who sees which post where: bringing a view's groups in line with its levels and choices.

Called inside transactions: by ingest and posting for what is new, by standing for whose level has changed, by choosing
for what the owner wants otherwise. `wanted_groups` is the whole rule, but for one: what has expired in a group never
comes back into it. docs/newsgroups.md "Groups", docs/trust.md "Levels", docs/protocol.md "Threads".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import chain

from zbnntp.filters import Filter, make_filter, matches
from zbnntp.local import NEW, PLACED, REPLIES, TOPS
from zbnntp.model.article import Form, Rendered, compose, overview_fields, subject_text
from zbnntp.model.boards import is_virtual
from zbnntp.model.errors import NotPermitted
from zbnntp.model.kept import reopen_post
from zbnntp.model.views import Level
from zbnntp.placeholder import render_placeholder
from zbnntp.store import carries, choices, numbers, posts, ratings, sources
from zbnntp.store.sources import Source

STEP_POSTS = 1024  # at the same time; for newsreaders must not wait, though the transaction is one
_TOPS = frozenset(TOPS.values())
Tops = Mapping[int, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Settled:
    """How many posts appeared, vanished, or went from one group to another."""

    shown: int = 0
    hidden: int = 0
    moved: int = 0

    def __add__(self, other: Settled) -> Settled:
        return Settled(self.shown + other.shown, self.hidden + other.hidden, self.moved + other.moved)


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides beside the levels. `via` has roots with what their groups' names begin with."""

    view: int
    filters: tuple[Filter, ...] = ()
    watched: frozenset[int] = frozenset()
    by: Mapping[int, str] = field(default_factory=dict)
    via: Mapping[int, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()  # boards


@dataclass(slots=True)
class _Eyes:
    """Levels in the eyes of via roots, each looked up once."""

    database: sqlite3.Connection
    seen: dict[tuple[int, int], int] = field(default_factory=dict)

    def level(self, root: int, person: int) -> int:
        key = (root, person)
        if key not in self.seen:
            self.seen[key] = ratings.via_level(self.database, root, person)
        return self.seen[key]

    def show(self, root: int, source: Source) -> bool:
        return _is_shown(root, source, self.level(root, source.author))


class _Stage:
    """Where posts stand in a view, and where its rules want them."""

    def __init__(
        self, database: sqlite3.Connection, view: int, articles: Sequence[int], now: int, tops: Tops | None
    ) -> None:
        self.rules, self._eyes, self._tops = load_rules(database, view, now), _Eyes(database), tops
        self.stubs = list(carries.stubs(database, view, articles))
        touched = [*articles, *(it.article for it in self.stubs)]
        self._places = numbers.standing(database, view, touched)
        self._expired = numbers.expired(database, view, touched)
        self._placeholders = numbers.placeholders(database, view, articles)

    def groups_of(self, source: Source) -> AbstractSet[str]:
        """Where it stood."""
        return self._places.get(source.article, {}).keys()

    def wanted(self, source: Source) -> tuple[str, ...] | None:
        """The groups for a post to stand in; None when it stands there as it should."""
        before = self.groups_of(source)
        roots = {} if source.is_stub else self.rules.via
        via = [it for root, it in roots.items() if self._eyes.show(root, source)]
        names = wanted_groups(self.rules, source, via)
        if names and not is_virtual(names[0]) and not self.rules.hidden.issuperset(names[0:1]):
            names += tuple(sorted(_TOPS.intersection(self._top_groups(source, before))))
        staying = self.staying(source, names)
        if before == staying and not (staying and (source.is_stub or source.article in self._placeholders)):
            return None
        return names if staying else ()

    def staying(self, source: Source, names: Iterable[str]) -> set[str]:
        """Those of some groups in which a post has not expired."""
        return set(names) - self._expired.get(source.article, set())

    def _top_groups(self, source: Source, before: Iterable[str]) -> Iterable[str]:
        return before if self._tops is None else self._tops.get(source.article, ())


def load_rules(database: sqlite3.Connection, view: int, now: int) -> Rules:
    return Rules(
        view,
        tuple(_filters(database, view, now)),
        frozenset(choices.watched(database, view)),
        {it.person: it.name for it in choices.by(database, view)},
        {it.person: it.name for it in choices.via(database, view)},
        frozenset(numbers.hidden_names(database, view)),
    )


def wanted_groups(rules: Rules, source: Source, via: Iterable[str]) -> tuple[str, ...]:
    """The groups where a post stands in a view, its boards first; `via`: those of via roots who would show it."""
    if source.deleted or source.boards is None or source.boards != source.own_boards:
        return ()
    if source.is_stub and not _is_vouched(source):
        return ()
    boards = source.boards.split(",")
    names = list(boards) if _is_shown(rules.view, source, source.level) else []
    if source.author == rules.view or source.level in (Level.LIMITED, Level.FULL):
        if _is_in_new(rules, source, boards):
            names.append(NEW)
        if _is_answer(rules, source):
            names.append(REPLIES)
        if source.author in rules.by:
            names.append(rules.by[source.author])
    names += [f"{first}.{board}" for first in via for board in boards]
    return () if names and _is_filtered(rules, source) else tuple(names)


def _is_shown(root: int, source: Source, level: int | None) -> bool:
    """Whether a post stands in its boards in the eyes of `root`: OPs of FULL people, replies of LIMITED ones too."""
    if source.is_stub and level in (None, Level.HIDDEN):
        return True
    return source.author == root or level == Level.FULL or (level == Level.LIMITED and not source.is_opening)


def _is_vouched(source: Source) -> bool:
    """Whether a header without its text is shown: a full member passed it on, and its author is not hidden."""
    return source.line is not None and source.carriers == Level.FULL and source.mt >= 0


def _is_in_new(rules: Rules, source: Source, boards: Iterable[str]) -> bool:
    """Whether its thread was opened by a LIMITED person, in a board that is not hidden."""
    limited = source.opener != rules.view and source.opener_level == Level.LIMITED
    return limited and not rules.hidden.issuperset(boards)


def _is_answer(rules: Rules, source: Source) -> bool:
    """Whether somebody answers the owner, or in a watched thread."""
    if source.author == rules.view or source.is_opening:
        return False
    return source.answered == rules.view or source.thread in rules.watched


def _is_filtered(rules: Rules, source: Source) -> bool:
    """Own posts are never hidden."""
    if not rules.filters or source.author == rules.view:
        return False
    return matches(rules.filters, searched_text(source))


def searched_text(source: Source) -> str:
    """What filters look through."""
    if source.is_stub:
        return source.subject or ""
    post = reopen_post(source.line)
    return f"{subject_text(post.header, source.subject or '')}\n{post.body}"


def settle(
    database: sqlite3.Connection,
    view: int,
    articles: Iterable[int],
    now: int,
    tops: Tops | None = None,
    tally: dict[int, Settled] | None = None,
) -> Settled:
    """Show and hide these articles in a view's groups as its rules say; oldest first, so that numbers follow dates.

    What stands in a zb.top group stays there while it is shown, unless `tops` says in which of them articles stand.
    `tally` is added to: the same by author.
    """
    articles, total = list(articles), Settled()
    for some in [articles] if len(articles) < STEP_POSTS else _astray(database, view, articles, now, tops):
        stage = _Stage(database, view, some, now, tops)
        for source in chain(stage.stubs, sources.read_sources(database, view, some)):
            names = stage.wanted(source)
            if names is None:
                continue
            _place(database, view, source, names, now)
            difference = _difference(stage.groups_of(source), stage.staying(source, names))
            total += difference
            if tally is not None:
                tally[source.author] = tally.get(source.author, Settled()) + difference
    return total


def _astray(
    database: sqlite3.Connection, view: int, articles: Iterable[int], now: int, tops: Tops | None
) -> Iterator[Sequence[int]]:
    """Those of many articles that stand elsewhere than they should, the oldest first, some at a time.

    They are told apart without their texts, if there are no filters, or else in an order in which these come quickly.
    """
    found: list[int] = []
    for some in _steps(sources.as_they_lie(database, articles)):
        stage = _Stage(database, view, some, now, tops)
        glances = sources.glance(database, view, some, bool(stage.rules.filters))
        found += [it.article for it in chain(stage.stubs, glances) if stage.wanted(it) is not None]
    yield from _steps(sources.oldest_first(database, found))


def _steps(articles: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(articles), STEP_POSTS):
        yield articles[start : start + STEP_POSTS]


def settle_all(database: sqlite3.Connection, view: int, now: int) -> Settled:
    """The same for every post held: a rule has changed."""
    return settle(database, view, posts.all_articles(database), now)


def _place(database: sqlite3.Connection, view: int, source: Source, names: tuple[str, ...], now: int) -> None:
    if not names:
        numbers.hide(database, view, source.article)
        return
    rendered = _render(source)
    if is_virtual(names[0]) and not source.is_stub:
        rendered = replace(rendered, form=Form.SPECIAL)  # its Xref does not name its boards
    groups = {name: _description(name) for name in names}
    numbers.expose(database, view, source.article, source.author, groups, rendered, now, bool(source.sage))


def _difference(before: Iterable[str], names: Iterable[str]) -> Settled:
    old, new = ({name for name in it if name not in _TOPS} for it in (before, names))
    if old and new:
        boards_of_old, boards_of_new = ({name for name in it if not is_virtual(name)} for it in (old, new))
        return Settled(moved=int(boards_of_old != boards_of_new))
    return Settled(shown=int(not old and bool(new)), hidden=int(bool(old) and not new))


def _description(name: str) -> str:
    """What a group says of itself when it is made by what stands in it; boards say nothing."""
    if name.startswith("via."):
        _, nick, board = name.split(".", 2)
        return f"{board} as {nick} would see it"
    return PLACED.get(name, "")


def _render(source: Source) -> Rendered:
    if source.is_stub:
        return render_placeholder(source)
    post = reopen_post(source.line)
    return overview_fields(compose(post.header, post.body, source.subject or "", source.nick))


def rename(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> None:
    """Render the overview of exposed articles anew: their author's nick has changed."""
    articles = list(articles)
    stubs = [it for it in carries.stubs(database, view, articles) if it.article in articles and it.line]
    for source in chain(stubs, sources.read_sources(database, view, articles)):
        numbers.update_fields(database, view, source.article, _render(source))


def _filters(database: sqlite3.Connection, view: int, now: int) -> Iterable[Filter]:
    for row in choices.filters(database, view):
        if row.until is None or row.until > now:
            try:
                yield make_filter(row.pattern, bool(row.is_regex))
            except NotPermitted:
                continue  # made by a version that understood more
