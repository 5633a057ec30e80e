"""A news server that takes articles: streaming (RFC 4644) where it can, IHAVE (RFC 3977 section 6.3.2) elsewhere.

Blocking and in order: what is sent before the answers are read is a batch, and they fit into the sockets' buffers.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Self

from zbnntp.model.errors import NotPermitted, PeerGone

NNTP_PORT = 119
PATIENCE_SECONDS = 120  # for an answer; an innd that renumbers its groups is silent for a while
REPLY_OCTETS = 4096
GROUPS_MOST = 500_000  # lines of LIST ACTIVE; Usenet has a fifth of that
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+)(?::(?P<port>[0-9]{1,5}))?")


class Verdict(Enum):
    """What became of an article that was offered."""

    TAKEN = "taken"
    KNOWN = "known"  # the server has it, or has had it
    REFUSED = "refused"  # and will be again
    LATER = "later"


class Answer(NamedTuple):
    verdict: Verdict
    text: str  # the server's reply


# RFC 4644 sections 2.4 and 2.5, RFC 3977 section 6.3.2; what is none of these ends the connection
_VERDICTS = {
    239: Verdict.TAKEN,
    235: Verdict.TAKEN,
    438: Verdict.KNOWN,
    435: Verdict.KNOWN,
    439: Verdict.REFUSED,
    437: Verdict.REFUSED,
    431: Verdict.LATER,
    436: Verdict.LATER,
}
_SEND = frozenset({238, 335})


def parse_server(text: str) -> tuple[str, int]:
    """Host and port of HOST, HOST:PORT or [IPV6]:PORT. NotPermitted."""
    match = _HOST.fullmatch(text)
    port = int(match["port"] or NNTP_PORT) if match else 0
    if match is None or not 0 < port < 1 << 16:
        raise NotPermitted(f"{text!r} is no HOST or HOST:PORT; for example news.example.net:119")
    return match["host"].strip("[]"), port


class Peer:
    """A connection to such a server. Everything raises PeerGone when it ends or answers what nobody expects."""

    def __init__(self, host: str, port: int) -> None:
        try:
            self._socket = socket.create_connection((host, port), PATIENCE_SECONDS)
        except OSError as error:
            raise PeerGone(f"{host} cannot be reached at port {port} ({error})") from error
        self._replies = self._socket.makefile("rb")
        try:
            self._greet()
        except PeerGone:
            self.close()
            raise

    def _greet(self) -> None:
        code, text = self._reply()
        if code not in (200, 201):
            raise PeerGone(f"the server does not want us: {text}; it needs an entry for this host in incoming.conf")
        self.streams = self._ask(b"MODE STREAM")[0] == 203

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._replies.close()
        self._socket.close()

    def boards(self) -> frozenset[str] | None:
        """The groups that the server has; None where it does not say."""
        if self._ask(b"LIST ACTIVE")[0] != 215:
            return None
        found: set[str] = set()
        while (line := self._line()) != b".":
            found.add(line.split(b" ", 1)[0].decode(errors="replace"))
            if len(found) > GROUPS_MOST:
                raise PeerGone("the server has more groups than anybody can mean")
        return frozenset(found)

    def offer(self, articles: Sequence[tuple[str, bytes]]) -> list[Answer]:
        """Offer articles, by Message-ID, and send those that are wanted; what became of each, in order."""
        return self._stream(articles) if self.streams else [self._hand_over(*it) for it in articles]

    def _stream(self, articles: Sequence[tuple[str, bytes]]) -> list[Answer]:
        self._send(b"CHECK " + own.encode() for own, _ in articles)
        replies = [self._reply() for _ in articles]
        wanted = [place for place, (code, _) in enumerate(replies) if code in _SEND]
        self._send(b"TAKETHIS %b\r\n%b" % (articles[it][0].encode(), _stuffed(articles[it][1])) for it in wanted)
        for place in wanted:
            replies[place] = self._reply()
        return [_judged(*reply) for reply in replies]

    def _hand_over(self, own: str, octets: bytes) -> Answer:
        reply = self._ask(b"IHAVE " + own.encode())
        return _judged(*(self._ask(_stuffed(octets)) if reply[0] in _SEND else reply))

    def _ask(self, command: bytes) -> tuple[int, str]:
        self._send([command])
        return self._reply()

    def _send(self, commands: Iterable[bytes]) -> None:
        try:
            self._socket.sendall(b"".join(command + b"\r\n" for command in commands))
        except OSError as error:
            raise PeerGone(f"the connection broke ({error})") from error

    def _reply(self) -> tuple[int, str]:
        text = self._line().decode(errors="replace")
        if not re.match(r"[1-5][0-9]{2}(?: |$)", text):
            raise PeerGone(f"the server says what is no reply: {text[:80]!r}")
        return int(text[:3]), text

    def _line(self) -> bytes:
        try:
            line = self._replies.readline(REPLY_OCTETS)
        except OSError as error:
            raise PeerGone(f"the server does not answer ({error})") from error
        if not line.endswith(b"\n"):
            raise PeerGone("the server closed the connection")
        return line.rstrip(b"\r\n")


def _judged(code: int, text: str) -> Answer:
    verdict = _VERDICTS.get(code)
    if verdict is None:
        raise PeerGone(
            f"the server does not take articles from here, or no more ({text}); its incoming.conf says from whom"
        )
    return Answer(verdict, text)


def _stuffed(octets: bytes) -> bytes:
    """An article as it goes over the wire, RFC 3977 section 3.1.1, without its last line end."""
    body = octets if octets.endswith(b"\r\n") else octets + b"\r\n"
    lines = body.replace(b"\r\n.", b"\r\n..")
    return (b"." + lines if lines.startswith(b".") else lines) + b"."
