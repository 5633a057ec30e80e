"""Takes what a campaign has learnt into the seeds: `python -m tests.fuzz.distill FOLDER [TARGET …]`.

Of the inputs in FOLDER/TARGET the smallest are chosen that reach lines of the program which no seed reaches yet. They
are few, and from then on every run of the tests goes where the campaign had to find its way.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.__main__ import DATA, ROOT, seed_folders
from tests.fuzz.targets import TARGETS

SEED_OCTETS = 1024  # what is longer is no seed
Lines = set[tuple[str, int]]


def lines_of(run: Callable[[bytes], None], data: bytes) -> Lines:
    """Which lines of the program an input reaches."""
    found: Lines = set()

    def look(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(str(ROOT / "zbnntp")):
            return None
        found.add((frame.f_code.co_filename, frame.f_lineno))
        return look

    sys.settrace(look)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return found


def distill(target: str, folder: Path) -> list[bytes]:
    """What is worth keeping of what was learnt."""
    run, known = TARGETS[target], set()
    for seeds in seed_folders(target):
        for path in seeds.iterdir():
            known |= lines_of(run, path.read_bytes())
    learnt = [path.read_bytes() for path in folder.iterdir() if path.stat().st_size <= SEED_OCTETS]
    kept = []
    for data in sorted(learnt, key=lambda data: (len(data), data)):
        if not (reached := lines_of(run, data)) <= known:
            known |= reached
            kept.append(data)
    return kept


def main(folder: str, *targets: str) -> None:
    for target in targets or list(TARGETS):
        kept = distill(target, Path(folder) / target) if (Path(folder) / target).is_dir() else []
        for data in kept:
            (DATA / "fuzz" / target / f"learnt-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
        print(f"{target}: {len(kept)} new seeds")


if __name__ == "__main__":
    main(*sys.argv[1:])
