"""Somebody who publishes whatever they like, by the rules or against them; and a house that has to cope with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.houses import START, Clock, House, open_house
from zbnntp.model.bundle import Offer, Slice, slices_of
from zbnntp.model.canonical import encode
from zbnntp.model.entries import make_post, make_trust, make_vote
from zbnntp.model.keys import Identity, PostId, Sha256, Signer, message_id, sha256
from zbnntp.model.manifest import make_pointer

BOARD = "test.talk"
SOURCE = "somewhere.onion"


def segment(*lines: bytes) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def post_id(line: bytes) -> PostId:
    """The id of a post line, computed without the code under test."""
    fields = json.loads(line)
    fields.pop("sig", None)
    fields["body_sha256"] = sha256(fields.pop("body").encode()).hex()
    return PostId(sha256(encode(fields)))


def name_of(line: bytes) -> str:
    return message_id(post_id(line))


def cut(data: bytes, at: int = 0, end: int | None = None) -> Slice:
    """One slice of a segment."""
    return Slice(Sha256(sha256(data)), at, data[at:end])


def head_of(offer: Offer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(offer.head)
    return found


@dataclass
class Forger:
    """One key. Every head is newer than the one before unless it is told otherwise."""

    name: str
    seq: int = START - 100

    def __post_init__(self) -> None:
        self.signer = Signer.from_seed(sha256(b"zbnntp test key " + self.name.encode()))

    @property
    def identity(self) -> Identity:
        return self.signer.identity

    def opening(
        self, subject: str, *, body: str = "x\n", time: int = START - 1000, boards: Sequence[str] = (BOARD,)
    ) -> bytes:
        return make_post(self.signer, boards=boards, body=body, time=time, subject=subject)

    def reply(
        self, to: bytes, body: str = "y\n", *, time: int = START - 900, boards: Sequence[str] = (BOARD,)
    ) -> bytes:
        """An answer to an opening or to another answer."""
        answered, fields = post_id(to), json.loads(to)
        thread = PostId(bytes.fromhex(fields["thread"])) if "thread" in fields else answered
        parents = [*(PostId(bytes.fromhex(it)) for it in fields.get("parents", ())), answered][-8:]
        parents = [it for it in parents if it != thread] or [thread]
        return make_post(self.signer, boards=boards, body=body, time=time, thread=thread, parents=parents)

    def trust(self, target: Identity, mt: int | None, tlt: int | None = None, time: int = START - 1000) -> bytes:
        return make_trust(target, mt, tlt, "", time)

    def vote(self, line: bytes, value: int) -> bytes:
        """A vote on a post."""
        return make_vote(post_id(line), Identity(bytes.fromhex(json.loads(line)["author"])), value)

    def offer(
        self,
        posts: Sequence[bytes] = (),
        state: Sequence[bytes] = (),
        slices: Sequence[Slice] | None = None,
        refs: Sequence[dict[str, Any]] = (),
        **fields: Any,
    ) -> Offer:
        """A head that names these segments, all their bytes beside it unless `slices` are given.

        `fields` replace fields of the head.
        """
        self.seq = fields.get("seq", self.seq + 1)
        head = {
            "kind": "head",
            "v": 1,
            "id": self.identity.hex(),
            "seq": self.seq,
            "time": min(self.seq, 2**40),
            "nick": self.name,
            "endpoints": [],
            "posts": [*(self._ref(data, START - 1000) for data in posts), *refs],
            "state": [self._ref(data, 0) for data in state],
            "next": sha256(self.identity).hex(),
        }
        raw = encode(head | fields)
        if slices is None:
            slices = [part for data in (*posts, *state) for part in slices_of(Sha256(sha256(data)), data)]
        return Offer(make_pointer(self.signer, self.seq, raw), raw, tuple(slices))

    def _ref(self, data: bytes, since: int) -> dict[str, Any]:
        return {"sha256": sha256(data).hex(), "bytes": len(data), "lines": data.count(b"\n"), "from": since}


@asynccontextmanager
async def following(directory: Path, *authors: Forger | House, clock: Clock | None = None) -> AsyncIterator[House]:
    """Bob's house, who trusts these authors' posts."""
    async with open_house(directory, "bob", clock) as bob:
        for author in authors:
            await bob.rate(author.identity, mt=5000)
        yield bob


def dump(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    return dump_all(house.reader)


def dump_all(reader: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = reader.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return {name: reader.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}


def shown(house: House, board: str = BOARD) -> dict[int, str]:
    """Subject by number."""
    rows = [row for window in house.shelf.overview(board, 1, 2**31 - 1) for row in window]
    return {row.number: row.text.split(b"\t")[0].decode() for row in rows}


def check_octets(house: House, board: str = BOARD) -> None:
    """What the overview says of each article's length is its length."""
    for window in house.shelf.overview(board, 1, 2**31 - 1):
        for row in window:
            article = house.shelf.article(board, row.number)
            assert article is not None
            fields = row.text.split(b"\t")
            assert int(fields[5]) == len(article.octets), row.text
            assert int(fields[6]) == article.octets.partition(b"\r\n\r\n")[2].count(b"\r\n")
