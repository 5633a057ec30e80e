"""People who rate, post and read: whoever reads has a store, and everybody publishes to all who want to hear it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.houses import START, Clock, House, open_house
from tests.ingest.forging import BOARD, Forger, segment
from zbnntp.model.bundle import Offer
from zbnntp.model.entries import make_carry, make_profile
from zbnntp.store import evidence

LINES = 1_000  # in a segment
ROUNDS = 6  # trust travels so far, so whom to fetch is known after as many visits


@dataclass
class Member:
    """One person: all they have published. `dirty`: something of it is new."""

    forger: Forger
    posts: list[bytes] = field(default_factory=list)
    state: list[bytes] = field(default_factory=list)
    offer: Offer | None = None
    dirty: bool = True

    def published(self) -> Offer:
        if self.offer is None or self.dirty:
            self.offer = self.forger.offer(_segments(self.posts), _segments(self.state))
            self.dirty = False
        return self.offer


def _segments(lines: Sequence[bytes]) -> list[bytes]:
    return [segment(*lines[at : at + LINES]) for at in range(0, len(lines), LINES)]


class Community:
    """Members by name. Close it with the stack that it was opened with."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory, self._stack = directory, stack
        self.members: dict[str, Member] = {}
        self.readers: dict[str, House] = {}
        self._given: dict[tuple[str, str], Offer] = {}
        self._tick = count(START - 50_000)
        self._clock = Clock()

    def member(self, name: str) -> Member:
        if name not in self.members:
            self.members[name] = Member(Forger(name, START - 20_000))
        return self.members[name]

    def rate(self, who: str, target: str, mt: float, tlt: int | None = None) -> None:
        """Numbers as the commands have them."""
        wire = round(mt * 100), None if tlt is None else tlt * 100
        line = self.member(who).forger.trust(self.member(target).forger.identity, *wire)
        self._say(who, self.member(who).state, line)

    def mark_registrar(self, who: str) -> None:
        """Their profile says that they let strangers in."""
        self._say(who, self.member(who).state, make_profile("", registrar=True))

    def vote(self, who: str, line: bytes, value: int) -> None:
        self._say(who, self.member(who).state, self.member(who).forger.vote(line, value))

    def open(self, who: str, subject: str) -> bytes:
        line = self.member(who).forger.opening(subject, body=f"{subject}\n", time=next(self._tick))
        return self._say(who, self.member(who).posts, line)

    def answer(self, who: str, line: bytes) -> bytes:
        """An answer, beside the opening that is answered, as nodes publish it."""
        carried = make_carry(line)
        if carried not in self.member(who).posts:
            self.members[who].posts.append(carried)
        reply = self.member(who).forger.reply(line, f"{who} answers\n", time=next(self._tick))
        return self._say(who, self.member(who).posts, reply)

    def _say(self, who: str, where: list[bytes], line: bytes) -> bytes:
        where.append(line)
        self.members[who].dirty = True
        return line

    async def reader(self, name: str) -> House:
        """A member's store, opened when it is first asked for."""
        if name not in self.readers:
            self.member(name)
            self.readers[name] = await self._stack.enter_async_context(open_house(self._directory, name, self._clock))
        return self.readers[name]

    async def gather(self, name: str) -> House:
        """A reader's store with everything that reaches it: whoever is wanted is fetched, until nobody new is."""
        house = await self.reader(name)
        for _ in range(ROUNDS):
            if not await self._visit(name, house):
                break
            await house.standings.refresh(house.now)
        return house

    async def _visit(self, name: str, house: House) -> bool:
        news = False
        for other, member in self.members.items():
            offer = member.published()
            if self._given.get((name, other)) is offer or not house.intake.wanted(member.forger.identity):
                continue
            self._given[name, other] = offer
            await house.intake.offer(offer, "a peer", house.now)
            news = True
        return news


def subjects(house: House, group: str = BOARD) -> list[str]:
    """What stands in a group, by number."""
    return house.subjects(group)


def person(house: House, member: Member) -> int:
    return evidence.find_person(house.reader, member.forger.identity) or 0
