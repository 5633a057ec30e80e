"""What the recovery key may do, and what nobody else may do in its name."""

from dataclasses import replace
from typing import Any

import pytest

from tests.model.making import ALICE, BOB, TIME, line_of, signer, vectors
from zbnntp.model.canonical import decode, encode
from zbnntp.model.entries import POSTS, STATE, Same, make_same, open_entry
from zbnntp.model.errors import BadEncoding, BadSignature, BadSuccession, Invalid, TooLarge
from zbnntp.model.keys import Sha256, Signer, sha256
from zbnntp.model.succession import (
    Renewal,
    check_next,
    make_move,
    make_renewal,
    open_move,
    open_renewals,
    print_renewals,
)

FIRST, SECOND, THIRD, THIEF = (signer(f"alice recovery{name}") for name in ("", " 2", " 3", " thief"))
LAST = (TIME, Sha256(sha256(b"head")))


def named(key: Signer) -> Sha256:
    return sha256(key.identity)


def renewal(old: Signer, new: Signer) -> Renewal:
    return make_renewal(ALICE.identity, old, named(new))


CHAIN = (renewal(FIRST, SECOND), renewal(SECOND, THIRD))


def leads(pinned: Signer, said: Signer, *items: Renewal) -> bool:
    try:
        check_next(ALICE.identity, named(pinned), named(said), items)
    except BadSuccession:
        return False
    return True


def test_the_recovery_key_that_is_known_needs_no_proof() -> None:
    assert leads(FIRST, FIRST)


def test_a_renewal_signed_by_the_key_before_is_followed() -> None:
    assert leads(FIRST, SECOND, CHAIN[0])
    assert leads(FIRST, THIRD, *CHAIN)


def test_the_walk_begins_at_the_item_of_the_pinned_key() -> None:
    assert leads(SECOND, THIRD, *CHAIN)


def test_a_head_that_stops_at_an_earlier_key_is_refused() -> None:
    assert not leads(THIRD, SECOND, *CHAIN)


def test_a_thief_of_the_identity_cannot_name_a_recovery_key_of_his_own() -> None:
    assert not leads(FIRST, THIEF)
    assert not leads(FIRST, THIEF, renewal(THIEF, THIEF))
    forged = replace(renewal(THIEF, THIEF), key=FIRST.identity)
    assert not leads(FIRST, THIEF, forged)


def test_a_renewal_of_another_identity_proves_nothing() -> None:
    assert not leads(FIRST, SECOND, make_renewal(BOB.identity, FIRST, named(SECOND)))


def test_an_item_that_does_not_follow_ends_the_walk() -> None:
    assert not leads(FIRST, THIRD, CHAIN[0], renewal(THIEF, THIRD), CHAIN[1])
    assert not leads(FIRST, THIRD, CHAIN[0], replace(CHAIN[1], sig=bytes(64)))


def test_the_item_printed_in_the_document() -> None:
    item = vectors("succession")["next_by"]["item"]
    found = open_renewals({"next_by": [item]})
    assert print_renewals(found) == [item]
    check_next(ALICE.identity, named(FIRST), found[0].next, found)


@pytest.mark.parametrize("bad", [5, {}, {"key": "00", "next": "00", "sig": "00"}, {"key": FIRST.identity.hex()}])
def test_a_malformed_item_ends_the_list(bad: object) -> None:
    good = print_renewals(CHAIN)
    assert open_renewals({"next_by": [good[0], bad, good[1]]}) == CHAIN[:1]


def test_more_than_sixteen_renewals_are_refused() -> None:
    with pytest.raises(TooLarge):
        open_renewals({"next_by": print_renewals(CHAIN) * 9})
    assert open_renewals({}) == ()


def test_a_move_names_who_follows_and_from_which_version_on() -> None:
    raw = make_move(ALICE.identity, LAST, TIME, FIRST, BOB)
    move = open_move(raw)
    assert (move.source, move.target, move.last, move.time, move.raw) == (
        ALICE.identity, BOB.identity, LAST, TIME, raw,
    )  # fmt: skip
    assert move.commitment == named(FIRST)


def test_the_move_printed_in_the_document() -> None:
    raw = vectors("succession")["move"]["line"].encode()
    move = open_move(raw)
    assert (move.source, move.target) == (ALICE.identity, BOB.identity)
    assert make_move(move.source, move.last, move.time, FIRST, BOB) == raw


def test_a_move_without_a_successor_revokes() -> None:
    assert open_move(make_move(ALICE.identity, LAST, TIME, FIRST)).target is None


@pytest.mark.parametrize("to_sig", [None, "00" * 64, "zz"])
def test_a_move_to_somebody_who_did_not_sign_is_a_revocation_only(to_sig: str | None) -> None:
    line = decode(make_move(ALICE.identity, LAST, TIME, FIRST, BOB))
    line.pop("to_sig")
    assert open_move(encode(line | ({"to_sig": to_sig} if to_sig else {}))).target is None


@pytest.mark.parametrize("change", [{"to": signer("carol").identity.hex()}, {"time": TIME + 1}, {"more": 1}])
def test_a_move_that_was_changed_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        open_move(encode(decode(make_move(ALICE.identity, LAST, TIME, FIRST, BOB)) | change))


def test_fields_of_later_versions_are_signed_with_the_rest() -> None:
    fields = {"kind": "move", "from": ALICE.identity.hex(), "key": FIRST.identity.hex(), "time": TIME, "why": "lost"}
    fields["last"] = [LAST[0], LAST[1].hex()]
    sig = FIRST.sign(b"zbnntp1 move\n" + line_of(**fields)).hex()
    assert open_move(line_of(**fields, sig=sig)).target is None


@pytest.mark.parametrize(
    "change", [{"kind": "same"}, {"last": [0, "00" * 32]}, {"time": -1}, {"from": "00"}, {"to": "00"}, {"last": None}]
)
def test_a_malformed_move_is_refused(change: dict[str, Any]) -> None:
    line = decode(make_move(ALICE.identity, LAST, TIME, FIRST, BOB)) | change
    with pytest.raises(Invalid):
        open_move(encode({name: value for name, value in line.items() if value is not None}))


def test_nobody_moves_to_the_identity_that_ends() -> None:
    with pytest.raises(BadEncoding):
        open_move(make_move(ALICE.identity, LAST, TIME, FIRST, ALICE))


def test_a_move_above_four_kib_is_refused() -> None:
    line = decode(make_move(ALICE.identity, LAST, TIME, FIRST)) | {"note": "x" * 4096}
    with pytest.raises(TooLarge):
        open_move(encode(line))


def test_a_move_is_a_state_line_of_whoever_publishes_it() -> None:
    raw = make_move(ALICE.identity, LAST, TIME, FIRST, BOB)
    assert open_entry(raw, BOB.identity, STATE) == open_move(raw)
    with pytest.raises(BadEncoding):
        open_entry(raw, BOB.identity, POSTS)


def test_two_identities_of_one_person_are_linked() -> None:
    entry = open_entry(make_same(ALICE.identity), BOB.identity, STATE)
    assert entry == Same(ALICE.identity)
    assert entry.key == f"same {ALICE.identity.hex()}"
