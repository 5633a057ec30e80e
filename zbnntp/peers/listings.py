"""Whom the feeds of others have listed. Pure.

It is asked where to fetch somebody who is trusted from now on. A feed may list whomever it likes, so there is room for
so many of one feed, and for so many of all: where it ends the longest lists give way, so that a feed that lists all
the world crowds out itself and not the short lists of people who know each other.
"""

from __future__ import annotations

from zbnntp.model.keys import Identity

OF_ONE = 20_000
OF_ALL = 200_000  # about 30 MB
FORGOTTEN_AT_ONCE = 1_000  # of the longest list: to find it is to look at all


class Listings:
    """Identities by the endpoint of the feed that listed them."""

    def __init__(self) -> None:
        self._listed: dict[str, set[Identity]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, endpoint: str, identity: Identity) -> None:
        """What is beyond the room of one feed is not remembered."""
        listed = self._listed.setdefault(endpoint, set())
        if identity in listed or len(listed) >= OF_ONE:
            return
        if self._count >= OF_ALL:
            self._shorten_longest()
        listed.add(identity)
        self._count += 1

    def find(self, identity: Identity) -> list[str]:
        """The endpoints whose feeds have listed somebody."""
        return [endpoint for endpoint, listed in self._listed.items() if identity in listed]

    def _shorten_longest(self) -> None:
        endpoint = max(self._listed, key=lambda it: len(self._listed[it]))
        longest = self._listed[endpoint]
        for _ in range(min(FORGOTTEN_AT_ONCE, len(longest))):
            longest.pop()
            self._count -= 1
