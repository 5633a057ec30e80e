"""What peers may ask, and the statuses they get: docs/protocol.md "Sync over HTTP".

A request comes from anybody. Handlers parse, look up, answer; the order of checks is the order of their cost, and an
identity that is not fetched here is refused before any signature is looked at. Only this file turns our errors into
HTTP.

The feed of changes is the one answer that may be held: at most one answer every five seconds for a connection, a
beat every 45 seconds, because a peer whose tor dies sends no end but silence, and a limit on how many are held.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import trio

from zbnntp.model import limits
from zbnntp.model.bundle import Offer, read_bundle, slices_of, write_offer
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, Busy, Invalid, Missing, Refused, TooLarge, Unreachable, ZbError
from zbnntp.model.intro import INTRO_OCTETS
from zbnntp.model.keys import Identity, Sha256, parse_hex, sha256
from zbnntp.model.manifest import Pointer, open_head, open_pointer
from zbnntp.model.notices import is_notice
from zbnntp.peers.exchange import HttpRefusal, Reply, Request
from zbnntp.peers.needs import Library, Registrar
from zbnntp.peers.prefix import held_prefix

CHANGES_ROWS = 1_000
FETCH_ROWS = 256  # identities in one request
FETCH_OCTETS = 256 * 1024  # of the request: a row with all 200 segments has 15 KiB
FETCH_WORK_OCTETS = 32 * 1024 * 1024  # of segments looked at for one answer
HELD_POLLS = 100  # of 200 connections
BEAT_SECONDS = 45.0
WAIT_SECONDS = 600
CHANGES_GAP_SECONDS = 5.0  # between two answers on one connection
BUSY_SECONDS = 60  # what to wait when all polls are taken
PUSH_MEMORY = 10_000  # identities whose last push is remembered
SMALL_OCTETS = 1_000  # not worth packing
_BEAT = encode({"kind": "beat"}) + b"\n"
_JSON = ("content-type", "application/json")
_RANGE = re.compile(r"bytes=(\d{1,15})-")
_CURSOR = re.compile(r"([a-z0-9]{1,32})\.(\d{1,18})")
_STATUSES: tuple[tuple[type[ZbError], int], ...] = (
    (TooLarge, 413),
    (Invalid, 400),
    (Missing, 404),
    (Refused, 403),
    (Unreachable, 503),
)

Clock = Callable[[], int]
Lacking = Callable[[Identity], None]
Notes = Callable[[], Sequence[bytes]]
Handler = Callable[["Api", Request, str], Awaitable[Reply]]


def ignore(identity: Identity) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table: what answers, and how large a body may be."""

    handler: Handler
    body_octets: int = 0


class Api:
    """The site of one local identity. `clock` gives the unix seconds that others see.

    `lacking` is told when a push left gaps to fetch; `notes` are those about its closed onion, None without one; so is
    `registrar`.
    """

    def __init__(
        self,
        identity: Identity,
        library: Library,
        clock: Clock,
        *,
        lacking: Lacking = ignore,
        notes: Notes | None = None,
        registrar: Registrar | None = None,
        held_polls: int = HELD_POLLS,
    ) -> None:
        self._identity = identity
        self._library = library
        self._clock = clock
        self._lacking = lacking
        self._notes = notes
        self._registrar = registrar
        self._polls = trio.CapacityLimiter(held_polls)
        self._pushed: dict[Identity, float] = {}

    def body_limit(self, method: str, path: str) -> int:
        route = ROUTES.get((method, _parse_path(path)[0]))
        return route.body_octets if route else 0

    async def answer(self, request: Request) -> Reply:
        """Raises HttpRefusal, and nothing else that a visitor can cause."""
        name, argument = _parse_path(request.path)
        route = ROUTES.get((request.method, name))
        if route is None:
            raise HttpRefusal(404, "There is nothing under that address.")
        try:
            return await route.handler(self, request, argument)
        except Busy as error:
            raise HttpRefusal(429, str(error), (("retry-after", str(error.seconds)),)) from error
        except ZbError as error:
            status = next(status for kind, status in _STATUSES if isinstance(error, kind))
            raise HttpRefusal(status, str(error)) from error

    async def _node(self, request: Request, argument: str) -> Reply:
        about = {
            "kind": "node",
            "v": 1,
            "id": self._identity.hex(),
            "time": self._clock(),
            "limits": {"bundle": limits.BUNDLE_OCTETS, "changes": CHANGES_ROWS, "fetch": FETCH_ROWS},
            "caps": ["gzip", *(["closed"] if self._notes else []), *(["intro"] if self._registrar else [])],
        }
        return Reply(200, encode(about) + b"\n", (_JSON,))

    async def _head(self, request: Request, argument: str) -> Reply:
        manifest = self._library.manifest(Identity(parse_hex(argument)))
        if manifest is None:
            raise Missing("That identity is not kept here.")
        pointer, head = manifest
        self._library.handed_over(Identity(parse_hex(argument)), sha256(head))
        tag = f'"{sha256(head).hex()}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(304, b"", (("etag", tag),))
        return Reply(200, pointer + b"\n" + head + b"\n", (_JSON, ("etag", tag)))

    async def _segment(self, request: Request, argument: str) -> Reply:
        data = await self._library.segment(Sha256(parse_hex(argument)))
        if data is None:
            raise Missing("That segment is not kept here.")
        headers = (_JSON, ("cache-control", "immutable"), ("accept-ranges", "bytes"))
        wanted = _RANGE.fullmatch(request.headers.get("range", ""))
        if wanted:
            return _part(data, int(wanted[1]), headers)
        if len(data) < SMALL_OCTETS or not _takes_gzip(request):
            return Reply(200, data, headers)
        packed = await trio.to_thread.run_sync(lambda: gzip.compress(data, 6, mtime=0))
        return Reply(200, packed, (*headers, ("content-encoding", "gzip")))

    async def _changes(self, request: Request, argument: str) -> Reply:
        after = self._parse_since(request.query.get("since", ""))
        wait = request.query.get("wait", "0")
        if not re.fullmatch(r"\d{1,6}", wait):
            raise BadEncoding("wait is a number of seconds")
        held = min(int(wait), WAIT_SECONDS)
        if held and self._polls.available_tokens < 1 and not self._library.changes(after, 1):
            raise HttpRefusal(503, "Too many nodes wait here.", (("retry-after", str(BUSY_SECONDS)),))
        return Reply(200, self._feed(request, after, held), (_JSON,))

    async def _closed(self, request: Request, argument: str) -> Reply:
        """The notes for all who are told where the closed onion is; each can read his own."""
        if self._notes is None:
            raise Missing("This node has no closed onion.")
        return Reply(
            200, b"".join(encode({"kind": "closed", "note": it.hex()}) + b"\n" for it in self._notes()), (_JSON,)
        )

    def _parse_since(self, text: str) -> int:
        match = _CURSOR.fullmatch(text)
        return int(match[2]) if match and match[1] == self._library.epoch else 0

    async def _feed(self, request: Request, after: int, wait: int) -> AsyncGenerator[bytes, None]:
        """Rows since `after`, held up to `wait` seconds for the first; then the cursor."""
        until = trio.current_time() + wait
        await trio.sleep_until(request.visitor.last_changes + CHANGES_GAP_SECONDS)
        rows = self._library.changes(after, CHANGES_ROWS)
        if not rows and self._polls.available_tokens >= 1:
            me = object()
            self._polls.acquire_on_behalf_of_nowait(me)
            try:
                while not rows and (left := until - trio.current_time()) > 0:
                    with trio.move_on_after(min(left, BEAT_SECONDS)) as beat:
                        await self._library.wait_change(after)
                    if beat.cancelled_caught:
                        yield _BEAT
                    rows = self._library.changes(after, CHANGES_ROWS)
            finally:
                self._polls.release_on_behalf_of(me)
        yield b"".join(line + b"\n" for _, line in rows)
        last = rows[-1][0] if rows else after
        yield encode({"kind": "cursor", "next": f"{self._library.epoch}.{last}"}) + b"\n"
        request.visitor.last_changes = trio.current_time()

    async def _fetch(self, request: Request, argument: str) -> Reply:
        return Reply(200, self._bundle(_parse_rows(request.body)), (_JSON,))

    async def _bundle(self, rows: list[FetchRow]) -> AsyncGenerator[bytes, None]:
        """What is newer, row by row, until the limit of a bundle or of the work for it; whole segments only."""
        room, work = limits.BUNDLE_OCTETS, FETCH_WORK_OCTETS
        for row in rows:
            async with aclosing(self._newer(row)) as newer:
                async for lines, octets in newer:
                    await trio.lowlevel.checkpoint()
                    room -= sum(map(len, lines))
                    work -= octets
                    if room < 0 or work < 0:
                        return
                    for line in lines:
                        yield line

    async def _newer(self, row: FetchRow) -> AsyncGenerator[tuple[list[bytes], int], None]:
        """Lines that belong together, and the octets looked at for them: pointer and head, then each segment."""
        manifest = self._library.manifest(row.identity)
        if manifest is None:
            return
        pointer_line, head_line = manifest
        pointer = _own_pointer(row.identity, pointer_line, head_line)
        head = open_head(head_line, pointer)
        lacking = [ref for ref in head.segments if ref.sha256 not in row.held]
        if pointer.seq < row.seq or (pointer.seq == row.seq and not lacking):
            return
        self._library.handed_over(row.identity, pointer.head)
        yield list(write_offer(Offer(pointer_line, head_line))), len(head_line)
        for ref in lacking:
            data = await self._library.segment(ref.sha256) or b""
            parts = slices_of(ref.sha256, data, held_prefix(data, row.held))
            yield list(write_offer(Offer(b"", b"", tuple(parts))))[2:], len(data)

    async def _push(self, request: Request, argument: str) -> Reply:
        lines = request.body.removesuffix(b"\n").split(b"\n")
        first = decode(lines[0], limits.NOTICE_OCTETS)
        if len(lines) == 1 and is_notice(first.get("kind")):
            return await self._push_notice(lines[0], first)
        identity = Identity(parse_hex(decode(lines[0], limits.POINTER_OCTETS).get("id")))
        if not (self._library.is_shown(identity) and self._library.wanted(identity)):
            raise HttpRefusal(403, "That identity is not fetched here.")
        pointer = open_pointer(lines[0])
        held = self._library.held(identity)
        if held and held.seq > pointer.seq:
            await self._library.witness(pointer)
            raise HttpRefusal(409, f"A newer head is held here, {held.seq}.")
        if not held or held.head != pointer.head:
            self._keep_push_pace(identity)
            offers = list(read_bundle(lines))
            if len(offers) != 1:
                raise BadEncoding("push one identity at a time")
            await self._library.offer(offers[0], "push")
            self._look_for_gaps(identity)
        held = self._library.held(identity)
        have = [[identity.hex(), held.seq]] if held else []
        return Reply(200, encode({"have": have}) + b"\n", (_JSON,))

    async def _push_notice(self, raw: bytes, line: dict[str, Any]) -> Reply:
        """A fork or a move on its own, about somebody whose manifest is held."""
        identity = Identity(parse_hex(line.get("id" if line["kind"] == "fork" else "from")))
        held = self._library.held(identity)
        if held is None or not self._library.is_shown(identity):
            raise HttpRefusal(403, "That identity is not kept here.")
        self._keep_push_pace(identity)
        await self._library.take_notice(raw, "push")
        return Reply(200, encode({"have": [[identity.hex(), held.seq]]}) + b"\n", (_JSON,))

    async def _ask_intro(self, request: Request, argument: str) -> Reply:
        """The terms, or a challenge of the way that the query names."""
        way = request.query.get("way")
        line = self._registrar_here().terms() if way is None else await self._registrar_here().challenge(way)
        return Reply(200, line + b"\n", (_JSON,))

    async def _take_intro(self, request: Request, argument: str) -> Reply:
        line = await self._registrar_here().answer(request.body.removesuffix(b"\n"))
        return Reply(200, line + b"\n", (_JSON,))

    def _registrar_here(self) -> Registrar:
        if self._registrar is None:
            raise Missing("This node lets nobody in.")
        return self._registrar

    def _look_for_gaps(self, identity: Identity) -> None:
        """A push holds what the pusher thought we lack; what it left out has to be fetched."""
        manifest = self._library.manifest(identity)
        if manifest and self._library.lacking(open_head(manifest[1], _own_pointer(identity, *manifest))):
            self._lacking(identity)

    def _keep_push_pace(self, identity: Identity) -> None:
        """429 unless this identity's last accepted pointer is ten seconds old; only its author can make new ones."""
        now = trio.current_time()
        left = self._pushed.pop(identity, -math.inf) + limits.PUSH_GAP_SECONDS - now
        self._pushed[identity] = now if left <= 0 else now + left - limits.PUSH_GAP_SECONDS
        while len(self._pushed) > PUSH_MEMORY:
            del self._pushed[next(iter(self._pushed))]
        if left > 0:
            raise HttpRefusal(429, "That came too soon.", (("retry-after", str(math.ceil(left))),))


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "node"): Route(Api._node),
    ("GET", "head/"): Route(Api._head),
    ("GET", "seg/"): Route(Api._segment),
    ("GET", "changes"): Route(Api._changes),
    ("GET", "closed"): Route(Api._closed),
    ("POST", "fetch"): Route(Api._fetch, FETCH_OCTETS),
    ("POST", "push"): Route(Api._push, limits.BUNDLE_OCTETS),
    ("GET", "intro"): Route(Api._ask_intro),
    ("POST", "intro"): Route(Api._take_intro, INTRO_OCTETS),
}


@dataclass(frozen=True, slots=True)
class FetchRow:
    """What a peer holds of one identity: seq, and for each segment or beginning of one, hash -> octets."""

    identity: Identity
    seq: int
    held: dict[Sha256, int]


def _parse_path(path: str) -> tuple[str, str]:
    """`/zb/1/head/<id>` -> ("head/", "<id>"); the name is "" for what is not ours."""
    if not path.startswith("/zb/1/"):
        return "", ""
    name, slash, argument = path.removeprefix("/zb/1/").partition("/")
    return name + slash, argument


def _part(data: bytes, start: int, headers: tuple[tuple[str, str], ...]) -> Reply:
    """The bytes from `start` on, never packed; RFC 9110 sections 14.4 and 15.5.17."""
    if start >= len(data):
        raise HttpRefusal(416, "That is beyond the end.", (("content-range", f"bytes */{len(data)}"),))
    where = ("content-range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    return Reply(206, data[start:], (*headers, where))


def _takes_gzip(request: Request) -> bool:
    names = request.headers.get("accept-encoding", "").split(",")
    return any(name.strip().lower() == "gzip" for name in names)


def _own_pointer(identity: Identity, pointer_line: bytes, head_line: bytes) -> Pointer:
    """A pointer that was verified when it was kept; its signature is not checked again."""
    seq = decode(pointer_line, limits.POINTER_OCTETS)["seq"]
    return Pointer(identity, seq, sha256(head_line), pointer_line)


def _parse_rows(body: bytes) -> list[FetchRow]:
    """[[id, seq held or 0, [[sha256 of the first octets, octets]..]]..]; BadEncoding for anything else."""
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadEncoding("that is no JSON") from error
    if not isinstance(rows, list) or len(rows) > FETCH_ROWS:
        raise BadEncoding(f"fetch takes a list of at most {FETCH_ROWS} rows")
    return [_parse_row(row) for row in rows]


def _parse_row(row: object) -> FetchRow:
    match row:
        case [str(identity), int(seq), list(held)] if len(held) <= limits.SEGMENTS:
            return FetchRow(Identity(parse_hex(identity)), seq, dict(map(_parse_held, held)))
    raise BadEncoding("a row is [id, seq, [[sha256, octets]..]]")


def _parse_held(item: object) -> tuple[Sha256, int]:
    match item:
        case [str(name), int(octets)]:
            return Sha256(parse_hex(name)), octets
    raise BadEncoding("a held segment is [sha256, octets]")
