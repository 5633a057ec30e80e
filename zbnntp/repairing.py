"""Mending a store: that of a node that does not run, whole or not at all; and what a running node mends itself.

A file whose pages are damaged is not mended in place: what can be read of it goes into a new one, which takes its place
in one step. What others have is fetched from them when the node runs. docs/store.md "Checking".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from zbnntp import halfway, home
from zbnntp.examining import COPY_FILE, Findings, Progress
from zbnntp.mending import Mended, mend, mend_all
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, parse_identity
from zbnntp.rebuild import rebuild
from zbnntp.standing import Standings
from zbnntp.store import evidence
from zbnntp.store.copying import open_copy, replace_store
from zbnntp.store.database import connect_reader, transaction
from zbnntp.store.room import room_on, temporary_directory
from zbnntp.store.salvage import salvage
from zbnntp.store.soundness import UNREADABLE
from zbnntp.store.writer import Writer

MENDED_FILE = "store.mended"  # the new file, until it is whole
DAMAGED_FILE = "store.damaged"  # what was replaced


def repair_home(place: Path, found: Findings, now: int, progress: Progress) -> Mended:
    """Mend the store of a home directory whose lock the caller holds. Raises NotPermitted when it cannot be saved."""
    store = place / home.STORE_FILE
    mended = repair_store(store, halfway.viewers(place), found, now, progress)
    _note_published(store, home.accounts(place))
    return mended


def repair_store(store: Path, views: Sequence[Identity], found: Findings, now: int, progress: Progress) -> Mended:
    """The same for the file of a node that does not run, whole or not at all."""
    try:
        with room_on(store.parent, temporary_directory()):
            return (_renew if found.file else _mend)(store, views, now, progress)
    except UNREADABLE as error:
        raise NotPermitted(f"{store} is damaged beyond repair ({error}); restore your backup") from error
    except OSError as error:
        raise NotPermitted(f"{store} could not be repaired: {error.strerror}") from error


def _renew(store: Path, views: Sequence[Identity], now: int, progress: Progress) -> Mended:
    """What can be read, in a new file in its place."""
    fresh = store.with_name(MENDED_FILE)
    _drop(fresh)  # of one that was killed
    try:
        with open_copy(store, store.with_name(COPY_FILE), lambda done, of: progress("copying", done, of)) as copy:
            salvage(copy, fresh)
        mended = _mend(fresh, views, now, progress)
        replace_store(store, fresh, store.with_name(DAMAGED_FILE))
    finally:
        _drop(fresh)
    return mended


def _drop(fresh: Path) -> None:
    for name in (fresh.name, f"{fresh.name}-wal", f"{fresh.name}-shm"):
        fresh.with_name(name).unlink(missing_ok=True)


def _mend(store: Path, views: Sequence[Identity], now: int, progress: Progress) -> Mended:
    with transaction(store) as database:
        return mend_all(database, views, now, lambda done, of: progress("rebuilding", done, of))


def _note_published(store: Path, accounts: Iterable[home.Account]) -> None:
    """A mended store with the newest own manifest is no copy."""
    with closing(connect_reader(store)) as reader:
        for account in accounts:
            own = evidence.find_manifest(reader, account.identity)
            if own and own.seq == account.published:
                home.note_published(account.place, store, own.seq)


class Resident(Protocol):
    """Who lives on a node, as far as it is needed here."""

    @property
    def identity(self) -> Identity: ...
    def reread(self) -> None: ...


class House(Protocol):
    """What the node's parts share, as far as it is needed here."""

    @property
    def writer(self) -> Writer: ...
    @property
    def standings(self) -> Standings: ...
    def now(self) -> int: ...


async def repair_running(house: House, residents: Sequence[Resident], request: Mapping[str, Any]) -> str:
    """Mend what is held of the people in `repair`, and with `derived` what is made from it; a sentence on it.

    Raises Invalid, and NotPermitted for local identities.
    """
    people = [parse_identity(text) for text in request["repair"]]
    views, now = [it.identity for it in residents], house.now()
    if not set(views).isdisjoint(people):
        raise NotPermitted("what is damaged is your own: stop the node, and give the command again")
    mended = await house.writer.run(lambda database: mend(database, views, now, people))
    house.standings.note(mended.stale)
    if request.get("derived"):
        await house.writer.run(lambda database: rebuild(database, views, now, lambda done, of: None))
    for resident in residents if mended.people else ():
        resident.reread()
    return f"Mended. What is missing of {len(mended.people)} people is fetched again."
