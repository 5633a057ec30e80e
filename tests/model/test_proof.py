"""Proof of work: it holds for whom and for what it was done, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from zbnntp.model.errors import BadEncoding, NotPermitted
from zbnntp.model.keys import Signer
from zbnntp.model.proof import Proof, check_proof, is_good, make_proof, open_proof, search

BOB, EVE = Signer.from_seed(b"b" * 32).identity, Signer.from_seed(b"e" * 32).identity
PROOF = Proof(kib=8, passes=1, parts=3, tries=50)


def worked(nonce: str = "n0nce") -> str:
    return " ".join(str(search(PROOF, BOB, nonce, part, range(10_000))) for part in range(PROOF.parts))


def test_what_was_found_holds() -> None:
    check_proof(PROOF, BOB, "n0nce", worked())


@pytest.mark.parametrize(
    ("proof", "who", "nonce"),
    [
        (PROOF, EVE, "n0nce"),
        (PROOF, BOB, "another"),
        (replace(PROOF, kib=16), BOB, "n0nce"),
        (replace(PROOF, passes=2), BOB, "n0nce"),
        (replace(PROOF, tries=1_000_000), BOB, "n0nce"),
    ],
)
def test_it_holds_for_nothing_else(proof: Proof, who: Any, nonce: str) -> None:
    with pytest.raises(NotPermitted, match="does not hold"):
        check_proof(proof, who, nonce, worked())


def test_a_part_is_not_good_for_another_part() -> None:
    parts = worked().split()
    with pytest.raises(NotPermitted, match="does not hold"):
        check_proof(PROOF, BOB, "n0nce", " ".join([parts[0]] * 3))


@pytest.mark.parametrize(
    "answer", ["", "1 2", "1 2 3 4", "1  2 3", "1 2 x", "1 2 -3", "1 2 ٣", f"1 2 {2**64}", "1" * 200]
)
def test_answers_of_another_form_cost_no_work(answer: str) -> None:
    with pytest.raises(NotPermitted):
        check_proof(PROOF, BOB, "n0nce", answer)


def test_about_one_try_in_so_many_is_good() -> None:
    good = sum(is_good(replace(PROOF, tries=4), BOB, "n0nce", 0, counter) for counter in range(400))
    assert 60 < good < 140


def test_a_proof_comes_back_as_it_was_made() -> None:
    assert open_proof(make_proof(PROOF)) == PROOF


@pytest.mark.parametrize(
    "changed", [{"kib": 7}, {"kib": 2**21}, {"parts": 0}, {"parts": 33}, {"passes": 17}, {"tries": 0}, {"tries": "5"}]
)
def test_what_no_newcomer_works_for(changed: dict[str, Any]) -> None:
    with pytest.raises(BadEncoding):
        open_proof(make_proof(PROOF) | changed)
