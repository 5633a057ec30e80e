"""How long a node takes for what concerns all of a large store: `python -m bench.store.chores HOME`.

HOME is one that bench/store made, or that of a node that does not run. Works on copies of its file: each chore finds it
as it is. Said are seconds by the clock. But for expiry each is one transaction, so long whoever posts meanwhile has to
wait; reading goes on.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from zbnntp.choosing import add_filter, drop_filters
from zbnntp.examining import examine
from zbnntp.home import STORE_FILE
from zbnntp.model.keys import Identity
from zbnntp.purging import purge_person
from zbnntp.rebuild import rebuild
from zbnntp.retention import Keeping, sweep
from zbnntp.store import choices
from zbnntp.store.copying import write_copy
from zbnntp.store.database import transaction

T = TypeVar("T")
RARE = "zzyzx"  # a word that nobody uses


class Chores:
    """A store, of which a copy lies in a folder."""

    def __init__(self, store: Path, folder: Path) -> None:
        self._store, self._copy = store, folder / STORE_FILE
        self.renew()
        with transaction(self._copy) as database:
            self._view, self._owner = database.execute(
                "SELECT pk, id FROM person WHERE pk = (SELECT min(view) FROM newsgroup)"
            ).fetchone()
            self.busiest, self.posts = database.execute(
                "SELECT p.id, count(*) FROM post JOIN person p ON p.pk = author GROUP BY author ORDER BY 2 DESC LIMIT 1"
            ).fetchone()
            (self._newest,) = database.execute("SELECT max(time) FROM post").fetchone()
        self._now = int(time.time())

    def renew(self) -> None:
        write_copy(self._store, self._copy, lambda done, of: None)

    def check(self) -> None:
        found = examine(self._copy, [Identity(self._owner)], self._now, lambda what, done, of: None)
        assert not found.sentences, found.sentences[0]

    def rebuild(self) -> None:
        self._change(lambda database: rebuild(database, [Identity(self._owner)], self._now, lambda done, of: None))

    def filter(self) -> None:
        self._change(lambda database: add_filter(database, self._view, RARE, False, None, self._now))

    def unfilter(self) -> None:
        keys = self._change(lambda database: [it.pk for it in choices.filters(database, self._view)])
        self._change(lambda database: drop_filters(database, self._view, keys, self._now))

    def purge(self) -> None:
        self._change(lambda database: purge_person(database, Identity(self.busiest), self._now))

    def expire(self) -> None:
        """All but the newest month and the one before; says how long the longest step took."""
        longest, steps, gone = 0.0, 0, 0
        while True:
            began = time.perf_counter()
            swept = self._change(lambda database: sweep(database, Keeping(months=1), [self._view], self._newest))
            if not swept.segments:
                break
            longest, steps, gone = max(longest, time.perf_counter() - began), steps + 1, gone + swept.posts
        print(f"{gone:,} posts in {steps:,} steps of at most {1e3 * longest:.0f} ms", end=", ")

    def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        with transaction(self._copy) as database:
            return change(database)


def tell(name: str, chore: Callable[[], None]) -> None:
    began = time.perf_counter()
    chore()
    print(f"{name:34} {time.perf_counter() - began:8.1f} s", flush=True)


def main(home: Path) -> None:
    with TemporaryDirectory() as folder:
        chores = Chores(home / STORE_FILE, Path(folder))
        tell("copied (backup)", chores.renew)
        tell("looked through (check)", chores.check)
        tell("a filter that hides nothing", chores.filter)
        tell("the same taken away", chores.unfilter)
        tell("made anew (rebuild)", chores.rebuild)
        chores.renew()
        tell(f"somebody with {chores.posts:,} posts purged", chores.purge)
        chores.renew()
        tell("expired", chores.expire)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
