"""Numbers in disguise come back, and two disguises have nothing in common."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model.disguise import PLACES, Disguise


@given(st.integers(0, PLACES - 1), st.binary(min_size=1, max_size=64))
def test_what_is_hidden_is_found(number: int, secret: bytes) -> None:
    shown = Disguise(secret).hide(number)
    assert 0 <= shown < PLACES
    assert len(str(shown)) <= 18
    assert Disguise(secret).find(shown) == number
    assert Disguise(secret).hide(Disguise(secret).find(number)) == number


def test_counters_that_advance_together_do_not_look_so() -> None:
    one, other = Disguise(b"one"), Disguise(b"other")
    steps = [{it.hide(number + 1) - it.hide(number) for number in range(1000)} for it in (one, other)]
    assert len(steps[0]) == len(steps[1]) == 1000
    assert not steps[0] & steps[1]
    assert len({one.hide(number) for number in range(5000)}) == 5000


@given(st.integers(0, 10**18 - 1))
def test_a_made_up_place_is_some_number(shown: int) -> None:
    assert 0 <= Disguise(b"secret").find(shown) < PLACES


def test_places_handed_out_by_an_older_program_are_still_the_same() -> None:
    """Others have them as cursors, so what they are must not change."""
    disguise = Disguise(b"secret")
    assert [disguise.hide(number) for number in (0, 1, 2, PLACES - 1)] == [
        26490418808909297,
        50361282224654228,
        51763502204775984,
        51599718904186290,
    ]
