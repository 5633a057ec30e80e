"""The transaction of one article of commands, and the world after it. All that commands change goes through `put`.

What was there before is kept with the article, so that `undo` can bring it back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zbnntp.control.facts import FACTS, Scope
from zbnntp.control.needs import House
from zbnntp.control.people import find_article, find_who, name_of
from zbnntp.control.reports import YOU
from zbnntp.model.errors import Missing, NotPermitted
from zbnntp.model.keys import Identity, PostId
from zbnntp.registrar.rules import Rules
from zbnntp.standing import NOWHERE, Moved, Standings
from zbnntp.store import choices, deeds, evidence, posts, ratings
from zbnntp.store.deeds import Step
from zbnntp.store.ratings import Standing, StoredRating


@dataclass(frozen=True, slots=True)
class After:
    """The world after the commit; `database` is read only. `moved`: whose level changed, and what it showed or hid."""

    database: sqlite3.Connection
    standings: Standings
    house: House
    view: Identity
    now: int  # unix seconds
    moved: Mapping[Identity, Moved] = field(default_factory=dict)

    @property
    def me(self) -> int:
        return evidence.find_person(self.database, self.view) or 0

    def standing(self, identity: Identity) -> Standing:
        return standing_of(self.database, self.view, identity)

    def rating(self, identity: Identity) -> StoredRating | None:
        person = evidence.find_person(self.database, identity)
        return own_rating(self.database, self.me, person) if person is not None else None

    def name(self, identity: Identity) -> str:
        return YOU if identity == self.view else name_of(self.database, identity)


Receipt = Callable[[After], Awaitable[str]]


@dataclass(slots=True)
class Before:
    """The transaction of one article."""

    scope: Scope
    answered: str | None  # message id
    article: int | None = None  # of the commands; None: from the command line
    steps: list[Step] = field(default_factory=list)
    stale: frozenset[int] = frozenset()  # persons whose ratings or answers count differently now
    undoes: int | None = None  # the deed that this article takes back

    @property
    def database(self) -> sqlite3.Connection:
        return self.scope.database

    @property
    def view(self) -> Identity:
        return self.scope.view

    @property
    def me(self) -> int:
        return self.scope.me

    @property
    def now(self) -> int:
        return self.scope.now

    @property
    def rules(self) -> Rules:
        """What the owner's settings say of newcomers."""
        return self.scope.rules

    def who(self, who: str) -> Identity:
        """The one person that is meant; raises Missing, NotPermitted."""
        return find_who(self.database, self.me, who, self.answered)

    def other(self, who: str, sentence: str) -> Identity:
        """The same, and not oneself."""
        target = self.who(who)
        if target == self.view:
            raise NotPermitted(sentence)
        return target

    def post(self, reference: str) -> tuple[int, PostId, Identity]:
        """Article, id and author of the post that is meant; empty: the one answered. Raises Missing."""
        reference = reference or self.answered or ""
        if not reference:
            raise Missing("it does not say which post; give its <message-id>, or send it as a reply to it")
        article = find_article(self.database, self.me, reference)
        author = posts.author_of(self.database, article) if article is not None else None
        if article is None or author is None:
            raise Missing(f"there is no post {reference[:80]} here")
        return article, posts.post_id(self.database, article), author

    def name(self, identity: Identity) -> str:
        return YOU if identity == self.view else name_of(self.database, identity)

    def person(self, identity: Identity) -> int:
        return evidence.person_pk(self.database, identity)

    def read(self, kind: str, key: str) -> Any:
        return FACTS[kind].read(self.scope, key)

    def put(self, kind: str, key: str, value: Any) -> Any:
        """Change one thing; returns what it was."""
        old = self.read(kind, key)
        if old != value:
            FACTS[kind].write(self.scope, key, value)
            self.steps.append(Step(kind, key, json.dumps(old), json.dumps(value)))
        return old

    def rating(self, target: Identity) -> StoredRating | None:
        """One's own rating as it counts: the private one before the published."""
        return own_rating(self.database, self.me, self.person(target))

    def standing(self, target: Identity) -> Standing:
        return standing_of(self.database, self.view, target)

    def changed(self, *kinds: str) -> bool:
        return any(step.kind in kinds for step in self.steps)

    @property
    def publishes(self) -> bool:
        """Whether others get something of it."""
        return any(FACTS[step.kind].published for step in self.steps)

    @property
    def ranks(self) -> bool:
        """Whether trust has to be computed anew."""
        return any(FACTS[step.kind].ranked for step in self.steps)

    def people(self) -> list[Identity]:
        """Of whom zb.people may have to say something else now."""
        about = ("rating", "private", "note", "pin", "mirror")
        return [Identity(bytes.fromhex(step.key)) for step in self.steps if step.kind in about]

    def keep_deed(self) -> None:
        """What was changed, kept so that it can be taken back."""
        if self.steps:
            deeds.add_deed(self.database, self.me, self.article, self.undoes, self.steps, self.now)


def own_rating(database: sqlite3.Connection, me: int, person: int) -> StoredRating | None:
    """A view's own rating of somebody as it counts: the private one before the published."""
    private = choices.find_private_rating(database, me, person)
    if private is not None:
        return StoredRating(private.target, private.mt, private.tlt, "", None)
    return ratings.find_rating(database, me, person)


def standing_of(database: sqlite3.Connection, view: Identity, identity: Identity) -> Standing:
    viewer, person = evidence.find_person(database, view), evidence.find_person(database, identity)
    if viewer is None or person is None:
        return NOWHERE
    return ratings.find_standing(database, viewer, person) or NOWHERE


def constant(text: str) -> Receipt:
    async def receipt(after: After) -> str:
        return text

    return receipt
