"""All that is killed, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.backup.worlds import World
from tests.kills import homes, nodes, stores
from tests.kills.frame import Deed

DEEDS: dict[str, Callable[[World, Path], Deed]] = {**nodes.DEEDS, **homes.DEEDS, **stores.DEEDS}
