"""The modes of the hostile peer, by name; the name is that of its socket, too."""

from __future__ import annotations

from tests.hostile import doors, lies
from tests.hostile.peer import Peer

MODES: dict[str, type[Peer]] = {
    "forks": lies.Forks,
    "flood": doors.Flood,
    "endless": lies.Endless,
    "bomb": lies.Bomb,
    "cursors": lies.Cursors,
    "hugeheads": lies.HugeHeads,
    "longlines": lies.LongLines,
    "deep": lies.Deep,
    "crumbs": lies.Crumbs,
    "drip": lies.Drip,
    "drips": doors.Drips,
    "bodies": doors.Bodies,
    "storm": doors.Storm,
    "replay": lies.Replay,
    "mirror": lies.Mirror,
    "lists": lies.Lists,
}
