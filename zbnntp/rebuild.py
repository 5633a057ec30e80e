"""Making the derived chapter anew from evidence and promises: nothing that a newsreader sees changes by it.

For a store whose overview was damaged, or after an upgrade that shows articles differently. docs/store.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from zbnntp import toplists
from zbnntp.keeping import keep_entries
from zbnntp.model import limits
from zbnntp.model.article import overview_fields
from zbnntp.model.entries import POSTS, Carry, Delete, Post, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity
from zbnntp.moving import settle_moves
from zbnntp.spoken import keep_state
from zbnntp.store import derived, evidence, numbers
from zbnntp.store.database import prepare, transaction
from zbnntp.visibility import settle

Entry = Post | Carry | Delete


def rebuild(
    database: sqlite3.Connection, views: Iterable[Identity], now: int, progress: Callable[[int, int], None]
) -> int:
    """Drop and make anew everything derived, in the caller's transaction; returns how many posts are held.

    `progress` is told how many people are done, of how many.
    """
    views = list(views)
    derived.clear(database)
    people = derived.people(database)
    for done, (person, identity) in enumerate(people, 1):
        latest = limits.INTEGER if identity in views else _head_time(database, identity)
        for segment, lines in derived.post_segments(database, person):
            entries = [it for it in _believed(lines, identity) if segment is None or _is_shown(it[1], latest)]
            keep_entries(database, person, segment, entries, now)
        keep_state(database, person, identity in views, now)
        progress(done, len(people))
    settle_moves(database, [evidence.person_pk(database, view) for view in views], now)
    held = derived.articles(database)
    for view in views:
        settle(database, evidence.person_pk(database, view), held, now)
        toplists.recompute(database, evidence.person_pk(database, view), now)
    for article, place, group, octets in derived.notes(database):
        numbers.expose(database, place, article, None, {group: ""}, overview_fields(octets), now)
    derived.sweep(database)
    return len(held)


def rebuild_file(path: Path, views: Iterable[Identity], now: int, progress: Callable[[int, int], None]) -> int:
    """The same for the store of a node that does not run: whole or not at all."""
    prepare(path)
    with transaction(path) as database:
        return rebuild(database, views, now, progress)


def _head_time(database: sqlite3.Connection, identity: Identity) -> int:
    """Without a head, which was damaged then (docs/store.md "Checking"), what an earlier one named counts.

    One's own posts count whatever their date: they were shown when they were written, by a clock that was wrong.
    """
    held = evidence.find_manifest(database, identity)
    return held.time if held else limits.INTEGER


def _is_shown(entry: Entry, latest: int) -> bool:
    """A post dated after its head is invalid."""
    return not isinstance(entry, Post) or entry.header.time <= latest


def _believed(lines: Iterable[tuple[int, bytes]], author: Identity) -> Iterable[tuple[int, Entry]]:
    for key, line in lines:
        try:
            entry = open_entry(line, author, POSTS)
        except Invalid:
            continue  # skipped when it came, too
        if isinstance(entry, Entry):
            yield key, entry
