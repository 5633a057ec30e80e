"""Nonces: what the registrar remembers of a challenge, sealed, and carried by the newcomer.

A nonce names its way, when it ends, and for whom it is once that is known. Nobody but the registrar can read or make
one. That each is good once is noted when it is answered (store/admissions.py).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from zbnntp.model.errors import NotPermitted
from zbnntp.model.keys import Identity, MemoKey
from zbnntp.registrar.ways import Memo

STRANGE = "that challenge is not one of this registrar; ask for another one"


@dataclass(frozen=True, slots=True)
class Nonce:
    """`newcomer`: the only one who may answer; None: whoever asked first."""

    way: str
    until: int  # unix seconds
    memo: Memo
    newcomer: Identity | None = None


def seal_nonce(key: MemoKey, nonce: Nonce) -> str:
    whose = nonce.newcomer.hex() if nonce.newcomer else ""
    text = json.dumps([nonce.way, nonce.until, nonce.memo, whose], separators=(",", ":"))
    return base64.b64encode(key.seal(text.encode())).decode()


def open_nonce(key: MemoKey, text: str) -> Nonce:
    """What was sealed; NotPermitted for anything else."""
    try:
        sealed = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotPermitted(STRANGE) from error
    memo = key.open(sealed)
    if memo is None:
        raise NotPermitted(STRANGE)
    way, until, kept, whose = json.loads(memo)
    return Nonce(way, until, kept, Identity(bytes.fromhex(whose)) if whose else None)
