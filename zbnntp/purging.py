"""Deleting for good what somebody published, or one post of theirs: it goes from the disk and never comes back.

All of it is one transaction; the writer scrubs the file afterwards. Headers that others pass on go as well. What others
wrote themselves stays, quotations included. docs/mirrors.md "Deleting for good".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zbnntp.model.entries import Header
from zbnntp.model.kept import reopen_header, reopen_post
from zbnntp.model.keys import Identity, PostId
from zbnntp.spoken import keep_state
from zbnntp.store import cards, carries, condensing, evidence, numbers, posts, promises, purges
from zbnntp.visibility import rename


@dataclass(frozen=True, slots=True)
class Purged:
    """What went. `stale`: persons whose ratings or answers count differently now."""

    posts: int
    octets: int
    stale: frozenset[int]


def purge_post(database: sqlite3.Connection, article: int, post: PostId, author: Identity) -> Purged:
    """One post, its header too where others pass it on."""
    stale = posts.answered_authors(database, [article])
    purges.add(database, post)
    views = purges.views(database)
    lines = [line for line, header in _headers(database, author, views) if header.id == post]
    octets = sum(purges.redact(database, line) for line in lines)
    purges.forget_parked(database, author)
    purges.forget_post(database, article)
    _close(database, views, [article])
    return Purged(1, octets, frozenset(stale))


def purge_person(database: sqlite3.Connection, identity: Identity, now: int) -> Purged:
    """All that somebody published, and what others pass on of it."""
    person, views = evidence.person_pk(database, identity), purges.views(database)
    articles = posts.articles_by(database, person)
    stale = posts.answered_authors(database, articles) | {person}
    purges.add(database, identity)
    octets = purges.octets_of(database, person)
    for segment in evidence.segments(database, person):
        carries.release(database, segment.pk)
        evidence.drop_segment(database, segment.pk)
    keep_state(database, person, False, now)  # nothing is left of what they said of others
    octets += sum(purges.redact(database, line) for line, _ in _headers(database, identity, views))
    threads = purges.threads_by(database, person)
    purges.forget_head(database, person)
    purges.forget_parked(database, identity)
    _close(database, views, [*posts.drop_missing(database, person), *threads])
    for view, card in purges.card_articles(database, person):
        numbers.hide(database, view, card)
        promises.drop_local(database, card)
        cards.supersede(database, view, person, now)
    return Purged(len(articles), octets, frozenset(stale))


def _headers(database: sqlite3.Connection, author: Identity, views: Iterable[int]) -> Iterator[tuple[int, Header]]:
    """Lines with somebody's posts or their headers; not those of local identities, who publish them anew without."""
    for line, publisher, octets in list(purges.lines_naming(database, author)):
        header = _header_in(octets) if publisher not in views else None
        if header is not None and header.author == author:
            yield line, header


def _header_in(octets: bytes) -> Header | None:
    """The header in a post or carry line; None in one of another kind, or one that never was valid."""
    try:
        entry = json.loads(octets)
        return reopen_header(entry["header"]) if entry["kind"] == "carry" else reopen_post(octets).header
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _close(database: sqlite3.Connection, views: Iterable[int], articles: Iterable[int]) -> None:
    """Articles leave all groups; answers in the threads that they opened lose their title."""
    changed = list(articles)
    for article in list(changed):
        purges.blank_opening(database, article)
        answers = posts.articles_in(database, article)
        for view in views:
            numbers.hide(database, view, article)
            rename(database, view, answers)
        changed += answers
    condensing.renew(database, changed)
