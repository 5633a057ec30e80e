"""The only place where the parts meet: opens the store, wires the three journeys, runs the task tree.

One trio run a node: newsreaders, peers, sealing, ranking, the owner's door. What crosses from one package to another is
handed over here as a callable or behind the small Protocols that nntp, peers and control state for themselves.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from zbnntp import local, sealing
from zbnntp.admin import serve_admin
from zbnntp.config import Config
from zbnntp.control import help as manual
from zbnntp.control.actions import Control
from zbnntp.control.reports import status_lines
from zbnntp.home import ADMIN_SOCKET, STORE_FILE, Keys, socket_path
from zbnntp.ingest import Intake
from zbnntp.library import Bell, Directory, Library
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import NotPermitted, Refused
from zbnntp.model.keys import Identity, identity_text
from zbnntp.model.link import Link, format_link
from zbnntp.model.views import Level
from zbnntp.nntp import server as nntp
from zbnntp.peering import Peering
from zbnntp.posting import Desk
from zbnntp.shelf import Shelf
from zbnntp.standing import Standings
from zbnntp.store import evidence, numbers, promises, ratings
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import Writer, open_writer

log = logging.getLogger(__name__)

SEAL_SECONDS = 10  # posts of so long are gathered into one head; the first one after a pause goes at once
RANK_SECONDS = 1  # levels are computed anew at most so often
LOG_QUEUE = 1_000
LOG_A_DAY = 200  # sentences in zb.log: a hostile peer must not fill the disk with complaints
LOG_SAME_SECONDS = 3600
DAY_SECONDS = 86_400
NNTP_PORT, FALLBACK_PORT = 119, 1119
LOOPBACK = ("127.0.0.1", "::1")
OWN_GROUPS = {
    local.CONTROL: "Commands to your node, and its answers",
    local.HELP: "The manual",
    local.LOG: "What your node did that you should know",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `say` prints a line to the owner, `clock` gives unix seconds; `local_net` replaces tor."""

    home: Path
    config: Config
    keys: Keys
    local_net: Path | None
    say: Callable[[str], None]
    clock: Callable[[], float]


def run_node(plan: Plan) -> None:
    """Run a node until SIGINT or SIGTERM; raises ZbError with what to do when it cannot start."""
    trio.run(run, plan)


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
    listeners = open_listeners(plan.config.listen, plan.say)
    try:
        async with open_node(plan) as node:
            await node.serve(listeners, stopping)
    finally:
        for listener in listeners:
            listener.close()


@asynccontextmanager
async def open_node(plan: Plan) -> AsyncIterator[Node]:
    """A node over its opened store, not yet serving anybody."""
    path = plan.home / STORE_FILE
    prepare(path)
    path.chmod(0o600)
    async with open_writer(path) as writer:
        reader = connect_reader(path)
        try:
            identity = plan.keys.signer.identity
            view = await writer.run(lambda database: evidence.person_pk(database, identity))
            epoch = await writer.run(promises.epoch)
            yield Node(plan, reader, writer, view, epoch)
        finally:
            reader.close()


class Node:
    """One person's node. The view is theirs; `house` methods are what control asks for."""

    def __init__(self, plan: Plan, reader: sqlite3.Connection, writer: Writer, view: int, epoch: str) -> None:
        self.plan, self.reader, self.writer, self.view = plan, reader, writer, view
        self.identity: Identity = plan.keys.signer.identity
        self.bell = Bell()
        self.standings = Standings(reader, writer, (self.identity,), turn=trio.Lock())
        self.intake = Intake(reader, writer, self.standings, self.log, self._announce)
        self.library = Library(reader, self.intake, self.identity, epoch, self.bell, plan.config.mirror, plan.clock)
        directory = Directory(reader, self.identity, (self.identity,), self.log)
        self.peering = Peering(plan, self.library, directory)
        self.control = Control(reader, writer, self.standings, self.identity, plan.clock, self)
        self._rewritten = f"rewritten {self.identity.hex()}"
        self._to_seal, self._to_rank = trio.Event(), trio.Event()
        self._log_in, self._log_out = trio.open_memory_channel[str](LOG_QUEUE)
        self._listening: list[str] = []

    async def serve(self, listeners: Sequence[socket.socket], stopping: trio.Event) -> None:
        """The task tree: everything that runs while the node does."""
        self._introduce()
        async with trio.open_nursery() as nursery:
            await nursery.start(self.live)
            await nursery.start(serve_admin, socket_path(self.plan.home, ADMIN_SOCKET), self._answer_owner)
            config = self.plan.config
            limits = nntp.Limits(connections=config.connections, idle_seconds=config.idle_seconds)
            self._announce_listeners(listeners)
            await nntp.serve(listeners, self._make_session, self.plan.clock, limits=limits, stopping=stopping)
            nursery.cancel_scope.cancel()

    async def live(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Everything but newsreaders and the owner's door, until cancelled."""
        await self.prepare()
        async with trio.open_nursery() as nursery:
            for task in (self._keep_log, self._keep_ranked, self._keep_sealed, self.peering.run):
                nursery.start_soon(task)
            task_status.started()

    async def prepare(self) -> None:
        """Own groups, manual and welcome; levels from the ratings held; a first head."""
        now, nick = self.now(), self.nick()

        def furnish(database: sqlite3.Connection) -> None:
            for name, description in OWN_GROUPS.items():
                numbers.add_newsgroup(database, self.view, name, now, description)
            manual.file_help(database, self.view, now)
            manual.file_welcome(database, self.view, self.identity, nick, now)

        await self.writer.run(furnish)
        await self.standings.refresh(now)
        await self.seal()

    def now(self) -> int:
        return int(self.plan.clock())

    # what control asks of the house

    def nick(self) -> str:
        return promises.find_meta(self.reader, f"nick {self.identity.hex()}") or self.plan.keys.nick

    def publish(self) -> None:
        self._to_seal.set()
        self.peering.people_changed()

    def link(self) -> str:
        urls = tuple(endpoint.url for endpoint in self.peering.endpoints)
        if not urls:
            raise NotPermitted("this node has no address for others yet: it runs without tor")
        return format_link(Link(self.identity, urls))

    def status(self) -> Sequence[str]:
        return status_lines(self.report())

    async def follow(self, identity: Identity, urls: Sequence[str]) -> str:
        return await self.peering.fetch_now(identity, urls)

    def report(self) -> dict[str, Any]:
        """What `zbnntp status --json` prints."""
        standings = ratings.standings(self.reader, self.view).values()
        own = evidence.find_manifest(self.reader, self.identity)
        boards = [row for row in numbers.newsgroups(self.reader, self.view) if row.name not in OWN_GROUPS]
        return {
            "identity": identity_text(self.identity),
            "nick": self.nick(),
            "from": manual.own_sender(self.identity, self.nick()),
            "listening": self._listening,
            "tor": self.peering.describe(),
            "link": format_link(Link(self.identity, tuple(it.url for it in self.peering.endpoints)))
            if self.peering.endpoints
            else "",
            "people": {
                "fetched": sum(it.fetch for it in standings),
                "full": sum(it.level == Level.FULL for it in standings),
                "limited": sum(it.level == Level.LIMITED for it in standings),
            },
            "boards": {row.name: row.count for row in boards if not row.hidden},
            "unpublished": len(evidence.outbox(self.reader, self.view)),
            "published_seq": own.seq if own else 0,
        }

    # newsreaders

    def _make_session(self) -> tuple[Shelf, Desk]:
        shelf = Shelf(self.reader, self.identity, lambda: manual.motd(self.identity, self.nick()))
        signers = {self.identity: self.plan.keys.signer}
        clock = self.plan.clock
        desk = Desk(
            self.reader, self.writer, self.standings, signers, self.identity, clock, self.control.post, self._posted
        )
        return shelf, desk

    def _posted(self) -> None:
        self._to_rank.set()
        self._to_seal.set()

    # the owner

    async def _answer_owner(self, request: dict[str, Any]) -> dict[str, Any]:
        if isinstance(request.get("do"), str):
            answer = await self.control.run(request["do"], None)
            return {"ok": answer.ok, "text": answer.text}
        if request.get("ask") == "link":
            return {"ok": True, "text": self.link()}
        if request.get("ask") == "status":
            return {"ok": True, "text": "\n".join(self.status()), "status": self.report()}
        raise Refused("there is no such request")

    def _introduce(self) -> None:
        say = self.plan.say
        say(f"identity {identity_text(self.identity)} ({self.nick()})")
        say(f"From     {manual.own_sender(self.identity, self.nick())}")
        say(f"link     {self.report()['link'] or 'none: this node runs without tor'}")
        say(f"tor      {self.peering.describe()}")

    def _announce_listeners(self, listeners: Sequence[socket.socket]) -> None:
        for listener in listeners:
            host, port = listener.getsockname()[:2]
            self._listening.append(f"nntp://[{host}]:{port}" if ":" in host else f"nntp://{host}:{port}")
        self.plan.say(f"ready {self._listening[0]}")

    # background

    def _announce(self) -> None:
        self.bell.ring()
        self._to_rank.set()

    async def _keep_ranked(self) -> None:
        while True:
            await self._to_rank.wait()
            self._to_rank = trio.Event()
            if self.standings.stale:
                await self.standings.refresh(self.now())
                self.peering.people_changed()
            await trio.sleep(RANK_SECONDS)

    async def _keep_sealed(self) -> None:
        while True:
            await self._to_seal.wait()
            self._to_seal = trio.Event()
            await self.seal()
            await trio.sleep(SEAL_SECONDS)

    async def seal(self) -> Offer | None:
        """Sign and publish what waits in the outbox, if anything does."""
        keys = self.plan.keys
        author = sealing.Author(keys.signer, self.nick(), self.peering.endpoints, keys.next_key)
        now = self.now()
        rewrite = now - int(promises.find_meta(self.reader, self._rewritten) or 0) >= DAY_SECONDS
        offer = sealing.seal(self.reader, author, now, rewrite=rewrite)
        if offer is not None:
            await self.intake.offer(offer, "own", now)
            if rewrite:
                await self.writer.run(lambda database: promises.put_meta(database, self._rewritten, str(now)))
            self.peering.own_news()
        return offer

    def log(self, text: str) -> None:
        """One sentence into zb.log; when too many wait, the newest are dropped."""
        log.info("%s", text)
        with contextlib.suppress(trio.WouldBlock):
            self._log_in.send_nowait(text)

    async def _keep_log(self) -> None:
        seen: dict[str, int] = {}
        today, count = 0, 0
        async for text in self._log_out:
            now = self.now()
            if now // DAY_SECONDS != today:
                today, count, seen = now // DAY_SECONDS, 0, {}
            if count >= LOG_A_DAY or now - seen.get(text, 0) < LOG_SAME_SECONDS:
                continue
            seen[text], count = now, count + 1
            subject = text if len(text) <= 70 else text[:67] + "..."
            note = local.Note(local.LOG, subject, text + "\n")
            await self.writer.run(lambda database, note=note, now=now: local.file_note(database, self.view, note, now))  # type: ignore[misc]


def open_listeners(listen: str, say: Callable[[str], None]) -> list[socket.socket]:
    """The sockets of `HOST:PORT`; empty: both loopbacks at 119, or 1119 where that is forbidden, which is said."""
    if listen:
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        if host not in LOOPBACK and host != "localhost":
            raise NotPermitted(
                "newsreaders on other machines need TLS and a login, which this node has not; use 127.0.0.1"
            )
        if not port.isdigit() or int(port) > 65535:
            raise NotPermitted(f"{listen!r} is no HOST:PORT; for example 127.0.0.1:1119")
        return _bind(("127.0.0.1" if host == "localhost" else host,), int(port))
    try:
        return _bind(LOOPBACK, NNTP_PORT)
    except PermissionError:
        say("port 119 needs more rights here: listening at 1119 (conf/zbnntp.socket shows how to have 119)")
        return _bind(LOOPBACK, FALLBACK_PORT)


def _bind(hosts: Sequence[str], port: int) -> list[socket.socket]:
    opened: list[socket.socket] = []
    for host in hosts:
        try:
            opened.append(nntp.listen(host, port))
        except PermissionError:
            raise
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and opened:
                continue  # a machine without IPv6
            for listener in opened:
                listener.close()
            raise NotPermitted(
                f"port {port} is taken ({error.strerror}); choose another with --listen 127.0.0.1:PORT"
            ) from error
    return opened


__all__ = ["Node", "Plan", "open_listeners", "open_node", "run", "run_node", "serve"]
