#!/usr/bin/env python3
"""How much room posts take in a node's store, and how fast they come in and are read.

    python bench/store SAMPLE [--posts N] [--work DIR] [--keep] [--no-yardstick]

SAMPLE is a file of real posts, one JSON object a line, packed by zstd: id, group, author, date, subject, refs, body.
With more posts than it has, further ones are made of it (corpus.py says how). The yardstick is 7-Zip's PPMd of order 16
over the bare text of the very posts, as one file: minutes to unpack, and nothing else can be read or served from it.
Prints the size of each part of the file, ratios to the yardstick, and times. All is kept below DIR; a world once signed
is used again.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import trio

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.load import rate, show, take_in
from bench.store.corpus import generate, read_sample
from bench.store.searches import searches
from bench.store.serving import serving
from bench.store.world import World, kept_world
from zbnntp.home import STORE_FILE, load_keys, make_keys
from zbnntp.housekeeping import pack_quiet
from zbnntp.model.keys import Identity
from zbnntp.store import compaction, condensing
from zbnntp.store.database import connect_reader, give_back, prepare, transaction
from zbnntp.store.writer import open_writer

ROOT = Path(__file__).resolve().parents[2]
PARTS = {  # what the tables are for
    "text": ("line", "frame", "dictionary"),
    "overview": ("overview", "block", "packed", "gap", "newsgroup"),
    "ids": ("article", "number"),
    "posts": ("post", "opening", "carry", "deletion"),
    "people": ("person", "manifest", "segment", "level", "rating", "version"),
}
TARGETS = {"open": 3.5, "sealed": 2.6}


async def build(home: Path, world: World) -> None:
    """A home whose store holds the world, its checks included."""
    make_keys(home, "bench", None)
    owner = load_keys(home, None).signer.identity
    path, now = home / STORE_FILE, int(time.time())
    prepare(path)
    async with open_writer(path) as writer:
        reader = connect_reader(path)
        await rate(writer, owner, [identity for identity, _ in world.offers], now)
        gc.freeze()  # the world is not a part of a node, and to look through it for garbage takes a while
        clocks = [(time.perf_counter(), time.process_time())]
        await take_in(reader, writer, (offer for _, offer in world.offers))
        clocks.append((time.perf_counter(), time.process_time()))
        await show(reader, writer, owner, world.boards, 0, now)
        clocks.append((time.perf_counter(), time.process_time()))
        await pack_quiet(writer, await writer.run(condensing.version))
        while await writer.run(give_back):
            pass
        clocks.append((time.perf_counter(), time.process_time()))
        reader.close()
    names = ("verified and kept", "given numbers", "overview packed")
    for name, before, after in zip(names, clocks, clocks[1:], strict=False):
        seconds, processor = (world.posts / (end - begin) for begin, end in zip(before, after, strict=True))
        print(f"{name:18} {seconds:10,.0f} posts/s, {processor:,.0f} a second of processor", flush=True)


def sizes(path: Path, world: World, yardstick: int, form: str) -> None:
    """What each part of the file takes."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        owners = dict(database.execute("SELECT name, tbl_name FROM sqlite_master"))
        rows = database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC").fetchall()
    database.close()
    parts = dict.fromkeys([*PARTS, "rest"], 0)
    part_of = {table: part for part, tables in PARTS.items() for table in tables}
    for name, octets in rows:
        parts[part_of.get(owners.get(name, name), "rest")] += octets
    total = path.stat().st_size
    print(f"\n{form}: {'MB':>26}  octets a post  ratio to PPMd")
    for name, octets in [*parts.items(), ("total", total)]:
        ratio = f"{octets / yardstick:12.2f}" if yardstick else ""
        print(f"  {name:10} {octets / 1e6:20.2f} {octets / world.posts:14.1f} {ratio}")
    for name, octets in rows[:24]:
        print(f"      {name:24} {octets / 1e6:8.2f} {octets / world.posts:8.1f}")
    if yardstick:
        verdict = "met" if total <= TARGETS[form] * yardstick else "MISSED"
        print(f"  target {TARGETS[form]} x: {verdict}")


def measure_yardstick(bare: Path) -> int:
    """Octets that PPMd makes of the text."""
    packed = bare.with_suffix(".7z")
    if not packed.exists():
        half = bare.with_suffix(".half.7z")
        half.unlink(missing_ok=True)
        subprocess.run(["7z", "a", "-m0=PPMd:o=16:mem=1024m", half, bare], check=True, stdout=subprocess.DEVNULL)
        half.rename(packed)
    return packed.stat().st_size


def reads(path: Path, owner: Identity) -> None:
    """Latencies as a newsreader's commands have them, without sockets; and of searches."""
    command = [sys.executable, "-m", "bench.store.latency", str(path.parent.absolute())]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    reader = connect_reader(path)
    searches(reader, owner, path)
    reader.close()
    print()
    for name, it in found.items():
        print(f"{name:18} {1e6 * median(it):10.0f} us median {1e6 * it[len(it) * 95 // 100]:10.0f} us 95 %")


def seal(path: Path) -> None:
    """All months, one batch after the other, and the room given back, as housekeeping does both."""
    clocks = [(time.perf_counter(), time.process_time())]
    planned, sealer, longest = compaction.plan(path, int(time.time())), compaction.Sealer(path), 0.0
    with transaction(path) as database:
        compaction.begin(database, planned)
    for keys in planned.batches:
        made = sealer.prepare(keys)
        with transaction(path) as database:
            began = time.thread_time()
            compaction.keep_batch(database, made)
            longest = max(longest, time.thread_time() - began)
    while not is_small(path):
        pass
    clocks.append((time.perf_counter(), time.process_time()))
    seconds, processor = (end - begin for begin, end in zip(*clocks, strict=True))
    print(f"\nsealed {planned.octets / 1e6:.1f} MB in {seconds:.0f} s, {processor:.0f} s of processor,", end=" ")
    print(f"{len(planned.batches)} transactions of at most {1e3 * longest:.0f} ms")


def is_small(path: Path) -> bool:
    """Whether there is no more room to give back, after a step of it."""
    with transaction(path) as database:
        return not give_back(database)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sample", type=Path)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--work", type=Path, default=Path("/tmp/zbnntp-store"))
    parser.add_argument("--keep", action="store_true", help="measure the store of the last run")
    parser.add_argument("--no-yardstick", action="store_true")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {machine}, SQLite {sqlite3.sqlite_version}")
    folder = options.work / str(options.posts)
    world = kept_world(lambda: generate(read_sample(options.sample), options.posts), folder)
    print(f"{world.posts:,} posts of {len(world.offers):,} people, {world.bare:,} octets of text")
    yardstick = 0 if options.no_yardstick else measure_yardstick(folder / "bare.txt")
    if yardstick:
        print(f"PPMd: {yardstick / 1e6:.2f} MB, ratio {world.bare / yardstick:.2f}")
    home = folder / "home"
    if not options.keep:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        trio.run(build, home, world)
    owner = load_keys(home, None).signer.identity
    for form in TARGETS:
        if form == "sealed":
            seal(home / STORE_FILE)
        sizes(home / STORE_FILE, world, yardstick, form)
        reads(home / STORE_FILE, owner)
    serving(home)
    octets = (home / STORE_FILE).stat().st_size
    part = f", {octets / yardstick:.2f} of PPMd" if yardstick else ""
    print(f"the file of a node {octets / 1e6:10.2f} MB{part}")


if __name__ == "__main__":
    main()
