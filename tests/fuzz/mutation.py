"""Changes to inputs that libFuzzer does not make: without guidance, and inputs that are long.

Long ones are rare and made by repeating a piece: what takes time out of proportion to its length shows there.
"""

from __future__ import annotations

import random

INPUT_OCTETS = 4096
LONG_EVERY = 1_000  # one in so many inputs is long
PIECE_OCTETS = 64


def changed(data: bytes, chance: random.Random) -> bytes:
    octets = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, span = chance.randint(0, len(octets)), chance.randint(0, 16)
        kind = chance.randint(0, 3)
        if kind == 0:
            octets[at : at + span] = chance.randbytes(span)
        elif kind == 1:
            del octets[at : at + span]
        elif kind == 2:
            octets[at:at] = octets[(start := chance.randint(0, len(octets))) : start + span]
        else:
            octets[at : at + 1] = chance.choice((b"\r\n", b"\0", b"\n", b".", b'"', b"=?", b"\xff"))
    return bytes(octets[:INPUT_OCTETS])


def swollen(data: bytes, chance: random.Random, most: int) -> bytes:
    """One piece of the input, so often that the whole has `most` octets at most."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.randint(1, PIECE_OCTETS))
    times = (most - len(data)) // max(1, end - start)
    times = times >> chance.choice((0, 1, 2, 4))
    return (data[:start] + data[start:end] * max(0, times) + data[start:])[:most]
