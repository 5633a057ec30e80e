"""One identity's requests to peers, and what each tells of the address that was asked.

An address counts as somebody's only when the node behind it names him: otherwise anybody could list a victim's onion
in his head and send the network there. docs/protocol.md "Sync over HTTP".
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from zbnntp.model.errors import Invalid, PeerGone, Refused, TorDown, Unreachable
from zbnntp.model.keys import Identity, short_id
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.needs import Person
from zbnntp.peers.reach import Book
from zbnntp.peers.sync import Sync

log = logging.getLogger(__name__)

T = TypeVar("T")
Renew = Callable[[], Awaitable[None]]


async def no_renewal() -> None:
    """Without tor nothing is stale."""
    await trio.lowlevel.checkpoint()


class Visits:
    """Requests, and the book of all addresses asked."""

    def __init__(self, sync: Sync, rng: random.Random, renew: Renew) -> None:
        self.sync = sync
        self.book = Book(rng)
        self._renew = renew

    async def ask(self, endpoint: str, call: Callable[[], Awaitable[T]]) -> T:
        """One request and what it tells of the address."""
        try:
            result = await call()
        except TorDown:
            raise
        except Unreachable as error:
            known = error if isinstance(error, NoAnswer) else NoAnswer(str(error), Remedy.BACK_OFF)
            await self._note_failure(endpoint, known.remedy, known.pause)
            raise
        except Invalid:
            await self._note_failure(endpoint, Remedy.BACK_OFF)
            raise
        except Refused:
            self.note_answer(endpoint)
            raise
        self.note_answer(endpoint)
        return result

    async def confirm(self, endpoint: str, identity: Identity) -> None:
        """Once for each address: the node there has to name the one whose address it is said to be."""
        found = self.book[endpoint].identity
        if found is None:
            found = await self.ask(endpoint, lambda: self.sync.ask_identity(endpoint))
            self.book.note_identity(endpoint, found)
        if found != identity:
            raise Invalid(f"{endpoint} is not an address of {short_id(identity)}")

    def note_answer(self, endpoint: str) -> None:
        """It is on line."""
        self.book.note_answer(endpoint, trio.current_time())

    async def _note_failure(self, endpoint: str, remedy: Remedy, pause: float = 0) -> None:
        self.book.note_failure(endpoint, trio.current_time(), remedy, pause)
        if self.book.advises_renewal(endpoint, trio.current_time()):
            log.info("%s may have a stale descriptor: tor forgets them all", endpoint)
            try:
                await self._renew()
            except TorDown as error:
                log.info("%s", error)

    def addresses(self, person: Person) -> list[str]:
        """Those that are, as far as we know, his own: mirrors are asked as the nodes of whom they are."""
        return [url for url in person.endpoints if self.book[url].identity in (None, person.identity)]

    def best(self, person: Person) -> str | None:
        """The address that is due first."""
        return self.book.find_best(self.addresses(person))

    def address(self, person: Person) -> str:
        """The address to try; NoAnswer while all of them are backed off from."""
        endpoint = self.best(person)
        if endpoint is None:
            raise PeerGone("it has no address")
        rest = self.book[endpoint].due - trio.current_time()
        if rest > 0:
            raise NoAnswer("it did not answer lately", Remedy.BACK_OFF, rest)
        return endpoint

    def is_online(self, person: Person) -> bool:
        """Whether one of them answered within ten minutes."""
        now = trio.current_time()
        return any(self.book.is_online(url, now) for url in self.addresses(person))
