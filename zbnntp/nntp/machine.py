"""One newsreader's session without I/O: octets in, octets out.

The server feeds what it received and sends what take() gives, in turns:

    machine.receive(data)
    while True: octets = machine.take(); send them; again while machine.busy
    machine.errand is an Upload: the desk decides, then posted() or not_posted()
                      a Login: the house decides, then logged_in() or not_logged_in()
                      a Later: await it, then answered()
                      a Layer: lay what switch() gives into the connection
    machine.closed: say no more

take() answers as many commands as are complete, at most SEND_OCTETS or STEPS of work, and pulls long answers window by
window: what a slow reader has not yet been sent has not been made either. Nothing that follows a command is looked at
before that command is answered in full (RFC 3977 section 3.5).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zbnntp.model.errors import TooLarge, ZbError
from zbnntp.nntp import commands, quick
from zbnntp.nntp.guard import ATTEMPTS_A_CONNECTION
from zbnntp.nntp.layers import Layer
from zbnntp.nntp.lines import Block, Inbox
from zbnntp.nntp.login import POSTING_ALLOWED
from zbnntp.nntp.protocols import MAX_ARTICLE_OCTETS, Desk, Shelf
from zbnntp.nntp.replies import TERMINATOR, Answer, Code, Later, Login, Reply, status_line
from zbnntp.nntp.session import Session

# Enough to fill a socket buffer; larger sends hold up other readers (measured: 512 KiB doubles their latency).
SEND_OCTETS = 1 << 16
# Work in one take(), so that 64 KiB of pipelined commands cannot hold up other readers either.
STEPS = 128
STEPS_A_WINDOW = 32
# So many pipelined commands are worth a snapshot of the shelf.
SNAPSHOT_COMMANDS = 4
# Pipelined commands kept while answers are being sent; some newsreaders send one GROUP for each group they know
# before they read anything.
READ_AHEAD_OCTETS = 1 << 16

# A web page can make a browser talk to any port. Its first line names a method that is no command of ours, or a
# target or version that no command of ours has.
_HTTP = re.compile(
    rb"(?:GET|PUT|DELETE|OPTIONS|CONNECT|PATCH|TRACE|PRI)\b|(?:HEAD|POST)[ \t]+[/*h]|.*\bHTTP/[0-9]",
    re.IGNORECASE | re.DOTALL,
)
_TLS_HANDSHAKE = b"\x16"
_BROKEN_LINE_END = re.compile(rb"\0|\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Upload:
    """An article on its way to the desk."""

    octets: bytes
    offered_id: str


class Machine:
    """The server's half of one dialogue. `busy`: take() again; `errand`: to be run; `closed`: send and hang up."""

    __slots__ = (
        "_block",
        "_expects",
        "_first",
        "_inbox",
        "_offered",
        "_parts",
        "_size",
        "_stopping",
        "_windows",
        "_wrong_logins",
        "busy",
        "closed",
        "errand",
        "session",
        "work",
    )

    def __init__(self, session: Session) -> None:
        self.session = session
        self.busy = False
        self.closed = False
        self.work = 0  # commands answered and windows of long answers sent; whoever counts them sets it back
        self.errand: Upload | Login | Later | Layer | None = None
        self._inbox = Inbox()
        self._first = True  # nothing has been received yet
        self._block: Block | None = None  # the article that is being received
        self._offered = ""
        self._expects: Callable[[Session, bytes], Answer] | None = None  # takes the next line
        self._wrong_logins = 0
        self._windows: Iterator[bytes] | None = None  # the rest of a long answer
        self._parts: list[bytes] = []
        self._size = 0
        self._stopping = False
        self._say(commands.greeting(session))

    def receive(self, data: bytes) -> None:
        """Add what the newsreader sent; it is looked at by take()."""
        self._inbox.feed(data)

    @property
    def has_room(self) -> bool:
        """Whether more may be received before what is here has been answered."""
        return len(self._inbox) < READ_AHEAD_OCTETS

    def take(self) -> bytes:
        """The next octets to send, about SEND_OCTETS at most; empty when there is nothing to say."""
        steps = STEPS
        self.busy = True
        while steps > 0 and self._size < SEND_OCTETS:
            if self._windows is not None:
                steps -= self._pull(self._windows)
                self.work += 1
            elif self._is_ready() and (answered := self._answer_quickly(steps)):
                steps -= answered
                self.work += answered
            elif self.errand is None and not self.closed and self._answer_next():
                steps -= 1
                self.work += 1
            else:
                self.busy = False
                break
        return self._flush()

    def posted(self, message_id: str) -> None:
        """The desk took the upload."""
        self.errand = None
        self._say(Reply(Code.POSTED, f"article received {message_id}"))

    def not_posted(self, error: ZbError) -> None:
        """The desk did not take the upload."""
        self.errand = None
        self._say(Reply(Code.NOT_POSTED, str(error)))

    def answered(self, reply: Reply) -> None:
        """What was awaited is there."""
        self.errand = None
        self._say(reply)

    def logged_in(self, shelf: Shelf, desk: Desk | None) -> None:
        """The house knows the user: from now on this is the view."""
        self.errand = None
        self.session.log_in(shelf, desk)
        self._say(Reply(Code.LOGGED_IN, f"welcome, {POSTING_ALLOWED}" if desk else "welcome"))

    def not_logged_in(self, text: str) -> None:
        """It does not, or is too busy to say; who is wrong too often is hung up on."""
        self.errand = None
        self._wrong_logins += 1
        self._say(Reply(Code.NOT_LOGGED_IN, text, close=self._wrong_logins >= ATTEMPTS_A_CONNECTION))

    def switch(self) -> Layer:
        """The layer that the last reply announced. What came after the command came without it, and is dropped."""
        layer, self.errand = self.errand, None
        assert layer is not None
        assert not isinstance(layer, Upload | Login | Later)
        self._inbox.take()
        return layer

    def stop(self) -> None:
        """Answer the next command with 400 (RFC 3977 section 3.2.1); what is being sent is finished first."""
        self._stopping = True

    def dismiss(self, text: str) -> bytes:
        """The last octets to send to who waits for a command: 400, RFC 3977 section 3.2.1. The session is over."""
        self._say(Reply(Code.CLOSING, text, close=True))
        return self._flush()

    def fault(self) -> bytes:
        """After an exception in here or in the desk: the last octets to send. The session is over."""
        if self._windows is None:
            self._say(Reply(Code.FAULT, "something went wrong in this node; its log says what, please try again"))
        self.closed, self.errand, self._windows = True, None, None
        return self._flush()

    def _flush(self) -> bytes:
        octets = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return octets

    def _is_ready(self) -> bool:
        """Whether the next line is a command like any other."""
        return not (self._first or self._stopping or self.closed or self.errand or self._block or self._expects)

    def _answer_quickly(self, most: int) -> int:
        """Answer commands as long as they are of the common kind; returns how many."""
        lines = self._inbox.lines()
        answered = self._answer_some(lines, 1)
        if not answered or len(lines) < SNAPSHOT_COMMANDS:
            return answered
        with self.session.shelf.snapshot():
            return answered + self._answer_some(lines, most - answered)

    def _answer_some(self, lines: deque[bytes], most: int) -> int:
        answered = 0
        while lines and answered < most and self._size < SEND_OCTETS:
            octets = quick.answer(self.session, lines[0])
            if octets is None:
                break
            lines.popleft()
            self._put(octets)
            answered += 1
        return answered

    def _answer_next(self) -> bool:
        """Answer one command or article; False when none is complete."""
        if self._block is not None:
            return self._receive_article(self._block)
        if self._first and self._is_tls():
            return True
        try:
            line = self._inbox.next_line()
        except TooLarge as error:
            self._say(Reply(Code.CLOSING, str(error), close=True))
            return True
        if line is None:
            return False
        self._answer_line(line)
        return True

    def _answer_line(self, line: bytes) -> None:
        if self._expects is not None:
            handler, self._expects = self._expects, None
            self._act(commands.answer_with(handler, self.session, line))
            return
        if not line.strip():
            return
        first, self._first = self._first, False
        if first and _HTTP.match(line):
            self._say(Reply(Code.CLOSING, "this is a news server; open it with a newsreader", close=True))
        elif self._stopping:
            self._say(Reply(Code.CLOSING, "this node is stopping; come back later", close=True))
        else:
            self._act(commands.answer(self.session, line))

    def _act(self, answer: Answer) -> None:
        if isinstance(answer, Login | Later):
            self.errand = answer
        else:
            self._say(answer)

    def _is_tls(self) -> bool:
        if not self._inbox.starts_with(_TLS_HANDSHAKE):
            return False
        self._say(Reply(Code.CLOSING, "this port speaks NNTP without TLS; turn off SSL for it", close=True))
        return True

    def _receive_article(self, block: Block) -> bool:
        while (rest := block.feed(self._inbox.take_block())) is None:
            if not self._inbox:
                return False
        self._inbox.put_back(rest)
        self._block = None
        octets = block.octets()
        if block.too_large:
            self._say(Reply(Code.NOT_POSTED, f"the article is larger than {MAX_ARTICLE_OCTETS} octets; shorten it"))
        elif _BROKEN_LINE_END.search(octets):
            self._say(Reply(Code.NOT_POSTED, "the article has a NUL or a line end that is not CR LF; send it as text"))
        else:
            self.errand = Upload(octets, self._offered)
        return True

    def _say(self, reply: Reply) -> None:
        """Queue a reply. The first window is made before the status line, so that a fault in it can still be 403."""
        status = status_line(reply.code, reply.text)
        if reply.block is None:
            self._put(status)
        elif type(reply.block) is tuple and len(reply.block) == 1:
            self._put(b"%b%b.\r\n" % (status, reply.block[0]))
        else:
            windows = iter(reply.block)
            first = next(windows, b"")
            self._put(status)
            self._put(first)
            self._windows = windows
        self.closed = self.closed or reply.close
        if reply.upload:
            self._block, self._offered = Block(MAX_ARTICLE_OCTETS), reply.upload
        self._expects = reply.expects
        self.errand = reply.layer

    def _pull(self, windows: Iterator[bytes]) -> int:
        """Queue the next window, or the terminator after the last; return the steps that took."""
        window = next(windows, None)
        if window is None:
            self._windows = None
            self._put(TERMINATOR)
            return 0
        self._put(window)
        return STEPS_A_WINDOW

    def _put(self, octets: bytes) -> None:
        self._parts.append(octets)
        self._size += len(octets)
