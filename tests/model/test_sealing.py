"""The key file: a secret under a passphrase. Costs are lowered, except in the one test of the real ones."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.pwhash import argon2id

from zbnntp.model import keys
from zbnntp.model.errors import BadEncoding, NotPermitted

SECRET = bytes(range(32))


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "real_costs" not in request.node.name:
        monkeypatch.setattr(keys, "ARGON2_OPS", argon2id.OPSLIMIT_MIN)
        monkeypatch.setattr(keys, "ARGON2_OCTETS", argon2id.MEMLIMIT_MIN)


def test_what_was_sealed_comes_back_through_json() -> None:
    sealed = json.loads(json.dumps(keys.seal_secret(SECRET, "correct horse")))
    assert keys.unseal_secret(sealed, "correct horse") == SECRET


def test_the_real_costs_are_paid_and_named_in_the_file_real_costs() -> None:
    sealed = keys.seal_secret(SECRET, "correct horse")
    assert (sealed["kdf"], sealed["ops"], sealed["octets"]) == ("argon2id", 3, 256 * 1024 * 1024)
    assert keys.unseal_secret(sealed, "correct horse") == SECRET


def test_a_file_sealed_at_other_costs_is_opened_at_those(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = keys.seal_secret(SECRET, "correct horse")
    monkeypatch.setattr(keys, "ARGON2_OPS", argon2id.OPSLIMIT_MIN + 1)
    assert keys.unseal_secret(sealed, "correct horse") == SECRET


@pytest.mark.parametrize("passphrase", ["", "Correct horse", "correct horse "])
def test_a_wrong_passphrase(passphrase: str) -> None:
    with pytest.raises(NotPermitted):
        keys.unseal_secret(keys.seal_secret(SECRET, "correct horse"), passphrase)


def test_no_two_seals_are_alike() -> None:
    first, second = keys.seal_secret(SECRET, "a"), keys.seal_secret(SECRET, "a")
    assert first["salt"] != second["salt"]
    assert first["box"] != second["box"]
    assert SECRET.hex() not in json.dumps(first)


def test_one_passphrase_typed_on_two_keyboards() -> None:
    """An é of one code point or of two: systems differ in what a key sends."""
    assert keys.unseal_secret(keys.seal_secret(SECRET, "caf\u00e9"), "cafe\u0301") == SECRET


def test_a_passphrase_of_octets_that_are_no_text() -> None:
    """As a terminal that is not UTF-8 hands them on."""
    assert keys.unseal_secret(keys.seal_secret(SECRET, "caf\udce9"), "caf\udce9") == SECRET


DAMAGES: dict[str, Any] = {
    "ops": [None, "three", 0, -1, 10**9, float("inf"), float("nan"), []],
    "octets": [None, "much", 0, 1, 8191, 2**40, float("inf")],
    "salt": [None, 5, "", "00", "zz" * 16, "00" * 17],
    "box": [None, 5, "xyz", "", "00" * 10, "00" * 39],
    "kdf": ["scrypt", None],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in DAMAGES.items() for value in values])
def test_a_damaged_file(key: str, value: object) -> None:
    sealed = keys.seal_secret(SECRET, "correct horse")
    with pytest.raises(BadEncoding):
        keys.unseal_secret(sealed | {key: value}, "correct horse")


@pytest.mark.parametrize("key", ["kdf", "ops", "octets", "salt", "box"])
def test_a_file_with_a_part_missing(key: str) -> None:
    sealed = keys.seal_secret(SECRET, "correct horse")
    del sealed[key]
    with pytest.raises(BadEncoding):
        keys.unseal_secret(sealed, "correct horse")


def test_a_changed_box_reads_as_a_wrong_passphrase() -> None:
    """The two cannot be told apart; nothing of the secret comes out."""
    sealed = keys.seal_secret(SECRET, "correct horse")
    box = bytearray.fromhex(str(sealed["box"]))
    box[-1] ^= 1
    with pytest.raises(NotPermitted):
        keys.unseal_secret(sealed | {"box": box.hex()}, "correct horse")


def test_a_file_cannot_ask_for_all_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argon2id, "kdf", lambda *_: pytest.fail("the memory would be taken now"))
    sealed = {"kdf": "argon2id", "ops": 3, "octets": 2**40, "salt": "00" * 16, "box": "00" * 72}
    with pytest.raises(BadEncoding):
        keys.unseal_secret(sealed, "correct horse")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=64), st.text(max_size=12))
def test_any_secret_and_passphrase(secret: bytes, passphrase: str) -> None:
    assert keys.unseal_secret(keys.seal_secret(secret, passphrase), passphrase) == secret
