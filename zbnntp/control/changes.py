"""Command -> change. Each handler runs inside the one transaction of its article and returns how its receipt is made.

A handler that raises takes the whole article back. Receipts are made after the commit and after trust was computed
anew, so they can say what became of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from zbnntp.control.language import (
    FOLLOW_DEFAULT,
    AddBoard,
    Follow,
    Help,
    HideBoard,
    Invite,
    Nick,
    Order,
    Rate,
    Row,
    Status,
    Untrust,
    Why,
    find_rows,
)
from zbnntp.control.needs import House
from zbnntp.control.people import find_who, name_of
from zbnntp.control.reports import SHOWN, YOU, Case, rating_text, why_text
from zbnntp.ingest import keep_ratings
from zbnntp.model.entries import SCALE, STATE, make_trust
from zbnntp.model.errors import Missing, NotPermitted, Refused, Unreachable
from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.standing import NOWHERE, Standings
from zbnntp.store import evidence, numbers, posts, promises, ratings
from zbnntp.store.ratings import Standing, StoredRating
from zbnntp.trust.explain import why
from zbnntp.trust.policy import State

HUNDREDTH = SCALE // 100  # commands speak of -100..100


@dataclass(frozen=True, slots=True)
class After:
    """The world after the commit; `database` is read only."""

    database: sqlite3.Connection
    standings: Standings
    house: House
    view: Identity

    def standing(self, identity: Identity) -> Standing:
        return _standing(self.database, self.view, identity)

    def name(self, identity: Identity) -> str:
        return YOU if identity == self.view else name_of(self.database, identity)


Receipt = Callable[[After], Awaitable[str]]


@dataclass(slots=True)
class Before:
    """The transaction of one article."""

    database: sqlite3.Connection
    view: Identity
    answered: str | None  # message id
    nick: str
    now: int  # unix seconds
    said: dict[Identity, StoredRating] = field(default_factory=dict)  # rated in this article
    publish: bool = False

    @property
    def me(self) -> int:
        return evidence.person_pk(self.database, self.view)

    def rating(self, target: Identity) -> StoredRating | None:
        if target in self.said:
            return self.said[target]
        person = evidence.find_person(self.database, target)
        return ratings.find_rating(self.database, self.me, person) if person is not None else None

    def rate(self, new: StoredRating) -> Rated:
        """Put a rating into the outbox; both numbers None take one back."""
        old = self.rating(new.target)
        line = make_trust(new.target, new.mt, new.tlt, new.note, self.now)
        evidence.add_pending(self.database, self.me, STATE, line)
        self.said[new.target], self.publish = new, True
        return Rated(new.target, old, new, _standing(self.database, self.view, new.target))

    def finish(self) -> None:
        """What is done once for all commands."""
        if self.said:
            keep_ratings(self.database, self.me)


@dataclass(frozen=True, slots=True)
class Rated:
    """A changed rating, and the standing before it."""

    target: Identity
    old: StoredRating | None
    new: StoredRating
    before: Standing

    async def receipt(self, after: After) -> str:
        name, now = after.name(self.target), after.standing(self.target)
        changed = f"{name}: trust was {rating_text(self.old)}, is now {rating_text(self.new)}."
        return f"{changed} {_became(self.before.level, now.level)}{_hint(after, self.target, now)}"


def carry_out(before: Before, order: Order) -> Receipt:
    """Do what an order says within the transaction; raises Refused with a sentence."""
    return _HANDLERS[type(order)](before, order)


def _rate(before: Before, order: Rate) -> Receipt:
    """Not said stays as it was, but a rating below 0 takes trust in their ratings back unless it is said again."""
    target = find_who(before.database, order.who, before.answered)
    if target == before.view:
        raise NotPermitted("that is you; your own posts are always shown, and nobody can rate himself")
    old = before.rating(target)
    tlt = old.tlt if order.tlt is None and old and order.mt >= 0 else _wire(order.tlt)
    note = (old.note if old else "") if order.note is None else order.note
    return before.rate(StoredRating(target, order.mt * HUNDREDTH, tlt, note, None)).receipt


def _untrust(before: Before, order: Untrust) -> Receipt:
    target = find_who(before.database, order.who, before.answered)
    if before.rating(target) is None:
        return _constant(f"You had not rated {name_of(before.database, target)}; nothing had to be taken back.")
    return before.rate(StoredRating(target, None, None, "", None)).receipt


def _follow(before: Before, order: Follow) -> Receipt:
    target, urls = order.link.identity, order.link.urls
    if target == before.view:
        raise NotPermitted("that is your own link; hand it to a friend, who follows it")
    for url in urls:
        promises.add_address(before.database, target, url)
    old = before.rating(target)
    mt = max(FOLLOW_DEFAULT * HUNDREDTH, (old.mt if old else None) or 0) if order.mt is None else _wire(order.mt)
    tlt = max(FOLLOW_DEFAULT * HUNDREDTH, (old.tlt if old else None) or 0) if order.tlt is None else _wire(order.tlt)
    note = (old.note if old else "") if order.note is None else order.note
    rated = before.rate(StoredRating(target, mt, tlt, note, None))

    async def receipt(after: After) -> str:
        try:
            came = await after.house.follow(target, urls)
        except (Unreachable, Refused) as error:
            came = f"Nothing came yet: {str(error).rstrip('.')}. Your node tries again by itself."
        name = after.name(target)
        return f"You follow {name}: trust was {rating_text(rated.old)}, is now {rating_text(rated.new)}. {came}"

    return receipt


def _add_board(before: Before, order: AddBoard) -> Receipt:
    old = numbers.find_newsgroup(before.database, before.me, order.name)
    newsgroup = numbers.add_newsgroup(before.database, before.me, order.name, before.now, order.description)
    numbers.set_hidden(before.database, newsgroup, False)
    if old is None:
        return _constant(f"Board {order.name} is there now; refresh the group list, subscribe and start a thread.")
    if old.hidden:
        return _constant(f"Board {order.name} was hidden and is shown again.")
    if order.description and order.description != old.description:
        was = f'"{old.description}"' if old.description else "none"
        return _constant(f'Board {order.name}: description was {was}, is now "{order.description}".')
    return _constant(f"Board {order.name} was there already; nothing has changed.")


def _hide_board(before: Before, order: HideBoard) -> Receipt:
    if order.name.startswith("zb."):
        raise NotPermitted("groups that begin with zb. are the node's own and always shown")
    board = numbers.find_newsgroup(before.database, before.me, order.name)
    if board is None:
        raise Missing(f"there is no board {order.name[:64]} here; make it with: board add {order.name[:64]}")
    numbers.set_hidden(before.database, board.pk, order.hidden)
    was, now = ("hidden" if it else "shown" for it in (board.hidden, order.hidden))
    if was == now:
        return _constant(f"Board {order.name} was {now} already; nothing has changed.")
    back = f" To have it back: board show {order.name}." if order.hidden else ""
    return _constant(f"Board {order.name} with {board.count} articles was {was}, is now {now}.{back}")


def _nick(before: Before, order: Nick) -> Receipt:
    old, before.nick = before.nick, order.name
    if old == order.name:
        return _constant(f"You were called {old} already; nothing has changed.")
    promises.put_meta(before.database, f"nick {before.view.hex()}", order.name)
    before.publish = True
    return _constant(f"You were called {old}, now you are called {order.name}; others see it when they fetch you next.")


def _help(before: Before, order: Help) -> Receipt:
    return _constant(help_text(order.topic))


def _invite(before: Before, order: Invite) -> Receipt:
    async def receipt(after: After) -> str:
        return (
            f"{after.house.link()}\n\nThis is your link. Hand it to a friend, who sends the line 'follow LINK' to "
            "zb.control. You see each other's posts when both of you have followed the other's link."
        )

    return receipt


def _status(before: Before, order: Status) -> Receipt:
    async def receipt(after: After) -> str:
        return "\n".join(after.house.status())

    return receipt


def _why(before: Before, order: Why) -> Receipt:
    target = find_who(before.database, order.who, before.answered)

    async def receipt(after: After) -> str:
        return explain(after, target)

    return receipt


_HANDLERS: dict[type[Order], Callable[[Before, Any], Receipt]] = {
    Help: _help,
    Rate: _rate,
    Untrust: _untrust,
    Follow: _follow,
    AddBoard: _add_board,
    HideBoard: _hide_board,
    Nick: _nick,
    Invite: _invite,
    Status: _status,
    Why: _why,
}


def explain(after: After, target: Identity) -> str:
    """The report of `why`."""
    if target == after.view:
        return "That is you. Your own posts are always shown; how far others see them is up to their ratings of you."
    database, standings = after.database, after.standings
    person, me = evidence.find_person(database, target), evidence.find_person(database, after.view)
    standing = after.standing(target)
    ranking = standings.ranking(after.view)
    state = State(standing.fetch, standing.level)
    explanation = why(standings.graph, after.view, ranking, target, standings.params, state)
    rating = ratings.find_rating(database, me, person) if me is not None and person is not None else None
    held = posts.count_by(database, person) if person is not None else 0
    return why_text(Case(explanation, rating, held, after.name, standings.params))


def help_text(topic: str) -> str:
    """The commands, or those that a topic names, with what they do."""
    return "\n".join(_row_text(row) for row in find_rows(topic)) + ("" if topic else f"\n\n{WHO_HELP}")


def _row_text(row: Row) -> str:
    return f"{row.usage}\n    {row.help}"


WHO_HELP = """\
Write one command a line into an article to zb.control; the answer comes
as a reply to it. WHO is a nick or the eight characters behind it, a
whole id, a link, or the <message-id> of an article. Leave it out in a
reply: then it is the author of the article that you answer. If one line
is wrong, none is carried out."""


def _constant(text: str) -> Receipt:
    async def receipt(after: After) -> str:
        return text

    return receipt


def _wire(number: int | None) -> int | None:
    return None if number is None else number * HUNDREDTH


def _standing(database: sqlite3.Connection, view: Identity, identity: Identity) -> Standing:
    viewer, person = evidence.find_person(database, view), evidence.find_person(database, identity)
    if viewer is None or person is None:
        return NOWHERE
    return ratings.find_standing(database, viewer, person) or NOWHERE


def _became(before: Level, now: Level) -> str:
    if before == now:
        return f"Their posts stay {SHOWN[now]}."
    return f"Their posts were {SHOWN[before]}, and are now {SHOWN[now]}."


def _hint(after: After, target: Identity, now: Standing) -> str:
    """What is missing when somebody is to be seen of whom nothing is held."""
    held = evidence.find_manifest(after.database, target) or promises.addresses(after.database, target)
    if held or not now.fetch:
        return ""
    return " Nothing of theirs is here and no address of theirs is known; follow LINK fetches it."
