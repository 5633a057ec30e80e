"""How long it takes to look for words in everything, and how long a step of that holds up newsreaders."""

from __future__ import annotations

import sqlite3
import time

from zbnntp.model.keys import Identity
from zbnntp.searching import Search, parse_query
from zbnntp.store import evidence

QUERIES = {  # a word of nobody, of many, of all; and words that all are everywhere, but side by side nowhere
    "a word of nobody": "zzzyzx",
    "a frequent word": "the",
    "a phrase of nobody": '"the the the"',
    "a board": "board:*linux*",
}


def searches(reader: sqlite3.Connection, owner: Identity) -> None:
    view = evidence.find_person(reader, owner) or 0
    print()
    for name, words in QUERIES.items():
        search = Search(reader, view, parse_query(words), ())
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
