"""A control desk over a real store, and people who publish to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.houses import House, open_house
from tests.peers.trio_tests import pytest_pyfunc_call
from zbnntp.control.actions import Answer, Control
from zbnntp.local import CONTROL
from zbnntp.model.article import address
from zbnntp.model.entries import STATE
from zbnntp.model.errors import Refused, Unreachable
from zbnntp.model.keys import Identity, identity_text
from zbnntp.model.onion import onion_address
from zbnntp.model.proto import ProtoArticle
from zbnntp.posting import Desk
from zbnntp.registrar.rules import Rules
from zbnntp.searching import Found, Query, Search
from zbnntp.store import evidence, promises, ratings
from zbnntp.store.ratings import StoredRating

__all__ = ["pytest_pyfunc_call"]

ONION = onion_address(bytes(32))


@dataclass
class Rooms:
    """What control asks of the house. `came` is what a fetch says or raises."""

    house: House
    published: int = 0
    applied: int = 0
    followed: list[tuple[Identity, tuple[str, ...]]] = field(default_factory=list)
    came: str | Exception = "3 posts came."
    reachable: bool = True
    known: list[Identity] = field(default_factory=list)
    tenant: bool = False

    def publish(self) -> None:
        self.published += 1

    async def follow(self, identity: Identity, urls: Sequence[str]) -> str:
        self.followed.append((identity, tuple(urls)))
        if isinstance(self.came, Exception):
            raise self.came
        return self.came

    def know(self, people: Sequence[Identity]) -> None:
        self.known += people

    def link(self) -> str:
        if not self.reachable:
            raise Refused("this node has no address for others yet: it runs without tor")
        return f"zb:{identity_text(self.house.identity)}@{ONION}"

    def status(self) -> Sequence[str]:
        return ["Tor is ready", "2 people are fetched"]

    async def search(self, query: Query, people: Sequence[int]) -> Found:
        view = evidence.find_person(self.house.reader, self.house.identity) or 0
        search = Search(self.house.reader, view, query, people)
        for _ in search.run():
            pass
        return search.found()

    def rules(self) -> Rules:
        return Rules()

    def apply(self) -> None:
        self.applied += 1

    async def scrub(self) -> None:
        await self.house.writer.scrub()

    def nick(self) -> str:
        return promises.find_meta(self.house.reader, f"nick {self.house.identity.hex()}") or self.house.name


@dataclass
class Node:
    """One person's desk, and others whose manifests reach it."""

    house: House
    rooms: Rooms
    control: Control
    directory: Path
    others: dict[str, House] = field(default_factory=dict)

    async def run(self, text: str, answered: str | None = None) -> Answer:
        return await self.control.run(text, answered)

    async def ok(self, text: str, answered: str | None = None) -> str:
        answer = await self.run(text, answered)
        assert answer.ok, answer.text
        return answer.text

    async def refused(self, text: str, answered: str | None = None) -> str:
        """The answer to what is not carried out; nothing in the store has changed by it."""
        before = self._state()
        answer = await self.run(text, answered)
        assert not answer.ok, answer.text
        assert self._state() == before
        assert self.rooms.published == 0
        return answer.text

    async def refused_after(self, text: str, answered: str | None = None) -> str:
        """The same, where something was published before."""
        self.rooms.published = 0
        return await self.refused(text, answered)

    def desk(self) -> Desk:
        """What newsreaders post to, with this control desk behind it."""
        house = self.house
        return Desk(
            house.reader,
            house.writer,
            house.standings,
            lambda: {house.identity: house.signer},
            house.identity,
            house.clock,
            self.control,
            lambda author: None,
        )

    async def send(self, groups: str, body: str, references: str = "", **headers: str) -> str:
        """An article as a newsreader sends it; its id."""
        fields = {
            "From": f"me <{address(self.house.identity)}>",
            "Newsgroups": groups,
            "Subject": "Re: something",
            **({"References": references} if references else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        octets = "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n" + body
        return await self.desk().post(octets.encode().replace(b"\n", b"\r\n"), "")

    async def meet(self, name: str, *subjects: str, rated: str = "50") -> list[str]:
        """Somebody rated, with threads in chat; their ids."""
        other = self.others[name]
        await other.add_board("chat")
        ids = [await other.post("chat", subject, f"{subject} by {name}\n") for subject in subjects]
        await self.arrive(name)
        if rated:
            await self.ok(f"trust {identity_text(other.identity)} {rated}")
        return ids

    def own_lines(self) -> list[dict[str, Any]]:
        """What is or will be published as state."""
        me = evidence.find_person(self.house.reader, self.house.identity) or 0
        return [json.loads(line) for _, line in evidence.lines_of(self.house.reader, me, STATE)]

    async def post(self, body: str, subject: str = "orders", **fields: object) -> str:
        proto = {
            "newsgroups": (CONTROL,), "subject": subject, "body": body, "flowed": False, "references": (),
            "message_id": None, "sender": None, "sage": False,
        }  # fmt: skip
        return await self.control.post(ProtoArticle(**(proto | fields)))  # type: ignore[arg-type]

    def rating(self, target: Identity) -> StoredRating | None:
        reader = self.house.reader
        me, person = (evidence.find_person(reader, it) for it in (self.house.identity, target))
        return ratings.find_rating(reader, me, person) if me and person else None

    def numbers(self, target: Identity) -> tuple[int | None, int | None]:
        """Own rating of somebody in hundredths, as the commands say it."""
        rating = self.rating(target)
        assert rating is not None
        return tuple(None if it is None else it // 100 for it in (rating.mt, rating.tlt))  # type: ignore[return-value]

    def articles(self, group: str = CONTROL) -> list[str]:
        shelf = self.house.shelf
        numbers = [int(line) for window in shelf.numbers(group, 1, 10_000) for line in window.split()]
        return [shelf.article(group, number).octets.decode() for number in numbers]  # type: ignore[union-attr]

    def _state(self) -> str:
        return "\n".join(self.house.reader.iterdump())

    async def arrive(self, name: str) -> None:
        """What somebody has published is here now; whoever is not rated is rated 0.01 and not so any more after."""
        other = self.others[name]
        await other.seal()
        before = self.rating(other.identity)
        if before is None:
            await self.house.rate(other.identity, 1)
        await self.house.take(other.whole_offer())
        if before is None:
            await self.house.rate(other.identity, None, None)

    def id(self, name: str) -> Identity:
        return self.others[name].identity


Open = Callable[..., AbstractAsyncContextManager[Node]]


@pytest.fixture
def open_desk(tmp_path: Path) -> Open:
    """`async with open_desk("bob", "carol") as node`: these are houses of their own, of whom nothing is held yet."""

    @asynccontextmanager
    async def opened(*names: str, of: str = "me") -> AsyncIterator[Node]:
        async with open_house(tmp_path, of) as house:
            rooms = Rooms(house)
            control = Control(house.reader, house.writer, house.standings, house.identity, house.clock, rooms)
            async with _open_others(tmp_path, names) as others:
                yield Node(house, rooms, control, tmp_path, others)

    return opened


@asynccontextmanager
async def _open_others(directory: Path, names: Sequence[str]) -> AsyncIterator[dict[str, House]]:
    if not names:
        yield {}
        return
    async with open_house(directory / "others", names[0]) as house, _open_others(directory, names[1:]) as rest:
        yield {names[0]: house} | rest


GONE = Unreachable("their node did not answer")
