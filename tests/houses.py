"""A whole node without sockets: real SQLite files, the three journeys; no NNTP, no Tor, no command line."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zbnntp import sealing
from zbnntp.departing import NO_DELAY, Delay
from zbnntp.ingest import Intake
from zbnntp.model.article import address
from zbnntp.model.bundle import Offer, slices_of
from zbnntp.model.entries import POSTS, STATE, make_trust, make_vote
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, Sha256, Signer, parse_message_id, sha256
from zbnntp.model.manifest import open_head, open_pointer
from zbnntp.model.proto import ProtoArticle
from zbnntp.posting import Commit, Desk
from zbnntp.shelf import Shelf
from zbnntp.spoken import keep_ratings, keep_state
from zbnntp.standing import Standings
from zbnntp.store import condensing, evidence, numbers, posts
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import Writer, open_writer

START = 1_795_000_000


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class CommandBox:
    """Where articles of commands go in a house without a control desk."""

    taken: list[ProtoArticle] = field(default_factory=list)

    async def post(self, proto: ProtoArticle) -> str:
        self.taken.append(proto)
        return "<command@local.zb.invalid>"

    def with_post(self, proto: ProtoArticle) -> tuple[ProtoArticle, Callable[[Commit], Awaitable[int]]]:
        raise NotPermitted("there is no control desk in this house")


@dataclass
class House:
    """One person's store and journeys. `logged` are the sentences for zb.log."""

    name: str
    signer: Signer
    path: Path
    writer: Writer
    clock: Clock
    logged: list[str] = field(default_factory=list)
    commands: CommandBox = field(default_factory=CommandBox)
    delay: Delay = NO_DELAY

    def __post_init__(self) -> None:
        self.reader = connect_reader(self.path)
        self.standings = Standings(self.reader, self.writer, (self.identity,))
        self.intake = Intake(self.reader, self.writer, self.standings, self.logged.append, lambda: None)
        self.desk = Desk(
            self.reader,
            self.writer,
            self.standings,
            lambda: {self.identity: self.signer},
            self.identity,
            self.clock,
            self.commands,
            lambda author: None,
            delay=self.delay,
        )

    @property
    def identity(self) -> Identity:
        return self.signer.identity

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.reader, self.identity, lambda: "")

    @property
    def now(self) -> int:
        return int(self.clock())

    async def add_board(self, name: str) -> None:
        view = evidence.find_person(self.reader, self.identity) or 0
        await self.writer.run(lambda database: numbers.add_newsgroup(database, view, name, self.now))

    async def rate(self, target: Identity, mt: int | None = None, tlt: int | None = None, note: str = "") -> None:
        """A rating in 1/10000, in force at once."""

        def change(database: object) -> None:
            person = evidence.person_pk(database, self.identity)  # type: ignore[arg-type]
            line = make_trust(target, mt, tlt, note, self.now)
            evidence.add_pending(database, person, STATE, line)  # type: ignore[arg-type]
            keep_ratings(database, person)  # type: ignore[arg-type]

        await self.writer.run(change)
        self.standings.note([evidence.find_person(self.reader, self.identity) or 0])
        await self.standings.refresh(self.now)

    async def vote(self, message_id: str, value: int) -> None:
        """An own vote, in force at once; 0 takes one back."""
        post = parse_message_id(message_id)
        assert post is not None
        article = posts.find_article(self.reader, post) or 0
        author = posts.author_of(self.reader, article) or self.identity

        def change(database: object) -> None:
            person = evidence.person_pk(database, self.identity)  # type: ignore[arg-type]
            evidence.add_pending(database, person, STATE, make_vote(post, author, value))  # type: ignore[arg-type]
            keep_state(database, person, True, self.now)  # type: ignore[arg-type]

        await self.writer.run(change)

    async def post(self, board: str, subject: str, body: str, references: str = "", **headers: str) -> str:
        fields = {
            "From": f"{self.name} <{address(self.identity)}>",
            "Newsgroups": board,
            "Subject": subject,
            **({"References": references} if references else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        octets = "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n" + body
        return await self.desk.post(octets.encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "")

    async def seal(self, *, rewrite: bool = False, state_seconds: int = 0) -> Offer | None:
        """Publish everything at once, unless `state_seconds` says how long what can wait does."""
        author = sealing.Author(self.signer, self.name, (), Sha256(sha256(self.identity)))
        offer = sealing.seal(self.reader, author, self.now, rewrite=rewrite, state_seconds=state_seconds)
        if offer:
            await self.intake.offer(offer, "own", self.now)
            await self.standings.refresh(self.now)
        return offer

    def whole_offer(self, identity: Identity | None = None) -> Offer:
        """The manifest as it stands, with every segment from its first octet."""
        held = evidence.find_manifest(self.reader, identity or self.identity)
        assert held is not None
        head = open_head(held.head, open_pointer(held.pointer))
        slices = []
        for ref in head.segments:
            found = evidence.find_segment(self.reader, ref.sha256)
            assert found is not None
            slices += slices_of(ref.sha256, found[1])
        return Offer(held.pointer, held.head, tuple(slices))

    def bundle_line(self, text: str) -> bytes:
        """An own post's line, found by a text in it."""
        person = evidence.find_person(self.reader, self.identity) or 0
        return next(line for _, line in evidence.lines_of(self.reader, person, POSTS) if text.encode() in line)

    async def take(self, offer: Offer, source: str = "a peer") -> bool:
        news = await self.intake.offer(offer, source, self.now)
        await self.standings.refresh(self.now)
        return news

    def subjects(self, board: str) -> list[str]:
        """What OVER shows of a board."""
        windows = self.shelf.overview(board, 1, 2**31 - 1)
        return [row.text.split(b"\t")[0].decode() for window in windows for row in window]


def pack_overview(database: sqlite3.Connection) -> None:
    """Pack whatever can be packed, however little it is."""
    for newsgroup, block in database.execute("SELECT newsgroup, block FROM block").fetchall():
        condensing.pack(database, newsgroup, block, least=1)


@asynccontextmanager
async def open_house(
    directory: Path, name: str, clock: Clock | None = None, delay: Delay = NO_DELAY
) -> AsyncIterator[House]:
    """A house in `directory/name`, whose key depends on its name alone."""
    path = directory / name / "store.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    prepare(path)
    signer = Signer.from_seed(sha256(b"zbnntp test key " + name.encode()))
    async with open_writer(path) as writer:
        # What a power cut leaves is tested elsewhere, with processes; here the disk would only cost time.
        await writer._connection.execute_fetchall("PRAGMA synchronous = OFF")
        await writer.run(lambda database: evidence.person_pk(database, signer.identity))
        house = House(name, signer, path, writer, clock or Clock(), delay=delay)
        await house.standings.refresh(house.now)
        try:
            yield house
        finally:
            house.reader.close()
