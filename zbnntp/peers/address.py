"""Where a peer can be reached, as pure checks on text.

An endpoint is `http://<56 characters>.onion` and nothing else: no port, no path, no other host. In a local network,
for demonstrations and tests, it is `local:<name>`. Whatever is connected to passes one of these two checks first,
because an address in somebody's signed head is a hostile input: it may name 127.0.0.1, a printer, or a victim.

Sources: Tor's rend-spec-v3 section 6 (encoding of onion addresses) and control-spec (expanded keys of ADD_ONION).
"""

from __future__ import annotations

import base64
import hashlib
import re

from zbnntp.model.errors import BadEncoding

ONION_SUFFIX = ".onion"
LOCAL_SCHEME = "local:"
_LABEL = re.compile(r"[a-z2-7]{56}")
_LOCAL_NAME = re.compile(r"[a-z0-9-]{1,32}")
_VERSION = b"\x03"


def is_onion(host: str) -> bool:
    """Whether `host` is a version 3 onion address with a right checksum: lower case, no subdomain, no final dot."""
    label = host.removesuffix(ONION_SUFFIX)
    if label == host or not _LABEL.fullmatch(label):
        return False
    raw = base64.b32decode(label.upper())
    return raw[34:] == _VERSION and raw[32:34] == _checksum(raw[:32])


def is_local(name: str) -> bool:
    """Whether `name` can be a node of a local network, `[a-z0-9-]{1,32}`."""
    return _LOCAL_NAME.fullmatch(name) is not None


def onion_address(public_key: bytes) -> str:
    """The host name of the onion service with this 32-byte Ed25519 public key."""
    raw = public_key + _checksum(public_key) + _VERSION
    return base64.b32encode(raw).decode().lower() + ONION_SUFFIX


def expanded_key(seed: bytes) -> bytes:
    """The 64 bytes that ADD_ONION wants: SHA-512 of the 32-byte seed, clamped."""
    raw = bytearray(hashlib.sha512(seed).digest())
    raw[0] &= 248
    raw[31] = raw[31] & 63 | 64
    return bytes(raw)


def onion_host(endpoint: str) -> str:
    """The host of an endpoint `http://<onion>`; BadEncoding for anything else."""
    host = endpoint.removeprefix("http://")
    if host == endpoint or not is_onion(host):
        raise BadEncoding("That is not the address of an onion service; ask its owner for it again.")
    return host


def local_host(endpoint: str) -> str:
    """The name in an endpoint `local:<name>`; BadEncoding for anything else."""
    name = endpoint.removeprefix(LOCAL_SCHEME)
    if name == endpoint or not is_local(name):
        raise BadEncoding("This node is in a local network and reaches only addresses like local:alice.")
    return name


def _checksum(public_key: bytes) -> bytes:
    return hashlib.sha3_256(b".onion checksum" + public_key + _VERSION).digest()[:2]
