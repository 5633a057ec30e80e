"""Taking a bundle into the store of a node that does not run: the same way in that every manifest takes.

No key is needed: nothing is signed and nothing shown. Levels are computed when the node starts. docs/bundles.md.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import trio

from zbnntp import halfway, home
from zbnntp.byhand import import_offer
from zbnntp.config import load_config
from zbnntp.ingest import Intake
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import Invalid, Refused, ZbError
from zbnntp.standing import Standings
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import Writer, open_writer
from zbnntp.tuning import make_parameters
from zbnntp.verifier.bulk import Verifier

OFFERS_AT_ONCE = 256  # they share commits, and signatures are verified beside
OCTETS_AT_ONCE = 8 << 20  # of their posts, unless one alone has more

Told = Callable[[Offer, bool, ZbError | None], None]  # an offer, whether it was news, and why it was refused


def take_offers(place: Path, offers: Iterable[Offer], told: Told, say: Callable[[str], None]) -> None:
    """Into the store of a home directory whose lock the caller holds. What `offers` raises is raised.

    `say` is told what a running node files as an alarm: that a key has forked or moved.
    """
    trio.run(_take, place, offers, told, say)


async def _take(place: Path, offers: Iterable[Offer], told: Told, say: Callable[[str], None]) -> None:
    path = place / home.STORE_FILE
    prepare(path)
    path.chmod(0o600)
    async with open_writer(path) as writer:
        with closing(connect_reader(path)) as reader:
            views = halfway.viewers(place)
            standings = Standings(reader, writer, views, make_parameters(load_config(place)))
            async with verified_beside(reader, writer, standings, lambda text: None) as intake:
                intake.alarm = say
                await take_all(intake, offers, told)


@asynccontextmanager
async def verified_beside(
    reader: sqlite3.Connection, writer: Writer, standings: Standings, log: Callable[[str], None]
) -> AsyncIterator[Intake]:
    """The way in for whoever takes in a lot."""
    verifier = Verifier()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(verifier.run)
        yield Intake(reader, writer, standings, log, lambda: None, verifier.believe)
        nursery.cancel_scope.cancel()


async def take_all(intake: Intake, offers: Iterable[Offer], told: Told) -> None:
    """Many at the same time, but what is of one version in its order. What `offers` raises is raised at the end."""
    under_way, failed = _UnderWay(), None
    async with trio.open_nursery() as nursery:
        try:
            for offer in offers:
                await under_way.wait_for_room(offer)
                nursery.start_soon(_take_one, intake, offer, told, under_way)
        except ZbError as error:
            failed = error
    if failed:
        raise failed


async def _take_one(intake: Intake, offer: Offer, told: Told, under_way: _UnderWay) -> None:
    try:
        told(offer, await import_offer(intake, offer, int(time.time())), None)
    except (Invalid, Refused) as error:
        told(offer, False, error)
    finally:
        under_way.end(offer)


class _UnderWay:
    """Offers on their way in."""

    def __init__(self) -> None:
        self._octets: dict[bytes, int] = {}  # by pointer
        self._ended = trio.Event()

    async def wait_for_room(self, offer: Offer) -> None:
        octets = sum(len(part.data) for part in offer.slices)
        while offer.pointer in self._octets or not self._has_room(octets):
            await self._ended.wait()
        self._octets[offer.pointer] = octets

    def _has_room(self, octets: int) -> bool:
        total = sum(self._octets.values()) + octets
        return not self._octets or (len(self._octets) < OFFERS_AT_ONCE and total <= OCTETS_AT_ONCE)

    def end(self, offer: Offer) -> None:
        del self._octets[offer.pointer]
        self._ended.set()
        self._ended = trio.Event()
