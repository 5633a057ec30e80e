"""TLS and compression without sockets: any cut gives the same octets, bombs cost nothing, what is broken ends it."""

from __future__ import annotations

import ssl
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.nntp.serving import trusting
from zbnntp.certificate import load_context, make_certificate
from zbnntp.nntp.deflate import UNFOLD_FREE_OCTETS, UNFOLD_MOST, Deflate
from zbnntp.nntp.layers import PIECE_OCTETS, LayerBroken, Layers
from zbnntp.nntp.tls import Tls


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return load_context(*make_certificate(tmp_path_factory.mktemp("tls"), 0))


class Client:
    """A newsreader's TLS over memory."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting().wrap_bio(self.incoming, self.outgoing)

    def shake(self, server: Tls, step: int = 1 << 20) -> None:
        """Both halves of a handshake, the client's octets in steps."""
        done = False
        while not (done and server.ready):
            try:
                self.tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            said = self.outgoing.read()
            for at in range(0, len(said), step):
                server.feed(said[at : at + step])
                server.shake()
                self.incoming.write(server.to_send())

    def say(self, octets: bytes) -> bytes:
        self.tls.write(octets)
        return self.outgoing.read()

    def hear(self, octets: bytes) -> bytes:
        self.incoming.write(octets)
        heard = b""
        try:
            while data := self.tls.read(1 << 16):
                heard += data
        except ssl.SSLWantReadError:
            pass
        return heard


def pack(octets: bytes, level: int = 9) -> bytes:
    packer = zlib.compressobj(level, wbits=-15)
    return packer.compress(octets) + packer.flush(zlib.Z_SYNC_FLUSH)


def unpack(octets: bytes) -> bytes:
    return zlib.decompressobj(wbits=-15).decompress(octets)


def read_all(layer: Deflate | Tls | Layers) -> bytes:
    octets = b""
    while data := layer.read():
        assert len(data) <= PIECE_OCTETS
        octets += data
    return octets


@pytest.mark.parametrize("step", [1 << 20, 1, 7])
def test_tls_is_the_same_however_it_is_cut(context: ssl.SSLContext, step: int) -> None:
    client, server = Client(), Tls(context)
    client.shake(server, step)
    said = client.say(b"DATE\r\n" * 300)
    heard = b""
    for at in range(0, len(said), step):
        server.feed(said[at : at + step])
        heard += read_all(server)
    assert heard == b"DATE\r\n" * 300
    assert client.hear(server.write(b"111 x\r\n" * 9)) == b"111 x\r\n" * 9


def test_what_comes_with_the_end_of_a_handshake_is_not_lost(context: ssl.SSLContext) -> None:
    client, server = Client(), Tls(context)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    server.feed(client.outgoing.read())
    server.shake()
    client.incoming.write(server.to_send())
    client.tls.do_handshake()
    server.feed(client.outgoing.read() + client.say(b"DATE\r\n"))
    server.shake()
    assert server.ready
    assert server.read() == b"DATE\r\n"


def test_tls_ends_with_a_notice_and_notices_the_end(context: ssl.SSLContext) -> None:
    client, server = Client(), Tls(context)
    client.shake(server)
    client.incoming.write(server.close())
    assert client.tls.read(9) == b""  # else it would be an error: cut off
    client.tls.unwrap()
    server.feed(client.outgoing.read())
    with pytest.raises(LayerBroken):
        server.read()


def test_a_newsreader_that_closes_tls_has_hung_up(context: ssl.SSLContext) -> None:
    client, server = Client(), Tls(context)
    client.shake(server)
    client.hear(server.to_send())
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    server.feed(client.outgoing.read())
    with pytest.raises(LayerBroken, match="closed"):
        server.read()


@pytest.mark.parametrize("octets", [b"GROUP tech.linux\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"])
def test_what_is_no_handshake_ends_it_with_an_alert(context: ssl.SSLContext, octets: bytes) -> None:
    server = Tls(context)
    server.feed(octets)
    with pytest.raises(LayerBroken):
        server.shake()
    assert server.to_send().startswith((b"\x15", b""))


def test_garbage_in_tls_ends_it(context: ssl.SSLContext) -> None:
    client, server = Client(), Tls(context)
    client.shake(server)
    server.feed(b"DATE\r\n" * 9)
    with pytest.raises(LayerBroken):
        server.read()
    with pytest.raises(LayerBroken):
        server.write(b"400 x\r\n")


@given(st.binary(max_size=3000), st.integers(1, 99))
@settings(max_examples=50, deadline=None)
def test_deflate_is_the_same_however_it_is_cut(octets: bytes, step: int) -> None:
    layer, packed, heard = Deflate(), pack(octets), b""
    for at in range(0, len(packed), step):
        layer.feed(packed[at : at + step])
        heard += read_all(layer)
    assert heard == octets


def test_each_send_can_be_read_at_once() -> None:
    layer, unpacker = Deflate(), zlib.decompressobj(wbits=-15)
    for answer in (b"111 20260101000000\r\n", b"x" * 200_000, b"\r\n.\r\n"):
        assert unpacker.decompress(layer.write(answer)) == answer


def test_a_bomb_is_cut_off_in_pieces() -> None:
    """64 KiB that would unfold to 67 MB."""
    bomb = pack(b"\0" * 67_000_000)
    layer = Deflate()
    layer.feed(bomb)
    pieces: list[int] = []
    with pytest.raises(LayerBroken, match="unfolds"):
        pieces.extend(len(layer.read()) for _ in range(2000))
    assert max(pieces) <= PIECE_OCTETS
    assert sum(pieces) <= UNFOLD_FREE_OCTETS + UNFOLD_MOST * len(bomb) < 5_000_000


def test_what_newsreaders_send_is_far_from_a_bomb() -> None:
    commands = b"".join(b"ARTICLE <%052d@zb.invalid>\r\n" % number for number in range(50_000))
    assert len(commands) / len(pack(commands)) < UNFOLD_MOST
    layer = Deflate()
    layer.feed(pack(commands))
    assert read_all(layer) == commands


def test_what_is_not_deflate_ends_it() -> None:
    layer = Deflate()
    layer.feed(b"DATE\r\n")
    with pytest.raises(LayerBroken):
        layer.read()


def test_the_end_of_a_stream_comes_after_its_last_octets() -> None:
    layer, packer = Deflate(), zlib.compressobj(wbits=-15)
    layer.feed(packer.compress(b"QUIT\r\n") + packer.flush(zlib.Z_FINISH))
    assert layer.read() == b"QUIT\r\n"
    with pytest.raises(LayerBroken):
        layer.read()


def test_layers_encrypt_what_is_compressed(context: ssl.SSLContext) -> None:
    client, tls, layers = Client(), Tls(context), Layers()
    client.shake(tls)
    layers.push(tls)
    layers.push(Deflate())
    commands = b"".join(b"STAT %d\r\n" % number for number in range(30_000))
    layers.feed(client.say(pack(commands)))
    assert read_all(layers) == commands
    assert layers.read() == b""
    assert unpack(client.hear(layers.write(b"223 x\r\n"))) == b"223 x\r\n"
    assert client.hear(layers.close())  # the end of the deflate stream, then close_notify


def test_closing_what_is_broken_says_nothing(context: ssl.SSLContext) -> None:
    layers = Layers()
    layers.push(Tls(context))
    layers.push(Deflate())
    assert layers.close() == b""
