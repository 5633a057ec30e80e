"""So many a second in the long run, a burst at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model.bucket import Bucket


def test_a_burst_costs_nothing_and_what_is_overdrawn_is_waited_for() -> None:
    bucket = Bucket(rate=2, burst=10, now=0)
    bucket.pay(10, 0)
    assert bucket.wait_seconds(0) == 0
    bucket.pay(3, 0)
    assert bucket.wait_seconds(0) == 1.5
    assert bucket.wait_seconds(1) == 0.5
    assert bucket.wait_seconds(2) == 0
    assert bucket.wait_seconds(2, 4) == 1.5


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    bucket = Bucket(rate=1, burst=5, now=1000)
    bucket.pay(5, 1000)
    assert bucket.wait_seconds(0, 1) == 1
    assert bucket.wait_seconds(1, 1) == 0


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=50))
def test_never_more_than_the_burst_and_the_rate(steps: list[tuple[int, int]]) -> None:
    """Of whoever waits as long as is asked."""
    bucket, now, taken = Bucket(rate=2, burst=10, now=0), 0.0, 0
    for amount, pause in steps:
        now += pause + bucket.wait_seconds(now + pause)
        bucket.pay(amount, now)
        taken += amount
        assert taken <= 10 + 2 * now + amount
