"""A whole node takes what somebody publishes, and what a newsreader posts: real store, real shelf.

What a fuzzer cannot guess is done for it: lines get their canonical form, authors and signatures, heads their hashes.
Afterwards every article can be read, is what its overview line says, and `check` and `rebuild` find nothing to mend.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import trio

from tests.fuzz.formats import as_object
from tests.fuzz.houses import copied_house, template
from tests.houses import House
from tests.ingest.forging import BOARD, Forger
from zbnntp.checking import check_people
from zbnntp.model.canonical import encode
from zbnntp.model.entries import POST_DOMAIN
from zbnntp.model.errors import Invalid, Refused
from zbnntp.model.keys import sha256
from zbnntp.rebuild import rebuild

BORDER = b"\xff\xfe\xff"
OFFERS_MOST = 4
GROUPS_MOST = 20


def intake(data: bytes) -> None:
    """Manifests of one author, one after another, divided by FF FE FF; each is a head's fields and lines of segments.

    A line after "@" stands in the state segment, all others in the one of posts.
    """
    trio.run(_take, template(), data)


async def _take(place: Path, data: bytes) -> None:
    alice = Forger("alice")
    async with copied_house(place) as bob:
        for part in data.split(BORDER)[:OFFERS_MOST]:
            first, *lines = part.split(b"\n")
            posts = [_post_line(alice, line) for line in lines if not line.startswith(b"@")]
            state = [_state_line(line[1:]) for line in lines if line.startswith(b"@")]
            with contextlib.suppress(Invalid, Refused):
                await bob.take(
                    alice.offer(
                        posts=[_segment(posts)] if posts else [],
                        state=[_segment(state)] if state else [],
                        **_head_fields(first),
                    )
                )
        await _check(bob)


def _segment(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _head_fields(line: bytes) -> dict[str, Any]:
    """What of a head is not as usual."""
    fields = as_object(line) or {}
    kept = {key: fields[key] for key in fields.keys() & {"nick", "time", "prev", "crit", "v", "endpoints", "merge"}}
    seq = fields.get("seq")
    return kept | ({"seq": seq} if type(seq) is int and 0 < seq < 2**53 else {})


def _post_line(author: Forger, raw: bytes) -> bytes:
    """As its author would sign it; what cannot be written so stays as it is."""
    line = as_object(raw)
    if line is None:
        return raw
    with contextlib.suppress(Invalid):
        if line.get("kind") == "post":
            line.setdefault("author", author.identity.hex())
            line.setdefault("boards", [BOARD])
            line.setdefault("time", author.seq - 1000)
        if line.get("kind") == "post" and "thread" not in line and isinstance(line.get("body"), str):
            header = {key: value for key, value in line.items() if key not in ("body", "sig")}
            header["body_sha256"] = sha256(line["body"].encode(errors="replace")).hex()
            line["sig"] = author.signer.sign(POST_DOMAIN + encode(header)).hex()
        return encode(line)
    return raw


def _state_line(raw: bytes) -> bytes:
    line = as_object(raw)
    with contextlib.suppress(Invalid):
        return encode(line) if line else raw
    return raw


def posting(data: bytes) -> None:
    """What a newsreader posts, once and once again, stands in its group and is published as it is shown."""
    trio.run(_post, template(), data)


async def _post(place: Path, data: bytes) -> None:
    async with copied_house(place) as bob:
        for octets in data.split(BORDER)[:OFFERS_MOST]:
            with contextlib.suppress(Invalid, Refused):
                await bob.desk.post(octets, "")
        before = _shown(bob)
        await bob.seal()
        assert _shown(bob) == before
        await _check(bob)


async def _check(house: House) -> None:
    before = _shown(house)
    assert not list(check_people(house.reader, lambda done, of: None))
    await house.writer.run(lambda database: rebuild(database, [house.identity], house.now, lambda done, of: None))
    assert _shown(house) == before


def _shown(house: House) -> dict[tuple[str, int], bytes]:
    """Every article in every group, whose size and lines are those of its overview line, without X-Zb- lines."""
    return {
        key: octets
        for group in [it.name for it in house.shelf.groups()][:GROUPS_MOST]
        for key, octets in _articles(house, group)
    }


def _articles(house: House, group: str) -> Iterator[tuple[tuple[str, int], bytes]]:
    for window in house.shelf.overview(group, 1, 2**31 - 1):
        assert not set(window.text.replace(b"\r\n", b"")) & {0, 10, 13}
        for row in window:
            article = house.shelf.article(group, row.number)
            assert article is not None
            fields = row.text.split(b"\t")
            assert int(fields[5]) == len(article.octets)
            assert fields[3].decode() == article.message_id
            head, _, body = article.octets.partition(b"\r\n\r\n")
            assert int(fields[6]) == body.count(b"\r\n")
            kept = [line for line in head.split(b"\r\n") if not line.startswith(b"X-Zb-")]
            yield (group, row.number), b"\r\n".join([*kept, b"", body])


TARGETS: tuple[Callable[[bytes], None], ...] = (intake, posting)
