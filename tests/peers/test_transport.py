"""The way out: what it refuses, what a SOCKS proxy can do to it, and that nothing is left behind."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.peers.house import signer
from tests.peers.nodes import serving
from zbnntp.model.errors import BadEncoding, PeerGone, TooLarge, TorDown
from zbnntp.model.onion import is_onion, onion_address
from zbnntp.peers.address import expanded_key, local_host, onion_host
from zbnntp.peers.backends import NoAnswer, OnionBackend, Remedy
from zbnntp.peers.exchange import Reply, Request
from zbnntp.peers.transport import PoolTransport, Transport, local_transport, onion_transport
from zbnntp.peers.web import listen_unix

ONION = onion_address(signer("onion").identity)
ENDPOINT = f"http://{ONION}"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
GREETING = b"\x05\x02"
WELCOME = b"\x01\x00"
GRANTED = b"\x05\x00\x00\x04" + b"\x00" * 18
GRANTED_IPV4 = b"\x05\x00\x00\x01" + b"\x00" * 6

Proxy = Callable[[trio.SocketStream], Awaitable[None]]


def test_an_onion_address_follows_from_the_key() -> None:
    # Tor's own public key of a well known service, as its address.
    assert is_onion("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion")
    assert is_onion(ONION)
    assert len(expanded_key(b"\x01" * 32)) == 64


def test_every_typing_error_in_an_onion_is_found() -> None:
    for place in range(56):
        for letter in "aq27":
            typed = ONION[:place] + letter + ONION[place + 1 :]
            assert is_onion(typed) == (typed == ONION)


BAD_ENDPOINTS = [
    "",
    "http://127.0.0.1",
    "http://127.0.0.1:9051",
    "http://[::1]",
    "http://[::ffff:127.0.0.1]",
    "http://localhost",
    "http://example.com",
    "http://evil.onion.example.com",
    f"http://{ONION}.example.com",
    f"http://www.{ONION}",
    f"http://{ONION}.",
    f"http://{ONION.upper()}",
    f"http://{ONION}:81",
    f"http://{ONION}/path",
    f"http://user@{ONION}",
    f"https://{ONION}",
    f"http://{'a' * 56}.onion",
    "http://facebookcorewwwi.onion",
    "local:alice",
    "file:///etc/passwd",
    "unix:/run/tor/control",
    ONION,
]


@pytest.mark.parametrize("endpoint", BAD_ENDPOINTS)
async def test_an_onion_node_refuses_every_other_address(short_dir: Path, endpoint: str) -> None:
    transport = onion_transport(short_dir / "socks", "me|test")
    with pytest.raises(BadEncoding):
        await transport.request(endpoint, "/zb/1/node", limit=1000)
    with pytest.raises(BadEncoding):
        onion_host(endpoint)
    await transport.aclose()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "example.com", "evil.onion.example.com", "a" * 56 + ".onion"])
async def test_the_last_ring_refuses_too(short_dir: Path, host: str) -> None:
    backend = OnionBackend(short_dir / "socks", "me|test")
    with pytest.raises(BadEncoding):
        await backend.connect_tcp(host, 80)
    with pytest.raises(BadEncoding):
        await backend.connect_tcp(ONION, 443)
    with pytest.raises(BadEncoding):
        await backend.connect_unix_socket("/run/tor/control")
    carrier = Transport(PoolTransport(backend, is_onion), lambda endpoint: endpoint)
    for url in (host if ":" not in host else f"[{host}]", f"{ONION}:8080"):
        with pytest.raises(BadEncoding):
            await carrier.request(url, "/", limit=10)
    await carrier.aclose()


@pytest.mark.parametrize(
    "endpoint", ["local:", "local:UPPER", "local:../x", "local:a/b", f"local:{'x' * 33}", ENDPOINT]
)
async def test_a_local_node_refuses_every_other_name(short_dir: Path, endpoint: str) -> None:
    transport = local_transport(short_dir)
    with pytest.raises(BadEncoding):
        await transport.request(endpoint, "/zb/1/node", limit=1000)
    with pytest.raises(BadEncoding):
        local_host(endpoint)
    await transport.aclose()


def test_an_isolation_name_has_a_length() -> None:
    for name in ("", "x" * 256):
        with pytest.raises(ValueError, match="octets"):
            OnionBackend(Path("socks"), name)


# ---- SOCKS


async def shake_hands(stream: trio.SocketStream, reply: bytes = GRANTED) -> None:
    """A proxy that does what it should."""
    assert await stream.receive_some(3) == b"\x05\x01\x02"
    await stream.send_all(GREETING)
    expected = b"\x01\x09<torS0X>0\x07me|test"
    assert await stream.receive_some(len(expected)) == expected
    await stream.send_all(WELCOME)
    expected = b"\x05\x01\x00\x03\x3e" + ONION.encode() + b"\x00\x50"
    assert await stream.receive_some(len(expected)) == expected
    await stream.send_all(reply)


async def serve_hello(stream: trio.SocketStream) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await stream.receive_some()
        if not piece:
            raise trio.BrokenResourceError
        head += piece
    assert f"host: {ONION}".encode() in head.lower()
    await stream.send_all(HELLO)


@asynccontextmanager
async def proxy(directory: Path, behave: Proxy) -> AsyncIterator[Transport]:
    """A transport whose proxy behaves like that; afterwards neither has anything open."""
    path = directory / "socks"
    listener = listen_unix(path)
    open_streams: set[trio.SocketStream] = set()

    async def handler(stream: trio.SocketStream) -> None:
        open_streams.add(stream)
        try:
            await behave(stream)
            await stream.receive_some()  # until the other side closes
        except trio.BrokenResourceError:
            pass
        open_streams.discard(stream)

    transport = onion_transport(path, "me|test")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handler, [listener])
        yield transport
        await transport.aclose()
        with trio.fail_after(5):
            while open_streams:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_a_request_goes_through_the_proxy(short_dir: Path) -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await shake_hands(stream)
        await serve_hello(stream)
        await serve_hello(stream)

    async with proxy(short_dir, behave) as transport:
        for _ in range(2):
            answer = await transport.request(ENDPOINT, "/zb/1/node", limit=1000)
            assert (answer.status, answer.body) == (200, b"hello")
        assert transport.connections == 1


async def test_replies_in_single_bytes_and_glued_to_the_answer(short_dir: Path) -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await stream.receive_some(3)
        for reply in (GREETING, WELCOME, GRANTED_IPV4):
            for place in range(len(reply)):
                await stream.send_all(reply[place : place + 1])
                await trio.sleep(0)
            await stream.receive_some(1000)
        await stream.send_all(HELLO)

    async with proxy(short_dir, behave) as transport:
        assert (await transport.request(ENDPOINT, "/", limit=1000)).body == b"hello"

    async def glued(stream: trio.SocketStream) -> None:
        await shake_hands(stream, GRANTED + HELLO)

    async with proxy(short_dir, glued) as transport:
        assert (await transport.request(ENDPOINT, "/", limit=1000)).body == b"hello"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (0x01, Remedy.TRY_AGAIN),
        (0x02, Remedy.STOP),
        (0x04, Remedy.BACK_OFF),
        (0x05, Remedy.BACK_OFF),
        (0x06, Remedy.TRY_AGAIN),
        (0xF0, Remedy.BACK_OFF),
        (0xF1, Remedy.BACK_OFF),
        (0xF2, Remedy.TRY_AGAIN),
        (0xF3, Remedy.TRY_AGAIN),
        (0xF4, Remedy.STOP),
        (0xF5, Remedy.STOP),
        (0xF6, Remedy.STOP),
        (0xF7, Remedy.TRY_AGAIN),
        (0x77, Remedy.TRY_AGAIN),
    ],
)
async def test_each_reply_code_has_its_remedy(short_dir: Path, code: int, remedy: Remedy) -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await shake_hands(stream, bytes([5, code]) + GRANTED[2:])

    async with proxy(short_dir, behave) as transport:
        with pytest.raises(NoAnswer) as caught:
            await transport.request(ENDPOINT, "/", limit=10)
        assert caught.value.remedy is remedy
        assert transport.connections == 0


@pytest.mark.parametrize(
    "replies",
    [(), (b"\x05\xff",), (b"\x04\x02",), (GREETING, b"\x01\x01"), (GREETING, WELCOME, b"HTTP/1.1 400"), (b"\x05",)],
)
async def test_a_proxy_that_talks_nonsense_or_closes_is_our_tor_s_fault(
    short_dir: Path, replies: tuple[bytes, ...]
) -> None:
    async def behave(stream: trio.SocketStream) -> None:
        for reply in replies:
            await stream.receive_some(1000)
            await stream.send_all(reply)
        await stream.send_eof()

    async with proxy(short_dir, behave) as transport:
        with pytest.raises(TorDown):
            await transport.request(ENDPOINT, "/", limit=10)
        assert transport.connections == 0


async def test_no_proxy_at_all_is_our_tor_being_down(short_dir: Path) -> None:
    transport = onion_transport(short_dir / "socks", "me|test")
    with pytest.raises(TorDown):
        await transport.request(ENDPOINT, "/", limit=10)
    assert transport.connections == 0
    await transport.aclose()


async def test_a_silent_proxy_ends_with_the_connect_deadline(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    async def behave(stream: trio.SocketStream) -> None:
        await stream.receive_some(3)

    async with proxy(short_dir, behave) as transport:
        began = trio.current_time()
        with pytest.raises(NoAnswer):
            await transport.request(ENDPOINT, "/", limit=10)
        assert trio.current_time() - began == pytest.approx(75, abs=1)
        assert transport.connections == 0


async def test_cancelled_connects_leave_nothing(short_dir: Path) -> None:
    rng = random.Random(5)

    async def behave(stream: trio.SocketStream) -> None:
        await trio.sleep(rng.uniform(0, 0.003))
        with suppress(AssertionError):  # the visitor left in the middle
            await shake_hands(stream)
        while True:
            await trio.sleep(rng.uniform(0, 0.003))
            await serve_hello(stream)

    async with proxy(short_dir, behave) as transport:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(100):
            with trio.move_on_after(rng.uniform(0, 0.006)):
                await transport.request(ENDPOINT, "/", limit=10)
        await trio.sleep(0.05)
        assert transport.connections <= 1
        assert len(os.listdir("/proc/self/fd")) <= before + 2


# ---- answers


class Answers:
    """A site that gives one reply."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.requests: list[Request] = []

    def body_limit(self, method: str, path: str) -> int:
        return 100

    async def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.reply


async def ask(directory: Path, reply: Reply, limit: int = 1000) -> tuple[bytes, Answers]:
    """The body that came; errors are raised after the server is gone, outside of its nursery."""
    transport, site = local_transport(directory), Answers(reply)
    problem: Exception | None = None
    body = b""
    async with serving(directory / "alice.sock", site, {"alice"}):
        try:
            body = (await transport.request("local:alice", "/x", limit=limit)).body
        except (TooLarge, BadEncoding) as error:
            problem = error
        await transport.aclose()
    if problem:
        raise problem
    return body, site


async def test_headers_tell_nothing_about_this_node(short_dir: Path) -> None:
    _, site = await ask(short_dir, Reply(200, b"ok", (("set-cookie", "a=b"),)))
    assert dict(site.requests[0].headers) == {
        "host": "alice",
        "user-agent": "zbnntp/1",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
    }


async def test_cookies_are_not_kept(short_dir: Path) -> None:
    transport, site = local_transport(short_dir), Answers(Reply(200, b"ok", (("set-cookie", "a=b"),)))
    async with serving(short_dir / "alice.sock", site, {"alice"}):
        for _ in range(2):
            await transport.request("local:alice", "/x", limit=1000)
        await transport.aclose()
    assert "cookie" not in site.requests[1].headers


async def test_a_redirect_is_not_followed(short_dir: Path) -> None:
    transport, site = local_transport(short_dir), Answers(Reply(302, b"", (("location", "http://127.0.0.1/"),)))
    async with serving(short_dir / "alice.sock", site, {"alice"}):
        assert (await transport.request("local:alice", "/x", limit=1000)).status == 302
        await transport.aclose()
    assert len(site.requests) == 1


async def test_a_body_is_unpacked_and_measured(short_dir: Path) -> None:
    packed = (("content-encoding", "gzip"),)
    text = b"hello " * 1000
    assert (await ask(short_dir, Reply(200, gzip.compress(text), packed), 6000))[0] == text
    bomb = gzip.compress(b"\0" * 50_000_000)
    for reply in (Reply(200, bomb, packed), Reply(200, text), Reply(200, gzip.compress(text), packed)):
        with pytest.raises(TooLarge):
            await ask(short_dir, reply, 5999)
    for body in (b"no gzip at all", gzip.compress(text) + b"more"):
        with pytest.raises(BadEncoding):
            await ask(short_dir, Reply(200, body, packed), 6000)
    with pytest.raises(BadEncoding):
        await ask(short_dir, Reply(200, b"x", (("content-encoding", "br"),)))


async def raw_answer(directory: Path, data: bytes, **options: object) -> None:
    """Ask a server that answers with these bytes and closes."""

    async def handler(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(data)
        await stream.aclose()

    transport = local_transport(directory)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handler, [listen_unix(directory / "bob.sock")])
        try:
            await transport.request("local:bob", "/x", limit=1000, **options)  # type: ignore[arg-type]
        finally:
            assert transport.connections == 0
            await transport.aclose()
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbroken off",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
    ],
)
async def test_an_answer_that_is_no_http_is_the_peer_s_fault(short_dir: Path, data: bytes) -> None:
    with pytest.RaisesGroup(PeerGone):
        await raw_answer(short_dir, data)


@pytest.mark.parametrize(("drip", "seconds"), [(0.0, 60), (10.0, 300)])
async def test_a_server_that_drips_or_stops_is_left_in_time(
    short_dir: Path, autojump_clock: trio.testing.MockClock, drip: float, seconds: float
) -> None:
    async def handler(stream: trio.SocketStream) -> None:
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        while True:
            await trio.sleep(drip or 10_000)
            await stream.send_all(b"x")

    transport = local_transport(short_dir)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handler, [listen_unix(short_dir / "bob.sock")])
        began = trio.current_time()
        with pytest.raises(NoAnswer):
            await transport.request("local:bob", "/x", limit=1000)
        assert trio.current_time() - began == pytest.approx(seconds, abs=1)
        nursery.cancel_scope.cancel()
    await transport.aclose()


async def read_lines(transport: Transport, longest: int) -> list[bytes]:
    async with (
        transport.open("local:alice", "/x", limit=1000) as response,
        aclosing(response.lines(longest)) as lines,
    ):
        return [line async for line in lines]


async def test_lines_come_as_they_are_sent_and_have_a_length(short_dir: Path) -> None:
    transport, site = local_transport(short_dir), Answers(Reply(200, b"one\ntwo\nthree is too long\n"))
    async with serving(short_dir / "alice.sock", site, {"alice"}):
        with pytest.raises(TooLarge):
            await read_lines(transport, 5)
        assert await read_lines(transport, 17) == [b"one", b"two", b"three is too long"]
        await transport.aclose()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
WIRE_OCTETS = 400_000  # more of it is never taken


@pytest.mark.parametrize(
    ("begin", "more", "error"),
    [(b"", b"HTTP/1.1 103 x\r\n\r\n", PeerGone), (CHUNKED, b"1\r\nx\r\n", BadEncoding)],
    ids=["interim", "crumbs"],
)
async def test_what_costs_more_to_read_than_to_send_is_not_read_on(
    short_dir: Path, begin: bytes, more: bytes, error: type[Exception]
) -> None:
    """Interim answers without end, and chunks of one octet."""
    sent = 0

    async def handler(stream: trio.SocketStream) -> None:
        nonlocal sent
        with suppress(trio.BrokenResourceError):
            await stream.receive_some()
            await stream.send_all(begin)
            while sent < WIRE_OCTETS:
                await stream.send_all(more * 500)
                sent += len(more) * 500
            await stream.aclose()

    transport = local_transport(short_dir)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handler, [listen_unix(short_dir / "bob.sock")])
        with pytest.raises(error):
            await transport.request("local:bob", "/x", limit=10_000_000)
        assert transport.connections == 0
        assert sent < WIRE_OCTETS
        await transport.aclose()
        nursery.cancel_scope.cancel()
