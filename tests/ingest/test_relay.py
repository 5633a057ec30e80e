"""What later versions say reaches others through a node that does not understand it, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

from tests.houses import START
from tests.ingest.forging import Forger, following, segment, shown
from zbnntp.library import Bell, Library
from zbnntp.model.bundle import Offer
from zbnntp.model.canonical import encode
from zbnntp.model.entries import POST_DOMAIN
from zbnntp.model.keys import sha256
from zbnntp.model.manifest import make_pointer


def later_opening(mallory: Forger) -> bytes:
    """An opening with a field that nobody knows; it belongs to the header and is signed with it."""
    line = json.loads(mallory.opening("From later", time=START - 1000))
    del line["sig"]
    line["mood"] = ["calm", 3, {"deep": True}]
    header = {key: value for key, value in line.items() if key != "body"}
    header["body_sha256"] = sha256(line["body"].encode()).hex()
    line["sig"] = mallory.signer.sign(POST_DOMAIN + encode(header)).hex()
    return encode(line)


def later_offer(mallory: Forger) -> Offer:
    """Unknown fields in the pointer, the head, its endpoints and references; unknown kinds in both roles."""
    posts = segment(mallory.opening("Known"), later_opening(mallory), encode({"kind": "poll", "options": ["a", "ü"]}))
    state = segment(encode({"kind": "badge", "of": [1, 2, 3]}), mallory.trust(Forger("other").identity, 7))
    plain = mallory.offer([posts], [state])
    head = json.loads(plain.head)
    refs = {role: [it | {"packed": "zstd"} for it in head[role]] for role in ("posts", "state")}
    endpoints = [{"url": "local:mallory", "own": True, "speed": 7}]
    raw = encode(head | refs | {"endpoints": endpoints, "licence": "free"})
    pointer = encode(json.loads(make_pointer(mallory.signer, mallory.seq, raw)) | {"hint": "later"})
    return Offer(pointer, raw, plain.slices)


async def test_unknown_fields_and_kinds_are_passed_on_byte_for_byte(tmp_path: Path) -> None:
    mallory = Forger("mallory")
    offer = later_offer(mallory)
    async with following(tmp_path, mallory, Forger("other")) as bob, following(tmp_path / "2", mallory) as carol:
        assert await bob.take(offer)
        library = Library(bob.reader, bob.intake, bob.identity, "epoch", Bell(), "rated", bob.clock)
        relayed = library.bundle(mallory.identity)
        assert relayed == offer
        assert [line for _, line in library.changes(0, 10) if line == offer.pointer] == [offer.pointer]
        assert await carol.take(relayed)
        for house in (bob, carol):
            assert sorted(shown(house).values()) == ["From later", "Known"]
            assert house.logged == []
