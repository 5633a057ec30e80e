"""What is known of each address: when it answered, how often it failed, when to try again. Pure: time and chance
come in.

An absent peer is load on the network and a risk (a hostile relay sees the attempts), so retries double from 20
seconds to half an hour, with full jitter. One remedy exists for a peer whose old descriptor our tor believes:
forgetting all descriptors. It costs all peers, so it is advised only after two timeouts at a peer that answered in
the last day while others do answer, and at most once in ten minutes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from zbnntp.model.keys import Identity
from zbnntp.peers.backends import Remedy

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 20.0, 1800.0
BELIEVED_TIMES = 3  # in a row that a peer says when to come again
SHORTEST_RETRY_SECONDS = 1.0  # full jitter may draw nothing at all
STOPPED_SECONDS = 86_400.0  # a peer that does not let us in is asked once a day
ONLINE_SECONDS = 600.0
STALE_TIMEOUTS = 2
STALE_ANSWERED_SECONDS = 86_400.0
RENEW_GAP_SECONDS = 600.0
ADDRESSES_MOST = 40_000  # remembered: two for each of the most people that are fetched; 15 MB


def retry_seconds(failures: int, rng: random.Random) -> float:
    """How long to wait after that many failures in a row."""
    longest = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 30), LAST_RETRY_SECONDS)
    return max(rng.uniform(0, longest), SHORTEST_RETRY_SECONDS)


@dataclass(slots=True)
class Reach:
    """One address. Times are trio's."""

    answered: float = -math.inf
    failures: int = 0  # in a row
    timeouts: int = 0  # in a row
    due: float = -math.inf
    identity: Identity | None = None  # who answered there, once asked


class Book:
    """The addresses of one local identity's peers that were asked; those not asked for longest are forgotten first.

    To look one up costs no room: heads may name others all the time.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._known: dict[str, Reach] = {}
        self._renewed = -math.inf

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, endpoint: str) -> Reach:
        return self._known.get(endpoint) or Reach()

    def find_best(self, endpoints: Iterable[str]) -> str | None:
        """The address to try next: the one that is due first, at equal times the first listed."""
        return min(endpoints, key=lambda endpoint: self[endpoint].due, default=None)

    def note_identity(self, endpoint: str, identity: Identity) -> None:
        """Who answers there."""
        self._note(endpoint).identity = identity

    def note_answer(self, endpoint: str, now: float) -> None:
        reach = self._note(endpoint)
        reach.answered, reach.failures, reach.timeouts, reach.due = now, 0, 0, -math.inf

    def note_failure(self, endpoint: str, now: float, remedy: Remedy, pause: float = 0) -> None:
        """`pause`: it did answer, that it is to be left alone for so long."""
        reach = self._note(endpoint)
        reach.failures += 1
        reach.timeouts = reach.timeouts + 1 if remedy is Remedy.TRY_AGAIN else 0
        stopped = remedy is Remedy.STOP
        reach.due = now + (STOPPED_SECONDS if stopped else self._rest(reach.failures, pause))
        if pause:
            reach.answered = now

    def _rest(self, failures: int, pause: float) -> float:
        """A peer that says when is taken at its word, a few times; a little later, for others were told the same."""
        if pause and failures <= BELIEVED_TIMES:
            return max(pause, SHORTEST_RETRY_SECONDS) * self._rng.uniform(1, 1.25)
        return max(pause, retry_seconds(failures, self._rng))

    def is_online(self, endpoint: str, now: float) -> bool:
        return now - self[endpoint].answered < ONLINE_SECONDS

    def advises_renewal(self, endpoint: str, now: float) -> bool:
        """Whether our tor should forget all descriptors; if so, that counts as done."""
        reach = self[endpoint]
        others = any(other is not reach and now - other.answered < ONLINE_SECONDS for other in self._known.values())
        stale = reach.timeouts >= STALE_TIMEOUTS and now - reach.answered < STALE_ANSWERED_SECONDS
        if not (stale and others and now - self._renewed >= RENEW_GAP_SECONDS):
            return False
        self._renewed = now
        return True

    def _note(self, endpoint: str) -> Reach:
        """What is known of an address, to be changed."""
        reach = self._known[endpoint] = self._known.pop(endpoint, Reach())
        if len(self._known) > ADDRESSES_MOST:
            del self._known[next(iter(self._known))]
        return reach
