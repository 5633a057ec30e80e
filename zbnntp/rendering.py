"""What one reader's overview line and article say: what the post alone makes, and Xref, X-Zb-Trust and X-Zb-Sage.

docs/newsgroups.md "Served articles". The author's trust stands in the line but is not kept in the store with it, so
that a change of trust renders nothing but what is looked at afterwards.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence

from zbnntp.model.article import Form, compose, served_head
from zbnntp.model.errors import NotVisible
from zbnntp.model.kept import reopen_post, served_body
from zbnntp.model.views import Article, Level
from zbnntp.store import posts, promises
from zbnntp.store.overview import Filed, Row

_TRUST = b"X-Zb-Trust: "
_SAGE = {True: b"X-Zb-Sage: sage\r\n", False: b"X-Zb-Sage: limited\r\n"}


def trust_text(mt: float | None) -> bytes:
    """The author's message trust as X-Zb-Trust shows it; empty for the node's own articles."""
    return b"" if mt is None else b"%+.2f" % mt


def extra_lines(row: Row) -> bytes:
    """The header lines that are this reader's alone."""
    trust = b"" if row.mt is None else b"X-Zb-Trust: %+.2f\r\n" % row.mt
    if row.sage or row.level == Level.LIMITED:
        trust += _SAGE[bool(row.sage)]
    return b"%b\r\n%b" % (row.xref, trust)


def overview_text(row: Row) -> bytes:
    """The overview line after the number."""
    return render([row])[0].partition(b"\t")[2].removesuffix(b"\r\n")


def render(rows: Iterable[Row]) -> tuple[bytes, Sequence[int], array[int]]:
    """Overview lines as OVER prints them, their numbers, and where each ends."""
    lines: list[bytes] = []
    numbers = array("I")
    ends = array("I")
    end = 0
    for number, _, fields, octets, count, xref, sage, _, mt, level in rows:
        trust = b"" if mt is None else b"X-Zb-Trust: %+.2f" % mt
        octets += len(xref) + 2 + (len(trust) + 2 if trust else 0)
        if sage or level == Level.LIMITED:
            octets += len(_SAGE[bool(sage)])
        line = b"%d\t%b\t%d\t%d\t%b\t%b\r\n" % (number, fields, octets, count, xref, trust)
        end += len(line)
        lines.append(line)
        numbers.append(number)
        ends.append(end)
    return b"".join(lines), _compact(numbers), ends


def _compact(numbers: array[int]) -> Sequence[int]:
    """A range where there is no gap, which takes no memory."""
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
        return range(numbers[0], numbers[-1] + 1)
    return numbers


def article_id(row: Row) -> str:
    """Its Message-ID."""
    return row.fields.split(b"\t", 4)[3].decode()


def render_article(reader: sqlite3.Connection, view: int, filed: Filed, number: int) -> Article:
    """The whole article. Raises NotVisible when it went while we looked."""
    row, line = filed
    if line is None or row.form == Form.SPECIAL:
        return Article(number, article_id(row), _render_rare(reader, view, row))
    head = served_head(row.fields, row.xref, row.form, extra_lines(row))
    return Article(number, article_id(row), b"%b\r\n%b" % (head, served_body(line)))


def render_head(reader: sqlite3.Connection, view: int, row: Row) -> bytes:
    """Its header lines."""
    if row.mt is None or row.form == Form.SPECIAL:
        return _render_rare(reader, view, row).partition(b"\r\n\r\n")[0] + b"\r\n"
    return served_head(row.fields, row.xref, row.form, extra_lines(row))


def _render_rare(reader: sqlite3.Connection, view: int, row: Row) -> bytes:
    """The node's own articles, and posts of a form that the overview does not tell."""
    local = promises.find_local(reader, row.article)
    if local is not None:
        head, _, body = local.partition(b"\r\n\r\n")
        return head + b"\r\n" + extra_lines(row) + b"\r\n" + body
    source = posts.find_source(reader, view, row.article)
    if source is None:
        raise NotVisible("that article is going just now; refresh the group")
    post = reopen_post(source.line)
    return compose(post.header, post.body, source.subject or "", source.nick, extra_lines(row))
