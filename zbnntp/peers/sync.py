"""The client's journeys: what is newer at a peer, and how it gets here. docs/protocol.md "Sync over HTTP".

A peer is asked for its whole feed, never for one identity that it has not listed: a node that reads a whole feed
does not tell which identities it likes. Exceptions are following a link, and an author's own endpoints. Of what is
listed: size, signature, seq, wanted - and only then a fetch. What is fetched goes to `library.offer`, which verifies
it again with all its rules; here only the cheap checks are made that save memory and requests.

Errors: Unreachable (try later), Invalid (the peer is at fault), Missing (it does not keep that).
"""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import trio

from zbnntp.model import limits
from zbnntp.model.bundle import Offer, Slice, read_bundle, slices_of, write_offer
from zbnntp.model.canonical import decode
from zbnntp.model.errors import BadEncoding, Invalid, PeerGone, Refused, TooLarge
from zbnntp.model.fields import integer
from zbnntp.model.keys import Identity, Sha256, parse_hex, sha256, short_id
from zbnntp.model.manifest import Head, Pointer, SegmentRef, check_segment, open_head, open_pointer
from zbnntp.model.notices import is_notice
from zbnntp.peers.answers import answered_pointer, check_status
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.carrier import Answer, Carrier
from zbnntp.peers.needs import Held, Library
from zbnntp.peers.prefix import held_prefix

log = logging.getLogger(__name__)

HEAD_ANSWER_OCTETS = limits.POINTER_OCTETS + limits.HEAD_OCTETS + 2
CHANGES_ROWS = 1_000
CHANGES_LINE_OCTETS = 4 * 1024  # a fork line holds two pointers
CHANGES_OCTETS = CHANGES_ROWS * 1024 + 64 * 1024  # rows, beats and the cursor
SILENCE_SECONDS = 120.0  # a beat comes every 45
SMALL_ANSWER_OCTETS = 4 * 1024
FETCH_ROWS = 100  # identities asked for at once
NAMED_SEGMENTS = 12  # held of one identity: naming them takes a kilobyte
TURN_SECONDS = 20.0  # how long what one peer is asked for is not asked of another
PUSH_OCTETS = 2 * 1024 * 1024  # of segments: half a bundle, for the quotes that JSON adds
PUSH_FIRST_OCTETS = 512 * 1024  # to a peer of whom we do not know what it holds
PUSH_PEERS = 1_000  # of whom we remember what they hold
_CURSOR = re.compile(r"[a-z0-9]{1,32}\.\d{1,18}")
_GZIP = {"accept-encoding": "gzip"}


@dataclass(slots=True)
class Page:
    """One answer of a feed: what of it is wanted and newer, what is older, and where to go on."""

    news: list[Pointer] = field(default_factory=list)
    notices: list[bytes] = field(default_factory=list)
    older: list[Pointer] = field(default_factory=list)
    rows: int = 0
    cursor: str = ""


class Sync:
    """Journeys of one local identity over one carrier."""

    def __init__(self, carrier: Carrier, library: Library) -> None:
        self._carrier = carrier
        self._library = library
        self._asking: Counter[Identity] = Counter()  # whose manifests are being fetched now
        self._asked = trio.Event()
        self.under_way: dict[Identity, tuple[int, int]] = {}  # octets that are here, of how many that are being fetched
        self._pushed: dict[str, dict[Sha256, int]] = {}
        self._told: dict[str, set[bytes]] = {}  # moves, by whom we told them

    async def fetch_manifest(self, endpoint: str, identity: Identity, listed: Pointer | None = None) -> bool:
        """Bring what is kept of `identity` up to what `endpoint` has; True when that was news.

        `listed`: what its feed says that it has; nothing is asked when that has come from elsewhere meanwhile.
        """
        async with self._turn([identity]):
            if listed and not self._is_news(listed):
                return False
            pair = await self._fetch_head(endpoint, identity)
            if pair is None:
                return False
            try:
                return await self._fetch_segments(endpoint, *pair)
            finally:
                self.under_way.pop(identity, None)

    @asynccontextmanager
    async def _turn(self, identities: Sequence[Identity]) -> AsyncIterator[None]:
        """While somebody else is asked for them we wait, but not long: he may be slow on purpose."""
        with trio.move_on_after(TURN_SECONDS):
            while any(self._asking[identity] for identity in identities):
                await self._asked.wait()
        self._asking.update(identities)
        try:
            yield
        finally:
            self._asking -= Counter(identities)
            self._asked.set()
            self._asked = trio.Event()

    async def ask_version(self, endpoint: str, identity: Identity) -> tuple[int, Sha256]:
        """The version that `endpoint` keeps; Missing when it keeps none. For one's own manifest alone."""
        answer = await self._carrier.request(endpoint, f"/zb/1/head/{identity.hex()}", limit=HEAD_ANSWER_OCTETS)
        check_status(answer, 200)
        pointer = answered_pointer(answer, identity)[0]
        return pointer.seq, pointer.head

    async def ask_identity(self, endpoint: str) -> Identity:
        """Whose node answers there."""
        return Identity(parse_hex((await self._ask_node(endpoint)).get("id")))

    async def ask_time(self, endpoint: str) -> int:
        """What its clock says, unix seconds."""
        return integer(await self._ask_node(endpoint), "time", low=0)

    async def _ask_node(self, endpoint: str) -> dict[str, Any]:
        answer = await self._carrier.request(endpoint, "/zb/1/node", limit=SMALL_ANSWER_OCTETS)
        check_status(answer, 200)
        return decode(answer.body.removesuffix(b"\n"))

    async def follow_changes(
        self, endpoint: str, since: str, wait: int = 0, heard: Callable[[Identity | None], None] = lambda identity: None
    ) -> str:
        """Read a page of the feed since a cursor ("" = from the start), held up to `wait` seconds; fetch what is new.

        `heard` is told of every line: who is listed there, None when nobody. Returns the cursor to go on from; an error
        means: not from there yet.
        """
        page = await self._read_page(endpoint, since, wait, heard)
        for pointer in page.older:
            await self._library.witness(pointer)
        for raw in page.notices:
            await self._take_notice(endpoint, raw)
        for start in range(0, len(page.news), FETCH_ROWS):
            await self._fetch_news(endpoint, page.news[start : start + FETCH_ROWS])
        return page.cursor

    async def push_to(self, endpoint: str, identity: Identity) -> None:
        """Hand our newest head to a peer, with what it cannot have yet; Refused when it does not want it."""
        await self._tell_moves(endpoint)
        head = self._held_head(identity)
        manifest = self._library.manifest(identity)
        if manifest is None or head is None:
            return
        slices = await self._new_slices(head, self._pushed.get(endpoint))
        body = b"".join(write_offer(Offer(*manifest, tuple(slices))))
        answer = await self._carrier.request(endpoint, "/zb/1/push", limit=SMALL_ANSWER_OCTETS, body=body)
        if answer.status == 409:
            return  # it holds a newer one: ours came back from a backup, or it went faster by another way
        if answer.status == 400 and endpoint in self._pushed:
            del self._pushed[endpoint]
            again = "that peer no longer has what was pushed to it before; next time it gets all"
            raise NoAnswer(again, Remedy.BACK_OFF, limits.PUSH_GAP_SECONDS)
        check_status(answer, 200)
        self._library.handed_over(identity, sha256(manifest[1]))
        self._pushed.pop(endpoint, None)
        self._pushed[endpoint] = {ref.sha256: ref.octets for ref in head.segments}
        if len(self._pushed) > PUSH_PEERS:
            del self._pushed[next(iter(self._pushed))]

    async def _tell_moves(self, endpoint: str) -> None:
        """Whom we follow, before our own head: only that makes us somebody who is wanted there."""
        told = self._told.setdefault(endpoint, set())
        for raw in self._library.own_moves():
            if raw in told:
                continue
            body = raw + b"\n"
            answer = await self._carrier.request(endpoint, "/zb/1/push", limit=SMALL_ANSWER_OCTETS, body=body)
            with suppress(Refused):  # whoever does not know the old identity need not know of its end
                check_status(answer, 200)
            told.add(raw)

    async def _fetch_head(self, endpoint: str, identity: Identity) -> tuple[Pointer, Head] | None:
        """The head at `endpoint`; None when it is no newer than ours. Missing when it has none."""
        held = self._library.held(identity)
        headers = {"if-none-match": f'"{held.head.hex()}"'} if held and not self._gaps(identity) else None
        path = f"/zb/1/head/{identity.hex()}"
        answer = await self._carrier.request(endpoint, path, limit=HEAD_ANSWER_OCTETS, headers=headers)
        if answer.status == 304:
            return None
        check_status(answer, 200)
        pointer, head = answered_pointer(answer, identity)
        if held and pointer.seq < held.seq:
            await self._library.witness(pointer)
            return None
        return pointer, open_head(head, pointer)

    def _gaps(self, identity: Identity) -> bool:
        """Whether segments of the head that is held are still to be fetched."""
        head = self._held_head(identity)
        return head is not None and bool(self._library.lacking(head))

    def _held_head(self, identity: Identity) -> Head | None:
        manifest = self._library.manifest(identity)
        return open_head(manifest[1], open_pointer(manifest[0])) if manifest else None

    async def _fetch_segments(self, endpoint: str, pointer: Pointer, head: Head) -> bool:
        """Fetch what the head names and we lack, offered whenever 4 MiB are together, until 20 MiB."""
        beginnings = await self._beginnings(head)
        slices: list[Slice] = []
        total, unsent, news = 0, 0, False
        wanted = self._library.lacking(head)
        for ref in wanted:
            self.under_way[head.identity] = total, sum(it.octets for it in wanted)
            total += ref.octets
            if total > limits.FIRST_CONTACT_OCTETS:
                break
            if slices and unsent + ref.octets > limits.BUNDLE_OCTETS:
                news |= await self._library.offer(Offer(pointer.raw, head.raw, tuple(slices)), endpoint)
                slices, unsent = [], 0
            part = await self._fetch_segment(endpoint, ref, beginnings.get(ref.sha256, b""))
            if part is not None:
                slices.append(part)
                unsent += ref.octets
        held = self._library.held(head.identity)
        if slices or held is None or held.head != head.sha256:
            news |= await self._library.offer(Offer(pointer.raw, head.raw, tuple(slices)), endpoint)
        return news

    async def _beginnings(self, head: Head) -> dict[Sha256, bytes]:
        """For segments that may have grown out of held ones, the bytes held: segments grow, and keep their order."""
        old = self._held_head(head.identity)
        if old is None:
            return {}
        found: dict[Sha256, bytes] = {}
        for before, after in ((old.posts, head.posts), (old.state, head.state)):
            named = {ref.sha256 for ref in after}
            known = {ref.sha256 for ref in before}
            gone = [ref for ref in before if ref.sha256 not in named]
            come = [ref for ref in after if ref.sha256 not in known]
            for was, now in zip(gone, come, strict=False):
                if was.octets < now.octets and (data := await self._library.segment(was.sha256)):
                    found[now.sha256] = data
        return found

    async def _fetch_segment(self, endpoint: str, ref: SegmentRef, beginning: bytes) -> Slice | None:
        """A segment whose hash holds, or the end of one; None when the peer does not keep it."""
        path = f"/zb/1/seg/{ref.sha256.hex()}"
        if beginning:
            headers = {"range": f"bytes={len(beginning)}-"}
            answer = await self._carrier.request(endpoint, path, limit=ref.octets, headers=headers)
            if answer.status == 206 and sha256(beginning + answer.body) == ref.sha256:
                check_segment(ref, beginning + answer.body)
                return Slice(ref.sha256, len(beginning), answer.body)
            if answer.status == 404:
                return None
        answer = await self._carrier.request(endpoint, path, limit=ref.octets, headers=_GZIP)
        if answer.status == 404:
            return None
        check_status(answer, 200)
        check_segment(ref, answer.body)
        return Slice(ref.sha256, 0, answer.body)

    async def _read_page(self, endpoint: str, since: str, wait: int, heard: Callable[[Identity | None], None]) -> Page:
        page = Page()
        path = f"/zb/1/changes?since={since}&wait={wait}"
        seconds = wait + SILENCE_SECONDS
        async with self._carrier.open(
            endpoint, path, limit=CHANGES_OCTETS, seconds=seconds, silence=SILENCE_SECONDS
        ) as response:
            if response.status != 200:
                check_status(Answer(response.status, response.headers, await response.read()), 200)
            async with aclosing(response.lines(CHANGES_LINE_OCTETS)) as lines:
                async for raw in lines:
                    heard(self._take_row(page, raw))
        if not page.cursor:
            raise PeerGone("a peer's answer broke off")
        return page

    def _take_row(self, page: Page, raw: bytes) -> Identity | None:
        """Note a line of a feed; whom it lists."""
        line = decode(raw, CHANGES_LINE_OCTETS)
        page.rows += 1
        if page.cursor or page.rows > CHANGES_ROWS + limits.SEGMENTS:
            raise TooLarge("a peer's answer goes on after its end")
        if line.get("kind") == "cursor":
            page.cursor = _parse_cursor(line)
        elif line.get("kind") == "pointer":
            pointer = open_pointer(raw)
            if self._is_news(pointer):
                page.news.append(pointer)
            elif (held := self._library.held(pointer.identity)) and held.head != pointer.head:
                page.older.append(pointer)
            return pointer.identity
        elif is_notice(line.get("kind")):
            page.notices.append(raw)
        return None

    async def _take_notice(self, endpoint: str, raw: bytes) -> None:
        """A fork or a move; what is wrong with it must not keep the rest from coming."""
        try:
            await self._library.take_notice(raw, endpoint)
        except (Invalid, Refused) as error:
            log.info("a notice was not taken from %s: %s", endpoint, error)

    def _is_news(self, pointer: Pointer) -> bool:
        """Newer than what is held, or a fork of it; and wanted here."""
        held = self._library.held(pointer.identity)
        if held and (pointer.seq < held.seq or (pointer.head == held.head and not self._gaps(pointer.identity))):
            return False
        return self._library.wanted(pointer.identity)

    async def _fetch_news(self, endpoint: str, news: Sequence[Pointer]) -> None:
        """All in one bundle unless its request would be long; then one by one what it did not bring."""
        if len(news) > 1 or self._is_small(news[0].identity):
            async with self._turn([pointer.identity for pointer in news]):
                if asked := [pointer.identity for pointer in news if self._is_news(pointer)]:
                    await self._fetch_bundle(endpoint, asked)
        for pointer in news:
            if self._is_news(pointer):
                await self._fetch_one(endpoint, pointer)

    def _is_small(self, identity: Identity) -> bool:
        """Whether so few segments are held that naming them all costs less than another request."""
        held = self._library.held(identity)
        return held is not None and len(held.segments) <= NAMED_SEGMENTS

    async def _fetch_one(self, endpoint: str, listed: Pointer) -> None:
        """One listed identity; what is wrong with it must not keep the others from coming."""
        try:
            await self.fetch_manifest(endpoint, listed.identity, listed)
        except (Invalid, Refused) as error:
            log.info("%s was not taken from %s: %s", short_id(listed.identity), endpoint, error)

    async def _fetch_bundle(self, endpoint: str, identities: Sequence[Identity]) -> None:
        body = json.dumps([_row(identity, self._library.held(identity)) for identity in identities]).encode()
        limit = limits.BUNDLE_OCTETS
        answer = await self._carrier.request(endpoint, "/zb/1/fetch", limit=limit, body=body)
        check_status(answer, 200)
        asked = set(identities)
        for offer in read_bundle(answer.body.removesuffix(b"\n").split(b"\n") if answer.body else ()):
            identity = Identity(parse_hex(decode(offer.pointer).get("id")))
            if identity not in asked:
                raise BadEncoding("a peer sent what it was not asked for")
            try:
                await self._library.offer(offer, endpoint)
            except (Invalid, Refused) as error:
                log.info("%s was not taken from %s: %s", short_id(identity), endpoint, error)

    async def _new_slices(self, head: Head, pushed: Mapping[Sha256, int] | None) -> list[Slice]:
        """What a peer lacks after our last push to it, else the state and the newest posts, as far as it fits."""
        slices: list[Slice] = []
        room = PUSH_FIRST_OCTETS if pushed is None else PUSH_OCTETS
        for ref in (*head.state, *reversed(head.posts)):
            data = await self._library.segment(ref.sha256)
            if data is None or ref.sha256 in (pushed or {}):
                continue
            start = held_prefix(data, pushed or {})
            room -= len(data) - start
            if room >= 0:
                slices.extend(slices_of(ref.sha256, data, start))
        return slices


def _row(identity: Identity, held: Held | None) -> list[Any]:
    """What POST fetch is told: every segment held, as the beginning of one that may have grown."""
    if held is None:
        return [identity.hex(), 0, []]
    return [identity.hex(), held.seq, [[name.hex(), octets] for name, octets in held.segments]]


def _parse_cursor(line: dict[str, Any]) -> str:
    text = line.get("next")
    if not isinstance(text, str) or not _CURSOR.fullmatch(text):
        raise BadEncoding("a peer's cursor has another form")
    return text
