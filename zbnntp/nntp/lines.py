"""Framing of what a newsreader sends: command lines, and the block of an article.

A line ends with CR LF and with nothing else. A bare CR, a bare LF or a NUL stays inside its line, where the command
parser refuses it: what one program takes for two commands can never be smuggled past another that sees one.
Nothing is interpreted before it is complete, so cutting the stream elsewhere never changes an answer.
RFC 3977 sections 3.1 and 3.1.1.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from zbnntp.model.errors import TooLarge

# Above every limit of a command (commands.py), so that a line that is only too long for its command is answered
# 501 or 500; whoever sends more than this without a line end is no newsreader.
LINE_OCTETS_MAX = 1 << 16
_END_OF_BLOCK = b"\r\n.\r\n"


class Inbox:
    """Octets that have arrived and are not yet used. Cut into lines all at once, when the first is wanted."""

    __slots__ = ("_lines", "_rest", "_scanned")

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()  # complete ones, without CRLF
        self._rest = b""  # what follows them
        self._scanned = 0  # no CRLF begins before this in it; 0 while there are lines

    def __len__(self) -> int:
        return sum(map(len, self._lines)) + 2 * len(self._lines) + len(self._rest)

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self._rest += data

    def starts_with(self, octets: bytes) -> bool:
        """Whether what is left begins so; `octets` are a few."""
        beginning = b"\r\n".join([*islice(self._lines, len(octets)), self._rest[: len(octets)]])
        return beginning.startswith(octets)

    def lines(self) -> deque[bytes]:
        """The complete lines at hand without their CRLF, for who takes some from the left; there may be more later."""
        if not self._lines and (end := self._rest.rfind(b"\r\n", self._scanned)) >= 0:
            self._lines.extend(self._rest[:end].split(b"\r\n"))
            self._rest, self._scanned = self._rest[end + 2 :], 0
        return self._lines

    def next_line(self) -> bytes | None:
        """The next complete line without its CRLF, or None until there is one. TooLarge above LINE_OCTETS_MAX."""
        lines = self.lines()
        if not lines:
            self._scanned = max(0, len(self._rest) - 1)
        if (len(lines[0]) if lines else len(self._rest) - 1) > LINE_OCTETS_MAX:
            raise TooLarge(f"no line end within {LINE_OCTETS_MAX} octets")
        return lines.popleft() if lines else None

    def take(self) -> bytes:
        """Everything that is left."""
        self._join()
        rest, self._rest = self._rest, b""
        return rest

    def take_block(self) -> bytes:
        """What is left down to a line of one dot, which most likely ends an article; everything where there is none."""
        lines, taken = self.lines(), []
        while lines:
            taken.append(lines.popleft())
            if taken[-1] == b".":
                return b"\r\n".join([*taken, b""])
        return b"\r\n".join([*taken, self.take()])

    def put_back(self, octets: bytes) -> None:
        """Octets that were taken and are not needed."""
        if octets:
            self._join()
            self._rest = octets + self._rest

    def _join(self) -> None:
        """Undo the cutting."""
        if self._lines:
            self._rest = b"\r\n".join([*self._lines, self._rest])
            self._lines.clear()
        self._scanned = 0


class Block:
    """An article on its way in: finds the terminator, undoes the dot-stuffing, stops keeping above the limit."""

    __slots__ = ("_limit", "_raw", "too_large")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._raw = bytearray(b"\r\n")  # as if a line had just ended, so that a lone "." is an empty block
        self.too_large = False

    def feed(self, data: bytes) -> bytes | None:
        """Add octets. None until the terminator has come, then what followed it."""
        scanned = max(0, len(self._raw) - len(_END_OF_BLOCK) + 1)
        self._raw += data
        end = self._raw.find(_END_OF_BLOCK, scanned)
        # without a terminator, the leading CRLF and up to two octets of a terminator are not content
        size = len(self._raw) - 4 if end < 0 else end
        self.too_large = self.too_large or size > self._limit
        if end < 0:
            if self.too_large:
                del self._raw[: -len(_END_OF_BLOCK) + 1]
            return None
        rest = bytes(self._raw[end + len(_END_OF_BLOCK) :])
        del self._raw[end + len(b"\r\n") :]
        return rest

    def octets(self) -> bytes:
        """The article after feed() has found its end; CRLF line ends, no terminator, dots as the author wrote them."""
        return bytes(self._raw.replace(b"\r\n.", b"\r\n")[len(b"\r\n") :])
