"""Proof of work: some minutes of a processor, in pieces, each found by trying. docs/protocol.md "intro".

The function is argon2id, whose memory makes a graphics card little better at it than anybody's computer. There are
several pieces in place of one large one: luck evens out, progress can be shown, and junk is told by its first piece,
for the work of one try.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zbnntp.model.errors import NotPermitted
from zbnntp.model.fields import integer
from zbnntp.model.keys import Identity, sha256, slow_hash

PROOF_DOMAIN = b"zbnntp1 proof\n"
SALT_OCTETS = 16
COUNTER_OCTETS = 8
KIB_LEAST, KIB_MOST = 8, 256 * 1024  # of memory for one try: small computers take part
PASSES_MOST = 4
PARTS_MOST = 32  # an answer has room for their counters
TRIES_MOST = 1_000_000  # on average, for one part
KIB_PER_SECOND = 640 * 1024  # and pass, on an ordinary computer
_SPAN = 2**64


@dataclass(frozen=True, slots=True)
class Proof:
    """What is asked: `parts` pieces, for each of which one try out of `tries` is good."""

    kib: int
    passes: int
    parts: int
    tries: int


def estimate(proof: Proof) -> float:
    """About how many minutes it takes one core of an ordinary computer."""
    return proof.parts * proof.tries * proof.kib * proof.passes / KIB_PER_SECOND / 60


def make_proof(proof: Proof) -> dict[str, int]:
    return {"kib": proof.kib, "parts": proof.parts, "passes": proof.passes, "tries": proof.tries}


def open_proof(line: Mapping[str, Any]) -> Proof:
    return Proof(
        integer(line, "kib", KIB_LEAST, KIB_MOST),
        integer(line, "passes", 1, PASSES_MOST),
        integer(line, "parts", 1, PARTS_MOST),
        integer(line, "tries", 1, TRIES_MOST),
    )


def is_good(proof: Proof, newcomer: Identity, nonce: str, part: int, counter: int) -> bool:
    """One try, about a tenth of a second of work with 64 MiB."""
    salt = sha256(PROOF_DOMAIN + nonce.encode())[:SALT_OCTETS]
    tried = newcomer + bytes([part]) + counter.to_bytes(COUNTER_OCTETS, "big")
    digest = slow_hash(tried, salt, proof.passes, proof.kib)
    return int.from_bytes(digest[:COUNTER_OCTETS], "big") * proof.tries < _SPAN


def search(proof: Proof, newcomer: Identity, nonce: str, part: int, counters: range) -> int | None:
    """The first counter that is good for a part."""
    return next((it for it in counters if is_good(proof, newcomer, nonce, part, it)), None)


def check_proof(proof: Proof, newcomer: Identity, nonce: str, answer: str) -> None:
    """NotPermitted unless the answer names a good counter for each part; it ends at the first bad one."""
    counters = answer.split(" ")
    if len(counters) != proof.parts or not all(it.isascii() and it.isdecimal() and len(it) < 20 for it in counters):
        raise NotPermitted("the answer to a proof of work is one number for each part")
    for part, counter in enumerate(map(int, counters)):
        if counter >= _SPAN or not is_good(proof, newcomer, nonce, part, counter):
            raise NotPermitted("that work does not hold; ask for another challenge")
