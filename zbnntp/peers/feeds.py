"""The feeds of others: five are followed by long polls, and what each has listed is remembered.

Three are of mutuals, two of trusted nodes further away, drawn anew every three hours; the far ones carry news further
than more mutuals would. A feed is read on from its cursor, which outlives a restart; what it listed before is then
not known any more, so that when somebody is looked for whom nobody has listed, it is read once from the beginning.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from functools import partial

import trio

from zbnntp.model.errors import Refused, TorDown, ZbError
from zbnntp.model.keys import Identity, short_id
from zbnntp.peers.backends import Remedy
from zbnntp.peers.listings import Listings
from zbnntp.peers.needs import Library, Person
from zbnntp.peers.sources import draw
from zbnntp.peers.visits import Visits

log = logging.getLogger(__name__)

DRAW_SECONDS = 3 * 3600.0
WAIT_SECONDS = 600  # a held feed
POLL_GAP_SECONDS = 5.0  # what a server wants between two answers
GIVE_UP_FAILURES = 3  # then another source is drawn
TOR_DOWN_SECONDS = 10.0
DRAW_GAP_SECONDS = 1.0  # between two draws


class Feeds:
    """`people` are those whom trust fetches, as of now; `seeks` whether somebody is looked for whom nobody listed."""

    def __init__(
        self,
        visits: Visits,
        library: Library,
        people: Callable[[], Mapping[Identity, Person]],
        seeks: Callable[[], bool],
        rng: random.Random,
        cursors: MutableMapping[str, str],
    ) -> None:
        self._visits, self._library = visits, library
        self._people, self._seeks = people, seeks
        self.passed: set[Identity] = set()  # whom trust fetches, listed while he was not wanted
        self._rng = rng
        self._cursors = cursors
        self._sources: dict[Identity, trio.CancelScope] = {}
        self._held: dict[str, trio.CancelScope] = {}  # polls that wait, by endpoint
        self._listings = Listings()
        self._begun: set[str] = set()  # endpoints whose feed was read from its beginning
        self._news: dict[Identity, float] = {}  # when somebody was listed last
        self._redraw = trio.Event()

    def __contains__(self, identity: Identity) -> bool:
        """Whether somebody's feed is followed."""
        return identity in self._sources

    def redraw(self) -> None:
        """The list of people has changed."""
        self._redraw.set()
        if self._seeks():
            for endpoint, held in self._held.items():
                if endpoint not in self._begun:
                    held.cancel()

    def reread(self) -> None:
        """From their beginning, at once."""
        self._cursors.clear()
        for held in self._held.values():
            held.cancel()

    def listing(self, identity: Identity) -> list[str]:
        """The endpoints whose feeds have listed somebody."""
        return self._listings.find(identity)

    def last_news(self, identity: Identity) -> float:
        """When somebody was listed last; -inf: never."""
        return self._news.get(identity, -math.inf)

    def keep_only(self, people: Collection[Identity]) -> None:
        """Forget who is not fetched any more: should he come back, he is asked for what was missed."""
        self.passed.intersection_update(people)
        self._news = {identity: when for identity, when in self._news.items() if identity in people}

    async def run(self) -> None:
        """Follow sources until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                self._redraw = trio.Event()
                with trio.move_on_after(DRAW_SECONDS) as scope:
                    self._change_sources(nursery)
                    await self._redraw.wait()
                if scope.cancelled_caught:
                    self._dismiss(self._sources)
                await trio.sleep(DRAW_GAP_SECONDS)

    def _change_sources(self, nursery: trio.Nursery) -> None:
        """Those that are still trusted stay; the other places are drawn."""
        able = [person for person in self._people().values() if self._visits.addresses(person)]
        chosen = {person.identity for person in draw(able, self._sources, self._is_failing, self._rng)}
        self._dismiss([identity for identity in self._sources if identity not in chosen])
        for identity in chosen - self._sources.keys():
            scope = self._sources[identity] = trio.CancelScope()
            nursery.start_soon(self._follow, identity, scope)

    def _dismiss(self, identities: Iterable[Identity]) -> None:
        for identity in list(identities):
            self._sources.pop(identity).cancel()

    def _is_failing(self, person: Person) -> bool:
        best = self._visits.best(person)
        return best is not None and self._visits.book[best].failures >= GIVE_UP_FAILURES

    async def _follow(self, identity: Identity, scope: trio.CancelScope) -> None:
        """Poll one source until somebody else is drawn."""
        with scope:
            while person := self._people().get(identity):
                endpoint = self._visits.best(person)
                if endpoint is None:
                    break
                await trio.sleep_until(self._visits.book[endpoint].due)
                if not await self._poll_safely(endpoint, identity) and self._is_failing(person):
                    break
                await trio.sleep(POLL_GAP_SECONDS)
        if self._sources.get(identity) is scope:
            del self._sources[identity]
            self._redraw.set()

    async def _poll_safely(self, endpoint: str, identity: Identity) -> bool:
        """One held poll; whatever goes wrong is this source's alone."""
        try:
            with trio.CancelScope() as self._held[endpoint]:
                await self.poll(endpoint, identity, WAIT_SECONDS)
        except TorDown:
            await trio.sleep(TOR_DOWN_SECONDS)
            return False
        except ZbError as error:
            log.info("the feed of %s at %s: %s", short_id(identity), endpoint, error)
            if isinstance(error, Refused):
                self._visits.book.note_failure(endpoint, trio.current_time(), Remedy.BACK_OFF)
            return False
        except Exception:
            log.exception("the feed of %s at %s", short_id(identity), endpoint)
            self._visits.book.note_failure(endpoint, trio.current_time(), Remedy.BACK_OFF)
            return False
        finally:
            del self._held[endpoint]
        return True

    async def poll(self, endpoint: str, identity: Identity, wait: int) -> None:
        """One answer of a feed, held up to `wait` seconds; what is new on it is fetched."""
        await self._visits.confirm(endpoint, identity)
        since = self._cursors.get(endpoint, "")
        if not since or (endpoint not in self._begun and self._seeks()):
            self._begun.add(endpoint)
            since = ""
        heard = partial(self._heard, endpoint)
        try:
            self._cursors[endpoint] = await self._visits.ask(
                endpoint, lambda: self._visits.sync.follow_changes(endpoint, since, wait, heard)
            )
        except ZbError:
            if not since:
                self._begun.discard(endpoint)
            raise

    def _heard(self, endpoint: str, identity: Identity | None) -> None:
        """A line of a feed: somebody is listed, or it says that it is still there."""
        self._visits.note_answer(endpoint)
        if identity is None:
            return
        self._listings.add(endpoint, identity)
        if identity in self._people():
            self._news[identity] = trio.current_time()
            if not self._library.wanted(identity):
                self.passed.add(identity)
