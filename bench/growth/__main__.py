#!/usr/bin/env python3
"""What becomes of a node when its community doubles: python bench/growth [--posts 10000] [--people 500] [--doublings 2]

First the posts are doubled, with as many people; then the people, with as many posts. Each is a row: processor seconds
for taking everything in, for computing everybody's trust, for starting on such a store, and for an OVER of the whole of
the largest board, made anew and out of what is ready. Below it, by what the last doubling multiplied each.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import trio

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.load import rate, show, take_in
from bench.store.serving import processor, run_node
from tests.soak.people import BOARDS, Community
from zbnntp.home import STORE_FILE, load_keys, make_keys
from zbnntp.housekeeping import pack_quiet
from zbnntp.model.bundle import read_bundle
from zbnntp.model.keys import Identity
from zbnntp.shelf import Shelf
from zbnntp.standing import Standings
from zbnntp.store import condensing
from zbnntp.store.database import connect_reader, prepare
from zbnntp.store.writer import open_writer

BEGIN, SECONDS = 1_793_491_200, 25 * 86_400  # within one month
MOST = 2.3  # times as much for twice as much
TIMES = 5
COLUMNS = ("take in", "rank", "start", "OVER anew", "OVER ready")


async def fill(home: Path, people: int, posts: int) -> tuple[float, float]:
    """A home with so many; seconds of processor for taking all in and for ranking all."""
    community = Community(people)
    community.write(posts, BEGIN, SECONDS)
    now = BEGIN + SECONDS
    bundle = community.everybody(now)
    make_keys(home, "bench", None)
    owner = load_keys(home, None).signer.identity
    path = home / STORE_FILE
    prepare(path)
    async with open_writer(path) as writer:
        reader = connect_reader(path)
        await rate(writer, owner, [it.signer.identity for it in community.people], now)
        began = time.process_time()
        await take_in(reader, writer, read_bundle(bundle.splitlines(keepends=True)))
        taken = time.process_time() - began
        await show(reader, writer, owner, list(BOARDS), 0, now)
        await pack_quiet(writer, condensing.version(reader))
        await Standings(reader, writer, (owner,)).refresh(now)  # everybody's level is written
        began = time.process_time()
        await Standings(reader, writer, (owner,)).refresh(now)
        ranked = time.process_time() - began
        reader.close()
    return taken, ranked


def start(home: Path) -> float:
    """Seconds of processor until a node listens that ran on this store before."""
    with run_node(home):
        pass
    with run_node(home) as pid:
        return processor(pid)


def whole(home: Path) -> Iterator[float]:
    """Seconds for all lines of the largest board, made anew and ready."""
    owner: Identity = load_keys(home, None).signer.identity
    reader = connect_reader(home / STORE_FILE)
    anew, ready = [], []
    for _ in range(TIMES):
        shelf = Shelf(reader, owner, lambda: "")
        largest = max(shelf.groups(), key=lambda group: group.count)
        for clocks in (anew, ready):
            began = time.thread_time()
            for _ in shelf.overview(largest.name, largest.low, largest.high):
                pass
            clocks.append(time.thread_time() - began)
    reader.close()
    yield from map(median, (anew, ready))


def measure(people: int, posts: int) -> list[float]:
    place = Path(tempfile.mkdtemp(prefix="zbg"))
    try:
        home = place / "home"
        taken, ranked = trio.run(fill, home, people, posts)
        found = [taken, ranked, start(home), *whole(home)]
    finally:
        shutil.rmtree(place)
    print(f"{posts:9,}{people:9,}" + "".join(f"{it:12.3f}" for it in found), flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--doublings", type=int, default=2)
    options = parser.parse_args()
    print(f"{'posts':>9}{'people':>9}" + "".join(f"{it:>12}" for it in COLUMNS) + "  seconds", flush=True)
    measure(options.people, 1_000)  # so that everything is loaded
    by_posts = [measure(options.people, options.posts << step) for step in range(options.doublings + 1)]
    by_people = by_posts[-1:]
    most = options.posts << options.doublings
    by_people += [measure(options.people << step, most) for step in range(1, options.doublings + 1)]
    worst = 0.0
    for name, rows in (("posts", by_posts), ("people", by_people)):
        times = [after / before for before, after in zip(*rows[-2:], strict=True)]
        print(f"twice the {name:8}" + "".join(f"{it:12.2f}" for it in times), flush=True)
        worst = max(worst, *times)
    print(f"at most {MOST} times: {'yes' if worst <= MOST else 'NO'}")
    return 0 if worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
