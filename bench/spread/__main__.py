#!/usr/bin/env python3
"""How fast a post spreads, what that costs, and what it survives: many nodes under a clock that jumps.

    python bench/spread [--nodes 200] [--hours 3] [--posts 3] [--mirror fetched] [--seed 1] [--no-deaths]

The real schedule, sync and api of each node; requests take the time they take over Tor (net.py), half of all nodes are
on line. 200 nodes take some minutes. Goals and results are in docs/performance.md, "Spread".
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import trio
from trio.testing import MockClock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.spread.net import at_once
from bench.spread.world import Post, Settings, World, delays

SETTLE_SECONDS = 1800.0  # until the first circuits stand and sources are drawn
LOOK_SECONDS = 60.0
DAY_SECONDS = 86_400.0
GOAL_SECONDS = 15.0
KILLED = 0.3
TABLE_MEGABYTES = 27.0  # a day and node, of 1,000 people: the simulation that the protocol was chosen by


def main() -> None:
    """Print it all."""
    asked = _arguments()
    print(
        f"{datetime.now(UTC):%d %B %Y}, Python {platform.python_version()}; {asked.nodes} nodes, half of them on line"
    )
    print(f"mirror = {asked.mirror}, {asked.posts} posts a day and node, {asked.hours} h, seed {asked.seed}\n")
    begun = time.monotonic()
    trio.to_thread.run_sync = at_once
    trio.run(_run, asked, clock=MockClock(autojump_threshold=0))
    print(f"\n{time.monotonic() - begun:.0f} s of this machine")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/spread", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--hours", type=float, default=3.0, help="measured, in virtual time")
    parser.add_argument("--posts", type=float, default=3.0, help="a day and node, those off line included")
    parser.add_argument("--mirror", choices=("rated", "fetched"), default="fetched")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-deaths", action="store_true", help="leave out what it survives")
    return parser.parse_args()


async def _run(asked: argparse.Namespace) -> None:
    world = World(Settings(nodes=asked.nodes, mirror=asked.mirror, seed=asked.seed))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.run)
        await trio.sleep(SETTLE_SECONDS)
        await _measure_spread(world, asked.hours * 3600, asked.posts)
        if not asked.no_deaths:
            await _measure_survival(world)
        nursery.cancel_scope.cancel()


async def _measure_spread(world: World, seconds: float, posts_a_day: float) -> None:
    octets, requests = Counter(world.net.octets), Counter(world.net.requests)
    began, first = trio.current_time(), len(world.posts)
    node_seconds = 0.0
    gap = DAY_SECONDS / posts_a_day / len(world.nodes)
    witnesses: dict[int, set[int]] = {}
    async with trio.open_nursery() as nursery:
        while (now := trio.current_time()) < began + seconds:
            online = world.online()
            post = world.post(world.nodes[world.rng.choice(sorted(online))])
            nursery.start_soon(_note_witnesses, world, post, online, witnesses)
            await trio.sleep(world.rng.expovariate(1 / gap))
            node_seconds += len(online) * (trio.current_time() - now)
    posts = [post for post in world.posts[first:] if id(post) in witnesses]
    _print_delays(world, posts, witnesses)
    used = Counter(world.net.octets)
    used.subtract(octets)
    asked = Counter(world.net.requests)
    asked.subtract(requests)
    _print_traffic(used, asked, node_seconds / DAY_SECONDS, len(world.nodes))


async def _note_witnesses(world: World, post: Post, online: set[int], witnesses: dict[int, set[int]]) -> None:
    """Those count who were on line from the post until a minute later."""
    await trio.sleep(LOOK_SECONDS)
    witnesses[id(post)] = online & world.online()


def _print_delays(world: World, posts: list[Post], witnesses: dict[int, set[int]]) -> None:
    hops: defaultdict[int, list[float]] = defaultdict(list)
    halves, near_late = [], 0
    for post in posts:
        found = delays(world, post, witnesses[id(post)])
        for distance, seconds in found.items():
            hops[distance] += seconds
        near = sorted(second for distance in (1, 2, 3) for second in found[distance])
        halves.append(near[len(near) // 2])
        near_late += sum(second > LOOK_SECONDS for second in near)
    print(f"{len(posts)} posts; seconds until a node that is on line has one, by its distance from the author:\n")
    print(f"{'hops':>6} {'pairs':>8} {'median':>8} {'90 %':>8} {'99 %':>8} {'longest':>8}  within 60 s")
    for distance in sorted(hops):
        row = sorted(hops[distance])
        cuts = [row[min(int(len(row) * part), len(row) - 1)] for part in (0.5, 0.9, 0.99, 1.0)]
        within = sum(second <= LOOK_SECONDS for second in row) / len(row)
        print(f"{distance:>6} {len(row):>8} " + " ".join(f"{cut:8.1f}" for cut in cuts) + f"  {within:.1%}")
    print(
        f"\nhalf of all within 3 hops: median of all posts {median(halves):.1f} s (goal {GOAL_SECONDS:.0f}), ", end=""
    )
    print(f"slowest {max(halves):.1f} s; later than 60 s within 3 hops: {near_late} (goal 0)")


def _print_traffic(used: Counter[str], asked: Counter[str], node_days: float, people: int) -> None:
    """`node_days`: days on line of all nodes together. Nearly all of it is posts, of which each node hears all."""
    print("\na node and day on line receives (it sends as much; HTTP counted, Tor's cells and handshakes not):\n")
    for kind, octets in used.most_common():
        print(f"{kind:>10} {octets / node_days / 1e6:8.2f} MB {asked[kind] / node_days:10.0f} requests")
    together = used.total() / node_days / 1e6
    print(f"{'together':>10} {together:8.2f} MB", end="")
    print(f"; with 1,000 people at most {together * 1000 / people:.1f} MB (goal {TABLE_MEGABYTES * 1.5:.1f})")


async def _measure_survival(world: World) -> None:
    """An author goes as soon as one other node has his post, and three in ten of all that are on line with him."""
    author = world.nodes[world.rng.choice(sorted(world.online()))]
    post = world.post(author)
    while len(post.seen) < 2:  # noqa: ASYNC110  nobody announces it
        await trio.sleep(0.1)
    online = sorted(world.online() - {author.number})
    holder = next(number for number in post.seen if number != author.number)
    killed = world.rng.sample([number for number in online if number != holder], int(KILLED * len(online)))
    world.kill([author.number, *killed])
    cut = trio.current_time() - post.time
    print(f"\nauthor cut off after {cut:.1f} s, when one other had it, and {len(killed)} more killed for good:")
    stayed = world.online()
    for seconds in (60, 600, 3600):
        await trio.sleep(post.time + seconds - trio.current_time())
        have, now = len(stayed & world.online() & set(post.seen)), len(stayed & world.online())
        back = world.online() - stayed
        print(
            f"{seconds:>8.0f} s: {have} of {now} survivors, {len(back & set(post.seen))} of {len(back)} who came later"
        )


if __name__ == "__main__":
    main()
