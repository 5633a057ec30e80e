"""Handing manifests over by hand, as peers do: what the other lacks, from where its own bytes end."""

from __future__ import annotations

from tests.houses import House
from zbnntp.model.bundle import Offer, slices_of
from zbnntp.model.manifest import Head, open_head, open_pointer
from zbnntp.store import evidence


def head_of(offer: Offer) -> Head:
    return open_head(offer.head, open_pointer(offer.pointer))


def held_head(house: House, of: House) -> Head:
    held = evidence.find_manifest(house.reader, of.identity)
    assert held is not None
    return open_head(held.head, open_pointer(held.pointer))


def contents(house: House, of: House) -> list[bytes]:
    """The bytes of the segments that a house holds of a person, in head order."""
    found = [evidence.find_segment(house.reader, ref.sha256) for ref in held_head(house, of).segments]
    return [item[1] for item in found if item is not None]


def lines(house: House, of: House | None = None) -> list[bytes]:
    """All lines published by a person as a house holds them."""
    return [line for data in contents(house, of or house) for line in data.splitlines()]


def newer(giver: House, taker: House) -> Offer:
    """Giver's own manifest, without the bytes that the taker has already."""
    held = evidence.find_manifest(giver.reader, giver.identity)
    assert held is not None
    person = evidence.find_person(taker.reader, giver.identity) or 0
    have = {
        it.ref.sha256: evidence.segment_octets(taker.reader, it.pk) for it in evidence.segments(taker.reader, person)
    }
    slices = []
    for ref, data in zip(held_head(giver, giver).segments, contents(giver, giver), strict=True):
        if ref.sha256 not in have:
            start = max((len(old) for old in have.values() if data.startswith(old)), default=0)
            slices += slices_of(ref.sha256, data, start)
    return Offer(held.pointer, held.head, tuple(slices))
