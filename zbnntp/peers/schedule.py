"""Whom to ask now, and whom to tell.

Some feeds are followed by long polls (feeds.py). Beside them everybody whom we rate is visited every half an hour, an
author of whom no source had news is asked once a day at an address of his own, a new head of ours goes to all mutuals
who are on line, and somebody newly trusted is fetched at once: from a source that listed him, or from himself. Each of
these is a row of CHORES. docs/protocol.md "Who is asked, who is told".
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial

import trio

from zbnntp.model.errors import Missing, PeerGone, Refused, TorDown, ZbError
from zbnntp.model.keys import Identity, Sha256, short_id
from zbnntp.peers.backends import NoAnswer
from zbnntp.peers.feeds import TOR_DOWN_SECONDS, Feeds
from zbnntp.peers.needs import Directory, Library, Person
from zbnntp.peers.reach import retry_seconds
from zbnntp.peers.sync import Sync
from zbnntp.peers.visits import Renew, T, Visits, no_renewal

log = logging.getLogger(__name__)

VISIT_SECONDS = 1800.0
DAY_SECONDS = 86_400.0
AT_ONCE = 8  # of each kind of chore
ROUND_GAP_SECONDS, ROUND_SECONDS = 1.0, 60.0  # between two looks at what is due: at least, at most


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
        self._library = library
        self._directory = directory
        self._rng = rng
        self.visits = Visits(sync, rng, renew)
        kept = {} if cursors is None else cursors
        self.feeds = Feeds(self.visits, library, self._everybody, self._seeks, rng, kept)
        self._people: dict[Identity, Person] | None = None
        self._known: set[Identity] = set()  # of whom something is held
        self._gaps: set[Identity] = set()  # of whom something may be missing
        self._told: dict[Identity, bytes] = {}  # hash of our head that a mutual has
        self._due: dict[tuple[str, Identity], float] = {}
        self._failures: dict[tuple[str, Identity], int] = {}
        self._running: set[tuple[str, Identity]] = set()
        self._limits = {name: trio.CapacityLimiter(AT_ONCE) for name in CHORES}
        self._awake = trio.Event()
        self._people_changed = True

    def wake(self) -> None:
        """The list of people has changed."""
        self._people_changed = True
        self.feeds.redraw()
        self._awake.set()

    def publish(self) -> None:
        """There is a new head of our own: tell the mutuals."""
        self._awake.set()

    def fill(self, identity: Identity) -> None:
        """A push of this identity left something out; for Api's `lacking`."""
        self._open_gap(identity)
        self._awake.set()

    def reread(self) -> None:
        """Something that was held is not any more: everybody's feed is read from its beginning, at once."""
        self._known.clear()
        self.feeds.reread()
        self._due = {key: due for key, due in self._due.items() if key[0] != "visit"}
        self._awake.set()

    async def fetch_now(self, identity: Identity, endpoints: Sequence[str]) -> bool:
        """Somebody is followed by a link: ask there at once. True = news; raises what the last address said."""
        return await self._ask_first(endpoints, lambda url: self.visits.sync.fetch_manifest(url, identity))

    async def ask_own(self, endpoints: Sequence[str]) -> int:
        """Which version of our own manifest is kept there, by its seq; raises Missing, and what the last one said."""
        return (await self._ask_first(endpoints, lambda url: self.visits.sync.ask_version(url, self._identity)))[0]

    async def ask_clock(self, endpoints: Sequence[str]) -> tuple[int, tuple[int, Sha256] | None]:
        """What time it is there, and which version of our own manifest is kept; raises what the last one said."""
        time = await self._ask_first(endpoints, self.visits.sync.ask_time)
        try:
            return time, await self._ask_first(endpoints, lambda url: self.visits.sync.ask_version(url, self._identity))
        except Missing:
            return time, None

    async def _ask_first(self, endpoints: Sequence[str], call: Callable[[str], Awaitable[T]]) -> T:
        """Of the first address that answers; raises what the last one said."""
        problem: ZbError = PeerGone("There is no address to ask; get a link that names one.")
        for endpoint in endpoints:
            try:
                return await self.visits.ask(endpoint, partial(call, endpoint))
            except ZbError as error:
                problem = error
        raise problem

    async def run(self) -> None:
        """Follow sources and do chores until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.feeds.run)
            nursery.start_soon(self._do_chores)

    def _everybody(self) -> dict[Identity, Person]:
        """As of the last change of trust. Of those who come in, what they published meanwhile has been missed."""
        if self._people_changed:
            before, self._people_changed = self._people, False
            self._people = {person.identity: person for person in self._directory.people()}
            if before is not None:
                self._keep_only(self._people)
                for identity in self._people.keys() - before.keys():
                    self._open_gap(identity)
        return self._people or {}

    def _keep_only(self, people: Collection[Identity]) -> None:
        """Forget who is not fetched any more: whose list trust follows may name others all the time."""
        for identities in (self._known, self._gaps):
            identities.intersection_update(people)
        self._told = {identity: head for identity, head in self._told.items() if identity in people}
        for times in (self._due, self._failures):
            for key in [key for key in times if key[1] not in people]:
                del times[key]
        self.feeds.keep_only(people)

    def _open_gap(self, identity: Identity) -> None:
        self._gaps.add(identity)
        self._due.pop(("contact", identity), None)

    def _seeks(self) -> bool:
        """Whether of somebody nothing is held, and no feed has listed him that we know of."""
        return any(not self.feeds.listing(it) and not self._holds(it) for it in self._everybody())

    def _holds(self, identity: Identity) -> bool:
        if identity not in self._known and self._library.held(identity) is not None:
            self._known.add(identity)
        return identity in self._known

    # ---- chores

    async def _do_chores(self) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                self._awake = trio.Event()
                pause = self._start_due(nursery)
                with trio.move_on_after(min(pause, ROUND_SECONDS)):
                    await self._awake.wait()
                await trio.sleep(ROUND_GAP_SECONDS)

    def _start_due(self, nursery: trio.Nursery) -> float:
        """Start what is due; the seconds until the next is."""
        now, soonest = trio.current_time(), math.inf
        for name, chore in CHORES.items():
            for identity, person in self._everybody().items():
                key = (name, identity)
                due = self._due.get(key, -math.inf)
                if due <= now:  # only then is it looked at closely: there may be ten thousand people
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
                pause = self._pause_after_failure(key, error)
            except Exception:
                log.exception("%s with %s", name, short_id(person.identity))
                pause = self._pause_after_failure(key)
            finally:
                self._running.discard(key)
        self._due[key] = trio.current_time() + pause
        self._awake.set()  # who has just answered is on line, and may be told something

    def _pause_after_failure(self, key: tuple[str, Identity], error: ZbError | None = None) -> float:
        """Who rests, or asks for a pause, is asked again when that is over."""
        if isinstance(error, NoAnswer) and error.pause:
            return error.pause
        self._failures[key] = self._failures.get(key, 0) + 1
        return retry_seconds(self._failures[key], self._rng)

    def _may_visit(self, person: Person) -> bool:
        return person.hops <= 1 and bool(self.visits.addresses(person)) and person.identity not in self.feeds

    async def _visit(self, person: Person) -> None:
        await self.feeds.poll(self.visits.address(person), person.identity, 0)

    def _is_unknown(self, person: Person) -> bool:
        if not (person.endpoints or self.feeds.listing(person.identity)):
            return False  # of strangers on somebody's list the store is not asked
        return not self._holds(person.identity) or person.identity in self._gaps or self._was_passed_by(person)

    def _was_passed_by(self, person: Person) -> bool:
        """Whether he was listed while he was not wanted, and is now."""
        return person.identity in self.feeds.passed and self._library.wanted(person.identity)

    async def _contact(self, person: Person) -> None:
        """Fetch from the sources that listed him, else from himself; raises what the last one said."""
        self._gaps.discard(person.identity)
        self.feeds.passed.discard(person.identity)
        listing = self.feeds.listing(person.identity)
        if person.identity in self._known and not listing:
            await self._ask_author(person)
        else:
            await self.fetch_now(person.identity, [*listing, *self.visits.addresses(person)])

    def _is_silent(self, person: Person) -> bool:
        silence = trio.current_time() - self.feeds.last_news(person.identity)
        return bool(self.visits.addresses(person)) and silence > DAY_SECONDS

    async def _ask_author(self, person: Person) -> None:
        endpoint = self.visits.address(person)
        await self.visits.confirm(endpoint, person.identity)
        await self.visits.ask(endpoint, lambda: self.visits.sync.fetch_manifest(endpoint, person.identity))

    def _is_behind(self, person: Person) -> bool:
        if not person.mutual or not self.visits.is_online(person):
            return False
        own = self._library.held(self._identity)
        return own is not None and self._told.get(person.identity) != own.head

    async def _push(self, person: Person) -> None:
        own = self._library.held(self._identity)
        endpoint = self.visits.address(person)
        await self.visits.confirm(endpoint, person.identity)
        try:
            await self.visits.ask(endpoint, lambda: self.visits.sync.push_to(endpoint, self._identity))
        except Refused as error:  # it will not like the next try better
            log.info("%s does not take our head: %s", short_id(person.identity), error)
        if own is not None:
            self._told[person.identity] = own.head


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
