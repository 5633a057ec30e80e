"""Identities: Ed25519 keys, and the three ways their ids are written.

An identity is 32 raw bytes. JSON carries lower-case hex; people see 56 characters of base32 (key, two check bytes,
version 0x01); a post id appears as a Message-ID. Sources: docs/protocol.md "Identity", RFC 8032, RFC 4648.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NewType, Self

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.signing import SigningKey
from nacl.utils import random

from zbnntp.model.errors import BadEncoding, BadSignature, NotPermitted

Identity = NewType("Identity", bytes)
PostId = NewType("PostId", bytes)
Sha256 = NewType("Sha256", bytes)

KEY_OCTETS = 32
SIGNATURE_OCTETS = 64
TAIL_OCTETS = 3  # behind an identity that is written
ID_PADDING = bytes(3)  # with which an id has a multiple of 5 octets
SHORT_ID_CHARACTERS = 8
ID_LETTERS, IDENTITY_LETTERS = 52, 56  # of an id, ID_PADDING makes the last letters, which are left out
ARGON2_OPS, ARGON2_OCTETS = argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE
ARGON2_OPS_MOST, ARGON2_OCTETS_MOST = argon2id.OPSLIMIT_SENSITIVE, argon2id.MEMLIMIT_SENSITIVE
_VERSION = b"\x01"
_IDENTITY_TEXT = re.compile(r"[a-z2-7]{56}")
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")
_MESSAGE_ID = re.compile(r"<([a-z2-7]{52})@zb\.invalid>")


def sha256(data: bytes) -> Sha256:
    return Sha256(hashlib.sha256(data).digest())


def parse_hex(text: object, octets: int = KEY_OCTETS) -> bytes:
    """Lower-case hex of exactly `octets` octets, as JSON carries keys, hashes and signatures; else BadEncoding."""
    try:
        data = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        data = b""
    if len(data) != octets or data.hex() != text:
        raise BadEncoding(f"expected {octets * 2} lower-case hex digits")
    return data


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def identity_text(identity: Identity) -> str:
    """The 56 characters that people see, type and link to."""
    return _base32(identity + identity_tail(identity))


def parse_identity(text: str) -> Identity:
    """The identity behind 56 characters; BadEncoding for a typing error."""
    if not _IDENTITY_TEXT.fullmatch(text):
        raise BadEncoding("an identity is 56 characters a-z and 2-7")
    data = base64.b32decode(text.upper())
    identity, tail = data[:KEY_OCTETS], data[KEY_OCTETS:]
    if tail != identity_tail(identity):
        raise BadEncoding("that identity has a typing error: its check characters do not fit")
    return Identity(identity)


def short_id(identity: Identity) -> str:
    return _base32(identity)[:SHORT_ID_CHARACTERS]


def message_id(post: PostId) -> str:
    """The Message-ID of a post: its content hash in base32, brackets included."""
    return f"<{_base32(post)}@zb.invalid>"


def letters(octets: bytes) -> bytes:
    """The 56 letters of an identity with its `identity_tail`, or of an id with ID_PADDING."""
    return base64.b32encode(octets).lower()


def named(letters: bytes) -> bytes:
    """The Message-ID of a post whose id has these letters."""
    return b"<%b@zb.invalid>" % letters[:ID_LETTERS]


def identity_tail(identity: bytes) -> bytes:
    """What is written behind an identity: two octets by which typing errors are found, and the version."""
    return hashlib.sha256(b"zbnntp1 id" + identity + _VERSION).digest()[:2] + _VERSION


def parse_message_id(text: str) -> PostId | None:
    """The post id in a Message-ID, or None when it is not one of ours."""
    match = _MESSAGE_ID.fullmatch(text)
    if not match:
        return None
    value = int(match[1].translate(_DIGITS), 32)  # base64.b32decode takes five times as long
    return None if value & 0xF else PostId((value >> 4).to_bytes(KEY_OCTETS, "big"))  # 52 characters, 4 spare bits


def verify(identity: Identity, message: bytes, signature: bytes) -> None:
    """BadSignature unless `signature` is `identity`'s over `message`.

    libsodium refuses the small-order and non-canonical keys that other libraries accept, and S + L.
    """
    if len(signature) != SIGNATURE_OCTETS:
        raise BadSignature("a signature has 64 octets")
    try:
        crypto_sign_open(signature + message, identity)
    except (CryptoError, ValueError) as error:
        raise BadSignature("the signature does not hold") from error


class Witnessed:
    """Signatures that were found to hold: the hashes of the last ones, and of whose and over what they are."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def verify(self, identity: Identity, message: bytes, signature: bytes) -> None:
        """As `verify`, at a fiftieth of its cost for what was verified lately."""
        digest = sha256(b"%b%b%b" % (identity, signature, message))
        sizes = (len(identity), len(signature))  # so that no border between the three can be moved
        if sizes == (KEY_OCTETS, SIGNATURE_OCTETS) and digest in self._known:
            return
        verify(identity, message, signature)
        self._known[digest] = None
        if len(self._known) > self._most:
            self._known.popitem(last=False)


@dataclass(frozen=True)
class Signer:
    """The private half of an identity; its repr shows the public one alone."""

    identity: Identity
    _key: SigningKey = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        key = SigningKey(seed)
        return cls(Identity(bytes(key.verify_key)), key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature


# Notes: sealed boxes (X25519, XSalsa20-Poly1305) that only one reader opens and nobody can tell for whom they are.


@dataclass(frozen=True)
class NoteKey:
    """An X25519 key, of 32 secret octets; never an identity's."""

    secret: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        return bytes(PrivateKey(self.secret).public_key)

    def open(self, note: bytes) -> bytes | None:
        """What was written to this key; None for what was not."""
        try:
            return SealedBox(PrivateKey(self.secret)).decrypt(note)
        except (CryptoError, ValueError):
            return None


def seal_note(reader: bytes, text: bytes) -> bytes:
    """`text` for the holder of an X25519 public key; BadEncoding when that is none, or a weak one."""
    try:
        return SealedBox(PublicKey(reader)).encrypt(text)
    except (CryptoError, SodiumError, TypeError, ValueError) as error:
        raise BadEncoding("that is not a key to which a note can be written") from error


@dataclass(frozen=True)
class MemoKey:
    """A secret with which one writes notes to oneself, for others to carry: they can neither read nor make one."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        return cls(random(SecretBox.KEY_SIZE))

    def seal(self, memo: bytes) -> bytes:
        return bytes(SecretBox(self.secret).encrypt(memo))

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed with this key; None for what was not."""
        try:
            return SecretBox(self.secret).decrypt(sealed)
        except (CryptoError, ValueError):
            return None


def keyed_hash(secret: bytes, text: bytes) -> bytes:
    """16 octets that tell nobody without the secret what was hashed."""
    return hashlib.blake2b(text, key=secret, digest_size=16).digest()


def slow_hash(data: bytes, salt: bytes, passes: int, kib: int) -> bytes:
    """16 octets of argon2id, for which so much memory is needed; `salt` has 16. Lets other threads run."""
    return argon2id.kdf(argon2id.BYTES_MIN, data, salt, passes, kib * 1024)


# Sealing of the key file: argon2id, then XSalsa20-Poly1305 with the key it gives.


def seal_secret(secret: bytes, passphrase: str) -> dict[str, str | int]:
    """`secret` under a passphrase, as JSON values; takes about a second and 256 MiB."""
    salt = random(argon2id.SALTBYTES)
    key = argon2id.kdf(SecretBox.KEY_SIZE, _passphrase_octets(passphrase), salt, ARGON2_OPS, ARGON2_OCTETS)
    box = bytes(SecretBox(key).encrypt(secret))
    return {"kdf": "argon2id", "ops": ARGON2_OPS, "octets": ARGON2_OCTETS, "salt": salt.hex(), "box": box.hex()}


def unseal_secret(sealed: Mapping[str, Any], passphrase: str) -> bytes:
    """What was sealed; NotPermitted for a wrong passphrase, BadEncoding for a damaged file."""
    try:
        ops, octets = sealed["ops"], sealed["octets"]
        salt, box = bytes.fromhex(sealed["salt"]), bytes.fromhex(sealed["box"])
        if sealed["kdf"] != "argon2id" or len(box) < SecretBox.NONCE_SIZE + SecretBox.MACBYTES:
            raise ValueError("another kind of file")
        if not (0 < ops <= ARGON2_OPS_MOST and 0 < octets <= ARGON2_OCTETS_MOST):
            raise ValueError("more time or memory than it may ask for")
        key = argon2id.kdf(SecretBox.KEY_SIZE, _passphrase_octets(passphrase), salt, ops, octets)
    except (KeyError, TypeError, ValueError) as error:
        raise BadEncoding("the key file is damaged; restore it from your backup") from error
    try:
        return SecretBox(key).decrypt(box)
    except CryptoError as error:
        raise NotPermitted("that is not the passphrase of this key file") from error


def _passphrase_octets(passphrase: str) -> bytes:
    """The same for one passphrase typed on any keyboard; octets that are no text stay what they are."""
    return unicodedata.normalize("NFC", passphrase).encode(errors="surrogateescape")
