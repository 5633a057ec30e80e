"""`zbnntp backup`: the store as a file, for a disk that fails."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from zbnntp import home
from zbnntp.model.errors import NotPermitted

BACKUP = """\
Copy the store of this node into FILE: all manifests held, article numbers, your commands, and what you keep to
yourself. The node may run or not. FILE appears when it is whole, and only you may read it. It does not hold your key:
copy key.json as well, once, and keep passphrase and recovery words apart. To restore: stop the node, put FILE back as
store.sqlite, delete store.sqlite-wal and store.sqlite-shm if they are there, start the node.
"""

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_store(commands: Any, add: Add) -> None:
    """The commands; `add` makes a parser that knows --home."""
    command = add(commands, "backup", "copy the store into a file, while the node runs or not")
    command.description = BACKUP
    command.add_argument("file", type=Path, metavar="FILE", help="what to write; it appears when it is whole")
    command.add_argument("--replace", action="store_true", help="write over a FILE that is there")
    command.set_defaults(run=_backup)


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
    if file.exists() and not options.replace:
        raise NotPermitted(f"{file} is there already; choose another name, or write over it with --replace")
    with tqdm(desc="copying", unit="B", unit_scale=True, disable=None) as bar:

        def progress(done: int, of: int) -> None:
            bar.total = of
            bar.update(done - bar.n)

        write_copy(store, file, progress)
    print(f"The store is in {file}, {file.stat().st_size:,} octets. {_keys(options.home)}")
    return 0


def _keys(place: Path) -> str:
    """What is not in a backup."""
    keys = [str(account.place / home.KEY_FILE) for account in home.accounts(place)]
    if not keys:
        return "No key is in it."
    return f"Your key is not in it: keep a copy of {' and of '.join(keys)} too."
