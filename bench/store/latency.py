"""How long a newsreader's commands take in the store, without sockets: `python -m bench.store.latency HOME`.

In a process of its own, with as much in memory as a node has. Prints JSON: seconds, ascending, of each kind.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from itertools import starmap
from pathlib import Path

from zbnntp.home import STORE_FILE, load_keys
from zbnntp.model.keys import Identity
from zbnntp.model.views import Group
from zbnntp.shelf import Shelf
from zbnntp.store.database import connect_reader

READS, THREADS, COLD = 2000, 50, 30
NEWEST = 500


def timed(job: Callable[[], object]) -> float:
    """Seconds of this thread's processor: others on the machine do not count."""
    began = time.thread_time()
    job()
    return time.thread_time() - began


def latencies(reader: sqlite3.Connection, owner: Identity) -> dict[str, list[float]]:
    """Seconds, ascending, of each kind of reading."""
    dice = random.Random(7)
    shelf = _open(reader, owner)
    groups = [group for group in shelf.groups() if group.count]
    chosen = dice.choices(groups, [group.count for group in groups], k=READS)
    places = [(group.name, dice.randint(group.low, group.high)) for group in chosen]
    some = [timed(lambda name=name, number=number: shelf.article(name, number)) for name, number in places]
    ids = filter(None, starmap(shelf.locate, places))
    named = [timed(lambda it=it: shelf.find(it, None)) for it in ids]
    found = {"random article": some, "by Message-ID": named, "thread, a post": _threads(reader, shelf)}
    found[f"{NEWEST} lines, cold"] = _cold(reader, owner, max(groups, key=lambda group: group.count))
    return {name: sorted(it) for name, it in found.items()}


def _open(reader: sqlite3.Connection, owner: Identity) -> Shelf:
    """As a node opens it, which counts its commits; here there are none."""
    return Shelf(reader, owner, lambda: "", lambda: 0)


def _threads(reader: sqlite3.Connection, shelf: Shelf) -> list[float]:
    """An article after another of its thread."""
    threads = reader.execute(
        "SELECT thread FROM post GROUP BY thread HAVING count(*) BETWEEN 10 AND 40 LIMIT ?", (THREADS,)
    ).fetchall()
    takes: list[float] = []
    for thread in threads:
        found = reader.execute(
            "SELECT g.name, o.number FROM post p JOIN standing o ON o.article = p.article "
            "JOIN newsgroup g ON g.pk = o.newsgroup WHERE p.thread = ? ORDER BY o.number",
            thread,
        ).fetchall()
        takes += [timed(lambda it=it: shelf.article(*it)) for it in found]
    return takes


def _cold(reader: sqlite3.Connection, owner: Identity, group: Group) -> list[float]:
    """Lines of overview at random places of a group, none of which stand ready; GROUP was asked before."""
    dice = random.Random(8)
    takes = []
    for _ in range(COLD):
        fresh = _open(reader, owner)
        fresh.group(group.name)
        high = dice.randint(group.low + NEWEST, group.high)
        takes.append(timed(lambda fresh=fresh, high=high: list(fresh.overview(group.name, high - NEWEST + 1, high))))
    return takes


def main(home: Path) -> None:
    reader = connect_reader(home / STORE_FILE)
    print(json.dumps(latencies(reader, load_keys(home, None).signer.identity)))
    reader.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
