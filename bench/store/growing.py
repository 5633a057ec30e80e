#!/usr/bin/env python3
"""What becomes of a store that grows, to sizes for which a world in one piece would be too large.

    python bench/store/growing.py SAMPLE [--stages 216000 864000 1500000] [--months N] [--work DIR]
                                      [--seal-lines N]

Posts of the corpus come in, 27,000 at a time of a fifth of some 17,000 people, in the order of their dates: signed,
verified and kept, as peers hand them on, shown, their overview packed. At each stage the store is measured, a node is
started on a copy of it, and some lines of the copy are sealed. Everything is open until then. Times are those of the
processor.
"""

from __future__ import annotations

import argparse
import gc
import resource
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from os import getpid
from pathlib import Path
from statistics import median

import trio

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.load import Author, Community, Source, make_offer, rate, show, take_in
from bench.store.corpus import BEGIN, SECONDS, Said, parts, read_sample
from bench.store.latency import latencies
from bench.store.serving import serve, status
from zbnntp.config import FILE_NAME
from zbnntp.home import STORE_FILE, load_keys, make_keys
from zbnntp.model.keys import Identity
from zbnntp.store import compaction, condensing
from zbnntp.store.database import connect_reader, prepare, transaction
from zbnntp.store.writer import Writer, open_writer

AGAIN = 200  # people of whom a second head comes, with one more post


@dataclass(slots=True)
class Grown:
    """A home and what came into it."""

    home: Path
    now: int  # unix seconds of the last heads
    community: Community = field(default_factory=Community)  # 2 GB with 1.5 million posts
    posts: int = 0
    shown: int = 0  # the last article
    boards: set[str] = field(default_factory=set)
    people: set[Identity] = field(default_factory=set)

    @property
    def store(self) -> Path:
        return self.home / STORE_FILE


def used() -> float:
    """Seconds of processor, those of processes that have ended included."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def say(community: Community, said: Iterable[Said]) -> list[Author]:
    """What is said is signed; by whom."""
    senders: dict[str, None] = {}
    for it in said:
        sender = f"{it.author} <x@y.invalid>"
        senders[sender] = None
        community.post(Source(it.id, (it.board,), sender, it.subject, it.time, it.parents, it.body))
    return [community.authors[sender] for sender in senders]


def over(months: int, said: Iterable[Said]) -> list[Said]:
    """The same in so many months, the last of which stays where it is."""
    end = BEGIN + SECONDS
    return [replace(it, time=end - (end - it.time) * months // 3) for it in said]


def again(said: Sequence[Said]) -> list[Said]:
    """One more post of some people."""
    last = {it.author: it for it in said}
    return [replace(it, id=f"{it.id} again", parents=(), body=f"{it.body} Again.") for it in last.values()][:AGAIN]


async def grow(grown: Grown, said: list[Said]) -> None:
    """A part of the corpus comes in."""
    now = grown.now = grown.now + 120
    grown.community.end_threads()
    authors = say(grown.community, said)
    offers = [make_offer(it, now) for it in authors]
    more = [make_offer(it, now + 60) for it in say(grown.community, again(said))]
    people = [it.signer.identity for it in authors if it.signer.identity not in grown.people]
    owner = load_keys(grown.home, None).signer.identity
    gc.freeze()  # the community is not a part of a node, and to look through it for garbage takes a while
    async with open_writer(grown.store) as writer:
        reader = connect_reader(grown.store)
        if people:
            await rate(writer, owner, people, now)
        clocks = [used()]  # before and after each of what is told below
        await take_in(reader, writer, offers)
        clocks.append(used())
        await take_in(reader, writer, more)
        clocks.append(used())
        boards = sorted({it.board for it in said} - grown.boards)
        await show(reader, writer, owner, boards, 0, now, grown.shown)
        clocks.append(used())
        await pack(writer)
        clocks.append(used())
        (grown.shown,) = reader.execute("SELECT max(article) FROM post").fetchone()
        reader.close()
    grown.boards.update(boards)
    grown.people.update(people)
    grown.posts += len(said) + len(more)
    taken, once, shown, packed = (after - before for before, after in pairwise(clocks))
    print(
        f"{grown.posts:10,} posts {len(grown.people):7,} people: {len(said) / taken:6,.0f} posts a second taken in,",
        f"{1e6 * once / len(more):6,.0f} us for a manifest with one more,",
        f"{1e6 * shown / len(said):4,.0f} us to show, {1e6 * packed / len(said):4,.0f} us to pack,",
        f"{grown.store.stat().st_size / grown.posts:,.0f} octets a post",
        flush=True,
    )


async def pack(writer: Writer) -> None:
    """The overview of what has come, without rests."""
    for newsgroup, block in await writer.run(lambda database: condensing.waiting(database, 1 << 60)):
        await writer.run(partial(condensing.pack, newsgroup=newsgroup, block=block))


def measure(grown: Grown, seal_lines: int) -> None:
    """All that is said of a stage."""
    octets = grown.store.stat().st_size
    print(f"\n{grown.posts:,} posts, {len(grown.people):,} people: {octets / grown.posts:,.0f} octets a post, open")
    parts_of(grown)
    reader = connect_reader(grown.store)
    for name, found in latencies(reader, load_keys(grown.home, None).signer.identity).items():
        print(f"{name:18} {1e6 * median(found):10,.0f} us median {1e6 * found[len(found) * 95 // 100]:10,.0f} us 95 %")
    reader.close()
    copy = grown.home.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(grown.home, copy)
    served = serve(copy, stays_open=True)
    print(
        f"start {served.seconds:.2f} s, {served.processor:.2f} s of processor; {served.own:.0f} MB of its own",
        flush=True,
    )
    if seal_lines:
        seal(copy / STORE_FILE, seal_lines)
    shutil.rmtree(copy)
    print(flush=True)


def parts_of(grown: Grown) -> None:
    """Octets a post of each table and index."""
    with sqlite3.connect(grown.store) as database:
        rows = database.execute(
            "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 30"
        ).fetchall()
    database.close()
    print(", ".join(f"{name} {octets / grown.posts:.1f}" for name, octets in rows))


def seal(path: Path, lines: int) -> None:
    """Some lines, as housekeeping does it."""
    before, began = status(getpid(), "VmHWM"), used()
    planned = compaction.plan(path, int(time.time()))
    print(f"sealing: plan {used() - began:.1f} s of processor, +{status(getpid(), 'VmHWM') - before:.0f} MB", end="; ")
    with transaction(path) as database:
        compaction.begin(database, planned)
    sealer, longest, began = compaction.Sealer(path), 0.0, used()
    some = planned.batches[: lines // compaction.BATCH_LINES]
    for keys in some:
        batch = sealer.prepare(keys)
        with transaction(path) as database:
            clock = time.thread_time()
            compaction.keep_batch(database, batch)
            longest = max(longest, time.thread_time() - clock)
    each = (used() - began) / max(1, sum(map(len, some)))
    print(f"{1e6 * each:.0f} us a line, {1e3 * longest:.1f} ms the longest transaction of {len(some)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sample", type=Path)
    parser.add_argument("--stages", type=int, nargs="+", default=[216_000, 864_000, 1_500_000])
    parser.add_argument("--months", type=int, default=3, help="in which all of it is written")
    parser.add_argument("--work", type=Path, default=Path("/tmp/zbnntp-store"))
    parser.add_argument("--seal-lines", type=int, default=20_000, help="at each stage, on a copy; 0: none")
    options = parser.parse_args()
    grown = Grown(options.work / "growing", int(time.time()) - 86_400)
    shutil.rmtree(grown.home, ignore_errors=True)
    grown.home.mkdir(parents=True)
    make_keys(grown.home, "bench", None)
    (grown.home / FILE_NAME).write_text("retention_months = 0\n")
    prepare(grown.store)
    sample = read_sample(options.sample)
    coming = parts(sample, -(-max(options.stages) // (2 * len(sample))))
    for stage in sorted(options.stages):
        while grown.posts < stage:
            trio.run(grow, grown, over(options.months, next(coming)))
        measure(grown, options.seal_lines)


if __name__ == "__main__":
    main()
