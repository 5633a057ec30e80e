"""A web server that must never be reached, behind a network that has exits.

The control experiment shows that it can be reached through the same SOCKS socket; whatever hostile peers write into
heads, redirects and headers, our transport never does.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from tests.peers.house import Author, FakeLibrary, lines
from tests.tor.onions import on_air, site_of, visitor
from tests.tor.tor_testnet import TorNode, TorTestNetwork
from zbnntp.model.errors import BadEncoding, Invalid, PeerGone
from zbnntp.peers.exchange import Reply, Request
from zbnntp.peers.sync import Sync
from zbnntp.peers.transport import Transport

pytestmark = [pytest.mark.tor, pytest.mark.slow]
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\ncaught"
SECONDS = 20


class Canary:
    """A server on a loopback address; `visits` counts who came."""

    def __init__(self, host: str) -> None:
        self.visits = 0
        canary = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                canary.visits += 1
                self.request.recv(1000)
                self.request.sendall(ANSWER)

        self.server = socketserver.ThreadingTCPServer((host, 0), Handler)
        self.host, self.port = self.server.server_address[:2]


@contextmanager
def caged(host: str) -> Iterator[Canary]:
    canary = Canary(host)
    thread = threading.Thread(target=canary.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield canary
    finally:
        canary.server.shutdown()
        canary.server.server_close()
        thread.join(5)


async def fetch_without_our_transport(socks: Path, host: str, port: int) -> bytes:
    """What any program gets that simply uses the SOCKS socket."""
    async with await trio.open_unix_socket(socks) as stream:
        await stream.send_all(b"\x05\x01\x00")
        assert await stream.receive_some(2) == b"\x05\x00"
        name = host.encode()
        await stream.send_all(b"\x05\x01\x00\x03%c%b%b" % (len(name), name, port.to_bytes(2, "big")))
        reply = await stream.receive_some(100)
        assert reply[:2] == b"\x05\x00", reply
        await stream.send_all(b"GET / HTTP/1.0\r\n\r\n")
        data = b""
        while piece := await stream.receive_some():
            data += piece
        return data


class Luring:
    """A site that answers everything by sending the visitor elsewhere."""

    def __init__(self, target: str) -> None:
        self.target, self.asked = target, 0

    def body_limit(self, method: str, path: str) -> int:
        return 5_000_000

    async def answer(self, request: Request) -> Reply:
        self.asked += 1
        status = (301, 302, 303, 307, 308, 201)[self.asked % 6]
        elsewhere = (("location", self.target), ("refresh", f"0; url={self.target}"), ("link", f"<{self.target}>"))
        return Reply(status, b"", elsewhere)


async def be_lured(transport: Transport, endpoint: str, author: Author) -> None:
    """Everything that we ever ask of a peer."""
    library = FakeLibrary()
    library.keep(author)
    sync = Sync(transport, library)
    for ask in (
        lambda: sync.ask_identity(endpoint),
        lambda: sync.follow_changes(endpoint, ""),
        lambda: sync.fetch_manifest(endpoint, Author("dave").identity),
        lambda: sync.push_to(endpoint, author.identity),
    ):
        for _ in range(6):
            with pytest.raises((PeerGone, Invalid)):
                await ask()


async def test_our_transport_never_reaches_the_canary_that_others_reach(
    tor_network: TorTestNetwork, system_tor: TorNode, short_dir: Path
) -> None:
    client = tor_network.clients[0]
    author = Author("carol")
    author.publish([lines("one", 5)])
    with caged(client.address) as canary:
        with trio.fail_after(SECONDS):
            assert b"caught" in await fetch_without_our_transport(client.socks_unix, canary.host, canary.port)
        assert canary.visits == 1, "the control experiment"
        place = f"{canary.host}:{canary.port}"
        luring = Luring(f"http://{place}/zb/1/node")
        async with (
            visitor(tor_network) as transport,
            on_air(system_tor, short_dir, luring) as at_luring,
            on_air(system_tor, short_dir, site_of(author)) as at_good,
        ):
            for endpoint in (f"http://{place}", f"https://{place}", f"http://[::ffff:{canary.host}]:{canary.port}",
                             f"http://evil.onion.{place}", f"http://user@{place}", place):  # fmt: skip
                with pytest.raises(BadEncoding):
                    await transport.request(endpoint, "/zb/1/node", limit=1000)
            await be_lured(transport, at_luring, author)
            assert luring.asked >= 24
            assert await Sync(transport, FakeLibrary()).fetch_manifest(at_good, author.identity)
        assert canary.visits == 1
