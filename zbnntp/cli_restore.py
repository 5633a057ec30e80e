"""`zbnntp restore`: a home made from a backup of the key file alone. docs/recovery.md "Restoring"."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zbnntp import home
from zbnntp.model.link import parse_link

TEXT = "be yourself again on this machine, from a backup of your key file; friends give back what you had published"
NOBODY = "There is nobody to ask yet: once it runs, say 'zbnntp do \"follow LINK\"', of somebody who follows you."

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_restore(commands: Any, add: Add) -> None:
    """The command; `add` makes a parser that knows --home."""
    command = add(commands, "restore", TEXT)
    command.add_argument("key", type=Path, metavar="KEYFILE", help="the backup of key.json")
    command.add_argument(
        "links",
        nargs="*",
        metavar="LINK",
        help="zb:..., of somebody who follows you; those in a file 'friends' beside the key file are asked too",
    )
    command.add_argument("--add", action="store_true", help="one more identity on a home that has one")
    command.set_defaults(run=_restore)


def _restore(options: argparse.Namespace) -> int:
    links = [parse_link(link) for link in options.links]
    others = home.accounts(options.home) if options.add and home.has_keys(options.home) else []
    place = home.new_place(options.home) if others else options.home
    nick = home.restore_keys(place, options.key, links, others)
    friends = len(home.read_friends(place))
    asked = f"asks {friends} friend{'s' if friends > 1 else ''} for" if friends else "waits for"
    print(f"Restored the key of {nick} in {options.home}. Start 'zbnntp run': it {asked} what you had published.")
    if not friends:
        print(NOBODY)
    return 0
