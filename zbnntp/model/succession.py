"""What the recovery key says: a new commitment (`next_by`), and that an identity has moved or ended (`move`).

Every head carries `next`, the hash of a second public key whose private half lies on paper. Whoever stole the key of an
identity does not have it; so what it signs stands above the identity's own key. Nothing here knows a store: who is
pinned to which `next` is an argument. docs/protocol.md "Recovery and succession".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zbnntp.model import limits
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, BadSignature, BadSuccession, Invalid
from zbnntp.model.fields import items, moment, version
from zbnntp.model.keys import SIGNATURE_OCTETS, Identity, Sha256, Signer, parse_hex, sha256, verify

NEXT_DOMAIN = b"zbnntp1 next\n"
MOVE_DOMAIN = b"zbnntp1 move\n"
_SIGNATURES = ("sig", "to_sig")


@dataclass(frozen=True, slots=True)
class Renewal:
    """One item of `next_by`: the owner of recovery key `key` commits to another one, whose hash is `next`."""

    key: Identity
    next: Sha256
    sig: bytes  # not yet checked


@dataclass(frozen=True, slots=True)
class Move:
    """`source` ends at version `last`; `target` follows, or nobody (None: revoked). Signatures were checked.

    Whether `key` is the recovery key of `source` is not: that depends on the commitment that the reader holds.
    """

    source: Identity
    target: Identity | None
    last: tuple[int, Sha256]  # seq and head hash of the last good version
    key: Identity
    time: int  # unix seconds
    raw: bytes

    @property
    def identity(self) -> Identity:
        """Whom this line is about."""
        return self.source

    @property
    def commitment(self) -> Sha256:
        """The `next` that `source` must be known by for this to act."""
        return sha256(self.key)


def make_renewal(identity: Identity, recovery: Signer, next_key: Sha256) -> Renewal:
    """`recovery` hands over to the key with that hash."""
    return Renewal(recovery.identity, next_key, recovery.sign(NEXT_DOMAIN + identity + next_key))


def print_renewals(renewals: Sequence[Renewal]) -> list[dict[str, str]]:
    """As heads and key files have them."""
    return [{"key": it.key.hex(), "next": it.next.hex(), "sig": it.sig.hex()} for it in renewals]


def open_renewals(line: dict[str, Any]) -> tuple[Renewal, ...]:
    """The items of a head's `next_by` up to the first that is malformed; raises Invalid when it is no short array."""
    found = []
    for item in items(line, "next_by", limits.RENEWALS):
        renewal = _open_renewal(item)
        if renewal is None:
            break
        found.append(renewal)
    return tuple(found)


def _open_renewal(item: object) -> Renewal | None:
    if not isinstance(item, dict):
        return None
    try:
        key, following = Identity(parse_hex(item.get("key"))), Sha256(parse_hex(item.get("next")))
        return Renewal(key, following, parse_hex(item.get("sig"), SIGNATURE_OCTETS))
    except Invalid:
        return None


def check_next(identity: Identity, pinned: Sha256, said: Sha256, renewals: Sequence[Renewal]) -> None:
    """BadSuccession unless a head's `next` is the one pinned here, or its `next_by` leads there from it."""
    if said == pinned:
        return
    reached, started = pinned, False
    for renewal in renewals:
        if sha256(renewal.key) != reached:
            if started:
                break
            continue
        started = True
        try:
            verify(renewal.key, NEXT_DOMAIN + identity + renewal.next, renewal.sig)
        except BadSignature:
            break
        reached = renewal.next
        if reached == said:
            return
    raise BadSuccession("its recovery key is another one, and the one that is known here did not agree to that")


def make_move(
    source: Identity, last: tuple[int, Sha256], time: int, recovery: Signer, target: Signer | None = None
) -> bytes:
    """The line by which `source` ends at `last`; `target` follows. Without one it is a revocation."""
    line: dict[str, Any] = {
        "kind": "move",
        "from": source.hex(),
        "key": recovery.identity.hex(),
        "last": [last[0], last[1].hex()],
        "time": time,
    }
    if target is not None:
        line["to"] = target.identity.hex()
    signed = MOVE_DOMAIN + encode(line)
    line["sig"] = recovery.sign(signed).hex()
    if target is not None:
        line["to_sig"] = target.sign(signed).hex()
    return encode(line)


def open_move(raw: bytes) -> Move:
    """A move whose recovery signature holds; a revocation when its successor did not sign too. Raises Invalid."""
    line = decode(raw, limits.NOTICE_OCTETS)
    if line.get("kind") != "move":
        raise BadEncoding("not a move")
    last = version(line, "last")
    if last is None:
        raise BadEncoding("a move names the last good version")
    source, key = Identity(parse_hex(line.get("from"))), Identity(parse_hex(line.get("key")))
    target = Identity(parse_hex(line["to"])) if "to" in line else None
    if target == source:
        raise BadEncoding("nobody moves to the key they have")
    signed = MOVE_DOMAIN + encode({name: value for name, value in line.items() if name not in _SIGNATURES})
    verify(key, signed, parse_hex(line.get("sig"), SIGNATURE_OCTETS))
    agreed = target is not None and _agrees(target, signed, line.get("to_sig"))
    return Move(source, target if agreed else None, last, key, moment(line, "time"), raw)


def _agrees(target: Identity, signed: bytes, signature: object) -> bool:
    try:
        verify(target, signed, parse_hex(signature, SIGNATURE_OCTETS))
    except Invalid:
        return False
    return True
