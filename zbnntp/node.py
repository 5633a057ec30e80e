"""The only place where the parts meet: opens the store, wires the three journeys, runs the task tree.

One trio run a node: newsreaders, peers, sealing, ranking, the owner's door. What crosses from one package to another is
handed over here as a callable or behind the small Protocols that nntp, peers and control state for themselves.
"""

from __future__ import annotations

import gc
import logging
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import SystemRandom
from typing import Any

import trio

from zbnntp import home
from zbnntp.admin import serve_admin
from zbnntp.byhand import import_bundle
from zbnntp.config import Config
from zbnntp.control import digest
from zbnntp.departing import Delay
from zbnntp.devices import READER_SOCKET
from zbnntp.feeding.rounds import Rounds
from zbnntp.guard import Guard
from zbnntp.home import ADMIN_SOCKET, STORE_FILE, Account, Keys, socket_path
from zbnntp.housekeeping import keep_lean
from zbnntp.ingest import Intake
from zbnntp.journal import Journal
from zbnntp.library import Bell
from zbnntp.listening import Doors, allow_connections, open_doors, own_sockets, place_of
from zbnntp.listening import hosts as listening_hosts
from zbnntp.lodgings import Lodgings
from zbnntp.model.errors import Refused
from zbnntp.model.keys import Identity
from zbnntp.nntp import server as nntp
from zbnntp.nntp.shares import Share
from zbnntp.peering import Network, socket_places
from zbnntp.reader_onion import ReaderOnion
from zbnntp.reception import Reception, find_resident
from zbnntp.registrar.rules import make_rules
from zbnntp.repairing import repair_running
from zbnntp.resident import Commons, Resident, no_link
from zbnntp.retention import make_keeping
from zbnntp.standing import Outcome, Standings
from zbnntp.store import evidence, promises
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import Writer, open_writer
from zbnntp.tuning import make_parameters, rank_first
from zbnntp.upkeep import keep_later, keep_slim, share_heap
from zbnntp.verifier.bulk import Verifier

log = logging.getLogger(__name__)

RANK_SECONDS = 1  # levels are computed anew at most so often
COLLECTOR_THRESHOLDS = (20_000, 20, 50)  # new objects a round; rounds of the young and of the middle generation
MIDNIGHT_SECONDS = 60  # after it the digest of the day before is made
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `keys` are the default identity's; `local_net` replaces tor; `say` prints a line to the owner."""

    home: Path
    config: Config
    keys: Keys
    local_net: Path | None
    say: Callable[[str], None]
    clock: Callable[[], float]  # unix seconds
    publish_anew: bool = False  # a key without its store publishes, though that replaces what is out there


def run_node(plan: Plan) -> None:
    """Run a node until SIGINT or SIGTERM; raises ZbError with what to do when it cannot start."""
    allow_connections()
    share_heap()
    guard(plan)
    trio.run(run, plan)


def guard(*plans: Plan) -> None:
    """From now on this process reaches nothing but tor, the sockets of these nodes and the operator's mail server."""
    places = [place for plan in plans for place in (*socket_places(plan), *own_sockets(plan.config, plan.home))]
    hosts = [host for plan in plans for host in listening_hosts(plan.config)]
    servers = [rules.mail for rules in (make_rules(plan.config) for plan in plans) if rules.mail]
    Guard(places, hosts, [(it.host, it.port) for it in servers]).install()


async def run(plan: Plan) -> None:
    """The same inside trio."""
    stopping = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_on_signal, stopping)
        await serve(plan, stopping)
        nursery.cancel_scope.cancel()


async def _stop_on_signal(stopping: trio.Event) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            stopping.set()


async def serve(plan: Plan, stopping: trio.Event) -> None:
    """Run a node until `stopping` is set. Raises NotPermitted with what to do when it cannot start."""
    doors = open_doors(plan.config, plan.home, home.accounts(plan.home), plan.say, plan.clock())
    try:
        async with open_node(plan) as node:
            await node.serve(doors, stopping)
    finally:
        doors.close()


@asynccontextmanager
async def open_node(plan: Plan) -> AsyncIterator[Node]:
    """A node over its opened store, not yet serving anybody."""
    path = plan.home / STORE_FILE
    prepare(path)
    path.chmod(0o600)
    accounts = home.accounts(plan.home)
    async with open_writer(path) as writer:
        reader = connect_reader(path)
        try:
            views = [
                await writer.run(lambda database, it=it: evidence.person_pk(database, it.identity))  # type: ignore[misc]
                for it in accounts
            ]
            epoch = await writer.run(promises.epoch)
            yield Node(plan, reader, writer, dict(zip(accounts, views, strict=True)), epoch)
        finally:
            reader.close()


def _spare_collector() -> None:
    """What stands now stays: the collector of cyclic garbage need not walk it again while newsreaders wait."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


class Node:
    """The residents of one home directory and what they share. The first is the default identity."""

    def __init__(
        self, plan: Plan, reader: sqlite3.Connection, writer: Writer, accounts: Mapping[Account, int], epoch: str
    ) -> None:
        self.plan = plan
        self.bell, self._to_rank = Bell(), trio.Event()
        self.journal = Journal(writer, lambda: int(plan.clock()), self._hearers)
        standings = self._make_standings(reader, writer, accounts)
        self.verifier = Verifier()
        intake = Intake(reader, writer, standings, self.log, self._announce, self.verifier.believe)
        intake.keeping = make_keeping(plan.config)
        self.commons = Commons(
            store=plan.home / STORE_FILE,
            reader=reader,
            writer=writer,
            standings=standings,
            intake=intake,
            network=Network(plan),
            bell=self.bell,
            epoch=epoch,
            mirror=plan.config.mirror,
            delay=Delay(plan.config.publish_delay_seconds, SystemRandom().random),
            publish_anew=plan.publish_anew,
            fms_codes=plan.config.fms_codes,
            mirror_only=plan.config.mirror_only,
            rules=make_rules(plan.config),
            listening=[],
            clock=plan.clock,
            log=self.log,
            tell=self.journal.say,
            public_reader=plan.config.public_reader,
            own=set(),
        )
        self.reader_onion = self._make_reader_onion()
        self.lodgings = Lodgings(self.commons, plan.home, accounts)
        self.residents = self.lodgings.residents
        self.owner = self.residents[0]
        self.reception = Reception(self.residents, plan.config, self._posted)
        intake.alarm, intake.arrived, standings.heard = self.alarm, self._arrived, self._heard
        intake.own_came, intake.warn = self._own_came, self._warn
        self._unlock_known()

    def _make_reader_onion(self) -> ReaderOnion | None:
        tor, mode, place = self.commons.network.tor, self.plan.config.nntp_onion, self.plan.home
        if tor is None or mode == "off":
            return None
        return ReaderOnion(tor, place, socket_path(place, READER_SOCKET), mode == "closed")

    def _make_standings(self, reader: sqlite3.Connection, writer: Writer, accounts: Mapping[Account, int]) -> Standings:
        views, params = [it.identity for it in accounts], make_parameters(self.plan.config)
        return Standings(reader, writer, views, params, turn=trio.Lock(), run_in_worker=trio.to_thread.run_sync)

    def _unlock_known(self) -> None:
        """The default identity's key was given; keys in clear text are at hand as well."""
        self.owner.unlock(self.plan.keys)
        for resident in self.residents[1:]:
            if not resident.account.sealed:
                resident.unlock(home.load_keys(resident.account.place, None))

    async def serve(self, doors: Doors, stopping: trio.Event) -> None:
        """The task tree: everything that runs while the node does."""
        self._introduce()
        async with trio.open_nursery() as nursery:
            await nursery.start(self.live)
            await nursery.start(serve_admin, socket_path(self.plan.home, ADMIN_SOCKET), self._answer_owner)
            config = self.plan.config
            share = Share(config.reader_connections, config.reader_commands)
            limits = nntp.Limits(connections=config.connections, idle_seconds=config.idle_seconds, share=share)
            self._announce_doors(doors)
            _spare_collector()
            await nntp.serve(
                doors.plain,
                self.reception,
                self.plan.clock,
                tls=doors.context,
                tls_listeners=doors.tls,
                onion_listeners=doors.onion,
                limits=limits,
                stopping=stopping,
            )
            nursery.cancel_scope.cancel()

    async def live(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Everything but newsreaders and the owner's door, until cancelled."""
        await self.lodgings.furnish()
        commons = self.commons
        await rank_first(commons.standings, commons.reader, commons.writer, commons.now(), self.log)
        async with trio.open_nursery() as nursery:
            for task in (self.verifier.run, self.journal.run, self._keep_told, self._keep_ranked, commons.network.run):
                nursery.start_soon(task)
            nursery.start_soon(keep_lean, commons, self._views, self.plan.config.search_index)
            nursery.start_soon(keep_later, commons.intake, commons.now, self._complete)
            nursery.start_soon(keep_slim, commons.reader, commons.writer)
            if self.reader_onion:
                nursery.start_soon(self.reader_onion.run)
            await nursery.start(self.lodgings.run)
            task_status.started()

    def _posted(self, author: Identity) -> None:
        self._to_rank.set()
        for resident in self.residents:
            if resident.identity == author:
                resident.publish()

    # the owner

    async def _answer_owner(self, request: dict[str, Any]) -> dict[str, Any]:
        resident = find_resident(self.residents, request["as"]) if isinstance(request.get("as"), str) else self.owner
        if isinstance(request.get("do"), str):
            answer = await resident.control.run(request["do"], None)
            return {"ok": answer.ok, "text": answer.text}
        if isinstance(request.get("import"), str):
            news = await import_bundle(self.commons.intake, request["import"].encode(), self.commons.now())
            return {"ok": True, "text": "", "news": news}
        if isinstance(request.get("repair"), list):
            said = await repair_running(self.commons, self.residents, request)
            self._announce()
            return {"ok": True, "text": said}
        if isinstance(request.get("feed"), str):
            return await Rounds(
                self.commons.reader, self.commons.writer, resident.view, resident.shelf(), self.commons.now
            ).answer(request)
        return await self._tell_owner(resident, request.get("ask"))

    async def _tell_owner(self, resident: Resident, what: object) -> dict[str, Any]:
        """What the command line asks, or says that has changed."""
        if what == "accounts":
            return {"ok": True, "text": await self.lodgings.renew()}
        if what == "devices":
            if self.reader_onion:
                self.reader_onion.renew()
            return {"ok": True, "text": ""}
        if what == "link":
            return {"ok": True, "text": resident.link()}
        if what == "status":
            return {"ok": True, "text": "\n".join(resident.status()), "status": resident.report()}
        raise Refused("there is no such request")

    def _introduce(self) -> None:
        for resident in self.residents:
            report = resident.report()
            self.plan.say(f"identity {report['identity']} ({report['nick']})")
            self.plan.say(f"From     {report['from']}")
            self.plan.say(f"link     {report['link'] or no_link(report['locked'])}")
            if report["waits"]:
                self.plan.say(f"waits    {report['waits']}")
        self.plan.say(f"tor      {self.owner.report()['tor']}")

    def _announce_doors(self, doors: Doors) -> None:
        for scheme, listeners in (("nntp", doors.plain), ("nntps", doors.tls)):
            self.commons.listening.extend(f"{scheme}://{place_of(listener)}" for listener in listeners)
        if self.reader_onion:
            self.plan.say(f"onion    {self.reader_onion.describe()}")
        elif doors.onion:
            self.plan.say("onion    not there: this node runs without tor")
        for address in self.commons.listening[1:]:
            self.plan.say(f"also     {address}")
        self.plan.say(f"ready {self.commons.listening[0]}")

    # background

    def _announce(self) -> None:
        self.bell.ring()
        self._to_rank.set()

    async def _keep_ranked(self) -> None:
        while True:
            await self._to_rank.wait()
            self._to_rank = trio.Event()
            if self.commons.standings.stale:
                try:
                    outcomes = await self.commons.standings.refresh(self.commons.now())
                except Refused as error:
                    log.warning("trust could not be computed: %s", error)
                    outcomes = {}
                for resident in self.residents:
                    resident.people_changed()
                    resident.know(outcomes.get(resident.identity, Outcome()).changed)
            await trio.sleep(RANK_SECONDS)

    def _arrived(self, identity: Identity) -> None:
        for resident in self.residents:
            resident.know([identity])
            if resident.identity == identity:
                resident.reseal()

    def _complete(self, identity: Identity) -> None:
        for resident in self.residents:
            resident.complete(identity)

    def _own_came(self, identity: Identity, source: str) -> None:
        next(it for it in self.residents if it.identity == identity).own_came(source)

    def _heard(self, database: sqlite3.Connection, view: Identity, outcome: Outcome, now: int) -> None:
        """In the transaction of a change of levels."""
        digest.note_outcome(database, view, outcome, now)

    def log(self, text: str) -> None:
        """One sentence about the node into the next digest of zb.log."""
        self.journal.say(text)

    def alarm(self, text: str) -> None:
        """The same, in an article of its own at once."""
        self.journal.say(text, urgent=True)

    def _warn(self, identity: Identity, text: str) -> None:
        """What is about one identity alone."""
        for resident in self.residents:
            if resident.identity == identity:
                self.journal.say(text, True, resident.view)

    def _views(self) -> list[int]:
        return [it.view for it in self.residents]

    def _hearers(self, urgent: bool) -> list[int]:
        return self._views() if urgent or not self.plan.config.public_reader else [self.owner.view]

    async def _keep_told(self) -> None:
        """The digests, soon after midnight UTC."""
        while True:
            now = self.commons.now()
            standings = self.commons.standings
            tell = [(it.view, standings.budget(it.identity)) for it in self.residents]
            try:
                await self.commons.writer.run(partial(digest.file_digests, tell=tell, now=now))
            except Refused as error:
                log.warning("the digest of zb.log could not be kept: %s", error)
            await trio.sleep(DAY_SECONDS - now % DAY_SECONDS + MIDNIGHT_SECONDS)
