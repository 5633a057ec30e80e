"""`zbnntp search`: words in all posts that one's view shows, read from the store, whether a node runs on it or not."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tqdm import tqdm

from zbnntp import home
from zbnntp.model.errors import NotPermitted

PATIENCE_SECONDS = 2  # before a bar is shown
SEARCH = """\
Look for WORDS in subject and text of all posts that you see; the newest are printed, each with its link. All words have
to occur, upper and lower case are the same. Words in quotes stand side by side, linu* is whatever begins so.
board:tech.*, author:NICK, after:2026-01-31 and before:2026-02 narrow it down, and may stand alone. What is quoted from
others is left out. The node may run or not; 'search WORDS' in zb.control does the same.
"""

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_search(commands: Any, add: Add) -> None:
    """The command; `add` makes a parser that knows --home."""
    command = add(commands, "search", "look for words in all posts that you see")
    command.description = SEARCH
    command.add_argument(
        "words", nargs="+", metavar="WORDS", help='for example: linux "out of memory" board:tech.linux'
    )
    command.add_argument("--most", type=_count, metavar="N", help="print so many at most (default: 50)")
    command.add_argument("--as", dest="resident", metavar="NICK", help="in the view of another identity of this home")
    command.set_defaults(run=_search)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("is a number from 1 on")
    return int(text)


def _search(options: argparse.Namespace) -> int:
    from zbnntp.control.findings import found_text, meant
    from zbnntp.control.people import name_of
    from zbnntp.control.reports import YOU, wrapped
    from zbnntp.searching import HITS_MOST, Search, parse_query
    from zbnntp.store import evidence, wordindex
    from zbnntp.store.database import connect_reader

    query = parse_query(" ".join(map(_as_typed, options.words)))
    account, store = _account(options), options.home / home.STORE_FILE
    if not store.exists():
        raise NotPermitted(f"there is no store in {options.home}; start the node once with 'zbnntp run'")
    with closing(connect_reader(store)) as reader, wordindex.found(store, reader) as index:
        view = evidence.find_person(reader, account.identity) or 0
        search = Search(reader, view, query, meant(reader, view, query), options.most or HITS_MOST, index)
        with tqdm(desc="searching", unit=" posts", total=search.posts, delay=PATIENCE_SECONDS, disable=None) as bar:
            for looked in search.run():
                bar.update(looked - bar.n)
        found = search.found()
        print(wrapped(found_text(found, lambda it: YOU if it == account.identity else name_of(reader, it))))
    return 0 if found.hits else 1


def _as_typed(word: str) -> str:
    """A word of the shell that has blanks in it stood in quotes; so did the part after board: or author:."""
    key, colon, rest = word.partition(":")
    if " " not in word or '"' in word:
        return word
    return f'{key}:"{rest}"' if colon and " " not in key else f'"{word}"'


def _account(options: argparse.Namespace) -> home.Account:
    accounts = [it for it in home.accounts(options.home) if options.resident in (None, it.nick)]
    if not accounts:
        raise NotPermitted(f"no identity called {options.resident} lives in {options.home}")
    return accounts[0]
