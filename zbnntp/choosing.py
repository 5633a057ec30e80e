"""What the owner of a view chooses, carried out: each choice is kept and the groups follow in the same transaction.

Filters, watched threads, `zb.by.NICK`, `via.NICK`, hidden boards. Through whose lists boards are shown takes effect
with the next refresh of standings, which reads their ratings. docs/newsgroups.md "Groups".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from zbnntp.filters import FILTERS_MOST, make_filter
from zbnntp.local import BY, VIA
from zbnntp.model.boards import group_part
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import short_id
from zbnntp.model.limits import BOARD_COMPONENT_OCTETS
from zbnntp.store import choices, evidence, numbers, posts, ratings
from zbnntp.store.choices import Shown
from zbnntp.visibility import Settled, settle, settle_all

VIA_MOST = 20  # hierarchies of one view: each is a ranking of its own, and as many more people to fetch
BY_MOST = 500


def add_filter(
    database: sqlite3.Connection, view: int, pattern: str, is_regex: bool, until: int | None, now: int
) -> Settled:
    """Hide what matches from now on; raises NotPermitted for a pattern that is none, and for too many."""
    make_filter(pattern, is_regex)
    if len(choices.filters(database, view)) >= FILTERS_MOST:
        raise NotPermitted(f"you have {FILTERS_MOST} filters already; take one away first")
    choices.add_filter(database, view, pattern, is_regex, until)
    return settle_all(database, view, now)


def drop_filters(database: sqlite3.Connection, view: int, keys: Sequence[int], now: int) -> Settled:
    """Take filters away, given their keys."""
    dropped = [choices.drop_filter(database, view, key) for key in keys]
    return settle_all(database, view, now) if any(dropped) else Settled()


def expired_filters(database: sqlite3.Connection, view: int, now: int) -> list[int]:
    """Keys of those that have run out; they hide nothing new, and are to be dropped."""
    return [it.pk for it in choices.filters(database, view) if it.until is not None and it.until <= now]


def watch(database: sqlite3.Connection, view: int, thread: int, on: bool, now: int) -> Settled:
    """Replies in a thread stand in zb.replies, or no longer do."""
    choices.put_watch(database, view, thread, on)
    return settle(database, view, posts.articles_in(database, thread), now)


def show_by(database: sqlite3.Connection, view: int, person: int, now: int) -> str:
    """Give somebody's posts a group of their own; returns its name. Raises NotPermitted when there are too many."""
    others = [it for it in choices.by(database, view) if it.person != person]
    if len(others) >= BY_MOST:
        raise NotPermitted(f"you have {BY_MOST} groups of that kind already; take one away first")
    name = BY + _part(database, person, BY, others)
    newsgroup = numbers.add_newsgroup(database, view, name, now, f"Posts by {_called(database, person)}")
    numbers.set_hidden(database, newsgroup, False)
    choices.put_by(database, view, person, name)
    settle(database, view, posts.articles_by(database, person), now)
    return name


def hide_by(database: sqlite3.Connection, view: int, person: int, now: int) -> str:
    """Take that group away; returns the name it had, empty when there was none."""
    name = next((it.name for it in choices.by(database, view) if it.person == person), "")
    choices.put_by(database, view, person, "")
    settle(database, view, posts.articles_by(database, person), now)
    numbers.hide_names(database, view, name, True)
    return name


def show_via(database: sqlite3.Connection, view: int, person: int, now: int) -> str:
    """Show boards through somebody's lists; returns what their names begin with. Raises NotPermitted."""
    if person == view:
        raise NotPermitted("that is you; your own boards show what your own lists do")
    others = [it for it in choices.via(database, view) if it.person != person]
    if len(others) >= VIA_MOST:
        raise NotPermitted(f"you look through {VIA_MOST} people's lists already; take one away with unvia")
    name = VIA + _part(database, person, VIA, others)
    choices.put_via(database, view, person, name)
    numbers.hide_names(database, view, f"{name}.", False)
    settle_all(database, view, now)
    return name


def hide_via(database: sqlite3.Connection, view: int, person: int, now: int) -> str:
    """No longer; returns what the names of the groups began with, empty when there were none."""
    name = next((it.name for it in choices.via(database, view) if it.person == person), "")
    if name:
        choices.put_via(database, view, person, "")
        ratings.forget_via(database)
        settle_all(database, view, now)
        numbers.hide_names(database, view, f"{name}.", True)
    return name


def met(database: sqlite3.Connection, view: int, person: int, now: int) -> None:
    """Somebody's first manifest has come: groups that were named by their id are now named by their nick."""
    short = short_id(evidence.identity_of(database, person))
    if any((it.person, it.name) == (person, BY + short) for it in choices.by(database, view)):
        hide_by(database, view, person, now)
        show_by(database, view, person, now)
    if any((it.person, it.name) == (person, VIA + short) for it in choices.via(database, view)):
        numbers.hide_names(database, view, f"{VIA}{short}.", True)
        show_via(database, view, person, now)


def hide_board(database: sqlite3.Connection, view: int, newsgroup: int, name: str, hidden: bool, now: int) -> None:
    """A board leaves the group list, its threads leave zb.new and zb.top; or they come back."""
    numbers.set_hidden(database, newsgroup, hidden)
    settle(database, view, posts.articles_on(database, name), now)


def _part(database: sqlite3.Connection, person: int, first: str, others: Sequence[Shown]) -> str:
    """Somebody's nick as the last part of a group name; with the short id when another has the same."""
    short = short_id(evidence.identity_of(database, person))
    part = group_part(evidence.nick_of(database, person), short)
    if any(it.name == first + part for it in others):
        return f"{part[: BOARD_COMPONENT_OCTETS - len(short) - 1]}-{short}"
    return part


def _called(database: sqlite3.Connection, person: int) -> str:
    short, nick = short_id(evidence.identity_of(database, person)), evidence.nick_of(database, person)
    return f"{nick} ({short})" if nick else short
