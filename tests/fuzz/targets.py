"""What is fuzzed: everything that reads octets from outside. A target takes any octets and fails where a rule breaks.

Refusing is right (Invalid, a reply, LayerBroken); any other exception is not.
"""

from __future__ import annotations

import contextlib
import functools
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.nntp.dialogue import ALL, EXPOSED, HOUSEHOLD, PLAIN, feed, parse_responses, pieces_of
from zbnntp.certificate import load_context, make_certificate
from zbnntp.model.bundle import read_bundle, write_offer
from zbnntp.model.canonical import decode, encode
from zbnntp.model.entries import POSTS, STATE, open_entry
from zbnntp.model.errors import Invalid
from zbnntp.model.keys import Identity, parse_hex
from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.model.proto import parse_proto
from zbnntp.nntp.deflate import Deflate
from zbnntp.nntp.layers import PIECE_OCTETS, LayerBroken
from zbnntp.nntp.session import Terms
from zbnntp.nntp.tls import Tls

# The first octet of an input chooses among these.
TERMS = (PLAIN, Terms(offers_login=True), ALL, HOUSEHOLD, EXPOSED)


def nntp(data: bytes) -> None:
    """Any octets, cut anywhere, get well-formed replies or a close; where they are cut changes nothing.

    The second octet is the size of the pieces. Where TLS or compression may begin, what comes too early is dropped,
    so that there the cut does matter.
    """
    terms, size = TERMS[data[0] % len(TERMS)] if data else PLAIN, 1 + data[1] if data[1:] else 1
    whole = feed([data[2:]], terms=terms)
    cut = feed(pieces_of(data[2:], size), terms=terms)
    assert cut == whole or terms.make_tls
    parse_responses(whole)
    parse_responses(cut)


def article(data: bytes) -> None:
    """What a newsreader posts is understood or refused with a sentence for its user."""
    said = ""
    try:
        proto = parse_proto(data)
    except Invalid as error:
        said = str(error) or "\0"
    else:
        assert proto.subject
        assert proto.newsgroups
        assert "\r" not in proto.body
    assert not said or said.isprintable()


def canonical(data: bytes) -> None:
    """What is accepted is exactly what would be printed."""
    with contextlib.suppress(Invalid):
        assert encode(decode(data)) == data


def entry(data: bytes) -> None:
    """Lines of segments, of whoever the line itself says."""
    with contextlib.suppress(Invalid):
        line = decode(data)
        for role in (POSTS, STATE):
            with contextlib.suppress(Invalid):
                open_entry(data, _author(line), role)


def _author(line: dict[str, object]) -> Identity:
    try:
        return Identity(parse_hex(line.get("author")))
    except Invalid:
        return Identity(bytes(32))


def bundle(data: bytes) -> None:
    """What is read as an offer can be written, and reads the same again."""
    with contextlib.suppress(Invalid):
        for offer in read_bundle(data.split(b"\n")):
            written = list(write_offer(offer))
            assert list(read_bundle(written)) == [offer]
            with contextlib.suppress(Invalid):
                open_head(offer.head, open_pointer(offer.pointer))


def layers(data: bytes) -> None:
    """Octets in place of compressed ones, of a handshake, and of what follows it."""
    deflate = Deflate()
    with contextlib.suppress(LayerBroken):
        deflate.feed(data)
        while piece := deflate.read():
            assert len(piece) <= PIECE_OCTETS
    tls = Tls(_context())
    with contextlib.suppress(LayerBroken):
        for piece in pieces_of(data, 64):
            tls.feed(piece)
            tls.shake()
    assert not tls.ready
    tls.to_send()


@functools.cache
def _context() -> ssl.SSLContext:
    with tempfile.TemporaryDirectory() as folder:
        return load_context(*make_certificate(Path(folder), 0))


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (nntp, article, canonical, entry, bundle, layers)
}
