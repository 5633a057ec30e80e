"""`zbnntp account`: who else may log in at this node. A running node takes notice at once."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from zbnntp import home
from zbnntp.accounts import change_passphrase, find_account, make_account, random_passphrase, remove_account
from zbnntp.cli_ask import read_passphrase, show_words, tell_node
from zbnntp.model.article import address
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import identity_text
from zbnntp.model.nick import new_nick

Add = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]", str, str], argparse.ArgumentParser]

ABOUT = """\
An account is one more identity of this home: with its name and passphrase a newsreader has a view of its own, its own
zb.control, and posts under its own name. Whoever has one must trust whoever runs this node, which unlocks the key at
each login."""


def add_account(commands: argparse._SubParsersAction[argparse.ArgumentParser], add: Add) -> None:
    """The command and its four kinds."""
    text = "accounts for others, or for your own telephone"
    account = commands.add_parser("account", help=text, description=ABOUT)
    kinds = account.add_subparsers(required=True, metavar="KIND")
    command = add(kinds, "add", "make an account, and print what its owner needs")
    command.add_argument("name", metavar="NAME", help="the name to log in with, and the nick to begin with")
    _add_new(command)
    command.set_defaults(run=_add)
    command = add(kinds, "list", "say which accounts there are")
    command.set_defaults(run=_list)
    command = add(kinds, "passwd", "change an account's passphrase; the old one is needed")
    command.add_argument("name", metavar="NAME", help="the name to log in with")
    command.add_argument("--old-passphrase-file", type=Path, metavar="F", help="file whose first line is the old one")
    _add_new(command)
    command.set_defaults(run=_passwd)
    command = add(kinds, "remove", "end an account here; what it has published stays published")
    command.add_argument("name", metavar="NAME", help="the name to log in with")
    command.set_defaults(run=_remove)


def _add_new(command: argparse.ArgumentParser) -> None:
    secret = command.add_mutually_exclusive_group()
    secret.add_argument("--passphrase-file", type=Path, metavar="F", help="file whose first line is the passphrase")
    secret.add_argument("--random", action="store_true", help="make up a passphrase, and print it")


def _add(options: argparse.Namespace) -> int:
    nick, secret = new_nick(options.name), _new_passphrase(options)
    account = make_account(options.home, nick, secret, show_words)
    print(f"Made the account {nick}. Its owner sets in the newsreader:\n")
    print(f"    Login      {nick}, at once and not only when asked")
    if options.random:
        print(f"    Password   {secret}")
    print(f"    Name       {nick}\n    Address    {address(account.identity)}\n")
    tell_node(options.home, "accounts")
    return 0


def _list(options: argparse.Namespace) -> int:
    for account in home.accounts(options.home):
        kind = "this node's own" if account.place == options.home else "account"
        locked = "passphrase" if account.sealed else "no passphrase"
        print(f"{account.nick:<24} {identity_text(account.identity)}  {kind}, {locked}")
    return 0


def _passwd(options: argparse.Namespace) -> int:
    account = find_account(options.home, options.name)
    old = _old_passphrase(options) if account.sealed else None
    secret = _new_passphrase(options)
    change_passphrase(account, old, secret)
    print(f"The passphrase of {account.nick} is another now" + (f": {secret}" if options.random else "."))
    tell_node(options.home, "accounts")
    return 0


def _remove(options: argparse.Namespace) -> int:
    account = find_account(options.home, options.name)
    kept = remove_account(options.home, account)
    print(f"{account.nick} has no account here any more. The key is kept in {kept}, for its owner; remove it yourself.")
    tell_node(options.home, "accounts")
    return 0


def _new_passphrase(options: argparse.Namespace) -> str:
    if options.random:
        return random_passphrase()
    if options.passphrase_file:
        return read_passphrase(options.passphrase_file)
    if not sys.stdin.isatty():
        raise NotPermitted("give the new passphrase with --passphrase-file, or take a --random one")
    first = getpass.getpass("New passphrase: ")
    if not first:
        raise NotPermitted("an account needs a passphrase: it is what its owner logs in with")
    if getpass.getpass("The same again: ") != first:
        raise NotPermitted("the two passphrases differ; try again")
    return first


def _old_passphrase(options: argparse.Namespace) -> str:
    if options.old_passphrase_file:
        return read_passphrase(options.old_passphrase_file)
    if not sys.stdin.isatty():
        raise NotPermitted("give the old passphrase with --old-passphrase-file")
    return getpass.getpass("Old passphrase: ")
