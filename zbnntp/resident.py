"""One of a node's identities: their view, desk and control, their library and address, their manifest.

What the residents of a node share - store, trust graph, intake, tor - is in Commons. Nothing that leaves the node tells
that two residents live together. A resident whose key is sealed and not yet unlocked can be read as, not posted as.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from zbnntp import home, sealing
from zbnntp.control import welcome
from zbnntp.control.actions import Control
from zbnntp.control.cards import Cards
from zbnntp.control.condition import status_lines
from zbnntp.control.fms import FmsDesk
from zbnntp.delivery import Delivery
from zbnntp.departing import Delay
from zbnntp.entrance import Entrance
from zbnntp.furnishing import Furnishing
from zbnntp.healing import strange_sentence
from zbnntp.home import Account, Keys
from zbnntp.homecoming import Doubt, Homecoming, doubt_of
from zbnntp.ingest import IMPORT, Intake
from zbnntp.library import Bell, Directory, Library
from zbnntp.model.bundle import Offer
from zbnntp.model.entries import POSTS
from zbnntp.model.errors import NotPermitted, Refused, ZbError
from zbnntp.model.keys import Identity, Signer
from zbnntp.model.link import Link, format_link
from zbnntp.peering import Network, Peering
from zbnntp.places import Places
from zbnntp.posting import Desk
from zbnntp.rack import Rack
from zbnntp.registrar.rules import Rules
from zbnntp.reporting import report
from zbnntp.restarting import Restart
from zbnntp.searching import Found, Query, Search
from zbnntp.shelf import Shelf
from zbnntp.standing import Standings
from zbnntp.store import endings, evidence, promises, wordindex
from zbnntp.store.database import snapshot
from zbnntp.store.writer import Writer

SEAL_SECONDS = 10  # posts of so long are gathered into one head; the first one after a pause goes at once
STATE_LOOK_SECONDS = 60  # between two looks whether votes and the like have waited long enough
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Commons:
    """What the residents of a node share."""

    store: Path
    reader: sqlite3.Connection
    writer: Writer
    standings: Standings
    intake: Intake
    network: Network
    bell: Bell
    epoch: str
    mirror: str
    delay: Delay
    publish_anew: bool
    fms_codes: bool
    mirror_only: bool
    rules: Rules  # for newcomers
    listening: list[str]  # filled when newsreaders can connect
    clock: Callable[[], float]
    log: Callable[[str], None]
    tell: Callable[[str, bool, int], None]  # the same about one view alone; whether it is urgent
    public_reader: bool
    own: set[Identity]  # who lives here
    rack: Rack = field(default_factory=Rack)

    def now(self) -> int:
        return int(self.clock())


class Resident:
    """One local identity; a `tenant` may not decide for the others. From `nick` to `follow`: control's house."""

    def __init__(self, commons: Commons, account: Account, view: int, tenant: bool = False) -> None:
        self.commons, self.account, self.view, self.tenant = commons, account, view, tenant
        self.identity: Identity = account.identity
        self.keys: Keys | None = None
        self.peering: Peering | None = None
        reader = commons.reader
        self.library = Library(
            reader, commons.intake, self.identity, commons.epoch, commons.bell, commons.mirror, commons.clock
        )
        self._directory = Directory(reader, commons.writer, self.identity, commons.own, self._log)
        self.control = Control(reader, commons.writer, commons.standings, self.identity, commons.clock, self)
        self.fms = FmsDesk(reader, commons.standings, self.identity, self.control, commons.fms_codes)
        self.cards = Cards(reader, commons.writer, commons.standings, self.identity, commons.clock)
        self.furnishing = Furnishing(commons, view, self.identity, self.nick, self.cards)
        self.delivery = Delivery(reader, commons.writer, view, commons.now, self.furnishing.stir)
        self.library.delivered = self.delivery.note
        self._shelf = Shelf(reader, self.identity, self._motd, lambda: commons.writer.commits, commons.rack)
        self._rewritten = f"rewritten {self.identity.hex()}"
        self.homecoming: Homecoming | None = None
        self._to_seal, self._friends_changed = trio.Event(), trio.Event()
        self._unlocked = trio.Event()
        self.entrance = Entrance(
            reader,
            commons.writer,
            commons.standings,
            self.identity,
            commons.clock,
            commons.rules,
            self.nick,
            self._admitted,
        )
        self.restart: Restart | None = None

    def unlock(self, keys: Keys) -> None:
        """Their key is at hand from now on."""
        if self.keys is None:
            commons = self.commons
            places = Places(commons.reader, commons.writer, self.view, commons.mirror, commons.now, commons.bell.ring)
            registrar = self.entrance.registrar
            place, library, directory = self.account.place, self.library, self._directory
            self.peering = Peering(commons.network, keys, place, library, directory, places, registrar)
            self.keys = keys
            self.homecoming = Homecoming(self.doubt(), self.peering, self._friends, self._alarm)
            self.restart = Restart(self.peering, self._friends, self._alarm)
            self._unlocked.set()

    async def live(self) -> None:
        """Publish and visit others, from when the key is at hand until cancelled."""
        await self._unlocked.wait()
        if self.peering is None or self.keys is None:
            raise trio.TrioInternalError("an unlocked resident without an address")
        await self._directory.open_heads()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.delivery.run)
            nursery.start_soon(self._keep_sealed)
            nursery.start_soon(self._keep_friends)
            nursery.start_soon(self.peering.run)
            nursery.start_soon(self.entrance.run, self.peering, self.keys.signer)

    def _log(self, text: str) -> None:
        self.commons.tell(text, False, self.view)

    def _alarm(self, text: str) -> None:
        self.commons.tell(text, True, self.view)

    async def leave(self) -> None:
        """Nobody reaches this identity here any more."""
        if self.peering:
            await self.peering.leave()

    # what control asks of the house

    def nick(self) -> str:
        return promises.find_meta(self.commons.reader, f"nick {self.identity.hex()}") or self.account.nick

    def publish(self) -> None:
        self._to_seal.set()
        self.furnishing.stir()
        self.people_changed()

    def reseal(self) -> None:
        """There may be something to publish: our manifest was changed from outside."""
        self._to_seal.set()

    def complete(self, identity: Identity) -> None:
        """Segments of somebody may be missing."""
        if self.peering:
            self.peering.complete(identity)

    def reread(self) -> None:
        """Something that was held is not any more; the feeds of others say who has it."""
        if self.peering:
            self.peering.reread()

    def know(self, people: Sequence[Identity]) -> None:
        self.cards.note(people)
        self.furnishing.stir()

    def link(self) -> str:
        urls = tuple(endpoint.url for endpoint in self.peering.endpoints) if self.peering else ()
        if not urls:
            raise NotPermitted("this node has no address for others: it runs without tor, or with --no-onion")
        return format_link(Link(self.identity, urls))

    def status(self) -> Sequence[str]:
        return status_lines(self.report())

    def people_changed(self) -> None:
        """Trust has changed whom to visit, and who may know of our manifest."""
        if self.peering:
            self.peering.people_changed()
        if self.homecoming:
            self.homecoming.wake()
        self._friends_changed.set()

    async def search(self, query: Query, people: Sequence[int]) -> Found:
        reader = self.commons.reader
        with wordindex.found(self.commons.store, reader) as index:
            search = Search(reader, self.view, query, people, index=index)
            for _ in search.run():
                await trio.lowlevel.checkpoint()
            return search.found()

    def rules(self) -> Rules:
        return self.commons.rules

    def apply(self) -> None:
        self.entrance.call()

    def _admitted(self, newcomers: Sequence[Identity]) -> None:
        """Somebody was let in here: tell others, and fetch what they publish."""
        self.publish()
        self.know(newcomers)

    async def scrub(self) -> None:
        self.publish()
        await self.commons.writer.scrub()

    async def follow(self, identity: Identity, urls: Sequence[str]) -> str:
        if self.peering is None:
            return "Their posts come as soon as your key is unlocked."
        return await self.peering.fetch_now(identity, urls)

    def report(self) -> dict[str, Any]:
        """What `zbnntp status --json` prints of this identity."""
        return report(self)

    # newsreaders

    def shelf(self) -> Shelf:
        """The one shelf that all connections of this view share."""
        return self._shelf

    def _motd(self) -> str:
        return welcome.motd(self.identity, self.nick())

    def desk(self, signers: Callable[[], Mapping[Identity, Signer]], posted: Callable[[Identity], None]) -> Desk:
        """A desk for this view; `signers` are those whom its connection may post as."""
        commons = self.commons
        return Desk(
            commons.reader,
            commons.writer,
            commons.standings,
            signers,
            self.identity,
            commons.clock,
            self.control,
            posted,
            self.fms,
            commons.mirror_only,
            commons.delay,
        )

    # the manifest

    async def _keep_friends(self) -> None:
        """The links of friends beside the key: whoever restores it alone has to ask somebody."""
        while True:
            await self._friends_changed.wait()
            self._friends_changed = trio.Event()
            await trio.sleep(SEAL_SECONDS)
            with contextlib.suppress(Refused):  # a full disk: the next change is noted
                home.note_friends(self.account.place, self._directory.friends())

    async def _keep_sealed(self) -> None:
        if self.homecoming:
            await self.homecoming.run()
        while True:
            await self._seal_safely()
            with trio.move_on_after(self._pause()):
                await self._to_seal.wait()
            self._to_seal = trio.Event()

    def _pause(self) -> float:
        """Until the next look at the outbox without being called: a delayed post, a deletion, or state may be due."""
        waiting = {item.role for item in evidence.outbox(self.commons.reader, self.view)}
        return SEAL_SECONDS if POSTS in waiting else STATE_LOOK_SECONDS if waiting else DAY_SECONDS

    async def _seal_safely(self) -> None:
        try:
            if await self.seal() is not None:
                await trio.sleep(SEAL_SECONDS)
        except ZbError as error:
            self._alarm(f"Your own manifest could not be published: {error}; it is tried again.")
            await trio.sleep(SEAL_SECONDS)

    async def seal(self) -> Offer | None:
        """Sign and publish what waits in the outbox, if anything does and the key is at hand."""
        if self.keys is None or self.peering is None or self.has_ended():
            return None
        if not (self.homecoming and self.homecoming.settled):
            return None
        commons, now = self.commons, self.commons.now()
        keys, reached = self.keys, self.peering
        author = sealing.Author(
            keys.signer, self.nick(), reached.endpoints, keys.next_key, keys.next_by, visitor=reached.visitor
        )
        held = evidence.find_manifest(commons.reader, self.identity)
        start = await self.restart.find(held.seq, now) if self.restart and held else None
        rewrite = now - int(promises.find_meta(commons.reader, self._rewritten) or 0) >= DAY_SECONDS
        with snapshot(commons.reader):
            offer = sealing.seal(commons.reader, author, now, rewrite=rewrite, delay=commons.delay, start=start)
        if offer is not None:
            await commons.intake.offer(offer, "own", now)
            if rewrite:
                await commons.writer.run(lambda database: promises.put_meta(database, self._rewritten, str(now)))
            self.peering.own_news()
            own = evidence.find_manifest(commons.reader, self.identity)
            home.note_published(self.account.place, commons.store, own.seq if own else 0)
        return offer

    def has_ended(self) -> bool:
        """Whether a recovery key has ended this identity: nobody takes what it signs now."""
        return endings.find(self.commons.reader, self.view) is not None

    def own_came(self, source: str) -> None:
        """A version of the own manifest that this node has not made was kept: hoped for, or a warning."""
        if source == IMPORT:
            self._log("A version of your own manifest came with what you imported")
        elif self.homecoming and self.homecoming.is_copy and not self.homecoming.settled:
            self._alarm(f"Your own manifest has come back from {source}.")
        else:
            self._alarm(strange_sentence(source))
        self.publish()

    def doubt(self) -> Doubt:
        """Why what is held of the own manifest may not be the newest."""
        own = evidence.find_manifest(self.commons.reader, self.identity)
        return doubt_of(self.account.published, own.seq if own else None, self.commons.publish_anew)

    def _friends(self) -> list[Link]:
        """Whom to ask for the own manifest: those of the store, then those whose links are kept beside the key."""
        known = self._directory.friends()
        return [*known, *(it for it in home.read_friends(self.account.place) if it not in known)]


def no_link(locked: bool) -> str:
    """Why an identity has no link."""
    return "none until its key is unlocked by a login" if locked else "none: others cannot reach this node"
