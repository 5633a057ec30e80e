"""`zbnntp backup` and `zbnntp check`: the store as a file, for a disk that fails, and whether it has."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from zbnntp import home
from zbnntp.admin import ask_node
from zbnntp.cli_ask import check_target
from zbnntp.model.errors import NotPermitted, Unreachable
from zbnntp.model.keys import identity_text

if TYPE_CHECKING:
    from zbnntp.examining import Findings

BACKUP = """\
Copy the store of this node into FILE: all manifests held, article numbers, your commands, and what you keep to
yourself. The node may run or not. FILE appears when it is whole, and only you may read it. It does not hold your key:
copy key.json as well, once, and keep passphrase and recovery words apart. To restore: stop the node, put FILE back as
store.sqlite, delete store.sqlite-wal and store.sqlite-shm if they are there, start the node.
"""

CHECK = """\
Look through the store: the file, every signature and every hash of what people have signed, and whether what is made
from that is what it should be. Says by name what is damaged, and ends with 1 if anything is. The node may run or not;
a copy of the store is made for it in the home directory, and nothing is changed.

With --repair what is damaged of others' is fetched from them again, what can be made anew is, and what you wrote
yourself comes back from those who have your manifest. For damage to the file itself, or to your own manifest, the node
must be stopped; what can be read goes into a new file, and the old one stays as store.damaged.
"""
REPAIR_FIRST = "'zbnntp check --repair' mends what can be mended; or stop the node and restore a backup."

SQLITE = b"SQLite format 3\0"  # how every backup begins

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_store(commands: Any, add: Add) -> None:
    """The commands; `add` makes a parser that knows --home."""
    command = add(commands, "backup", "copy the store into a file, while the node runs or not")
    command.description = BACKUP
    command.add_argument("file", type=Path, metavar="FILE", help="what to write; it appears when it is whole")
    command.add_argument("--replace", action="store_true", help="write over a FILE that is an older backup")
    command.set_defaults(run=_backup)
    command = add(commands, "check", "verify all that the store holds, and say what is damaged")
    command.description = CHECK
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("--repair", action="store_true", help="mend what is damaged, fetching it again from others")
    command.set_defaults(run=_check)


def _store(options: argparse.Namespace) -> Path:
    path: Path = options.home / home.STORE_FILE
    if not path.exists():
        raise NotPermitted(f"there is no store in {options.home}; start the node once with 'zbnntp run'")
    return path


def _backup(options: argparse.Namespace) -> int:
    from zbnntp.store.copying import write_copy

    store, file = _store(options), options.file
    if file.exists() and file.samefile(store):
        raise NotPermitted("that is the store itself; choose another FILE")
    check_target(file, options.replace, (SQLITE,))
    with _progress() as progress:
        write_copy(store, file, lambda done, of: progress("copying", done, of))
    print(f"The store is in {file}, {file.stat().st_size:,} octets. {_keys(options.home)}")
    return 0


def _check(options: argparse.Namespace) -> int:
    found = _examine(options)
    print("\n".join(found.sentences) or "All is well: every signature and every hash holds.")
    if not found.sentences:
        return 0
    if not options.repair:
        print(REPAIR_FIRST)
        return 1
    print(_repair(options.home, found))
    return 0


def _examine(options: argparse.Namespace) -> Findings:
    from zbnntp.examining import examine
    from zbnntp.halfway import viewers

    with _progress() as progress:
        return examine(_store(options), viewers(options.home), int(time.time()), progress)


def _repair(place: Path, found: Findings) -> str:
    door = home.socket_path(place, home.ADMIN_SOCKET)
    try:
        ask_node(door, {"ask": "status"})
    except Unreachable:
        return _repair_stopped(place, found)
    if found.file:
        raise NotPermitted("the file itself is damaged: stop the node, and give the command again")
    people = sorted({identity_text(it.identity) for it in found.evidence})
    answer = ask_node(door, {"repair": people, "derived": bool(found.derived)})
    if not answer.get("ok"):
        raise NotPermitted(str(answer.get("text")))
    return str(answer.get("text"))


def _repair_stopped(place: Path, found: Findings) -> str:
    from zbnntp.repairing import DAMAGED_FILE, repair_home

    with home.locked(place), _progress() as progress:
        mended = repair_home(place, found, int(time.time()), progress)
    old = f" The old file is {place / DAMAGED_FILE}; delete it when all is well." if found.file else ""
    return f"Mended. When the node runs, what is missing of {len(mended.people)} people is fetched again.{old}"


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done, one after the other."""
    bars: dict[str, tqdm[Any]] = {}

    def progress(what: str, done: int, of: int) -> None:
        if what not in bars:
            close()
            bars[what] = tqdm(desc=what, unit_scale=True, disable=None)
        bars[what].total = of
        bars[what].update(done - bars[what].n)

    def close() -> None:
        while bars:
            bars.popitem()[1].close()

    try:
        yield progress
    finally:
        close()


def _keys(place: Path) -> str:
    """What is not in a backup."""
    keys = [str(account.place / home.KEY_FILE) for account in home.accounts(place)]
    if not keys:
        return "No key is in it."
    return f"Your key is not in it: keep a copy of {' and of '.join(keys)} too."
