"""The node's own world of trust, read from its store, running or not: for trying out and for drawing."""

from __future__ import annotations

import sqlite3
from collections import Counter

from zbnntp.model.errors import Missing
from zbnntp.model.keys import Identity, identity_text, short_id
from zbnntp.standing import as_rating
from zbnntp.store import evidence, posts, ratings
from zbnntp.trust.graph import Records
from zbnntp.trust.parameters import Parameters
from zbnntp.trust.policy import State
from zbnntp.trust.whatif import World, named

ME = "me"


def own_world(reader: sqlite3.Connection, view: Identity, params: Parameters, now: int) -> World:
    """All ratings that hold at `now` (unix seconds) as `view` sees them. People are known by id, short id and nick."""
    viewer = evidence.find_person(reader, view)
    if viewer is None:
        raise Missing("the store knows nothing of that identity yet; start the node once with 'zbnntp run'")
    records = _records(reader, now)
    standings = ratings.standings(reader, viewer)
    people = {view, *named(records), *standings}
    previous = {who: State(standing.fetch, standing.level) for who, standing in standings.items()}
    return World(records, view, params, {it: identity_text(it) for it in people}, _aliases(reader, view), previous)


def nicks(reader: sqlite3.Connection) -> dict[Identity, str]:
    """How people call themselves, with their short ids."""
    return {who: f"{nick} {short_id(who)}" for _, who, nick in evidence.nicks(reader)}


def _records(reader: sqlite3.Connection, now: int) -> Records:
    said, replied = {}, {}
    for person in ratings.raters(reader):
        rater = evidence.identity_of(reader, person)
        rows = ratings.ratings_of(reader, person)
        said[rater] = [as_rating(row) for row in rows if row.until is None or row.until > now]
        replied[rater] = dict(posts.reply_counts(reader, person))
    return Records(said, replied, ratings.registrars(reader))


def _aliases(reader: sqlite3.Connection, view: Identity) -> dict[str, Identity]:
    """Nicks that one person alone bears, and short ids."""
    called = [(nick, who) for _, who, nick in evidence.nicks(reader)]
    bearers = Counter(nick for nick, _ in called)
    short = {short_id(who): who for _, who in called}
    return short | {nick: who for nick, who in called if bearers[nick] == 1} | {ME: view}
