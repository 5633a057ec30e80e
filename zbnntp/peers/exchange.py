"""HTTP/1.1 as the serving side speaks it, without sockets: bytes in, requests out; replies in, bytes out.

h11 parses; what is decided here is what a visitor may send: one of our own hosts, a target in origin form, a request
head of at most 8 KiB, and a body only where the route allows one and only up to its size, refused by its stated
length before a byte of it is kept. A refusal is answered once and the connection is closed, because the rest of what
was sent cannot be trusted to be in step. No `Date` and no `Server` are sent: a clock tells on a machine.

Sources: RFC 9110, RFC 9112; h11 0.16 for events and states.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import parse_qsl

import h11

REQUEST_HEAD_OCTETS = 8 * 1024  # of which a peer needs about 300
QUERY_FIELDS = 8

BodyLimit = Callable[[str, str], int]


class Stage(Enum):
    """What the visitor owes us next."""

    IDLE = auto()  # nothing sent yet
    HEAD = auto()  # in the middle of a request head
    BODY = auto()  # in the middle of a request body
    GONE = auto()  # has closed


class HttpRefusal(Exception):
    """The answer is an HTTP status and one plain sentence."""

    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers

    def reply(self) -> Reply:
        """The same, as a reply."""
        return Reply(self.status, (str(self) + "\n").encode(), (("content-type", "text/plain"), *self.headers))


@dataclass(slots=True)
class Visitor:
    """What is remembered of one connection; trio's clock, seconds."""

    last_changes: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request. Header names are lower case; `path` is as sent, without the query."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    visitor: Visitor = field(default_factory=Visitor)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer; a body that is produced over time is sent in chunks."""

    status: int
    body: bytes | AsyncGenerator[bytes, None] = b""
    headers: tuple[tuple[str, str], ...] = ()


class Exchange:
    """One connection. Call `poll` until it gives a request, sending what `begin`, `more` and `end` return."""

    def __init__(self, hosts: Collection[str], body_limit: BodyLimit) -> None:
        self._hosts = frozenset(hosts)
        self._body_limit = body_limit
        self._wire = h11.Connection(h11.SERVER, max_incomplete_event_size=REQUEST_HEAD_OCTETS)
        self._visitor = Visitor()
        self._head: Request | None = None
        self._room = 0
        self._body = bytearray()
        self._bodyless = False

    def feed(self, data: bytes) -> None:
        """Bytes from the visitor; b"" says that no more will come."""
        try:
            self._wire.receive_data(data)
        except RuntimeError as error:  # h11: bytes after the end
            raise HttpRefusal(400, "Bytes after the end of the connection.") from error

    def poll(self) -> Request | Stage:
        """The next whole request, or what is missing. Raises HttpRefusal: answer it, then close."""
        try:
            while True:
                before = len(self._wire.trailing_data[0])
                event = self._wire.next_event()
                if event is h11.NEED_DATA:
                    return self._stage()
                if isinstance(event, h11.EndOfMessage):
                    return self._whole()
                if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                    return Stage.GONE
                self._take(event, before - len(self._wire.trailing_data[0]))
        except h11.RemoteProtocolError as error:
            raise HttpRefusal(error.error_status_hint, "That is not a request this node understands.") from error

    def begin(self, reply: Reply, *, last: bool = False) -> bytes:
        """The reply's head; `last` announces that the connection will be closed."""
        headers = list(reply.headers)
        if isinstance(reply.body, bytes) and reply.status != 304:
            headers.append(("content-length", str(len(reply.body))))
        if last:
            headers.append(("connection", "close"))
        return self._wire.send(h11.Response(status_code=reply.status, headers=headers, reason=b"")) or b""

    def more(self, data: bytes) -> bytes:
        """One piece of the reply's body, framed; nothing in answer to HEAD."""
        if self._bodyless:
            return b""
        return self._wire.send(h11.Data(data=data)) or b""

    def end(self) -> bytes:
        """The end of the reply's body."""
        return self._wire.send(h11.EndOfMessage()) or b""

    def next_cycle(self) -> bool:
        """Get ready for the next request; False when the connection has to be closed."""
        if self._wire.our_state is not h11.DONE or self._wire.their_state is not h11.DONE:
            return False
        self._wire.start_next_cycle()
        return True

    def _stage(self) -> Stage:
        if self._head is not None:
            return Stage.BODY
        return Stage.HEAD if self._wire.trailing_data[0] else Stage.IDLE

    def _take(self, event: h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED], octets: int) -> None:
        """An event that took so many octets; h11 measures a head only while it is incomplete."""
        if isinstance(event, h11.Request):
            if octets > REQUEST_HEAD_OCTETS:
                raise HttpRefusal(431, "That request head is too large.")
            self._begin_request(event)
        elif isinstance(event, h11.Data):
            if len(self._body) + len(event.data) > self._room:
                raise HttpRefusal(413, "That body is larger than this address takes.")
            self._body += event.data

    def _begin_request(self, event: h11.Request) -> None:
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
        if headers.get("host", "").lower() not in self._hosts:
            raise HttpRefusal(421, "This node does not answer under that name.")
        method = event.method.decode("ascii")
        self._bodyless = method == "HEAD"
        path, query = _parse_target(event.target.decode("latin-1"))
        self._room = self._body_limit(method, path)
        if int(headers.get("content-length", "0")) > self._room:
            raise HttpRefusal(413, "That body is larger than this address takes.")
        self._head = Request(method, path, query, headers, b"", self._visitor)

    def _whole(self) -> Request:
        head, body = self._head, bytes(self._body)
        assert head is not None
        self._head, self._body = None, bytearray()
        return Request(head.method, head.path, head.query, head.headers, body, head.visitor)


def _parse_target(target: str) -> tuple[str, dict[str, str]]:
    """Path and query of a target in origin form (RFC 9112 section 3.2.1)."""
    if not target.startswith("/") or target.startswith("//"):
        raise HttpRefusal(400, "Ask for a path of this node, like /zb/1/node.")
    path, _, query = target.partition("?")
    try:
        return path, dict(parse_qsl(query, max_num_fields=QUERY_FIELDS))
    except ValueError as error:
        raise HttpRefusal(400, "That query has too many fields.") from error
