"""TLS and compression over real sockets: injection, deadlines, ends, long answers, pipelining."""

from __future__ import annotations

import logging
import socket
import ssl
import zlib

import pytest
import trio

from tests.fakes import FakeHouse
from tests.nntp.dialogue import PASSWORDS, forum, parse_responses
from tests.nntp.serving import GREETING, Reader, big_forum, run, serving, trusting
from zbnntp.certificate import load_context, make_certificate
from zbnntp.nntp.server import Limits, is_private


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return load_context(*make_certificate(tmp_path_factory.mktemp("tls"), 0))


async def start_tls(reader: Reader) -> None:
    assert await reader.line() == GREETING
    await reader.say("STARTTLS")
    assert (await reader.line()).startswith(b"382 ")
    reader.begin_tls()


async def start_deflate(reader: Reader) -> zlib._Decompress:
    assert await reader.line() == GREETING
    await reader.say("COMPRESS DEFLATE")
    assert (await reader.line()).startswith(b"206 ")
    return zlib.decompressobj(wbits=-15)


def pack(octets: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(octets) + packer.flush(zlib.Z_SYNC_FLUSH)


def test_a_whole_session_in_tls(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with serving(big_forum, tls=context) as server:
            for implicit in (True, False):
                reader = await server.connect(tls=implicit)
                if implicit:
                    assert await reader.line() == GREETING
                else:
                    await start_tls(reader)
                await reader.say("GROUP tech.linux", "OVER 1-", *[f"STAT {n}" for n in range(100, 500)], "QUIT")
                replies = parse_responses(await reader.rest())  # which is an error where close_notify is missing
                assert [reply.code for reply in replies] == [211, 224, *[223] * 400, 205]
                assert len(replies[1].lines) == 3004

    run(main)


@pytest.mark.parametrize("injected", ["GROUP tech.linux\r\n", "AUTHINFO USER eve\r\n", "POST\r\n", "x" * 500])
def test_commands_slipped_in_before_tls_are_never_run(context: ssl.SSLContext, injected: str) -> None:
    """Somebody on the way adds octets to the packet with STARTTLS: they must not be taken for said in TLS."""

    async def main() -> None:
        house = FakeHouse(forum, PASSWORDS, offers_login=True)
        async with serving(house, tls=context) as server:
            reader = await server.connect()
            assert await reader.line() == GREETING
            await reader.stream.send_all(b"STARTTLS\r\n" + injected.encode())
            assert (await reader.line()).startswith(b"382 ")
            reader.begin_tls()
            await reader.say("STAT", "AUTHINFO PASS x", "QUIT")
            assert [reply.code for reply in parse_responses(await reader.rest())] == [412, 482, 205]

    run(main)


def test_commands_slipped_in_after_382_break_the_handshake(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with serving(tls=context) as server:
            reader = await server.connect()
            await reader.say("STARTTLS")
            await reader.until(b"382 begin TLS now\r\n")
            await reader.say("GROUP tech.linux")
            assert b"211" not in await reader.rest()

    run(main)


def test_commands_in_the_packet_with_compress_are_dropped() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            assert await reader.line() == GREETING
            await reader.say("COMPRESS DEFLATE", "GROUP tech.linux")
            assert (await reader.line()).startswith(b"206 ")
            await reader.stream.send_all(pack(b"STAT\r\nQUIT\r\n"))
            heard = zlib.decompressobj(wbits=-15).decompress(await reader.rest())
            assert [reply.code for reply in parse_responses(heard)] == [412, 205]

    run(main)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"])
def test_who_stalls_in_a_handshake_is_hung_up_on(context: ssl.SSLContext, said: bytes) -> None:
    async def main() -> None:
        async with serving(limits=Limits(handshake_seconds=15), tls=context) as server:
            with socket.create_connection(("127.0.0.1", server.tls_port)) as stalled:
                stalled.sendall(said)
                await trio.sleep(14)
                stalled.setblocking(False)
                with pytest.raises(BlockingIOError):
                    stalled.recv(1)
                await trio.sleep(2)
                assert stalled.recv(1) == b""

    run(main)


@pytest.mark.parametrize("said", [b"DATE\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x02xx", b""])
def test_what_is_no_tls_ends_quietly(context: ssl.SSLContext, said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving(tls=context) as server:
            with socket.create_connection(("127.0.0.1", server.tls_port)) as other:
                other.sendall(said)
                other.shutdown(socket.SHUT_WR)
                heard = await trio.to_thread.run_sync(other.recv, 99)
                assert heard[:1] in (b"", b"\x15")

    with caplog.at_level(logging.WARNING):
        trio.run(main)
    assert not caplog.records


def test_old_tls_is_refused(context: ssl.SSLContext) -> None:
    old = trusting()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    async def main() -> None:
        async with serving(tls=context) as server:
            stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", server.tls_port, ssl_context=old)
            async with stream:
                with pytest.raises(trio.BrokenResourceError):
                    await stream.do_handshake()

    run(main)


def test_stopping_says_good_bye_in_tls_and_hangs_up_in_handshakes(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with serving(tls=context) as server:
            reader = await server.connect(tls=True)
            assert await reader.line() == GREETING
            with socket.create_connection(("127.0.0.1", server.tls_port)):
                await trio.testing.wait_all_tasks_blocked(0.01)
                server.stopping.set()
                await server.stopped.wait()

    run(main)


def test_a_fault_is_told_in_tls(context: ssl.SSLContext, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        shelf, desk = forum()
        shelf.motd = None
        async with serving(lambda: (shelf, desk), tls=context) as server:
            reader = await server.connect(tls=True)
            await reader.say("LIST MOTD")
            assert [reply.code for reply in parse_responses(await reader.rest())] == [200, 403]

    run(main)
    assert "TypeError" in caplog.text


def test_compression_works_with_pipelining_and_long_answers() -> None:
    async def main() -> None:
        async with serving(big_forum) as server:
            reader = await server.connect()
            unpacker = await start_deflate(reader)
            commands = ["GROUP tech.linux", "OVER 1-", *[f"ARTICLE {n}" for n in range(100, 500)], "QUIT"]
            await reader.stream.send_all(pack("".join(f"{each}\r\n" for each in commands).encode()))
            packed = await reader.rest()
            heard = unpacker.decompress(packed)
            assert [reply.code for reply in parse_responses(heard)] == [211, 224, *[220] * 400, 205]
            assert len(packed) < len(heard) / 5
            assert unpacker.eof

    run(main)


def test_compression_answers_at_once_and_after_a_long_silence() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            unpacker = await start_deflate(reader)
            packer = zlib.compressobj(wbits=-15)
            for _ in range(3):
                await reader.stream.send_all(packer.compress(b"DATE\r\n") + packer.flush(zlib.Z_SYNC_FLUSH))
                assert unpacker.decompress(await reader.stream.receive_some()) == b"111 20260101000000\r\n"
                await trio.sleep(500)

    run(main)


def test_a_reader_who_only_writes_is_read_ahead_in_compression() -> None:
    async def main() -> None:
        async with serving(lambda: big_forum(20_000), receive_buffer=4096) as server:
            reader = await server.connect(receive_buffer=4096, send_buffer=4096)
            unpacker = await start_deflate(reader)
            commands = b"GROUP tech.linux\r\nOVER 1-\r\nOVER 1-\r\n" + b"STAT\r\n" * 7_000 + b"QUIT\r\n"
            await reader.stream.send_all(pack(commands))
            heard = unpacker.decompress(await reader.rest())
            assert [reply.code for reply in parse_responses(heard)] == [211, 224, 224, *[223] * 7_000, 205]

    run(main)


@pytest.mark.parametrize("octets", [b"\r\n", b"\0", b"x", b"STAT\r\n"])
def test_a_bomb_ends_the_session_of_who_sent_it_alone(octets: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving() as server:
            bomber, other = await server.connect(), await server.connect()
            await start_deflate(bomber)
            await bomber.stream.send_all(pack(octets * (20_000_000 // len(octets))))
            await other.say("DATE", "QUIT")
            assert b"111 " in await other.rest()
            await bomber.rest()

    with caplog.at_level(logging.WARNING):
        run(main)
    assert not caplog.records


def test_what_is_not_compressed_ends_the_session() -> None:
    async def main() -> None:
        async with serving() as server:
            reader = await server.connect()
            await start_deflate(reader)
            await reader.say("DATE")
            assert b"111" not in await reader.rest()

    run(main)


def test_compressed_connections_are_few() -> None:
    async def main() -> None:
        async with serving(limits=Limits(compressed=1)) as server:
            first, second = await server.connect(), await server.connect()
            await start_deflate(first)
            await second.say("COMPRESS DEFLATE", "QUIT")
            assert [reply.code for reply in parse_responses(await second.rest())] == [200, 403, 205]

    run(main)


@pytest.mark.parametrize(
    ("address", "private"),
    [
        (("127.0.0.1", 119), True),
        (("127.8.8.8", 119), True),
        (("::1", 119, 0, 0), True),
        (("::1%lo", 119, 0, 0), True),
        (("192.0.2.1", 119), False),
        (("fe80::1%eth0", 119, 0, 2), False),
        (("2001:db8::1", 119, 0, 0), False),
        ("", True),
    ],
)
def test_which_addresses_are_private(address: object, private: bool) -> None:
    assert is_private(address) is private
