"""The first run: making an identity, by `zbnntp init` or by `zbnntp run` where there is none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zbnntp import home
from zbnntp.cli_ask import add_passphrase, ask_nick, given_passphrase, new_passphrase, show_words
from zbnntp.model.errors import NotPermitted

Add = Callable[[Any, str, str], argparse.ArgumentParser]
EXPLAINED = """\
What you have now, in four lines:
 1. Your node is a news server of your own, for any newsreader: 'zbnntp setup' sets six of them up while it runs.
 2. You see whom you follow, and whom they trust. Ask somebody for an invitation, and send 'follow LINK' to zb.control.
 3. What you write is signed with your key, and nobody but those who trust you, and whom they trust, is shown it.
 4. Read 'Welcome' in zb.control first: it says what to do next, and ticks off what is done."""


def add_init(commands: Any, add: Add) -> None:
    command = add(commands, "init", "make a new identity")
    command.epilog = (
        "At a terminal, name and passphrase are asked for. The 24 recovery words are printed once: write them down. "
        "'zbnntp run' does the same when there is no identity."
    )
    add_nick(command)
    command.add_argument("--add", action="store_true", help="one more identity on a home that has one")
    add_passphrase(command)
    command.set_defaults(run=_init)


def add_nick(command: argparse.ArgumentParser) -> None:
    command.add_argument("--nick", help="the name others see, of a new identity; it can be changed later")


def _init(options: argparse.Namespace) -> int:
    home.make_directory(options.home)
    if home.has_keys(options.home) and not options.add:
        raise NotPermitted(f"{options.home} holds an identity already; choose another --home, or --add one more")
    place = home.new_place(options.home) if options.add and home.has_keys(options.home) else options.home
    nick = options.nick or ask_nick()
    home.make_keys(place, nick, new_passphrase(options), show_words)
    print(f"Made the identity {nick} in {options.home}.\n\n{EXPLAINED}")
    if place != options.home:
        print("\nIf the node runs, start it again: then it takes this identity in.")
    return 0


def make_first(options: argparse.Namespace, say: Callable[[str], None]) -> str | None:
    """An identity for a node that starts without one; returns its passphrase.

    At a terminal what is not given is asked; elsewhere the nick is random, and the key in clear text.
    """
    where: Path = options.home
    if sys.stdin.isatty():
        nick, secret = options.nick or ask_nick(), new_passphrase(options)
    else:
        nick = options.nick or home.random_nick()
        secret = None if options.no_passphrase else given_passphrase(options)
    home.make_keys(where, nick, secret, show_words)
    kept = "its key is kept in clear text" if secret is None else "its key is kept under your passphrase"
    say(f"There was no identity in {where}: made {nick}; {kept}.\n\n{EXPLAINED}\n")
    return secret
