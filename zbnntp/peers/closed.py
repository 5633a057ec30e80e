"""The closed onion: a second address that only mutuals are told and only they get into.

The open onion has to let everybody in, and whoever floods it keeps everybody out. The closed one exists for those who
rate us as we rate them: tor itself turns away whoever cannot show one of the keys it was added with (client
authorisation), and nobody else learns the address, so nobody else sees from it when this node is on line.

Each side needs one X25519 key, the visitor's key, whose public half stands in the head. It opens two locks: with it a
mutual reads the note in which the other seals his closed address (anybody may have the notes, at the open onion; each
is for one reader, and none says for whom), and shows himself to tor at that address. All keys here are derived from
the onion's seed, never from the identity's.

When somebody leaves the list, all connections and circuits to the onion are closed before it comes back with the
shorter list: tor would let those that are open go on for hours. docs/tor.md, docs/protocol.md
"closed"; tor's rend-spec-v3 (client authorisation) and control-spec (ADD_ONION, ONION_CLIENT_AUTH_ADD).
"""

from __future__ import annotations

import base64
import contextlib
import logging
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import trio

from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, Invalid, Missing, PeerGone, TorDown, ZbError
from zbnntp.model.keys import Identity, NoteKey, seal_note, sha256, short_id
from zbnntp.peers.address import onion_host
from zbnntp.peers.carrier import Carrier
from zbnntp.peers.needs import Directory, Mutual
from zbnntp.peers.onion import OnionService, Tor
from zbnntp.peers.reach import retry_seconds
from zbnntp.peers.sync import Sync
from zbnntp.peers.web import Server, Site, listen_unix

log = logging.getLogger(__name__)

GUESTS = 256  # a descriptor of 50,000 octets has room for some more; tor pads their number to multiples of 16
NOTES_OCTETS = 128 * 1024  # of an answer: 256 notes have 80 kB
NOTE_OCTETS = 512
ASK_SECONDS = 86_400.0  # between two looks at one mutual's notes
ROUND_SECONDS = 60.0  # between two looks at the list without being called
LOOK_SECONDS = 10.0  # at who is due to be asked


def visitor_key(onion_seed: bytes) -> NoteKey:
    """The key with which an identity reads notes and enters closed onions."""
    return NoteKey(sha256(b"zbnntp1 visitor\n" + onion_seed))


def write_note(author: Identity, url: str, reader: bytes) -> bytes:
    """`url` for one reader's eyes; BadEncoding when that is no key."""
    return seal_note(reader, encode({"id": author.hex(), "kind": "closed", "url": url}))


def read_note(note: bytes, author: Identity, key: NoteKey) -> str | None:
    """The closed address in a note that is for us; None for all others. Raises BadEncoding for nonsense in it."""
    text = key.open(note)
    if text is None:
        return None
    line = decode(text, NOTE_OCTETS)
    if line.get("kind") != "closed" or line.get("id") != author.hex():
        raise BadEncoding("a note about somebody else's address")
    url = line.get("url")
    onion_host(url if isinstance(url, str) else "")
    return str(url)


class ClosedOnion:
    """Ours: `admit` says who may come, `run` keeps it on tor, leading to the Unix socket at `socket`."""

    def __init__(self, tor: Tor, author: Identity, onion_seed: bytes, socket: Path) -> None:
        self._tor, self._author, self._socket = tor, author, socket
        self._seed = sha256(b"zbnntp1 closed onion\n" + onion_seed)
        self._listed: frozenset[bytes] = frozenset()
        self._changed = trio.Event()
        self.url = f"http://{OnionService(self._seed, socket).address}"
        self.guests: frozenset[bytes] = frozenset()
        self.notes: Sequence[bytes] = ()

    def admit(self, keys: Iterable[bytes]) -> None:
        """The visitors' keys of all who may come from now on; whoever is inside and not among them is cut off."""
        listed = frozenset(keys)
        if listed == self._listed:
            return
        self._listed = listed
        written = {key: self._write_note(key) for key in listed}
        self.guests = frozenset(key for key, note in written.items() if note)
        self.notes = sorted(filter(None, written.values()))  # their order tells nothing
        self._changed.set()
        self._changed = trio.Event()

    def _write_note(self, reader: bytes) -> bytes:
        try:
            return write_note(self._author, self.url, reader)
        except BadEncoding:  # what somebody published is no key
            return b""

    async def run(self, site: Site) -> None:
        """Serve it until cancelled; with nobody on the list there is no such onion."""
        while True:
            if self.guests:
                await self._let_in(site)
            else:
                await self._changed.wait()

    async def _let_in(self, site: Site) -> None:
        """Serve until somebody has to be cut off."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(Server(site, (onion_host(self.url),)).serve, listen_unix(self._socket))
                inside = self.guests
                while inside and inside <= self.guests:
                    inside = self.guests
                    await self._keep_added(inside, nursery.cancel_scope)
                nursery.cancel_scope.cancel()
        finally:
            self._socket.unlink(missing_ok=True)

    async def _keep_added(self, guests: frozenset[bytes], serving: trio.CancelScope) -> None:
        """Have tor let in these until the list is another; when somebody has left it, connections end first."""
        clients = [base64.b32encode(key).decode().rstrip("=") for key in sorted(guests)]
        service = OnionService(self._seed, self._socket, clients)
        self._tor.add(service)
        try:
            while self.guests == guests:
                await self._changed.wait()
            if not guests <= self.guests:
                serving.cancel()
        finally:
            with trio.CancelScope(shield=True), contextlib.suppress(TorDown):
                await self._tor.remove(service, cut_off=not guests <= self.guests)


class ClosedDoors:
    """Whom our closed onion lets in, and which closed onions we have been told. Call `run` in a task of its own."""

    def __init__(self, directory: Directory, tor: Tor, onion: ClosedOnion, key: NoteKey, rng: random.Random) -> None:
        self._directory, self._tor, self._onion, self._key, self._rng = directory, tor, onion, key, rng
        self._due: dict[Identity, float] = {}
        self._failures: Counter[Identity] = Counter()  # in a row
        self._awake = trio.Event()
        self.known = 0  # closed onions that we may visit

    def wake(self) -> None:
        """Who is a mutual may have changed."""
        self._awake.set()

    async def run(self, carrier: Carrier, sync: Sync) -> None:
        """Keep the list, and ask each mutual once a day. The list never waits for somebody's answer."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_list)
            nursery.start_soon(self._keep_asking, carrier, sync)

    async def _keep_list(self) -> None:
        while True:
            self._awake = trio.Event()
            mutuals = self._directory.mutuals()
            self._onion.admit(it.visitor for it in mutuals[:GUESTS] if it.visitor)
            self.known = sum(bool(it.closed) for it in mutuals)
            for mutual in mutuals:
                if mutual.closed:
                    await self._tor.present(onion_host(mutual.closed), self._key.secret)
            with trio.move_on_after(ROUND_SECONDS):
                await self._awake.wait()

    async def _keep_asking(self, carrier: Carrier, sync: Sync) -> None:
        """One after the other: there is no hurry."""
        while True:
            for mutual in self._directory.mutuals():
                identity = mutual.identity
                if mutual.visitor and self._due.get(identity, -math.inf) <= trio.current_time():
                    told = await self._ask(mutual, carrier, sync)
                    self._failures[identity] = 0 if told else self._failures[identity] + 1
                    pause = ASK_SECONDS if told else retry_seconds(self._failures[identity], self._rng)
                    self._due[identity] = trio.current_time() + pause
            await trio.sleep(LOOK_SECONDS)

    async def _ask(self, mutual: Mutual, carrier: Carrier, sync: Sync) -> bool:
        """Ask one mutual at his signed addresses; True when he had a note for us, or has no closed onion."""
        for endpoint in mutual.endpoints:
            try:
                url = await self._find_address(endpoint, mutual.identity, carrier, sync)
                if url and url != mutual.closed:
                    await self._directory.remember_closed(mutual.identity, url)
                    self._awake.set()
                return url is not None
            except Missing:
                return True
            except ZbError as error:
                log.info("the notes of %s at %s: %s", short_id(mutual.identity), endpoint, error)
        return False

    async def _find_address(self, endpoint: str, identity: Identity, carrier: Carrier, sync: Sync) -> str | None:
        """The address that is sealed for us there; None when we are not (yet) among those who are told."""
        if await sync.ask_identity(endpoint) != identity:
            raise Invalid("another identity's node answers there")
        answer = await carrier.request(endpoint, "/zb/1/closed", limit=NOTES_OCTETS)
        if answer.status == 404:
            raise Missing("it has no closed onion")
        if answer.status != 200:
            raise PeerGone(f"that peer answered {answer.status}")
        for line in answer.body.splitlines()[:GUESTS]:
            note = decode(line, NOTE_OCTETS * 2).get("note")
            if isinstance(note, str) and (url := read_note(_octets(note), identity, self._key)):
                return url
        return None


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadEncoding("a note is printed in hexadecimal digits") from error
