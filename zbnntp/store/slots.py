"""What was found by keys lately, for many at once: each key has one place, which it shares with others.

The store's keys mean the same for ever, and who reads a group meets the same people and articles again. A dict would
be asked key by key; here numpy looks into all places in one step, and what came last stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

UNKNOWN = 0  # keys stand one higher: memory that was never touched, and is not there yet, says that nothing is known

Values = NDArray[Any]


class Slots:
    """One value of a kind for each key, in so many `places`."""

    def __init__(self, kind: DTypeLike, places: int) -> None:
        self.places = places
        self._keys, self._values = np.zeros(places, np.uint32), np.zeros(places, kind)

    def clear(self) -> None:
        """Nothing is remembered any more."""
        self._keys[:] = UNKNOWN

    def find(self, keys: NDArray[np.uint32], ask: Callable[[NDArray[np.intp]], Values]) -> Values:
        """The values of keys. `ask` gives those of unknown ones, each of which stands at one of its positions."""
        places = keys % self.places
        values = self._values.take(places)
        missing = np.flatnonzero(self._keys.take(places) != keys + 1)
        if len(missing):
            unknown, at, back = np.unique(keys[missing], return_index=True, return_inverse=True)
            asked = ask(missing[at])
            values[missing] = asked[back]
            self.put(unknown, asked)
        return values

    def get(self, key: int) -> Any:
        """What there is for one key; None where that is not known."""
        place = key % self.places
        return self._values.item(place) if self._keys.item(place) == key + 1 else None

    def put(self, keys: NDArray[np.uint32] | int, values: Values | object) -> None:
        """Remember what was found for some keys, or for one."""
        places = keys % self.places
        self._keys[places], self._values[places] = keys + 1, values


def objects(them: Sequence[object]) -> NDArray[np.object_]:
    """Some in one row."""
    return np.fromiter(them, object, len(them))
