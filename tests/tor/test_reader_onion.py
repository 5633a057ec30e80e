"""One's own node from one's own telephone: newsreaders through an onion that lets in only devices with a key."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio

from tests.node_process import NodeProcess
from tests.tor.onions import PUBLISHED_SECONDS, own_tor, running

pytestmark = [pytest.mark.tor, pytest.mark.slow]
SECRET = "open anna"
PORT = 119
SILENCE_SECONDS = 5
ADDRESS_OCTETS = {1: 4, 4: 16}  # by type
NO_AUTHENTICATION, DOMAIN_NAME, SUCCEEDED = b"\x05\x01\x00", b"\x05\x01\x00\x03", 0


@pytest.fixture
def node(short_dir: Path, network_torrc: Sequence[str]) -> Iterator[NodeProcess]:
    """anna's node, to which newsreaders come through tor."""
    passphrase = short_dir / "passphrase"
    passphrase.write_text(SECRET + "\n")
    key = ("--passphrase-file", str(passphrase))
    node = NodeProcess(short_dir / "anna", "anna", args=("--tor", "own", *key))
    node._zbnntp("init", "--nick", "anna", *key)
    options = ",\n".join(json.dumps(line) for line in network_torrc)
    (node.home / "zbnntp.toml").write_text(f'nntp_onion = "closed"\ntor_options = [\n{options}\n]\n')
    node.start()
    yield node
    node.stop()


def device(node: NodeProcess, kind: str, name: str) -> str:
    command = [sys.executable, "-m", "zbnntp.cli", "device", kind, "--home", str(node.home), name]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


async def knock(socks: Path, onion: str, seconds: float = PUBLISHED_SECONDS) -> trio.SocketStream | None:
    """A connection to the port of newsreaders there, as RFC 1928 has it; None when tor cannot make one in time."""
    stream = await trio.open_unix_socket(socks)
    with trio.move_on_after(seconds):
        await stream.send_all(NO_AUTHENTICATION)
        await exactly(stream, 2)
        await stream.send_all(DOMAIN_NAME + bytes([len(onion)]) + onion.encode() + PORT.to_bytes(2, "big"))
        answer = await exactly(stream, 4)
        await exactly(stream, ADDRESS_OCTETS[answer[3]] + 2)  # what it is connected to says nothing
        if answer[1] == SUCCEEDED:
            return stream
    await stream.aclose()
    return None


async def exactly(stream: trio.SocketStream, octets: int) -> bytes:
    heard = b""
    while len(heard) < octets:
        more = await stream.receive_some(octets - len(heard))
        assert more, "tor hung up"
        heard += more
    return heard


async def dialogue(stream: trio.SocketStream, *lines: str) -> list[str]:
    """The codes of the greeting and of what is answered to each line."""
    codes = []
    for line in (*lines, None):
        heard = b""
        while not heard.endswith(b"\r\n"):
            heard += await stream.receive_some(4096)
        codes.append(heard.decode()[:3])
        if line is not None:
            await stream.send_all(f"{line}\r\n".encode())
    return codes


async def answer(stream: trio.SocketStream, line: str) -> bytes:
    """What is said to a line; nothing where the way has been cut, which the other end may not have heard of yet."""
    with trio.move_on_after(SILENCE_SECONDS), suppress(trio.BrokenResourceError):
        await stream.send_all(f"{line}\r\n".encode())
        return bytes(await stream.receive_some(512))
    return b""


@asynccontextmanager
async def somebody(directory: Path, torrc: Sequence[str], onion: str, key: bytes | None) -> AsyncIterator[Path]:
    """The SOCKS socket of a device's own tor; with `key`, it shows that at the onion."""
    tor, source = own_tor(directory, torrc, [])
    async with running(tor):
        with trio.fail_after(PUBLISHED_SECONDS):
            await tor.wait_bootstrapped()
        if key:
            await tor.present(onion, key)
        yield source.socks


async def test_a_telephone_with_a_key_reads_and_one_without_finds_nothing(
    node: NodeProcess, network_torrc: Sequence[str], short_dir: Path
) -> None:
    printed = await trio.to_thread.run_sync(device, node, "add", "phone")
    host, key = (re.search(rf"(?m)^ +{word} +(\S+)", printed) for word in ("Host", "Key"))
    assert host
    assert key
    onion, secret = host[1], base64.b32decode(key[1] + "====")
    await trio.to_thread.run_sync(node.wait_line, re.compile(f"{onion} is reachable"), PUBLISHED_SECONDS)
    async with (
        somebody(short_dir / "phone", network_torrc, onion, secret) as phone,
        somebody(short_dir / "other", network_torrc, onion, None) as other,
    ):
        with trio.fail_after(PUBLISHED_SECONDS):
            while (stream := await knock(phone, onion)) is None:
                await trio.sleep(0.5)
        lines = ("GROUP zb.help", "AUTHINFO USER anna", f"AUTHINFO PASS {SECRET}", "GROUP zb.help")
        assert await dialogue(stream, *lines) == ["200", "480", "381", "281", "211"]
        assert await knock(other, onion) is None
        await trio.to_thread.run_sync(device, node, "remove", "phone")
        assert not await answer(stream, "DATE")
        await stream.aclose()
        assert await knock(phone, onion, SILENCE_SECONDS) is None
