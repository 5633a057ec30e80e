"""Pointer, head and segment: the signed skeleton of what one identity publishes.

A pointer is the 32-byte hash of a head, signed as a BEP 44 item; a head names content-addressed segments; a segment is
lines of entries (entries.py). Outside bytes are `bytes` until an `open_` function returns one of the types below; there
is no other maker. docs/protocol.md sections "head", "pointer", "segment".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, BadSignature, TooLarge
from zbnntp.model.fields import integer, items, moment, names, text_field, version
from zbnntp.model.keys import SIGNATURE_OCTETS, Identity, Sha256, Signer, parse_hex, sha256, verify
from zbnntp.model.succession import Renewal, open_renewals, print_renewals

VERSION = 1
KNOWN_CRIT: frozenset[str] = frozenset()
_ONION_URL = re.compile(r"http://[a-z2-7]{56}\.onion")
_CONTROLS = bytes(range(0x20)).replace(b"\n", b"")
_LOCAL_URL = re.compile(r"local:[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True)
class Pointer:
    """`identity` says that its newest head has this hash. `raw` is the line as received, without line end."""

    identity: Identity
    seq: int
    head: Sha256
    raw: bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a manifest can be had: `http://<56>.onion` or `local:<name>`; own is authoritative, else a mirror."""

    url: str
    own: bool


@dataclass(frozen=True, slots=True)
class SegmentRef:
    """What a head says of a segment: hash of all its bytes, octets, lines, smallest time in it (0 for state)."""

    sha256: Sha256
    octets: int
    lines: int
    since: int


@dataclass(frozen=True, slots=True)
class Head:
    """One version of a manifest. `needs_newer` = it demands what this version does not know; nothing is shown."""

    identity: Identity
    seq: int
    time: int  # unix seconds
    nick: str
    endpoints: tuple[Endpoint, ...]
    posts: tuple[SegmentRef, ...]
    state: tuple[SegmentRef, ...]
    prev: tuple[int, Sha256] | None
    next: Sha256  # hash of the recovery public key
    next_by: tuple[Renewal, ...]  # how it came to be that; oldest first, signatures not checked
    merge: tuple[Sha256, ...]
    visitor: bytes | None  # X25519 public key with which the author enters closed onions
    needs_newer: bool
    sha256: Sha256
    raw: bytes

    @property
    def segments(self) -> tuple[SegmentRef, ...]:
        return self.posts + self.state


def pointer_buffer(seq: int, head: Sha256) -> bytes:
    """What a pointer's signature is over: a BEP 44 mutable item with salt `zbnntp1`."""
    return b"4:salt7:zbnntp13:seqi%de1:v32:%b" % (seq, head)


def make_pointer(signer: Signer, seq: int, head_raw: bytes) -> bytes:
    head = sha256(head_raw)
    return print_pointer(signer.identity, seq, head, signer.sign(pointer_buffer(seq, head)))


def print_pointer(identity: Identity, seq: int, head: bytes, signature: bytes) -> bytes:
    """The line of a pointer."""
    head_hex, id_hex, sig_hex = (octets.hex().encode() for octets in (head, identity, signature))
    return b'{"head":"%b","id":"%b","kind":"pointer","seq":%d,"sig":"%b"}' % (head_hex, id_hex, seq, sig_hex)


def open_pointer(raw: bytes) -> Pointer:
    """A pointer whose signature holds; raises BadEncoding, BadSignature, TooLarge."""
    line = decode(raw, limits.POINTER_OCTETS)
    if line.get("kind") != "pointer":
        raise BadEncoding("not a pointer")
    identity = Identity(parse_hex(line.get("id")))
    seq, head = integer(line, "seq", low=1), Sha256(parse_hex(line.get("head")))
    verify(identity, pointer_buffer(seq, head), parse_hex(line.get("sig"), SIGNATURE_OCTETS))
    return Pointer(identity, seq, head, raw)


def make_head(
    *,
    identity: Identity,
    seq: int,
    time: int,
    nick: str,
    endpoints: Sequence[Endpoint],
    posts: Sequence[SegmentRef],
    state: Sequence[SegmentRef],
    prev: tuple[int, Sha256] | None,
    next_key: Sha256,
    next_by: Sequence[Renewal] = (),
    merge: Sequence[Sha256] = (),
    visitor: bytes | None = None,
) -> bytes:
    """The canonical line of a head; the caller sees to the rules of seq. `merge`: other heads of a fork it heals."""
    line: dict[str, Any] = {
        "kind": "head",
        "v": VERSION,
        "id": identity.hex(),
        "seq": seq,
        "time": time,
        "nick": nick,
        "endpoints": [{"url": endpoint.url, "own": endpoint.own} for endpoint in endpoints],
        "posts": [_print_ref(ref) for ref in posts],
        "state": [_print_ref(ref) for ref in state],
        "next": next_key.hex(),
    }
    if prev:
        line["prev"] = [prev[0], prev[1].hex()]
    if next_by:
        line["next_by"] = print_renewals(next_by)
    if visitor:
        line["visitor"] = visitor.hex()
    if merge:
        line["merge"] = [head.hex() for head in merge[-limits.MERGED :]]
    return encode(line)


def open_head(raw: bytes, pointer: Pointer) -> Head:
    """The head that a verified pointer names; raises BadEncoding, BadSignature (another hash), TooLarge."""
    if len(raw) > limits.HEAD_OCTETS:
        raise TooLarge(f"a head of {len(raw)} octets is above the limit of {limits.HEAD_OCTETS}")
    if sha256(raw) != pointer.head:
        raise BadSignature("that head is not the one the pointer names")
    line = decode(raw)
    if (line.get("kind"), line.get("id")) != ("head", pointer.identity.hex()) or integer(line, "seq") != pointer.seq:
        raise BadEncoding("the head disagrees with its pointer")
    head = Head(
        identity=pointer.identity,
        seq=pointer.seq,
        time=moment(line, "time"),
        nick=text_field(line, "nick", characters=limits.NICK_CHARACTERS),
        endpoints=tuple(_open_endpoint(item) for item in items(line, "endpoints", limits.ENDPOINTS)),
        posts=tuple(_open_ref(item) for item in items(line, "posts", limits.SEGMENTS)),
        state=tuple(_open_ref(item) for item in items(line, "state", limits.SEGMENTS)),
        prev=_open_prev(line),
        next=Sha256(parse_hex(line.get("next"))),
        next_by=open_renewals(line),
        merge=tuple(Sha256(parse_hex(item)) for item in items(line, "merge", limits.MERGED)),
        visitor=_open_visitor(line),
        needs_newer=_needs_newer(line),
        sha256=pointer.head,
        raw=raw,
    )
    _check_totals(head)
    return head


def check_segment(ref: SegmentRef, data: bytes) -> tuple[bytes, ...]:
    """The lines of a segment whose bytes are what a head names; raises BadSignature, BadEncoding, TooLarge.

    Whether a line is a good entry is not asked here, but each can be relayed: text, and within the limit of a line.
    """
    if len(data) != ref.octets or sha256(data) != ref.sha256:
        raise BadSignature("a segment's bytes are not those its head names")
    lines = data.split(b"\n")
    if lines.pop() or len(lines) != ref.lines:
        raise BadEncoding("a segment is not made of the lines its head names")
    if max(map(len, lines)) > limits.LINE_OCTETS:
        raise TooLarge(f"a segment holds a line above the limit of {limits.LINE_OCTETS}")
    _check_text(data)
    return tuple(lines)


def _check_text(data: bytes) -> None:
    """A slice carries segments as JSON strings, so anything else could be kept but never passed on."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise BadEncoding("a segment is not UTF-8") from error
    if len(data.translate(None, _CONTROLS)) != len(data):
        raise BadEncoding("a segment holds a control character")


def check_url(url: str) -> str:
    """An endpoint of the only two forms there are; else BadEncoding."""
    if len(url) > limits.URL_OCTETS or not (_ONION_URL.fullmatch(url) or _LOCAL_URL.fullmatch(url)):
        raise BadEncoding("an endpoint is http://<56 characters>.onion")
    return url


def _print_ref(ref: SegmentRef) -> dict[str, Any]:
    return {"sha256": ref.sha256.hex(), "bytes": ref.octets, "lines": ref.lines, "from": ref.since}


def _open_ref(item: object) -> SegmentRef:
    if not isinstance(item, dict):
        raise BadEncoding("a segment reference is an object")
    octets = integer(item, "bytes", low=1)
    if octets > limits.SEGMENT_OCTETS:
        raise TooLarge(f"a segment of {octets} octets is above the limit of {limits.SEGMENT_OCTETS}")
    return SegmentRef(
        Sha256(parse_hex(item.get("sha256"))), octets, integer(item, "lines", low=1), moment(item, "from")
    )


def _open_endpoint(item: object) -> Endpoint:
    if not isinstance(item, dict) or not isinstance(item.get("own"), bool) or not isinstance(item.get("url"), str):
        raise BadEncoding("an endpoint is an object with url and own")
    return Endpoint(check_url(item["url"]), item["own"])


def _open_prev(line: dict[str, Any]) -> tuple[int, Sha256] | None:
    prev = version(line, "prev")
    if prev and prev[0] >= line["seq"]:
        raise BadEncoding("prev is an older head")
    return prev


def _open_visitor(line: dict[str, Any]) -> bytes | None:
    """What has another form is no key, and no reason to refuse a head: most readers never look at it."""
    try:
        return parse_hex(line["visitor"])
    except (KeyError, BadEncoding):
        return None


def _needs_newer(line: dict[str, Any]) -> bool:
    demands = names(line, "crit", limits.SEGMENTS)
    return integer(line, "v", low=1) > VERSION or not KNOWN_CRIT.issuperset(demands)


def _check_totals(head: Head) -> None:
    if len(head.segments) > limits.SEGMENTS:
        raise TooLarge(f"{len(head.segments)} segments are above the limit of {limits.SEGMENTS}")
    if sum(ref.octets for ref in head.state) > limits.STATE_OCTETS:
        raise TooLarge("the state segments are above 4 MiB")
    if len({ref.sha256 for ref in head.segments}) != len(head.segments):
        raise BadEncoding("a head names a segment twice")
