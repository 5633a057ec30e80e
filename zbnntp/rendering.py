"""What one reader's overview line and article say: what the post alone makes, and the lines of this reader alone.

Those are Xref, X-Zb-Trust, X-Zb-Vote, X-Zb-Sage and X-Zb-Reach (docs/newsgroups.md "Served articles"). The author's
trust and the post's score stand in the line but are not kept in the store with it, so that a change of trust renders
nothing but what is looked at afterwards.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from zbnntp.model.article import Form, compose, served_body, served_head
from zbnntp.model.errors import NotVisible
from zbnntp.model.kept import reopen_post
from zbnntp.model.views import Article, Level
from zbnntp.placeholder import compose_placeholder
from zbnntp.store import carries, fetched, promises, ratings, sources, votes
from zbnntp.store.database import Store
from zbnntp.store.overview import Columns, Row
from zbnntp.store.slots import Slots, objects

SAGE = b"X-Zb-Sage: sage\r\n"
LIMITED = b"X-Zb-Sage: limited\r\n"
UNVOTED = b"X-Zb-Vote: +0.00\r\n"
WAITING = b"X-Zb-Reach: waiting\r\n"  # as long as the other, so that a change of it changes no size
FETCHED = b"X-Zb-Reach: fetched\r\n"
_LINE_END = ord("\n")
_HUNDREDTH = votes.UNITS // 100


def vote_line(score: int) -> bytes:
    """The header line of a score; what is less than half a hundredth is +0.00, not -0.00."""
    hundredths = (score + _HUNDREDTH // 2) // _HUNDREDTH
    return b"X-Zb-Vote: %+.2f\r\n" % (hundredths / 100) if hundredths else UNVOTED


class Stamp(NamedTuple):
    """What the articles of one author say of him; header lines end with CRLF, and are empty where there is none."""

    trust: bytes  # X-Zb-Trust
    limited: bytes  # X-Zb-Sage
    line: tuple[bytes, int]  # the end of an overview line, X-Zb-Trust and X-Zb-Vote; by how much an article is longer

    def changed(self, score: int, sage: int) -> tuple[bytes, int]:
        """The same as `line` for a post with votes, or one that was sent with sage."""
        vote = (vote_line(score) if score else UNVOTED) if self.trust else b""
        octets = self.line[1] - (len(UNVOTED) if self.trust else 0) - len(self.limited)
        return _tail(self.trust, vote), octets + len(vote) + len(SAGE if sage else self.limited)


@lru_cache(maxsize=1024)
def _stamp(mt: float, is_limited: bool, is_own: bool) -> Stamp:
    """There are not many different ones, and thousands of authors."""
    trust = b"X-Zb-Trust: %+.2f\r\n" % mt
    limited = LIMITED if is_limited else b""
    octets = len(trust) + len(UNVOTED) + len(limited) + (len(WAITING) if is_own else 0)
    return Stamp(trust, limited, (_tail(trust, UNVOTED), octets))


def _tail(trust: bytes, vote: bytes) -> bytes:
    return b"\t%b\t%b\r\n" % (trust[:-2], vote[:-2])


_NOBODY = Stamp(b"", b"", (_tail(b"", b""), 0))  # of what the node has made


class Stamps:
    """The stamps of authors whose articles somebody looked at, right at one version of the view's trust."""

    def __init__(self, reader: sqlite3.Connection, view: int) -> None:
        self._reader, self.view = reader, view
        self.version = 0
        self._shown: tuple[int, Slots] | None = None  # at a version

    def of_all(self, authors: Sequence[int | None]) -> list[Stamp]:
        """A stamp for each; those that are new are looked up at once."""
        if len(authors) == 1:
            return [self.of(authors[0])]
        people = np.array([author or 0 for author in authors], np.uint32)
        known = self._known()
        found: list[Stamp] = known.find(people, lambda at: objects(self._ask(people[at].tolist()))).tolist()
        return found

    def of(self, author: int | None) -> Stamp:
        """The stamp of one."""
        known, person = self._known(), author or 0
        found: Stamp | None = known.get(person)
        if found is None:
            mt, level = ratings.trust_in(self._reader, self.view, person)
            found = _stamp(mt, level == Level.LIMITED, person == self.view) if person else _NOBODY
            known.put(person, found)
        return found

    def _known(self) -> Slots:
        if self._shown is None or self._shown[0] != self.version:
            self._shown = self.version, ratings.shown_at(self._reader, self.view, self.version, self._begin)
        return self._shown[1]

    def _begin(self) -> Slots:
        """The stamps of the newest people: 20 ms for 27,760."""
        kept = Slots(object, Store.PEOPLE_MOST)
        for some in ratings.newest_trust(self._reader, self.view):
            people, trusts, levels = zip(*some, strict=True)
            stamps = [_stamp(mt, level == Level.LIMITED, False) for mt, level in zip(trusts, levels, strict=True)]
            kept.put(np.array(people, np.uint32), objects(stamps))
        kept.put(self.view, _stamp(1.0, False, True))
        return kept

    def _ask(self, people: Sequence[int]) -> list[Stamp]:
        """Stamps of people, among them 0, which is nobody."""
        shown, view = ratings.shown_trust(self._reader, self.view, people), self.view
        known = {author: _stamp(mt, level == Level.LIMITED, author == view) for author, mt, level in shown}
        known[0] = _NOBODY
        return [known[it] for it in people]

    def own_lines(self, row: Row) -> bytes:
        """The header lines of an article that are this reader's alone."""
        stamp = self.of(row.author)
        vote = b"" if row.author is None else vote_line(row.score)
        reach = self._reach(row.article) if row.author == self.view else b""
        return b"%b\r\n%b%b%b%b" % (row.xref, stamp.trust, vote, SAGE if row.sage else stamp.limited, reach)

    def _reach(self, article: int) -> bytes:
        """Whether another node has fetched an own post."""
        return FETCHED if fetched.find(self._reader, self.view, article) else WAITING


def overview_text(stamps: Stamps, row: Row) -> bytes:
    """The overview line after the number."""
    return render(stamps, Columns.of([row])).partition(b"\t")[2].removesuffix(b"\r\n")


def render(stamps: Stamps, columns: Columns) -> bytes:
    """Overview lines as OVER prints them."""
    shown = [
        stamp.changed(score, sage) if score or sage else stamp.line
        for stamp, sage, score in zip(stamps.of_all(columns.authors), columns.sages, columns.scores, strict=True)
    ]
    sizes = [
        octets + len(xref) + 2 + more
        for octets, xref, (_, more) in zip(columns.octets, columns.xrefs, shown, strict=True)
    ]
    told: list[Any] = [None] * 6 * len(shown)  # one list for all: tuples would be looked through for garbage
    told[0::6], told[1::6], told[2::6] = columns.numbers, columns.fields, sizes
    told[3::6], told[4::6], told[5::6] = columns.lines, columns.xrefs, [tail for tail, _ in shown]
    return b"%d\t%b\t%d\t%d\t%b%b" * len(shown) % tuple(told)


def line_ends(text: bytes) -> array[int]:
    """Where each line ends."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _LINE_END) + 1
    return array("I", ends.astype(np.uint32).tobytes())


def compact(numbers: Sequence[int]) -> Sequence[int]:
    """The same as a range where there is no gap, which takes no memory."""
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
        return range(numbers[0], numbers[-1] + 1)
    return array("I", numbers)


def article_id(row: Row) -> str:
    """Its Message-ID."""
    return row.fields.split(b"\t", 4)[3].decode()


def render_article(reader: sqlite3.Connection, view: int, stamps: Stamps, row: Row, number: int) -> Article:
    """The whole article. Raises NotVisible when it went while we looked."""
    if row.body is None or row.form >= Form.SPECIAL:
        return Article(number, article_id(row), _render_rare(reader, view, stamps, row))
    head = served_head(row.fields, row.xref, row.form, stamps.own_lines(row))
    return Article(number, article_id(row), b"%b\r\n%b" % (head, served_body(row.body)))


def render_head(reader: sqlite3.Connection, view: int, stamps: Stamps, row: Row) -> bytes:
    """Its header lines."""
    if row.author is None or row.form >= Form.SPECIAL:
        return _render_rare(reader, view, stamps, row).partition(b"\r\n\r\n")[0] + b"\r\n"
    return served_head(row.fields, row.xref, row.form, stamps.own_lines(row))


def _render_rare(reader: sqlite3.Connection, view: int, stamps: Stamps, row: Row) -> bytes:
    """The node's own articles, and posts of a form that the overview does not tell."""
    extra = stamps.own_lines(row)
    local = promises.find_local(reader, row.article)
    if local is not None:
        head, _, body = local.partition(b"\r\n\r\n")
        return head + b"\r\n" + extra + b"\r\n" + body
    stub = carries.find_stub(reader, view, row.article)
    if stub is not None:
        return compose_placeholder(stub, extra)
    source = sources.find_source(reader, view, row.article)
    if source is None:
        raise NotVisible("that article is going just now; refresh the group")
    post = reopen_post(source.line)
    return compose(post.header, post.body, source.subject or "", source.nick, extra)
