"""`zbnntp feed` between a node's door and a server that says whatever it is told to say, over a real socket."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from zbnntp.feeding.peer import Peer, Verdict, parse_server
from zbnntp.feeding.pump import LOOK_SECONDS, Pump
from zbnntp.model.errors import NotPermitted, PeerGone, Refused, Unreachable


class Server(socketserver.ThreadingTCPServer):
    """`greetings` one a connection, the last for all others; `says`: replies to CHECK and TAKETHIS by Message-ID."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, greetings: list[bytes], says: dict[bytes, list[bytes]], groups: list[bytes] | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.greetings, self.says, self.groups = greetings, says, groups
        self.taken: dict[bytes, bytes] = {}

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        greetings = self.server.greetings
        self.wfile.write((greetings.pop(0) if len(greetings) > 1 else greetings[0]) + b"\r\n")
        for line in self.rfile:
            verb, _, rest = line.strip().partition(b" ")
            self.wfile.write(b"".join(it + b"\r\n" for it in self._answer(verb, rest)))

    def _answer(self, verb: bytes, rest: bytes) -> list[bytes]:
        if verb == b"MODE":
            return [b"203 go on"]
        if verb == b"LIST":
            groups = self.server.groups
            return [b"502 no"] if groups is None else [b"215 list", *(it + b" 0 1 n" for it in groups), b"."]
        if verb == b"TAKETHIS":
            self.server.taken[rest] = b"".join(iter(self.rfile.readline, b".\r\n"))
        replies = self.server.says.get(rest, [])
        return [replies.pop(0) if replies else {b"CHECK": b"238 ", b"TAKETHIS": b"239 "}[verb] + rest]


@contextmanager
def serving(
    says: dict[bytes, list[bytes]] | None = None, groups: list[bytes] | None = None, greetings: tuple[bytes, ...] = ()
) -> Iterator[Server]:
    with Server([*(greetings or (b"200 welcome",))], says or {}, groups) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


class Stopped(Exception):
    """Somebody stopped the feed while it slept."""


class Node:
    """Has one batch of articles a board, until it is told that they are done."""

    def __init__(self, *batches: dict[str, Any]) -> None:
        self.waiting = list(batches)
        self.told: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.slept: list[float] = []
        self.made: list[str] = []
        self.failures = 0

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.failures:
            self.failures -= 1
            raise Unreachable("no node runs on that home")
        if done := request.get("done"):
            self.told.append(done)
            if done["version"]:
                self.waiting = [it for it in self.waiting if it["board"] != done["board"]]
        boards = request.get("boards")
        missing = [it["board"] for it in self.waiting if boards is not None and it["board"] not in boards]
        ready = [it for it in self.waiting if it["board"] not in missing]
        return {"ok": True, "missing": missing, "batch": ready[0] if ready else None}

    def make(self, board: str) -> bool:
        self.made.append(board)
        return False

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > 3:
            raise Stopped

    def feed(self, server: Server, *, once: bool = True) -> None:
        pump = Pump(self.ask, "127.0.0.1", server.port, make=self.make, sleep=self.sleep, say=self.said.append)
        pump.run(once)


def batch(board: str = "a.b", **articles: str) -> dict[str, Any]:
    entries = [(number, f"<{name}>", text) for number, (name, text) in enumerate(articles.items(), 1)]
    return {"board": board, "block": 0, "version": 5, "dropped": [9], "articles": entries, "withdrawn": []}


def test_articles_arrive_octet_for_octet() -> None:
    text = "Subject: x\r\n\r\n.dot\r\n..\r\ngrüße \udcff\r\n"
    node = Node(batch(a=text))
    with serving() as server:
        node.feed(server)
    assert server.taken[b"<a>"] == text.encode("utf-8", "surrogateescape").replace(b"\r\n.", b"\r\n..")
    assert node.told == [{"board": "a.b", "block": 0, "version": 5, "sent": [1], "gone": [9]}]
    assert node.said[-1] == "articles: 1 taken; withdrawn: 0"


def test_what_the_server_has_is_not_sent_and_what_it_refuses_is_said_and_over() -> None:
    node = Node(batch(a="A\r\n", b="B\r\n"))
    with serving({b"<a>": [b"438 <a>"], b"<b>": [b"238 <b>", b"439 <b> too old"]}) as server:
        node.feed(server)
    assert list(server.taken) == [b"<b>"]
    assert node.told[0]["sent"] == [1, 2]
    assert node.said[1:] == ["refused: 439 <b> too old", "articles: 1 known, 1 refused; withdrawn: 0"]


def test_what_is_to_come_later_is_offered_later() -> None:
    node = Node(batch(a="A\r\n"))
    with serving({b"<a>": [b"431 <a>", b"431 <a>"]}) as server:
        node.feed(server)
    assert [it["version"] for it in node.told] == [0, 0, 5]
    assert node.slept == [LOOK_SECONDS, LOOK_SECONDS]


def test_a_withdrawal_is_told_as_gone() -> None:
    work = batch(a="A\r\n") | {"withdrawn": [(7, "<cancel.5.x>", "Control: cancel <x>\r\n\r\n")]}
    node = Node(work)
    with serving() as server:
        node.feed(server)
    assert node.told[0]["gone"] == [9, 7]
    assert node.said[-1] == "articles: 1 taken; withdrawn: 1"


def test_a_server_that_cannot_and_a_node_that_stops_are_tried_again() -> None:
    node = Node(batch(a="A\r\n"))
    node.failures = 1
    with serving(greetings=(b"400 paused", b"200 welcome")) as server, pytest.raises(Stopped):
        node.feed(server, once=False)
    assert node.slept == [2, 4, LOOK_SECONDS, LOOK_SECONDS]
    assert "400 paused" in node.said[0]
    assert "incoming.conf" in node.said[0]
    assert list(server.taken) == [b"<a>"]


def test_a_server_that_takes_nothing_is_asked_less_and_less_often() -> None:
    node = Node(batch(a="A\r\n"))
    with serving({b"<a>": [b"500 what?"] * 9}) as server, pytest.raises(Stopped):
        node.feed(server, once=False)
    assert node.slept == [2, 4, 8, 16]
    assert "does not take articles from here" in node.said[1]


def test_once_is_not_tried_again() -> None:
    node = Node(batch(a="A\r\n"))
    node.failures = 1
    with serving() as server, pytest.raises(Unreachable):
        node.feed(server)
    assert node.slept == []


def test_a_missing_group_is_made_once_or_said_once() -> None:
    node = Node(batch("a.b", a="A\r\n"), batch("a.c", b="B\r\n"))
    with serving(groups=[b"a.b"]) as server:
        node.feed(server)
    assert list(server.taken) == [b"<a>"]
    assert node.made == ["a.c"]
    assert node.said[-1] == "127.0.0.1 has no group a.c: its articles wait until it is made there"


class Refusing(Node):
    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"ok": False, "text": "no identity of that name"}


def test_a_node_that_says_no_ends_it() -> None:
    with serving() as server, pytest.raises(Refused, match="no identity"):
        Refusing().feed(server)


@pytest.mark.parametrize("reply", [b"nonsense", b"999 what", b"x" * 5000, b"", b"503 broken"])
def test_whatever_a_server_says_is_a_verdict_or_the_end(reply: bytes) -> None:
    with serving({b"<a>": [reply]}) as server, Peer("127.0.0.1", server.port) as peer, pytest.raises(PeerGone):
        peer.offer([("<a>", b"A\r\n")])


def test_a_server_that_keeps_its_list_to_itself_has_everything() -> None:
    with serving() as server, Peer("127.0.0.1", server.port) as peer:
        assert peer.boards() is None
        assert peer.offer([("<a>", b"A\r\n")])[0].verdict == Verdict.TAKEN


def test_nobody_listens() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(PeerGone, match="cannot be reached"):
            Peer("127.0.0.1", silent.getsockname()[1])


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("news.example.net", ("news.example.net", 119)),
        ("news.example.net:1119", ("news.example.net", 1119)),
        ("127.0.0.1:8", ("127.0.0.1", 8)),
        ("[::1]", ("::1", 119)),
        ("[::1]:433", ("::1", 433)),
    ],
)
def test_servers(text: str, server: tuple[str, int]) -> None:
    assert parse_server(text) == server


@pytest.mark.parametrize("text", ["", ":119", "a:0", "a:65536", "a:b", "::1", "a b", "[::1", "a:119:1"])
def test_no_servers(text: str) -> None:
    with pytest.raises(NotPermitted, match="no HOST"):
        parse_server(text)
