"""Proofs of forks: what a line has to hold before anybody is said to have signed two versions."""

from typing import Any

import pytest

from tests.model.making import ALICE, BOB, TIME
from zbnntp.model.canonical import decode, encode
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid
from zbnntp.model.keys import Signer
from zbnntp.model.manifest import Pointer, make_head, make_pointer, open_head, open_pointer
from zbnntp.model.notices import make_fork, open_fork, open_notice
from zbnntp.model.succession import make_renewal


def pointer(head: bytes, seq: int = TIME, by: Signer = ALICE) -> Pointer:
    return open_pointer(make_pointer(by, seq, head))


LOW, HIGH = sorted((pointer(b"one"), pointer(b"two")), key=lambda it: it.head)


def test_the_head_that_everybody_keeps_stands_first() -> None:
    fork = open_fork(make_fork(HIGH, LOW))
    assert open_notice(fork.raw) == fork
    assert (fork.identity, fork.low, fork.high) == (ALICE.identity, LOW, HIGH)


@pytest.mark.parametrize(
    "high", [LOW, pointer(b"two", TIME + 1), pointer(b"two", by=BOB)], ids=["one head", "two seqs", "two people"]
)
def test_two_pointers_that_prove_no_fork(high: Pointer) -> None:
    line = {"kind": "fork", "id": ALICE.identity.hex(), "a": decode(LOW.raw), "b": decode(high.raw)}
    with pytest.raises(BadEncoding):
        open_fork(encode(line))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "pointer"},
        {"id": BOB.identity.hex()},
        {"a": 5},
        {"b": []},
        {"a": decode(HIGH.raw), "b": decode(LOW.raw)},
    ],
)
def test_a_malformed_fork_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        open_fork(encode(decode(make_fork(LOW, HIGH)) | change))


def test_nobody_is_accused_of_a_fork_without_two_signatures() -> None:
    forged = decode(HIGH.raw) | {"sig": "00" * 64}
    with pytest.raises(BadSignature):
        open_fork(encode(decode(make_fork(LOW, HIGH)) | {"b": forged}))


def test_a_head_names_what_it_heals_and_how_its_recovery_key_came_about() -> None:
    renewal = make_renewal(ALICE.identity, BOB, LOW.head)
    raw = make_head(
        identity=ALICE.identity, seq=TIME, time=TIME, nick="alice", endpoints=(), posts=(), state=(), prev=None,
        next_key=LOW.head, next_by=[renewal], merge=[HIGH.head],
    )  # fmt: skip
    head = open_head(raw, pointer(raw))
    assert (head.next_by, head.merge) == ((renewal,), (HIGH.head,))
