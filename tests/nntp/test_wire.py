"""A wire alone: who vanishes, and layers that break while octets wait to go out."""

from __future__ import annotations

import socket
import ssl
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trio

from tests.nntp.dialogue import machine_for
from tests.nntp.serving import run, trusting
from zbnntp.certificate import load_context, make_certificate
from zbnntp.nntp.deflate import Deflate
from zbnntp.nntp.server import listen
from zbnntp.nntp.tls import Tls
from zbnntp.nntp.wire import HungUp, Wire


@contextmanager
def connected() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire and its newsreader."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as reader:
        wire = Wire(listener.accept()[0])
        with closing(reader):
            yield wire, reader
        wire.drop()


def reset(reader: socket.socket) -> None:
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reader.close()


def test_it_knows_where_the_newsreader_is() -> None:
    async def main() -> None:
        with connected() as (wire, reader):
            assert wire.address == "127.0.0.1"
            reset(reader)
            with pytest.raises(HungUp):
                await wire.receive()
            with pytest.raises(HungUp):
                _ = wire.address

    run(main)


def test_layers_that_break_end_what_is_being_said() -> None:
    async def main() -> None:
        with connected() as (wire, reader):
            wire.push(Tls(_context()))  # without a handshake
            with pytest.raises(HungUp):
                await wire.send(b"111 x\r\n", machine_for())
            reader.sendall(b"DATE\r\n")
            with pytest.raises(HungUp):
                await wire.receive()

    run(main)


def test_half_a_layer_is_waited_for() -> None:
    async def main() -> None:
        with connected() as (wire, reader):
            wire.push(Deflate())
            packed = Deflate().write(b"DATE\r\n")

            async def trickle() -> None:
                for octet in packed:
                    reader.sendall(bytes([octet]))
                    await trio.sleep(0.1)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(trickle)
                heard = b""
                while len(heard) < len(b"DATE\r\n"):
                    heard += await wire.receive()
            assert heard == b"DATE\r\n"

    run(main)


def test_a_handshake_ends_when_the_newsreader_does() -> None:
    async def main() -> None:
        with connected() as (wire, reader):
            reset(reader)
            with pytest.raises(HungUp):
                await wire.shake_hands(Tls(_context()), 9)

    run(main)


def test_a_handshake_goes_out_even_through_a_full_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent in pieces of ten octets, as a kernel without room would take it."""
    whole = Wire._send_now
    monkeypatch.setattr(Wire, "_send_now", lambda wire, octets: whole(wire, memoryview(octets)[:10]))

    async def main() -> None:
        with connected() as (wire, reader):
            reader.setblocking(False)
            stream = trio.SSLStream(
                trio.SocketStream(trio.socket.from_stdlib_socket(reader)), trusting(), https_compatible=True
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wire.shake_hands, Tls(_context()), 99)
                await stream.do_handshake()

    run(main)


def _context() -> ssl.SSLContext:
    with tempfile.TemporaryDirectory() as folder:
        return load_context(*make_certificate(Path(folder), 0))
