"""Nodes that rate each other, publish, come and go: the real Schedule, Sync and Api under a clock that jumps.

Everybody knows a few people, mostly each other's friends (a small world), and fetches all. A node that is off line
runs nothing; when it comes back it goes on from its kept cursors. docs/performance.md "Spread" says what comes out.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial

import trio

from bench.spread.library import START, Author, SimDirectory, SimLibrary
from bench.spread.net import Net, SimCarrier
from zbnntp.model.keys import Identity
from zbnntp.peers.api import Api
from zbnntp.peers.needs import Person
from zbnntp.peers.schedule import Schedule
from zbnntp.peers.sync import Sync

REWIRED = 0.3  # of all acquaintances: to anybody, instead of a friend's friend


@dataclass(frozen=True)
class Settings:
    """Figures of a world; times are in seconds."""

    nodes: int = 200
    acquaintances: int = 8  # of each, all mutual
    online: float = 0.5
    session: float = 8 * 3600.0  # mean time on line, and off line when half are
    mirror: str = "fetched"  # whose manifests a node serves: rated or fetched
    post_octets: int = 600
    old_segments: int = 3
    seed: int = 1
    met: bool = True  # everybody holds everybody's first head already, and has read it in everybody's feed


@dataclass
class Post:
    author: int
    seq: int
    time: float
    seen: dict[int, float]  # by node: when


class Node:
    """One of them."""

    def __init__(self, world: World, number: int, author: Author) -> None:
        self.number, self.author = number, author
        self.world = world
        self.friends: set[int] = set()
        self.friendly: set[Identity] = set()
        self.library = SimLibrary(author.name, self._serves, partial(world.note, number))
        self.cursors: dict[str, str] = {}
        self.scope: trio.CancelScope | None = None
        self.schedule: Schedule | None = None

    def _serves(self, identity: Identity) -> bool:
        return self.world.settings.mirror == "fetched" or identity in self.friendly

    async def run(self) -> None:
        """On line until cancelled."""
        world, name = self.world, self.author.name
        rng = random.Random(world.rng.random())
        api = Api(self.author.identity, self.library, lambda: START + int(trio.current_time()), lacking=self._lacking)
        sync = Sync(SimCarrier(world.net, name), self.library)
        directory = SimDirectory(world.people_of(self))
        with trio.CancelScope() as self.scope:
            world.net.sites[name] = api
            world.net.online.add(name)
            self.schedule = Schedule(self.author.identity, sync, self.library, directory, rng, cursors=self.cursors)
            await self.schedule.run()

    def _lacking(self, identity: Identity) -> None:
        if self.schedule:
            self.schedule.fill(identity)

    def go(self) -> None:
        """Off line, without a word."""
        self.world.net.take_down(self.author.name)
        if self.scope:
            self.scope.cancel()
        self.scope = self.schedule = None

    @property
    def online(self) -> bool:
        return self.author.name in self.world.net.online


class World:
    """All of it. `populate`, then start `run`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rng = random.Random(settings.seed)
        self.net = Net(self.rng)
        self.posts: list[Post] = []
        self._dead: set[int] = set()
        self._open: defaultdict[Identity, list[Post]] = defaultdict(list)
        authors = [Author(number, settings.old_segments, self.rng) for number in range(settings.nodes)]
        self.nodes = [Node(self, number, author) for number, author in enumerate(authors)]
        self.numbers = {author.identity: number for number, author in enumerate(authors)}
        self._befriend()
        self.hops = [self._distances(number) for number in range(settings.nodes)]
        self._seed_libraries()

    def _befriend(self) -> None:
        """A ring of neighbours, some of whom are exchanged for anybody (Watts and Strogatz)."""
        count = len(self.nodes)
        for node in self.nodes:
            for step in range(1, self.settings.acquaintances // 2 + 1):
                far = self.rng.random() < REWIRED
                other = self.nodes[self.rng.randrange(count) if far else (node.number + step) % count]
                if other is not node:
                    node.friends.add(other.number)
                    other.friends.add(node.number)
        for node in self.nodes:
            node.friendly = {self.nodes[number].author.identity for number in (*node.friends, node.number)}

    def _distances(self, start: int) -> list[int]:
        found = {start: 0}
        queue = deque([start])
        while queue:
            number = queue.popleft()
            for friend in self.nodes[number].friends:
                if friend not in found:
                    found[friend] = found[number] + 1
                    queue.append(friend)
        return [found.get(number, len(self.nodes)) for number in range(len(self.nodes))]

    def _seed_libraries(self) -> None:
        for publisher in self.nodes:
            kept, segments = publisher.author.publish(self.settings.post_octets)
            for node in self.nodes if self.settings.met else [publisher]:
                node.library.keep(kept, segments)
        for node in self.nodes if self.settings.met else []:
            node.cursors.update(
                (other.author.endpoint, f"{other.author.name}.{len(self.nodes)}") for other in self.nodes
            )

    def people_of(self, node: Node) -> list[Person]:
        """Everybody else, as that node's trust sees them."""
        found = []
        for other in self.nodes:
            hops = self.hops[node.number][other.number]
            if other is not node:
                friend = other.number in node.friends
                who, where = other.author.identity, (other.author.endpoint,)
                found.append(Person(who, where, friend, 0.6**hops, 1 if friend else 2, full=True))
        return found

    def note(self, number: int, identity: Identity, seq: int) -> None:
        """A node has kept a head: it has seen all posts up to there."""
        for post in self._open[identity]:
            if post.seq <= seq:
                post.seen.setdefault(number, trio.current_time())

    def post(self, node: Node) -> Post:
        """Somebody who is on line posts."""
        kept, segments = node.author.publish(self.settings.post_octets)
        post = Post(node.number, kept.pointer.seq, trio.current_time(), {})
        self._open[kept.pointer.identity].append(post)
        self.posts.append(post)
        node.library.keep(kept, segments)
        if node.schedule:
            node.schedule.publish()
        return post

    async def run(self) -> None:
        """Everybody's comings and goings until cancelled."""
        async with trio.open_nursery() as nursery:
            for node in self.nodes:
                nursery.start_soon(self._live, node)

    async def _live(self, node: Node) -> None:
        share, session = self.settings.online, self.settings.session
        online = self.rng.random() < share
        while node.number not in self._dead:
            if online:
                with trio.move_on_after(self.rng.expovariate(1 / session)):
                    await node.run()
                node.go()
            else:
                await trio.sleep(self.rng.expovariate(share / (1 - share) / session) if share < 1 else 0)
            online = not online

    def online(self) -> set[int]:
        """Who is on line now."""
        return {node.number for node in self.nodes if node.online}

    def kill(self, numbers: Iterable[int]) -> None:
        """Nodes that never come back."""
        for number in numbers:
            self._dead.add(number)
            self.nodes[number].go()


def delays(world: World, post: Post, among: Collection[int]) -> dict[int, list[float]]:
    """Seconds until those nodes had a post, by their distance from its author; inf: not yet."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for number in sorted(set(among) - {post.author}):
        hops = world.hops[post.author][number]
        found[hops].append(post.seen.get(number, math.inf) - post.time)
    return found
