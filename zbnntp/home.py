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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnemonic import Mnemonic

from zbnntp.model.errors import BadEncoding, Invalid, NotPermitted, TooLarge
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
from zbnntp.model.link import Link, format_link, parse_link
from zbnntp.model.nick import new_nick
from zbnntp.model.succession import Renewal, open_renewals
from zbnntp.premises import check_owner, is_private, make_own, open_own, read_regular

MORE_IDENTITIES = "identities"
SHORT_ID = 8  # characters of an identity that are enough to name it
PUBLISHED_FILE = "published"  # beside a key: how far it has published, and over which store file
FRIENDS_FILE = "friends"  # beside a key: links of those who may have its manifest when the store is lost
FRIENDS_MOST = 16
KEY_FILE, STORE_FILE, LOCK_FILE = "key.json", "store.sqlite", "lock"
ADMIN_SOCKET, ONION_SOCKET, CLOSED_SOCKET = "admin.sock", "onion.sock", "closed.sock"
INCOMING = "incoming"  # beside a key: that of a new identity, until it has taken the old one's place
WORDS = 24  # of a recovery key
SOCKET_PATH_OCTETS = 100  # the kernel takes 107; names are added
PASSPHRASE_CREDENTIAL = "zbnntp-passphrase"  # noqa: S105 - a file name under $CREDENTIALS_DIRECTORY
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./+@-]*")
_LIST_NUMBER = re.compile(r"^\d+[.):]*")
_NICK_WORDS = ("amber", "birch", "cedar", "clover", "coral", "fern", "hazel", "heron", "iris", "lark", "otter", "wren")


@dataclass(frozen=True, slots=True)
class Keys:
    """What a key file holds."""

    signer: Signer
    onion_seed: bytes
    nick: str
    next_key: Sha256  # hash of the recovery public key
    next_by: tuple[Renewal, ...] = ()  # how it came to be that


@dataclass(frozen=True, slots=True)
class Account:
    """A local identity, as its key file names it without any passphrase. `place` holds that file."""

    place: Path
    identity: Identity
    nick: str
    sealed: bool
    published: int | None  # seq of its last head over this very store; 0: none yet; None: key or store is a copy


def accounts(home: Path) -> list[Account]:
    """The identities of a home: the default one first, then those added, by identity."""
    added = sorted(path.parent for path in (home / MORE_IDENTITIES).glob(f"*/{KEY_FILE}"))
    first, *others = (_account(place, home / STORE_FILE) for place in (home, *added))
    return [first, *sorted(others, key=lambda it: it.identity)]


def _account(place: Path, store: Path) -> Account:
    return _described(place, _read(place), _published(place, store))


def _described(place: Path, content: Mapping[str, Any], published: int | None) -> Account:
    try:
        identity = parse_identity(content["identity"])
        sealed = not isinstance(content["secret"], str)
        return Account(place, identity, content["nick"], sealed, published)
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
        check_owner(home)
        home.chmod(0o700)
    except OSError as error:
        raise NotPermitted(f"{home} cannot be used as home directory: {error.strerror}") from error


def has_keys(home: Path) -> bool:
    return (home / KEY_FILE).exists()


def check_nick(nick: str) -> str:
    """The nick of a key file, as heads allow it; NotPermitted otherwise."""
    if not nick.strip() or len(nick) > NICK_CHARACTERS or not one_line(nick):
        raise NotPermitted(f"a nick is one line of 1 to {NICK_CHARACTERS} characters")
    return nick.strip()


def random_nick() -> str:
    return f"{secrets.choice(_NICK_WORDS)}{secrets.randbelow(900) + 100}"


def unseen(words: str) -> None:
    """For keys whose recovery words nobody needs to see."""


def make_keys(home: Path, nick: str, passphrase: str | None, show: Callable[[str], None] = unseen) -> str:
    """A new identity in an empty home; returns its 24 recovery words, which are kept nowhere.

    They are shown before there is a key: killed in between, this leaves words without a key, and never a key without
    words. Raises NotPermitted where there is one already.
    """
    nick = new_nick(nick)
    make_directory(home)
    if has_keys(home):
        raise NotPermitted(f"{home} holds an identity already; choose another --home")
    seed, onion_seed = (secrets.token_bytes(KEY_OCTETS) for _ in range(2))
    words, next_key = make_words()
    secret = json.dumps({"seed": seed.hex(), "onion": onion_seed.hex()})
    content = {
        "version": 1,
        "identity": identity_text(Signer.from_seed(seed).identity),
        "nick": nick,
        "next": next_key.hex(),
        "secret": secret if passphrase is None else seal_secret(secret.encode(), passphrase),
    }
    show(words)
    write_private(home / PUBLISHED_FILE, "0 0\n")
    write_key_file(home, content)
    return words


def check_settled(home: Path) -> None:
    """NotPermitted while some identity's move to a new one is half done."""
    for incoming in (home / INCOMING, *(home / MORE_IDENTITIES).glob(f"*/{INCOMING}")):
        if has_keys(incoming):
            raise NotPermitted(
                "a move to a new identity was broken off; run 'zbnntp recover --new' again to end it, or 'zbnntp "
                "recover --give-up' to stay who you are"
            )


def make_words() -> tuple[str, Sha256]:
    """A new recovery key as 24 words, and the hash of its public half."""
    recovery = secrets.token_bytes(KEY_OCTETS)
    return str(Mnemonic("english").to_mnemonic(recovery)), sha256(Signer.from_seed(recovery).identity)


def random_words(count: int) -> list[str]:
    """Some of the 2,048 words that recovery words are made of."""
    return [secrets.choice(Mnemonic("english").wordlist) for _ in range(count)]


def read_words(text: str) -> Signer:
    """The recovery key behind 24 words, however they are spaced; NotPermitted says which one is wrong."""
    dictionary = Mnemonic("english")
    words = [word for word in (_LIST_NUMBER.sub("", it) for it in text.lower().split()) if word]
    if len(words) != WORDS:
        raise NotPermitted(f"recovery words are {WORDS}, and these are {len(words)}; type all of them, in their order")
    for place, word in enumerate(words, 1):
        if word not in dictionary.wordlist:
            raise NotPermitted(f"word {place}, '{word}', is no recovery word; look how it is written on your paper")
    if not dictionary.check(" ".join(words)):
        raise NotPermitted("these words do not belong together: one is wrong, or two have changed places")
    return Signer.from_seed(bytes(dictionary.to_entropy(words)))


def restore_keys(home: Path, source: Path, friends: Sequence[Link], others: Sequence[Account] = ()) -> str:
    """A key file from a backup, and whom to ask for its manifest; returns the nick. NotPermitted, BadEncoding.

    `others` live in that home already.
    """
    if has_keys(home):
        raise NotPermitted(f"{home} holds an identity already; choose another --home, or --add one more")
    content = _read_keys(source)
    account = _described(home, content, None)
    if account.identity in (it.identity for it in others):
        raise NotPermitted(f"{account.nick} lives in this home already")
    make_directory(home)
    write_private(home / KEY_FILE, json.dumps(content, indent=1) + "\n")
    note_friends(home, [*friends, *read_friends(source.parent)])
    return account.nick


def note_published(place: Path, store: Path, seq: int) -> None:
    """A head with this seq has been published. A copy of the home has another store file, and an old store less."""
    write_private(place / PUBLISHED_FILE, f"{seq} {store.stat().st_ino}\n")


def _published(place: Path, store: Path) -> int | None:
    try:
        seq, inode = map(int, (place / PUBLISHED_FILE).read_text().split())
        return seq if not seq or store.stat().st_ino == inode else None
    except (OSError, ValueError):
        return None


def note_friends(place: Path, friends: Iterable[Link]) -> None:
    """Keep the links of those who may have one's manifest, one of each, unless the same are kept already."""
    links = list({it.identity: format_link(it) for it in friends}.values())[:FRIENDS_MOST]
    text = "".join(f"{link}\n" for link in links)
    if links and text != _text_of(place / FRIENDS_FILE):
        write_private(place / FRIENDS_FILE, text)


def read_friends(place: Path) -> list[Link]:
    """Those that are kept; lines that are no links are passed over."""
    found = []
    for line in _text_of(place / FRIENDS_FILE).split():
        with suppress(Invalid):
            found.append(parse_link(line))
    return found


def _text_of(path: Path) -> str:
    """Empty when there is none that can be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


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
        nick, next_key = check_nick(content["nick"]), Sha256(_octets(content["next"]))
        keys = Keys(signer, _octets(seeds["onion"]), nick, next_key, open_renewals(content))
        if content["identity"] != identity_text(signer.identity):
            raise ValueError("the key is not that of the identity")
    except (KeyError, TypeError, ValueError, AttributeError, TooLarge) as error:
        raise BadEncoding(f"{home / KEY_FILE} is damaged; restore it from your backup") from error
    return keys


def read_key_file(place: Path) -> dict[str, Any]:
    """What lies there, secrets sealed or not; NotPermitted, BadEncoding."""
    return _read(place)


def write_key_file(place: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    write_private(place / KEY_FILE, json.dumps(content, indent=1) + "\n")


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
    """Hold the home directory; NotPermitted while another node does, or when some of it is another user's."""
    try:
        check_owner(home)
        opened = os.fdopen(open_own(home / LOCK_FILE, os.O_WRONLY), "w")
    except OSError as error:
        raise NotPermitted(
            f"{home} is no home of a node ({error.strerror}); make one with 'zbnntp init', or choose another --home"
        ) from error
    with opened as file:
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
    if not is_private(directory):
        raise NotPermitted(f"{directory} belongs to somebody else; remove it or set XDG_RUNTIME_DIR")
    return directory / name


def _read(home: Path) -> dict[str, Any]:
    path = home / KEY_FILE
    if not path.exists():
        raise NotPermitted(f"there is no identity in {home}; make one with 'zbnntp init --home {home}'")
    content = _read_keys(path, read_regular)
    if path.stat().st_mode & 0o077:
        raise NotPermitted(f"{path} can be read by others; run 'chmod 600 {path}'")
    return content


def _read_keys(path: Path, read: Callable[[Path], str] = Path.read_text) -> dict[str, Any]:
    """A key file, wherever it is kept: a stick has no owners, and one that is restored may come through a pipe."""
    try:
        content = json.loads(read(path))
    except OSError as error:
        raise NotPermitted(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadEncoding(f"{path} is damaged; restore it from your backup") from error
    if not isinstance(content, dict) or content.get("version") != 1:
        raise NotPermitted(f"{path} was written by another version of zbnntp")
    return content


def write_private(path: Path, text: str) -> None:
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
    with os.fdopen(make_own(path), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
