"""What others publish, by the rules and against them, held against a model of what may be kept and shown.

Two authors whose nodes misbehave: they publish, take back, go back to older versions, fork, hand over half of their
segments or garbage. Meanwhile the reader rates them, packs, seals old months, rebuilds and restarts. The newest version
that was taken is never lost, nothing is shown that no version of an author whom the reader trusts said, and `check`
finds every signature and hash as it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.houses import House, pack_overview
from tests.ingest.forging import BOARD, Forger, check_octets, segment, shown
from tests.stateful.resident import Resident
from zbnntp.checking import check_people
from zbnntp.housekeeping import seal_months
from zbnntp.model.bundle import Offer
from zbnntp.model.errors import Invalid, Refused
from zbnntp.model.manifest import open_pointer
from zbnntp.rebuild import rebuild
from zbnntp.store import evidence

NAMES = ("anna", "carl")
WHO = st.sampled_from(NAMES)
DAY = 86_400


class Reader(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.bob = Resident("bob")
        self.bob.call(self.bob.house.add_board, BOARD)
        self.authors = {name: Forger(name) for name in NAMES}
        self.lines: dict[str, list[bytes]] = {name: [] for name in NAMES}
        self.said: dict[str, str] = {}  # subject of everything that was ever published, and by whom
        self.published: dict[str, list[Offer]] = {name: [] for name in NAMES}
        self.newest = dict.fromkeys(NAMES, 0)  # the seq that was taken
        self.numbers: dict[int, str] = {}
        self.bad: set[str] = set()
        self.count = 0

    def teardown(self) -> None:
        self.bob.close()

    @rule(who=WHO, mt=st.sampled_from((5000, -5000, 0)))
    def rate(self, who: str, mt: int) -> None:
        self.bob.call(self._rate, who, mt)
        (self.bad.discard if mt > 0 else self.bad.add)(who)

    async def _rate(self, who: str, mt: int) -> None:
        await self.bob.house.rate(self.authors[who].identity, mt=mt)

    @rule(who=WHO, count=st.integers(1, 3))
    def publish(self, who: str, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.lines[who].append(self.authors[who].opening(f"{who} {self.count}"))
            self.said[f"{who} {self.count}"] = who
        self.take(who, self.version(who))

    @rule(who=WHO, choice=st.integers(0, 9))
    def take_back(self, who: str, choice: int) -> None:
        if self.lines[who]:
            del self.lines[who][choice % len(self.lines[who])]
            self.take(who, self.version(who))

    @rule(who=WHO, choice=st.integers(0, 9))
    def go_back(self, who: str, choice: int) -> None:
        """An older version, or the newest once more."""
        if self.published[who]:
            self.take(who, self.published[who][choice % len(self.published[who])])

    @rule(who=WHO)
    def fork(self, who: str) -> None:
        author = self.authors[who]
        author.seq -= 1
        self.take(who, self.version(who, nick="other"))

    @rule(who=WHO, keep=st.integers(0, 1))
    def hand_over_half(self, who: str, keep: int) -> None:
        offer = self.version(who)
        self.take(who, replace(offer, slices=offer.slices[:keep]))

    @rule(who=WHO, at=st.integers(0, 400))
    def garble(self, who: str, at: int) -> None:
        offer = self.version(who)
        octets = bytearray(offer.head)
        octets[at % len(octets)] ^= 1
        self.take(who, replace(offer, head=bytes(octets)))

    @rule(days=st.sampled_from((0, 1, 40)))
    def wait(self, days: int) -> None:
        self.bob.clock.now += 1 + days * DAY

    @rule()
    def pack(self) -> None:
        self.unchanged(lambda house: house.writer.run(pack_overview))

    @rule()
    def seal_old_months(self) -> None:
        self.unchanged(lambda house: seal_months(house.path, house.writer, house.now))

    @rule()
    def make_anew(self) -> None:
        views = (self.bob.house.identity,)
        now = self.bob.house.now
        self.unchanged(lambda house: house.writer.run(lambda it: rebuild(it, views, now, lambda done, of: None)))

    @rule()
    def start_again(self) -> None:
        before = self.bob.ask(shown, self.bob.house)
        self.bob.restart()
        assert self.bob.ask(shown, self.bob.house) == before

    def unchanged(self, change: object) -> None:
        before = self.bob.ask(shown, self.bob.house)
        self.bob.call(change, self.bob.house)  # type: ignore[arg-type]
        assert self.bob.ask(shown, self.bob.house) == before

    def version(self, who: str, **fields: object) -> Offer:
        lines = self.lines[who]
        offer = self.authors[who].offer([segment(*lines)] if lines else [], **fields)
        self.published[who].append(offer)
        return offer

    def take(self, who: str, offer: Offer) -> None:
        with suppress(Invalid, Refused):
            if self.bob.call(self.bob.house.take, offer):
                self.newest[who] = max(self.newest[who], open_pointer(offer.pointer).seq)

    @invariant()
    def the_newest_version_is_kept(self) -> None:
        for who, author in self.authors.items():
            held = self.bob.ask(evidence.find_manifest, self.bob.house.reader, author.identity)
            assert (held.seq if held else 0) == self.newest[who]

    @invariant()
    def nothing_else_is_shown(self) -> None:
        rows = self.bob.ask(shown, self.bob.house)
        assert {self.said[subject] for subject in rows.values()}.isdisjoint(self.bad)
        for number, subject in rows.items():
            assert self.numbers.setdefault(number, subject) == subject
        self.bob.ask(check_octets, self.bob.house)

    @invariant()
    def all_is_as_it_was_signed(self) -> None:
        assert not self.bob.ask(faults, self.bob.house)


def faults(house: House) -> Sequence[object]:
    return list(check_people(house.reader, lambda done, of: None))


TestReader = Reader.TestCase
TestReader.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
