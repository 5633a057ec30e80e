"""What this package needs of the house, and what it shows of people; node.py gives both over store and ingest.

One Library and one Directory belong to one local identity. Their epochs must differ, or a visitor of two onions
could see that they are one node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zbnntp.model.bundle import Offer
from zbnntp.model.keys import Identity, Sha256
from zbnntp.model.manifest import Head, Pointer, SegmentRef


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of an identity: its newest head, and each segment held whole with its octets.

    seq 0: that head came after the last good one of somebody who has moved; that one is wanted, though it is older.
    """

    seq: int
    head: Sha256
    segments: tuple[tuple[Sha256, int], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose manifest is kept here. `mutual`: we rate each other; `trust` -1..1; hops 1 = rated by us.

    `full`: trusted enough that what he opens is shown in full, and that he may be a far source.
    """

    identity: Identity
    endpoints: tuple[str, ...]  # own ones first
    mutual: bool
    trust: float
    hops: int
    full: bool


@dataclass(frozen=True, slots=True)
class Mutual:
    """Somebody who rates us as we rate him. `endpoints`: his own ones, signed; `closed`: what he told us alone."""

    identity: Identity
    endpoints: tuple[str, ...]
    visitor: bytes | None
    closed: str | None


class Library(Protocol):
    """Manifests, as kept here. All but the last three are synchronous and quick."""

    @property
    def epoch(self) -> str:
        """A random token `[a-z0-9]{1,32}`, made with the database: numbers of changes are worth nothing without it."""
        ...

    def manifest(self, identity: Identity) -> tuple[bytes, bytes] | None:
        """Pointer line and head line, without line ends."""
        ...

    def handed_over(self, identity: Identity, head: Sha256) -> None:
        """Another node has got the version with that head from here."""

    async def segment(self, sha256: Sha256) -> bytes | None:
        """All bytes of a segment, or None: it is not here, or goes just now."""
        ...

    def held(self, identity: Identity) -> Held | None:
        """What a fetch can start from."""
        ...

    def lacking(self, head: Head) -> Sequence[SegmentRef]:
        """The segments of a verified head to fetch, most important first: neither held nor too old to be kept here."""
        ...

    def changes(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Rows (place, line) after the one at place `after`, 0 = from the start; the latest of each identity, in order.

        Lines are without line ends. A place is a number that says nothing, but where to go on.
        """
        ...

    def wanted(self, identity: Identity) -> bool:
        """Whether this identity is fetched here, by trust."""
        ...

    def is_shown(self, identity: Identity) -> bool:
        """Whether that may be seen: others are fetched by a private rating, or for another identity of the node."""
        ...

    def own_moves(self) -> Sequence[bytes]:
        """Lines by which this identity follows another one, or has ended: others are to know them at once."""
        ...

    async def wait_change(self, after: int) -> None:
        """Return when there is a change after that place."""
        ...

    async def witness(self, pointer: Pointer) -> None:
        """Look whether a verified pointer that is not newer proves a fork beside what is held."""
        ...

    async def offer(self, offer: Offer, source: str) -> bool:
        """Verify and keep; True if it was news. Slices may extend held segments. Raises Invalid, Refused.

        A manifest larger than 4 MiB comes as several offers with one pointer: each adds segments.
        """
        ...

    async def take_notice(self, raw: bytes, source: str) -> bool:
        """Verify and keep a fork or move line about somebody held; True if it was news. Raises Invalid."""
        ...


class Directory(Protocol):
    """People, and the log that newsreaders see."""

    def people(self) -> Sequence[Person]:
        """Everybody to ask, never one's own identities."""
        ...

    def mutuals(self) -> Sequence[Mutual]:
        """The mutuals, the most trusted first."""
        ...

    async def remember_closed(self, identity: Identity, url: str) -> None:
        """This local identity was told the closed address of a mutual."""
        ...

    def log(self, text: str) -> None:
        """One sentence into zb.log."""
        ...


class Registrar(Protocol):
    """Lets newcomers in. Lines are without line ends."""

    def terms(self) -> bytes:
        """Which ways there are."""
        ...

    async def challenge(self, way: str) -> bytes:
        """A new challenge of that way; raises Refused, Unreachable."""
        ...

    async def answer(self, raw: bytes) -> bytes:
        """That somebody was admitted, or the next challenge; raises Invalid, Refused, Unreachable."""
        ...
