"""What a hostile peer can answer: each lie costs it its place, and nothing of it is kept."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.peers.house import Author, FakeLibrary, lines
from tests.peers.nodes import serving
from zbnntp.model.bundle import Offer, write_offer
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, Missing, PeerGone, Refused, TooLarge, ZbError
from zbnntp.model.keys import Identity, sha256
from zbnntp.peers.backends import NoAnswer
from zbnntp.peers.exchange import Reply, Request
from zbnntp.peers.sync import Sync
from zbnntp.peers.transport import local_transport

EVIL = "local:evil"
CURSOR = b'{"kind":"cursor","next":"e.1"}\n'


def carol(posts: int = 5) -> Author:
    author = Author("carol")
    author.publish([lines("post", posts)])
    return author


class Evil:
    """A site whose answers are a table: the beginning of a path -> reply. `asked` are the paths."""

    def __init__(self, table: dict[str, Reply]) -> None:
        self.table = table
        self.asked: list[str] = []

    def body_limit(self, method: str, path: str) -> int:
        return 10_000_000

    async def answer(self, request: Request) -> Reply:
        name = request.path.removeprefix("/zb/1/")
        self.asked.append(name.partition("/")[0])
        for start, reply in self.table.items():
            if name.startswith(start):
                return reply
        return Reply(404)


@asynccontextmanager
async def facing(directory: Path, table: dict[str, Reply], library: FakeLibrary) -> AsyncIterator[tuple[Sync, Evil]]:
    site, transport = Evil(table), local_transport(directory)
    async with serving(directory / "evil.sock", site, {"evil"}):
        yield Sync(transport, library), site
        await transport.aclose()


async def outcome(call: Callable[[], object]) -> type[Exception] | object:
    """The result, or the class of our error."""
    try:
        return await call()  # type: ignore[misc]
    except ZbError as error:
        return type(error)


def head_of(author: Author) -> Reply:
    return Reply(200, author.pointer + b"\n" + author.head + b"\n")


def segment_of(author: Author) -> bytes:
    return author.posts[0]


AUTHOR, OTHER = carol(), Author("dave")
OTHER.publish([lines("x", 1)])
FORGED = AUTHOR.pointer.replace(b'"seq":1', b'"seq":9')

HEADS = [
    ("somebody else's", head_of(OTHER), BadSignature),
    ("a forged pointer", Reply(200, FORGED + b"\n" + AUTHOR.head + b"\n"), BadSignature),
    ("another head", Reply(200, AUTHOR.pointer + b"\n" + OTHER.head + b"\n"), BadSignature),
    ("one line", Reply(200, AUTHOR.pointer + b"\n"), BadEncoding),
    ("three lines", Reply(200, AUTHOR.pointer + b"\n" + AUTHOR.head + b"\n" + AUTHOR.head + b"\n"), BadEncoding),
    ("nothing", Reply(200, b""), BadEncoding),
    ("too much", Reply(200, b"x" * 70_000), TooLarge),
    ("a status of its own", Reply(500), PeerGone),
    ("a redirect", Reply(302, b"", (("location", "http://127.0.0.1/"),)), PeerGone),
    ("a refusal", Reply(403), Refused),
    ("no such thing", Reply(404), Missing),
]


@pytest.mark.parametrize(("what", "reply", "error"), HEADS, ids=[row[0] for row in HEADS])
async def test_a_head_that_is_a_lie(short_dir: Path, what: str, reply: Reply, error: type[Exception]) -> None:
    library = FakeLibrary()
    async with facing(short_dir, {"head": reply}, library) as (sync, site):
        assert await outcome(lambda: sync.fetch_manifest(EVIL, AUTHOR.identity)) is error
        assert site.asked == ["head"]
        assert not library.offers


SEGMENTS = [
    ("other bytes", Reply(200, b"y" * len(segment_of(AUTHOR))), BadSignature),
    ("fewer bytes", Reply(200, segment_of(AUTHOR)[:-1]), BadSignature),
    ("more bytes", Reply(200, segment_of(AUTHOR) + b"z"), TooLarge),
    ("a part unasked", Reply(206, segment_of(AUTHOR)), PeerGone),
]


@pytest.mark.parametrize(("what", "reply", "error"), SEGMENTS, ids=[row[0] for row in SEGMENTS])
async def test_a_segment_that_is_a_lie(short_dir: Path, what: str, reply: Reply, error: type[Exception]) -> None:
    library = FakeLibrary()
    async with facing(short_dir, {"head": head_of(AUTHOR), "seg": reply}, library) as (sync, _):
        assert await outcome(lambda: sync.fetch_manifest(EVIL, AUTHOR.identity)) is error
        assert not library.offers


async def test_a_range_that_is_a_lie_is_followed_by_one_whole_fetch(short_dir: Path) -> None:
    library, grown = FakeLibrary(), carol(3)
    library.keep(grown)
    grown.publish([lines("post", 6)])
    table = {"head": head_of(grown), "seg": Reply(206, b"lies\n")}
    async with facing(short_dir, table, library) as (sync, site):
        assert await outcome(lambda: sync.fetch_manifest(EVIL, grown.identity)) is PeerGone
        assert site.asked == ["head", "seg", "seg"]


FEEDS = [
    ("broken off", AUTHOR.pointer + b"\n", PeerGone),
    ("empty", b"", PeerGone),
    ("nonsense", b"hello\n" + CURSOR, BadEncoding),
    ("a forged pointer", FORGED + b"\n" + CURSOR, BadSignature),
    ("lines after the cursor", CURSOR + AUTHOR.pointer + b"\n", TooLarge),
    ("a cursor with a path", b'{"kind":"cursor","next":"e.1&since=/"}\n', BadEncoding),
    ("a cursor that is none", b'{"kind":"cursor"}\n', BadEncoding),
    ("a long line", b'{"kind":"' + b"x" * 5000 + b'"}\n' + CURSOR, TooLarge),
    ("too many lines", b'{"kind":"beat"}\n' * 1500 + CURSOR, TooLarge),
    ("without end", b'{"kind":"beat"}\n' * 100_000, TooLarge),
]


@pytest.mark.parametrize(("what", "body", "error"), FEEDS, ids=[row[0] for row in FEEDS])
async def test_a_feed_that_is_a_lie(short_dir: Path, what: str, body: bytes, error: type[Exception]) -> None:
    library = FakeLibrary()
    async with facing(short_dir, {"changes": Reply(200, body)}, library) as (sync, site):
        assert await outcome(lambda: sync.follow_changes(EVIL, "")) is error
        assert site.asked == ["changes"]
        assert not library.offers


async def test_beats_and_unknown_kinds_are_passed_over(short_dir: Path) -> None:
    body = b'{"kind":"beat"}\n{"kind":"fork","x":1}\n' + CURSOR
    async with facing(short_dir, {"changes": Reply(200, body)}, FakeLibrary()) as (sync, _):
        assert await sync.follow_changes(EVIL, "") == "e.1"


async def test_what_is_not_wanted_or_not_newer_is_not_asked_for(short_dir: Path) -> None:
    body = AUTHOR.pointer + b"\n" + OTHER.pointer + b"\n" + CURSOR
    library = FakeLibrary(wanting=lambda identity: identity == AUTHOR.identity)
    library.keep(AUTHOR)
    listed: list[Identity] = []
    async with facing(short_dir, {"changes": Reply(200, body)}, library) as (sync, site):
        await sync.follow_changes(EVIL, "", 0, listed.append)
        assert site.asked == ["changes"]
        assert listed == [AUTHOR.identity, OTHER.identity, None]


async def test_one_bad_manifest_does_not_keep_the_others_from_coming(short_dir: Path) -> None:
    feed = Reply(200, AUTHOR.pointer + b"\n" + OTHER.pointer + b"\n" + CURSOR)
    table = {
        "changes": feed,
        "fetch": Reply(200),
        f"head/{AUTHOR.identity.hex()}": head_of(OTHER),
        f"head/{OTHER.identity.hex()}": head_of(OTHER),
        "seg": Reply(200, OTHER.posts[0]),
    }
    library = FakeLibrary()
    async with facing(short_dir, table, library) as (sync, _):
        assert await sync.follow_changes(EVIL, "") == "e.1"
        assert set(library.manifests) == {OTHER.identity}


async def test_a_cursor_is_not_taken_before_its_page_has_come(short_dir: Path) -> None:
    feed = Reply(200, AUTHOR.pointer + b"\n" + CURSOR)
    async with facing(short_dir, {"changes": feed, "head": Reply(500)}, FakeLibrary()) as (sync, _):
        assert await outcome(lambda: sync.follow_changes(EVIL, "")) is PeerGone


async def test_a_bundle_holds_only_what_was_asked_for(short_dir: Path) -> None:
    third = Author("erin")
    third.publish([lines("x", 1)])
    feed = Reply(200, AUTHOR.pointer + b"\n" + OTHER.pointer + b"\n" + CURSOR)
    unasked = Reply(200, b"".join(write_offer(Offer(third.pointer, third.head))))
    library = FakeLibrary()
    async with facing(short_dir, {"changes": feed, "fetch": unasked}, library) as (sync, _):
        assert await outcome(lambda: sync.follow_changes(EVIL, "")) is BadEncoding
        assert not library.manifests


async def test_a_bad_offer_in_a_bundle_is_left_out(short_dir: Path) -> None:
    feed = Reply(200, AUTHOR.pointer + b"\n" + OTHER.pointer + b"\n" + CURSOR)
    bundle = b"".join([*write_offer(Offer(AUTHOR.pointer, OTHER.head)), *write_offer(Offer(OTHER.pointer, OTHER.head))])
    library = FakeLibrary()
    async with facing(short_dir, {"changes": feed, "fetch": Reply(200, bundle)}, library) as (sync, _):
        assert await sync.follow_changes(EVIL, "") == "e.1"
        assert set(library.manifests) == {OTHER.identity}


@pytest.mark.parametrize(
    ("status", "expected"), [(200, None), (409, None), (403, Refused), (413, Refused), (429, NoAnswer), (500, PeerGone)]
)
async def test_answers_to_a_push(short_dir: Path, status: int, expected: type[Exception] | None) -> None:
    library = FakeLibrary()
    library.keep(AUTHOR)
    async with facing(short_dir, {"push": Reply(status)}, library) as (sync, _):
        assert await outcome(lambda: sync.push_to(EVIL, AUTHOR.identity)) is expected


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 0), ("999999", 1800), ("", 60), ("-5", 60), ("Wed, 21 Oct 2026 07:28:00 GMT", 60)],
)
async def test_a_busy_peer_says_when_to_come_back(short_dir: Path, said: str, seconds: float) -> None:
    headers = (("retry-after", said),) if said else ()
    async with facing(short_dir, {"changes": Reply(503, b"", headers)}, FakeLibrary()) as (sync, _):
        with pytest.raises(NoAnswer) as caught:
            await sync.follow_changes(EVIL, "", 600)
        assert caught.value.pause == seconds


async def test_there_is_nothing_to_push_before_the_first_head(short_dir: Path) -> None:
    async with facing(short_dir, {}, FakeLibrary()) as (sync, site):
        await sync.push_to(EVIL, AUTHOR.identity)
        assert not site.asked


@pytest.mark.parametrize("body", [b"", b"{}", b'{"id":"ab"}', b'{"id":5}\n', b"x" * 5000])
async def test_a_node_that_does_not_name_itself(short_dir: Path, body: bytes) -> None:
    async with facing(short_dir, {"node": Reply(200, body)}, FakeLibrary()) as (sync, _):
        error = await outcome(lambda: sync.ask_identity(EVIL))
        assert isinstance(error, type)
        assert issubclass(error, Invalid)


async def test_the_second_push_sends_only_what_has_grown(short_dir: Path) -> None:
    bodies: list[list[dict[str, object]]] = []

    class Taking(Evil):
        async def answer(self, request: Request) -> Reply:
            bodies.append([json.loads(line) for line in request.body.splitlines()])
            return Reply(200)

    author, library, transport = carol(5), FakeLibrary(), local_transport(short_dir)
    author.publish([lines("sealed", 3), lines("post", 5)], [lines("state", 2)])
    library.keep(author)
    async with serving(short_dir / "evil.sock", Taking({}), {"evil"}):
        sync = Sync(transport, library)
        await sync.push_to(EVIL, author.identity)
        author.publish([lines("sealed", 3), lines("post", 7)], author.state)
        library.keep(author)
        await sync.push_to(EVIL, author.identity)
        await transport.aclose()
    assert [row["kind"] for row in bodies[0]] == ["pointer", "head", "slice", "slice", "slice"]
    assert [row["kind"] for row in bodies[1]] == ["pointer", "head", "slice"]
    assert bodies[1][2]["at"] == len(lines("post", 5))
    assert bodies[1][2]["seg"] == sha256(lines("post", 7)).hex()


async def test_a_peer_that_lost_what_was_pushed_gets_all_of_it_next_time(short_dir: Path) -> None:
    bodies: list[list[dict[str, object]]] = []

    class Forgetful(Evil):
        async def answer(self, request: Request) -> Reply:
            bodies.append([json.loads(line) for line in request.body.splitlines()])
            return Reply(400 if len(bodies) == 2 else 200)

    author, library, transport = carol(5), FakeLibrary(), local_transport(short_dir)
    author.publish([lines("post", 5)])
    library.keep(author)
    async with serving(short_dir / "evil.sock", Forgetful({}), {"evil"}):
        sync = Sync(transport, library)
        await sync.push_to(EVIL, author.identity)
        author.publish([lines("post", 7)])
        library.keep(author)
        with pytest.raises(NoAnswer, match="no longer has what was pushed") as told:
            await sync.push_to(EVIL, author.identity)
        assert told.value.pause == 10, "it has just seen this head, and wants no other for so long"
        await sync.push_to(EVIL, author.identity)
        await transport.aclose()
    assert [body[2]["at"] for body in bodies] == [0, len(lines("post", 5)), 0]


async def test_two_sources_that_list_the_same_news_are_asked_once(short_dir: Path) -> None:
    feed = Reply(200, AUTHOR.pointer + b"\n" + CURSOR)
    table = {"changes": feed, "head": head_of(AUTHOR), "seg": Reply(200, segment_of(AUTHOR))}
    library = FakeLibrary()
    async with facing(short_dir, table, library) as (sync, site), trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(sync.follow_changes, EVIL, "")
        await trio.sleep(0.2)
        assert site.asked.count("seg") == 1
        assert len(library.offers) == 1
