"""How long it takes to look for words in everything, and how long a step of that holds up newsreaders."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from zbnntp.indexing import fill
from zbnntp.model.keys import Identity
from zbnntp.searching import Search, parse_query
from zbnntp.store import evidence, wordindex

QUERIES = {  # a word of nobody, of many, of all; and words that all are everywhere, but side by side nowhere
    "a word of nobody": "zzzyzx",
    "a frequent word": "the",
    "a phrase of nobody": '"the the the"',
    "a board": "board:*linux*",
}


def searches(reader: sqlite3.Connection, owner: Identity, store: Path) -> None:
    """Without the index of words and with it."""
    print()
    _timed(reader, owner, None)
    began = time.process_time()
    while fill(store):
        pass
    octets = wordindex.path_of(store).stat().st_size
    print(f"\nindex of words     {octets / 1e6:10.2f} MB, made in {time.process_time() - began:.1f} s of processor")
    with wordindex.found(store, reader) as index:
        _timed(reader, owner, index)


def _timed(reader: sqlite3.Connection, owner: Identity, index: sqlite3.Connection | None) -> None:
    view = evidence.find_person(reader, owner) or 0
    for name, words in QUERIES.items():
        search = Search(reader, view, parse_query(words), (), index=index)
        began, clock = time.process_time(), time.perf_counter()
        longest, before = 0.0, began
        for _ in search.run():
            now = time.process_time()
            longest, before = max(longest, now - before), now
        seconds = before - began
        print(
            f"{name:18} {time.perf_counter() - clock:10.2f} s, of processor {seconds:.2f} s, "
            f"{search.posts / seconds:,.0f} posts/s, longest step {1000 * longest:.1f} ms, "
            f"{len(search.found().hits)} hits"
        )
