"""What each stranger may take of a server that is open to all: connections, and commands a second.

A stranger is an account, or before a login an internet address (of IPv6 the /64 that one subscriber has). Whoever asks
for more than their share waits a little before the next answer, which every newsreader bears; nothing is refused but
connections. Behind an onion or a proxy everybody has the same address: there each connection stands for itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable
from dataclasses import dataclass

from zbnntp.model.bucket import Bucket
from zbnntp.model.errors import Refused

IPV6_PREFIX = 64
BURST_SECONDS = 10  # of the rate may be used at once: Gnus sends 400 requests, slrn one for each subscribed group


@dataclass(frozen=True, slots=True)
class Share:
    """Of one stranger. `connections` 0: any number, and then each counts for itself; `commands` 0: any number.

    A command is one command, or 64 KiB or so of a long answer.
    """

    connections: int = 0
    commands: float = 0.0


@dataclass(eq=False, slots=True)
class Party:
    """The connections of one stranger."""

    key: Hashable
    bucket: Bucket | None
    connections: int = 0


class Shares:
    """All who are connected. `now` is any clock that never goes back, in seconds."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._parties: dict[Hashable, Party] = {}

    def join(self, stranger: Hashable, now: float) -> Party:
        """One more connection of somebody (None: of nobody in particular). Refused when that would be too many."""
        share = self._share
        key = stranger if share.connections and stranger is not None else object()
        party = self._parties.get(key)
        if party is None:
            rate = share.commands
            party = Party(key, Bucket(rate, rate * BURST_SECONDS, now) if rate else None)
            self._parties[key] = party
        elif party.connections >= share.connections:
            raise Refused(f"you have {share.connections} connections already, the most there are; close one first")
        party.connections += 1
        return party

    def leave(self, party: Party) -> None:
        """One connection less."""
        party.connections -= 1
        if not party.connections:
            self._parties.pop(party.key, None)


def wait_seconds(party: Party, commands: int, now: float) -> float:
    """Charge what was answered; how long the next answer has to wait."""
    if party.bucket is None:
        return 0.0
    party.bucket.pay(commands, now)
    return party.bucket.wait_seconds(now)


def stranger_of(address: str) -> str | None:
    """Whom an address stands for; None for that of a Unix socket."""
    if not address:
        return None
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
