"""Slows down who guesses passwords. Pure: the clock is an argument, the server does the waiting.

Each wrong password makes the next attempt for that user wait, twice as long each time, and any attempt at all wait a
moment; a right one forgives. Who knows the password waits too while somebody guesses at it, but never longer than
USER_SECONDS_MOST - and not at all at an address from which that user has logged in before: who guesses elsewhere
keeps nobody out who is known there. Users and places are remembered as hashes, in memory only, the latest USERS.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

# After the first wrong password for a user; doubled by each further one.
USER_SECONDS = 2.0
USER_SECONDS_MOST = 60.0
# After any wrong password, for everybody: one guess a second, however many connections and user names take part.
SERVER_SECONDS = 2.0
USERS = 1000
# Checking a password takes 256 MiB and half a second of a processor (argon2id).
CHECKS_AT_ONCE = 2
# Attempts that wait for their turn, of all and of one address; more than these are refused at once.
WAITING_MOST = 64
WAITING_OF_ADDRESS_MOST = 8
# A connection may be wrong so often; then it is closed.
ATTEMPTS_A_CONNECTION = 5


class Guard:
    """What is known of wrong passwords. `now` is any clock that never goes back, in seconds."""

    def __init__(self) -> None:
        self._users: OrderedDict[bytes, tuple[int, float]] = OrderedDict()  # wrong attempts, when the next may be
        self._known: OrderedDict[bytes, None] = OrderedDict()  # users at places
        self._server_ready = 0.0

    def is_known(self, user: str, place: str) -> bool:
        """Whether this user has logged in from there, and nobody has guessed there since. "" is no place."""
        return bool(place) and _key(f"{user}\0{place}") in self._known

    def wait_seconds(self, user: str, now: float, place: str = "") -> float:
        """How long an attempt for this user has to wait; 0 when it may be made now."""
        if self.is_known(user, place):
            return 0.0
        _, ready = self._users.get(_key(user), (0, 0.0))
        return max(ready - now, self._server_ready - now, 0.0)

    def wrong(self, user: str, now: float, place: str = "") -> None:
        """A wrong password was given."""
        self._known.pop(_key(f"{user}\0{place}"), None)
        key = _key(user)
        wrongs = self._users.pop(key, (0, 0.0))[0] + 1
        self._users[key] = wrongs, now + min(USER_SECONDS * 2 ** min(wrongs - 1, 10), USER_SECONDS_MOST)
        self._server_ready = now + SERVER_SECONDS
        if len(self._users) > USERS:
            self._users.popitem(last=False)

    def right(self, user: str, place: str = "") -> None:
        """The right password was given."""
        self._users.pop(_key(user), None)
        if place:
            self._known[_key(f"{user}\0{place}")] = None
            if len(self._known) > USERS:
                self._known.popitem(last=False)


def _key(user: str) -> bytes:
    return hashlib.sha256(user.encode(errors="surrogateescape")).digest()[:16]
