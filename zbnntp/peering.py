"""How this node reaches others and is reached: onions through tor, sockets in a directory, or not at all.

One Network belongs to a node; one Peering to each local identity: its own onion, stream isolation and Unix socket, so
that nobody can tell that two of them live on one node. Onion nodes and local ones never mix. docs/tor.md.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import trio

from zbnntp.home import CLOSED_SOCKET, ONION_SOCKET, SOCKET_PATH_OCTETS, Keys, accounts, socket_path
from zbnntp.library import Directory, Library
from zbnntp.model.errors import NotPermitted, PeerGone, TorDown, ZbError
from zbnntp.model.keys import Identity, Sha256, identity_text
from zbnntp.model.manifest import Endpoint
from zbnntp.peers.api import Api
from zbnntp.peers.budget import Budget, Metered
from zbnntp.peers.closed import ClosedDoors, ClosedOnion, visitor_key
from zbnntp.peers.introduction import Desk, visit_desk
from zbnntp.peers.needs import Registrar
from zbnntp.peers.onion import OnionService, OnionState, Tor
from zbnntp.peers.schedule import Schedule
from zbnntp.peers.sync import Sync
from zbnntp.peers.tor_process import OwnTor, SystemTor
from zbnntp.peers.transport import Transport, local_transport, onion_transport
from zbnntp.peers.visits import no_renewal
from zbnntp.peers.web import Server, listen_unix
from zbnntp.places import Places
from zbnntp.premises import check_vacant, make_private

if TYPE_CHECKING:
    from zbnntp.node import Plan

T = TypeVar("T")
LOCAL_NAME_CHARACTERS = 16
MEGABYTE = 1_000_000
PATIENCE_SECONDS = 10  # how long a newsreader waits for what its `follow` brings
PUBLISHING = {
    OnionState.ABSENT: "the onion service is not added yet",
    OnionState.ADDING: "the onion service is being added",
    OnionState.PUBLISHING: "the onion service is being published",
    OnionState.REACHABLE: "the onion service is reachable",
    OnionState.REFUSED: "tor refuses the onion service; its log says why",
}


def tor_place(home: Path) -> Path:
    """Where our own tor keeps its data."""
    return home.absolute() / "tor"


def socket_places(plan: Plan) -> list[Path]:
    """Where the Unix sockets of a node lie: its own, tor's, its neighbours'."""
    homes = (plan.home, tor_place(plan.home), *(account.place for account in accounts(plan.home)))
    places = [socket_path(place, "any.sock").parent for place in homes]
    if plan.local_net:
        places.append(plan.local_net)
    elif plan.config.tor == "system":
        places += (Path(plan.config.tor_control), Path(plan.config.tor_socks))
    return places


class Network:
    """What carries a node's visits: tor, the sockets in a directory, or nothing. Shared by its identities."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        if plan.local_net:
            make_private(plan.local_net)
        source = None if plan.local_net else self._tor_source()
        self.local_net = plan.local_net
        self.serves = plan.config.onion
        self.budget = Budget(plan.config.serve_megabytes_a_day * MEGABYTE, plan.clock)
        self.tor = Tor(source, plan.say) if source else None

    def _tor_source(self) -> OwnTor | SystemTor | None:
        config = self._plan.config
        installed = shutil.which("tor") is not None
        if config.tor == "own" and not installed:
            raise NotPermitted("tor is not installed; install it (apt install tor), or start with --tor off")
        if config.tor == "system":
            return SystemTor(Path(config.tor_control), Path(config.tor_socks))
        if config.tor == "off" or not installed:
            return None
        place = tor_place(self._plan.home)
        return OwnTor(place, socket_path(place, "socks").parent, extra_torrc=config.tor_options)

    async def run(self) -> None:
        """Keep tor running until cancelled."""
        if self.tor:
            await self.tor.run()

    def describe(self, onion: OnionService | None) -> str:
        """One sentence on how this node reaches others."""
        if self.local_net:
            return f"not used: peers are the nodes in {self.local_net}"
        if self.tor is None:
            if self._plan.config.tor == "auto":
                return "not installed: nothing is fetched or published; install it (apt install tor) and start again"
            return "off: nothing is fetched or published"
        if self.tor.problem:
            return self.tor.problem
        if self.tor.bootstrap < 100:
            return f"connecting, {self.tor.bootstrap} %"
        return f"connected; {PUBLISHING[onion.state] if onion else 'nobody is served'}"


class Peering:
    """One identity's own onion or socket, and its visits. `endpoints` is what its head says."""

    def __init__(
        self,
        network: Network,
        keys: Keys,
        home: Path,
        library: Library,
        directory: Directory,
        places: Places,
        registrar: Registrar,
    ) -> None:
        self._registrar = registrar
        self._network, self._library, self._directory, self._places = network, library, directory, places
        self._identity = keys.signer.identity
        self._onion: OnionService | None = None
        self._closed: ClosedOnion | None = None
        self._doors: ClosedDoors | None = None
        self.visitor: bytes | None = None  # the key with which we enter others' closed onions, as our head says
        self._schedule: Schedule | None = None
        self._visits: trio.Nursery | None = None
        self._connected = trio.Event()
        self._sync: Sync | None = None
        self.endpoints: tuple[Endpoint, ...] = ()
        self._host, self._socket = "", Path()
        self._carrier: Transport | None = None
        if network.local_net:
            self._open_local(network.local_net)
        elif network.tor:
            self._open_onion(network.tor, keys, home)

    def _open_local(self, net: Path) -> None:
        name = identity_text(self._identity)[:LOCAL_NAME_CHARACTERS]
        self._host, self._socket = name, net / f"{name}.sock"
        if len(os.fsencode(self._socket.absolute())) > SOCKET_PATH_OCTETS:
            raise NotPermitted(f"the path of {net} is too long for sockets; choose a shorter --local-net")
        self._carrier = local_transport(net)
        if self._network.serves:
            check_vacant(self._socket)
            self.endpoints = (Endpoint(f"local:{name}", True),)

    def _open_onion(self, tor: Tor, keys: Keys, home: Path) -> None:
        self._carrier = onion_transport(tor.socks, f"{identity_text(self._identity)}|peers")
        if not self._network.serves:
            return
        self._socket = socket_path(home, ONION_SOCKET)
        self._onion = OnionService(keys.onion_seed, self._socket)
        tor.add(self._onion)
        key = visitor_key(keys.onion_seed)
        self.visitor = key.public
        self._closed = ClosedOnion(tor, self._identity, keys.onion_seed, socket_path(home, CLOSED_SOCKET))
        self._doors = ClosedDoors(self._directory, tor, self._closed, key, random.SystemRandom())
        self._host = self._onion.address
        self.endpoints = (Endpoint(f"http://{self._onion.address}", True),)

    def describe(self) -> str:
        """One sentence on how this identity reaches others."""
        text = self._network.describe(self._onion)
        if self._doors and self._closed and (self._closed.guests or self._doors.known):
            text += f"; the closed one lets in {len(self._closed.guests)}, {self._doors.known} let us in"
        return text

    async def run(self) -> None:
        """The server for visitors, and the schedule of visits to others, until cancelled."""
        if self._carrier is None:
            await trio.sleep_forever()
            return
        try:
            async with trio.open_nursery() as nursery:
                self._visits = nursery
                if self.endpoints:
                    self._open_doors(nursery)
                nursery.start_soon(self._places.run)
                nursery.start_soon(self._visit_others, self._carrier)
        finally:
            if self.endpoints:
                self._socket.unlink(missing_ok=True)
            with trio.CancelScope(shield=True):
                await self._carrier.aclose()

    def _open_doors(self, nursery: trio.Nursery) -> None:
        """Serve at the open address, and at the closed one to those who are on its list."""
        notes = (lambda it=self._closed: it.notes) if self._closed else None
        api = Api(
            self._identity,
            self._library,
            self._library.shown_time,
            lacking=self.complete,
            notes=notes,
            registrar=self._registrar,
        )
        site = Metered(api, self._network.budget)
        nursery.start_soon(Server(site, (self._host,)).serve, listen_unix(self._socket))
        if self._closed:
            nursery.start_soon(self._closed.run, site)

    async def _visit_others(self, carrier: Transport) -> None:
        tor = self._network.tor
        if tor:
            await tor.wait_bootstrapped()
        renew = tor.renew if tor else no_renewal
        sync = self._sync = Sync(carrier, self._library)
        self._schedule = Schedule(
            self._identity,
            sync,
            self._library,
            self._directory,
            random.SystemRandom(),
            cursors=self._places.cursors,
            renew=renew,
        )
        self._connected.set()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._schedule.run)
            if self._doors:
                nursery.start_soon(self._doors.run, carrier, sync)

    async def leave(self) -> None:
        """After `run` was cancelled: take the open onion off tor; the closed one went with its task."""
        if self._onion and self._network.tor:
            with contextlib.suppress(TorDown):  # then it is gone already
                await self._network.tor.remove(self._onion, cut_off=True)

    @property
    def under_way(self) -> Mapping[Identity, tuple[int, int]]:
        """Whose manifest is being fetched: octets that are here, of how many."""
        return self._sync.under_way if self._sync else {}

    def complete(self, identity: Identity) -> None:
        """Fetch what is missing of somebody."""
        if self._schedule:
            self._schedule.fill(identity)

    def reread(self) -> None:
        """What others have is read from the beginning of their feeds."""
        if self._schedule:
            self._schedule.reread()

    async def fetch_now(self, identity: Identity, urls: Sequence[str]) -> str:
        """Visit somebody at once; a sentence on what came, or why nothing did. It is tried again by itself.

        Whoever asks waits a few seconds only: a visit over Tor may take a minute, and goes on meanwhile.
        """
        if self._schedule is None or self._visits is None:
            return "Their posts come as soon as this node is connected."
        outcome: list[str] = []
        done = trio.Event()
        self._visits.start_soon(self._visit, self._schedule, identity, urls, outcome, done)
        with trio.move_on_after(PATIENCE_SECONDS):
            await done.wait()
        return outcome[0] if outcome else "They are being visited; what comes appears by itself."

    async def _visit(
        self, schedule: Schedule, identity: Identity, urls: Sequence[str], outcome: list[str], done: trio.Event
    ) -> None:
        try:
            news = await schedule.fetch_now(identity, urls)
            outcome.append("Their manifest has arrived." if news else "They are reachable and have nothing new.")
        except ZbError as error:
            outcome.append(f"They cannot be reached now ({error}); it is tried again by itself.")
        done.set()

    @property
    def has_way(self) -> bool:
        """Whether anything carries visits at all."""
        return self._carrier is not None

    async def wait_connected(self) -> None:
        """Until others can be visited: tor needs a while, and without anything that carries visits it is for ever."""
        await self._connected.wait()

    async def visit_desk(self, registrar: Identity, urls: Sequence[str], call: Callable[[Desk], Awaitable[T]]) -> T:
        """What a registrar answers at the first address that can be reached; Unreachable, Refused, Invalid."""
        schedule = self._connected_schedule()
        if self._carrier is None:
            raise PeerGone("this node is not connected")
        return await visit_desk(schedule.visits, self._carrier, registrar, urls, call)

    def own_urls(self) -> Sequence[str]:
        """Where others can fetch what we publish."""
        return [endpoint.url for endpoint in self.endpoints]

    async def ask_own(self, urls: Sequence[str]) -> int:
        """The seq of our own manifest that is kept there; raises Missing, Unreachable."""
        return await self._connected_schedule().ask_own(urls)

    async def ask_clock(self, urls: Sequence[str]) -> tuple[int, tuple[int, Sha256] | None]:
        """What time it is there, and seq and hash of our own manifest that is kept; raises Unreachable, Invalid."""
        return await self._connected_schedule().ask_clock(urls)

    async def fetch_own(self, urls: Sequence[str]) -> None:
        """Bring our own manifest home, all of it; raises Unreachable, Invalid, Refused."""
        schedule = self._connected_schedule()
        while await schedule.fetch_now(self._identity, urls):  # a large one comes in several parts
            pass

    def _connected_schedule(self) -> Schedule:
        if self._schedule is None:
            raise PeerGone("this node is not connected yet")
        return self._schedule

    def own_news(self) -> None:
        """Our own manifest has a new version: tell those who want it."""
        if self._schedule:
            self._schedule.publish()

    def people_changed(self) -> None:
        """Trust has changed whom to visit, and whom to pass on."""
        self._places.note_change()
        if self._schedule:
            self._schedule.wake()
        if self._doors:
            self._doors.wake()
