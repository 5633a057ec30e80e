"""One header of many articles: HDR, XHDR, and XPAT, which searches.

What is in the overview is read from there, everything else from the articles' heads, a window at a time.
RFC 3977 section 8.5; RFC 2980 sections 2.6 and 2.9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from zbnntp.nntp.articles import NO_SUCH_ID, find, gone, overview_windows, split_head
from zbnntp.nntp.replies import Code, Refusal, Reply
from zbnntp.nntp.session import Session
from zbnntp.nntp.syntax import (
    decode_words,
    is_message_id,
    parse_field,
    parse_message_id,
    parse_range,
    pattern_literal,
    pattern_matcher,
)

FIXED_COLUMNS = ("subject", "from", "date", "message-id", "references", ":bytes", ":lines")

# Article number and content, None where the article has no such header.
_Row = tuple[int, bytes | None]


def hdr(session: Session, name: str, which: str = "") -> Reply:
    """HDR: one line for each article, also where the header is absent."""
    field = parse_field(name)
    if is_message_id(which):
        number, content = _of_id(session, field, parse_message_id(which))
        return Reply(Code.HDR, "headers follow", (b"%d %b\r\n" % (number, content or b""),))
    windows = _lines(session, field, which)
    first = next(windows, None)
    if first is None:
        raise gone(which)
    return Reply(Code.HDR, "headers follow", chain([first], windows))


def xhdr(session: Session, name: str, which: str = "") -> Reply:
    """XHDR: absent headers are left out, an empty list is no error, an id is echoed as it was asked for."""
    field = _legacy_name(parse_field(name))
    if is_message_id(which):
        return _of_id_reply(session, field, which, lambda content: True)
    windows = _lines(session, field, which)
    first = next(windows, None)
    if first is None and not which:
        raise gone(which)
    return Reply(Code.HEAD, "headers follow", map(_present_lines, chain([first or b""], windows)))


def xpat(session: Session, name: str, which: str, *patterns: str) -> Reply:
    """XPAT: the headers that match one pattern (blanks allowed) after encoded words are decoded."""
    field = _legacy_name(parse_field(name))
    text = " ".join(patterns)
    matches = pattern_matcher(text)
    if is_message_id(which):
        return _of_id_reply(session, field, which, lambda content: matches(_text(content)))
    windows = _lines(session, field, which)
    literal = pattern_literal(text).encode()
    return Reply(Code.HEAD, "matching headers follow", (_matching_lines(one, matches, literal) for one in windows))


def _lines(session: Session, field: str, which: str) -> Iterator[bytes]:
    """The field of a range of the selected group, or of the current article, as HDR prints it.

    All checks are made at once. A column of the overview is kept with the overview it was cut from.
    """
    column = _column(session, field)
    if column is not None:
        skipped = len(field) + 2 if column >= len(FIXED_COLUMNS) else 0
        windows = overview_windows(session, which)
        return (one.derived(field, lambda text: _column_lines(text, column, skipped)) for one in windows)
    group, low = session.current() if not which else (session.selected(), 0)
    low, high = parse_range(which) if which else (low, low)
    heads = session.shelf.heads(group, low, high)
    read = _head_reader(field)
    return (b"".join([b"%d %b\r\n" % (number, read(head)) for number, head in one]) for one in heads)


def _column(session: Session, field: str) -> int | None:
    """Where the overview keeps a field, counted from the subject; None where only the article has it."""
    if field in FIXED_COLUMNS:
        return FIXED_COLUMNS.index(field)
    if field.startswith(":"):
        raise Refusal(Code.NOT_KEPT, "the only computed fields here are :bytes and :lines")
    extra = [name.lower().removesuffix(":full") for name in session.shelf.OVERVIEW_EXTRA]
    return len(FIXED_COLUMNS) + extra.index(field) if field in extra else None


def _column_lines(text: bytes, column: int, skipped: int) -> bytes:
    """Number and column of each overview line, without the header name that the extra columns carry."""
    rows = [line.split(b"\t", column + 2) for line in text.split(b"\r\n")[:-1]]
    return b"".join([b"%b %b\r\n" % (row[0], row[column + 1][skipped:]) for row in rows])


def _overview_content(text: bytes, column: int, field: str) -> bytes | None:
    """A column without the header name that the extra ones carry."""
    content = text.split(b"\t", column + 1)[column]
    return content[len(field) + 2 if column >= len(FIXED_COLUMNS) else 0 :] or None


def header(octets: bytes, field: str) -> bytes | None:
    """The first header of that name, unfolded, on one line; None when it is absent. `field` is in lower case."""
    head = b"\r\n" + split_head(octets)
    start = head.find(b"\r\n%b:" % field.title().encode())
    if start < 0:
        start = head.lower().find(b"\r\n%b:" % field.encode())
    if start < 0:
        return None
    end = head.find(b"\r\n", start + 2)
    while head[end + 2 : end + 3] in (b" ", b"\t"):
        end = head.find(b"\r\n", end + 2)
    content = head[start + len(field) + 3 : end].replace(b"\r\n", b"").removeprefix(b" ")
    return content.translate(_BLANKS)


def _head_reader(field: str) -> Callable[[bytes], bytes]:
    """What `header` says to many heads, empty where it is absent: most spell it in one way and on one line."""
    begin = b"\r\n%b: " % field.title().encode()
    size = len(begin)

    def read(head: bytes) -> bytes:
        start = head.find(begin)
        end = head.find(b"\r\n", start + size)
        if start < 0 or end < 0 or head[end + 2 : end + 3].isspace():
            return header(head, field) or b""
        return head[start + size : end].translate(_BLANKS)

    return read


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


def _present_lines(lines: bytes) -> bytes:
    """Those with a content."""
    if b" \r\n" not in lines:
        return lines
    return b"".join([line for line in lines.splitlines(keepends=True) if line.partition(b" ")[2] != b"\r\n"])


def _matching_lines(lines: bytes, matches: Callable[[str], bool], literal: bytes) -> bytes:
    """Those whose content matches; of all others only the literal and encoded words are looked for."""
    found: list[bytes] = []
    for start, end in sorted({*_lines_with(lines, literal), *_lines_with(lines, b"=?")}):
        content = lines[start:end].partition(b" ")[2].removesuffix(b"\r\n")
        if content and matches(_text(content)):
            found.append(lines[start:end])
    return b"".join(found)


def _lines_with(lines: bytes, part: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of the lines in which octets occur."""
    at = lines.find(part)
    while 0 <= at < len(lines):
        end = lines.find(b"\r\n", at) + 2
        yield lines.rfind(b"\n", 0, at) + 1, end
        at = lines.find(part, end)


def _text(content: bytes) -> str:
    return decode_words(content.decode("utf-8", "replace"))


def _legacy_name(field: str) -> str:
    """Before RFC 3977 the computed fields were asked for as if they were headers."""
    return f":{field}" if field in ("bytes", "lines") else field
