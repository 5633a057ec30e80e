"""Real sockets: how many, how long, and how the server stops."""

from __future__ import annotations

import errno
import socket

import pytest
import trio
import trio.testing

from tests.fakes import FakeDesk, FakeHouse, small_forum
from tests.nntp.dialogue import PASSWORDS, forum, parse_responses, proto
from tests.nntp.serving import GREETING, Reader, Server, big_forum, run, serve_on, serving
from zbnntp.nntp.server import DEFAULT_LIMITS, Limits, listen

NOT_LOGGED_IN = b"400 you have not logged in; connect again, and log in at once\r\n"


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


def test_whose_view_is_nobodys_any_more_is_hung_up_on() -> None:
    async def main() -> None:
        shelves = [small_forum(), small_forum()]
        waiting = list(shelves)
        house = FakeHouse(lambda: (waiting.pop(0), None))
        async with serving(house, limits=Limits(sweep_seconds=15)) as server:
            first, second = await server.connect(), await server.connect()
            await first.line()
            await second.line()
            house.gone.append(shelves[0])
            assert await first.rest() == b""
            await second.say("DATE")
            assert (await second.line()).startswith(b"111")

    run(main)


def demanding() -> FakeHouse:
    return FakeHouse(forum, PASSWORDS, offers_login=True, demands_login=True)


async def log_in(reader: Reader) -> None:
    await reader.say("AUTHINFO USER anna", f"AUTHINFO PASS {PASSWORDS['anna']}")
    await reader.until(b"\r\n381 send the password\r\n281 ")
    await reader.line()


def test_who_has_to_log_in_and_does_not_is_told_so_and_hung_up_on() -> None:
    async def main() -> None:
        async with serving(demanding()) as server:
            silent, busy, known = [await server.connect() for _ in range(3)]
            await log_in(known)
            began = trio.current_time()
            for _ in range(4):
                await busy.say("CAPABILITIES")
                await busy.until(b"\r\n.\r\n")
                await trio.sleep(50)
            assert await silent.rest() == GREETING + NOT_LOGGED_IN
            assert await busy.rest() == NOT_LOGGED_IN
            assert trio.current_time() - began < 250
            await known.say("DATE")
            assert (await known.line()).startswith(b"111 ")

    run(main)


def test_whose_password_is_being_checked_is_not_hung_up_on() -> None:
    async def main() -> None:
        house = demanding()
        house.delay = lambda: trio.sleep(300)
        async with serving(house, Limits(connections=1)) as server:
            await log_in_waits(server)

    async def log_in_waits(server: Server) -> None:
        reader = await server.connect()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log_in, reader)
            await trio.sleep(1)
            late = await server.connect()
            assert (await late.rest()).startswith(b"400 too many connections")

    run(main)


def test_who_has_not_logged_in_makes_room_for_somebody_new() -> None:
    async def main() -> None:
        async with serving(demanding(), Limits(connections=3)) as server:
            known, first, second = [await server.connect() for _ in range(3)]
            await log_in(known)
            await first.line()
            await second.line()
            third = await server.connect()
            await log_in(third)
            assert await first.rest() == NOT_LOGGED_IN
            await log_in(await server.connect())
            assert await second.rest() == NOT_LOGGED_IN
            late = await server.connect()
            assert (await late.rest()).startswith(b"400 too many connections")
            await known.say("DATE")
            assert (await known.line()).startswith(b"111 ")

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


def test_a_taken_port_is_an_error() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


class Exhausted(socket.socket):
    """A listener in a process that is out of descriptors for a moment."""

    faults = 3

    def accept(self):
        if self.faults:
            self.faults -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_out_of_descriptors_who_has_not_logged_in_goes() -> None:
    async def main() -> None:
        listener = Exhausted()
        listener.faults = 0
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_on, [listener], demanding())
            async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
                reader = Reader(stream)
                assert await reader.line() == GREETING
                listener.faults = 1
                async with await trio.open_tcp_stream(*listener.getsockname()) as late:
                    assert await late.receive_some() == GREETING
                assert await reader.rest() == NOT_LOGGED_IN
            nursery.cancel_scope.cancel()

    run(main)


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
    assert caplog.text.count("Too many open files") == 1, "it is tried ten times a second, and said once a minute"
