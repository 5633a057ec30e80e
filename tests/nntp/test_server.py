"""Real sockets on virtual time: pipelining, back-pressure, limits, faults, stopping."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from tests.fakes import NOW, FakeDesk, FakeShelf, article, small_forum
from tests.nntp.dialogue import forum, parse_responses, proto
from zbnntp.nntp.server import DEFAULT_LIMITS, Limits, Make, listen, serve

GREETING = b"200 zbnntp ready, posting allowed\r\n"


class Server:
    """A server in the background, and newsreaders for it."""

    def __init__(self, port: int, stopping: trio.Event) -> None:
        self.port = port
        self.stopping = stopping
        self.stopped = trio.Event()
        self.readers: list[Reader] = []

    async def connect(self, receive_buffer: int = 0, send_buffer: int = 0) -> Reader:
        connected = socket.socket()
        if send_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        if receive_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        wire = trio.socket.from_stdlib_socket(connected)
        try:
            await wire.connect(("127.0.0.1", self.port))
        except OSError:
            wire.close()
            raise
        self.readers.append(Reader(trio.SocketStream(wire)))
        return self.readers[-1]


class Reader:
    """A newsreader."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.heard = bytearray()

    async def say(self, *lines: str) -> None:
        await self.stream.send_all("".join(f"{line}\r\n" for line in lines).encode())

    async def line(self) -> bytes:
        return await self.until(b"\r\n")

    async def until(self, ending: bytes) -> bytes:
        scanned = 0
        while (end := self.heard.find(ending, scanned)) < 0:
            scanned = max(0, len(self.heard) - len(ending))
            data = await self.stream.receive_some()
            assert data, "the server hung up"
            self.heard += data
        end += len(ending)
        head = bytes(self.heard[:end])
        del self.heard[:end]
        return head

    async def rest(self) -> bytes:
        """Everything until the server hangs up."""
        heard, self.heard = self.heard, b""
        async for data in self.stream:
            heard += data
        return heard


@asynccontextmanager
async def serving(
    make: Make = forum, limits: Limits = DEFAULT_LIMITS, receive_buffer: int = 0
) -> AsyncIterator[Server]:
    listener = listen("127.0.0.1", 0)
    if receive_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    server = Server(listener.getsockname()[1], trio.Event())

    async def run(task_status: trio.TaskStatus[None]) -> None:
        await serve([listener], make, lambda: NOW, limits=limits, stopping=server.stopping, task_status=task_status)
        server.stopped.set()

    with trio.fail_after(2000):
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            try:
                yield server
            finally:
                nursery.cancel_scope.cancel()
                for reader in server.readers:
                    reader.stream.socket.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Time jumps ahead when neither side has had anything to do for a while, so that no test really sleeps."""
    trio.run(test, clock=trio.testing.MockClock(autojump_threshold=0.02))


def big_forum(articles: int = 3000) -> tuple[FakeShelf, FakeDesk]:
    shelf = small_forum()
    for number in range(8, articles + 8):
        shelf.add_article(article(number))
    return shelf, FakeDesk(shelf)


def test_a_whole_session() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            assert await reader.line() == GREETING
            await reader.say("GROUP tech.linux")
            assert await reader.line() == b"211 4 3 7 tech.linux\r\n"
            await reader.say("POST")
            assert (await reader.line()).startswith(b"340 ")
            await reader.stream.send_all(proto())
            assert (await reader.line()).startswith(b"240 ")
            await reader.say("QUIT")
            assert await reader.rest() == b"205 good bye\r\n"

    run(main)


def test_a_refused_post_is_answered_and_the_session_goes_on() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            await reader.say("POST", ".", "DATE", "QUIT")
            codes = [reply.code for reply in parse_responses(await reader.rest())]
            assert codes == [200, 340, 441, 111, 205]

    run(main)


def test_400_requests_pipelined_before_anything_is_read() -> None:
    """Gnus sends that many; slrn sends one GROUP for each subscription."""

    async def main() -> None:
        async with serving(big_forum) as server:
            reader = await server.connect()
            await reader.say("GROUP tech.linux", *[f"ARTICLE {n}" for n in range(100, 500)], "QUIT")
            replies = parse_responses(await reader.rest())
            assert [reply.code for reply in replies] == [200, 211, *[220] * 400, 205]
            assert [reply.text.split()[0] for reply in replies[2:-1]] == [str(n) for n in range(100, 500)]

    run(main)


def test_commands_are_read_while_answers_wait() -> None:
    """A newsreader that writes everything before it reads must not block on us while we block on it."""

    async def main() -> None:
        async with serving(lambda: big_forum(20_000), receive_buffer=4096) as server:
            reader = await server.connect(receive_buffer=4096, send_buffer=4096)
            # 7 MB of answers fill every buffer; the commands that follow would fill the other direction
            await reader.say("GROUP tech.linux", "OVER 1-", "OVER 1-", *["STAT"] * 7_000, "QUIT")
            replies = parse_responses(await reader.rest())
            assert [reply.code for reply in replies] == [200, 211, 224, 224, *[223] * 7_000, 205]

    run(main)


def test_a_slow_reader_holds_a_window_not_the_group() -> None:
    async def main() -> None:
        shelf, desk = big_forum(30_000)
        async with serving(lambda: (shelf, desk)) as server:
            slow = await server.connect(receive_buffer=4096)
            await slow.say("GROUP tech.linux", "OVER 1-")
            await slow.line()
            quick = await server.connect()
            for _ in range(20):
                await quick.say("DATE")
                await quick.line()
            await trio.sleep(0.3)
            held = shelf.pulled
            # what the kernel's buffers took, and one send; the group has 118 windows of 256
            assert held < 80
            await trio.sleep(0.2)
            assert shelf.pulled == held
            await slow.until(b"\r\n.\r\n")
            assert shelf.pulled == 118

    run(main)


def test_a_long_answer_does_not_hold_up_others() -> None:
    async def main() -> None:
        shelf, desk = big_forum(20_000)
        async with serving(lambda: (shelf, desk)) as server:
            greedy, polite = await server.connect(), await server.connect()
            await polite.line()
            await greedy.line()
            await greedy.say("GROUP tech.linux", "OVER 1-")
            await greedy.line()
            await polite.say("DATE")
            await polite.line()
            assert shelf.pulled < 60
            await greedy.until(b"\r\n.\r\n")

    run(main)


def test_a_fault_ends_one_session_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        shelf, desk = forum()
        shelf.motd = None
        async with serving(lambda: (shelf, desk)) as server:
            unlucky, other = await server.connect(), await server.connect()
            await unlucky.say("DATE", "LIST MOTD", "DATE")
            codes = [reply.code for reply in parse_responses(await unlucky.rest())]
            assert codes == [200, 111, 403]
            await other.say("DATE", "QUIT")
            assert b"111 " in await other.rest()

    with caplog.at_level(logging.ERROR):
        run(main)
    assert "TypeError" in caplog.text


def test_a_fault_of_the_desk_is_403(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        shelf, desk = forum()
        desk.refuse = KeyError("bug")
        async with serving(lambda: (shelf, desk)) as server:
            reader = await server.connect()
            await reader.say("POST")
            await reader.stream.send_all(proto())
            assert [reply.code for reply in parse_responses(await reader.rest())] == [200, 340, 403]

    run(main)
    assert "KeyError" in caplog.text


def test_a_view_that_cannot_be_made_turns_the_newsreader_away(caplog: pytest.LogCaptureFixture) -> None:
    def make() -> tuple[FakeShelf, FakeDesk]:
        raise OSError("no such identity")

    async def main() -> None:
        async with serving(make) as server:
            reader = await server.connect()
            assert await reader.rest() == b""

    run(main)
    assert "no such identity" in caplog.text


def test_a_newsreader_that_vanishes_is_forgotten() -> None:
    async def main() -> None:
        async with serving(lambda: big_forum(5000), Limits(connections=1)) as server:
            for _ in range(3):
                reader = await server.connect(receive_buffer=4096)
                await reader.say("GROUP tech.linux", "OVER 1-")
                assert await reader.line() == GREETING
                reader.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                await reader.stream.aclose()  # with a reset, in the middle of the answer
                await trio.sleep(1)

    run(main)


def test_too_many_newsreaders_are_told_so() -> None:
    async def main() -> None:
        async with serving(limits=Limits(connections=2)) as server:
            first, second = await server.connect(), await server.connect()
            assert await first.line() == await second.line() == GREETING
            third = await server.connect()
            assert (await third.rest()).startswith(b"400 too many connections")
            await first.say("QUIT")
            await first.rest()
            fourth = await server.connect()
            assert await fourth.line() == GREETING

    run(main)


def test_idle_newsreaders_are_hung_up_on_silently() -> None:
    async def main() -> None:
        async with serving(limits=Limits(idle_seconds=600, sweep_seconds=15)) as server:
            idle, busy = await server.connect(), await server.connect()
            await busy.line()
            for _ in range(8):
                await trio.sleep(100)
                await busy.say("DATE")
                await busy.line()
            assert await idle.rest() == GREETING
            await busy.say("QUIT")
            assert await busy.rest() == b"205 good bye\r\n"

    run(main)


def test_idle_limit_is_what_the_rfc_asks_for() -> None:
    assert DEFAULT_LIMITS.idle_seconds >= 180


def test_stopping_hangs_up_on_who_waits() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            await reader.line()
            server.stopping.set()
            await server.stopped.wait()
            assert await reader.rest() == b""
            with pytest.raises(OSError, match="refused"):
                await server.connect()

    run(main)


class SlowDesk(FakeDesk):
    """Takes its time."""

    async def post(self, octets: bytes, offered_id: str) -> str:
        await trio.sleep(0.2)
        return await super().post(octets, offered_id)


def test_stopping_lets_a_post_finish() -> None:
    async def main() -> None:
        shelf = small_forum()
        async with serving(lambda: (shelf, SlowDesk(shelf))) as server:
            reader = await server.connect()
            await reader.say("POST")
            await reader.until(b"offer1@zb.invalid>\r\n")
            await reader.stream.send_all(proto() + b"DATE\r\n")
            await trio.sleep(0.05)
            server.stopping.set()
            await server.stopped.wait()
            assert [reply.code for reply in parse_responses(await reader.rest())] == [240, 400]

    run(main)


def test_stopping_lets_an_answer_finish() -> None:
    async def main() -> None:
        shelf, desk = big_forum(20_000)
        async with serving(lambda: (shelf, desk)) as server:
            reader = await server.connect(receive_buffer=4096)
            await reader.say("GROUP tech.linux", "OVER 1-")
            await reader.until(b"overview follows\r\n")
            server.stopping.set()
            assert (await reader.until(b"\r\n.\r\n")).count(b"\r\n") == 20_005
            await server.stopped.wait()
            assert await reader.rest() == b""

    run(main)


def test_stopping_does_not_wait_for_a_stalled_reader() -> None:
    async def main() -> None:
        shelf, desk = big_forum(30_000)
        async with serving(lambda: (shelf, desk), Limits(grace_seconds=30)) as server:
            reader = await server.connect(receive_buffer=4096)
            await reader.say("GROUP tech.linux", "OVER 1-")
            await reader.line()
            await trio.sleep(0.1)
            server.stopping.set()
            await server.stopped.wait()

    run(main)


def test_cancelling_leaves_no_socket_open() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            await reader.line()

    run(main)  # an unclosed socket would be a ResourceWarning, which pytest makes an error


def test_a_browser_gets_its_400_whole() -> None:
    """Unread octets would make the kernel send a reset, and the reply would be lost."""

    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            attack = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"DATE\r\n" * 50_000
            await reader.stream.send_all(attack)
            assert await reader.rest() == GREETING + b"400 this is a news server; open it with a newsreader\r\n"

    run(main)


def test_two_listeners_and_ipv6() -> None:
    async def main() -> None:
        listeners = [listen("127.0.0.1", 0), listen("::1", 0)]
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_on, listeners)
            for listener in listeners:
                stream = await trio.open_tcp_stream(*listener.getsockname()[:2])
                async with stream:
                    assert await stream.receive_some() == GREETING
            nursery.cancel_scope.cancel()

    run(main)


async def serve_on(listeners: list[socket.socket], task_status: trio.TaskStatus[None]) -> None:
    await serve(listeners, forum, lambda: NOW, task_status=task_status)


def test_a_taken_port_is_an_error() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


class Exhausted(socket.socket):
    """A listener in a process that is out of descriptors once."""

    faults = 1

    def accept(self):
        if self.faults:
            self.faults -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_out_of_descriptors_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        listener = Exhausted()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_on, [listener])
            stream = await trio.open_tcp_stream(*listener.getsockname())
            async with stream:
                assert await stream.receive_some() == GREETING
            nursery.cancel_scope.cancel()

    run(main)
    assert "Too many open files" in caplog.text
