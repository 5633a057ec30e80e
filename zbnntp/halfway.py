"""A move to a new identity that has begun and not ended: the new key lies beside the old one, in `incoming`.

The store is changed in one transaction, then the key file is replaced. Killed in between, the store's view is the new
identity's and the key file the old one's; the node does not run before the move is ended (`home.check_settled`).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from zbnntp import home
from zbnntp.home import Account
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, parse_identity
from zbnntp.store import evidence, notices
from zbnntp.store.database import connect_reader


def viewers(directory: Path) -> list[Identity]:
    """Those whose views the store holds: who lives here, or has taken their place in the store and not yet here."""
    return [_viewer(account, directory / home.STORE_FILE) for account in home.accounts(directory)]


def _viewer(account: Account, store: Path) -> Identity:
    incoming = account.place / home.INCOMING
    if not (home.has_keys(incoming) and store.exists()):
        return account.identity
    heir = parse_identity(home.read_key_file(incoming)["identity"])
    with closing(connect_reader(store)) as reader:
        return heir if is_made(reader, account.identity, heir) else account.identity


def is_made(database: sqlite3.Connection, old: Identity, new: Identity) -> bool:
    """Whether the store knows of the move: others may learn of it, and it can only be ended."""
    person = evidence.find_person(database, old) or 0
    return new in (it.about for it in notices.of_person(database, person, notices.MOVE))


def replace_key(place: Path, incoming: Path, retired: str) -> None:
    """The key file in `incoming` takes the place of the one that is there, which is kept under another name.

    There is a key file at every moment; broken off, it can be done again.
    """
    home.write_private(place / retired, (place / home.KEY_FILE).read_text())
    try:
        for path in sorted(incoming.iterdir(), key=lambda it: it.name == home.KEY_FILE):
            path.replace(place / path.name)
        incoming.rmdir()
    except OSError as error:
        raise NotPermitted(f"{place / home.KEY_FILE} cannot be replaced: {error.strerror}; try again") from error


def drop_keys(incoming: Path) -> None:
    """An identity that nobody knows yet; NotPermitted."""
    try:
        for path in incoming.iterdir():
            path.unlink()
        incoming.rmdir()
    except OSError as error:
        raise NotPermitted(f"{incoming} cannot be removed: {error.strerror}; remove it yourself") from error
