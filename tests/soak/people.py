"""A community that writes: people by the thousand, who post, answer and rate, hour by hour, always the same.

They are bare signers, without nodes: what they publish are the manifests that a node would fetch, and of what grew only
what is new.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files

from zbnntp.model.bundle import Offer, slices_of, write_offer
from zbnntp.model.entries import POSTS, SCALE, Post, make_carry, make_post, make_trust, open_entry
from zbnntp.model.keys import Identity, PostId, Sha256, Signer, sha256
from zbnntp.model.limits import SEGMENT_SEALED_OCTETS
from zbnntp.model.manifest import SegmentRef, make_head, make_pointer

BOARDS = ("tech.linux", "tech.net", "arts.books", "arts.film", "garden.roses", "cooking", "travel.trains", "local.cafe")
FRIENDS = 12  # rated by each
OPENINGS = 0.12  # of all posts
THREADS = 400  # in which somebody still writes
BODY_CHARACTERS = 1000  # on average


@dataclass(slots=True)
class Segment:
    since: int
    lines: list[bytes] = field(default_factory=list)
    sent: int = 0  # octets
    carried: set[PostId] = field(default_factory=set)


@dataclass(slots=True)
class Person:
    """What somebody has published; the last segment of posts is the one that grows."""

    signer: Signer
    nick: str
    ratings: dict[Identity, int]
    segments: list[Segment] = field(default_factory=list)
    version: tuple[int, Sha256] | None = None

    def add(self, line: bytes, now: int) -> None:
        if not self.segments or _ends(self.segments[-1], now):
            self.segments.append(Segment(now))
        self.segments[-1].lines.append(line)

    def offer(self, now: int) -> Offer:
        """A new version, with what no older one had."""
        slices, refs = [], []
        for segment in self.segments:
            data = b"".join(line + b"\n" for line in segment.lines)
            refs.append(SegmentRef(sha256(data), len(data), len(segment.lines), segment.since))
            slices += slices_of(refs[-1].sha256, data, segment.sent)
            segment.sent = len(data)
        state = b"".join(make_trust(who, SCALE // 2, tlt, "", now) + b"\n" for who, tlt in self.ratings.items())
        about = SegmentRef(sha256(state), len(state), len(self.ratings), 0)
        slices += slices_of(about.sha256, state)
        head = make_head(
            identity=self.signer.identity,
            seq=now,
            time=now,
            nick=self.nick,
            endpoints=(),
            posts=refs,
            state=[about],
            prev=self.version,
            next_key=sha256(self.signer.identity),
        )
        self.version = (now, sha256(head))
        return Offer(make_pointer(self.signer, now, head), head, tuple(slices))


def _ends(segment: Segment, now: int) -> bool:
    began, at = (datetime.fromtimestamp(it, UTC) for it in (segment.since, now))
    return (began.year, began.month) != (at.year, at.month) or sum(map(len, segment.lines)) > SEGMENT_SEALED_OCTETS


@dataclass(slots=True)
class Thread:
    opening: bytes
    author: Identity
    board: str
    chain: tuple[PostId, ...]  # from the opening on, oldest first


class Community:
    """`hour` lets them write for an hour; `posts` counts what was written so far."""

    def __init__(self, people: int, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        signers = [Signer.from_seed(self._dice.randbytes(32)) for _ in range(people)]
        everybody = [it.identity for it in signers]
        self.people = [Person(it, f"n{number}", self._ratings(everybody)) for number, it in enumerate(signers)]
        self.posts = 0
        self._openings = 0
        self._threads: list[Thread] = []
        self._sentences = [line for text in _texts() for line in text.splitlines() if len(line) > 20]

    def _ratings(self, everybody: list[Identity]) -> dict[Identity, int]:
        return {who: self._dice.randint(1, SCALE // 2) for who in self._dice.choices(everybody, k=FRIENDS)}

    def everybody(self, now: int) -> bytes:
        """The first version of all, as a bundle."""
        return _bundle(it.offer(now) for it in self.people)

    def hour(self, now: int, posts: int) -> bytes:
        """What they publish in an hour that ends now, as a bundle."""
        writers: dict[int, Person] = {}
        for at in range(posts):
            number = self._writer()
            writers[number] = self.people[number]
            self._write(self.people[number], now - 3600 + at * 3600 // posts)
        if self._dice.random() < 0.5:
            number = self._dice.randrange(len(self.people))
            writers[number] = self.people[number]
            self.people[number].ratings |= self._ratings([it.signer.identity for it in self.people])
        return _bundle(it.offer(now) for it in writers.values())

    def write(self, posts: int, begin: int, seconds: int) -> None:
        """So many posts, spread over a time."""
        for at in range(posts):
            self._write(self.people[self._writer()], begin + at * seconds // posts)

    def _writer(self) -> int:
        """A fifth of them write three fifths of everything."""
        return int(len(self.people) * self._dice.random() ** 3)

    def _write(self, author: Person, now: int) -> None:
        body = self._body()
        self.posts += 1
        if not self._threads or self._dice.random() < OPENINGS:
            board = BOARDS[self._openings % len(BOARDS)]
            self._openings += 1
            line = make_post(author.signer, boards=[board], body=body, time=now, subject=" ".join(body.split())[:60])
            self._threads.append(Thread(line, author.signer.identity, board, (_id(line, author),)))
            del self._threads[:-THREADS]
            author.add(line, now)
            return
        thread = self._dice.choice(self._threads)
        line = make_post(
            author.signer, boards=[thread.board], body=body, time=now, thread=thread.chain[0], parents=thread.chain[-8:]
        )
        self._carry(author, thread, now)
        author.add(line, now)
        thread.chain = (*thread.chain, _id(line, author))

    def _carry(self, author: Person, thread: Thread, now: int) -> None:
        known = author.segments[-1].carried if author.segments else set()
        if thread.author != author.signer.identity and thread.chain[0] not in known:
            author.add(make_carry(thread.opening), now)
            author.segments[-1].carried.add(thread.chain[0])

    def _body(self) -> str:
        lines: list[str] = []
        while sum(map(len, lines)) < self._dice.expovariate(1 / BODY_CHARACTERS):
            lines.append(self._dice.choice(self._sentences))
        return f"{self._dice.getrandbits(40):x} " + "\n".join(lines) + "\n"


def _id(line: bytes, author: Person) -> PostId:
    post = open_entry(line, author.signer.identity, POSTS)
    assert isinstance(post, Post)
    return post.header.id


def _texts() -> Iterator[str]:
    for line in files("zbnntp.data").joinpath("demo.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["body"]


def _bundle(offers: Iterator[Offer]) -> bytes:
    return b"".join(line for offer in offers for line in write_offer(offer))
