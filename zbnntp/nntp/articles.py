"""One article at a time, and the overview: ARTICLE, HEAD, BODY, STAT, NEXT, LAST, OVER, XOVER.

RFC 3977 sections 6.1.3 to 6.2.4 and 8.3; RFC 2980 section 2.8 for XOVER.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from zbnntp.model.views import Article, Window
from zbnntp.nntp.replies import Code, Refusal, Reply, stuff
from zbnntp.nntp.session import Session
from zbnntp.nntp.syntax import is_message_id, parse_message_id, parse_number, parse_range

NO_SUCH_ID = "no article with that message id is here; it may not have arrived yet"
NO_SUCH_NUMBER = "that article is not here; it was withdrawn, has expired or is hidden by your trust"


def article(session: Session, which: str = "") -> Reply:
    """ARTICLE: head, empty line and body."""
    return _present(session, which, Code.ARTICLE, "article follows", lambda octets: octets)


def head(session: Session, which: str = "") -> Reply:
    """HEAD."""
    return _present(session, which, Code.HEAD, "head follows", split_head)


def body(session: Session, which: str = "") -> Reply:
    """BODY."""
    return _present(session, which, Code.BODY, "body follows", split_body)


def stat(session: Session, which: str = "") -> Reply:
    """STAT: the same checks, and no text."""
    if is_message_id(which):
        found = find(session, parse_message_id(which))
        return _found(Code.STAT, found.number, found.message_id, "article is here")
    number = parse_number(which) if which else 0
    group, number = (session.selected(), number) if which else session.current()
    message_id = session.shelf.locate(group, number)
    if message_id is None:
        raise gone(which)
    session.number = number
    return _found(Code.STAT, number, message_id, "article is here")


def next_article(session: Session) -> Reply:
    """NEXT."""
    return _step(session, 1, Refusal(Code.NO_NEXT, "this is the newest article of the group"))


def last_article(session: Session) -> Reply:
    """LAST: the previous article."""
    return _step(session, -1, Refusal(Code.NO_PREVIOUS, "this is the oldest article of the group"))


def over(session: Session, which: str = "") -> Reply:
    """OVER by range, id or current article."""
    if is_message_id(which):
        return _over_id(session, parse_message_id(which))
    windows = overview_windows(session, which)
    first = next(windows, None)
    if first is None:
        raise gone(which)
    return _over_reply(chain([first], windows))


def xover(session: Session, which: str = "") -> Reply:
    """XOVER: an empty range is an empty list, because Thunderbird shows an alert on any 4xx."""
    if which:
        return _over_reply(overview_windows(session, which))
    return over(session)


def overview_windows(session: Session, span: str) -> Iterator[Window]:
    """Overview of a range of the selected group, or of the current article."""
    if not span:
        group, number = session.current()
        return iter(session.shelf.overview(group, number, number))
    low, high = parse_range(span)
    return iter(session.shelf.overview(session.selected(), low, high))


def find(session: Session, message_id: str) -> Article:
    """An article by id; its number is valid in the selected group, or 0."""
    found = session.shelf.find(message_id, session.group)
    if found is None:
        raise Refusal(Code.NO_ID, NO_SUCH_ID)
    return found


def split_head(octets: bytes) -> bytes:
    """The header lines, each with its CRLF."""
    end = octets.find(b"\r\n\r\n")
    return octets if end < 0 else octets[: end + 2]


def split_body(octets: bytes) -> bytes:
    """What follows the empty line."""
    end = octets.find(b"\r\n\r\n")
    return b"" if end < 0 else octets[end + 4 :]


def gone(which: str) -> Refusal:
    """423 where the newsreader named a number, 420 where it meant the current article."""
    return Refusal(Code.NO_NUMBER if which else Code.NO_CURRENT, NO_SUCH_NUMBER)


def _present(session: Session, which: str, code: Code, text: str, part: Callable[[bytes], bytes]) -> Reply:
    found = find(session, parse_message_id(which)) if is_message_id(which) else _by_number(session, which)
    return _found(code, found.number, found.message_id, text, (stuff(part(found.octets)),))


def _by_number(session: Session, which: str) -> Article:
    number = parse_number(which) if which else 0
    group, number = (session.selected(), number) if which else session.current()
    found = session.shelf.article(group, number)
    if found is None:
        raise gone(which)
    session.number = number
    return found


def _found(code: Code, number: int, message_id: str, text: str, block: Iterable[bytes] | None = None) -> Reply:
    return Reply(code, f"{number} {message_id} {text}", block)


def _step(session: Session, step: int, end: Refusal) -> Reply:
    group, number = session.current()
    found = session.shelf.neighbour(group, number, step)
    if found is None:
        raise end
    session.number, message_id = found
    return _found(Code.STAT, session.number, message_id, "article is here")


def _over_id(session: Session, message_id: str) -> Reply:
    found = session.shelf.find_overview(message_id)
    if found is None:
        raise Refusal(Code.NO_ID, NO_SUCH_ID)
    return _over_reply(iter([Window(b"0\t%b\r\n" % found.text)]))


def _over_reply(windows: Iterator[Window]) -> Reply:
    # no line can begin with a dot: each begins with its number
    return Reply(Code.OVER, "overview follows", (window.text for window in windows))
