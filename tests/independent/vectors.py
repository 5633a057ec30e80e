"""Writes the test vectors that are made of the tables beside this file: `python -m tests.independent.vectors`."""

import json
from pathlib import Path

from tests.independent.lines import ENTRIES
from tests.independent.skeletons import BUNDLES, HEADS, POINTERS, SEGMENTS
from tests.independent.stories import FORKS, MOVES, SHOWN, VERSIONS

FOLDER = Path(__file__).parent.parent / "data" / "vectors"
FILES = {
    "entries": ENTRIES,
    "pointers": POINTERS,
    "heads": HEADS,
    "segments": SEGMENTS,
    "bundles": BUNDLES,
    "versions": VERSIONS,
    "moves": MOVES,
    "forks": FORKS,
    "threads": SHOWN,
}


def printed(content):
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, content in FILES.items():
        (FOLDER / f"{name}.json").write_text(printed(content))
