"""What peers may ask and what they get: statuses, ranges, the held feed, pushes in the order of their cost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from tests.peers.house import NOW, Author, FakeLibrary, lines
from tests.peers.nodes import Node, node
from zbnntp.model import limits
from zbnntp.model.bundle import Offer, Slice, read_bundle, write_offer
from zbnntp.model.canonical import encode
from zbnntp.model.errors import Busy, NotPermitted
from zbnntp.model.keys import Identity, sha256
from zbnntp.peers.api import CHANGES_GAP_SECONDS, Api
from zbnntp.peers.exchange import HttpRefusal, Reply, Request, Visitor
from zbnntp.peers.prefix import held_prefix
from zbnntp.peers.web import Site

UNKNOWN = "ab" * 32


def carol(posts: int = 20) -> Author:
    author = Author("carol")
    author.publish([lines("post", posts)], [lines("trust", 3)])
    return author


async def get(site: Site, path: str, query: dict[str, str] | None = None, **headers: str) -> Reply:
    request = Request(
        "GET", f"/zb/1/{path}", query or {}, {key.replace("_", "-"): value for key, value in headers.items()}
    )
    return await site.answer(request)


async def post(site: Site, path: str, body: bytes) -> Reply:
    return await site.answer(Request("POST", f"/zb/1/{path}", body=body))


async def status_of(site: Api, request: Request) -> int:
    try:
        return (await site.answer(request)).status
    except HttpRefusal as refusal:
        return refusal.status


async def whole(reply: Reply) -> bytes:
    if isinstance(reply.body, bytes):
        return reply.body
    return b"".join([piece async for piece in reply.body])


def rows(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def api(library: FakeLibrary, **options: Any) -> Api:
    return Api(Author("alice").identity, library, lambda: NOW, **options)


def bundle(author: Author, *slices: Slice) -> bytes:
    return b"".join(write_offer(Offer(author.pointer, author.head, slices)))


def whole_bundle(author: Author) -> bytes:
    return bundle(author, *(Slice(sha256(data), 0, data) for data in (*author.posts, *author.state)))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/zb/1/node", 200),
        ("POST", "/zb/1/node", 404),
        ("GET", "/zb/1/node/", 404),
        ("GET", "/", 404),
        ("GET", "/zb/2/node", 404),
        ("GET", "/zb/1/../node", 404),
        ("DELETE", f"/zb/1/head/{UNKNOWN}", 404),
        ("GET", f"/zb/1/head/{UNKNOWN}", 404),
        ("GET", f"/zb/1/head/{UNKNOWN.upper()}", 400),
        ("GET", "/zb/1/head/", 400),
        ("GET", f"/zb/1/head/{UNKNOWN}/", 400),
        ("GET", "/zb/1/head/%61" + UNKNOWN[2:], 400),
        ("GET", f"/zb/1/seg/{UNKNOWN}", 404),
        ("GET", "/zb/1/seg/../../etc/passwd", 400),
        ("POST", "/zb/1/fetch", 400),
        ("POST", "/zb/1/push", 400),
        ("GET", "/zb/1/push", 404),
        ("GET", "/zb/1/intro", 404),
        ("POST", "/zb/1/intro", 404),
    ],
)
async def test_statuses(method: str, path: str, status: int) -> None:
    assert await status_of(api(FakeLibrary()), Request(method, path)) == status


def test_bodies_are_welcome_at_two_addresses_only() -> None:
    site = api(FakeLibrary())
    assert site.body_limit("POST", "/zb/1/push") == limits.BUNDLE_OCTETS
    assert 0 < site.body_limit("POST", "/zb/1/fetch") < limits.BUNDLE_OCTETS
    for method, path in (("GET", "/zb/1/push"), ("POST", "/zb/1/node"), ("POST", "/"), ("PUT", "/zb/1/push")):
        assert site.body_limit(method, path) == 0


async def test_the_node_names_itself() -> None:
    (about,) = rows(await whole(await get(api(FakeLibrary()), "node")))
    assert about["id"] == Author("alice").identity.hex()
    assert (about["v"], about["time"]) == (1, NOW)


async def test_a_head_has_a_tag() -> None:
    author, library = carol(), FakeLibrary()
    library.keep(author)
    reply = await get(api(library), f"head/{author.identity.hex()}")
    assert reply.body == author.pointer + b"\n" + author.head + b"\n"
    tag = dict(reply.headers)["etag"]
    assert tag == f'"{sha256(author.head).hex()}"'
    again = await get(api(library), f"head/{author.identity.hex()}", if_none_match=tag)
    assert (again.status, again.body) == (304, b"")


async def test_a_segment_whole_in_part_and_packed() -> None:
    author, library = carol(200), FakeLibrary()
    library.keep(author)
    site, data = api(library), author.posts[0]
    path = f"seg/{sha256(data).hex()}"
    assert await whole(await get(site, path)) == data
    packed = await get(site, path, accept_encoding="br, GZIP")
    assert dict(packed.headers)["content-encoding"] == "gzip"
    assert gzip.decompress(await whole(packed)) == data
    part = await get(site, path, range="bytes=10-", accept_encoding="gzip")
    assert (part.status, await whole(part)) == (206, data[10:])
    assert dict(part.headers)["content-range"] == f"bytes 10-{len(data) - 1}/{len(data)}"
    assert "content-encoding" not in dict(part.headers)
    for ignored in ("bytes=0-5", "bytes=-5", "lines=1-", "bytes=1-,3-", "bytes=" + "9" * 30 + "-"):
        assert await whole(await get(site, path, range=ignored)) == data
    with pytest.raises(HttpRefusal) as caught:
        await get(site, path, range=f"bytes={len(data)}-")
    assert caught.value.status == 416


async def test_a_small_segment_is_not_packed() -> None:
    author, library = carol(2), FakeLibrary()
    library.keep(author)
    reply = await get(api(library), f"seg/{sha256(author.posts[0]).hex()}", accept_encoding="gzip")
    assert reply.body == author.posts[0]


async def test_the_feed_lists_from_a_cursor() -> None:
    library = FakeLibrary("epoch1")
    authors = [Author(name) for name in ("carol", "dave", "erin")]
    for author in authors:
        author.publish([lines(author.name, 1)])
        library.keep(author)
    site = api(library)
    for since, expected in (("", 3), ("epoch1.0", 3), ("epoch1.2", 1), ("epoch1.3", 0), ("other.3", 3), ("x", 3)):
        *listed, cursor = rows(await whole(await get(site, "changes", {"since": since})))
        assert [row["id"] for row in listed] == [author.identity.hex() for author in authors[3 - expected :]]
        assert cursor == {"kind": "cursor", "next": "epoch1.3"}
    assert await status_of(site, Request("GET", "/zb/1/changes", {"wait": "soon"})) == 400


async def test_a_held_feed_beats_and_answers_at_once_when_there_is_news(
    autojump_clock: trio.testing.MockClock,
) -> None:
    author, library = carol(), FakeLibrary()
    site = api(library)
    reply = await get(site, "changes", {"since": "epoch1.0", "wait": "600"})
    assert not isinstance(reply.body, bytes)
    assert rows(await anext(reply.body)) == [{"kind": "beat"}]
    assert rows(await anext(reply.body)) == [{"kind": "beat"}]
    assert trio.current_time() == 90
    library.keep(author)
    pointer, cursor = rows(await whole(reply))
    assert (pointer["id"], cursor["next"]) == (author.identity.hex(), "epoch1.1")
    assert trio.current_time() == 90


async def test_a_held_feed_ends_when_its_time_is_up(autojump_clock: trio.testing.MockClock) -> None:
    reply = await get(api(FakeLibrary()), "changes", {"wait": "999999"})
    *beats, cursor = rows(await whole(reply))
    assert trio.current_time() == 600
    assert len(beats) == 14
    assert cursor["next"] == "epoch1.0"


async def test_one_connection_gets_one_answer_in_five_seconds(autojump_clock: trio.testing.MockClock) -> None:
    site, visitor = api(FakeLibrary()), Visitor()
    for _ in range(3):
        await whole(await site.answer(Request("GET", "/zb/1/changes", visitor=visitor)))
    assert trio.current_time() == 2 * CHANGES_GAP_SECONDS


async def test_held_polls_have_a_limit_of_their_own(autojump_clock: trio.testing.MockClock) -> None:
    library = FakeLibrary()
    site = api(library, held_polls=1)
    request = Request("GET", "/zb/1/changes", {"wait": "60"})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(whole, await site.answer(request))
        await trio.testing.wait_all_tasks_blocked()
        assert await status_of(site, request) == 503
        assert await status_of(site, Request("GET", "/zb/1/changes")) == 200
        library.keep(carol())
    assert await status_of(site, request) == 200


async def test_fetch_brings_what_is_newer(autojump_clock: trio.testing.MockClock) -> None:
    library, author = FakeLibrary(), carol(10)
    first = author.posts[0]
    author.publish([lines("post", 25)], author.state)
    library.keep(author)
    site, name = api(library), author.identity.hex()
    state = [sha256(author.state[0]).hex(), len(author.state[0])]

    async def fetch(*wanted: list[Any]) -> list[Offer]:
        body = await whole(await post(site, "fetch", json.dumps(wanted).encode()))
        return list(read_bundle(body.splitlines()))

    (offer,) = await fetch([name, 0, []])
    assert {piece.segment for piece in offer.slices} == {sha256(data) for data in (*author.posts, *author.state)}
    (offer,) = await fetch([name, 1, [[sha256(first).hex(), len(first)], state]])
    assert [(piece.at, piece.data) for piece in offer.slices] == [(len(first), author.posts[0][len(first) :])]
    (offer,) = await fetch([name, 1, [[UNKNOWN, len(first)], state]])
    assert offer.slices[0].at == 0
    held = [[sha256(author.posts[0]).hex(), len(author.posts[0])], state]
    assert await fetch([name, 2, held]) == []
    assert await fetch([name, 3, []]) == []
    assert await fetch([UNKNOWN, 0, []]) == []


async def test_fetch_stops_at_the_size_of_a_bundle() -> None:
    library = FakeLibrary()
    authors = [Author(f"author{number}") for number in range(12)]
    for author in authors:
        author.publish([lines(author.name, 12_000)])
        library.keep(author)
    body = json.dumps([[author.identity.hex(), 0, []] for author in authors]).encode()
    answer = await whole(await post(api(library), "fetch", body))
    assert 3_000_000 < len(answer) <= limits.BUNDLE_OCTETS
    assert all(offer.slices for offer in list(read_bundle(answer.splitlines()))[:-1])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b'[["ab",0,[]]]',
        json.dumps([[UNKNOWN, "0", []]]).encode(),
        json.dumps([[UNKNOWN, 0]]).encode(),
        json.dumps([[UNKNOWN, 0, [[UNKNOWN]]]]).encode(),
        json.dumps([[UNKNOWN, 0, [[UNKNOWN, 1]] * 201]]).encode(),
        json.dumps([[UNKNOWN, 0, []]] * 257).encode(),
        b"[[" + b"9" * 5000 + b"]]",
    ],
)
async def test_a_fetch_of_another_form_is_refused(body: bytes) -> None:
    assert await status_of(api(FakeLibrary()), Request("POST", "/zb/1/fetch", body=body)) == 400


def test_the_longest_beginning_that_is_held_is_found() -> None:
    data = b"abcdefghij"
    held = {sha256(data[:size]): size for size in (2, 5, 7)}
    assert held_prefix(data, held) == 7
    assert held_prefix(data, {sha256(b"xx"): 2, sha256(data[:5]): 5}) == 5
    for lie in ({sha256(data): 10}, {sha256(b""): 0}, {sha256(b"a"): -1}, {sha256(b"a"): 11}, {}):
        assert held_prefix(data, lie) == 0


async def test_a_push_is_taken_and_answered_with_what_is_held() -> None:
    author, library = carol(), FakeLibrary()
    reply = await post(api(library), "push", whole_bundle(author))
    assert rows(await whole(reply)) == [{"have": [[author.identity.hex(), author.seq]]}]
    assert library.segments[sha256(author.posts[0])] == author.posts[0]


async def test_a_push_of_an_unknown_identity_is_refused_before_its_signature_is_looked_at() -> None:
    author = carol()
    unsigned = author.pointer.replace(b'"sig":"', b'"sig":"00')[: len(author.pointer)]
    site = api(FakeLibrary(wanting=lambda identity: False))
    for pointer in (
        author.pointer,
        json.dumps({"id": author.identity.hex(), "kind": "x"}, separators=(",", ":")).encode(),
    ):
        assert await status_of(site, Request("POST", "/zb/1/push", body=pointer + b"\nrubbish")) == 403
    site = api(FakeLibrary())
    assert await status_of(site, Request("POST", "/zb/1/push", body=unsigned + b"\n")) == 400


async def test_who_pushes_does_not_learn_whom_nothing_public_says_to_be_fetched() -> None:
    """As of somebody unknown, to the octet: newer, older and the same version, and a notice about him."""
    author, library = carol(), FakeLibrary()
    library.keep(author)
    library.hidden.add(author.identity)
    newer, older = Author("carol", seq=9), Author("carol", seq=1)
    for it in (newer, older):
        it.publish([lines("other", 2)])
    notice = encode({"kind": "fork", "id": author.identity.hex()}) + b"\n"
    for body in (*map(whole_bundle, (newer, author, older)), notice):
        told = []
        for house in (FakeLibrary(wanting=lambda identity: False), library):
            with pytest.raises(HttpRefusal) as refusal:
                await post(api(house), "push", body)
            told.append((refusal.value.status, str(refusal.value), refusal.value.headers))
        assert told[0] == told[1]
        assert told[0][0] == 403
    assert not library.offers
    assert not library.witnessed


async def test_an_older_push_is_a_conflict_and_the_same_one_is_fine() -> None:
    old, library = carol(), FakeLibrary()
    new = Author("carol", seq=5)
    new.publish([lines("new", 2)])
    library.keep(new)
    site = api(library)
    assert await status_of(site, Request("POST", "/zb/1/push", body=whole_bundle(old))) == 409
    assert [it.raw for it in library.witnessed] == [old.pointer], "it may prove a fork"
    for _ in range(3):
        assert await status_of(site, Request("POST", "/zb/1/push", body=whole_bundle(new))) == 200
    assert not library.offers


async def test_pushes_of_one_identity_keep_a_pace(autojump_clock: trio.testing.MockClock) -> None:
    author, library = carol(), FakeLibrary()
    site = api(library)

    async def push() -> int:
        author.publish(author.posts, author.state)
        return await status_of(site, Request("POST", "/zb/1/push", body=whole_bundle(author)))

    assert await push() == 200
    await trio.sleep(4)
    author.publish(author.posts, author.state)
    with pytest.raises(HttpRefusal) as caught:
        await post(site, "push", whole_bundle(author))
    assert caught.value.status == 429
    assert dict(caught.value.headers) == {"retry-after": "6"}
    await trio.sleep(6.1)
    assert await push() == 200
    other = Author("dave")
    other.publish([lines("x", 1)])
    assert await status_of(site, Request("POST", "/zb/1/push", body=whole_bundle(other))) == 200


async def test_a_push_holds_one_identity_and_what_its_head_names() -> None:
    author, other = carol(), Author("dave")
    other.publish([lines("x", 1)])
    stranger = Slice(sha256(b"x\n"), 0, b"x\n")
    for body in (
        whole_bundle(author) + whole_bundle(other),
        bundle(author, stranger),
        author.pointer,
        b"\xff\n",
        b"[]",
    ):
        assert await status_of(api(FakeLibrary()), Request("POST", "/zb/1/push", body=body)) == 400


async def test_what_the_house_refuses_is_403() -> None:
    class Closed(FakeLibrary):
        async def offer(self, offer: Offer, source: str) -> bool:
            raise NotPermitted("The quota of this author is used up.")

    assert await status_of(api(Closed()), Request("POST", "/zb/1/push", body=whole_bundle(carol()))) == 403


async def test_a_push_that_leaves_gaps_is_reported() -> None:
    author, gaps = carol(), list[Identity]()
    site = api(FakeLibrary(), lacking=gaps.append)
    await post(site, "push", bundle(author))
    assert gaps == [author.identity]


async def test_a_peer_hangs_on_to_a_feed_over_a_real_connection(
    short_dir: Path, autojump_clock: trio.testing.MockClock
) -> None:
    async with node(short_dir, "alice") as alice, node(short_dir, "bob") as bob:
        await follow_empty(alice, bob)
        assert trio.current_time() == pytest.approx(600, abs=1)


async def follow_empty(source: Node, reader: Node) -> None:
    assert await reader.sync.follow_changes(source.endpoint, "", 600) == "epochalice.0"


class Porter:
    """Lets in whoever says please, when there is time."""

    def __init__(self) -> None:
        self.busy = False

    def terms(self) -> bytes:
        return b'{"kind":"registrar"}'

    async def challenge(self, way: str) -> bytes:
        if self.busy:
            raise Busy("too many ask", 90)
        return b'{"kind":"challenge","way":"%s"}' % way.encode()

    async def answer(self, raw: bytes) -> bytes:
        if raw != b"please":
            raise NotPermitted("that is not what it shows")
        return b'{"kind":"admitted"}'


async def test_a_registrar_says_its_terms_asks_and_answers() -> None:
    porter = Porter()
    site = api(FakeLibrary(), registrar=porter)
    (about,) = rows(await whole(await get(site, "node")))
    assert "intro" in about["caps"]
    assert (await get(site, "intro")).body == b'{"kind":"registrar"}\n'
    assert (await get(site, "intro", {"way": "captcha"})).body == b'{"kind":"challenge","way":"captcha"}\n'
    assert (await post(site, "intro", b"please\n")).body == b'{"kind":"admitted"}\n'
    with pytest.raises(HttpRefusal, match="not what it shows") as told:
        await post(site, "intro", b"let me in\n")
    assert told.value.status == 403
    porter.busy = True
    with pytest.raises(HttpRefusal, match="too many ask") as told:
        await get(site, "intro", {"way": "captcha"})
    assert (told.value.status, told.value.headers) == (429, (("retry-after", "90"),))


def test_an_introduction_is_short() -> None:
    site = api(FakeLibrary())
    assert 0 < site.body_limit("POST", "/zb/1/intro") <= 8 * 1024
    assert site.body_limit("GET", "/zb/1/intro") == 0
