"""Introductions on the wire: what is accepted, and what is refused by which rule."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zbnntp.model import intro
from zbnntp.model.canonical import encode
from zbnntp.model.errors import BadEncoding, BadSignature, Invalid, TooLarge
from zbnntp.model.intro import Admitted, Challenge, Terms
from zbnntp.model.keys import Identity, Signer

VECTORS = Path(__file__).parent.parent / "data" / "vectors" / "succession.json"
BOB = Signer.from_seed(b"b" * 32)
RITA = Signer.from_seed(b"r" * 32).identity
NOW = 1_795_000_000
PICTURE = b"\x89PNG and more"


def line_of(**changes: Any) -> bytes:
    """A signed introduction, with some fields changed before it was signed."""
    line = json.loads(intro.make_introduction(BOB, RITA, "n0nce", "penguin", ["local:bob"], NOW))
    del line["sig"]
    line = {key: value for key, value in (line | changes).items() if value is not None}
    return encode(line | {"sig": BOB.sign(intro.INTRO_DOMAIN + encode(line)).hex()})


def test_the_published_introduction_holds() -> None:
    raw = json.loads(VECTORS.read_text())["intro"]["line"].encode()
    said = intro.open_introduction(raw)
    assert (said.answer, said.endpoints) == ("penguin", ())


def test_an_introduction_comes_back_as_it_was_made() -> None:
    said = intro.open_introduction(line_of())
    assert said == intro.Introduction(BOB.identity, RITA, "n0nce", NOW, "penguin", ("local:bob",))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": "trust"}, BadEncoding),
        ({"to": "00"}, BadEncoding),
        ({"answer": "two\nlines"}, BadEncoding),
        ({"answer": "x" * (intro.ANSWER_OCTETS + 1)}, TooLarge),
        ({"nonce": None}, BadEncoding),
        ({"nonce": "x" * (intro.NONCE_OCTETS + 1)}, TooLarge),
        ({"time": -1}, BadEncoding),
        ({"endpoints": ["http://example.org"]}, Invalid),
        ({"endpoints": [f"local:n{number}" for number in range(9)]}, TooLarge),
        ({"id": RITA.hex()}, BadSignature),
        ({"pad": "x" * intro.INTRO_OCTETS}, TooLarge),
    ],
)
def test_what_is_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        intro.open_introduction(line_of(**changes))


def test_one_octet_changed_after_signing_is_refused() -> None:
    with pytest.raises(BadSignature):
        intro.open_introduction(line_of().replace(b"penguin", b"pengu1n"))


def test_terms_challenges_and_outcomes_come_back() -> None:
    terms = Terms(RITA, (("invite", "a code"), ("captcha", "a picture")))
    assert intro.open_terms(intro.make_terms(terms)) == terms
    challenge = Challenge(RITA, "captcha", "n0nce", "What does it say?", NOW, PICTURE)
    assert intro.open_challenge(intro.make_challenge(challenge)) == challenge
    assert intro.open_outcome(intro.make_challenge(challenge)) == challenge
    for admitted in (Admitted(RITA, 10, NOW), Admitted(RITA, 5000, None)):
        assert intro.open_outcome(intro.make_admitted(admitted)) == admitted


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "registrar", "to": RITA.hex(), "ways": [{"way": "x" * 21, "ask": ""}]},
        {"kind": "registrar", "to": RITA.hex(), "ways": ["invite"]},
        {"kind": "registrar", "to": RITA.hex(), "ways": [{"way": "invite", "ask": ""}] * 17},
        {"kind": "registrar", "ways": []},
        {"kind": "head"},
    ],
)
def test_terms_that_are_refused(line: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        intro.open_terms(encode(line))


@pytest.mark.parametrize("picture", [1, "not base64!", "x" * (2 * intro.PICTURE_OCTETS + 1), "AAAA" * 22_000])
def test_pictures_that_are_refused(picture: object) -> None:
    line = json.loads(intro.make_challenge(Challenge(RITA, "captcha", "n", "?", NOW)))
    with pytest.raises(Invalid):
        intro.open_challenge(encode(line | {"picture": picture}))


@pytest.mark.parametrize("mt", [-1, 10_001, "10"])
def test_ratings_that_no_registrar_gives(mt: object) -> None:
    with pytest.raises(Invalid):
        intro.open_outcome(encode({"kind": "admitted", "to": RITA.hex(), "mt": mt}))


def test_another_registrar_than_the_one_asked() -> None:
    intro.check_registrar(RITA, RITA)
    with pytest.raises(BadSignature):
        intro.check_registrar(Identity(BOB.identity), RITA)


OPENERS = (intro.open_terms, intro.open_challenge, intro.open_introduction, intro.open_outcome)
VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text(max_size=5), lambda it: st.lists(it, max_size=3), max_leaves=5
)
FIELDS = ("to", "id", "nonce", "answer", "ask", "way", "ways", "until", "mt", "picture", "proof", "endpoints", "sig")


@given(st.sampled_from(OPENERS), st.binary(max_size=200))
def test_any_octets_are_read_or_invalid(open_it: Callable[[bytes], object], raw: bytes) -> None:
    with contextlib.suppress(Invalid):
        open_it(raw)


@given(
    st.sampled_from(OPENERS),
    st.sampled_from(("registrar", "challenge", "intro", "admitted")),
    st.dictionaries(st.sampled_from(FIELDS), VALUES),
)
def test_any_fields_are_read_or_invalid(
    open_it: Callable[[bytes], object], kind: str, fields: dict[str, object]
) -> None:
    with contextlib.suppress(Invalid):
        open_it(encode({"kind": kind, "to": RITA.hex()} | fields))
