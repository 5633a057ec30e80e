#!/usr/bin/env python3
"""Makes a node's home directory that holds a corpus of bench/mkcorpus.

    load.py CORPUS HOME [--many N]

One identity an author, all rated by the owner; every manifest is signed here and goes in through Intake, as if a peer
had offered it. Only the last step is done at once: in a grown node each article is numbered when it arrives, here all
are shown together in the order of their dates, so that article numbers run 1..n in corpus order in each board.
HOME/corpus.idx is the corpus's index with our Message-IDs. A reply whose boards are not its thread's (a crosspost cut
down to one board) opens a thread of its own, because a thread has one set of boards here.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path

import trio

from zbnntp.config import FILE_NAME
from zbnntp.home import STORE_FILE, load_keys, make_keys
from zbnntp.housekeeping import pack_quiet
from zbnntp.importing import take_all, verified_beside
from zbnntp.model.bundle import Offer, slices_of
from zbnntp.model.entries import SCALE, STATE, Post, make_carry, make_post, make_trust, open_entry
from zbnntp.model.keys import Identity, PostId, Sha256, Signer, message_id, sha256
from zbnntp.model.limits import SEGMENT_SEALED_OCTETS
from zbnntp.model.manifest import SegmentRef, make_head, make_pointer
from zbnntp.model.views import Level
from zbnntp.spoken import keep_ratings
from zbnntp.standing import Standings
from zbnntp.store import condensing, evidence, numbers, ratings
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.ratings import Standing
from zbnntp.store.writer import Writer, open_writer
from zbnntp.visibility import settle

PARENTS_MOST = 8
SETTLED_AT_ONCE = 2_000
POST_GROUP = "bench.post"
DESCRIPTION = "A board of the benchmark corpus"


@dataclass(frozen=True, slots=True)
class Source:
    """One article of the corpus."""

    message_id: str
    boards: tuple[str, ...]
    sender: str
    subject: str
    time: int
    references: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A post made from one."""

    id: PostId
    thread: PostId
    boards: tuple[str, ...]
    ancestors: tuple[PostId, ...]


def _month(when: int) -> tuple[int, int]:
    date = datetime.fromtimestamp(when, UTC)
    return date.year, date.month


@dataclass(slots=True)
class Author:
    """Lines so far; the last segment is the one that grows."""

    signer: Signer
    nick: str
    segments: list[list[bytes]] = field(default_factory=lambda: [[]])
    octets: int = 0
    since: list[int] = field(default_factory=lambda: [0])
    carried: set[PostId] = field(default_factory=set)
    offered: tuple[int, Sha256] | None = None  # seq and hash of the last head,
    known: list[int] = field(default_factory=list)  # and how many octets of each segment came with it or before

    def add(self, line: bytes, when: int) -> None:
        if self.octets > SEGMENT_SEALED_OCTETS or _month(self.since[-1] or when) != _month(when):
            self.segments.append([])
            self.since.append(when)
            self.octets, self.carried = 0, set()
        self.since[-1] = self.since[-1] or when
        self.segments[-1].append(bytes(memoryview(line)))  # what orjson makes takes 8 kB, however short it is
        self.octets += len(line) + 1


def sources(corpus: Path) -> Iterator[Source]:
    """The articles in corpus order."""
    wire = (corpus / "corpus.wire").read_bytes()
    for row in (corpus / "corpus.idx").read_text().splitlines():
        at, octets, identifier, boards = row.split("\t")
        yield _parse(wire[int(at) : int(at) + int(octets)], identifier, tuple(boards.split(",")))


def _parse(octets: bytes, identifier: str, boards: tuple[str, ...]) -> Source:
    text = octets.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.").replace(b"\r\n", b"\n").decode()
    head, _, body = text.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.replace("\n ", " ").split("\n"))
    when = int(parsedate_to_datetime(fields["Date"]).timestamp())
    subject = str(make_header(decode_header(fields["Subject"])))
    references = tuple(fields.get("References", "").split())
    return Source(identifier, boards, fields["From"], subject, when, references, body)


class Community:
    """The corpus as people who sign."""

    def __init__(self) -> None:
        self.authors: dict[str, Author] = {}
        self._placed: dict[str, Placed] = {}
        self._openings: dict[PostId, tuple[Identity, bytes, str]] = {}  # author, line, subject

    def post(self, source: Source) -> Placed:
        """Add an article to its author's segments."""
        author = self._author(source.sender)
        parent = self._placed.get(source.references[-1]) if source.references else None
        if parent is not None and parent.boards == source.boards:
            line = self._reply(author, source, parent)
        else:
            parent = None
            line = make_post(
                author.signer, boards=source.boards, body=source.body, time=source.time, subject=source.subject
            )
        post = open_entry(line, author.signer.identity, "posts")
        assert isinstance(post, Post)
        if parent is None:
            self._openings[post.header.id] = (author.signer.identity, line, source.subject)
        author.add(line, source.time)
        ancestors = ((*parent.ancestors, parent.id) if parent else ())[-PARENTS_MOST:]
        placed = Placed(post.header.id, post.header.thread_id, source.boards, ancestors)
        self._placed[source.message_id] = placed
        return placed

    def end_threads(self) -> None:
        """Nobody answers any more what was said so far."""
        self._placed.clear()
        self._openings.clear()

    def _author(self, sender: str) -> Author:
        if sender not in self.authors:
            nick = str(make_header(decode_header(parseaddr(sender)[0])))
            self.authors[sender] = Author(Signer.from_seed(sha256(sender.encode())), nick)
        return self.authors[sender]

    def _reply(self, author: Author, source: Source, parent: Placed) -> bytes:
        opener, opening, subject = self._openings[parent.thread]
        if parent.thread not in author.carried:
            author.carried.add(parent.thread)
            if opener != author.signer.identity:
                author.add(make_carry(opening), source.time)
        return make_post(
            author.signer,
            boards=source.boards,
            body=source.body,
            time=source.time,
            subject=None if source.subject == f"Re: {subject}" else source.subject,
            thread=parent.thread,
            parents=(*parent.ancestors, parent.id)[-PARENTS_MOST:],
        )


def make_offer(author: Author, now: int) -> Offer:
    """An author's manifest: of what was offered before only the head."""
    datas = [b"".join(line + b"\n" for line in lines) for lines in author.segments]
    refs = [
        SegmentRef(sha256(data), len(data), len(lines), since)
        for data, lines, since in zip(datas, author.segments, author.since, strict=True)
    ]
    head = make_head(
        identity=author.signer.identity,
        seq=now,
        time=now,
        nick=author.nick,
        endpoints=(),
        posts=refs,
        state=(),
        prev=author.offered,
        next_key=sha256(author.signer.identity),
    )
    known = [*author.known, *[0] * len(datas)]
    slices = [
        part
        for ref, data, at in zip(refs, datas, known, strict=False)
        if at < len(data)
        for part in slices_of(ref.sha256, data, at)
    ]
    author.offered, author.known = (now, sha256(head)), [len(data) for data in datas]
    return Offer(make_pointer(author.signer, now, head), head, tuple(slices))


async def load(corpus: Path, home: Path, many: int) -> None:
    """Fill a fresh home directory."""
    make_keys(home, "bench", None)
    (home / FILE_NAME).write_text("retention_months = 0\n")  # of a corpus everything stays, however old it is
    owner = load_keys(home, None).signer.identity
    now = int(time.time())
    community = Community()
    rows = [(source, community.post(source)) for source in sources(corpus)]
    with (home / "corpus.idx").open("w") as index:
        index.writelines(f"0\t0\t{message_id(post.id)}\t{','.join(source.boards)}\n" for source, post in rows)
    del rows
    print(f"{len(community.authors)} authors signed", flush=True)
    path = home / STORE_FILE
    prepare(path)
    async with open_writer(path) as writer:
        reader = connect_reader(path)
        authors = community.authors.values()
        await rate(writer, owner, [author.signer.identity for author in authors], now)
        await take_in(reader, writer, (make_offer(author, now) for author in authors))
        await show(reader, writer, owner, (corpus / "groups.txt").read_text().split(), many, now)
        await pack_quiet(writer, condensing.version(reader))
        reader.close()


async def rate(writer: Writer, owner: Identity, people: Iterable[Identity], now: int) -> None:
    """The owner's ratings, so that all these are fetched; nobody's posts are shown yet."""

    def change(database: sqlite3.Connection) -> None:
        view = evidence.person_pk(database, owner)
        for identity in people:
            _rate(database, view, identity, now, Level.HIDDEN)
        keep_ratings(database, view)

    await writer.run(change)


async def take_in(reader: sqlite3.Connection, writer: Writer, offers: Iterable[Offer]) -> None:
    """Let in all manifests, as `zbnntp import` does."""

    def told(offer: Offer, is_news: bool, error: Exception | None) -> None:
        if error:
            raise error

    async with verified_beside(reader, writer, Standings(reader, writer, ()), print) as intake:
        await take_all(intake, offers, told)


def _rate(database: sqlite3.Connection, view: int, identity: Identity, now: int, level: Level) -> None:
    """The owner's rating of an author, and the standing that it makes: fetched."""
    mt = SCALE * (30 + identity[0] % 70) // 100
    evidence.add_pending(database, view, STATE, make_trust(identity, mt, SCALE // 2, "", now))
    standing = Standing(0.5, mt / SCALE, True, level)
    ratings.put_standing(database, view, evidence.person_pk(database, identity), standing)


async def show(
    reader: sqlite3.Connection, writer: Writer, owner: Identity, boards: list[str], many: int, now: int, after: int = 0
) -> None:
    """Everybody's posts, in the order of their dates; those of articles up to `after` are shown already."""
    view = evidence.find_person(reader, owner) or 0
    names = [*boards, POST_GROUP, *(f"many.g{number:05d}" for number in range(1, many + 1))]

    def open_boards(database: sqlite3.Connection) -> None:
        for name in names:
            numbers.add_newsgroup(database, view, name, now, DESCRIPTION)
        for who, standing in ratings.standings(database, view).items():
            shown = Standing(standing.tlt, standing.mt, True, Level.FULL)
            ratings.put_standing(database, view, evidence.person_pk(database, who), shown)

    await writer.run(open_boards)
    ordered = [
        pk for (pk,) in reader.execute("SELECT article FROM post WHERE article > ? ORDER BY time, article", (after,))
    ]
    for at in range(0, len(ordered), SETTLED_AT_ONCE):
        some = ordered[at : at + SETTLED_AT_ONCE]
        await writer.run(lambda database, some=some: settle(database, view, some, now))  # type: ignore[misc]
    print(f"{len(ordered)} posts shown", flush=True)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("--many", type=int, default=0, help="so many empty groups beside")
    options = parser.parse_args()
    began = time.perf_counter()
    trio.run(load, options.corpus, options.home, options.many)
    print(json.dumps({"seconds": round(time.perf_counter() - began, 1)}))


if __name__ == "__main__":
    main()
