"""Asking a registrar for a first rating: terms, challenge, answer. docs/protocol.md "intro".

What the registrar refuses it says in a sentence for the newcomer, who gets it as it is, cut to one line.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from zbnntp.model.errors import NotPermitted, PeerGone, Unreachable
from zbnntp.model.intro import (
    CHALLENGE_OCTETS,
    Admitted,
    Challenge,
    Terms,
    check_registrar,
    open_challenge,
    open_outcome,
    open_terms,
)
from zbnntp.model.keys import Identity
from zbnntp.peers.answers import check_status, retry_after
from zbnntp.peers.backends import NoAnswer, Remedy
from zbnntp.peers.carrier import Answer, Carrier
from zbnntp.peers.visits import Visits

T = TypeVar("T")

SENTENCE_CHARACTERS = 300


class Desk:
    """A registrar as a newcomer meets it, at one of its addresses."""

    def __init__(self, carrier: Carrier, endpoint: str, registrar: Identity) -> None:
        self._carrier, self._endpoint, self._registrar = carrier, endpoint, registrar

    async def terms(self) -> Terms:
        """What it offers; raises Unreachable, Refused, Invalid, as the others do."""
        terms = open_terms(await self._ask("/zb/1/intro"))
        check_registrar(terms.registrar, self._registrar)
        return terms

    async def challenge(self, way: str) -> Challenge:
        challenge = open_challenge(await self._ask(f"/zb/1/intro?way={way}"))
        check_registrar(challenge.registrar, self._registrar)
        return challenge

    async def answer(self, introduction: bytes) -> Admitted | Challenge:
        outcome = open_outcome(await self._ask("/zb/1/intro", introduction + b"\n"))
        check_registrar(outcome.registrar, self._registrar)
        return outcome

    async def _ask(self, path: str, body: bytes | None = None) -> bytes:
        answer = await self._carrier.request(self._endpoint, path, limit=CHALLENGE_OCTETS + 1, body=body)
        if answer.status in (403, 404):
            raise NotPermitted(_sentence(answer))
        if answer.status == 429:
            raise NoAnswer(_sentence(answer), Remedy.BACK_OFF, retry_after(answer.headers))
        check_status(answer, 200)
        return answer.body.removesuffix(b"\n")


async def visit_desk(
    visits: Visits, carrier: Carrier, registrar: Identity, urls: Sequence[str], call: Callable[[Desk], Awaitable[T]]
) -> T:
    """What the first address says that can be reached; raises Unreachable, Refused, Invalid."""
    problem: Unreachable = PeerGone("no address of theirs is known; get a link that names one")
    for url in urls:
        desk = Desk(carrier, url, registrar)
        try:
            return await visits.ask(url, lambda desk=desk: call(desk))  # type: ignore[misc]
        except Unreachable as error:
            problem = error
    raise problem


def _sentence(answer: Answer) -> str:
    """What it says, on one line without control characters."""
    text = " ".join(answer.body.decode(errors="replace").split())
    shown = "".join(it for it in text if it.isprintable())[:SENTENCE_CHARACTERS]
    return shown or f"the registrar answered {answer.status}"
