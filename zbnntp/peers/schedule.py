"""Whom to ask now, and whom to tell.

Sources are followed by long polls: three mutuals and two trusted nodes at two hops, drawn anew every three hours;
the far ones carry news further than more mutuals would. Everybody else whom we rate is visited every half an hour,
an author of whom no source had news is asked once a day at an address of his own, a new head of ours goes to all
mutuals, and somebody newly trusted is fetched at once: from a source that listed him, or from himself. Each of these
is a row of CHORES.

An address counts as somebody's only when the node behind it names him: otherwise anybody could list a victim's onion
in his head and send the network there. docs/protocol.md "Sync over HTTP".
"""

from __future__ import annotations

import logging
import math
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import trio

from zbnntp.model.errors import Invalid, PeerGone, Refused, TorDown, Unreachable, ZbError
from zbnntp.model.keys import Identity, short_id
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.needs import Directory, Library, Person
from zbnntp.peers.reach import Book, retry_seconds
from zbnntp.peers.sources import draw
from zbnntp.peers.sync import Sync

log = logging.getLogger(__name__)

DRAW_SECONDS = 3 * 3600.0
WAIT_SECONDS = 600  # a held feed
POLL_GAP_SECONDS = 5.0  # what a server wants between two answers
GIVE_UP_FAILURES = 3  # then another source is drawn
VISIT_SECONDS = 1800.0
DAY_SECONDS = 86_400.0
AT_ONCE = 8  # of each kind of chore
TOR_DOWN_SECONDS = 10.0
ROUND_GAP_SECONDS, ROUND_SECONDS = 1.0, 60.0  # between two looks at what is due: at least, at most
LISTED_IDENTITIES = 20_000  # remembered of one source

T = TypeVar("T")
Renew = Callable[[], Awaitable[None]]


async def no_renewal() -> None:
    """Without tor nothing is stale."""
    await trio.lowlevel.checkpoint()


class Schedule:
    """The peers' side of one local identity. Call `run` in a task of its own."""

    def __init__(
        self,
        identity: Identity,
        sync: Sync,
        library: Library,
        directory: Directory,
        rng: random.Random,
        *,
        cursors: MutableMapping[str, str] | None = None,
        renew: Renew = no_renewal,
    ) -> None:
        self._identity = identity
        self._sync = sync
        self._library = library
        self._directory = directory
        self._rng = rng
        self._cursors = {} if cursors is None else cursors
        self._renew = renew
        self.book = Book(rng)
        self._people: dict[Identity, Person] = {}
        self._sources: dict[Identity, trio.CancelScope] = {}
        self._listed: defaultdict[str, set[Identity]] = defaultdict(set)
        self._news: dict[Identity, float] = {}  # when a source last listed somebody
        self._known: set[Identity] = set()  # of whom something is held
        self._gaps: set[Identity] = set()  # of whom a push left something out
        self._told: dict[Identity, bytes] = {}  # hash of our head that a mutual has
        self._due: dict[tuple[str, Identity], float] = {}
        self._failures: dict[tuple[str, Identity], int] = {}
        self._running: set[tuple[str, Identity]] = set()
        self._limits = {name: trio.CapacityLimiter(AT_ONCE) for name in CHORES}
        self._awake, self._redraw = trio.Event(), trio.Event()
        self._people_changed = True

    def wake(self) -> None:
        """The list of people has changed."""
        self._people_changed = True
        self._redraw.set()
        self._awake.set()

    def publish(self) -> None:
        """There is a new head of our own: tell the mutuals."""
        self._awake.set()

    def fill(self, identity: Identity) -> None:
        """A push of this identity left something out; for Api's `lacking`."""
        self._gaps.add(identity)
        self._awake.set()

    async def fetch_now(self, identity: Identity, endpoints: Sequence[str]) -> bool:
        """Somebody is followed by a link: ask there at once. True = news; raises what the last address said."""
        return await self._ask_first(endpoints, lambda url: self._sync.fetch_manifest(url, identity))

    async def ask_own(self, endpoints: Sequence[str]) -> int:
        """Which version of our own manifest is kept there, by its seq; raises Missing, and what the last one said."""
        return await self._ask_first(endpoints, lambda url: self._sync.ask_seq(url, self._identity))

    async def _ask_first(self, endpoints: Sequence[str], call: Callable[[str], Awaitable[T]]) -> T:
        """Of the first address that answers; raises what the last one said."""
        problem: ZbError = PeerGone("There is no address to ask; get a link that names one.")
        for endpoint in endpoints:
            try:
                return await self._ask(endpoint, partial(call, endpoint))
            except ZbError as error:
                problem = error
        raise problem

    async def run(self) -> None:
        """Follow sources and do chores until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow_sources)
            nursery.start_soon(self._do_chores)

    # ---- sources

    async def _follow_sources(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                self._redraw = trio.Event()
                with trio.move_on_after(DRAW_SECONDS) as scope:
                    self._change_sources(nursery)
                    await self._redraw.wait()
                if scope.cancelled_caught:
                    self._dismiss(self._sources)
                await trio.sleep(ROUND_GAP_SECONDS)

    def _change_sources(self, nursery: trio.Nursery) -> None:
        """Those that are still trusted stay; the other places are drawn."""
        self._look_at_people()
        able = [person for person in self._people.values() if self._addresses(person)]
        chosen = {person.identity for person in draw(able, self._sources, self._is_failing, self._rng)}
        self._dismiss([identity for identity in self._sources if identity not in chosen])
        for identity in chosen - self._sources.keys():
            scope = self._sources[identity] = trio.CancelScope()
            nursery.start_soon(self._follow, identity, scope)

    def _dismiss(self, identities: Iterable[Identity]) -> None:
        for identity in list(identities):
            self._sources.pop(identity).cancel()

    def _is_failing(self, person: Person) -> bool:
        best = self.book.find_best(self._addresses(person))
        return best is not None and self.book[best].failures >= GIVE_UP_FAILURES

    async def _follow(self, identity: Identity, scope: trio.CancelScope) -> None:
        """Poll one source until somebody else is drawn."""
        with scope:
            while person := self._people.get(identity):
                endpoint = self.book.find_best(self._addresses(person))
                if endpoint is None:
                    break
                await trio.sleep_until(self.book[endpoint].due)
                if not await self._poll_safely(endpoint, identity) and self._is_failing(person):
                    break
                await trio.sleep(POLL_GAP_SECONDS)
        if self._sources.get(identity) is scope:
            del self._sources[identity]
            self._redraw.set()

    async def _poll_safely(self, endpoint: str, identity: Identity) -> bool:
        """One held poll; whatever goes wrong is this source's alone."""
        try:
            await self._poll(endpoint, identity, WAIT_SECONDS)
        except TorDown:
            await trio.sleep(TOR_DOWN_SECONDS)
            return False
        except ZbError as error:
            log.info("the feed of %s at %s: %s", short_id(identity), endpoint, error)
            if isinstance(error, Refused):
                self.book.note_failure(endpoint, trio.current_time(), Remedy.BACK_OFF)
            return False
        except Exception:
            log.exception("the feed of %s at %s", short_id(identity), endpoint)
            self.book.note_failure(endpoint, trio.current_time(), Remedy.BACK_OFF)
            return False
        return True

    async def _poll(self, endpoint: str, identity: Identity, wait: int) -> None:
        await self._confirm(endpoint, identity)
        since = self._cursors.get(endpoint, "")

        def listed(identity: Identity) -> None:
            if identity in self._people:
                self._news[identity] = trio.current_time()
            if len(self._listed[endpoint]) < LISTED_IDENTITIES:
                self._listed[endpoint].add(identity)

        self._cursors[endpoint] = await self._ask(
            endpoint, lambda: self._sync.follow_changes(endpoint, since, wait, listed)
        )

    async def _confirm(self, endpoint: str, identity: Identity) -> None:
        """Once for each address: the node there has to name the one whose address it is said to be."""
        reach = self.book[endpoint]
        if reach.identity is None:
            reach.identity = await self._ask(endpoint, lambda: self._sync.ask_identity(endpoint))
        if reach.identity != identity:
            raise Invalid(f"{endpoint} is not an address of {short_id(identity)}")

    async def _ask(self, endpoint: str, call: Callable[[], Awaitable[T]]) -> T:
        """One request and what it tells of the address."""
        try:
            result = await call()
        except TorDown:
            raise
        except Unreachable as error:
            remedy = error.remedy if isinstance(error, NoAnswer) else Remedy.BACK_OFF
            await self._note_failure(endpoint, remedy)
            raise
        except Invalid:
            await self._note_failure(endpoint, Remedy.BACK_OFF)
            raise
        except Refused:
            self.book.note_answer(endpoint, trio.current_time())
            raise
        self.book.note_answer(endpoint, trio.current_time())
        return result

    async def _note_failure(self, endpoint: str, remedy: Remedy) -> None:
        self.book.note_failure(endpoint, trio.current_time(), remedy)
        if self.book.advises_renewal(endpoint, trio.current_time()):
            log.info("%s may have a stale descriptor: tor forgets them all", endpoint)
            try:
                await self._renew()
            except TorDown as error:
                log.info("%s", error)

    # ---- chores

    async def _do_chores(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                self._awake = trio.Event()
                self._look_at_people()
                pause = self._start_due(nursery)
                with trio.move_on_after(min(pause, ROUND_SECONDS)):
                    await self._awake.wait()
                await trio.sleep(ROUND_GAP_SECONDS)

    def _look_at_people(self) -> None:
        if self._people_changed:
            self._people_changed = False
            self._people = {person.identity: person for person in self._directory.people()}

    def _start_due(self, nursery: trio.Nursery) -> float:
        """Start what is due; the seconds until the next is."""
        now, soonest = trio.current_time(), math.inf
        for name, chore in CHORES.items():
            for identity, person in self._people.items():
                key = (name, identity)
                if key in self._running or not chore.applies(self, person):
                    continue
                due = self._due.setdefault(key, now + chore.first(self._rng))
                if due > now:
                    soonest = min(soonest, due)
                    continue
                self._running.add(key)
                nursery.start_soon(self._do, name, person)
        return soonest - now

    async def _do(self, name: str, person: Person) -> None:
        chore, key = CHORES[name], (name, person.identity)
        async with self._limits[name]:
            try:
                await chore.work(self, person)
                self._failures.pop(key, None)
                pause = chore.again(self._rng)
            except TorDown:
                pause = TOR_DOWN_SECONDS
            except ZbError as error:
                log.info("%s with %s: %s", name, short_id(person.identity), error)
                pause = self._pause_after_failure(key)
            except Exception:
                log.exception("%s with %s", name, short_id(person.identity))
                pause = self._pause_after_failure(key)
            finally:
                self._running.discard(key)
        self._due[key] = trio.current_time() + pause
        if pause < ROUND_SECONDS:
            self._awake.set()

    def _pause_after_failure(self, key: tuple[str, Identity]) -> float:
        self._failures[key] = self._failures.get(key, 0) + 1
        return retry_seconds(self._failures[key], self._rng)

    def _may_visit(self, person: Person) -> bool:
        return person.hops <= 1 and bool(self._addresses(person)) and person.identity not in self._sources

    async def _visit(self, person: Person) -> None:
        await self._poll(self._address(person), person.identity, 0)

    def _is_unknown(self, person: Person) -> bool:
        if person.identity in self._known and person.identity not in self._gaps:
            return False
        if self._library.held(person.identity) is not None:
            self._known.add(person.identity)
        unknown = person.identity not in self._known or person.identity in self._gaps
        return unknown and bool(person.endpoints or self._listing(person.identity))

    async def _contact(self, person: Person) -> None:
        """Fetch from the sources that listed him, else from himself; raises what the last one said."""
        self._gaps.discard(person.identity)
        listing = self._listing(person.identity)
        if person.identity in self._known and not listing:
            await self._ask_author(person)
        else:
            await self.fetch_now(person.identity, [*listing, *self._addresses(person)])

    def _listing(self, identity: Identity) -> list[str]:
        return [endpoint for endpoint, listed in self._listed.items() if identity in listed]

    def _is_silent(self, person: Person) -> bool:
        known = self._news.get(person.identity, -math.inf)
        return bool(self._addresses(person)) and trio.current_time() - known > DAY_SECONDS

    async def _ask_author(self, person: Person) -> None:
        endpoint = self._address(person)
        await self._confirm(endpoint, person.identity)
        await self._ask(endpoint, lambda: self._sync.fetch_manifest(endpoint, person.identity))

    def _is_behind(self, person: Person) -> bool:
        if not person.mutual or not self._addresses(person):
            return False
        own = self._library.held(self._identity)
        return own is not None and self._told.get(person.identity) != own.head

    async def _push(self, person: Person) -> None:
        own = self._library.held(self._identity)
        endpoint = self._address(person)
        await self._confirm(endpoint, person.identity)
        try:
            await self._ask(endpoint, lambda: self._sync.push_to(endpoint, self._identity))
        except Refused as error:  # it will not like the next try better
            log.info("%s does not take our head: %s", short_id(person.identity), error)
        if own is not None:
            self._told[person.identity] = own.head

    def _addresses(self, person: Person) -> list[str]:
        """Those that are, as far as we know, his own: mirrors are asked as the nodes of whom they are."""
        return [url for url in person.endpoints if self.book[url].identity in (None, person.identity)]

    def _address(self, person: Person) -> str:
        """The address to try; PeerGone while all of them are backed off from."""
        endpoint = self.book.find_best(self._addresses(person))
        if endpoint is None or self.book[endpoint].due > trio.current_time():
            raise PeerGone("it did not answer lately")
        return endpoint


@dataclass(frozen=True, slots=True)
class Chore:
    """One row: for whom, what, when first, and when again after it went well (seconds)."""

    applies: Callable[[Schedule, Person], bool]
    work: Callable[[Schedule, Person], Awaitable[None]]
    first: Callable[[random.Random], float]
    again: Callable[[random.Random], float]


def at_once(rng: random.Random) -> float:
    return 0.0


CHORES: dict[str, Chore] = {
    "contact": Chore(Schedule._is_unknown, Schedule._contact, at_once, lambda rng: VISIT_SECONDS),
    "push": Chore(Schedule._is_behind, Schedule._push, at_once, at_once),
    "visit": Chore(
        Schedule._may_visit,
        Schedule._visit,
        lambda rng: rng.uniform(0, 1.5 * VISIT_SECONDS),
        lambda rng: rng.uniform(0.5, 1.5) * VISIT_SECONDS,
    ),
    "ask author": Chore(
        Schedule._is_silent,
        Schedule._ask_author,
        lambda rng: rng.uniform(0, DAY_SECONDS),
        lambda rng: rng.uniform(0.9, 1.1) * DAY_SECONDS,
    ),
}
