"""Where one local identity lets people in, and asks others to be let in: the registrar's desk and the own applications.

Runs what `joining.py` decides: visits registrars when they are due, one after the other, and hands over what came.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import trio

from zbnntp import joining
from zbnntp.joining import Stage
from zbnntp.model.errors import Invalid, Refused, Unreachable
from zbnntp.model.intro import Admitted, Challenge, make_introduction, open_challenge
from zbnntp.model.keys import Identity, Signer
from zbnntp.peers.introduction import Desk
from zbnntp.registrar.desk import Registrar
from zbnntp.standing import Standings
from zbnntp.store import promises
from zbnntp.store.applications import Application
from zbnntp.store.writer import Writer

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0  # between two looks at what is due, without being called


class Way(Protocol):
    """How others are reached: peering."""

    async def wait_connected(self) -> None: ...

    async def visit_desk(
        self, registrar: Identity, urls: Sequence[str], call: Callable[[Desk], Awaitable[object]]
    ) -> object:
        """The answer of the first address that gives one; raises Unreachable, Refused, Invalid."""
        ...

    def own_urls(self) -> Sequence[str]: ...


class Entrance:
    """`admitted` is told of everybody who was let in here, after the commit."""

    def __init__(
        self,
        reader: sqlite3.Connection,
        writer: Writer,
        standings: Standings,
        identity: Identity,
        view: int,
        clock: Callable[[], float],
        admitted: Callable[[Identity], None],
    ) -> None:
        self._reader, self._writer, self._view, self._clock = reader, writer, view, clock
        self.registrar = Registrar(reader, writer, standings, identity, clock, admitted)
        self._called = trio.Event()

    def call(self) -> None:
        """There is an application to look at."""
        self._called.set()

    async def run(self, way: Way, signer: Signer) -> None:
        """Visit registrars until cancelled."""
        await way.wait_connected()
        while True:
            self._called = trio.Event()
            waiting, now = joining.due(self._reader, self._view), int(self._clock())
            for application in (it for it in waiting if it.due <= now):
                await self._step(application, way, signer)
            pause = min((it.due - now for it in joining.due(self._reader, self._view)), default=LOOK_SECONDS)
            with trio.move_on_after(max(1.0, min(pause, LOOK_SECONDS))):
                await self._called.wait()

    async def _step(self, application: Application, way: Way, signer: Signer) -> None:
        """One visit, and what comes of it."""
        urls = promises.addresses(self._reader, application.registrar)
        try:
            if application.stage == Stage.ASK:
                outcome = await way.visit_desk(application.registrar, urls, partial(_ask, application.way))
            else:
                outcome = await way.visit_desk(
                    application.registrar, urls, partial(self._hand_in, application, signer, way.own_urls())
                )
        except Unreachable as error:
            await self._note(joining.unreachable, application, str(error))
        except (Refused, Invalid) as error:
            await self._note(joining.refused, application, str(error))
        else:
            await self._note(
                joining.admitted if isinstance(outcome, Admitted) else joining.challenged, application, outcome
            )

    async def _hand_in(
        self, application: Application, signer: Signer, urls: Sequence[str], desk: Desk
    ) -> Admitted | Challenge:
        nonce = open_challenge(application.challenge).nonce
        now = int(self._clock())
        return await desk.answer(make_introduction(signer, application.registrar, nonce, application.answer, urls, now))

    async def _note(self, change: Callable[..., object], application: Application, what: object) -> None:
        now = int(self._clock())
        try:
            await self._writer.run(lambda database: change(database, self._view, application, what, now))
        except Refused as error:  # a full disk: it is done again
            log.warning("an application could not be noted: %s", error)
            await trio.sleep(LOOK_SECONDS)
        self.call()


async def _ask(way: str, desk: Desk) -> Challenge:
    """A challenge of the way that was wished, or of one that is offered."""
    return await desk.challenge(joining.choose_way(await desk.terms(), way))
