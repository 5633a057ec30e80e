"""Lines that travel on their own, without a manifest: the proof of a fork, and a move (succession.py).

Whoever gets one can check it without asking anybody. docs/protocol.md "Versions: rollback, fork, clock", "changes".
"""

from __future__ import annotations

from dataclasses import dataclass

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding
from zbnntp.model.keys import Identity, parse_hex
from zbnntp.model.manifest import Pointer, open_pointer
from zbnntp.model.succession import Move, open_move


@dataclass(frozen=True, slots=True)
class Fork:
    """Proof that a key signed two heads of one seq; `low` has the lower head hash: the one that everybody keeps."""

    low: Pointer
    high: Pointer
    raw: bytes

    @property
    def identity(self) -> Identity:
        return self.low.identity


def make_fork(one: Pointer, other: Pointer) -> bytes:
    """The line that proves a fork; the two pointers are of one identity and seq, with different heads."""
    low, high = sorted((one, other), key=lambda pointer: pointer.head)
    return encode({"kind": "fork", "id": low.identity.hex(), "a": decode(low.raw), "b": decode(high.raw)})


def open_fork(raw: bytes) -> Fork:
    """A proof whose two signatures hold; raises BadEncoding, BadSignature, TooLarge."""
    line = decode(raw, limits.NOTICE_OCTETS)
    if line.get("kind") != "fork" or not isinstance(line.get("a"), dict) or not isinstance(line.get("b"), dict):
        raise BadEncoding("not a fork")
    low, high = open_pointer(encode(line["a"])), open_pointer(encode(line["b"]))
    if not low.identity == high.identity == parse_hex(line.get("id")) or low.seq != high.seq or low.head >= high.head:
        raise BadEncoding("a fork is two heads of one identity and seq, that of the lower hash first")
    return Fork(low, high, raw)


def open_notice(raw: bytes) -> Fork | Move:
    """Either of them, signatures checked; raises Invalid."""
    if decode(raw, limits.NOTICE_OCTETS).get("kind") == "fork":
        return open_fork(raw)
    return open_move(raw)


def is_notice(kind: object) -> bool:
    """Whether a line of that kind stands on its own in a feed or a push."""
    return kind in ("fork", "move")
