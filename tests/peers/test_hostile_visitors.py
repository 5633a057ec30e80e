"""All hostile visitors at once, as a whole crowd of them would come: a good one is served all along."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from tests.peers.nodes import serving
from zbnntp.peers.exchange import Reply, Request

pytestmark = pytest.mark.slow
SECONDS = 6.0
VISITS = 4  # and no fewer
SOON_SECONDS = 10  # on a machine that does ten other things; less than a second on an idle one
PATIENCE_SECONDS = 30
MEMORY_OCTETS = 64 * 1024 * 1024  # 200 visitors hold no more than this together
GOOD = b"GET /hello HTTP/1.1\r\nHost: alice\r\nConnection: close\r\n\r\n"
BODY = b"POST /take HTTP/1.1\r\nHost: alice\r\nContent-Length: 1000\r\n\r\n"
LARGE_OCTETS = 20_000_000


class Site:
    """A body is welcome at /take, /large is an answer of 20 MB that comes in pieces."""

    def body_limit(self, method: str, path: str) -> int:
        return 1_000_000 if path == "/take" else 0

    async def answer(self, request: Request) -> Reply:
        return Reply(200, self._large() if request.path == "/large" else b"hello")

    async def _large(self) -> AsyncGenerator[bytes, None]:
        for _ in range(LARGE_OCTETS // 65_536):
            yield b"x" * 65_536


class Crowd:
    """Each method is one kind of visitor; it comes again whenever it has been cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.came = 0

    async def visit(self, begin: bytes, drip: bytes = b"", every: float = 0.2) -> None:
        """Sends, then drips; reads nothing."""
        while True:
            with suppress(OSError, trio.BrokenResourceError):
                async with await trio.open_unix_socket(self.path) as stream:
                    self.came += 1
                    await stream.send_all(begin)
                    while drip:
                        await trio.sleep(every)
                        await stream.send_all(drip)
                    await trio.sleep(SECONDS)
            await trio.sleep(0.05)

    async def truncate(self) -> None:
        """Comes, sends half a body, goes."""
        while True:
            with suppress(OSError, trio.BrokenResourceError):
                async with await trio.open_unix_socket(self.path) as stream:
                    self.came += 1
                    await stream.send_all(BODY + b"xxx")
            await trio.sleep(0.02)

    async def flood(self) -> None:
        """A gigabyte of body, announced small and sent in chunks, as fast as it is taken."""
        head = b"POST /take HTTP/1.1\r\nHost: alice\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            with suppress(OSError, trio.BrokenResourceError):
                async with await trio.open_unix_socket(self.path) as stream:
                    self.came += 1
                    await stream.send_all(head)
                    for _ in range(1000):
                        await stream.send_all(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            await trio.sleep(0.05)


async def good_visit(path: Path) -> bytes:
    """The answer; nothing when the queue at the socket was full: a connect that does not wait says so only later."""
    data = b""
    with suppress(OSError, trio.BrokenResourceError):
        async with await trio.open_unix_socket(path) as stream:
            await stream.send_all(GOOD)
            while piece := await stream.receive_some():
                data += piece
    return data


def memory_octets() -> int:
    """What this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def good_visits(path: Path) -> dict[float, int]:
    """How long each took, in seconds, and what this process held after it."""
    took: dict[float, int] = {}
    end = trio.current_time() + SECONDS
    while (began := trio.current_time()) < end or len(took) < VISITS:
        with trio.fail_after(PATIENCE_SECONDS):
            while not (data := await good_visit(path)):
                await trio.sleep(0.01)
        assert data.endswith(b"hello")
        took[trio.current_time() - began] = memory_octets()
        await trio.sleep(0.1)
    return took


async def test_a_good_visitor_is_served_soon_whatever_the_others_do(short_dir: Path) -> None:
    path = short_dir / "web.sock"
    crowd = Crowd(path)
    before = memory_octets()
    async with serving(path, Site(), {"alice"}), trio.open_nursery() as nursery:
        for number in range(500):
            nursery.start_soon(crowd.visit, b"G" if number % 2 else b"")
        for _ in range(10):
            nursery.start_soon(crowd.truncate)
            nursery.start_soon(crowd.visit, b"GET / HTTP/1.1\r\n", b"X")
            nursery.start_soon(crowd.visit, BODY, b"x")
            nursery.start_soon(crowd.visit, b"GET / HTTP/1.1\r\nHost: alice\r\nX: " + b"y" * 100_000)
            nursery.start_soon(crowd.visit, GOOD.replace(b"/hello", b"/large"))
            nursery.start_soon(crowd.visit, b"\x00\xff" * 1000)
        for _ in range(3):
            nursery.start_soon(crowd.flood)
        took = await good_visits(path)
        grown = max(took.values()) - before
        nursery.cancel_scope.cancel()
    assert crowd.came > 560
    assert sorted(took)[len(took) // 2] < SOON_SECONDS
    assert grown < MEMORY_OCTETS
