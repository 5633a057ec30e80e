"""Two simulated days of a small community: the same program as `make soak`, which takes a month of a large one."""

import pytest

from tests.soak.__main__ import soak
from tests.soak.hours import live


@pytest.mark.slow
def test_everything_that_was_written_is_shown_and_nothing_is_warned_of(tmp_path):
    days = soak(days=2, people=60, posts=4, place=tmp_path)
    assert [day.warnings for day in days] == [[], []]
    assert [day.posts for day in days] == [96, 192]
    assert days[-1].shown == 192
    assert all(day.waits[2] > 0 for day in days)


@pytest.mark.slow
def test_what_is_written_at_a_real_node_arrives_at_the_others(tmp_path):
    rows = live(tmp_path, seconds=3, row_seconds=1, pause=0.1)
    assert rows[-1].posts >= len(rows) >= 1
    assert all(row.megabytes > 10 for row in rows)
