"""Accounts of a home: identities besides the default one, made for somebody else or for another device.

An account is an identity like any other: a key file, sealed under its passphrase, which is what its newsreader logs in
with. So nobody can set a new passphrase without the old one, the operator neither. docs/gateway.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from zbnntp import home
from zbnntp.home import Account
from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import identity_text, seal_secret, unseal_secret

REMOVED = "removed"  # where the directories of removed accounts lie
PASSPHRASE_WORDS = 6  # of 2,048: 66 bits, behind argon2id


def make_account(place: Path, nick: str, passphrase: str, show: Callable[[str], None]) -> Account:
    """One more identity; its recovery words are shown before there is a key. NotPermitted where a name is taken."""
    if any(it.nick == nick for it in home.accounts(place)):
        raise NotPermitted(f"there is an account {nick} already; choose another name")
    home.make_keys(home.new_place(place), nick, passphrase, show)
    return next(it for it in home.accounts(place) if it.nick == nick)


def find_account(place: Path, name: str) -> Account:
    """By name, id or its beginning; NotPermitted when there is none or more than one."""
    found = [
        it
        for it in home.accounts(place)
        if name == it.nick or (len(name) >= home.SHORT_ID and identity_text(it.identity).startswith(name))
    ]
    if len(found) != 1:
        raise NotPermitted(f"no account is called {name}, or more than one; 'zbnntp account list' shows all")
    return found[0]


def change_passphrase(account: Account, old: str | None, new: str | None) -> None:
    """Seal the key anew; None: it is, or is to be, in clear text. NotPermitted when the old one is wrong."""
    content = home.read_key_file(account.place)
    secret = content["secret"]
    plain = secret if isinstance(secret, str) else unseal_secret(secret, old or "").decode()
    json.loads(plain)  # or the file is damaged, and stays as it is
    content["secret"] = plain if new is None else seal_secret(plain.encode(), new)
    home.write_key_file(account.place, content)


def remove_account(place: Path, account: Account) -> Path:
    """Take an account out of the home; its directory, with the key, is kept beside. NotPermitted for the default."""
    if account.place == place:
        raise NotPermitted("that is the identity of the node itself; stop the node instead")
    home.make_directory(place / REMOVED)
    kept = place / REMOVED / account.place.name
    try:
        account.place.rename(kept)
    except OSError as error:
        raise NotPermitted(f"{account.place} cannot be moved: {error.strerror}") from error
    return kept


def random_passphrase() -> str:
    """Some words, as easy to type on a telephone as to say."""
    return "-".join(home.random_words(PASSPHRASE_WORDS))
