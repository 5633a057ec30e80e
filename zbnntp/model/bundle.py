"""Bundles: what is newer, as lines. An answer to `fetch`, the body of a push, an export file and a stick are the same.

For each identity: pointer line, head line, then slices of the segments that the head names. docs/protocol.md "bundle".
Nothing here is believed: an Offer is raw bytes, sorted; ingest verifies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, TooLarge
from zbnntp.model.fields import integer
from zbnntp.model.keys import Sha256, parse_hex


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


def write_offer(offer: Offer) -> Iterator[bytes]:
    """The lines of an offer, line ends included."""
    yield offer.pointer + b"\n"
    yield offer.head + b"\n"
    for part in offer.slices:
        yield encode(_slice_line(part)) + b"\n"


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
    """The offers in a bundle's lines (with or without line end); raises BadEncoding, TooLarge."""
    pointer, head = b"", b""
    slices: list[Slice] = []
    octets = 0
    for raw in lines:
        octets += len(raw)
        if octets > limits.BUNDLE_OCTETS:
            raise TooLarge(f"a bundle is at most {limits.BUNDLE_OCTETS} octets")
        raw = raw.removesuffix(b"\n")
        line = decode(raw, limits.BUNDLE_LINE_OCTETS)
        kind = line.get("kind")
        if kind == "pointer":
            if pointer:
                yield _offer(pointer, head, slices)
            pointer, head, slices, octets = raw, b"", [], len(raw)
        elif kind == "head" and pointer and not head:
            head = raw
        elif kind == "slice" and head:
            slices.append(_open_slice(line))
        else:
            raise BadEncoding("a bundle is pointer, head, slices, in this order")
    if pointer:
        yield _offer(pointer, head, slices)


def _offer(pointer: bytes, head: bytes, slices: list[Slice]) -> Offer:
    if not head:
        raise BadEncoding("a pointer without its head")
    return Offer(pointer, head, tuple(slices))


def _slice_line(part: Slice) -> dict[str, Any]:
    return {"kind": "slice", "seg": part.segment.hex(), "at": part.at, "data": part.data.decode()}


def _open_slice(line: dict[str, Any]) -> Slice:
    if not isinstance(line.get("data"), str):
        raise BadEncoding("a slice has data")
    at = integer(line, "at", 0, limits.SEGMENT_OCTETS)
    return Slice(Sha256(parse_hex(line.get("seg"))), at, line["data"].encode())
