"""A registrar's desk over a real store, and newcomers who come to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.houses import House, open_house
from tests.peers.trio_tests import pytest_pyfunc_call
from zbnntp.model import intro
from zbnntp.model.errors import PeerGone
from zbnntp.model.intro import Admitted, Challenge
from zbnntp.model.keys import Identity, MemoKey, Signer, sha256
from zbnntp.registrar.desk import Registrar
from zbnntp.registrar.nonces import open_nonce
from zbnntp.registrar.rules import MailServer, Rules
from zbnntp.registrar.tools import Tools
from zbnntp.store import evidence, offers, promises, ratings
from zbnntp.store.ratings import StoredRating

__all__ = ["pytest_pyfunc_call"]

MAIL = MailServer("mail.invalid", 25, "none", "", None, "rita@example.net")
PICTURE = b"\x89PNG"


def newcomer(name: str) -> Signer:
    return Signer.from_seed(sha256(name.encode()))


async def done_here(job: Callable[[], Any]) -> Any:
    return job()


@dataclass
class Reception:
    """rita's desk. `letters`: address and text; `program`: what the operator's program writes, or the error it is."""

    house: House
    rules: Rules
    letters: list[tuple[str, str]] = field(default_factory=list)
    program: Callable[[bytes], bytes] | None = None
    come: list[Identity] = field(default_factory=list)
    in_worker: Callable[[Callable[[], Any]], Awaitable[Any]] = done_here

    def __post_init__(self) -> None:
        it = self.house
        tools = Tools(self.rules, Random(1), it.clock, self.in_worker, self._post, self._run)
        self.desk = Registrar(it.reader, it.writer, it.identity, tools, lambda: "rita", self.come.append)

    async def _post(self, address: str, subject: str, text: str) -> None:
        self.letters.append((address, text))

    async def _run(self, command: Sequence[str], said: bytes) -> bytes:
        if self.program is None:
            raise PeerGone("no program")
        return self.program(said)

    @property
    def view(self) -> int:
        return evidence.find_person(self.house.reader, self.house.identity) or 0

    async def offer(self, *ways: str, a_day: int = 50) -> None:
        for way in ways:
            await self.house.writer.run(lambda database, way=way: offers.put_offer(database, self.view, way, a_day))

    async def ask(self, way: str) -> Challenge:
        return intro.open_challenge(await self.desk.challenge(way))

    async def answer(self, who: Signer, challenge: Challenge, answer: str, **changed: Any) -> Admitted | Challenge:
        fields = {"registrar": self.house.identity, "nonce": challenge.nonce, "endpoints": (), "time": self.house.now}
        raw = intro.make_introduction(who, answer=answer, **(fields | changed))
        return intro.open_outcome(await self.desk.answer(raw))

    def memo(self, challenge: Challenge) -> dict[str, Any]:
        """What the registrar's own key opens."""
        kept = promises.find_meta(self.house.reader, f"intro {self.house.identity.hex()}") or ""
        return dict(open_nonce(MemoKey(bytes.fromhex(kept)), challenge.nonce).memo)

    async def read(self, who: Signer, way: str = "captcha") -> Admitted | Challenge:
        """Somebody reads a picture well."""
        challenge = await self.ask(way)
        return await self.answer(who, challenge, self.memo(challenge)["answers"][0])

    def rating(self, who: Signer) -> StoredRating | None:
        person = evidence.find_person(self.house.reader, who.identity)
        return ratings.find_rating(self.house.reader, self.view, person) if person else None


Open = Callable[..., Any]


@pytest.fixture
def open_reception(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def opened(rules: Rules | None = None) -> AsyncIterator[Reception]:
        async with open_house(tmp_path, "rita") as house:
            yield Reception(house, rules or Rules())

    return opened
