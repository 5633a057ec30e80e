"""Where a peer can be reached, as pure checks on text.

An endpoint is `http://<56 characters>.onion` and nothing else: no port, no path, no other host. In a local network,
for demonstrations and tests, it is `local:<name>`. Whatever is connected to passes one of these two checks first,
because an address in somebody's signed head is a hostile input: it may name 127.0.0.1, a printer, or a victim.

Sources: Tor's rend-spec-v3 section 6 (encoding of onion addresses) and control-spec (expanded keys of ADD_ONION).
"""

from __future__ import annotations

import hashlib
import re

from zbnntp.model.errors import BadEncoding
from zbnntp.model.onion import is_onion

LOCAL_SCHEME = "local:"
_LOCAL_NAME = re.compile(r"[a-z0-9-]{1,32}")


def is_local(name: str) -> bool:
    """Whether `name` can be a node of a local network, `[a-z0-9-]{1,32}`."""
    return _LOCAL_NAME.fullmatch(name) is not None


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
