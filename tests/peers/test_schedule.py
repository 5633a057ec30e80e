"""Who is asked and told, when: in virtual time, against a Sync that only writes down what it was asked."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import trio
import trio.testing

from tests.peers.house import Author, FakeDirectory, FakeLibrary, signer
from zbnntp.model.errors import Missing, PeerGone, TorDown
from zbnntp.model.keys import Identity
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.needs import Person
from zbnntp.peers.schedule import Schedule
from zbnntp.peers.sources import draw
from zbnntp.peers.sync import Sync

OWN = Author("own")
MUTUALS = [f"local:m{number}" for number in range(30)]


def person(name: str, *, mutual: bool = True, trust: float = 0.5, hops: int = 1, full: bool = True) -> Person:
    return Person(signer(name).identity, (f"local:{name}",), mutual, trust, hops, full)


def people(mutuals: int, far: int, others: int = 0) -> list[Person]:
    return [
        *(person(f"m{number}") for number in range(mutuals)),
        *(person(f"f{number}", mutual=False, hops=2) for number in range(far)),
        *(person(f"o{number}", mutual=False) for number in range(others)),
    ]


@dataclass
class FakeSync:
    """Answers as told. `calls` holds (time, what, endpoint)."""

    calls: list[tuple[float, str, str]] = field(default_factory=list)
    lists: dict[str, list[Identity]] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    owners: dict[str, Identity] = field(default_factory=dict)
    on_fetch: Callable[[Identity], None] = lambda identity: None
    since: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def _call(self, what: str, endpoint: str) -> None:
        await trio.lowlevel.checkpoint()
        self.calls.append((trio.current_time(), what, endpoint))
        if endpoint in self.errors:
            raise self.errors[endpoint]

    async def ask_identity(self, endpoint: str) -> Identity:
        await self._call("node", endpoint)
        return self.owners.get(endpoint, signer(endpoint.removeprefix("local:")).identity)

    async def fetch_manifest(self, endpoint: str, identity: Identity) -> bool:
        await self._call("fetch", endpoint)
        self.on_fetch(identity)
        return True

    async def follow_changes(
        self, endpoint: str, since: str, wait: int, heard: Callable[[Identity | None], None]
    ) -> str:
        await self._call("hold" if wait else "visit", endpoint)
        self.since[endpoint].append(since)
        for identity in self.lists.get(endpoint, []):
            heard(identity)
        if since:
            await trio.sleep(wait)
        return "epoch.1"

    async def push_to(self, endpoint: str, identity: Identity) -> None:
        await self._call("push", endpoint)

    def asked(self, what: str) -> Counter[str]:
        return Counter(endpoint for _, call, endpoint in self.calls if call == what)


class FakeHouse(FakeLibrary):
    """Holds everybody but those in `unknown`."""

    def __init__(self) -> None:
        super().__init__()
        self.unknown: set[Identity] = set()

    def held(self, identity: Identity):  # type: ignore[no-untyped-def]
        if identity in self.unknown or identity == OWN.identity:
            return super().held(identity)
        return super().held(OWN.identity) or True


@dataclass
class Bench:
    sync: FakeSync
    house: FakeHouse
    directory: FakeDirectory
    schedule: Schedule


@asynccontextmanager
async def scheduling(everybody: list[Person], sync: FakeSync | None = None, **options: object) -> AsyncIterator[Bench]:
    sync = sync or FakeSync()
    house, directory = FakeHouse(), FakeDirectory(everybody)
    schedule = Schedule(OWN.identity, sync, house, directory, random.Random(1), **options)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(schedule.run)
        yield Bench(sync, house, directory, schedule)
        nursery.cancel_scope.cancel()


def never(person: Person) -> bool:
    return False


def test_three_mutuals_and_two_far_nodes_are_drawn() -> None:
    chosen = draw(people(10, 10, 10), (), never, random.Random(1))
    assert [(each.mutual, each.hops) for each in chosen] == [(True, 1)] * 3 + [(False, 2)] * 2


def test_where_there_are_fewer_whoever_is_trusted_is_drawn() -> None:
    assert len(draw(people(1, 0, 9), (), never, random.Random(1))) == 5
    assert len(draw(people(2, 1), (), never, random.Random(1))) == 3


def test_those_that_fail_come_last_and_those_that_stay_first() -> None:
    everybody = people(6, 0)
    failing = {each.identity for each in everybody[:3]}
    chosen = draw(everybody, (), lambda each: each.identity in failing, random.Random(1))
    assert not failing & {each.identity for each in chosen[:3]}
    staying = {everybody[5].identity}
    assert draw(everybody, staying, never, random.Random(1))[0].identity in staying


def test_a_far_node_is_somebody_trusted_in_full() -> None:
    limited = [person(f"l{number}", mutual=False, hops=2, full=False, trust=1.0) for number in range(20)]
    for seed in range(20):
        chosen = draw([*people(5, 2), *limited], (), never, random.Random(seed))
        assert [each.full for each in chosen] == [True] * 5


def test_far_nodes_are_drawn_by_trust() -> None:
    strong = person("strong", mutual=False, hops=2, trust=0.9)
    weak = [person(f"w{number}", mutual=False, hops=2, trust=0.05) for number in range(8)]
    drawn = Counter(draw([*weak, strong], (), never, random.Random(seed))[0] for seed in range(100))
    assert drawn[strong] > 60


async def test_five_sources_are_held_and_redrawn(autojump_clock: trio.testing.MockClock) -> None:
    async with scheduling(people(12, 12)) as bench:
        await trio.sleep(60)
        assert len(bench.sync.asked("hold")) == 5
        await trio.sleep(24 * 3600)
        assert len(bench.sync.asked("hold")) > 15


async def test_a_held_feed_is_asked_again_when_it_has_answered(autojump_clock: trio.testing.MockClock) -> None:
    async with scheduling(people(1, 0)) as bench:
        await trio.sleep(3600)
        assert 6 <= bench.sync.asked("hold")["local:m0"] <= 7
        assert bench.sync.asked("node")["local:m0"] == 1


async def test_others_whom_we_rate_are_visited_every_half_an_hour(autojump_clock: trio.testing.MockClock) -> None:
    async with scheduling(people(9, 2)) as bench:
        await trio.sleep(10 * 3600)
        visits = bench.sync.asked("visit")
        assert sum(visits.values()) == pytest.approx(6 * 20, rel=0.3)


async def test_an_address_whose_node_names_somebody_else_is_left_alone(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(owners={"local:m0": signer("victim").identity})
    async with scheduling(people(1, 0), sync) as bench:
        await trio.sleep(24 * 3600)
        assert [call for _, call, _ in bench.sync.calls] == ["node"]


async def test_an_absent_source_is_asked_less_and_less(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={"local:m0": NoAnswer("its node is off line", Remedy.BACK_OFF)})
    async with scheduling(people(1, 0), sync) as bench:
        await trio.sleep(24 * 3600)
        assert 24 < len(bench.sync.calls) < 300


async def test_a_failing_source_is_replaced(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={f"local:m{number}": PeerGone("gone") for number in range(4)})
    async with scheduling(people(7, 0), sync) as bench:
        await trio.sleep(1800)
        assert {"local:m4", "local:m5", "local:m6"} <= set(bench.sync.asked("hold"))


async def test_somebody_newly_trusted_is_fetched_from_a_source_that_listed_him(
    autojump_clock: trio.testing.MockClock,
) -> None:
    new = replace(person("new", mutual=False, hops=2), endpoints=())
    sync = FakeSync(lists={"local:m0": [new.identity]})
    async with scheduling(people(1, 0), sync) as bench:
        sync.on_fetch = bench.house.unknown.discard
        await trio.sleep(10)
        bench.house.unknown.add(new.identity)
        bench.directory.everybody.append(new)
        bench.schedule.wake()
        await trio.sleep(5)
        assert bench.sync.asked("fetch") == {"local:m0": 1}


async def test_a_first_contact_goes_to_the_author_and_eight_at_once(autojump_clock: trio.testing.MockClock) -> None:
    everybody = people(0, 0, 30)
    async with scheduling([]) as bench:
        busy: list[int] = []

        async def slow(endpoint: str, identity: Identity) -> bool:
            busy.append(1)
            assert len(busy) <= 8
            await trio.sleep(1)
            busy.pop()
            bench.house.unknown.discard(identity)
            return True

        bench.sync.fetch_manifest = slow  # type: ignore[method-assign]
        bench.house.unknown = {each.identity for each in everybody}
        bench.directory.everybody = everybody
        bench.schedule.wake()
        await trio.sleep(8)
        assert not bench.house.unknown


async def test_a_new_head_goes_once_to_the_mutuals_who_are_on_line(autojump_clock: trio.testing.MockClock) -> None:
    async with scheduling(people(7, 3)) as bench:
        await trio.sleep(5)
        OWN.publish()
        bench.house.keep(OWN)
        bench.schedule.publish()
        await trio.sleep(10)
        now = trio.current_time()
        online = [url for url in MUTUALS[:7] if bench.schedule.visits.book.is_online(url, now)]
        assert len(online) >= 3
        assert bench.sync.asked("push") == dict.fromkeys(online, 1)
        await trio.sleep(2700)
        assert bench.sync.asked("push") == dict.fromkeys(MUTUALS[:7], 1), "all have answered a visit"


async def test_pushes_go_to_eight_at_a_time(autojump_clock: trio.testing.MockClock) -> None:
    busy: list[str] = []

    async def slow(endpoint: str, identity: Identity) -> None:
        busy.append(endpoint)
        most.append(len(busy))
        await trio.sleep(5)
        busy.remove(endpoint)

    most: list[int] = []
    async with scheduling(people(30, 0)) as bench:
        bench.sync.push_to = slow  # type: ignore[method-assign]
        for url in MUTUALS:
            bench.schedule.visits.note_answer(url)
        OWN.publish()
        bench.house.keep(OWN)
        bench.schedule.publish()
        await trio.sleep(30)
        assert (max(most), len(most)) == (8, 30)


async def test_a_push_to_an_absent_mutual_waits_until_he_is_back(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={"local:m0": NoAnswer("its node is off line", Remedy.BACK_OFF)})
    async with scheduling(people(1, 0), sync) as bench:
        OWN.publish()
        bench.house.keep(OWN)
        bench.schedule.publish()
        await trio.sleep(4 * 3600)
        assert not bench.sync.asked("push")
        sync.errors.clear()
        await trio.sleep(3600)
        assert bench.sync.asked("push") == {"local:m0": 1}


async def test_a_peer_that_asks_for_a_pause_is_left_alone_so_long(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={"local:m0": NoAnswer("busy", Remedy.BACK_OFF, 300)})
    async with scheduling(people(1, 0), sync) as bench:
        await trio.sleep(500)
        assert bench.schedule.visits.is_online(people(1, 0)[0]), "that was an answer"
        await trio.sleep(3600)
        times = [time for time, _, _ in bench.sync.calls]
        assert len(times) > 5
        assert all(later - earlier >= 300 for earlier, later in itertools.pairwise(times))


async def test_a_peer_that_was_busy_gets_a_head_as_soon_as_it_said(autojump_clock: trio.testing.MockClock) -> None:
    """Two busy answers and one that wants everything are no reason to stay away for minutes."""
    answers = [NoAnswer("busy", Remedy.BACK_OFF, 10) for _ in range(3)]
    times: list[float] = []

    async def push_to(endpoint: str, identity: Identity) -> None:
        await trio.lowlevel.checkpoint()
        times.append(trio.current_time())
        if answers:
            raise answers.pop()

    async with scheduling(people(1, 0)) as bench:
        bench.sync.push_to = push_to  # type: ignore[method-assign]
        bench.schedule.visits.note_answer("local:m0")
        OWN.publish()
        bench.house.keep(OWN)
        bench.schedule.publish()
        await trio.sleep(60)
    assert len(times) == 4
    assert times[-1] - times[0] < 45


async def test_a_chore_goes_on_as_soon_as_its_peer_has_rested(autojump_clock: trio.testing.MockClock) -> None:
    """That its address rests is no failure of the chore, after which it would wait longer each time."""
    async with scheduling(people(1, 0)) as bench:
        await trio.sleep(10)
        for _ in range(4):
            bench.schedule.visits.book.note_failure("local:m0", trio.current_time(), Remedy.BACK_OFF, 40)
            OWN.publish()
            bench.house.keep(OWN)
            bench.schedule.publish()
            due = bench.schedule.visits.book["local:m0"].due
            await trio.sleep_until(due + 3)
            pushed = [time for time, what, _ in bench.sync.calls if what == "push"]
            assert due <= pushed[-1] <= due + 3


async def test_a_feed_is_read_on_from_where_it_was_before_a_restart(autojump_clock: trio.testing.MockClock) -> None:
    cursors = {"local:m0": "epoch.7"}
    async with scheduling(people(1, 0), cursors=cursors) as bench:
        await trio.sleep(10)
        assert bench.sync.since == {"local:m0": ["epoch.7"]}
        await trio.sleep(700)
        assert bench.sync.since == {"local:m0": ["epoch.7", "epoch.1"]}
        assert cursors == {"local:m0": "epoch.1"}


async def test_somebody_trusted_again_is_asked_for_what_was_missed(autojump_clock: trio.testing.MockClock) -> None:
    back = person("back", mutual=False, hops=2)
    async with scheduling(people(2, 0)) as bench:
        await trio.sleep(30)
        assert not bench.sync.asked("fetch")
        bench.directory.everybody.append(back)
        bench.schedule.wake()
        await trio.sleep(5)
        assert bench.sync.asked("fetch") == {"local:back": 1}


async def test_what_was_listed_while_he_was_held_at_a_version_is_fetched_when_he_is_let_go(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pinned = person("f0", mutual=False, hops=2)
    sync = FakeSync(lists={"local:m0": [pinned.identity]})
    async with scheduling([*people(1, 0), pinned], sync) as bench:
        bench.house.wanting = lambda identity: identity != pinned.identity
        await trio.sleep(30)
        assert not bench.sync.asked("fetch")
        bench.house.wanting = lambda identity: True
        bench.schedule.wake()
        await trio.sleep(70)
        assert bench.sync.asked("fetch") == {"local:m0": 1}


async def test_for_somebody_newly_trusted_whom_nobody_listed_feeds_are_read_once_from_their_beginning(
    autojump_clock: trio.testing.MockClock,
) -> None:
    new = replace(person("new", mutual=False, hops=2), endpoints=())
    sync = FakeSync()
    async with scheduling(people(2, 0), sync, cursors={"local:m0": "e.7", "local:m1": "e.9"}) as bench:
        sync.on_fetch = bench.house.unknown.discard
        await trio.sleep(30)
        sync.lists["local:m0"] = [new.identity]
        bench.house.unknown.add(new.identity)
        bench.directory.everybody.append(new)
        bench.schedule.wake()
        await trio.sleep(10)
        assert bench.sync.since["local:m0"][:2] == ["e.7", ""], "the held poll did not wait for its end"
        await trio.sleep(60)
        assert bench.sync.asked("fetch") == {"local:m0": 1}
        await trio.sleep(7200)
        assert all(asked.count("") <= 1 for asked in bench.sync.since.values())


async def test_of_strangers_and_of_those_who_went_nothing_is_remembered(autojump_clock: trio.testing.MockClock) -> None:
    """A feed lists whom it likes, and a list that trust follows may name others all the time."""
    strangers = [Identity(number.to_bytes(32)) for number in range(5_000)]
    sync = FakeSync(lists={"local:m0": strangers})
    async with scheduling(people(1, 0), sync) as bench:
        bench.house.wanting = lambda identity: False
        for number in range(20):
            new = [person(f"n{number}-{other}", mutual=True, hops=1) for other in range(10)]
            bench.directory.everybody = [*people(1, 0), *new]
            bench.schedule.wake()
            await trio.sleep(1800)
        assert bench.sync.asked("fetch").keys() >= {"local:n1-0", "local:n19-9"}
        assert bench.schedule.feeds.passed == set()
        sizes = {name: len(it) for name, it in vars(bench.schedule).items() if isinstance(it, (dict, set))}
        assert max(sizes.values()) <= 6 * 11, sizes


async def test_a_silent_author_is_asked_once_a_day(autojump_clock: trio.testing.MockClock) -> None:
    quiet = person("quiet", mutual=False, hops=2)
    async with scheduling([*people(3, 2), quiet]) as bench:
        await trio.sleep(10 * 86_400)
        asked = bench.sync.asked("fetch")["local:quiet"]
        assert 6 <= asked <= 11


async def test_news_from_a_source_makes_asking_the_author_needless(autojump_clock: trio.testing.MockClock) -> None:
    author = person("author", mutual=False, hops=2, trust=0.0001)
    sync = FakeSync(lists={f"local:m{number}": [author.identity] for number in range(3)})
    async with scheduling([*people(3, 9), author], sync) as bench:
        await trio.sleep(5 * 86_400)
        assert not bench.sync.asked("fetch")["local:author"]


async def test_our_own_tor_being_down_is_nobodys_fault(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={"local:m0": TorDown("not running")})
    async with scheduling(people(1, 0), sync) as bench:
        await trio.sleep(600)
        assert bench.schedule.visits.book["local:m0"].failures == 0
        sync.errors.clear()
        await trio.sleep(20)
        assert bench.sync.asked("hold")


async def test_following_a_link_asks_its_addresses_in_turn(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={"local:a": PeerGone("gone"), "local:b": Missing("not here")})
    async with scheduling([], sync) as bench:
        assert await bench.schedule.fetch_now(OWN.identity, ["local:a", "local:b", "local:c"])
        with pytest.raises(Missing):
            await bench.schedule.fetch_now(OWN.identity, ["local:a", "local:b"])
        with pytest.raises(PeerGone):
            await bench.schedule.fetch_now(OWN.identity, [])


async def test_two_timeouts_of_a_peer_that_answered_today_renew_tor(autojump_clock: trio.testing.MockClock) -> None:
    renewed: list[float] = []

    async def renew() -> None:
        await trio.lowlevel.checkpoint()
        renewed.append(trio.current_time())

    sync = FakeSync()
    async with scheduling(people(2, 0), sync, renew=renew):
        await trio.sleep(900)
        sync.errors["local:m0"] = NoAnswer("no answer", Remedy.TRY_AGAIN)
        await trio.sleep(1800)
        assert renewed
        assert all(later - earlier >= 600 for earlier, later in itertools.pairwise(renewed))


async def test_a_gap_that_a_push_left_is_filled(autojump_clock: trio.testing.MockClock) -> None:
    async with scheduling(people(1, 0)) as bench:
        await trio.sleep(30)
        bench.schedule.fill(signer("m0").identity)
        await trio.sleep(3)
        assert bench.sync.asked("fetch") == {"local:m0": 1}


async def test_a_bug_in_one_feed_stays_there(autojump_clock: trio.testing.MockClock) -> None:
    sync = FakeSync(errors={"local:m0": ZeroDivisionError()})
    async with scheduling(people(3, 0), sync) as bench:
        await trio.sleep(3600)
        assert bench.sync.asked("hold")["local:m1"] > 3


def test_a_sync_has_what_the_fake_has() -> None:
    for name in ("ask_identity", "fetch_manifest", "follow_changes", "push_to"):
        assert callable(getattr(Sync, name))
