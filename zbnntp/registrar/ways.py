"""What a way to get in is: it asks something, and checks what came back. Each kind is a small class of its own.

A way keeps nothing about those who have only asked: what it has to remember travels sealed inside the challenge's
nonce (nonces.py) and comes back with the answer. So a flood of questions costs no memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from zbnntp.model.keys import Identity
from zbnntp.model.proof import Proof

Use = Callable[[sqlite3.Connection, int, int], None]
Memo = Mapping[str, Any]


def use_nothing(database: sqlite3.Connection, person: int, now: int) -> None:
    """Most ways use nothing up."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a newcomer is asked; `memo` (JSON) comes back with the answer. `picture`: a PNG."""

    text: str
    memo: Memo
    seconds: int  # to answer it
    picture: bytes = b""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """Who gave which answer to the challenge of which nonce. The signature holds."""

    newcomer: Identity
    answer: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Grant:
    """The rating to give, in 1/10000, for so many days, 0: for good.

    `use` runs in the transaction that gives it, with the person and the time, and may raise Refused. `mark` stands for
    what no other newcomer may use while a rating lasts.
    """

    mt: int
    days: int
    use: Use = use_nothing
    mark: bytes | None = None


class Way(Protocol):
    """One kind of challenge."""

    @property
    def text(self) -> str:
        """One sentence about it, for newcomers."""
        ...

    async def ask(self) -> Question:
        """The challenge. May raise Refused, Unreachable."""
        ...

    async def check(self, answered: Answered, memo: Memo) -> Grant | Question:
        """What the answer brings; raises NotPermitted with a sentence when it is wrong."""
        ...
