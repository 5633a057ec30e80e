"""One header of many articles: HDR, XHDR, and XPAT, which searches.

What is in the overview is read from there, everything else from the articles, a few at a time.
RFC 3977 section 8.5; RFC 2980 sections 2.6 and 2.9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from zbnntp.model.views import Overview
from zbnntp.nntp.articles import NO_SUCH_ID, find, gone, overview_windows, split_head
from zbnntp.nntp.replies import Code, Refusal, Reply
from zbnntp.nntp.session import Session
from zbnntp.nntp.syntax import (
    decode_words,
    is_message_id,
    parse_field,
    parse_message_id,
    parse_range,
    pattern_matcher,
)

FIXED_COLUMNS = ("subject", "from", "date", "message-id", "references", ":bytes", ":lines")
# Reading an article costs about ten times an overview line, so a window of them is smaller.
ARTICLES_A_WINDOW = 16

# Article number and content, None where the article has no such header.
_Row = tuple[int, bytes | None]


def hdr(session: Session, name: str, which: str = "") -> Reply:
    """HDR: one line for each article, also where the header is absent."""
    field = parse_field(name)
    if is_message_id(which):
        number, content = _of_id(session, field, parse_message_id(which))
        return Reply(Code.HDR, "headers follow", (b"%d %b\r\n" % (number, content or b""),))
    windows = _rows(session, field, which)
    first = next(windows, None)
    if first is None:
        raise gone(which)
    lines = (b"".join([b"%d %b\r\n" % (n, content or b"") for n, content in rows]) for rows in chain([first], windows))
    return Reply(Code.HDR, "headers follow", lines)


def xhdr(session: Session, name: str, which: str = "") -> Reply:
    """XHDR: absent headers are left out, an empty list is no error, an id is echoed as it was asked for."""
    field = _legacy_name(parse_field(name))
    if is_message_id(which):
        return _of_id_reply(session, field, which, lambda content: True)
    windows = _rows(session, field, which)
    first = next(windows, None)
    if first is None and not which:
        raise gone(which)
    return Reply(Code.HEAD, "headers follow", (_present_lines(rows) for rows in chain([first or []], windows)))


def xpat(session: Session, name: str, which: str, *patterns: str) -> Reply:
    """XPAT: the headers that match one pattern (blanks allowed) after encoded words are decoded."""
    field = _legacy_name(parse_field(name))
    matches = pattern_matcher(" ".join(patterns))
    if is_message_id(which):
        return _of_id_reply(session, field, which, lambda content: matches(_text(content)))
    windows = _rows(session, field, which)
    return Reply(Code.HEAD, "matching headers follow", (_matching_lines(rows, matches) for rows in windows))


def _rows(session: Session, field: str, which: str) -> Iterator[list[_Row]]:
    """The field of a range of the selected group, or of the current article; all checks are made at once."""
    column = _column(session, field)
    if column is not None:
        return (_from_overview(rows, column, field) for rows in overview_windows(session, which))
    group, low = session.current() if not which else (session.selected(), 0)
    low, high = parse_range(which) if which else (low, low)
    return _from_articles(session, field, group, low, high)


def _column(session: Session, field: str) -> int | None:
    """Where the overview keeps a field, counted from the subject; None where only the article has it."""
    if field in FIXED_COLUMNS:
        return FIXED_COLUMNS.index(field)
    if field.startswith(":"):
        raise Refusal(Code.NOT_KEPT, "the only computed fields here are :bytes and :lines")
    extra = [name.lower().removesuffix(":full") for name in session.shelf.OVERVIEW_EXTRA]
    return len(FIXED_COLUMNS) + extra.index(field) if field in extra else None


def _overview_content(text: bytes, column: int, field: str) -> bytes | None:
    """A column without the header name that the extra ones carry."""
    parts = text.split(b"\t", column + 1)
    content = parts[column] if len(parts) > column else b""
    if column >= len(FIXED_COLUMNS):
        content = content[len(field) + 2 :]
    return content or None


def _from_overview(rows: Sequence[Overview], column: int, field: str) -> list[_Row]:
    return [(row.number, _overview_content(row.text, column, field)) for row in rows]


def _from_articles(session: Session, field: str, group: str, low: int, high: int) -> Iterator[list[_Row]]:
    for window in session.shelf.numbers(group, low, high):
        for at in range(0, len(window), ARTICLES_A_WINDOW):
            found = [session.shelf.article(group, number) for number in window[at : at + ARTICLES_A_WINDOW]]
            yield [(one.number, header(one.octets, field)) for one in found if one]


def header(octets: bytes, field: str) -> bytes | None:
    """The first header of that name, unfolded, on one line; None when it is absent. `field` is in lower case."""
    head = b"\r\n" + split_head(octets)
    start = head.lower().find(b"\r\n" + field.encode() + b":")
    if start < 0:
        return None
    lines = head[start + 2 :].split(b"\r\n")
    folded = lines[1:]
    last = next((at for at, line in enumerate(folded) if not line.startswith((b" ", b"\t"))), len(folded))
    content = b"".join([lines[0], *folded[:last]])[len(field) + 1 :].removeprefix(b" ")
    return content.translate(_BLANKS)


_BLANKS = bytes.maketrans(b"\0\t\r\n", b"    ")


def _of_id(session: Session, field: str, message_id: str) -> _Row:
    column = _column(session, field)
    if column is None:
        found = find(session, message_id)
        return found.number, header(found.octets, field)
    row = session.shelf.find_overview(message_id)
    if row is None:
        raise Refusal(Code.NO_ID, NO_SUCH_ID)
    return 0, _overview_content(row.text, column, field)


def _of_id_reply(session: Session, field: str, message_id: str, wanted: Callable[[bytes], bool]) -> Reply:
    _, content = _of_id(session, field, parse_message_id(message_id))
    line = b"%b %b\r\n" % (message_id.encode(), content) if content is not None and wanted(content) else b""
    return Reply(Code.HEAD, "headers follow", (line,))


def _present_lines(rows: list[_Row]) -> bytes:
    return b"".join([b"%d %b\r\n" % (number, content) for number, content in rows if content is not None])


def _matching_lines(rows: list[_Row], matches: Callable[[str], bool]) -> bytes:
    return _present_lines([row for row in rows if row[1] is not None and matches(_text(row[1]))])


def _text(content: bytes) -> str:
    return decode_words(content.decode("utf-8", "replace"))


def _legacy_name(field: str) -> str:
    """Before RFC 3977 the computed fields were asked for as if they were headers."""
    return f":{field}" if field in ("bytes", "lines") else field
