"""Numbers that tell nothing: a secret permutation of the integers below 2^56.

Two identities of one node share its store, so their feeds count the same changes. Whoever reads both would see two
counters that always advance together. Each identity therefore shows its numbers through a permutation of its own; the
places in a feed are opaque to readers anyway. A Feistel network of four rounds with a keyed hash as round function
(Luby and Rackoff 1988).
"""

from __future__ import annotations

import hashlib

HALF_BITS = 28
ROUNDS = 4
PLACES = 1 << 2 * HALF_BITS  # 17 digits; a cursor has room for 18
_MASK = (1 << HALF_BITS) - 1


class Disguise:
    """`hide` and `find` undo each other. `secret`: at most 64 octets that nobody else knows."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def hide(self, number: int) -> int:
        """What others see for a number below PLACES."""
        left, right = number >> HALF_BITS, number & _MASK
        for turn in range(ROUNDS):
            left, right = right, left ^ self._mix(turn, right)
        return left << HALF_BITS | right

    def find(self, shown: int) -> int:
        """The number behind it; whatever a visitor makes up is some number as well."""
        left, right = shown >> HALF_BITS & _MASK, shown & _MASK
        for turn in reversed(range(ROUNDS)):
            left, right = right ^ self._mix(turn, left), left
        return left << HALF_BITS | right

    def _mix(self, turn: int, half: int) -> int:
        data = bytes([turn]) + half.to_bytes(4, "big")
        return int.from_bytes(hashlib.blake2b(data, key=self._secret, digest_size=4).digest(), "big") & _MASK
