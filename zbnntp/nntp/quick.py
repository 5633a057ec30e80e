"""The short way for the commands that newsreaders send by the thousand: DATE, ARTICLE, HEAD, BODY, STAT.

`answer` gives the whole answer, or None where the long way (commands.answer) has to be gone: for every other command,
for every error, for every line that is not written as newsreaders write it. It never says anything that the long way
would not say; tests/nntp compares the two. What it leaves out: finding the row of the table, checking and decoding
words, and a Reply for each, which together take longer than the answer itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache, partial

from zbnntp.model.errors import ZbError
from zbnntp.model.views import Article
from zbnntp.nntp.articles import split_body, split_head
from zbnntp.nntp.replies import TERMINATOR, stuff
from zbnntp.nntp.session import Session

_NUMBER_DIGITS = 16
_MESSAGE_ID = re.compile(rb"<[!-=?-~]{1,248}>")


def answer(session: Session, line: bytes) -> bytes | None:
    """Status line, block and terminator; None: go the long way, nothing has happened yet."""
    word, _, argument = line.partition(b" ")
    handler = _HANDLERS.get(word)
    if handler is None or session.locked:
        return None
    return handler(session, argument)


def _date(session: Session, argument: bytes) -> bytes | None:
    return None if argument else _date_line(int(session.now()))


@lru_cache(maxsize=1)
def _date_line(second: int) -> bytes:
    return time.strftime("111 %Y%m%d%H%M%S\r\n", time.gmtime(second)).encode()


def _stat(session: Session, argument: bytes) -> bytes | None:
    if not _is_number(argument) or session.group is None:
        return None
    number = int(argument)
    message_id = session.shelf.locate(session.group, number)
    if message_id is None:
        return None
    session.number = number
    return b"223 %d %b article is here\r\n" % (number, message_id.encode())


def _present(status: bytes, part: Callable[[bytes], bytes], session: Session, argument: bytes) -> bytes | None:
    """ARTICLE and its parts."""
    found = _find(session, argument)
    if found is None:
        return None
    return b"".join((status % (found.number, found.message_id.encode()), stuff(part(found.octets)), TERMINATOR))


def _find(session: Session, argument: bytes) -> Article | None:
    if _is_number(argument) and session.group is not None:
        found = session.shelf.article(session.group, int(argument))
        if found is not None:
            session.number = found.number
        return found
    if not _MESSAGE_ID.fullmatch(argument):
        return None
    try:
        return session.shelf.find(argument.decode(), session.group)
    except ZbError:
        return None


def _is_number(argument: bytes) -> bool:
    return argument.isdigit() and len(argument) <= _NUMBER_DIGITS


def _whole(octets: bytes) -> bytes:
    return octets


_Handler = Callable[[Session, bytes], bytes | None]
_COMMANDS: dict[bytes, _Handler] = {
    b"DATE": _date,
    b"STAT": _stat,
    b"ARTICLE": partial(_present, b"220 %d %b article follows\r\n", _whole),
    b"HEAD": partial(_present, b"221 %d %b head follows\r\n", split_head),
    b"BODY": partial(_present, b"222 %d %b body follows\r\n", split_body),
}
_HANDLERS = _COMMANDS | {word.lower(): handler for word, handler in _COMMANDS.items()}
