"""`python -m tests.kills TIMES`: so many kills over all deeds, and a table of what came of them.

The exit code is 1 when anything was lost, stood twice, had another number, or was not clean; what is printed below the
table says what.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import trio

from tests.backup.worlds import make_world
from tests.kills.deeds import DEEDS
from tests.kills.frame import Tally, campaign

COLUMNS = ("kills", "cut", "kept", "lost", "doubled", "renumbered", "unclean")


def row(name: str, tally: Tally) -> str:
    numbers = [value if isinstance(value, int) else len(value) for value in (getattr(tally, it) for it in COLUMNS)]
    return f"{name:24}" + "".join(f"{it:>11,}" for it in numbers)


def main(times: int) -> int:
    began, total = time.monotonic(), Tally()
    print(f"{'deed':24}" + "".join(f"{it:>11}" for it in COLUMNS), flush=True)
    with tempfile.TemporaryDirectory(prefix="zbk") as name:
        place = Path(name)
        world = trio.run(make_world, place / "world")
        for at, (deed, make) in enumerate(DEEDS.items()):
            share = times // len(DEEDS) + (at < times % len(DEEDS))
            tally = campaign(lambda directory, make=make: make(world, directory), place / str(at), share, deed)
            print(row(deed, tally), flush=True)
            for fault in tally.faults[:5]:
                print(f"    {fault}", flush=True)
            for it in COLUMNS:
                setattr(total, it, getattr(total, it) + getattr(tally, it))
    print(row("all", total) + f"\n{time.monotonic() - began:,.0f} s")
    return bool(total.faults)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
