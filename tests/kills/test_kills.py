"""kill -9 at random moments of whatever a node does: nothing promised is lost, and `zbnntp check` is content.

`make kills TIMES=1000` does the same a thousand times and prints a table.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.backup.worlds import World, make_world
from tests.kills.deeds import DEEDS
from tests.kills.frame import campaign

pytestmark = pytest.mark.slow
KILLS = 10  # of each


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return trio.run(make_world, tmp_path_factory.mktemp("kills"))


@pytest.mark.parametrize("name", DEEDS)
def test_nothing_promised_is_lost(world: World, tmp_path: Path, name: str) -> None:
    tally = campaign(lambda directory: DEEDS[name](world, directory), tmp_path / "k", KILLS, name)
    assert not tally.faults, "\n".join(tally.faults[:10])
    assert tally.kills == KILLS
