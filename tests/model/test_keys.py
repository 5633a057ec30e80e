"""Identities and ids as people see them, and signatures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.making import ALICE, BOB
from zbnntp.model import keys
from zbnntp.model.errors import BadEncoding, BadSignature

IDENTITIES = st.binary(min_size=32, max_size=32).map(keys.Identity)
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


@given(IDENTITIES)
def test_identity_text_comes_back(identity: keys.Identity) -> None:
    text = keys.identity_text(identity)
    assert len(text) == 56
    assert keys.parse_identity(text) == identity
    assert text.startswith(keys.short_id(identity))


@pytest.mark.parametrize("at", range(56))
def test_one_wrong_character_is_noticed(at: int) -> None:
    text = keys.identity_text(ALICE.identity)
    for letter in BASE32.replace(text[at], ""):
        with pytest.raises(BadEncoding):
            keys.parse_identity(text[:at] + letter + text[at + 1 :])


@pytest.mark.parametrize("at", range(55))
def test_two_neighbours_swapped_are_noticed(at: int) -> None:
    text = keys.identity_text(ALICE.identity)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if swapped != text:
        with pytest.raises(BadEncoding):
            keys.parse_identity(swapped)


@pytest.mark.parametrize(
    "text",
    [
        "",
        keys.identity_text(ALICE.identity)[:-1],
        keys.identity_text(ALICE.identity) + "a",
        keys.identity_text(ALICE.identity) + "\n",
        keys.identity_text(ALICE.identity).upper(),
        keys.identity_text(ALICE.identity)[:-1] + "=",
        keys.identity_text(ALICE.identity)[:-1] + "1",
        "é" * 56,
        "a" * 56,
    ],
)
def test_what_is_no_identity(text: str) -> None:
    with pytest.raises(BadEncoding):
        keys.parse_identity(text)


@given(st.text(max_size=60))
def test_any_text_gives_an_identity_or_bad_encoding(text: str) -> None:
    with pytest.raises(BadEncoding):
        keys.parse_identity(text)


@given(st.binary(min_size=32, max_size=32).map(keys.PostId))
def test_message_id_comes_back(post: keys.PostId) -> None:
    text = keys.message_id(post)
    assert len(text) == 65
    assert keys.parse_message_id(text) == post


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "<a@zb.invalid>",
        "<" + "a" * 52 + "@example.org>",
        "<" + "a" * 51 + "@zb.invalid>",
        "<" + "A" * 52 + "@zb.invalid>",
        "<" + "a" * 52 + "@ZB.invalid>",
        " <" + "a" * 52 + "@zb.invalid>",
        "<" + "a" * 52 + "@zb.invalid>\n",
        "<" + "a" * 51 + "b@zb.invalid>",  # spare bits: another name of the same post would be an alias for filters
        "<" + "a" * 51 + "p@zb.invalid>",
    ],
)
def test_what_is_no_message_id_of_a_post(text: str) -> None:
    assert keys.parse_message_id(text) is None


def test_each_post_has_one_message_id_only() -> None:
    found = [text for letter in BASE32 if keys.parse_message_id(text := "<" + "a" * 51 + letter + "@zb.invalid>")]
    assert found == ["<" + "a" * 51 + "a@zb.invalid>", "<" + "a" * 51 + "q@zb.invalid>"]


@pytest.mark.parametrize(
    "text", [None, 1, True, [], "", "ab" * 31, "ab" * 33, "AB" * 32, "ab " * 32, "é" * 64, "zz" * 32]
)
def test_hex_has_one_form(text: object) -> None:
    with pytest.raises(BadEncoding):
        keys.parse_hex(text)


def test_hex_of_other_lengths() -> None:
    assert keys.parse_hex("00" * 32) == bytes(32)
    assert keys.parse_hex("0f" * 64, keys.SIGNATURE_OCTETS) == b"\x0f" * 64
    with pytest.raises(BadEncoding):
        keys.parse_hex("0f" * 32, keys.SIGNATURE_OCTETS)


@given(st.binary(max_size=200))
def test_a_signature_holds(message: bytes) -> None:
    keys.verify(ALICE.identity, message, ALICE.sign(message))


@given(st.binary(max_size=40), st.integers(0, 511))
def test_one_bit_of_a_signature_changed(message: bytes, bit: int) -> None:
    signature = int.from_bytes(ALICE.sign(message), "little") ^ (1 << bit)
    with pytest.raises(BadSignature):
        keys.verify(ALICE.identity, message, signature.to_bytes(64, "little"))


def test_somebody_elses_signature_or_message() -> None:
    with pytest.raises(BadSignature):
        keys.verify(BOB.identity, b"message", ALICE.sign(b"message"))
    with pytest.raises(BadSignature):
        keys.verify(ALICE.identity, b"massage", ALICE.sign(b"message"))


@pytest.mark.parametrize("octets", [0, 32, 63, 65, 128])
def test_signatures_have_64_octets(octets: int) -> None:
    with pytest.raises(BadSignature):
        keys.verify(ALICE.identity, b"", bytes(octets))


@pytest.mark.parametrize("at", [32, 63, 65])
def test_the_border_between_signature_and_message_cannot_be_moved(at: int) -> None:
    whole = ALICE.sign(b"message") + b"message"
    with pytest.raises(BadSignature):
        keys.verify(ALICE.identity, whole[at:], whole[:at])


def test_what_was_witnessed_is_believed_again_and_nothing_else() -> None:
    witnessed = keys.Witnessed(2)
    signature = ALICE.sign(b"message")
    for _ in range(2):
        witnessed.verify(ALICE.identity, b"message", signature)
    whole = ALICE.identity + signature + b"message"
    for first, second in ((31, 96), (33, 96), (32, 95), (32, 97), (0, 0)):
        with pytest.raises(BadSignature):
            witnessed.verify(keys.Identity(whole[:first]), whole[second:], whole[first:second])
    for other in (b"Message", b"message "):
        with pytest.raises(BadSignature):
            witnessed.verify(ALICE.identity, other, signature)


def test_only_the_last_signatures_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[bytes] = []
    monkeypatch.setattr(keys, "verify", lambda identity, message, signature: verified.append(message))
    witnessed = keys.Witnessed(2)
    for message in (b"1", b"2", b"2", b"3", b"1", b"3"):
        witnessed.verify(ALICE.identity, message, bytes(64))
    assert verified == [b"1", b"2", b"3", b"1"]


@pytest.mark.parametrize("octets", [0, 31, 33])
def test_keys_have_32_octets(octets: int) -> None:
    with pytest.raises(BadSignature):
        keys.verify(keys.Identity(bytes(octets)), b"", bytes(64))


def test_a_signer_shows_no_secret() -> None:
    seed = bytes(range(32))
    signer = keys.Signer.from_seed(seed)
    assert repr(signer) == f"Signer(identity={signer.identity!r})"
    assert seed.hex() not in repr(signer)
