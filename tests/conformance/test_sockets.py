"""The same checks over real sockets, TLS and compression: whole and octet by octet."""

from __future__ import annotations

import contextlib
import ssl
import zlib

import pytest
import trio

from tests.conformance.checks import Check
from tests.conformance.test_dialogues import CHECKS, fits
from tests.fakes import FakeHouse
from tests.nntp.dialogue import (
    ALL,
    EXPOSED,
    FULL,
    HOUSEHOLD,
    IN_TLS,
    LOOPBACK,
    MULTI_LINE,
    PASSWORDS,
    PLAIN,
    Response,
    exchange,
    forum,
    parse_responses,
)
from tests.nntp.serving import Server, run, serving, trusting
from zbnntp.certificate import load_context, make_certificate
from zbnntp.nntp import server as nntp
from zbnntp.nntp.server import Limits

Stream = trio.abc.Stream


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return load_context(*make_certificate(tmp_path_factory.mktemp("tls"), 0))


class BrokenContext(ssl.SSLContext):
    """TLS that cannot begin."""

    def wrap_bio(self, *_: object, **__: object) -> ssl.SSLObject:
        raise ssl.SSLError("no certificate")


class Deflated(trio.abc.Stream):
    """The newsreader's half of COMPRESS DEFLATE."""

    def __init__(self, below: Stream) -> None:
        self.below = below
        self.packer, self.unpacker = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    async def send_all(self, data: bytes) -> None:
        await self.below.send_all(self.packer.compress(data) + self.packer.flush(zlib.Z_SYNC_FLUSH))

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        while packed := await self.below.receive_some(max_bytes):
            if data := self.unpacker.decompress(packed):
                return data
        return b""

    async def wait_send_all_might_not_block(self) -> None:
        await self.below.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.below.aclose()


class Caller:
    """A newsreader that waits for each answer, and turns on TLS and compression when told to."""

    def __init__(self, stream: Stream, step: int) -> None:
        self.stream, self.step, self.heard = stream, step, b""

    async def say(self, octets: bytes) -> None:
        with contextlib.suppress(trio.BrokenResourceError):  # the server has hung up, as it should after QUIT
            for at in range(0, len(octets), self.step):
                await self.stream.send_all(octets[at : at + self.step])

    async def until(self, ending: bytes) -> bytes:
        while ending not in self.heard:
            data = await self.stream.receive_some()
            assert data, self.heard
            self.heard += data
        head, _, self.heard = self.heard.partition(ending)
        return head + ending

    async def response(self) -> Response:
        octets = await self.until(b"\r\n")
        code = int(octets[:3])
        if code in MULTI_LINE or octets.endswith(b"list follows\r\n"):
            while not octets.endswith((b"\r\n.\r\n", b"follow\r\n.\r\n")):
                octets += await self.until(b"\r\n")
        if code == 382:
            self.stream = trio.SSLStream(self.stream, trusting(), https_compatible=True)
        if code == 206:
            self.stream = Deflated(self.stream)
        (response,) = parse_responses(octets)
        return response


@pytest.mark.parametrize("step", [1 << 20, 1], ids=["whole", "octet by octet"])
def test_a_pipelining_newsreader_hears_what_the_machine_says(step: int) -> None:
    async def main() -> None:
        async with serving() as server:
            for check in [check for check in CHECKS if check.terms == PLAIN]:
                octets = b"".join(check.turns) + b"QUIT\r\n"
                reader = await server.connect()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(Caller(reader.stream, step).say, octets)
                    heard = await reader.rest()
                assert heard.partition(b"\r\n")[2] == exchange(octets, terms=LOOPBACK), check

    trio.run(main)


@pytest.mark.parametrize("step", [1 << 20, 1], ids=["whole", "octet by octet"])
@pytest.mark.parametrize(
    "terms", [ALL, HOUSEHOLD, EXPOSED, IN_TLS, FULL], ids=["all", "household", "exposed", "in TLS", "full"]
)
def test_logins_tls_and_compression(
    terms: object, step: int, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With real handshakes and real deflate."""
    if terms in (EXPOSED, IN_TLS):
        monkeypatch.setattr(nntp, "is_private", lambda address: False)
    tls = BrokenContext(ssl.PROTOCOL_TLS_SERVER) if terms == FULL else context
    house = FakeHouse(forum, PASSWORDS, offers_login=True, demands_login=terms == HOUSEHOLD)

    async def main() -> None:
        for check in [check for check in CHECKS if check.terms == terms]:
            house.make = forum
            limits = Limits(compressed=0 if terms == FULL else 9)
            async with serving(house, limits, tls=tls) as server:
                await converse(check, server, step)

    run(main)


async def converse(check: Check, server: Server, step: int) -> None:
    reader = await server.connect(tls=check.terms == IN_TLS)
    caller = Caller(reader.stream, step)
    assert (await caller.response()).code == 200
    expected = iter(check.expected)
    for sent, octets in zip(check.sent, check.turns, strict=True):
        await caller.say(octets)
        if isinstance(sent, str) or sent not in (b"DATE\r\n",):
            wanted = next(expected)
            response = await caller.response()
            assert fits(response, wanted), f"{check}: {response} {response.lines} is not {wanted}"
