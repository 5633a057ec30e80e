"""Who sees which post: bringing a view's groups in line with its levels. Called inside the transactions of ingest and
posting, by nobody else.

A post is shown when its author is (an OP by FULL people and oneself only, a reply by LIMITED ones too), the opening of
its thread is held, and its boards are the thread's; but never again where it has expired. docs/trust.md "Levels",
docs/protocol.md "Threads".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from zbnntp.model.article import compose, overview_fields
from zbnntp.model.entries import Header
from zbnntp.model.kept import reopen_post
from zbnntp.model.views import Level
from zbnntp.store import numbers, posts
from zbnntp.store.posts import Source


@dataclass(frozen=True, slots=True)
class Settled:
    """How many posts appeared and vanished."""

    shown: int = 0
    hidden: int = 0

    def __add__(self, other: Settled) -> Settled:
        return Settled(self.shown + other.shown, self.hidden + other.hidden)


def is_visible(view: int, source: Source, header: Header) -> bool:
    if source.deleted or source.boards != ",".join(header.boards):
        return False
    if source.author == view or source.level == Level.FULL:
        return True
    return source.level == Level.LIMITED and header.thread is not None


def settle(database: sqlite3.Connection, view: int, articles: Iterable[int], now: int) -> Settled:
    """Show and hide these articles in a view's groups as its levels say; oldest first, so that numbers follow dates."""
    total = Settled()
    for source in posts.sources(database, view, articles):
        post = reopen_post(source.line)
        exposed = numbers.is_exposed(database, view, source.article)
        if exposed == is_visible(view, source, post.header):
            continue
        if exposed:
            numbers.hide(database, view, source.article)
            total += Settled(hidden=1)
            continue
        rendered = overview_fields(compose(post.header, post.body, source.subject or "", source.nick))
        header = post.header
        if numbers.expose(database, view, source.article, source.author, header.boards, rendered, now, header.sage):
            total += Settled(shown=1)
    return total


def rename(database: sqlite3.Connection, view: int, articles: Iterable[int]) -> None:
    """Render the overview of exposed articles anew: their author's nick has changed."""
    for source in posts.sources(database, view, articles):
        post = reopen_post(source.line)
        rendered = overview_fields(compose(post.header, post.body, source.subject or "", source.nick))
        numbers.update_fields(database, view, source.article, rendered)
