"""JOURNEY 3: what a newsreader may see - groups, overview, articles - of one local identity's view.

Implements nntp's Shelf over the read-only connection, synchronously, in windows of bounded size. What an article's
Xref, X-Zb-Trust and X-Zb-Sage say differs from reader to reader; all else comes from the post alone.
docs/newsgroups.md "Served articles".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

from zbnntp.local import CONTROL, HELP, LOG, local_message_id, parse_local_id
from zbnntp.model.article import compose
from zbnntp.model.errors import NotVisible
from zbnntp.model.kept import reopen_post
from zbnntp.model.keys import Identity, identity_text, message_id, parse_message_id
from zbnntp.model.views import Article, Group, Level, Overview
from zbnntp.store import evidence, numbers, posts, promises
from zbnntp.store.numbers import Newsgroup, Row

READ_ONLY = frozenset({HELP, LOG})
OWN_GROUPS = (CONTROL, HELP, LOG)
POST_ID_OCTETS = 32


class Shelf:
    """One view. `motd` is shown by LIST MOTD; `now` is read for nothing else than what callers pass in."""

    OVERVIEW_EXTRA: Sequence[str] = ("Xref:full", "X-Zb-Trust:full")

    def __init__(self, reader: sqlite3.Connection, view: Identity, motd: Callable[[], str]) -> None:
        self._reader = reader
        self._identity = view
        self._view = evidence.find_person(reader, view) or 0
        self._motd = motd

    def groups(self) -> Sequence[Group]:
        return [self._group(row) for row in numbers.newsgroups(self._reader, self._view) if not row.hidden]

    def group(self, name: str) -> Group | None:
        row = self._newsgroup(name)
        return self._group(row) if row else None

    def subscriptions(self) -> Sequence[str]:
        boards = [group for group in self.groups() if group.name not in OWN_GROUPS]
        boards.sort(key=lambda group: (-group.count, group.name))
        return [CONTROL, HELP, *(group.name for group in boards), LOG]

    def motd(self) -> str:
        return self._motd()

    def numbers(self, group: str, low: int, high: int) -> Iterator[Sequence[int]]:
        row = self._newsgroup(group)
        while row and low <= high:
            window = numbers.numbers_window(self._reader, row.pk, low, high)
            if not window:
                return
            yield window
            low = window[-1] + 1

    def overview(self, group: str, low: int, high: int) -> Iterator[Sequence[Overview]]:
        row = self._newsgroup(group)
        while row and low <= high:
            window = numbers.overview_window(self._reader, self._view, row.pk, low, high)
            if not window:
                return
            yield [Overview(it.number, overview_text(it)) for it in window]
            low = window[-1].number + 1

    def locate(self, group: str, number: int) -> str | None:
        row = self._row(group, number)
        return self._message_id(row.article) if row else None

    def neighbour(self, group: str, number: int, step: int) -> tuple[int, str] | None:
        newsgroup = self._newsgroup(group)
        found = numbers.neighbour(self._reader, newsgroup.pk, number, step) if newsgroup else None
        return (found[0], self._message_id(found[1])) if found else None

    def article(self, group: str, number: int) -> Article | None:
        row = self._row(group, number)
        return self._article(row, number) if row else None

    def find(self, message_id: str, group: str | None) -> Article | None:
        found = self._find_row(message_id, group)
        return self._article(found[0], found[1]) if found else None

    def find_overview(self, message_id: str) -> Overview | None:
        found = self._find_row(message_id, None)
        return Overview(0, overview_text(found[0])) if found else None

    def new_groups(self, since: int) -> Sequence[Group]:
        return [group for group in self.groups() if group.created >= since]

    def new_news(self, match: Callable[[str], bool], since: int) -> Iterator[Sequence[str]]:
        seen: set[int] = set()
        for newsgroup in numbers.newsgroups(self._reader, self._view):
            if newsgroup.hidden or not match(newsgroup.name):
                continue
            for window in numbers.exposed_since(self._reader, newsgroup.pk, since):
                fresh = [article for article in window if article not in seen]
                seen.update(fresh)
                if fresh:
                    yield [self._message_id(article) for article in fresh]

    def _newsgroup(self, name: str) -> Newsgroup | None:
        row = numbers.find_newsgroup(self._reader, self._view, name)
        return None if row is None or row.hidden else row

    def _group(self, row: Newsgroup) -> Group:
        status = "n" if row.name in READ_ONLY else "y"
        creator = f"id@{identity_text(self._identity)}.zb.invalid"
        high = row.high if row.high >= row.low else row.low - 1
        return Group(row.name, row.low, high, row.count, status, row.description, row.created, creator)

    def _row(self, group: str, number: int) -> Row | None:
        newsgroup = self._newsgroup(group)
        return numbers.find_row(self._reader, self._view, newsgroup.pk, number) if newsgroup else None

    def _message_id(self, article: int) -> str:
        identifier = posts.post_id(self._reader, article)
        return message_id(identifier) if len(identifier) == POST_ID_OCTETS else local_message_id(identifier)

    def _find_row(self, wanted: str, group: str | None) -> tuple[Row, int] | None:
        """The article's row in the group if it stands there (with its number), else in another (with 0)."""
        identifier = parse_message_id(wanted) or parse_local_id(wanted)
        article = posts.find_article(self._reader, identifier) if identifier else None
        article = article or promises.find_alias(self._reader, wanted)
        if article is None:
            return None
        places = numbers.places_of(self._reader, self._view, article)
        if not places:
            self._explain_absence(article)
            return None
        name, newsgroup, number = next((place for place in places if place[0] == group), places[0])
        row = numbers.find_row(self._reader, self._view, newsgroup, number)
        return (row, number if name == group else 0) if row else None

    def _explain_absence(self, article: int) -> None:
        source = posts.find_source(self._reader, self._view, article)
        if source is None:
            return
        if source.deleted:
            raise NotVisible("its author has taken it back")
        if source.boards is None:
            raise NotVisible("the opening of its thread has not arrived yet; try again later")
        if source.boards != ",".join(reopen_post(source.line).header.boards):
            raise NotVisible("it names other boards than its thread stands in, so it is never shown")
        who = identity_text(source.identity)
        raise NotVisible(f"your trust hides its author; send 'why {who}' to {CONTROL}")

    def _article(self, row: Row, number: int) -> Article:
        local = promises.find_local(self._reader, row.article)
        if local is not None:
            head, _, body = local.partition(b"\r\n\r\n")
            return Article(number, self._message_id(row.article), head + b"\r\n" + extra_lines(row) + b"\r\n" + body)
        source = posts.find_source(self._reader, self._view, row.article)
        if source is None:
            raise NotVisible("that article is going just now; refresh the group")
        post = reopen_post(source.line)
        octets = compose(post.header, post.body, source.subject or "", source.nick, extra_lines(row))
        return Article(number, message_id(post.header.id), octets)


def trust_text(mt: float | None) -> bytes:
    """The author's message trust as X-Zb-Trust shows it; empty for the node's own articles."""
    return b"" if mt is None else f"{mt:+.2f}".encode()


def extra_lines(row: Row) -> bytes:
    """The header lines that are this reader's alone."""
    lines = row.xref + b"\r\n"
    if row.mt is not None:
        lines += b"X-Zb-Trust: " + trust_text(row.mt) + b"\r\n"
    if row.sage or row.level == Level.LIMITED:
        lines += b"X-Zb-Sage: " + (b"sage" if row.sage else b"limited") + b"\r\n"
    return lines


def overview_text(row: Row) -> bytes:
    """The overview line after the number."""
    octets = row.octets + len(extra_lines(row))
    trust = b"X-Zb-Trust: " + trust_text(row.mt) if row.mt is not None else b""
    return b"%b\t%d\t%d\t%b\t%b" % (row.fields, octets, row.lines, row.xref, trust)
