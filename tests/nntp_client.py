"""A small synchronous NNTP client for tests that talk to a node as a newsreader does: over a real socket.

Strict where a careless client is not: every line must end with CRLF, every status must have text after its code, and
a block must be dot-stuffed properly; what breaks a rule raises ProtocolError. Needs only the standard library.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from types import TracebackType
from typing import NamedTuple, Self

TIMEOUT = 30.0  # seconds; the slowest answer is a POST on a machine busy with a Tor network
MULTILINE = frozenset({100, 101, 215, 220, 221, 222, 224, 225, 230, 231})


class ProtocolError(Exception):
    """The server broke RFC 3977."""


class Unexpected(Exception):
    """A well-formed answer, but not the one that was asked for."""

    def __init__(self, status: Status) -> None:
        super().__init__(str(status))
        self.status = status


class Status(NamedTuple):
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"

    @property
    def message_id(self) -> str:
        """The first <message-id> in the text, or an empty string."""
        return next((word for word in self.text.split() if word.startswith("<") and word.endswith(">")), "")


@dataclass(frozen=True)
class GroupLine:
    name: str
    count: int
    low: int
    high: int


@dataclass(frozen=True)
class OverLine:
    """One line of OVER: the eight standard fields, and `extra` as header name (lower case) to value."""

    number: int
    subject: str
    sender: str
    date: str
    message_id: str
    references: str
    octets: int
    lines: int
    extra: dict[str, str]


class Client:
    """One connection. Closing it without quit() is what a crashed newsreader does."""

    def __init__(self, host: str, port: int, timeout: float = TIMEOUT) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._file = self._socket.makefile("rb")
        try:
            self.greeting = self._status()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def quit(self) -> Status:
        status = self.command("QUIT", 205)
        self.close()
        return status

    # raw

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def _line(self) -> bytes:
        line = self._file.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise ProtocolError(f"line end in {line!r}")
        return line[:-2]

    def _status(self) -> Status:
        line = self._line()
        code, _, text = line.decode().partition(" ")
        if len(code) != 3 or not code.isdigit() or not text.strip():
            raise ProtocolError(f"not a status line: {line!r}")
        return Status(int(code), text)

    def _block(self) -> list[bytes]:
        lines = []
        while (line := self._line()) != b".":
            if line.startswith(b".") and not line.startswith(b".."):
                raise ProtocolError(f"not dot-stuffed: {line!r}")
            lines.append(line[1:] if line.startswith(b".") else line)
        return lines

    # commands

    def command(self, line: str, *expected: int) -> Status:
        """Sends one command that has a one-line answer. Codes other than `expected` (when given) raise Unexpected."""
        self.send(line.encode() + b"\r\n")
        status = self._status()
        if expected and status.code not in expected:
            raise Unexpected(status)
        return status

    def multiline(self, line: str, *expected: int) -> list[bytes]:
        """Sends one command and returns the block of its answer; an answer without one raises Unexpected."""
        status = self.command(line, *expected)
        has_block = status.code in MULTILINE or (status.code == 211 and line.upper().startswith("LISTGROUP"))
        if not has_block:
            raise Unexpected(status)
        return self._block()

    def capabilities(self) -> dict[str, list[str]]:
        rows = [line.decode().split() for line in self.multiline("CAPABILITIES", 101)]
        return {row[0].upper(): row[1:] for row in rows}

    def groups(self) -> dict[str, GroupLine]:
        """LIST ACTIVE, by name; `count` is the most that the marks allow."""
        found = {}
        for line in self.multiline("LIST ACTIVE", 215):
            name, high, low, _ = line.decode().split()
            found[name] = GroupLine(name, max(0, int(high) - int(low) + 1), int(low), int(high))
        return found

    def group(self, name: str) -> GroupLine:
        count, low, high, named = self.command(f"GROUP {name}", 211).text.split()[:4]
        return GroupLine(named, int(count), int(low), int(high))

    def over(self, span: str = "1-") -> list[OverLine]:
        """OVER of the selected group; an empty range is an empty list."""
        try:
            block = self.multiline(f"OVER {span}", 224)
        except Unexpected as answer:
            if answer.status.code == 423:
                return []
            raise
        return [_over_line(line.decode()) for line in block]

    def raw_article(self, which: int | str) -> bytes:
        """The octets of an article by number or <message-id>, CRLF line ends, not dot-stuffed."""
        return b"".join(line + b"\r\n" for line in self.multiline(f"ARTICLE {which}", 220))

    def article(self, which: int | str) -> EmailMessage:
        message = BytesParser(policy=modern).parsebytes(self.raw_article(which))
        assert isinstance(message, EmailMessage)
        return message

    def post_raw(self, octets: bytes) -> Status:
        """Posts an article given with CRLF line ends, not dot-stuffed. Returns 240, 441, or what POST itself said."""
        status = self.command("POST")
        if status.code != 340:
            return status
        stuffed = b"".join(b"." + line if line.startswith(b".") else line for line in octets.splitlines(keepends=True))
        self.send(stuffed + b".\r\n")
        return self._status()

    def post(
        self,
        group: str,
        subject: str,
        body: str,
        *,
        sender: str = "Somebody <somebody@example.invalid>",
        references: str = "",
        **headers: str,
    ) -> Status:
        """Posts plain UTF-8 text as a plain client would; `headers` are further ones, with _ for -."""
        fields = {"From": sender, "Newsgroups": group, "Subject": subject, "References": references}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        fields |= {"MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8"}
        fields |= {"Content-Transfer-Encoding": "8bit"}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        text = body.replace("\r\n", "\n").rstrip("\n").replace("\n", "\r\n")
        return self.post_raw(f"{head}\r\n{text}\r\n".encode())


def _over_line(line: str) -> OverLine:
    fields = line.split("\t")
    if len(fields) < 8:
        raise ProtocolError(f"fewer than eight fields: {line!r}")
    number, subject, sender, date, message_id, references, octets, lines, *rest = fields
    extra = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest) if name}
    return OverLine(int(number), subject, sender, date, message_id, references, int(octets), int(lines), extra)
