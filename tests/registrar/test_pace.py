"""A burst, then one at a time."""

from __future__ import annotations

import pytest

from zbnntp.model.errors import Busy
from zbnntp.registrar.pace import Pace


def test_a_burst_and_then_one_at_a_time() -> None:
    pace = Pace(per_minute=6, burst=3)
    for _ in range(3):
        pace.take(1000)
    with pytest.raises(Busy) as told:
        pace.take(1000)
    assert told.value.seconds == 10
    pace.take(1010)
    with pytest.raises(Busy):
        pace.take(1019)


def test_who_waited_long_has_a_whole_burst_again() -> None:
    pace = Pace(per_minute=6, burst=3)
    for now in (0, 1_000_000):
        for _ in range(3):
            pace.take(now)
        with pytest.raises(Busy):
            pace.take(now)
