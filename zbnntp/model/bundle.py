"""Bundles: what is newer, as lines. An answer to `fetch`, the body of a push, an export file and a stick are the same.

For each identity: pointer line, head line, then slices of the segments that the head names, and notices, which stand
on their own: proofs of forks, moves. docs/protocol.md "Bundle".
Nothing here is believed: an Offer is raw bytes, sorted; ingest verifies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, Invalid, TooLarge
from zbnntp.model.fields import integer, text_field
from zbnntp.model.keys import Sha256, parse_hex

_OFFERED = frozenset({"pointer", "head", "slice"})
_NOTICES = frozenset({"fork", "move"})


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes of a segment from an offset on; whole lines."""

    segment: Sha256
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody's pointer and head lines (without line end) and the slices that go with them, unverified."""

    pointer: bytes
    head: bytes
    slices: tuple[Slice, ...] = ()
    notices: tuple[bytes, ...] = ()  # fork and move lines, without line end


def write_offer(offer: Offer) -> Iterator[bytes]:
    """The lines of an offer, line ends included."""
    yield offer.pointer + b"\n"
    yield offer.head + b"\n"
    for part in offer.slices:
        yield encode(_slice_line(part)) + b"\n"
    for notice in offer.notices:
        yield notice + b"\n"


def slices_of(segment: Sha256, data: bytes, start: int = 0) -> Iterator[Slice]:
    """`data[start:]` cut at line ends into slices of at most 128 KiB, or one line where a line is longer."""
    while start < len(data):
        end = min(start + limits.SLICE_OCTETS, len(data))
        if end < len(data):
            cut = data.rfind(b"\n", start, end)
            end = (cut if cut >= 0 else data.index(b"\n", end)) + 1
        yield Slice(segment, start, data[start:end])
        start = end


def read_bundle(lines: Iterable[bytes]) -> Iterator[Offer]:
    """The offers in a bundle's lines (with or without line end); raises BadEncoding, TooLarge.

    The limit of octets is one offer's: a file may hold any number of offers, also several of one identity. Lines of
    kinds that are not known are skipped. What came before a line that is damaged is an offer still.
    """
    group: list[tuple[str, bytes, dict[str, Any]]] = []
    octets = 0
    try:
        for kind, raw, line in _sorted(lines):
            if kind == "pointer" and group:
                yield _open_offer(group)
                group, octets = [], 0
            octets += len(raw) + 1
            if octets > limits.BUNDLE_OCTETS:
                raise TooLarge(f"an offer is at most {limits.BUNDLE_OCTETS} octets")
            if kind in _OFFERED or (kind in _NOTICES and group):
                group.append((kind, raw, line))
    except Invalid:
        with suppress(Invalid):
            yield _open_offer(group)
        raise
    if group:
        yield _open_offer(group)


def _sorted(lines: Iterable[bytes]) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for raw in lines:
        raw = raw.removesuffix(b"\n")
        line = decode(raw, limits.BUNDLE_LINE_OCTETS)
        yield text_field(line, "kind", lines=True), raw, line


def _open_offer(group: list[tuple[str, bytes, dict[str, Any]]]) -> Offer:
    notices = tuple(raw for kind, raw, _ in group if kind in _NOTICES)
    lines = [(kind, raw, line) for kind, raw, line in group if kind not in _NOTICES]
    kinds = [kind for kind, _, _ in lines]
    if kinds[:2] != ["pointer", "head"] or "head" in kinds[2:]:
        raise BadEncoding("a bundle is pointer, head, slices, in this order")
    return Offer(lines[0][1], lines[1][1], tuple(_open_slice(line) for _, _, line in lines[2:]), notices)


def _slice_line(part: Slice) -> dict[str, Any]:
    return {"kind": "slice", "seg": part.segment.hex(), "at": part.at, "data": part.data.decode()}


def _open_slice(line: dict[str, Any]) -> Slice:
    data = text_field(line, "data", octets=limits.SEGMENT_OCTETS, lines=True).encode()
    at = integer(line, "at", 0, limits.SEGMENT_OCTETS - len(data))
    if not data.endswith(b"\n"):
        raise BadEncoding("a slice is whole lines")
    if len(data) > limits.SLICE_OCTETS and data.count(b"\n") > 1:
        raise TooLarge(f"a slice of several lines is at most {limits.SLICE_OCTETS} octets")
    return Slice(Sha256(parse_hex(line.get("seg"))), at, data)
