"""Filling the index of words, for those who set `search_index`: posts are divided into words as a search divides them.

In a thread, a batch at a time with a rest between, like all that the node does to its files beside serving. What
arrives meanwhile, or since, is found all the same: a search looks through whatever is not in the index yet.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import trio

from zbnntp.searching import own_words, tokens
from zbnntp.store import scanning, wordindex
from zbnntp.store.database import connect_reader

log = logging.getLogger(__name__)

BATCH_POSTS = 500  # some tenths of a second of a thread, one commit
LOOK_SECONDS = 300  # between two looks for new posts: until then they are searched without the index
REST = 2  # times as long as a batch took


async def keep_index(store: Path, wanted: bool) -> None:
    """Until cancelled; without the setting the index goes, once."""
    await trio.to_thread.run_sync(begin, store, wanted)
    while wanted:
        began = trio.current_time()
        try:
            added = await trio.to_thread.run_sync(fill, store)
        except wordindex.Trouble as error:
            log.warning("the index of words could not be filled: %s", error)
            added = 0
        await trio.sleep(REST * (trio.current_time() - began) if added else LOOK_SECONDS)


def begin(store: Path, wanted: bool) -> None:
    """Delete an index that is not wanted, damaged, or of another store."""
    if wanted and wordindex.path_of(store).exists():
        try:
            with closing(wordindex.connect(store)) as index, closing(connect_reader(store)) as reader:
                if wordindex.is_of(index, reader) and wordindex.is_sound(index):
                    return
        except wordindex.Trouble as error:
            log.warning("the index of words is made anew: %s", error)
    wordindex.drop(store)


def fill(store: Path) -> int:
    """Put some posts that are not in the index into it; how many. Raises wordindex.Trouble."""
    with closing(connect_reader(store)) as reader, closing(wordindex.connect(store)) as index:
        lacking = (pk for found in wordindex.missing(index, reader) for pk in found)
        some = list(islice(lacking, BATCH_POSTS))
        if some:
            places = scanning.chosen(reader, some)
            wordindex.add(index, reader, [(it.article, _words(reader, it)) for it in places])
        return len(some)


def _words(reader: sqlite3.Connection, place: scanning.Place) -> str:
    line = scanning.read(reader, place)
    return tokens(own_words(line)) if line else ""
