"""The home directory of a node: key file, database, lock, sockets. Everything in it is for its owner's eyes alone.

The key file holds two seeds, of the identity and of its onion service (they are never the same key), sealed under a
passphrase with argon2id unless the owner chose otherwise. docs/protocol.md "recovery" says what `next` is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnemonic import Mnemonic

from zbnntp.model.errors import BadEncoding, NotPermitted
from zbnntp.model.fields import one_line
from zbnntp.model.keys import (
    KEY_OCTETS,
    Identity,
    Sha256,
    Signer,
    identity_text,
    parse_identity,
    seal_secret,
    sha256,
    unseal_secret,
)
from zbnntp.model.limits import NICK_CHARACTERS

MORE_IDENTITIES = "identities"
SHORT_ID = 8  # characters of an identity that are enough to name it
UNUSED_FILE = "unpublished"  # beside a key made here, until its first head; a copied key comes without
KEY_FILE, STORE_FILE, LOCK_FILE, ADMIN_SOCKET = "key.json", "store.sqlite", "lock", "admin.sock"
SOCKET_PATH_OCTETS = 100  # the kernel takes 107; names are added
PASSPHRASE_CREDENTIAL = "zbnntp-passphrase"  # noqa: S105 - a file name under $CREDENTIALS_DIRECTORY
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+@-]*")
_NICK_WORDS = ("amber", "birch", "cedar", "clover", "coral", "fern", "hazel", "heron", "iris", "lark", "otter", "wren")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a key file holds."""

    signer: Signer
    onion_seed: bytes
    nick: str
    next_key: Sha256  # hash of the recovery public key


@dataclass(frozen=True, slots=True)
class Account:
    """A local identity, as its key file names it without any passphrase. `place` holds that file."""

    place: Path
    identity: Identity
    nick: str
    sealed: bool
    unused: bool  # made here, and nothing published with it yet


def accounts(home: Path) -> list[Account]:
    """The identities of a home: the default one first, then those added, by identity."""
    added = sorted(path.parent for path in (home / MORE_IDENTITIES).glob(f"*/{KEY_FILE}"))
    first, *others = (_account(place) for place in (home, *added))
    return [first, *sorted(others, key=lambda it: it.identity)]


def _account(place: Path) -> Account:
    content = _read(place)
    try:
        identity = parse_identity(content["identity"])
        sealed = not isinstance(content["secret"], str)
        return Account(place, identity, content["nick"], sealed, (place / UNUSED_FILE).exists())
    except (KeyError, TypeError) as error:
        raise BadEncoding(f"{place / KEY_FILE} is damaged; restore it from your backup") from error


def new_place(home: Path) -> Path:
    """A directory for one more identity."""
    make_directory(home / MORE_IDENTITIES)
    return home / MORE_IDENTITIES / secrets.token_hex(4)


def make_directory(home: Path) -> None:
    """The directory, readable by its owner alone; NotPermitted when it cannot be."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
    except OSError as error:
        raise NotPermitted(f"{home} cannot be used as home directory: {error.strerror}") from error


def has_keys(home: Path) -> bool:
    return (home / KEY_FILE).exists()


def check_nick(nick: str) -> str:
    """A nick as heads allow it; NotPermitted otherwise."""
    if not nick.strip() or len(nick) > NICK_CHARACTERS or not one_line(nick):
        raise NotPermitted(f"a nick is one line of 1 to {NICK_CHARACTERS} characters")
    return nick.strip()


def random_nick() -> str:
    return f"{secrets.choice(_NICK_WORDS)}{secrets.randbelow(900) + 100}"


def make_keys(home: Path, nick: str, passphrase: str | None) -> str:
    """A new identity in an empty home; returns its 24 recovery words, which are kept nowhere.

    Raises NotPermitted where there is one already.
    """
    make_directory(home)
    if has_keys(home):
        raise NotPermitted(f"{home} holds an identity already; choose another --home")
    nick = check_nick(nick)
    seed, onion_seed, recovery = (secrets.token_bytes(KEY_OCTETS) for _ in range(3))
    secret = json.dumps({"seed": seed.hex(), "onion": onion_seed.hex()})
    content = {
        "version": 1,
        "identity": identity_text(Signer.from_seed(seed).identity),
        "nick": nick,
        "next": sha256(Signer.from_seed(recovery).identity).hex(),
        "secret": secret if passphrase is None else seal_secret(secret.encode(), passphrase),
    }
    _write_private(home / UNUSED_FILE, "")
    _write_private(home / KEY_FILE, json.dumps(content, indent=1) + "\n")
    return str(Mnemonic("english").to_mnemonic(recovery))


def mark_used(place: Path) -> None:
    """Something has been published with this key."""
    (place / UNUSED_FILE).unlink(missing_ok=True)


def needs_passphrase(home: Path) -> bool:
    return isinstance(_read(home).get("secret"), dict)


def load_keys(home: Path, passphrase: str | None) -> Keys:
    """The keys of a home; NotPermitted (wrong passphrase, readable by others) or BadEncoding (damaged)."""
    content = _read(home)
    try:
        secret = content["secret"]
        plain = secret if isinstance(secret, str) else unseal_secret(secret, passphrase or "").decode()
        seeds = json.loads(plain)
        signer = Signer.from_seed(_octets(seeds["seed"]))
        keys = Keys(signer, _octets(seeds["onion"]), check_nick(content["nick"]), Sha256(_octets(content["next"])))
        if content["identity"] != identity_text(signer.identity):
            raise ValueError("the key is not that of the identity")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadEncoding(f"{home / KEY_FILE} is damaged; restore it from your backup") from error
    return keys


def _octets(text: str) -> bytes:
    octets = bytes.fromhex(text)
    if len(octets) != KEY_OCTETS:
        raise ValueError("keys and hashes have 32 octets")
    return octets


def waste_time(passphrase: str) -> None:
    """Take as long as a wrong passphrase does."""
    seal_secret(b"", passphrase)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the home directory; NotPermitted while another node does."""
    with (home / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotPermitted(f"another zbnntp runs on {home}; stop it, or choose another --home") from error
        yield


def socket_path(home: Path, name: str) -> Path:
    """Where a Unix socket of this home lies: in it, or in a short private directory when its path is too long.

    Or too odd: tor forwards to no socket whose path holds white space or quotes.
    """
    inside = home.absolute() / name
    if len(os.fsencode(inside)) <= SOCKET_PATH_OCTETS and _PLAIN_PATH.fullmatch(os.fspath(inside)):
        return inside
    tag = hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:16]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    base = runtime if runtime.is_absolute() and runtime.is_dir() else Path(tempfile.gettempdir())
    directory = base / f"zbnntp-{os.getuid()}-{tag}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NotPermitted(f"{directory} cannot be made: {error.strerror}; set XDG_RUNTIME_DIR") from error
    if directory.stat().st_uid != os.getuid() or directory.stat().st_mode & 0o077 or directory.is_symlink():
        raise NotPermitted(f"{directory} belongs to somebody else; remove it or set XDG_RUNTIME_DIR")
    return directory / name


def _read(home: Path) -> dict[str, Any]:
    path = home / KEY_FILE
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise NotPermitted(f"there is no identity in {home}; make one with 'zbnntp init --home {home}'") from error
    except OSError as error:
        raise NotPermitted(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadEncoding(f"{path} is damaged; restore it from your backup") from error
    if path.stat().st_mode & 0o077:
        raise NotPermitted(f"{path} can be read by others; run 'chmod 600 {path}'")
    if not isinstance(content, dict) or content.get("version") != 1:
        raise NotPermitted(f"{path} was written by another version of zbnntp")
    return content


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, mode 0600, on disk when this returns; NotPermitted where the disk does not take it."""
    temporary = path.with_name(path.name + ".new")
    try:
        _write_and_sync(temporary, text)
        temporary.rename(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise NotPermitted(f"{path} cannot be written: {error.strerror}; make room and try again") from error


def _write_and_sync(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
