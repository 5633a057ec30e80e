"""The serving side's HTTP without sockets; each conversation runs whole and byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.peers.exchange import REQUEST_HEAD_OCTETS, Exchange, HttpRefusal, Reply, Request, Stage

HOSTS = {"alice", "other.onion"}
LIMIT = 100


def body_limit(method: str, path: str) -> int:
    return LIMIT if (method, path) == ("POST", "/take") else 0


def get(path: str = "/zb/1/node", host: str = "alice", extra: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n".encode()


def post(body: bytes, path: str = "/take", length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return f"POST {path} HTTP/1.1\r\nHost: alice\r\nContent-Length: {length}\r\n\r\n".encode() + body


def talk(data: bytes, step: int) -> tuple[list[object], bytes]:
    """Feed `data` in pieces of `step`, answer everything with 200; what came, and what was sent."""
    exchange = Exchange(HOSTS, body_limit)
    got: list[object] = []
    sent = b""
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    try:
        while True:
            event = exchange.poll()
            if isinstance(event, Request):
                got.append((event.method, event.path, dict(event.query), event.body))
                sent += exchange.begin(Reply(200, b"ok")) + exchange.more(b"ok") + exchange.end()
                if not exchange.next_cycle():
                    return got, sent
            elif not pieces:
                return [*got, event], sent
            else:
                exchange.feed(pieces.pop(0))
    except HttpRefusal as refusal:
        return [*got, refusal.status], sent + exchange.begin(refusal.reply(), last=True)


ROOM = REQUEST_HEAD_OCTETS - len(get(extra="X: \r\n"))
CHUNKED = b"POST /take HTTP/1.1\r\nHost: alice\r\nTransfer-Encoding: chunked\r\n\r\n"
CONVERSATIONS = [
    (get(), [("GET", "/zb/1/node", {}, b""), Stage.IDLE]),
    (get("/a?since=x.1&wait=5"), [("GET", "/a", {"since": "x.1", "wait": "5"}, b""), Stage.IDLE]),
    (get() + get("/b", "OTHER.onion"), [("GET", "/zb/1/node", {}, b""), ("GET", "/b", {}, b""), Stage.IDLE]),
    (post(b"hello"), [("POST", "/take", {}, b"hello"), Stage.IDLE]),
    (post(b"x" * LIMIT), [("POST", "/take", {}, b"x" * LIMIT), Stage.IDLE]),
    (get(extra="Connection: close\r\n"), [("GET", "/zb/1/node", {}, b"")]),
    (b"GET / HTTP/1.1\r\nHo", [Stage.HEAD]),
    (post(b"hel", length=5), [Stage.BODY]),
    (post(b"", length=LIMIT + 1), [413]),
    (post(b"x", path="/zb/1/node"), [413]),
    (get(host="evil.onion"), [421]),
    (b"GET / HTTP/1.1\r\n\r\n", [400]),
    (b"GET / HTTP/1.0\r\n\r\n", [421]),
    (get("http://alice/a"), [400]),
    (get("//alice/a"), [400]),
    (get("/a?" + "&".join(f"k{number}=1" for number in range(20))), [400]),
    (b"HELO there\r\n\r\n", [400]),
    (get(extra="X: " + "y" * 9000 + "\r\n"), [431]),
    (get(extra="X: " + "y" * ROOM + "\r\n"), [("GET", "/zb/1/node", {}, b""), Stage.IDLE]),
    (get(extra="X: " + "y" * (ROOM + 1) + "\r\n"), [431]),
    (get(extra="Content-Length: nine\r\n"), [400]),
    (get(extra="Transfer-Encoding: chunked\r\n") + b"5\r\nhello\r\n0\r\n\r\n", [413]),
    (
        b"POST /take HTTP/1.1\r\nHost: alice\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"32\r\n"
        + b"x" * 50
        + b"\r\n0\r\n\r\n",
        [("POST", "/take", {}, b"x" * 50), Stage.IDLE],
    ),
    (
        CHUNKED + b"78\r\n" + b"x" * 120,
        [413],
    ),
]


@pytest.mark.parametrize("step", [1, 7, 100_000])
@pytest.mark.parametrize(("data", "expected"), CONVERSATIONS)
def test_conversations(data: bytes, expected: list[object], step: int) -> None:
    got, sent = talk(data, step)
    assert got == expected
    assert b"date:" not in sent.lower()
    assert b"server:" not in sent.lower()


@given(data=st.binary(max_size=300), step=st.integers(1, 50))
def test_any_bytes_get_a_reply_or_a_wait_and_cutting_changes_nothing(data: bytes, step: int) -> None:
    assert talk(data, step) == talk(data, 1000)


def test_the_end_of_the_connection_is_seen() -> None:
    exchange = Exchange(HOSTS, body_limit)
    exchange.feed(b"")
    assert exchange.poll() is Stage.GONE


def test_a_body_that_breaks_off_is_refused() -> None:
    exchange = Exchange(HOSTS, body_limit)
    exchange.feed(post(b"hel", length=5))
    assert exchange.poll() is Stage.BODY
    exchange.feed(b"")
    with pytest.raises(HttpRefusal):
        exchange.poll()


def test_bytes_after_the_end_are_refused() -> None:
    exchange = Exchange(HOSTS, body_limit)
    exchange.feed(b"")
    with pytest.raises(HttpRefusal):
        exchange.feed(b"more")


def test_the_answer_to_head_has_no_body() -> None:
    exchange = Exchange(HOSTS, body_limit)
    exchange.feed(b"HEAD /a HTTP/1.1\r\nHost: alice\r\n\r\n")
    assert isinstance(exchange.poll(), Request)
    reply = exchange.begin(Reply(200, b"ok")) + exchange.more(b"ok") + exchange.end()
    assert reply.endswith(b"\r\n\r\n")
    assert exchange.next_cycle()
