"""What one reader's overview line and article say: what the post alone makes, and the lines of this reader alone.

Those are Xref, X-Zb-Trust, X-Zb-Vote, X-Zb-Sage and X-Zb-Reach (docs/newsgroups.md "Served articles"). The author's
trust and the post's score stand in the line but are not kept in the store with it, so that a change of trust renders
nothing but what is looked at afterwards.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from zbnntp.model.article import Form, compose, served_body, served_head
from zbnntp.model.errors import NotVisible
from zbnntp.model.kept import reopen_post
from zbnntp.model.views import Article, Level
from zbnntp.placeholder import compose_placeholder
from zbnntp.store import carries, fetched, posts, promises, ratings, votes
from zbnntp.store.overview import Row

SAGE = b"X-Zb-Sage: sage\r\n"
LIMITED = b"X-Zb-Sage: limited\r\n"
UNVOTED = b"X-Zb-Vote: +0.00\r\n"
WAITING = b"X-Zb-Reach: waiting\r\n"  # as long as the other, so that a change of it changes no size
FETCHED = b"X-Zb-Reach: fetched\r\n"
AUTHORS_MOST = 20_000
_HUNDREDTH = votes.UNITS // 100


def vote_line(score: int) -> bytes:
    """The header line of a score; what is less than half a hundredth is +0.00, not -0.00."""
    hundredths = (score + _HUNDREDTH // 2) // _HUNDREDTH
    return b"X-Zb-Vote: %+.2f\r\n" % (hundredths / 100) if hundredths else UNVOTED


class Stamps:
    """What the articles of each author say of him: the X-Zb-Trust line, and X-Zb-Sage for LIMITED ones.

    Read when somebody looks at one of his articles, and right until the version of the view's trust changes.
    """

    def __init__(self, reader: sqlite3.Connection, view: int) -> None:
        self._reader, self.view = reader, view
        self._stamps: dict[int | None, tuple[bytes, bytes]] = {None: (b"", b"")}

    def clear(self) -> None:
        """Trust has changed."""
        self._stamps = {None: (b"", b"")}

    def learn(self, authors: Iterable[int | None]) -> Mapping[int | None, tuple[bytes, bytes]]:
        """What is known of these at least, and maybe of others; what is new is looked up at once."""
        wanted = set(authors)
        if not wanted <= self._stamps.keys():
            if len(self._stamps) + len(wanted) > AUTHORS_MOST:
                self.clear()
            unknown = wanted - self._stamps.keys()
            for author, (mt, level) in ratings.shown_trust(self._reader, self.view, unknown).items():
                self._stamps[author] = (b"X-Zb-Trust: %+.2f\r\n" % mt, LIMITED if level == Level.LIMITED else b"")
        return self._stamps

    def of(self, author: int | None) -> tuple[bytes, bytes]:
        """The two header lines, each with its CRLF; empty where there is none."""
        return (self._stamps if author in self._stamps else self.learn((author,)))[author]

    def own_lines(self, row: Row) -> bytes:
        """The header lines of an article that are this reader's alone."""
        trust, limited = self.of(row.author)
        vote = b"" if row.author is None else vote_line(row.score)
        reach = self._reach(row.article) if row.author == self.view else b""
        return b"%b\r\n%b%b%b%b" % (row.xref, trust, vote, SAGE if row.sage else limited, reach)

    def _reach(self, article: int) -> bytes:
        """Whether another node has fetched an own post."""
        return FETCHED if fetched.find(self._reader, self.view, article) else WAITING


def overview_text(stamps: Stamps, row: Row) -> bytes:
    """The overview line after the number."""
    return render(stamps, [row])[0].partition(b"\t")[2].removesuffix(b"\r\n")


def render(stamps: Stamps, rows: Iterable[Row]) -> tuple[bytes, Sequence[int], array[int]]:
    """Overview lines as OVER prints them, their numbers, and where each ends."""
    lines: list[bytes] = []
    rows = list(rows)
    known = stamps.learn([row.author for row in rows])
    for number, _, author, fields, octets, count, xref, sage, _, score, _ in rows:
        trust, limited = known[author]
        vote = (vote_line(score) if score else UNVOTED) if trust else b""
        octets += len(xref) + 2 + len(trust) + len(vote) + len(SAGE if sage else limited)
        octets += len(WAITING) if author == stamps.view else 0
        lines.append(b"%d\t%b\t%d\t%d\t%b\t%b\t%b\r\n" % (number, fields, octets, count, xref, trust[:-2], vote[:-2]))
    return b"".join(lines), _compact([row.number for row in rows]), array("I", accumulate(map(len, lines)))


def _compact(numbers: Sequence[int]) -> Sequence[int]:
    """A range where there is no gap, which takes no memory."""
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
    source = posts.find_source(reader, view, row.article)
    if source is None:
        raise NotVisible("that article is going just now; refresh the group")
    post = reopen_post(source.line)
    return compose(post.header, post.body, source.subject or "", source.nick, extra)
