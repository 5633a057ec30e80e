"""How much of a segment somebody holds already: segments only grow, so an older version is a beginning of the newer
one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from zbnntp.model.keys import Sha256


def held_prefix(data: bytes, held: Mapping[Sha256, int]) -> int:
    """The longest beginning of `data`, in octets, that is among what is held (hash -> octets); 0 when none is.

    One pass, however many are held: what is held is a visitor's claim.
    """
    running, done, found = hashlib.sha256(), 0, 0
    for name, octets in sorted(held.items(), key=lambda item: item[1]):
        if not 0 < octets < len(data):
            continue
        running.update(memoryview(data)[done:octets])
        done = octets
        if running.digest() == name:
            found = octets
    return found
