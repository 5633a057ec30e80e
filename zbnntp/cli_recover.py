"""`zbnntp recover`: the recovery words used - a new identity, an end, or other words. The node must not run then."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zbnntp import home
from zbnntp.cli_ask import add_passphrase, new_passphrase, passphrase, read_words, show_words
from zbnntp.home import Account
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, parse_identity
from zbnntp.model.link import parse_link

if TYPE_CHECKING:
    from zbnntp.recovering import Ended, Wish

Add = Callable[[Any, str, str], argparse.ArgumentParser]
TEXT = "use your recovery words: move to a new identity, end an old one, or get other words; the node must not run"
MORE = """\
--new      a new identity takes the place of this one, with your groups, ratings and settings. Everybody who holds
           your old manifest learns of it; their good ratings of you count for the new one, and whatever is published
           with the old key from now on is not taken. With --from, the identity of this home takes over from one whose
           key is lost; follow somebody who knew it first, so that its manifest is here.
--revoke   the same end without anybody who follows.
--renew    other words; the old ones are worth nothing once your node has published that.
--give-up  forget the new identity of a --new that was broken off and cannot be ended; you stay who you are.

The words are asked for, or read from a file or from standard input, and are never kept."""
GOES_ON = "The new identity of an attempt that was broken off is used; its recovery words were printed then."
FLAGS = {
    "words_file": "--words-file",
    "source": "--from",
    "nick": "--nick",
    "last": "--last",
    "passphrase_file": "--passphrase-file",
    "no_passphrase": "--no-passphrase",
}
APPLIES = {
    "words_file": {"new", "revoke", "renew"},
    "source": {"new", "revoke"},
    "nick": {"new"},
    "last": {"new", "revoke"},
    "passphrase_file": {"new"},
    "no_passphrase": {"new"},
}  # of which of the options that say what to do


def add_recover(commands: Any, add: Add) -> None:
    """The command; `add` makes a parser that knows --home."""
    command = add(commands, "recover", TEXT)
    command.epilog, command.formatter_class = MORE, argparse.RawDescriptionHelpFormatter
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--new", action="store_true", help="move to a new identity")
    what.add_argument("--revoke", action="store_true", help="end an identity")
    what.add_argument("--renew", action="store_true", help="replace the recovery words")
    what.add_argument("--give-up", action="store_true", help="forget a --new that was broken off")
    command.add_argument("--words-file", type=Path, metavar="F", help="file with the 24 words; - is standard input")
    command.add_argument(
        "--from", dest="source", metavar="WHO", help="an old identity whose key is not here: its id, nick or link"
    )
    command.add_argument("--as", dest="resident", metavar="NICK", help="another identity of this home")
    command.add_argument("--nick", help="the name of the new identity (default: the old one's)")
    command.add_argument(
        "--last", type=int, metavar="SEQ", help="the last good version (default: the newest that is here)"
    )
    add_passphrase(command)
    command.set_defaults(run=_recover)


def _recover(options: argparse.Namespace) -> int:
    _check_options(options)
    with home.locked(_existing(options.home)):
        accounts = home.accounts(options.home)
        account = _chosen(accounts, options.resident)
        if options.renew:
            return _renew(options, account)
        if options.give_up:
            return _give_up(options, account)
        if options.revoke:
            return _revoke(options, accounts, account)
        return _take_over(options, accounts, account) if options.source else _begin_anew(options, accounts, account)


def _check_options(options: argparse.Namespace) -> None:
    """NotPermitted for what would be passed over in silence."""
    verb = next(name for name in ("new", "revoke", "renew", "give_up") if getattr(options, name))
    for name, verbs in APPLIES.items():
        if getattr(options, name) not in (None, False) and verb not in verbs:
            raise NotPermitted(f"{FLAGS[name]} does not apply to --{verb.replace('_', '-')}; leave it away")


def _existing(directory: Path) -> Path:
    if not home.has_keys(directory):
        raise NotPermitted(f"there is no identity in {directory}; make one with 'zbnntp init', then use --from")
    return directory


def _chosen(accounts: Sequence[Account], nick: str | None) -> Account:
    found = [it for it in accounts if nick in (None, it.nick)]
    if not found:
        raise NotPermitted(f"no identity called {nick} lives here")
    return found[0]


def _renew(options: argparse.Namespace, account: Account) -> int:
    from zbnntp import recovering

    recovering.renew(options.home, account.place, read_words(options.words_file), show_words)
    print("The old words are worth nothing as soon as your node has published this: start it.")
    return 0


def _give_up(options: argparse.Namespace, account: Account) -> int:
    from zbnntp import recovering

    recovering.give_up(options.home, account.place)
    print(f"You stay {account.nick}. The recovery words that were printed for the new identity are worth nothing.")
    return 0


def _revoke(options: argparse.Namespace, accounts: list[Account], account: Account) -> int:
    from zbnntp import recovering

    wish = _wish(options, account)
    _confirm(f"This ends {account.nick if wish.source == account.identity else options.source} for ever.")
    _tell(recovering.revoke(options.home, accounts, wish))
    print("Start the node and leave it running for some days: it tells those who follow that identity.")
    return 0


def _take_over(options: argparse.Namespace, accounts: list[Account], account: Account) -> int:
    from zbnntp import recovering

    wish = _wish(options, account)
    keys = home.load_keys(account.place, passphrase(options) if account.sealed else None)
    _tell(recovering.take_over(options.home, accounts, wish, keys.signer))
    print(f"{account.nick} follows it. Start the node: it tells those who knew the old identity.")
    return 0


def _begin_anew(options: argparse.Namespace, accounts: list[Account], account: Account) -> int:
    from zbnntp import recovering

    wish = _wish(options, account)
    known_as = recovering.check_new(options.home, account.place, wish)
    secret = new_passphrase(options)
    if not recovering.begin_anew(account.place, options.nick or known_as or account.nick, secret, show_words):
        print(f"{GOES_ON}\n", flush=True)
    keys = home.load_keys(account.place / home.INCOMING, secret)
    _tell(recovering.replace(options.home, account.place, accounts, wish, keys.signer))
    print(f"You are {keys.nick} with a new identity. Start the node: it tells those who knew the old one.")
    return 0


def _wish(options: argparse.Namespace, account: Account) -> Wish:
    from zbnntp.recovering import Wish, commitment_in

    source = _identity(options.home / home.STORE_FILE, options.source) if options.source else account.identity
    own, written = None, None
    if source == account.identity:
        own, written = account.published, commitment_in(account.place)
    return Wish(read_words(options.words_file), source, options.last, own, written, int(time.time()))


def _identity(store: Path, who: str) -> Identity:
    """Whom a link or an id means; a nick or the beginning of an id when somebody like that is known here."""
    if who.startswith("zb:"):
        return parse_link(who).identity
    if not store.exists():
        return parse_identity(who)
    from zbnntp.control.people import find_who
    from zbnntp.store.database import connect_reader

    with closing(connect_reader(store)) as reader:
        return find_who(reader, 0, who, None)


def _confirm(warning: str) -> None:
    if sys.stdin.isatty() and input(f"{warning} Type yes to go on: ").strip().lower() != "yes":
        raise NotPermitted("nothing was changed")


def _tell(ended: Ended) -> None:
    print(f"The old identity ended with its version {ended.version}.")
    if ended.later:
        print(f"Newer versions do not count: {', '.join(map(str, ended.later))}. With --last, a good one of them does.")
    if ended.unpublished:
        print(f"{ended.unpublished} posts of it were never published; post them again if others should read them.")
