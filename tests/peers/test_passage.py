"""The way in for a tor of another user: its programs are led to our Unix socket, all others are sent away unheard."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.peers.fake_tor import FakeTor
from tests.peers.test_onion import running, until
from zbnntp.model.errors import TorDown
from zbnntp.peers.onion import OnionService, Tor
from zbnntp.peers.passage import HOST, NOBODY, Passage, find_owner
from zbnntp.peers.tor_process import SystemTor
from zbnntp.peers.web import listen_unix

ME = os.getuid()
SOMEBODY = ME + 1
LARGE = b"0123456789abcdef" * 65_536  # a megabyte
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 30117 1
   1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000   109        0 30118 1
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 30119 1
   3: 0100007F:9C42 0100007F:1F90 06 00000000:00000000 03:00001770 00000000     0        0 0 3
"""


@pytest.mark.parametrize(
    ("port", "owner"),
    [(40_000, 109), (40_002, None), (40_001, None)],
    ids=["open", "closed already", "unknown"],
)
def test_the_owner_of_the_clients_end_is_found(port: int, owner: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.byteorder", "little")
    assert find_owner(TABLE, (HOST, port), (HOST, 8080)) == owner


@asynccontextmanager
async def passage(target: Path, user: int) -> AsyncIterator[int]:
    """An open passage; its port."""
    async with trio.open_nursery() as nursery:
        way = Passage(target, user)
        nursery.start_soon(way.run)
        yield way.port
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def door(path: Path) -> AsyncIterator[list[bytes]]:
    """A server that answers with what it was sent, when all is said; `heard`, what each visitor said."""
    heard: list[bytes] = []

    async def answer(stream: trio.SocketStream) -> None:
        said = b"".join([piece async for piece in stream])
        heard.append(said)
        await stream.send_all(said)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, answer, [listen_unix(path)])
        yield heard
        nursery.cancel_scope.cancel()


async def ask(port: int, words: bytes) -> bytes:
    """All that is answered; nothing when the connection is cut."""
    answer = b""

    async def listen(stream: trio.SocketStream) -> None:
        nonlocal answer
        answer = b"".join([piece async for piece in stream])

    stream = await trio.open_tcp_stream(HOST, port)
    async with stream:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(listen, stream)
                await stream.send_all(words)
                await stream.send_eof()
        except* trio.BrokenResourceError:
            pass  # cut off
    return answer


async def test_tor_is_led_to_the_socket_and_gets_the_answer(short_dir: Path) -> None:
    async with door(short_dir / "web.sock") as heard, passage(short_dir / "web.sock", ME) as port:
        assert await ask(port, b"hello") == b"hello"
        assert await ask(port, LARGE) == LARGE
    assert heard == [b"hello", LARGE]


async def test_a_program_of_another_user_is_cut_off_unheard(short_dir: Path) -> None:
    async with door(short_dir / "web.sock") as heard, passage(short_dir / "web.sock", SOMEBODY) as port:
        assert await ask(port, b"GET /zb/1/node HTTP/1.1\r\nHost: an.onion\r\n\r\n") == b""
    assert heard == []


async def test_where_nobody_serves_the_connection_ends_and_the_next_one_finds_the_door(short_dir: Path) -> None:
    async with passage(short_dir / "web.sock", ME) as port:
        assert await ask(port, b"hello") == b""
        async with door(short_dir / "web.sock"):
            assert await ask(port, b"hello") == b"hello"


async def test_what_is_too_many_is_sent_away(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zbnntp.peers.passage.VISITORS", 1)
    async with door(short_dir / "web.sock"), passage(short_dir / "web.sock", ME) as port:
        async with await trio.open_tcp_stream(HOST, port) as first:
            await first.send_all(b"I keep the place")
            assert await ask(port, b"hello") == b""
        await until_answered(lambda: ask(port, b"hello"))


async def until_answered(call: Callable[[], object]) -> None:
    with trio.fail_after(10):
        while not await call():  # type: ignore[misc]
            await trio.sleep(0.01)


def test_where_users_cannot_be_told_apart_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(TorDown, match="PrivateUsers=no"):
        Passage(tmp_path / "web.sock", NOBODY)


class StrangersTor(SystemTor):
    """As if another user ran it."""

    def stranger(self) -> int:
        return ME


async def test_an_onion_of_a_strangers_tor_leads_through_one_passage(short_dir: Path) -> None:
    fake = FakeTor(short_dir)
    tor = Tor(StrangersTor(fake.source.control, fake.source.socks, fake.source.cookie), [].append)
    services = [OnionService(bytes([number]) * 32, short_dir / "web.sock") for number in (1, 2)]
    for service in services:
        fake.addresses[service.command(pow_defence=False).split()[1]] = service.service_id
    async with running(tor, fake), door(short_dir / "web.sock"):
        for service in services:
            tor.add(service)
            await service.wait_reachable()
        ways = {word for line in fake.asked("ADD_ONION") for word in line.split() if word.startswith("Port=")}
        way = ways.pop()
        assert not ways
        assert way.startswith(f"Port=80,{HOST}:")
        assert await ask(int(way.rpartition(":")[2]), b"hello") == b"hello"
        await fake.hang_up()
        await until(lambda: fake.connections == 2)
        for service in services:
            await service.wait_reachable()
        assert len(fake.asked("ADD_ONION")) == 4
