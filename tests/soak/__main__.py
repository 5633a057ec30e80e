"""A month in the life of a node: `python -m tests.soak [--days 30] [--people 2000] [--posts 100]`.

A node whose clock is set takes in what people write hour by hour (people.py), while newsreaders read. Each day is a
row: posts, memory, disk, and how long newsreaders waited at its end: while a day comes in within seconds, thousands of
times faster than in life, they wait for the processor above all. The exit code is 1 unless, over the last third of the
days beside the third before it, memory and waiting stay flat and a post takes the same room, and nothing was warned of.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.nntp_client import Client, Unexpected
from tests.node_process import ROOT
from tests.soak.people import BOARDS, Community
from zbnntp.home import make_keys
from zbnntp.model.keys import identity_text

BEGIN = 1_792_713_600  # 23 October 2026: the month ends on the ninth day, and is sealed on the sixteenth
HOUR, DAY = 3600, 86_400
FRIENDS = 20  # rated by the owner
READERS, NEWEST, ARTICLES = 4, 500, 20
PAUSE_SECONDS = 0.2
QUIET_SECONDS = 2  # of a day in which nothing comes: then it is measured how long newsreaders wait
SETTLED_SECONDS, SETTLED_ROUNDS = 30, 8
FLAT, SAME = 1.25, 1.2  # memory and waiting; octets a post


class Soaked:
    """The node, told what time it is."""

    def __init__(self, place: Path) -> None:
        make_keys(place / "home", "reader", None)
        self.errors = (place / "errors").open("w+")
        command = [sys.executable, "-m", "tests.soak.node", str(place / "home"), str(place / "net")]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors
        )
        self._write(json.dumps({"now": BEGIN}).encode() + b"\n")
        self.port = self._wait_ready()

    def _wait_ready(self) -> int:
        while not (said := self._read().get("said", "")).startswith("ready"):
            pass
        return int(said.rpartition(":")[2])

    def _write(self, octets: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(octets)
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise RuntimeError(f"the node has ended: {self.errors.read()[-2000:]}")
        found: dict[str, Any] = json.loads(line)
        return found

    def go_on(self, now: int, bundle: bytes, keep: bool = False, do: tuple[str, ...] = ()) -> dict[str, Any]:
        """It is now; what others have published by then is in the bundle."""
        order = {"now": now, "octets": len(bundle), "round": keep, "do": do}
        with suppress(BrokenPipeError):  # it has ended, and says why when it is read
            self._write(json.dumps(order).encode() + b"\n" + bundle)
        while "octets" not in (answer := self._read()):
            pass
        return answer

    def end(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


@dataclass
class Reader:
    """A newsreader that looks through the boards again and again; how long it waited, in seconds."""

    port: int
    seed: int
    groups: list[float] = field(default_factory=list)
    overviews: list[float] = field(default_factory=list)
    articles: list[float] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        dice = random.Random(self.seed)
        with suppress(ConnectionError), Client("127.0.0.1", self.port) as client:
            while not self.ended.wait(PAUSE_SECONDS):
                self._look(client, dice)

    def _look(self, client: Client, dice: random.Random) -> None:
        began = time.perf_counter()
        group = client.group(dice.choice(BOARDS))
        self.groups.append(time.perf_counter() - began)
        if not group.count:
            return
        began = time.perf_counter()
        lines = client.over(f"{max(group.low, group.high - NEWEST + 1)}-{group.high}")
        self.overviews.append(time.perf_counter() - began)
        for line in dice.choices(lines, k=ARTICLES):
            began = time.perf_counter()
            with suppress(Unexpected):  # the note in a silent board goes as soon as somebody writes
                client.article(line.number)
            self.articles.append(time.perf_counter() - began)

    def take(self) -> tuple[list[float], ...]:
        """What was measured since the last time."""
        taken = self.groups, self.overviews, self.articles
        self.groups, self.overviews, self.articles = [], [], []
        return taken


@dataclass
class Day:
    posts: int
    shown: int
    resident: int  # octets, as all others
    own: int
    store: int
    descriptors: int
    waits: tuple[float, float, float]  # median milliseconds of GROUP, OVER of the newest 500, ARTICLE
    warnings: list[str]


COLUMNS = f"{'day':>4}{'posts':>9}{'shown':>9}{'MB':>7}{'own':>7}{'store MB':>10}{'a post':>8}{'files':>7}"
WAITS = f"{'GROUP':>9}{'OVER':>9}{'ARTICLE':>9} ms"


def row(number: int, day: Day) -> str:
    sizes = f"{day.resident / 1e6:7.0f}{day.own / 1e6:7.0f}{day.store / 1e6:10.1f}{day.store / max(1, day.posts):8.0f}"
    waits = "".join(f"{it:9.2f}" for it in day.waits)
    return f"{number:4}{day.posts:9,}{day.shown:9,}{sizes}{day.descriptors:7}{waits}"


def soak(days: int, people: int, posts: int, place: Path) -> list[Day]:
    """So many days, each printed when it is over."""
    community, node = Community(people), Soaked(place)
    owner_does = [f"board add {board}" for board in BOARDS]
    owner_does += [f"trust {identity_text(it.signer.identity)} 80 list 80" for it in community.people[:FRIENDS]]
    readers: list[Reader] = []
    try:
        if refused := node.go_on(BEGIN, b"", do=tuple(owner_does))["warnings"]:
            raise RuntimeError(refused[0])
        _settle(node, community.everybody(BEGIN))
        readers = [Reader(node.port, number) for number in range(READERS)]
        for reader in readers:
            reader.thread.start()
        found = []
        print(COLUMNS + WAITS, flush=True)
        for number in range(days):
            found.append(_day(node, community, readers, BEGIN + number * DAY, posts))
            print(row(number + 1, found[-1]), flush=True)
        return found
    finally:
        for reader in readers:
            reader.ended.set()
        for reader in readers:
            reader.thread.join()
        node.end()


def _settle(node: Soaked, everybody: bytes) -> None:
    """Who is trusted by those who are trusted is found round by round, as manifests come in."""
    refused: list[int] = []
    while len(refused) < SETTLED_ROUNDS or len(set(refused[-SETTLED_ROUNDS:])) > 1:
        refused.append(len(node.go_on(BEGIN, everybody)["warnings"]))
        if not refused[-1]:
            return
        time.sleep(1.5)  # levels are computed once a second


def _day(node: Soaked, community: Community, readers: list[Reader], begin: int, posts: int) -> Day:
    warnings: list[str] = []
    for hour in range(1, 25):
        now = begin + hour * HOUR
        answer = node.go_on(now, community.hour(now, posts), keep=hour == 24)
        warnings += answer["warnings"]
    shown = _count_shown(node, community.posts)
    for reader in readers:
        reader.take()
    time.sleep(QUIET_SECONDS)
    waits = zip(*(reader.take() for reader in readers), strict=True)
    group, over, article = (1000 * median([it for part in parts for it in part] or [0]) for parts in waits)
    sizes = (answer["resident"], answer["own"], answer["octets"], answer["descriptors"])
    return Day(community.posts, shown, *sizes, (group, over, article), warnings)


def _count_shown(node: Soaked, written: int) -> int:
    """Soon it is as many as were written, and the notes in silent boards are gone."""
    deadline = time.monotonic() + SETTLED_SECONDS
    with Client("127.0.0.1", node.port) as client:
        while (shown := sum(client.group(board).count for board in BOARDS)) != written:
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE_SECONDS)
    return shown


def verdicts(days: list[Day]) -> dict[str, bool]:
    """What the last third of the days must be beside the third before."""
    third = max(1, len(days) // 3)
    before, last = days[-2 * third : -third], days[-third:]

    def grown(of: Any) -> float:
        return median(map(of, last)) / max(1e-9, median(map(of, before)))

    return {
        "memory is flat": grown(lambda day: day.own) <= FLAT,
        "descriptors are flat": grown(lambda day: day.descriptors) <= FLAT,
        "GROUP waits no longer": grown(lambda day: day.waits[0]) <= FLAT,
        "OVER waits no longer": grown(lambda day: day.waits[1]) <= FLAT,
        "ARTICLE waits no longer": grown(lambda day: day.waits[2]) <= FLAT,
        "a post takes no more room": grown(lambda day: day.store / day.posts) <= SAME,
        "all is shown": all(day.shown == day.posts for day in last),
        "nothing was warned of": not any(day.warnings for day in days),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--posts", type=int, default=100, help="an hour")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zbs") as place:
        days = soak(options.days, options.people, options.posts, Path(place))
    found = verdicts(days)
    for name, good in found.items():
        print(f"{name:28} {'yes' if good else 'NO'}")
    for warning in sorted({it for day in days for it in day.warnings})[:10]:
        print(f"    {warning}")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
