"""What is remembered in places that keys share: always that of the key that is asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from zbnntp.store.slots import Slots, objects

PLACES = 64
KEYS = st.lists(st.builds(lambda few, turn: few + turn * PLACES, st.integers(0, 5), st.integers(0, 3)), max_size=20)


@given(st.lists(KEYS, max_size=6))
def test_keys_of_one_place_never_get_what_is_anothers(asked: list[list[int]]) -> None:
    slots, times = Slots(np.int64, PLACES), 0

    def rows(keys: NDArray[np.uint32]) -> NDArray[np.int64]:
        return keys.astype(np.int64) * 3

    for some in asked:
        keys = np.array(some, np.uint32)

        def ask(at: NDArray[np.intp], keys: NDArray[np.uint32] = keys) -> NDArray[np.int64]:
            nonlocal times
            times += 1
            assert len(set(keys[at].tolist())) == len(at)  # each once
            return rows(keys[at])

        assert (slots.find(keys, ask) == rows(keys)).all()
        assert (slots.find(keys[:1], ask) == rows(keys[:1])).all()
    assert times <= 2 * len(asked)


def test_what_was_found_is_not_asked_for_again() -> None:
    slots, keys = Slots(object, PLACES), np.array([7, 9, 7], np.uint32)
    asked: list[list[int]] = []

    def ask(at: NDArray[np.intp]) -> NDArray[np.object_]:
        asked.append(keys[at].tolist())
        return objects([(key, "of") for key in keys[at].tolist()])

    for _ in range(2):
        assert slots.find(keys, ask).tolist() == [(7, "of"), (9, "of"), (7, "of")]
    assert asked == [[7, 9]]
    assert (slots.get(9), slots.get(8)) == ((9, "of"), None)
    slots.put(8, ("alone",))
    assert slots.get(8) == ("alone",)
    slots.clear()
    assert slots.get(9) is None
