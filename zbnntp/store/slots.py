"""What was found by keys lately, for many at once: each key has one place, which it shares with others.

The store's keys mean the same for ever, and who reads a group meets the same people and articles again. A dict would
be asked key by key; here numpy looks into all places in one step, and what came last stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

PLACES = 1 << 15
UNKNOWN = (1 << 32) - 1  # the key of nothing

Values = NDArray[Any]


class Slots:
    """One value of a kind for each key."""

    def __init__(self, kind: DTypeLike) -> None:
        self._keys, self._values = np.full(PLACES, UNKNOWN, np.uint32), np.zeros(PLACES, kind)

    def clear(self) -> None:
        """Nothing is remembered any more."""
        self._keys[:] = UNKNOWN

    def find(self, keys: NDArray[np.uint32], ask: Callable[[NDArray[np.intp]], Values]) -> Values:
        """The values of keys. `ask` gives those of unknown ones, each of which stands at one of its positions."""
        places = keys % PLACES
        values = self._values.take(places)
        missing = np.flatnonzero(self._keys.take(places) != keys)
        if len(missing):
            unknown, at, back = np.unique(keys[missing], return_index=True, return_inverse=True)
            asked = ask(missing[at])
            values[missing] = asked[back]
            self.put(unknown, asked)
        return values

    def get(self, key: int) -> Any:
        """What there is for one key; None where that is not known."""
        place = key % PLACES
        return self._values.item(place) if self._keys.item(place) == key else None

    def put(self, keys: NDArray[np.uint32] | int, values: Values | object) -> None:
        """Remember what was found for some keys, or for one."""
        places = keys % PLACES
        self._keys[places], self._values[places] = keys, values


def objects(them: Sequence[object]) -> NDArray[np.object_]:
    """Some in one row."""
    return np.fromiter(them, object, len(them))
