"""What an author's node publishes, in whatever order things are written, taken back, sealed, compacted and restarted.

Each version is whole and by the rules for somebody who has nothing but it: signature, hashes, order of versions, every
line. What it says is what the author sees: no post missing, none that was taken back once it was written anew, the last
word on whoever was rated or voted for.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.houses import pack_overview
from tests.ingest.forging import BOARD, Forger, name_of, shown
from tests.sealing.sync import head_of
from tests.stateful.resident import Resident
from zbnntp.housekeeping import seal_months
from zbnntp.model.bundle import Offer
from zbnntp.model.entries import POSTS, STATE, Carry, Post, Trust, Vote, open_entry
from zbnntp.model.keys import Signer, message_id, sha256
from zbnntp.model.manifest import Head, check_segment

DAY = 86_400
PEOPLE = tuple(Signer.from_seed(sha256(b"%d" % number)).identity for number in range(3))


class Author(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.alice = Resident("alice")
        self.alice.call(self.alice.house.add_board, BOARD)
        self.opening = Forger("carl").opening("Of Carl")
        self.alice.call(self._meet_carl)
        self.posted: list[str] = []  # what stands, in order
        self.withdrawn: set[str] = set()
        self.rated: dict[str, int] = {}
        self.votes: dict[str, int] = {}
        self.last: Head | None = None
        self.count = 0

    async def _meet_carl(self) -> None:
        carl = Forger("carl")
        await self.alice.house.rate(carl.identity, mt=5000)
        await self.alice.house.take(carl.offer([self.opening + b"\n"]))

    def teardown(self) -> None:
        self.alice.close()

    @rule(answers=st.booleans())
    def post(self, answers: bool) -> None:
        self.count += 1
        reference = name_of(self.opening) if answers else ""
        subject = "Re: Of Carl" if answers else f"number {self.count}"
        self.posted.append(self.alice.call(self._post, subject, f"text {self.count}\n", reference))

    async def _post(self, subject: str, body: str, reference: str = "", **headers: str) -> str:
        return await self.alice.house.post(BOARD, subject, body, reference, **headers)

    @precondition(lambda self: self.posted)
    @rule(choice=st.integers(0, 99))
    def take_back(self, choice: int) -> None:
        name = self.posted.pop(choice % len(self.posted))
        self.alice.call(self._take_back, name)
        self.withdrawn.add(name)

    async def _take_back(self, name: str) -> None:
        await self._post(f"cancel {name}", "x\n", Control=f"cancel {name}")

    @rule(whom=st.integers(0, 2), mt=st.sampled_from((-5000, 1, 5000)))
    def rate(self, whom: int, mt: int) -> None:
        self.alice.call(self._rate, whom, mt)
        self.rated[PEOPLE[whom].hex()] = mt

    async def _rate(self, whom: int, mt: int) -> None:
        await self.alice.house.rate(PEOPLE[whom], mt=mt)

    @rule(value=st.sampled_from((-1, 0, 1)))
    def vote(self, value: int) -> None:
        name = name_of(self.opening)
        self.alice.call(self.alice.house.vote, name, value)
        self.votes[name] = value

    @rule(seconds=st.sampled_from((1, 700, DAY, 40 * DAY, -30)))
    def wait(self, seconds: int) -> None:
        self.alice.clock.now += seconds

    @rule()
    def start_again(self) -> None:
        before = self.alice.ask(shown, self.alice.house)
        self.alice.restart()
        assert self.alice.ask(shown, self.alice.house) == before

    @rule()
    def tidy_up(self) -> None:
        before = self.alice.ask(shown, self.alice.house)
        self.alice.call(self._tidy_up)
        assert self.alice.ask(shown, self.alice.house) == before

    async def _tidy_up(self) -> None:
        house = self.alice.house
        await house.writer.run(pack_overview)
        await seal_months(house.path, house.writer, house.now)

    @rule(rewrite=st.booleans())
    def seal(self, rewrite: bool) -> None:
        if self.alice.call(self._seal, rewrite) is None:
            return
        offer = self.alice.ask(self.alice.house.whole_offer)
        head = head_of(offer)
        if self.last:
            assert head.seq > self.last.seq
            assert head.prev == (self.last.seq, self.last.sha256)
        self.last = head
        self.compare(*read(offer), rewrite)

    async def _seal(self, rewrite: bool) -> Offer | None:
        return await self.alice.house.seal(rewrite=rewrite)

    def compare(self, posts: list[Any], state: list[Any], rewrite: bool) -> None:
        names = [message_id(it.header.id) for it in posts if isinstance(it, Post)]
        assert len(set(names)) == len(names)
        assert set(self.posted) <= set(names)
        assert set(names) - set(self.posted) <= (set() if rewrite else self.withdrawn)
        if any(it.header.thread for it in posts if isinstance(it, Post)):
            assert any(isinstance(it, Carry) for it in posts)
        carl = Forger("carl").identity.hex()
        rated = {it.target.hex(): it.mt for it in state if isinstance(it, Trust)}  # the last of each counts
        assert rated == self.rated | {carl: 5000}
        assert {message_id(it.post): it.value for it in state if isinstance(it, Vote)} == self.votes

    @invariant()
    def the_author_sees_it_all(self) -> None:
        own = self.alice.ask(lambda: self.alice.house.subjects(BOARD))
        assert len(own) == len(self.posted) + 1


def read(offer: Offer) -> tuple[list[Any], list[Any]]:
    """Entries of a whole manifest, read by somebody who knows nothing else."""
    head = head_of(offer)
    octets: dict[bytes, bytes] = {}
    for part in offer.slices:
        assert part.at == len(octets.get(part.segment, b""))
        octets[part.segment] = octets.get(part.segment, b"") + part.data
    found = []
    for role, refs in ((POSTS, head.posts), (STATE, head.state)):
        lines = [line for ref in refs for line in check_segment(ref, octets[ref.sha256])]
        found.append([open_entry(line, head.identity, role) for line in lines])
    assert all(it.header.time <= head.time for it in found[0] if isinstance(it, Post))
    return found[0], found[1]


TestAuthor = Author.TestCase
TestAuthor.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
