"""Version 3 onion addresses: 56 characters that hold a key, a checksum and the version (rend-spec-v3, section 6)."""

from __future__ import annotations

import base64
import hashlib
import re

ONION_SUFFIX = ".onion"
_LABEL = re.compile(r"[a-z2-7]{56}")
_VERSION = b"\x03"


def is_onion(host: str) -> bool:
    """Whether `host` is such an address with a right checksum: lower case, no subdomain, no final dot."""
    label = host.removesuffix(ONION_SUFFIX)
    if label == host or not _LABEL.fullmatch(label):
        return False
    raw = base64.b32decode(label.upper())
    return raw[34:] == _VERSION and raw[32:34] == _checksum(raw[:32])


def onion_address(public_key: bytes) -> str:
    """The host name of the onion service with this 32-byte Ed25519 public key."""
    raw = public_key + _checksum(public_key) + _VERSION
    return base64.b32encode(raw).decode().lower() + ONION_SUFFIX


def _checksum(public_key: bytes) -> bytes:
    return hashlib.sha3_256(b".onion checksum" + public_key + _VERSION).digest()[:2]
