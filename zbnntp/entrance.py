"""Where one local identity lets people in, and asks others to be let in: the registrar's desk and the own applications.

Runs what `joining.py` decides: visits registrars when they are due, several at once, works for those who want work, and
hands over what came. For the desk it does what takes long: other threads, letters, programs.
"""

from __future__ import annotations

import logging
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import SystemRandom
from typing import Any, Protocol, TypeVar

import trio

from zbnntp import joining
from zbnntp.joining import Posed, Stage
from zbnntp.mailing import send_letter
from zbnntp.model.errors import Invalid, PeerGone, Refused, Unreachable
from zbnntp.model.intro import Admitted, Challenge, make_introduction, open_challenge
from zbnntp.model.keys import Identity, Signer
from zbnntp.model.proof import search
from zbnntp.peers.introduction import Desk
from zbnntp.registrar.desk import Registrar
from zbnntp.registrar.rules import Rules
from zbnntp.registrar.tools import Tools
from zbnntp.standing import Standings
from zbnntp.store import evidence, promises
from zbnntp.store.applications import Application
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")
LOOK_SECONDS = 60.0  # between two looks at what is due, without being called
RANK_SECONDS = 1.0  # those who come within so long are ranked together
TRIES_AT_ONCE = 10  # of work: a second or two, then others may say stop
PROGRAM_SECONDS = 30.0
PROGRAM_OCTETS = 16 * 1024  # that it may write
LETTERS_AT_ONCE = 4
VISITS_MOST = 8  # registrars visited at once


class Way(Protocol):
    """How others are reached: peering."""

    async def wait_connected(self) -> None: ...

    async def visit_desk(self, registrar: Identity, urls: Sequence[str], call: Callable[[Desk], Awaitable[T]]) -> T:
        """The answer of the first address that gives one; raises Unreachable, Refused, Invalid."""
        ...

    def own_urls(self) -> Sequence[str]: ...


class Entrance:
    """`admitted` is told of those who were let in here, when they are ranked; `name` is the owner's."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        identity: Identity,
        clock: Callable[[], float],
        rules: Rules,
        name: Callable[[], str],
        admitted: Callable[[Sequence[Identity]], None],
    ) -> None:
        self._reader, self._writer, self._standings, self._clock = reader, writer, standings, clock
        self._view, self._admitted = evidence.find_person(reader, identity) or 0, admitted
        self._rules, self._come = rules, list[Identity]()
        tools = Tools(rules, SystemRandom(), clock, _in_worker(1), self._post, _run_program)
        self.registrar = Registrar(reader, writer, identity, tools, name, self._note_come)
        self._called, self._working, self._somebody_came = trio.Event(), trio.Event(), trio.Event()
        self._letters = trio.CapacityLimiter(LETTERS_AT_ONCE)
        self._visited: set[int] = set()  # applications whose registrar is being visited

    def call(self) -> None:
        """There is an application to look at."""
        self._called.set()
        self._working.set()

    async def run(self, way: Way, signer: Signer) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_ranked)
            nursery.start_soon(self._work, signer.identity)
            nursery.start_soon(self._visit_due, way, signer)

    # those who come

    def _note_come(self, newcomer: Identity) -> None:
        self._come.append(newcomer)
        self._somebody_came.set()

    async def _keep_ranked(self) -> None:
        """Trust is computed anew for those who were let in, together."""
        while True:
            await self._somebody_came.wait()
            self._somebody_came = trio.Event()
            come, self._come = self._come, []
            self._standings.note([self._view])
            try:
                await self._standings.refresh(int(self._clock()))
            except Refused as error:
                log.warning("trust could not be computed: %s", error)
            self._admitted(come)
            await trio.sleep(RANK_SECONDS)

    async def _post(self, address: str, subject: str, text: str) -> None:
        server = self._rules.mail
        if server is None:
            raise PeerGone("this registrar sends no letters now")
        send = partial(send_letter, server, address, subject, text)
        await trio.to_thread.run_sync(send, limiter=self._letters, abandon_on_cancel=True)

    # going to others

    async def _visit_due(self, way: Way, signer: Signer) -> None:
        await way.wait_connected()
        async with trio.open_nursery() as nursery:
            while True:
                self._called = trio.Event()
                now = int(self._clock())
                waiting = [it for it in joining.due(self._reader, self._view) if it.pk not in self._visited]
                for application in waiting[: VISITS_MOST - len(self._visited)]:
                    if application.due <= now:
                        self._visited.add(application.pk)
                        nursery.start_soon(self._visit_one, application, way, signer)
                pause = min((it.due - now for it in waiting), default=LOOK_SECONDS)
                with trio.move_on_after(max(1.0, min(pause, LOOK_SECONDS))):
                    await self._called.wait()

    async def _visit_one(self, application: Application, way: Way, signer: Signer) -> None:
        try:
            await self._step(application, way, signer)
        finally:
            self._visited.discard(application.pk)
            self.call()

    async def _step(self, application: Application, way: Way, signer: Signer) -> None:
        """One visit, and what comes of it; or what is to be said."""
        if application.stage == Stage.ADMITTED:
            await self._write(lambda database, now: joining.ending(database, self._view, application, now))
            return
        change: Callable[..., object]
        what: Any
        try:
            what = await self._visit(application, way, signer)
            change = joining.admitted if isinstance(what, Admitted) else joining.challenged
        except Unreachable as error:
            what, change = str(error), joining.unreachable
        except (Refused, Invalid) as error:
            what, change = str(error), joining.refused
        await self._write(lambda database, now: change(database, self._view, application, what, now))

    async def _visit(self, application: Application, way: Way, signer: Signer) -> Admitted | Challenge | Posed:
        registrar, urls = application.registrar, promises.addresses(self._reader, application.registrar)
        if application.stage == Stage.ASK:
            return await way.visit_desk(registrar, urls, partial(_ask, application.way))
        nonce, now = open_challenge(application.challenge).nonce, int(self._clock())
        line = make_introduction(signer, registrar, nonce, application.answer, way.own_urls(), now)
        return await way.visit_desk(registrar, urls, lambda desk: desk.answer(line))

    async def _work(self, identity: Identity) -> None:
        """Search what registrars want found, a second or two at a time."""
        counter = int(self._clock()) << 20  # what was tried before a restart is not tried again
        while True:
            self._working = trio.Event()
            application = joining.at_work(self._reader, self._view)
            if application is None:
                await self._working.wait()
                continue
            tries = range(counter, counter + TRIES_AT_ONCE)
            found = await trio.to_thread.run_sync(_try, application, identity, tries, abandon_on_cancel=True)
            counter += TRIES_AT_ONCE
            if found is not None and joining.at_work(self._reader, self._view) == application:
                await self._write(partial(_note_found, application=application, found=found))

    async def _write(self, change: Callable[[sqlite3.Connection, int], object]) -> None:
        now = int(self._clock())
        try:
            await self._writer.run(lambda database: change(database, now))
        except Refused as error:  # a full disk: it is done again
            log.warning("an application could not be noted: %s", error)
            await trio.sleep(LOOK_SECONDS)
        self.call()


async def _ask(way: str, desk: Desk) -> Posed:
    """A challenge of the way that was wished, or of one that is offered."""
    terms = await desk.terms()
    return Posed(await desk.challenge(joining.choose_way(terms, way)), terms)


def _try(application: Application, identity: Identity, counters: range) -> int | None:
    challenge = open_challenge(application.challenge)
    if challenge.proof is None:
        return 0
    return search(challenge.proof, identity, challenge.nonce, len(application.answer.split()), counters)


def _note_found(database: sqlite3.Connection, now: int, *, application: Application, found: int) -> None:
    joining.worked(database, application, found, now)


def _in_worker(at_once: int) -> Callable[[Callable[[], Any]], Awaitable[Any]]:
    limiter = trio.CapacityLimiter(at_once)
    return lambda job: trio.to_thread.run_sync(job, limiter=limiter)


async def _run_program(command: Sequence[str], said: bytes) -> bytes:
    """What a program of the operator writes when it is given that to read."""
    try:
        with trio.fail_after(PROGRAM_SECONDS):
            done = await trio.run_process(list(command), stdin=said, capture_stdout=True)
    except (OSError, subprocess.CalledProcessError, trio.TooSlowError) as error:
        log.warning("the registrar's program failed: %s", error)
        raise PeerGone("the registrar's own program does not work now; its owner has to look at it") from error
    if len(done.stdout) > PROGRAM_OCTETS:
        raise PeerGone("the registrar's own program says too much; its owner has to look at it")
    return bytes(done.stdout)
