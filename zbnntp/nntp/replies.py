"""Response codes, and the Reply a handler gives back.

A reply is a status line and, for multi-line answers, a block: an iterable of windows of octets that are already
dot-stuffed and end with CRLF. Windows are made when they are pulled, so a long answer costs one window of memory
however long it is. The terminator is added when the last window is gone (RFC 3977 section 3.1.1).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from zbnntp.model.errors import Refused
from zbnntp.nntp.layers import Layer

# RFC 3977 section 3.1: the initial line including the code and CRLF.
STATUS_OCTETS = 512
TERMINATOR = b".\r\n"


class Code(IntEnum):
    """The codes we use: RFC 3977 appendix C, 4643, 4642, 8054, 2980."""

    HELP = 100
    CAPABILITIES = 101
    DATE = 111
    READY = 200
    READY_NO_POSTING = 201
    SLAVE = 202
    BYE = 205
    COMPRESSING = 206
    GROUP = 211
    LIST = 215
    ARTICLE = 220
    HEAD = 221
    BODY = 222
    STAT = 223
    OVER = 224
    HDR = 225
    NEWNEWS = 230
    NEWGROUPS = 231
    POSTED = 240
    LOGGED_IN = 281
    XGTITLE = 282
    SEND_ARTICLE = 340
    PASSWORD = 381
    BEGIN_TLS = 382
    SASL = 383
    TRUST = 290
    NO_TRUST = 291
    NO_IDENTITY = 490
    NOT_RATED = 491
    BAD_RATING = 591
    CLOSING = 400
    FAULT = 403
    NO_GROUP = 411
    NO_GROUP_SELECTED = 412
    NO_CURRENT = 420
    NO_NEXT = 421
    NO_PREVIOUS = 422
    NO_NUMBER = 423
    NO_ID = 430
    NO_POSTING = 440
    NOT_POSTED = 441
    LOGIN_DUE = 480
    NOT_LOGGED_IN = 481
    NO_TITLES = 481
    OUT_OF_ORDER = 482
    TLS_DUE = 483
    UNKNOWN = 500
    SYNTAX = 501
    FORBIDDEN = 502
    NOT_KEPT = 503
    NOT_BASE64 = 504
    NO_TLS = 580


class Reply(NamedTuple):
    """One answer. `upload` is the message id offered when an article is to follow; `close` ends the session.

    `expects` takes the next line instead of a command; `layer` is laid into the connection when this has been sent.
    """

    code: int
    text: str
    block: Iterable[bytes] | None = None
    upload: str = ""
    close: bool = False
    expects: Callable[[Any, bytes], Answer] | None = None
    layer: Layer | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """A handler's answer that only the house can give: whether this is the user's password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Later:
    """A handler's answer that takes a write: the server awaits it."""

    make: Callable[[], Awaitable[Reply]]


Answer = Reply | Login | Later


class Refusal(Refused):
    """The answer is no, and this is its code. The text is shown to people verbatim: one sentence with the remedy."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


def status_line(code: int, text: str) -> bytes:
    """The first line of a reply: one line, never empty, at most STATUS_OCTETS."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    line = b"%d %s" % (code, text.encode() or b"no reason given")
    if len(line) > STATUS_OCTETS - 2:
        line = line[: STATUS_OCTETS - 2].decode(errors="ignore").encode()
    return line + b"\r\n"


def stuff(octets: bytes) -> bytes:
    """Double the dot of each line that begins with one."""
    stuffed = octets.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def line_block(lines: Iterable[str]) -> bytes:
    """One window from short lines of text."""
    return stuff("".join(f"{one_line(line)}\r\n" for line in lines).encode(errors="replace"))


def one_line(text: str) -> str:
    """The text with the three octets that no line may contain turned into spaces."""
    return text.translate(_NO_LINE_ENDS)


_NO_LINE_ENDS = str.maketrans("\0\r\n", "   ")
