"""What control asks of the house that it cannot do itself; node.py has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from zbnntp.model.keys import Identity
from zbnntp.registrar.rules import Rules
from zbnntp.searching import Found, Query


class House(Protocol):
    @property
    def tenant(self) -> bool:
        """Whether others live here who are not to notice what this one does."""

    def publish(self) -> None:
        """Something of one's own waits to be sealed."""

    async def follow(self, identity: Identity, urls: Sequence[str]) -> str:
        """Fetch somebody's manifest at once; one or two sentences on what came. May raise Unreachable, Refused."""

    def know(self, people: Sequence[Identity]) -> None:
        """What zb.people says of them may be another now."""

    def link(self) -> str:
        """The invitation link; raises Refused with a sentence when there is none."""

    def status(self) -> Sequence[str]:
        """What the node is doing, line by line."""

    async def search(self, query: Query, people: Sequence[int]) -> Found:
        """Look for a query's words, `people` being its authors, while newsreaders are served."""

    def apply(self) -> None:
        """Registrars are to be asked."""

    async def scrub(self) -> None:
        """Leave nothing on the disk of what was deleted; publish what has to change by it. May raise Refused."""

    def rules(self) -> Rules:
        """What the settings say of newcomers."""

    def nick(self) -> str:
        """The owner's nick as it is now."""
