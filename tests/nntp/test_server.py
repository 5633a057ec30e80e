"""Real sockets: sessions, pipelining, back-pressure, faults."""

from __future__ import annotations

import logging
import socket
import struct

import pytest
import trio
import trio.testing

from tests.fakes import FakeDesk, FakeShelf
from tests.nntp.dialogue import forum, parse_responses, proto
from tests.nntp.serving import GREETING, big_forum, run, serving
from zbnntp.nntp.server import Limits


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
            said = await reader.rest()
            assert [reply.code for reply in parse_responses(said)] == [200, 340, 403]
            assert b"bug" not in said
            assert b"Error" not in said

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


def test_newsreaders_that_hang_up_are_forgotten() -> None:
    async def main() -> None:
        async with serving(limits=Limits(connections=1)) as server:
            for _ in range(3):
                reader = await server.connect()
                assert await reader.line() == GREETING
                await reader.stream.aclose()
                await trio.testing.wait_all_tasks_blocked(0.01)

    run(main)


def test_newsreaders_that_vanish_in_an_answer_are_forgotten() -> None:
    async def main() -> None:
        async with serving(big_forum, Limits(connections=1)) as server:
            for _ in range(3):
                reader = await server.connect(receive_buffer=4096)
                await reader.say("GROUP tech.linux", *["OVER 1-"] * 10)
                assert await reader.line() == GREETING
                await trio.sleep(1)  # now the answer waits for room
                reader.stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await reader.stream.aclose()  # with a reset
                await trio.testing.wait_all_tasks_blocked(0.01)

    run(main)


def test_a_newsreader_that_only_stops_writing_hears_everything() -> None:
    async def main() -> None:
        async with serving(big_forum) as server:
            reader = await server.connect(receive_buffer=4096)
            await reader.say("GROUP tech.linux", *["OVER 1-"] * 10, "DATE")
            await reader.stream.send_eof()
            await trio.sleep(1)
            assert [reply.code for reply in parse_responses(await reader.rest())] == [200, 211, *[224] * 10, 111]

    run(main)


def test_a_browser_gets_its_400_whole() -> None:
    """Unread octets would make the kernel send a reset, and the reply would be lost."""

    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            attack = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"DATE\r\n" * 50_000
            await reader.stream.send_all(attack)
            assert await reader.rest() == GREETING + b"400 this is a news server; open it with a newsreader\r\n"

    run(main)
