"""What visitors do to a server: the hostile ones are cut by a deadline, and a good one is served all along."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.peers.nodes import serving
from zbnntp.peers.exchange import HttpRefusal, Reply, Request
from zbnntp.peers.web import LIMITS, Server, WebLimits, listen_unix

GOOD = b"GET /hello HTTP/1.1\r\nHost: alice\r\nConnection: close\r\n\r\n"
KEPT = b"GET /hello HTTP/1.1\r\nHost: alice\r\n\r\n"
LARGE = 20_000_000


class TestSite:
    """Some answers of each kind."""

    __test__ = False

    def __init__(self) -> None:
        self.served = 0

    def body_limit(self, method: str, path: str) -> int:
        return 1_000_000 if path == "/take" else 0

    async def answer(self, request: Request) -> Reply:
        self.served += 1
        if request.path == "/bug":
            raise ZeroDivisionError
        if request.path == "/refused":
            raise HttpRefusal(403, "no")
        if request.path == "/large":
            return Reply(200, b"x" * LARGE)
        if request.path == "/slow":
            return Reply(200, self._slow())
        if request.path == "/broken":
            return Reply(200, self._broken())
        return Reply(200, b"hello")

    async def _slow(self) -> AsyncGenerator[bytes, None]:
        for number in range(3):
            await trio.sleep(100)
            yield b"%d\n" % number

    async def _broken(self) -> AsyncGenerator[bytes, None]:
        yield b"begun"
        raise ZeroDivisionError


@asynccontextmanager
async def site(directory: Path, limits: WebLimits = LIMITS) -> AsyncIterator[tuple[Path, TestSite, Server]]:
    path = directory / "web.sock"
    test_site = TestSite()
    async with serving(path, test_site, {"alice"}, limits) as server:
        yield path, test_site, server


async def read_all(stream: trio.SocketStream) -> bytes:
    data = b""
    try:
        while piece := await stream.receive_some():
            data += piece
    except trio.BrokenResourceError:
        pass
    return data


async def visit(path: Path, data: bytes = GOOD) -> bytes:
    """Send, then read until the server closes."""
    async with await trio.open_unix_socket(path) as stream:
        with contextlib.suppress(trio.BrokenResourceError):  # refused before it was all sent
            await stream.send_all(data)
        return await read_all(stream)


async def seconds_until_cut(path: Path, data: bytes, drip: bytes = b"", every: float = 1.0) -> float:
    """How long the server keeps a connection that sends `data`, then `drip` again and again."""
    began = trio.current_time()
    async with await trio.open_unix_socket(path) as stream, trio.open_nursery() as nursery:
        await stream.send_all(data)

        async def dripping() -> None:
            try:
                while drip:
                    await trio.sleep(every)
                    await stream.send_all(drip)
            except trio.BrokenResourceError:
                pass

        nursery.start_soon(dripping)
        await read_all(stream)
        nursery.cancel_scope.cancel()
    return trio.current_time() - began


async def test_a_good_visitor_is_served(short_dir: Path) -> None:
    async with site(short_dir) as (path, _, server):
        answer = await visit(path)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\nhello")
        await trio.testing.wait_all_tasks_blocked()
        assert not server.open


async def test_pipelined_requests_are_answered_in_order(short_dir: Path) -> None:
    async with site(short_dir) as (path, _, _):
        assert (await visit(path, KEPT * 5 + GOOD)).count(b"hello") == 6


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: bob\r\n\r\n", 421),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: alice\r\nX: " + b"y" * 20_000, 431),
        (b"POST / HTTP/1.1\r\nHost: alice\r\nContent-Length: 1000000000\r\n\r\nxxxx", 413),
        (b"POST /take HTTP/1.1\r\nHost: alice\r\nContent-Length: 1000001\r\n\r\nxxxx", 413),
    ],
)
async def test_what_is_refused_is_answered_and_closed(short_dir: Path, data: bytes, status: int) -> None:
    async with site(short_dir) as (path, test_site, _):
        answer = await visit(path, data)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in answer.lower()
        assert test_site.served == 0


async def test_a_handler_that_fails_takes_nothing_along(short_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    bug = GOOD.replace(b"/hello", b"/bug")
    broken = GOOD.replace(b"/hello", b"/broken")
    refused = GOOD.replace(b"/hello", b"/refused")
    async with site(short_dir) as (path, _, _):
        answer = await visit(path, bug)
        assert b" 500 " in answer
        assert b"Error" not in answer
        assert b"zbnntp" not in answer
        assert b"begun" in await visit(path, broken)
        assert b" 403 " in await visit(path, refused)
        assert b"hello" in await visit(path)
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


SLOW = [
    ("says nothing", b"", b"", 10),
    ("drips a head", b"GET / HTTP/1.1\r\n", b"X", 10),
    ("drips a body", b"POST /take HTTP/1.1\r\nHost: alice\r\nContent-Length: 1000\r\n\r\n", b"x", 120),
    ("breaks off a body", b"POST /take HTTP/1.1\r\nHost: alice\r\nContent-Length: 1000\r\n\r\n", b"", 120),
    ("stays after an answer", KEPT, b"", 60),
]


@pytest.mark.parametrize(("what", "data", "drip", "seconds"), SLOW, ids=[row[0] for row in SLOW])
async def test_the_slow_are_cut_in_time(
    short_dir: Path, autojump_clock: trio.testing.MockClock, what: str, data: bytes, drip: bytes, seconds: float
) -> None:
    async with site(short_dir) as (path, _, _):
        assert await seconds_until_cut(path, data, drip) == pytest.approx(seconds, abs=1.5)


async def test_a_reader_that_stops_reading_is_cut(short_dir: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with site(short_dir) as (path, _, server), await trio.open_unix_socket(path) as stream:
        await stream.send_all(GOOD.replace(b"/hello", b"/large"))
        await trio.sleep(25)
        assert server.open
        await trio.sleep(10)
        assert not server.open


async def test_an_answer_over_time_is_not_cut(short_dir: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with site(short_dir) as (path, _, _):
        answer = await visit(path, GOOD.replace(b"/hello", b"/slow"))
        assert answer.endswith(b"2\n\r\n0\r\n\r\n")


async def test_one_connection_cannot_ask_without_end(short_dir: Path, autojump_clock: trio.testing.MockClock) -> None:
    limits = WebLimits(requests_burst=10, requests_per_second=1)
    async with site(short_dir, limits) as (path, _, _):
        began = trio.current_time()
        assert (await visit(path, KEPT * 29 + GOOD)).count(b"hello") == 30
        assert trio.current_time() - began == pytest.approx(20, abs=2)


async def test_all_together_cannot_ask_without_end(short_dir: Path, autojump_clock: trio.testing.MockClock) -> None:
    """Those who come again and again, each with one request: a turn for coming, a turn for asking."""
    limits = WebLimits(turns_burst=10, turns_per_second=1)
    async with site(short_dir, limits) as (path, _, _):
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(visit, path)
        assert trio.current_time() - began == pytest.approx(30, abs=2)


async def test_five_hundred_silent_visitors_do_not_shut_out_a_good_one(short_dir: Path) -> None:
    async with site(short_dir) as (path, _, server):
        streams = []
        for number in range(500):
            streams.append(await trio.open_unix_socket(path))
            await streams[-1].send_all(b"G" if number % 2 else b"GET /hello HTTP/1.1\r\n")
            if number % 100 == 99:
                with trio.fail_after(1):
                    assert b"hello" in await visit(path)
        assert len(server.open) <= 200
        for stream in streams:
            await stream.aclose()


async def test_running_out_of_descriptors_is_waited_out(
    short_dir: Path, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = listen_unix(short_dir / "web.sock")
    accept, problems = listener.accept, [OSError(errno.EMFILE, "Too many open files")]

    async def accept_poorly() -> trio.SocketStream:
        if problems:
            raise problems.pop()
        return await accept()

    monkeypatch.setattr(listener, "accept", accept_poorly)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Server(TestSite(), {"alice"}).serve, listener)
        assert b"hello" in await visit(short_dir / "web.sock")
        assert trio.current_time() >= 1
        nursery.cancel_scope.cancel()


async def test_truncated_bodies_from_many_visitors_end_nothing(short_dir: Path) -> None:
    cut = b"POST /take HTTP/1.1\r\nHost: alice\r\nContent-Length: 1000\r\n\r\nxxx"
    async with site(short_dir) as (path, _, _):
        for _ in range(50):
            async with await trio.open_unix_socket(path) as stream:
                await stream.send_all(cut)
        assert b"hello" in await visit(path)


async def test_closing_the_server_closes_its_visitors(short_dir: Path) -> None:
    async with site(short_dir) as (path, _, _):
        stream = await trio.open_unix_socket(path)
        await stream.send_all(KEPT)
        assert await stream.receive_some()
    assert await read_all(stream) == b""
    await stream.aclose()


async def test_the_socket_is_private_and_replaces_a_stale_one(short_dir: Path) -> None:
    path = short_dir / "sub" / "web.sock"
    for _ in range(2):
        listener = listen_unix(path)
        await listener.aclose()
    assert path.exists()
    assert stat.S_IMODE(os.stat(path.parent).st_mode) == 0o700


def test_a_path_too_long_for_the_kernel_is_refused(short_dir: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        listen_unix(short_dir / ("x" * 107))
